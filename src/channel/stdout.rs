//! Standard output, for trying things out.

use super::{ChannelKind, Transport};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "stdout",
    documentation: "Prints every event to the standard output, one JSON object a line.",
    parameters: &[],
    transport: Transport::Stdout,
};
