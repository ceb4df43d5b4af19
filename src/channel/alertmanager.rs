//! Another Alertmanager, by its v2 API: silences, inhibition and receivers there go on working.

use super::{Kind, Parameter, Takes, Transport, delivery};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "alertmanager",
    documentation: "A push to the v2 API of an Alertmanager. Title, description and link become annotations, the severity the label `severity`; a recovery is an alert that has ended.",
    parameters: &[
        Parameter {
            name: "url",
            takes: Takes::SecretOrText,
            required: true,
            documentation: "The Alertmanager's address without `/api/v2/alerts`, as `\"http://alertmanager:9093\"`.",
        },
        Parameter {
            name: "headers",
            takes: Takes::Headers,
            required: false,
            documentation: "Headers of the request, each a string or a secret, at most 32: `Authorization` where the Alertmanager asks for it.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::RATE,
    ],
    transport: Transport::Discard,
};
