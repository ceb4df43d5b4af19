//! A file of events, one JSON object a line.

use super::{ChannelKind, ParameterKind, ParameterSpec, Transport};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "file",
    documentation: "Appends every event to a file, one JSON object a line.",
    parameters: &[
        ParameterSpec {
            name: "path",
            takes: ParameterKind::Text,
            required: true,
            documentation: "The file, relative to the gateway's state directory, and never outside of it; it is made where it does not exist.",
        },
        ParameterSpec {
            name: "rotate_at",
            takes: ParameterKind::Integer(1, 65_536),
            required: false,
            documentation: "The size in MiB at which a new file is begun and the old one is renamed, from 1 to 65,536; 1,024 by default.",
        },
    ],
    transport: Transport::File,
};
