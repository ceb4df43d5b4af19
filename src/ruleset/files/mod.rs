//! Finding and reading rule files and the tables that they name.
//!
//! Editors, version control and configuration maps leave files beside the rules that are none: those are passed over by
//! name. What is no regular file is never opened, so that a pipe or a device cannot hang a load. A root is resolved once,
//! and everything in it is read below its descriptor. Whoever only checks rules and whoever serves them read them here,
//! and so alike.

mod clock;
pub mod disk;

pub use clock::SystemClock;

use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};
use crate::text::backticked_list;
use disk::{AllowedFolders, FileStamp};
use rustix::fs::{AtFlags, FileType};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// How large a rule file or a table may be: 8 MiB.
pub const MAX_FILE_BYTES: u64 = 8 << 20;
/// How large all rule files may be together: 64 MiB.
pub const MAX_TOTAL_BYTES: u64 = 64 << 20;
/// How many rule files a set may have.
pub const MAX_FILES: usize = 10_000;

crate::codes! {
    NOT_UTF8 = "E0156", "file that is not UTF-8";
    TOO_LARGE = "E0157", "file that is too large";
}

/// A path that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RuleFileError {
    /// The operating system said no.
    #[error("cannot read `{}`: {reason}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Its reason.
        reason: io::Error,
    },
    /// There is nothing to read.
    #[error("no rule file below {}: rule files end in `.rules`", quoted_paths(paths))]
    NoRules {
        /// The paths that were looked through.
        paths: Vec<PathBuf>,
    },
    /// More files than [`MAX_FILES`], or more text than [`MAX_TOTAL_BYTES`].
    #[error("too many rules: a rule set holds at most {MAX_FILES} files and {} MiB", MAX_TOTAL_BYTES >> 20)]
    TooLarge,
}

fn quoted_paths(paths: &[PathBuf]) -> String {
    backticked_list(paths.iter().map(|path| path.display()))
}

/// Reads every rule file below the paths, in the order of their names, for whoever wants nothing but their texts.
pub(super) fn read(
    paths: &[PathBuf],
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(Sources, AllowedFolders), RuleFileError> {
    let scan = scan(paths, &mut BTreeSet::new())?;
    if scan.files.is_empty() {
        return Err(RuleFileError::NoRules { paths: paths.to_vec() });
    }
    let (sources, found) = sources(scan.files);
    diagnostics.extend(found);
    Ok((sources, scan.reach))
}

/// Reads a file that a rule names: a regular one of at most [`MAX_FILE_BYTES`].
pub(super) fn read_table(path: &Path, reach: &AllowedFolders) -> Result<String, String> {
    let (_, bytes) = disk::read_named(path, MAX_FILE_BYTES, Some(reach), &mut BTreeSet::new())?;
    text(bytes)
}

/// The text of a file that a rule names.
///
/// # Errors
/// Where it is not UTF-8, in words.
pub fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 after byte {}", error.utf8_error().valid_up_to()))
}

/// The rule files below some paths, as one reading found them.
#[derive(Debug, Clone, Default)]
pub struct RuleFileScan {
    /// The files, in the order of their paths.
    pub files: Vec<ScannedFile>,
    /// Where links may lead.
    pub reach: AllowedFolders,
}

/// A file as it was found.
#[derive(Debug, Clone)]
pub struct ScannedFile {
    /// Its path below the one that was asked for.
    pub path: PathBuf,
    /// Its state.
    pub stamp: FileStamp,
    /// What it holds, or its size where that is more than [`MAX_FILE_BYTES`].
    pub content: Result<Vec<u8>, u64>,
}

/// Texts of files, by the names that messages call them, and what keeps them from being texts.
#[must_use]
pub fn sources(files: Vec<ScannedFile>) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let mut diagnostics = Vec::new();
    for file in files {
        let name = name(&file.path);
        match file.content.map(String::from_utf8) {
            Ok(Ok(text)) => {
                sources.add(&name, &text);
            }
            Ok(Err(error)) => {
                let good = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes());
                let file = sources.add(&name, text.get(..good).unwrap_or_default());
                diagnostics.push(not_utf8(Span::new(file, good, good), error.as_bytes().get(good).copied()));
            }
            Err(size) => {
                let file = sources.add(&name, "");
                diagnostics.push(too_large(Span::new(file, 0, 0), size));
            }
        }
    }
    (sources, diagnostics)
}

