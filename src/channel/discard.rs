//! A channel that counts events and sends them nowhere.

use super::{Audience, ChannelKind, Transport};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "discard",
    documentation: "Counts every event and sends it nowhere; for channels that do not exist yet, and for measurements.",
    parameters: &[],
    audience: Audience::Programs,
    transport: Transport::Discard,
};
