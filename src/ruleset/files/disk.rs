//! Opening files below descriptors: links are followed by hand, within the folders that rules may reach, and what is no
//! regular file is never read.
//!
//! A path is resolved link by link, so that whoever watches files learns every folder that holds a link of the chain; what
//! it leads to is then opened without following any link, so that nothing can be slipped in between. A link may lead
//! outside a root only to the folders beside it: that is where configuration maps and synchronised work trees keep their
//! versions.

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

/// How many links a path may lead over, as Linux has it.
const MAX_LINKS: usize = 40;

/// What tells one state of a file from another without reading it. Times are compared for equality only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileStamp {
    device: i128,
    inode: i128,
    size: i128,
    modified: (i128, i128),
    changed: (i128, i128),
    world_readable: bool,
}

impl FileStamp {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            device: i128::from(stat.st_dev),
            inode: i128::from(stat.st_ino),
            size: i128::from(stat.st_size),
            modified: (i128::from(stat.st_mtime), i128::from(stat.st_mtime_nsec)),
            changed: (i128::from(stat.st_ctime), i128::from(stat.st_ctime_nsec)),
            world_readable: stat.st_mode & 0o004 != 0,
        }
    }

    /// Whether everybody on the machine may read the file.
    #[must_use]
    pub fn is_world_readable(&self) -> bool {
        self.world_readable
    }

    /// Which file it is, whatever it is called.
    pub(super) fn identity(&self) -> (i128, i128) {
        (self.device, self.inode)
    }
}

/// The folders below which links may lead: every root, and the folder that holds it unless that is the whole disk.
#[derive(Debug, Clone, Default)]
pub struct AllowedFolders {
    folders: BTreeSet<PathBuf>,
}

impl AllowedFolders {
    /// That of roots which may be gone.
    #[must_use]
    pub fn of(roots: &[PathBuf]) -> Self {
        let mut reach = Self::default();
        for root in roots {
            let real = resolve(root, &mut BTreeSet::new()).or_else(|_| std::path::absolute(root));
            let Ok(real) = real else { continue };
            let is_folder = stat_real(&real).map_or(true, |stat| kind(&stat) == FileType::Directory);
            reach.add(root, &real, is_folder);
        }
        reach
    }

    /// Adds a root: where it was said to be, and where it really is.
    pub(super) fn add(&mut self, said: &Path, real: &Path, is_folder: bool) {
        let folder = if is_folder { Some(real) } else { real.parent() };
        let said = std::path::absolute(said).ok();
        let holder = said.as_deref().and_then(Path::parent);
        let holder = holder.and_then(|holder| resolve(holder, &mut BTreeSet::new()).ok());
        let beside = holder.as_deref().into_iter().chain(folder.and_then(Path::parent));
        let beside = beside.filter(|folder| folder.parent().is_some());
        self.folders.extend(beside.chain(folder).map(Path::to_owned));
    }

    /// Whether a link may lead there. The path must be resolved.
    #[must_use]
    pub fn allows(&self, real: &Path) -> bool {
        self.folders.iter().any(|folder| real.starts_with(folder))
    }

    /// The same with more folders, which must be resolved.
    #[must_use]
    pub fn with_folders(&self, more: impl Iterator<Item = PathBuf>) -> Self {
        Self { folders: self.folders.iter().cloned().chain(more).collect() }
    }
}

/// What Kubernetes puts into a container for the pod itself, its token: no rule leads there.
const POD_FOLDER: &str = "kubernetes.io";
/// Why a file is not read that lies outside of a reach.
pub const OUTSIDE_ALLOWED_FOLDERS: &str = "it leads away from the folders of the rules";

/// Follows every link of a path. `folders` gets the folders that hold a link of the chain, and the one that holds what it
/// leads to; where it leads nowhere, the last that exists.
///
/// # Errors
/// The system's, and `ELOOP` where links lead in a circle.
pub fn resolve(path: &Path, folders: &mut BTreeSet<PathBuf>) -> io::Result<PathBuf> {
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
                        folders.insert(real.clone());
                        links += 1;
                        if links > MAX_LINKS {
                            return Err(Errno::LOOP.into());
                        }
                        push(&mut left, Path::new(&OsString::from_vec(target.into_bytes())));
                    }
                    Err(Errno::INVAL) => real = next,
                    Err(reason) => {
                        folders.insert(real);
                        return Err(reason.into());
                    }
                }
            }
            Some(Component::CurDir | Component::Prefix(_)) | None => {}
        }
    }
    folders.extend(real.parent().map(Path::to_owned));
    Ok(real)
}

/// Puts the components of a path on the pile, the first of them on top.
fn push(left: &mut Vec<PathBuf>, path: &Path) {
    left.extend(path.components().rev().map(|component| PathBuf::from(component.as_os_str())));
}

/// Opens what lies at a resolved path. Nothing is waited for, whatever has come to lie there.
pub(super) fn open_real(path: &Path) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(CWD, path, flags(), Mode::empty(), resolve) {
            // Old kernels have no such call, and old sandboxes forbid it.
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return Ok(opened?),
        }
    }
    open_at(CWD, path)
}

/// Opens a name below a descriptor, unless it is a link.
pub(super) fn open_at(folder: impl AsFd, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(folder, name, flags(), Mode::empty())?)
}

fn flags() -> OFlags {
    OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NOFOLLOW
}

/// What lies at a resolved path, without opening it.
pub(super) fn stat_real(path: &Path) -> io::Result<Stat> {
    Ok(rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Of what kind a file is.
pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Whether it is a regular file or a folder: anything else is not opened.
pub(super) fn is_plain(stat: &Stat) -> bool {
    matches!(kind(stat), FileType::RegularFile | FileType::Directory)
}

/// Reads an open file up to a limit. Some files of the system say that they are empty, and do not end.
pub(super) fn read_open(file: OwnedFd, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::from(file).take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

/// What a path that a rule names leads to, read as one regular file.
///
/// Where a `reach` is given, neither the path nor its links may lead outside it. `folders` is as for [`resolve`].
///
/// # Errors
/// The reason in words.
pub fn read_named(
    path: &Path,
    limit: u64,
    reach: Option<&AllowedFolders>,
    folders: &mut BTreeSet<PathBuf>,
) -> Result<(FileStamp, Vec<u8>), String> {
    let words = |error: io::Error| error.to_string();
    let real = resolve(path, folders).map_err(words)?;
    let is_of_the_pod = |real: &Path| real.iter().any(|part| part == POD_FOLDER);
    if reach.is_some_and(|reach| !reach.allows(&real) || is_of_the_pod(&real)) {
        return Err(OUTSIDE_ALLOWED_FOLDERS.to_owned());
    }
    if kind(&stat_real(&real).map_err(words)?) != FileType::RegularFile {
        return Err("it is no regular file".to_owned());
    }
    let file = open_real(&real).map_err(words)?;
    let stat = rustix::fs::fstat(&file).map_err(|errno| words(errno.into()))?;
    if kind(&stat) != FileType::RegularFile {
        return Err("it is no regular file".to_owned());
    }
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    if size > limit {
        return Err(format!("it has {size} bytes; at most {} MiB are read", limit >> 20));
    }
    Ok((FileStamp::of(&stat), read_open(file, limit).map_err(words)?))
}
