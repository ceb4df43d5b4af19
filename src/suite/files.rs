//! The files that tests name, read and written in this one place.

#![expect(clippy::disallowed_methods, reason = "payloads and snapshots of tests are read and written here")]

use std::path::Path;

/// Where the files of tests are.
pub trait Files {
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

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| reason(&error))
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), String> {
        std::fs::write(path, bytes).map_err(|error| reason(&error))
    }
}

/// The system's words without its numbers.
fn reason(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        return "there is no such file".to_owned();
    }
    let words = error.to_string().to_lowercase();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}
