//! The files that a gateway keeps in its state directory, which `file` channels write into as well. All that make, read or
//! refuse them take their names from here.

use std::path::{Path, PathBuf};

/// A file of the gateway's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateFile {
    /// Locked while a gateway or command uses the directory.
    Lock,
    /// The journal's database; SQLite keeps files beside it.
    Journal,
    /// Holds disk space that is given up when the disk is full.
    Ballast,
    /// The last rule set that was served.
    LastGood,
    /// The token of the admin listener.
    AdminToken,
    /// The address of the admin listener.
    AdminAddress,
    /// The key of the fingerprints of secret files.
    FingerprintKey,
}

impl StateFile {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Lock,
        Self::Journal,
        Self::Ballast,
        Self::LastGood,
        Self::AdminToken,
        Self::AdminAddress,
        Self::FingerprintKey,
    ];

    /// The name in the state directory.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Journal => "journal.db",
            Self::Ballast => "ballast",
            Self::LastGood => "last-good",
            Self::AdminToken => "admin.token",
            Self::AdminAddress => "admin.json",
            Self::FingerprintKey => "fingerprint.key",
        }
    }

    /// The path in a state directory.
    #[must_use]
    pub fn path(self, state: &Path) -> PathBuf {
        state.join(self.name())
    }

    /// Whether a name in the state directory is this file, or one that stands beside it: a new version while it is written,
    /// a write-ahead log. Those have the name up to its dot, and other endings.
    fn reserves(self, name: &str) -> bool {
        match self {
            Self::Lock | Self::Ballast => name == self.name(),
            Self::LastGood => name.starts_with(self.name()),
            Self::Journal | Self::AdminToken | Self::AdminAddress | Self::FingerprintKey => {
                let stem = self.name().split('.').next().unwrap_or_default();
                name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
            }
        }
    }
}

/// Whether a path below the state directory leads to a file of the gateway's own.
pub(super) fn is_state_file(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "."));
    let first = parts.next().unwrap_or_default().to_ascii_lowercase();
    StateFile::ALL.iter().any(|file| file.reserves(&first))
}
