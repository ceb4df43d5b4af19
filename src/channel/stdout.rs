//! Standard output, for trying things out.

use super::{Kind, Transport};

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "stdout",
    documentation: "Prints every event to the standard output, one JSON object a line.",
    parameters: &[],
    transport: Transport::Stdout,
};
