//! The state directory: its lock, its file system, its free space, and the ballast.
//!
//! The ballast is a file that holds space for the moment when the disk is full. It is removed then, so that results of
//! deliveries can still be stored, and made again when there is room.

#![expect(clippy::disallowed_methods, reason = "the journal lives in files")]

use super::{DirectoryOwner, DiskShortage, JournalConfig, JournalError};
use crate::channel::StateFile;
use crate::reload::remote_file_system;
use rustix::fs::{FallocateFlags, FlockOperation, Gid, OFlags, Uid};
use std::fs::{DirBuilder, File, Metadata};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How large the ballast is, in bytes; at most a sixteenth of the file system.
const BALLAST: u64 = 16 << 20;

/// How much has to be free by default, and which part of the file system.
const LEAST_FREE: u64 = 1 << 30;
const LEAST_FREE_PART: u64 = 20;

/// How much more is left free than has to be, in bytes: what comes in before the next look at the disk. At most a quarter of
/// what has to be free.
const SPARE: u64 = 256 << 20;

/// How much of the disk itself has to be free for the log, in bytes, however much room the store's files have. At most a
/// quarter of what has to be free.
const LEAST_FOR_LOG: u64 = 64 << 20;

/// How often a disk that changes meanwhile is looked at.
const MAX_LOOKS: usize = 8;

/// A state directory that this process holds.
pub(super) struct StateDirectory {
    path: PathBuf,
    least_free: Option<u64>,
    lock: File,
    /// The files that must not be replaced.
    watched: Vec<WatchedFile>,
    /// The files of the store.
    files: &'static [&'static str],
}

/// A file as it was found or made.
struct WatchedFile {
    name: &'static str,
    device: u64,
    inode: u64,
}

/// The use of a disk, in bytes.
#[derive(Debug, Clone, Copy)]
struct DiskUse {
    /// What is free.
    free: u64,
    /// What the files of the store have.
    stored: u64,
    /// What the store can use again in its files.
    reusable: u64,
}

/// The room of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DiskRoom {
    /// How many bytes the files of the store may have.
    pub(super) most_stored: u64,
    /// What is missing where there is too little room for pushes.
    pub(super) shortage: Option<DiskShortage>,
}

impl DiskUse {
    /// Looks at what is free and what the files of the store have. The store writes meanwhile: where the files grow between
    /// two looks, their new bytes would count twice, so the store would be allowed more than the disk has. So the files
    /// must be as large before as after; where they never are, the smaller size counts.
    fn look(reusable: u64, stored: impl Fn() -> u64, free: impl Fn() -> u64) -> Self {
        let mut before = stored();
        let mut found = Self { free: free(), stored: stored(), reusable };
        for _ in 1..MAX_LOOKS {
            if found.stored == before {
                return found;
            }
            before = found.stored;
            found = Self { free: free(), stored: stored(), reusable };
        }
        Self { stored: found.stored.min(before), ..found }
    }
}

impl DiskRoom {
    const UNLIMITED: Self = Self { most_stored: u64::MAX, shortage: None };

    /// Where not even an empty store left enough free, the store is not limited: others fill the disk.
    fn of(disk: DiskUse, least_free: u64) -> Self {
        let quarter = least_free / 4;
        let reserved = least_free.saturating_add(quarter.min(SPARE));
        let room = DiskShortage { free: disk.free.saturating_add(disk.reusable), least: least_free };
        let room_for_log = DiskShortage { free: disk.free, least: quarter.min(LEAST_FOR_LOG) };
        let shortage = [room, room_for_log].into_iter().find(|room| room.free < room.least);
        let most_stored = disk.free.saturating_add(disk.stored).checked_sub(reserved);
        Self { most_stored: most_stored.filter(|most| *most > 0).unwrap_or(u64::MAX), shortage }
    }
}

impl StateDirectory {
    /// Makes the directory where there is none, and locks it.
    pub(super) fn acquire(options: &JournalConfig) -> Result<Self, JournalError> {
        let path = options.directory.as_path();
        let failed = |error: std::io::Error| JournalError::Failed(format!("`{}`: {error}", path.display()));
        // Others may not read the bodies of alerts.
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        refuse_remote(path)?;
        refuse_shared(path, options.owner)?;
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(no_links())
            .open(StateFile::Lock.path(path))
            .map_err(failed)?;
        give_to_owner(path, &lock).map_err(failed)?;
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
        let watched = vec![watched_file(path, StateFile::Lock.name()).map_err(failed)?];
        let directory = Self { path: path.to_owned(), least_free: options.least_free, lock, watched, files: &[] };
        if !directory.make_ballast() {
            tracing::warn!("the ballast could not be made: the disk is nearly full");
        }
        Ok(directory)
    }

