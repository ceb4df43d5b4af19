//! Files that rules cannot read, whatever path leads to them.
//!
//! A file is known by its device and inode, so that neither a link, nor a hard link, nor a mount gives it another name.

use super::disk::{self, FileIdentity, FileStamp};
use super::watched::WatchedFolders;
use rustix::fs::{AtFlags, FileType, Stat};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// How many files of a folder are known by their inodes. Others are known by their paths alone.
const MAX_IDENTITIES: usize = 10_000;

/// Files that rules cannot read: those of a gateway's state directory, and others of its own.
#[derive(Debug, Clone, Default)]
pub struct DeniedFiles {
    folder: Option<PathBuf>,
    /// Roots of the rules below that folder. They are read.
    roots: Vec<PathBuf>,
    identities: HashSet<FileIdentity>,
}

impl DeniedFiles {
    /// These files, and all files below a folder except those of rules that lie in it.
    #[must_use]
    pub fn of(folder: Option<&Path>, files: &[PathBuf], roots: &[PathBuf]) -> Self {
        let real = |path: &Path| disk::resolve(path, &mut WatchedFolders::default()).ok();
        let mut denied = Self::default();
        let stats = files.iter().filter_map(|file| disk::stat_real(&real(file)?).ok());
        denied.identities.extend(stats.map(|stat| FileStamp::of(&stat).identity()));
        let Some(folder) = folder.and_then(real) else { return denied };
        let below = |root: &PathBuf| *root != folder && root.starts_with(&folder);
        denied.roots = roots.iter().filter_map(|root| real(root)).filter(below).collect();
        denied.add_folder(folder.clone());
        denied.folder = Some(folder);
        denied
    }

    fn add_folder(&mut self, folder: PathBuf) {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let Ok(opened) = disk::open_real(&folder) else { continue };
            let Ok(stat) = rustix::fs::fstat(&opened) else { continue };
            self.identities.insert(FileStamp::of(&stat).identity());
            let Ok(entries) = rustix::fs::Dir::read_from(&opened) else { continue };
            for entry in entries.flatten() {
                let name = OsStr::from_bytes(entry.file_name().to_bytes());
                let path = folder.join(name);
                if name == "." || name == ".." || self.roots.contains(&path) {
                    continue;
                }
                let Ok(stat) = rustix::fs::statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
                if disk::kind(&stat) == FileType::Directory {
                    folders.push(path);
                } else if self.identities.len() < MAX_IDENTITIES {
                    self.identities.insert(FileStamp::of(&stat).identity());
                }
            }
            if self.identities.len() >= MAX_IDENTITIES {
                return;
            }
        }
    }

    /// Whether rules cannot read the file at a resolved path.
    #[must_use]
    pub fn denies(&self, real: &Path, stat: &Stat) -> bool {
        let is_below = self.folder.as_ref().is_some_and(|folder| real.starts_with(folder));
        let is_of_rules = || self.roots.iter().any(|root| real.starts_with(root));
        (is_below && !is_of_rules()) || self.denies_inode(stat)
    }

    /// As [`DeniedFiles::denies`], for an open file or folder.
    pub(super) fn denies_inode(&self, stat: &Stat) -> bool {
        self.identities.contains(&FileStamp::of(stat).identity())
    }
}