/// How messages call a file.
#[must_use]
pub fn name(path: &Path) -> String {
    let name = path.display().to_string();
    name.strip_prefix("./").unwrap_or(&name).to_owned()
}

/// Reads every rule file below the paths once. A path that names a file is read whatever it is called.
///
/// `folders` gets every folder in which a change could change the result, whether this succeeds or not: those looked
/// through, those that hold a root, and those that hold a link on the way.
///
/// # Errors
/// Where something cannot be read, or is too much. That nothing is found is no error.
pub fn scan(paths: &[PathBuf], folders: &mut BTreeSet<PathBuf>) -> Result<RuleFileScan, RuleFileError> {
    let mut resolved = Vec::new();
    let mut reach = AllowedFolders::default();
    let mut first_failure = None;
    for path in paths {
        match root(path, folders) {
            Ok((file, real, is_folder)) => {
                reach.add(path, &real, is_folder);
                resolved.push((path, file, real, is_folder));
            }
            // The other roots are watched whatever is wrong with this one.
            Err(reason) => first_failure = first_failure.or(Some(io_error(path, reason))),
        }
    }
    let mut search = FolderSearch {
        folders,
        reach: &reach,
        visited: HashSet::new(),
        found: BTreeMap::new(),
        remaining_bytes: MAX_TOTAL_BYTES,
    };
    for (path, file, real, is_folder) in resolved {
        if is_folder { search.folder(&file, path, &real, 0)? } else { search.add_file(file, path.clone())? }
    }
    let files = search.found.into_values().collect();
    first_failure.map_or(Ok(RuleFileScan { files, reach }), Err)
}

/// Resolves and opens a root.
fn root(path: &Path, folders: &mut BTreeSet<PathBuf>) -> io::Result<(OwnedFd, PathBuf, bool)> {
    let real = disk::resolve(path, folders)?;
    if !disk::is_plain(&disk::stat_real(&real)?) {
        return Err(not_a_regular_file());
    }
    let file = disk::open_real(&real)?;
    let kind = disk::kind(&rustix::fs::fstat(&file)?);
    Ok((file, real, kind == FileType::Directory))
}

/// How deep folders are looked through.
const MAX_DEPTH: usize = 32;

/// A search through folders.
struct FolderSearch<'s> {
    folders: &'s mut BTreeSet<PathBuf>,
    reach: &'s AllowedFolders,
    /// A folder is looked through once, by whatever links it is reached: links may lead round in a circle, and many of
    /// them to more paths than there is time for.
    visited: HashSet<(i128, i128)>,
    found: BTreeMap<PathBuf, ScannedFile>,
    remaining_bytes: u64,
}

