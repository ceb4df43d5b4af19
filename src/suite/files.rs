//! The files of this machine, for tests. This is the only module of the test runner that touches files.

use super::test_files::TestFiles;
use crate::ruleset::files::named::{self, FileError};
use crate::ruleset::files::{DeniedFiles, WatchedFolders};
use std::path::Path;

/// The maximum size of a file that a test names: 64 MiB.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

impl TestFiles for DiskFiles {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let file =
            named::read_named(path, MAX_FILE_BYTES, None, &DeniedFiles::default(), &mut WatchedFolders::default());
        file.map(|file| file.bytes).map_err(|reason| reason.to_string())
    }

    #[expect(clippy::disallowed_methods, reason = "snapshots of tests are written here")]
    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), String> {
        std::fs::write(path, bytes).map_err(|error| FileError::from(error).to_string())
    }
}
