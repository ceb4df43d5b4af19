//! A WeCom group robot: no signature, 20 messages a minute, error codes in the body.

use super::{Kind, Parameter, Takes, Transport, delivery};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "wecom",
    documentation: "A Markdown message of a WeCom group robot. Success is status 200 and `errcode` 0; a message is cut at 4,096 bytes.",
    parameters: &[
        Parameter {
            name: "url",
            takes: Takes::Secret,
            required: true,
            documentation: "The robot's webhook URL; it carries the robot's key, so only a secret is taken.",
        },
        delivery::MESSAGE,
        Parameter {
            name: "mention",
            takes: Takes::Text,
            required: false,
            documentation: "Whom a firing Critical event mentions: user ids with commas between them; nobody by default.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate("The most messages a minute; 18 by default, as WeCom allows 20 for each robot."),
    ],
    transport: Transport::Discard,
};