    /// Takes the files of the store into account. The first must stay the same as long as it is open.
    pub(super) fn watch(&mut self, files: &'static [&'static str]) -> Result<(), JournalError> {
        self.files = files;
        for name in files.iter().take(1) {
            let failed = |error: std::io::Error| JournalError::Failed(format!("`{}`: {error}", self.path.display()));
            self.watched.push(watched_file(&self.path, name).map_err(failed)?);
        }
        Ok(())
    }

    /// Whether a watched file was removed or replaced: what is written cannot be found any more.
    pub(super) fn is_lost(&self) -> bool {
        self.watched.iter().any(|file| match watched_file(&self.path, file.name) {
            Ok(found) => (found.device, found.inode) != (file.device, file.inode),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        })
    }

    /// The room that the disk has for a store whose files hold so many bytes that it can use again.
    pub(super) fn room(&self, reusable: u64) -> DiskRoom {
        let Ok(space) = rustix::fs::statvfs(&self.path) else { return DiskRoom::UNLIMITED };
        let whole = space.f_blocks.saturating_mul(space.f_frsize);
        let least = self.least_free.unwrap_or_else(|| LEAST_FREE.max(whole / LEAST_FREE_PART));
        let free = || {
            let blocks = rustix::fs::statvfs(&self.path).map_or(space.f_bavail, |now| now.f_bavail);
            blocks.saturating_mul(space.f_frsize)
        };
        DiskRoom::of(DiskUse::look(reusable, || self.bytes(), free), least)
    }

    /// Makes the ballast, where it is not there; whether it is there then.
    pub(super) fn make_ballast(&self) -> bool {
        let size = rustix::fs::statvfs(&self.path)
            .map_or(BALLAST, |space| BALLAST.min(space.f_blocks.saturating_mul(space.f_frsize) / 16));
        let made = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(no_links())
            .open(self.ballast())
            .and_then(|file| {
                give_to_owner(&self.path, &file)?;
                Ok(rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, size.max(1))?)
            });
        match made {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => true,
            Err(_) => {
                self.drop_ballast();
                false
            }
        }
    }

    /// Removes the ballast.
    pub(super) fn drop_ballast(&self) {
        drop(std::fs::remove_file(self.ballast()));
    }

    /// Releases the lock.
    pub(super) fn release(&self) {
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }

    /// Bytes of the store's files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|name| std::fs::metadata(self.path.join(name)).ok()).map(|file| file.len()).sum()
    }

    fn ballast(&self) -> PathBuf {
        StateFile::Ballast.path(&self.path)
    }
}

fn watched_file(directory: &Path, name: &'static str) -> std::io::Result<WatchedFile> {
    let file = std::fs::metadata(directory.join(name))?;
    Ok(WatchedFile { name, device: file.dev(), inode: file.ino() })
}

/// Not to follow a link that appeared after the directory was looked at.
const fn no_links() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}

/// Gives a file that root made to the owner of the directory, who could not open it otherwise.
fn give_to_owner(path: &Path, file: &File) -> std::io::Result<()> {
    let directory = std::fs::metadata(path)?;
    if !rustix::process::geteuid().is_root() || file.metadata()?.uid() == directory.uid() {
        return Ok(());
    }
    Ok(rustix::fs::fchown(file, Some(Uid::from_raw(directory.uid())), Some(Gid::from_raw(directory.gid())))?)
}

