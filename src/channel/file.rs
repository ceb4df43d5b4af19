//! A file of events, one JSON object a line.

use super::parameter::{DefaultedParameter, ParameterKind, ParameterSpec, ValueRange};
use super::settings::Settings;
use super::{ChannelKind, Transport, validation};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "file",
    documentation: "Appends every event to a file, one JSON object a line.",
    parameters: &[
        ParameterSpec::required(
            "path",
            ParameterKind::Text,
            "The file, relative to the gateway's state directory, and never outside of it. It is created if it does not exist.",
        )
        .with_check(validation::check_state_path),
        ROTATE_AT.spec,
    ],
    transport: Transport::File,
};

const ROTATE_AT: DefaultedParameter<u64> = DefaultedParameter::number(
    "rotate_at",
    ValueRange::new(1, 65_536),
    1_024,
    "The size in MiB at which the file is renamed and a new one begins.",
);

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
        let path = settings.text("path").unwrap_or_default().to_owned();
        Self { path, rotate_at: ROTATE_AT.read(settings) << 20 }
    }
}
