//! A file of events, one JSON object a line.

use super::parameter::{ParameterKind, ParameterSpec, TypedParameter, ValueRange};
use super::settings::Settings;
use super::{Audience, ChannelKind, Transport, validation};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "file",
    documentation: "Appends every event to a file, one JSON object a line.",
    parameters: &[PATH.spec, ROTATE_AT.spec],
    audience: Audience::Programs,
    transport: Transport::File,
};

const PATH: TypedParameter<&str> = ParameterSpec::required(
    "path",
    ParameterKind::Text,
    "The file, relative to the gateway's state directory, and never outside of it. It is created if it does not exist.",
)
.with_check(validation::check_state_path)
.typed("");

const ROTATE_AT: TypedParameter<u64> = ParameterSpec::optional(
    "rotate_at",
    ParameterKind::Integer(ValueRange::new(1, 65_536)),
    "The size in MiB at which the file is renamed and a new one begins.",
)
.or_number(1_024);

/// The settings of a channel that writes to a file.
#[derive(Debug, Clone)]
pub struct FileSettings {
    /// The file, relative to the state directory.
    pub path: String,
    /// The size in bytes at which a new file begins.
    pub rotate_at: u64,
}

impl FileSettings {
    /// Reads the settings of a channel.
    #[must_use]
    pub fn read(settings: &Settings) -> Self {
        Self { path: PATH.read(settings).to_owned(), rotate_at: ROTATE_AT.read(settings) << 20 }
    }
}
