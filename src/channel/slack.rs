//! A Slack incoming webhook, or what speaks its protocol (Mattermost, Rocket.Chat).

use super::{Kind, Parameter, Takes, Transport, delivery};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "slack",
    documentation: "A message to a Slack incoming webhook, coloured by severity. Success is status 200; a text is cut at 3,000 characters.",
    parameters: &[
        Parameter {
            name: "url",
            takes: Takes::Secret,
            required: true,
            documentation: "The webhook URL; whoever knows it can post, so only a secret is taken.",
        },
        delivery::MESSAGE,
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate("The most messages a minute; 60 by default, which is Slack's limit for one webhook."),
    ],
    transport: Transport::Discard,
};
