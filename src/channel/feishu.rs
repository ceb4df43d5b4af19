//! A Feishu or Lark group robot. Errors come as a code in the body, the rate limit as code 99991400.

use super::{Kind, Parameter, Takes, Transport, delivery};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "feishu",
    documentation: "An interactive card of a Feishu or Lark group robot, coloured by severity. Success is status 200 and `code` 0; a request is cut at 20 KB.",
    parameters: &[
        Parameter {
            name: "url",
            takes: Takes::Secret,
            required: true,
            documentation: "The robot's webhook URL; it carries the robot's key, so only a secret is taken.",
        },
        Parameter {
            name: "secret",
            takes: Takes::Secret,
            required: false,
            documentation: "The robot's signing secret, where signature verification is on.",
        },
        delivery::MESSAGE,
        Parameter {
            name: "mention",
            takes: Takes::Text,
            required: false,
            documentation: "Whom a firing Critical event mentions: open ids (`ou_…`) with commas between them, or `\"all\"`; nobody by default.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate(
            "The most messages a minute; 90 by default, as Feishu allows 100 for each robot (and 5 a second, which are kept as well).",
        ),
    ],
    transport: Transport::Discard,
};
