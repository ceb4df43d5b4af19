//! Standard output, for trying things out.

use super::{Audience, ChannelKind, Transport};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "stdout",
    documentation: "Prints every event to the standard output, one JSON object a line.",
    parameters: &[],
    audience: Audience::Programs,
    transport: Transport::Stdout,
};