impl FolderSearch<'_> {
    fn folder(
        &mut self,
        folder: &OwnedFd,
        shown: &Path,
        real: &Path,
        depth: usize,
    ) -> Result<(), RuleFileError> {
        let stat = rustix::fs::fstat(folder).map_err(|errno| io_error(shown, errno.into()))?;
        if depth > MAX_DEPTH || !self.visited.insert(FileStamp::of(&stat).identity()) {
            return Ok(());
        }
        self.folders.insert(real.to_owned());
        for name in names(folder).map_err(|reason| io_error(shown, reason))? {
            let path = shown.join(&name);
            match self.entry(folder, &name, (&path, real), depth) {
                Ok(()) => {}
                // Whoever renames files takes them away between the listing and the reading; the next scan shows it.
                Err(RuleFileError::Io { reason, .. })
                    if reason.kind() == io::ErrorKind::NotFound && !is_link(folder, &name) => {}
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
        let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| fail(errno.into()))?;
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

    /// A link that leads nowhere is not a rule file, unless it is called one; so is one that leads away.
    fn link(&mut self, path: &Path, link: &Path, depth: usize) -> Result<(), RuleFileError> {
        let mut folders = BTreeSet::new();
        let resolved = disk::resolve(link, &mut folders).and_then(|real| Ok((disk::stat_real(&real)?, real)));
        let (stat, real) = match resolved {
            Ok(resolved) => resolved,
            Err(_) if !is_rules(path) => return Ok(()),
            Err(reason) => {
                self.folders.append(&mut folders);
                return Err(io_error(path, reason));
            }
        };
        let is_folder = disk::kind(&stat) == FileType::Directory;
        if !disk::is_plain(&stat) || (!is_folder && !is_rules(path)) {
            return Ok(());
        }
        if !self.reach.allows(&real) {
            let away = "it is a link that leads away from the folders of the rules";
            return if is_folder { Ok(()) } else { Err(io_error(path, io::Error::other(away))) };
        }
        self.folders.append(&mut folders);
        let file = disk::open_real(&real).map_err(|reason| io_error(path, reason))?;
        if is_folder {
            self.folder(&file, path, &real, depth + 1)
        } else {
            self.add_file(file, path.to_owned())
        }
    }

    fn add_file(&mut self, file: OwnedFd, path: PathBuf) -> Result<(), RuleFileError> {
        if self.found.contains_key(&path) {
            return Ok(());
        }
        let stat = rustix::fs::fstat(&file).map_err(|errno| io_error(&path, errno.into()))?;
        if disk::kind(&stat) != FileType::RegularFile {
            return Err(io_error(&path, not_a_regular_file()));
        }
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        let content = if size > MAX_FILE_BYTES {
            Err(size)
        } else {
            let bytes = disk::read_open(file, MAX_FILE_BYTES).map_err(|reason| io_error(&path, reason))?;
            self.remaining_bytes =
                self.remaining_bytes.checked_sub(bytes.len() as u64).ok_or(RuleFileError::TooLarge)?;
            Ok(bytes)
        };
        self.found.insert(path.clone(), ScannedFile { path, stamp: FileStamp::of(&stat), content });
        if self.found.len() > MAX_FILES { Err(RuleFileError::TooLarge) } else { Ok(()) }
    }
}

fn names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let entries = rustix::fs::Dir::read_from(folder)?;
    let names =
        entries.map(|entry| entry.map(|entry| OsStr::from_bytes(entry.file_name().to_bytes()).to_owned()));
    let mut names = names.collect::<Result<Vec<_>, _>>()?;
    names.retain(|name| !is_ignored_name(&name.to_string_lossy()));
    names.sort();
    Ok(names)
}

fn is_link(folder: &OwnedFd, name: &OsStr) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| disk::kind(&stat) == FileType::Symlink)
}

/// Whether a name is one that editors, version control and configuration maps leave beside rules: dot-files (and so
/// `..data` and `.a.rules.swp`), `a.rules~`, `#a.rules#`, `4913` of vim, `___jb_tmp___` and `___jb_old___` of `JetBrains`,
/// and `a.tmp`.
#[must_use]
pub fn is_ignored_name(name: &str) -> bool {
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
    io::Error::other("it is no regular file")
}

fn too_large(span: Span, size: u64) -> Diagnostic {
    let limit = MAX_FILE_BYTES >> 20;
    Diagnostic::new(
        &TOO_LARGE,
        span,
        format!("the file has {size} bytes; a rule file has at most {limit} MiB"),
    )
    .help("split it into several files: all files of a set are one rule set")
}

fn not_utf8(span: Span, byte: Option<u8>) -> Diagnostic {
    let byte = byte.unwrap_or_default();
    Diagnostic::new(&NOT_UTF8, span, format!("the file is not UTF-8: byte 0x{byte:02X} stands here"))
        .label("what follows was not read")
        .help("save the file as UTF-8")
}

fn io_error(path: &Path, reason: io::Error) -> RuleFileError {
    RuleFileError::Io { path: path.to_owned(), reason }
}
