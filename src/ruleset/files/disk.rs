//! Opening files relative to descriptors. Links are followed by hand, within the allowed folders, and only regular files
//! are read.
//!
//! A path is resolved link by link, so that a watcher learns every folder that holds a link of the chain. The result is
//! then opened without following links, so that a link that appears in between has no effect. A link may leave a root
//! only for the folders beside the root: configuration maps and synchronised work trees keep their versions there.

use super::watched::WatchedFolders;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

/// How many links a path may contain, as on Linux.
const MAX_LINKS: usize = 40;

/// Metadata that differs between two states of a file. Times are compared for equality only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileStamp {
    identity: FileIdentity,
    size: i128,
    modified: FileTime,
    changed: FileTime,
    world_readable: bool,
}

/// A file, whatever its name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    device: i128,
    inode: i128,
}

/// A time that the file system keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FileTime {
    seconds: i128,
    nanoseconds: i128,
}

impl FileStamp {
    pub(super) fn of(stat: &Stat) -> Self {
        let time = |seconds, nanoseconds| FileTime { seconds, nanoseconds };
        Self {
            identity: FileIdentity { device: i128::from(stat.st_dev), inode: i128::from(stat.st_ino) },
            size: i128::from(stat.st_size),
            modified: time(i128::from(stat.st_mtime), i128::from(stat.st_mtime_nsec)),
            changed: time(i128::from(stat.st_ctime), i128::from(stat.st_ctime_nsec)),
            world_readable: stat.st_mode & 0o004 != 0,
        }
    }

    /// Whether every user of the machine may read the file.
    #[must_use]
    pub fn is_world_readable(&self) -> bool {
        self.world_readable
    }

    pub(super) fn identity(&self) -> FileIdentity {
        self.identity
    }
}

/// Whether a root is a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootKind {
    File,
    Folder,
}

impl RootKind {
    pub(super) fn of(stat: &Stat) -> Self {
        if kind(stat) == FileType::Directory { Self::Folder } else { Self::File }
    }
}

/// The folders into which links may lead: every root, and the folder that holds it unless that is `/`.
#[derive(Debug, Clone, Default)]
pub struct AllowedFolders {
    folders: BTreeSet<PathBuf>,
}

impl AllowedFolders {
    /// Those of roots that may no longer exist.
    #[must_use]
    pub fn of(roots: &[PathBuf]) -> Self {
        let mut reach = Self::default();
        for root in roots {
            let real = resolve(root, &mut WatchedFolders::default()).or_else(|_| std::path::absolute(root));
            let Ok(real) = real else { continue };
            let kind = stat_real(&real).map_or(RootKind::Folder, |stat| RootKind::of(&stat));
            reach.add(root, &real, kind);
        }
        reach
    }

    /// Adds a root by the path that was given and the path that it resolves to.
    pub(super) fn add(&mut self, given: &Path, real: &Path, kind: RootKind) {
        let folder = match kind {
            RootKind::Folder => Some(real),
            RootKind::File => real.parent(),
        };
        let given = std::path::absolute(given).ok();
        let holder = given.as_deref().and_then(Path::parent);
        let holder = holder.and_then(|holder| resolve(holder, &mut WatchedFolders::default()).ok());
        let beside = holder.as_deref().into_iter().chain(folder.and_then(Path::parent));
        let beside = beside.filter(|folder| folder.parent().is_some());
        self.folders.extend(beside.chain(folder).map(Path::to_owned));
    }

    /// Those in which secrets of roots lie: the folders of the rules, and `secrets` beside each.
    #[must_use]
    pub fn of_secrets(roots: &[PathBuf]) -> Self {
        let real = |path: &Path| resolve(path, &mut WatchedFolders::default()).ok();
        let mut reach = Self::default();
        for root in roots {
            let given = std::path::absolute(root).ok();
            let Some(folder) = real(root).or_else(|| given.clone()) else { continue };
            let is_file = stat_real(&folder).is_ok_and(|stat| RootKind::of(&stat) == RootKind::File);
            let of_rules =
                |path: &Path| if is_file { path.parent().map(Path::to_owned) } else { Some(path.to_owned()) };
            let beside = [given.as_deref(), Some(folder.as_path())].into_iter().flatten().filter_map(of_rules);
            let secrets = beside.filter_map(|rules| real(&rules.parent()?.join("secrets")));
            reach.folders.extend(secrets.collect::<Vec<_>>());
            reach.folders.extend(of_rules(&folder));
        }
        reach
    }

    /// Whether a link may lead there. The path must be resolved.
    #[must_use]
    pub fn allows(&self, real: &Path) -> bool {
        self.folders.iter().any(|folder| real.starts_with(folder))
    }

    /// These folders and others, which must be resolved.
    #[must_use]
    pub fn with_folders(&self, more: impl Iterator<Item = PathBuf>) -> Self {
        Self { folders: self.folders.iter().cloned().chain(more).collect() }
    }
}

/// Follows every link of a path. `folders` receives every link of the chain by its folder and its name, and the result;
/// if the path leads nowhere, the first name that does not exist.
///
/// # Errors
/// Those of the system, and `ELOOP` if links form a circle.
pub fn resolve(path: &Path, folders: &mut WatchedFolders) -> io::Result<PathBuf> {
    let mut left: Vec<PathBuf> = Vec::new();
    push(&mut left, &std::path::absolute(path)?);
    let mut real = PathBuf::from("/");
    let mut links = 0;
    while let Some(step) = left.pop() {
        match step.components().next() {
            Some(Component::ParentDir) => {
                real.pop();
            }
            Some(Component::RootDir) => real = PathBuf::from("/"),
            Some(Component::Normal(name)) => {
                let next = real.join(name);
                match rustix::fs::readlinkat(CWD, &next, Vec::new()) {
                    Ok(target) => {
                        folders.add_name(&real, name);
                        links += 1;
                        if links > MAX_LINKS {
                            return Err(Errno::LOOP.into());
                        }
                        push(&mut left, Path::new(&OsString::from_vec(target.into_bytes())));
                    }
                    Err(Errno::INVAL) => real = next,
                    Err(reason) => {
                        folders.add_name(&real, name);
                        return Err(reason.into());
                    }
                }
            }
            Some(Component::CurDir | Component::Prefix(_)) | None => {}
        }
    }
    folders.add_path(&real);
    Ok(real)
}

/// Pushes the components of a path so that the first is popped first.
fn push(left: &mut Vec<PathBuf>, path: &Path) {
    left.extend(path.components().rev().map(|component| PathBuf::from(component.as_os_str())));
}

/// Opens the file at a resolved path, without waiting even if it is a pipe.
pub(super) fn open_real(path: &Path) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(CWD, path, flags(), Mode::empty(), resolve) {
            // Old kernels lack this call, and old sandboxes forbid it.
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return Ok(opened?),
        }
    }
    open_at(CWD, path)
}

/// Opens a name relative to a descriptor, unless it is a link.
pub(super) fn open_at(folder: impl AsFd, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(folder, name, flags(), Mode::empty())?)
}

fn flags() -> OFlags {
    OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NOFOLLOW
}

/// The metadata of the file at a resolved path.
pub(super) fn stat_real(path: &Path) -> io::Result<Stat> {
    Ok(rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// The type of a file.
pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Whether it is a regular file or a folder; other types are not opened.
pub(super) fn is_plain(stat: &Stat) -> bool {
    matches!(kind(stat), FileType::RegularFile | FileType::Directory)
}

/// Reads an open file up to a limit. Some system files report a size of 0 and never end.
pub(super) fn read_open(file: OwnedFd, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::from(file).take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}
