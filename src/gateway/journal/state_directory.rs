//! The state directory: its lock, its file system, its free space, and the ballast.
//!
//! The ballast is a file that holds space for the moment when the disk is full: it is given up, so that what was delivered
//! can still be noted, and made anew when there is room.

#![expect(clippy::disallowed_methods, reason = "the journal lives in files")]

use super::JournalError;
use super::sqlite::DATABASE_FILE;
use crate::channel::StateFile;
use crate::reload::remote_file_system;
use rustix::fs::{FallocateFlags, FlockOperation};
use std::fs::{DirBuilder, File};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How large the ballast is, in bytes; at most a sixteenth of the file system.
const BALLAST: u64 = 16 << 20;

/// How much has to be free by default, and which part of the file system.
const LEAST_FREE: u64 = 1 << 30;
const LEAST_FREE_PART: u64 = 20;

/// A state directory that this process holds.
pub(super) struct StateDirectory {
    path: PathBuf,
    least_free: Option<u64>,
    lock: File,
    /// The lock and the database as they were found or made: the device and the number of each.
    identities: FileIdentities,
}

/// What tells files apart.
type FileIdentities = [(u64, u64); 2];

impl StateDirectory {
    /// Makes the directory where there is none, and locks it.
    pub(super) fn acquire(path: &Path, least_free: Option<u64>) -> Result<Self, JournalError> {
        let failed = |error: std::io::Error| JournalError::Failed(format!("`{}`: {error}", path.display()));
        // Bodies of alerts are nobody else's to read.
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        refuse_remote(path)?;
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(StateFile::Lock.path(path))
            .map_err(failed)?;
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            drop((&mut lock).take(32).read_to_string(&mut holder));
            return Err(JournalError::Failed(format!(
                "`{}` is in use by process {}: stop that one, or name another state directory",
                path.display(),
                holder.trim()
            )));
        }
        lock.set_len(0).map_err(failed)?;
        lock.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(failed)?;
        make_private(&path.join(DATABASE_FILE)).map_err(failed)?;
        let own = identities(path).map_err(failed)?;
        let directory = Self { path: path.to_owned(), least_free, lock, identities: own };
        if !directory.make_ballast() {
            tracing::warn!("no ballast could be put by: the disk is nearly full");
        }
        Ok(directory)
    }

    /// Whether the lock or the database was removed or replaced: what is written goes where nobody will find it.
    pub(super) fn is_lost(&self) -> bool {
        match identities(&self.path) {
            Ok(found) => found != self.identities,
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
    }

    /// Whether there is too little room for pushes.
    pub(super) fn is_low_on_space(&self) -> bool {
        let Ok(space) = rustix::fs::statvfs(&self.path) else { return false };
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let whole = space.f_blocks.saturating_mul(space.f_frsize);
        free < self.least_free.unwrap_or_else(|| LEAST_FREE.max(whole / LEAST_FREE_PART))
    }

    /// Puts the ballast by, where it is not; whether it is there.
    pub(super) fn make_ballast(&self) -> bool {
        let size = rustix::fs::statvfs(&self.path)
            .map_or(BALLAST, |space| BALLAST.min(space.f_blocks.saturating_mul(space.f_frsize) / 16));
        let made = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.ballast())
            .and_then(|file| Ok(rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, size.max(1))?));
        match made {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => true,
            Err(_) => {
                self.drop_ballast();
                false
            }
        }
    }

    /// Gives the ballast up.
    pub(super) fn drop_ballast(&self) {
        drop(std::fs::remove_file(self.ballast()));
    }

    /// Lets another process have it.
    pub(super) fn release(&self) {
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }

    /// Bytes of the journal's files.
    pub(super) fn bytes(&self) -> u64 {
        ["journal.db", "journal.db-wal"]
            .iter()
            .filter_map(|name| std::fs::metadata(self.path.join(name)).ok())
            .map(|file| file.len())
            .sum()
    }

    fn ballast(&self) -> PathBuf {
        StateFile::Ballast.path(&self.path)
    }
}

fn identities(path: &Path) -> std::io::Result<FileIdentities> {
    let identity = |name| std::fs::metadata(path.join(name)).map(|file| (file.dev(), file.ino()));
    Ok([identity(StateFile::Lock.name())?, identity(DATABASE_FILE)?])
}

/// Makes the database, empty, where there is none: alerts are nobody else's business, and what stands beside a database has
/// its rights.
fn make_private(database: &Path) -> std::io::Result<()> {
    let file = File::options().append(true).create(true).mode(0o600).open(database)?;
    let mut rights = file.metadata()?.permissions();
    if rights.mode() & 0o007 != 0 {
        rights.set_mode(rights.mode() & !0o007);
        file.set_permissions(rights)?;
    }
    Ok(())
}

fn refuse_remote(path: &Path) -> Result<(), JournalError> {
    let found = remote_file_system(path)
        .map_err(|error| JournalError::Failed(format!("`{}`: {error}", path.display())))?;
    found.map_or(Ok(()), |name| {
        Err(JournalError::Failed(format!(
            "`{}` lies on {name}: locks and fsync cannot be relied on there, name a directory on a local disk",
            path.display()
        )))
    })
}
