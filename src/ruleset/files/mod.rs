//! Finding and reading rule files and the tables that they name.
//!
//! This is the only module of the engine that touches files; without it, [`RuleSet::from_sources`] still builds a rule
//! set. `check` and the gateway both read rule files here.
//!
//! Files that editors, version control and configuration maps leave beside the rules are ignored by name. Only regular
//! files are opened, so that a pipe or a device cannot hang a load. A root is resolved once, and everything in it is read
//! relative to its descriptor.

mod clock;
mod denied;
pub mod disk;
pub mod edited;
pub mod named;
pub mod set_root;
mod watched;

pub use clock::SystemClock;
pub use denied::DeniedFiles;
pub use watched::WatchedFolders;

pub use super::source_text::MAX_TOTAL_BYTES;
use super::source_text::{self, MAX_FILE_BYTES, MAX_FILES, OversizedFile};
use super::{LoadedRules, RuleSet, TestErrors};
use crate::diagnostic::{Diagnostic, FindingLimit, Findings};
use crate::source::Sources;
use crate::text::{backticked_list, plural};
use crate::time::Timestamp;
use disk::{AllowedFolders, FileIdentity, FileStamp, RootKind};
use named::FileError;
use rustix::fs::{AtFlags, FileType};
use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// A path that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleFileError {
    /// The operating system refuses to read it.
    #[error("cannot read `{}`: {reason}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The kind of the reason.
        kind: io::ErrorKind,
        /// The reason in the words of the operating system.
        reason: String,
    },
    /// The paths hold no rule file.
    #[error("no rule file below {}: rule files end in `.rules`", quoted_paths(paths))]
    NoRules {
        /// The paths that were searched.
        paths: Vec<PathBuf>,
    },
    /// More files than [`MAX_FILES`].
    #[error("too many rules: a rule set has at most {MAX_FILES} files")]
    TooManyFiles,
    /// More text than allowed.
    #[error(
        "too many rules: the rule files have more than {} in all; to allow more, start the gateway with a larger \
         `--most-rule-bytes`",
        shown_size(*max_bytes)
    )]
    TooLarge {
        /// The most bytes of all rule files together.
        max_bytes: u64,
    },
    /// A folder lies more than 32 levels deep: rules in it would be left out.
    #[error("the folder `{}` lies more than {MAX_DEPTH} folders deep: move it up, or out of the rules", path.display())]
    TooDeep {
        /// The folder.
        path: PathBuf,
    },
}

/// A size in the largest unit that fits.
fn shown_size(bytes: u64) -> String {
    match bytes {
        bytes if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        bytes if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        bytes => plural(bytes, "byte"),
    }
}

fn quoted_paths(paths: &[PathBuf]) -> String {
    backticked_list(paths.iter().map(|path| path.display()))
}

impl RuleSet {
    /// Reads every `*.rules` file below the paths and the tables that they name; checks and compiles. `at` is the date for
    /// warnings that depend on it.
    ///
    /// # Errors
    /// If a path cannot be read. Findings inside the files are in [`LoadedRules::diagnostics`].
    pub fn load(paths: &[PathBuf], at: Option<Timestamp>) -> Result<LoadedRules, RuleFileError> {
        Self::load_with(paths, at, FindingLimit::First)
    }

    /// As [`RuleSet::load`], with so many findings.
    ///
    /// # Errors
    /// As for [`RuleSet::load`].
    pub fn load_with(
        paths: &[PathBuf],
        at: Option<Timestamp>,
        limit: FindingLimit,
    ) -> Result<LoadedRules, RuleFileError> {
        Self::load_beside(paths, None, at, limit)
    }

    /// As [`RuleSet::load_with`], with one more text, which has this name.
    ///
    /// # Errors
    /// As for [`RuleSet::load`].
    pub fn load_beside(
        paths: &[PathBuf],
        beside: Option<(&str, &str)>,
        at: Option<Timestamp>,
        limit: FindingLimit,
    ) -> Result<LoadedRules, RuleFileError> {
        let limits = ScanLimits { max_bytes: MAX_TOTAL_BYTES, denied: &DeniedFiles::default() };
        let RuleFileScan { files, reach } = scan(paths, &limits, &mut WatchedFolders::default())?;
        if files.is_empty() {
            return Err(RuleFileError::NoRules { paths: paths.to_vec() });
        }
        let (mut sources, diagnostics) = sources(files);
        if let Some((name, text)) = beside {
            sources.add(name, text);
        }
        let read = |path: &Path| {
            let mut folders = WatchedFolders::default();
            let file = named::read_named(path, MAX_FILE_BYTES, Some(&reach), limits.denied, &mut folders);
            source_text::text(file.map_err(|error| error.to_string())?.bytes)
        };
        let mut findings = Findings::new(limit);
        findings.extend(diagnostics);
        Ok(Self::build(sources, &read, at, findings, TestErrors::Refuse))
    }
}

