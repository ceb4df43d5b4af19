//! A folder of a test.

use super::Run;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder that is removed when it is dropped.
pub(crate) struct Folder {
    /// Without links, as the program reports paths.
    path: PathBuf,
    _guard: TempDir,
}

impl Folder {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let guard = tempfile::Builder::new().prefix("pointsman-").tempdir().unwrap();
        Self { path: guard.path().canonicalize().unwrap(), _guard: guard }
    }

    /// The same folder with a file in it.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(name, content);
        self
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a name in it.
    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, and makes the folders that lead to it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A run of the program in this folder.
    pub(crate) fn pointsman(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.pointsman_in("", arguments)
    }

    /// A run of the program in a folder below this one.
    pub(crate) fn pointsman_in(&self, below: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        Run::new(&self.join(below)).args(arguments)
    }
}
