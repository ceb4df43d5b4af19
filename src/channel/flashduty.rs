//! Flashduty: the standard alert push (flashduty-docs, "Standard alert"), one event a request.

use super::{Kind, Parameter, Takes, Transport, delivery};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "flashduty",
    documentation: "An alert push to Flashduty. Title (512 characters), description (2,048) and labels (50, names of 128, values of 2,048) are cut to its limits with a note; a recovery is sent as `Ok`.",
    parameters: &[
        Parameter {
            name: "key",
            takes: Takes::Secret,
            required: true,
            documentation: "The integration key, the last part of the push URL that the integration's page shows.",
        },
        Parameter {
            name: "api_host",
            takes: Takes::Text,
            required: false,
            documentation: "Where Flashduty is, as `https://host` without a path; `\"https://api.flashcat.cloud\"` by default.",
        },
        Parameter {
            name: "title",
            takes: Takes::Template,
            required: false,
            documentation: "The alert's title; the event's title by default.",
        },
        Parameter {
            name: "description",
            takes: Takes::Template,
            required: false,
            documentation: "The alert's description; by default the event's description and its link.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate(
            "The most requests a minute; 1,000 by default, which is Flashduty's limit for one integration (besides 100 a second, which is kept as well).",
        ),
    ],
    transport: Transport::Discard,
};