/// The result of one scan of the roots.
#[derive(Debug, Clone, Default)]
pub struct RuleFileScan {
    /// The files, in the order of their paths.
    pub files: Vec<ScannedFile>,
    /// The folders into which links may lead.
    pub reach: AllowedFolders,
}

/// A rule file as a scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedFile {
    /// Its path, below the path that was given.
    pub path: PathBuf,
    /// Its metadata.
    pub stamp: FileStamp,
    /// Its bytes.
    pub content: Result<Vec<u8>, OversizedFile>,
}

/// The texts of files, and the findings about files that are not texts.
#[must_use]
pub fn sources(files: Vec<ScannedFile>) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let add = |file: ScannedFile| source_text::add_rule_file(&mut sources, &file.path, file.content);
    let diagnostics = files.into_iter().filter_map(add).collect();
    (sources, diagnostics)
}

/// What a scan does not read.
#[derive(Debug, Clone, Copy)]
pub struct ScanLimits<'l> {
    /// The most bytes of all rule files together.
    pub max_bytes: u64,
    /// Files that rules cannot read. A folder of them is left out; a rule file among them is an error.
    pub denied: &'l DeniedFiles,
}

/// Reads every rule file below the paths once. A path that names a file is read whatever its name is.
///
/// `folders` receives every folder in which a change could change the result, even if the scan fails: the folders that
/// were searched, those that hold a root, and those that hold a link on the way.
///
/// # Errors
/// If something cannot be read, or exceeds a limit. A scan that finds no file succeeds.
pub fn scan(
    paths: &[PathBuf],
    limits: &ScanLimits<'_>,
    folders: &mut WatchedFolders,
) -> Result<RuleFileScan, RuleFileError> {
    let mut resolved = Vec::new();
    let mut reach = AllowedFolders::default();
    let mut first_failure = None;
    for path in paths {
        match root(path, folders) {
            Ok(root) => {
                reach.add(path, &root.real, root.kind);
                resolved.push((path, root));
            }
            // The other roots are watched even if this one fails.
            Err(reason) => first_failure = first_failure.or(Some(io_error(path, reason))),
        }
    }
    let mut search = FolderSearch {
        folders,
        reach: &reach,
        visited: HashSet::new(),
        found: BTreeMap::new(),
        limits,
        remaining_bytes: limits.max_bytes,
    };
    for (path, root) in resolved {
        match root.kind {
            RootKind::Folder => search.folder(&root.file, path, &root.real, 0)?,
            RootKind::File => search.add_file(root.file, path.clone())?,
        }
    }
    let files = search.found.into_values().collect();
    first_failure.map_or(Ok(RuleFileScan { files, reach }), Err)
}

/// A root that was resolved and opened.
struct OpenedRoot {
    file: OwnedFd,
    real: PathBuf,
    kind: RootKind,
}

fn root(path: &Path, folders: &mut WatchedFolders) -> io::Result<OpenedRoot> {
    let real = disk::resolve(path, folders)?;
    if !disk::is_plain(&disk::stat_real(&real)?) {
        return Err(not_a_regular_file());
    }
    let file = disk::open_real(&real)?;
    let kind = RootKind::of(&rustix::fs::fstat(&file)?);
    Ok(OpenedRoot { file, real, kind })
}

/// How deep folders are searched.
const MAX_DEPTH: usize = 32;

/// A search through folders.
struct FolderSearch<'s> {
    folders: &'s mut WatchedFolders,
    reach: &'s AllowedFolders,
    /// A folder is searched once, even if several links lead to it: links may form a circle, or multiply the paths
    /// beyond all bounds.
    visited: HashSet<FileIdentity>,
    found: BTreeMap<PathBuf, ScannedFile>,
    limits: &'s ScanLimits<'s>,
    remaining_bytes: u64,
}

