//! A DingTalk group robot. It answers 200 with an error code in the body, and blocks a robot that sends too fast.

use super::{Kind, Parameter, Takes, Transport, delivery};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "dingtalk",
    documentation: "A Markdown message of a DingTalk group robot. Success is status 200 and `errcode` 0; a message is cut at 20,000 bytes.",
    parameters: &[
        Parameter {
            name: "url",
            takes: Takes::Secret,
            required: true,
            documentation: "The robot's webhook URL; it carries the access token, so only a secret is taken.",
        },
        Parameter {
            name: "secret",
            takes: Takes::Secret,
            required: false,
            documentation: "The robot's signing secret (`SEC…`), where its security setting is a signature.",
        },
        delivery::MESSAGE,
        Parameter {
            name: "mention",
            takes: Takes::Text,
            required: false,
            documentation: "Whom a firing Critical event mentions: mobile numbers with commas between them, or `\"all\"`; nobody by default.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate(
            "The most messages a minute; 18 by default, as DingTalk allows 20 for each robot and then blocks it for ten minutes.",
        ),
    ],
    transport: Transport::Discard,
};
