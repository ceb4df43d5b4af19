//! The files that tests name, read and written in this one place.

#![expect(clippy::disallowed_methods, reason = "payloads and snapshots of tests are read and written here")]

use std::io::Read as _;
use std::path::Path;

/// How large a file that a test names may be: 64 MiB.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Where the files of tests are.
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

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

impl TestFiles for DiskFiles {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let metadata = std::fs::metadata(path).map_err(|error| reason(&error))?;
        if !metadata.is_file() {
            return Err("it is no regular file".to_owned());
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| reason(&error))?;
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(format!("it has more than {} MiB", MAX_FILE_BYTES >> 20));
        }
        Ok(bytes)
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
