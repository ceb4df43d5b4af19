//! Files that rules name: tables, secrets, files of tests. Only regular files within the allowed folders are read.

use super::denied::DeniedFiles;
use super::disk::{self, AllowedFolders, FileStamp};
use super::watched::WatchedFolders;
use rustix::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};

/// Kubernetes mounts the token of the pod below a folder of this name; rules may not read it.
const POD_FOLDER: &str = "kubernetes.io";

/// A file that a rule names, as it was read.
#[derive(Debug)]
pub struct FileContent {
    /// Its metadata.
    pub stamp: FileStamp,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a file that a rule names cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Nothing lies at the path.
    #[error("there is no such file")]
    Missing,
    /// It is a folder, a pipe or a device.
    #[error("it is not a regular file")]
    NotRegular,
    /// It is too large.
    #[error("it has {size} bytes; at most {} MiB are read", limit >> 20)]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The maximum size in bytes.
        limit: u64,
    },
    /// The path, or a link in it, leads outside the allowed folders.
    #[error("it leads outside the folders of the rules")]
    Outside {
        /// The folder that it leads to.
        folder: PathBuf,
    },
    /// It is a file that belongs to the gateway.
    #[error("it is a file of the gateway itself, which rules cannot read")]
    Denied,
    /// The operating system refuses to read it; the reason in its words.
    #[error("{0}")]
    System(String),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            return Self::Missing;
        }
        let words = error.to_string().to_lowercase();
        Self::System(words.split(" (os error").next().unwrap_or_default().to_owned())
    }
}

/// Reads the regular file at a path that a rule names.
///
/// If `reach` is given, neither the path nor its links may lead outside it, and nothing leads to a denied file. `folders` is
/// as for [`disk::resolve`].
///
/// # Errors
/// If the file cannot be read, or may not be.
pub fn read_named(
    path: &Path,
    limit: u64,
    reach: Option<&AllowedFolders>,
    denied: &DeniedFiles,
    folders: &mut WatchedFolders,
) -> Result<FileContent, FileError> {
    let real = disk::resolve(path, folders)?;
    let stat = disk::stat_real(&real);
    // Before the folders: no other folder would allow it.
    if stat.as_ref().is_ok_and(|stat| denied.denies(&real, stat)) {
        return Err(FileError::Denied);
    }
    let is_of_the_pod = |real: &Path| real.iter().any(|part| part == POD_FOLDER);
    if reach.is_some_and(|reach| !reach.allows(&real) || is_of_the_pod(&real)) {
        let folder = real.parent().unwrap_or(&real).to_owned();
        return Err(FileError::Outside { folder });
    }
    if disk::kind(&stat?) != FileType::RegularFile {
        return Err(FileError::NotRegular);
    }
    let file = disk::open_real(&real)?;
    let stat = rustix::fs::fstat(&file).map_err(io::Error::from)?;
    if denied.denies(&real, &stat) {
        return Err(FileError::Denied);
    }
    if disk::kind(&stat) != FileType::RegularFile {
        return Err(FileError::NotRegular);
    }
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    if size > limit {
        return Err(FileError::TooLarge { size, limit });
    }
    Ok(FileContent { stamp: FileStamp::of(&stat), bytes: disk::read_open(file, limit)? })
}