/// Refuses a directory that others can write to, and links in it: whoever makes a link there chooses what this process
/// reads, writes and empties.
fn refuse_shared(path: &Path, owner: DirectoryOwner) -> Result<(), JournalError> {
    let failed = |error: std::io::Error| JournalError::Failed(format!("`{}`: {error}", path.display()));
    let found = std::fs::metadata(path).map_err(failed)?;
    if let Some(reason) = shared_reason(path, &found, owner) {
        let path = path.display();
        return Err(JournalError::Failed(format!("`{path}` {reason}")));
    }
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A gateway that is stopping may remove a file of its own.
        let Ok(found) = entry.metadata() else { continue };
        let is_own = StateFile::ALL.iter().any(|file| entry.file_name() == file.name());
        if found.is_symlink() || (is_own && found.nlink() > 1) {
            return Err(JournalError::Failed(format!(
                "`{}` is a link, and a state directory holds none: put a file in its place, or remove it",
                entry.path().display()
            )));
        }
    }
    Ok(())
}

/// Why others can write to a directory, and how to fix it. The groups of this process are not others: an orchestrator may
/// give it a volume by its group.
fn shared_reason(path: &Path, found: &Metadata, allowed: DirectoryOwner) -> Option<String> {
    let (user, owner, group) = (rustix::process::geteuid(), found.uid(), found.gid());
    let is_any_owner = allowed == DirectoryOwner::AnybodyForRoot && user.is_root();
    if owner != user.as_raw() && owner != 0 && !is_any_owner {
        return Some(format!("belongs to user {owner}, who can change it: run `chown {user}` on it"));
    }
    let is_own = is_any_owner
        || group == rustix::process::getegid().as_raw()
        || rustix::process::getgroups().is_ok_and(|groups| groups.iter().any(|own| own.as_raw() == group));
    let others = if is_own { 0o002 } else { 0o022 };
    (found.mode() & others != 0).then(|| {
        let new = path.join("state");
        let new = new.display();
        format!(
            "can be written by others: run `chmod go-w` on it, or let the gateway make a folder in it: `--state {new}`"
        )
    })
}

fn refuse_remote(path: &Path) -> Result<(), JournalError> {
    let found =
        remote_file_system(path).map_err(|error| JournalError::Failed(format!("`{}`: {error}", path.display())))?;
    found.map_or(Ok(()), |name| {
        Err(JournalError::Failed(format!(
            "`{}` is on {name}: locks and fsync cannot be relied on there, name a directory on a local disk",
            path.display()
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::{DiskRoom, DiskShortage, DiskUse};
    use std::cell::Cell;

    const GIB: u64 = 1 << 30;

    fn room(free: u64, stored: u64, reusable: u64) -> DiskRoom {
        DiskRoom::of(DiskUse { free, stored, reusable }, GIB)
    }

    #[test]
    fn what_a_store_can_use_again_counts_as_room_but_not_for_the_log() {
        let shortage = |free, reusable| room(free, 9 * GIB, reusable).shortage;
        assert_eq!(shortage(GIB - 1, 0), Some(DiskShortage { free: GIB - 1, least: GIB }));
        assert_eq!(shortage(GIB / 2, GIB), None);
        let for_log = DiskShortage { free: GIB / 32, least: GIB / 16 };
        assert_eq!(shortage(GIB / 32, GIB), Some(for_log), "the log grows on the disk");
    }

    #[test]
    fn what_is_written_while_the_disk_is_looked_at_does_not_count_twice() {
        const DISK: u64 = 100;
        // The files have so many bytes when they are looked at, and when it is looked at what is free.
        let most = |sizes: &[u64]| {
            let at = Cell::new(0);
            let next = || {
                let size = sizes.get(at.get()).or(sizes.last()).copied().unwrap_or_default();
                at.set(at.get() + 1);
                size
            };
            let found = DiskUse::look(0, next, || DISK - next());
            found.free + found.stored
        };
        assert_eq!(most(&[20]), DISK);
        assert_eq!(most(&[20, 20, 35]), DISK, "it grew once");
        assert_eq!(most(&[40, 20]), DISK, "it was emptied once");
        let growing: Vec<u64> = (0..100).collect();
        assert!(most(&growing) <= DISK, "it grows all the time");
    }

    #[test]
    fn a_store_may_have_what_leaves_enough_free() {
        let most = |free, stored| room(free, stored, 0).most_stored;
        assert_eq!(most(15 * GIB, GIB), 16 * GIB - GIB - GIB / 4);
        assert_eq!(most(GIB, 15 * GIB), most(15 * GIB, GIB), "it does not depend on what the store has");
        assert_eq!(most(GIB / 2, GIB / 4), u64::MAX, "to remove events would not help");
    }
}
