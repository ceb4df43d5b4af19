//! Finding and reading rule files and the tables that they name.
//!
//! Editors, version control and configuration maps leave files beside the rules that are none: those are passed over by
//! name. What is no regular file is never opened, so that a pipe or a device cannot hang a load.

#![expect(clippy::disallowed_methods, reason = "rules and tables are read here")]

use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// How large a rule file or a table may be: 8 MiB.
pub const MAX_FILE_BYTES: u64 = 8 << 20;
/// How large all rule files may be together: 64 MiB.
pub const MAX_TOTAL_BYTES: u64 = 64 << 20;
/// How many rule files a set may have.
pub const MAX_FILES: usize = 10_000;

crate::codes! {
    NOT_UTF8 = "E0156", "a file that is not UTF-8";
    TOO_LARGE = "E0157", "a file that is too large";
}

/// A path that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The operating system said no.
    #[error("cannot read `{}`: {reason}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Its reason.
        reason: io::Error,
    },
    /// There is nothing to read.
    #[error("no rule file below {}: rule files end in `.rules`", listed(paths))]
    NoRules {
        /// The paths that were looked through.
        paths: Vec<PathBuf>,
    },
    /// More files than [`MAX_FILES`], or more text than [`MAX_TOTAL_BYTES`].
    #[error("too many rules: a rule set holds at most {MAX_FILES} files and {} MiB", MAX_TOTAL_BYTES >> 20)]
    TooMuch,
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}

/// Reads every rule file below the paths, in the order of their names. A path that names a file is read whatever it is
/// called.
pub(super) fn read(paths: &[PathBuf], diagnostics: &mut Vec<Diagnostic>) -> Result<Sources, Unreadable> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|reason| failed(path, reason))?;
        if metadata.is_dir() { walk(path, 0, &mut seen, &mut found)? } else { found.push(path.clone()) }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(Unreadable::NoRules { paths: paths.to_vec() });
    }
    if found.len() > MAX_FILES {
        return Err(Unreadable::TooMuch);
    }
    let mut sources = Sources::default();
    let mut left = MAX_TOTAL_BYTES;
    for path in &found {
        add(&mut sources, path, &mut left, diagnostics)?;
    }
    Ok(sources)
}

/// How deep folders are looked through.
const MAX_DEPTH: usize = 32;

/// A folder is looked through once, by whatever links it is reached: links may lead round in a circle, and many of them to
/// more paths than there is time for.
fn walk(
    folder: &Path,
    depth: usize,
    seen: &mut HashSet<PathBuf>,
    found: &mut Vec<PathBuf>,
) -> Result<(), Unreadable> {
    let real = fs::canonicalize(folder).map_err(|reason| failed(folder, reason))?;
    if depth > MAX_DEPTH || !seen.insert(real) {
        return Ok(());
    }
    let entries = fs::read_dir(folder).map_err(|reason| failed(folder, reason))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|reason| failed(folder, reason))?;
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') || name.starts_with('#') || name.ends_with('~') {
            continue;
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, depth + 1, seen, found)?,
            Ok(metadata) if metadata.is_file() && is_rules(&path) => found.push(path),
            // A link that leads nowhere is not a rule file, unless it is called one.
            Err(reason) if is_rules(&path) => return Err(failed(&path, reason)),
            Ok(_) | Err(_) => {}
        }
        if found.len() > MAX_FILES {
            return Err(Unreadable::TooMuch);
        }
    }
    Ok(())
}

fn is_rules(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rules")
}

fn add(
    sources: &mut Sources,
    path: &Path,
    left: &mut u64,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(), Unreadable> {
    let name = path.display().to_string();
    let name = name.strip_prefix("./").unwrap_or(&name);
    let metadata = fs::metadata(path).map_err(|reason| failed(path, reason))?;
    if !metadata.is_file() {
        return Err(failed(path, io::Error::other("it is no regular file")));
    }
    if metadata.len() > MAX_FILE_BYTES {
        let file = sources.add(name, "");
        diagnostics.push(too_large(Span::new(file, 0, 0), metadata.len()));
        return Ok(());
    }
    *left = left.checked_sub(metadata.len()).ok_or(Unreadable::TooMuch)?;
    let bytes = bounded(path).map_err(|reason| failed(path, reason))?;
    match String::from_utf8(bytes) {
        Ok(text) => {
            sources.add(name, &text);
        }
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let file = sources.add(name, text.get(..good).unwrap_or_default());
            diagnostics.push(not_utf8(Span::new(file, good, good), error.as_bytes().get(good).copied()));
        }
    }
    Ok(())
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

/// Reads a file that a rule names: a regular one of at most [`MAX_FILE_BYTES`].
pub(super) fn read_table(path: &Path) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(format!(
            "it has {} bytes; at most {} MiB are read",
            metadata.len(),
            MAX_FILE_BYTES >> 20
        ));
    }
    let bytes = bounded(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 after byte {}", error.utf8_error().valid_up_to()))
}

/// Some files of the system say that they are empty, and do not end.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it has more than {} MiB", MAX_FILE_BYTES >> 20)));
    }
    Ok(bytes)
}

fn failed(path: &Path, reason: io::Error) -> Unreadable {
    Unreadable::Io { path: path.to_owned(), reason }
}
