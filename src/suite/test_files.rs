//! The files that tests name, behind a trait.

use std::path::Path;

/// Reads and writes the files that tests name.
pub trait TestFiles {
    /// The bytes of a file.
    ///
    /// # Errors
    /// The reason, in words.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;

    /// Writes a file.
    ///
    /// # Errors
    /// The reason, in words.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), String>;
}
