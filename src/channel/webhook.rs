//! Any HTTP receiver: the event itself or a body of one's own.

use super::{Kind, Parameter, Takes, Transport, delivery};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "webhook",
    documentation: "An HTTP request to a receiver of your own. Redirects are failures and never followed.",
    parameters: &[
        Parameter {
            name: "url",
            takes: Takes::SecretOrText,
            required: true,
            documentation: "Where to send, `http://` or `https://`; a secret where the URL carries a key.",
        },
        Parameter {
            name: "method",
            takes: Takes::OneOf(&["POST", "PUT", "PATCH"]),
            required: false,
            documentation: "The request's method; `\"POST\"` by default.",
        },
        Parameter {
            name: "headers",
            takes: Takes::Headers,
            required: false,
            documentation: "Headers of the request, each a string or a secret, at most 32; `Host`, `Content-Length` and what concerns the connection cannot be set.",
        },
        Parameter {
            name: "body",
            takes: Takes::Body,
            required: false,
            documentation: "The JSON body; strings interpolate, bare names are expressions over the event, and a missing value takes its key out. Without it the body is the event itself, in the form in which `run` prints it. At most 1 MiB.",
        },
        Parameter {
            name: "hmac",
            takes: Takes::Secret,
            required: false,
            documentation: "Signs every request as Standard Webhooks does: headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (HMAC-SHA256).",
        },
        Parameter {
            name: "success_status",
            takes: Takes::Integers(200, 599),
            required: false,
            documentation: "The HTTP statuses that mean success; 200 to 299 by default.",
        },
        Parameter {
            name: "success_path",
            takes: Takes::Text,
            required: false,
            documentation: "A singular path into the JSON answer, such as `\"$.code\"`, for receivers that report errors with status 200; without it the status alone counts.",
        },
        Parameter {
            name: "success_value",
            takes: Takes::Text,
            required: false,
            documentation: "What stands at `success_path` where the request succeeded, as its JSON text without quotes; `\"0\"` by default.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::RATE,
    ],
    transport: Transport::Discard,
};
