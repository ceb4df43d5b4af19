//! Nowhere: a channel that counts and forgets.

use super::{ChannelKind, Transport};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "discard",
    documentation: "Counts every event and forgets it; for channels that are to come, and for measurements.",
    parameters: &[],
    transport: Transport::Discard,
};