impl FolderSearch<'_> {
    fn folder(&mut self, folder: &OwnedFd, shown: &Path, real: &Path, depth: usize) -> Result<(), RuleFileError> {
        let stat = rustix::fs::fstat(folder).map_err(|errno| io_error(shown, errno))?;
        let is_denied = self.limits.denied.denies_inode(&stat);
        if is_denied && depth == 0 {
            let reason = "it is the state directory: put the rules into a folder of their own";
            return Err(io_error(shown, io::Error::other(reason)));
        }
        if is_denied || !self.visited.insert(FileStamp::of(&stat).identity()) {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(RuleFileError::TooDeep { path: shown.to_owned() });
        }
        self.folders.add_whole(real.to_owned());
        for name in names(folder).map_err(|reason| io_error(shown, reason))? {
            let path = shown.join(&name);
            match self.entry(folder, &name, (&path, real), depth) {
                Ok(()) => {}
                // A file that is renamed disappears between the listing and the reading; the next scan finds it.
                Err(RuleFileError::Io { kind: io::ErrorKind::NotFound, .. }) if !is_link(folder, &name) => {}
                Err(unreadable) => return Err(unreadable),
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        folder: &OwnedFd,
        name: &OsStr,
        (path, real): (&Path, &Path),
        depth: usize,
    ) -> Result<(), RuleFileError> {
        let fail = |reason| io_error(path, reason);
        let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| fail(errno.into()))?;
        match disk::kind(&stat) {
            FileType::Directory => {
                let below = disk::open_at(folder, name).map_err(fail)?;
                self.folder(&below, path, &real.join(name), depth + 1)
            }
            FileType::RegularFile if is_rules(path) => {
                self.add_file(disk::open_at(folder, name).map_err(fail)?, path.to_owned())
            }
            FileType::Symlink => self.link(path, &real.join(name), depth),
            FileType::RegularFile
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => Ok(()),
        }
    }

    /// A link that leads nowhere, or outside the allowed folders, is an error only if its name is that of a rule file.
    fn link(&mut self, path: &Path, link: &Path, depth: usize) -> Result<(), RuleFileError> {
        let mut folders = WatchedFolders::default();
        let resolved = disk::resolve(link, &mut folders).and_then(|real| Ok((disk::stat_real(&real)?, real)));
        let (stat, real) = match resolved {
            Ok(resolved) => resolved,
            Err(_) if !is_rules(path) => return Ok(()),
            Err(reason) => {
                self.folders.append(folders);
                return Err(io_error(path, reason));
            }
        };
        let is_folder = disk::kind(&stat) == FileType::Directory;
        if !disk::is_plain(&stat) || (!is_folder && !is_rules(path)) {
            return Ok(());
        }
        if !self.reach.allows(&real) {
            let outside = "it is a link that leads outside the folders of the rules";
            return if is_folder { Ok(()) } else { Err(io_error(path, io::Error::other(outside))) };
        }
        self.folders.append(folders);
        let file = disk::open_real(&real).map_err(|reason| io_error(path, reason))?;
        if is_folder { self.folder(&file, path, &real, depth + 1) } else { self.add_file(file, path.to_owned()) }
    }

    fn add_file(&mut self, file: OwnedFd, path: PathBuf) -> Result<(), RuleFileError> {
        if self.found.contains_key(&path) {
            return Ok(());
        }
        let stat = rustix::fs::fstat(&file).map_err(|errno| io_error(&path, errno))?;
        if disk::kind(&stat) != FileType::RegularFile {
            return Err(io_error(&path, not_a_regular_file()));
        }
        if self.limits.denied.denies_inode(&stat) {
            return Err(io_error(&path, io::Error::other(FileError::Denied)));
        }
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        let content = if size > MAX_FILE_BYTES {
            Err(OversizedFile { size })
        } else {
            let bytes = disk::read_open(file, MAX_FILE_BYTES).map_err(|reason| io_error(&path, reason))?;
            self.remaining_bytes = self.remaining_bytes.checked_sub(bytes.len() as u64).ok_or(self.too_large())?;
            Ok(bytes)
        };
        self.found.insert(path.clone(), ScannedFile { path, stamp: FileStamp::of(&stat), content });
        if self.found.len() > MAX_FILES { Err(RuleFileError::TooManyFiles) } else { Ok(()) }
    }

    fn too_large(&self) -> RuleFileError {
        RuleFileError::TooLarge { max_bytes: self.limits.max_bytes }
    }
}

fn names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let entries = rustix::fs::Dir::read_from(folder)?;
    let names = entries.map(|entry| entry.map(|entry| OsStr::from_bytes(entry.file_name().to_bytes()).to_owned()));
    let mut names = names.collect::<Result<Vec<_>, _>>()?;
    names.retain(|name| !is_ignored_name(&name.to_string_lossy()));
    names.sort();
    Ok(names)
}

fn is_link(folder: &OwnedFd, name: &OsStr) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| disk::kind(&stat) == FileType::Symlink)
}

/// Whether a file with this name is left by an editor, version control or a configuration map: dot-files (`..data` and
/// `.a.rules.swp` among them), `a.rules~`, `#a.rules#`, `4913` of vim, `___jb_tmp___` and `___jb_old___` of `JetBrains`,
/// and `a.tmp`.
fn is_ignored_name(name: &str) -> bool {
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || name == "4913"
        || Path::new(name).extension().is_some_and(|extension| extension == "tmp")
        || name.ends_with("___jb_tmp___")
        || name.ends_with("___jb_old___")
}

fn is_rules(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rules")
}

fn not_a_regular_file() -> io::Error {
    io::Error::other("it is not a regular file")
}

fn io_error(path: &Path, reason: impl Into<io::Error>) -> RuleFileError {
    let reason = reason.into();
    RuleFileError::Io { path: path.to_owned(), kind: reason.kind(), reason: reason.to_string() }
}
