//! The files of a rule set as they were at one moment.

use crate::source::Sources;
use std::fmt;
use std::path::Path;

/// SHA-256 of a rule set's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The files of a rule set as they were at one moment: rules, tables, and fingerprints of secret files.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    sources: Sources,
}

impl Snapshot {
    /// The rule files.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// A file that a rule names; what was not part of the snapshot yet becomes so, and is read twice like the rest.
    ///
    /// # Errors
    /// The reason in words.
    pub fn read(&self, _path: &Path) -> Result<String, String> {
        Err(String::new())
    }

    /// As [`Snapshot::read`] for a file that holds a secret: its text is never kept, archived or shown, only counted in
    /// the hash.
    ///
    /// # Errors
    /// The reason in words.
    pub fn read_secret(&self, _path: &Path) -> Result<String, String> {
        Err(String::new())
    }

    /// The rules and tables, compressed, without any secret: what the journal keeps and a start with the last good set
    /// reads.
    #[must_use]
    pub fn archive(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Reads what [`Snapshot::archive`] wrote.
    ///
    /// # Errors
    /// The reason in words.
    pub fn from_archive(_bytes: &[u8]) -> Result<Self, String> {
        Err(String::new())
    }
}
