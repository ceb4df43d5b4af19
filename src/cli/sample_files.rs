//! Samples of payloads that `check --samples` compares with the rules.

use super::exit::Exit;
use super::terminal::Terminal;
use crate::ruleset::{LoadedRules, SampleFile, SampleReport};
use crate::text::{backticked_list, plural};
use crate::time::Timestamp;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The endings of files that are read in folders. Files that are named themselves may have any.
const ENDINGS: [&str; 3] = ["json", "ndjson", "jsonl"];

/// How deep folders are searched.
const MAX_DEPTH: usize = 8;

/// How many files are read, and how many bytes of them together. A payload in memory takes many times its text.
const MAX_FILES: usize = 10_000;
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// How many files with trouble are named.
const MAX_NAMED: usize = 10;

/// The samples that were read, and what was left out.
#[derive(Default)]
struct SampleFiles {
    read: Vec<SampleFile>,
    bytes: u64,
    too_large: Vec<PathBuf>,
    too_many: usize,
    too_deep: Vec<PathBuf>,
}

/// Compares the rules with samples, and says which of them were of no use.
pub(super) fn compare(
    paths: &[PathBuf],
    loaded: &mut LoadedRules,
    now: Timestamp,
    terminal: &mut Terminal,
) -> Result<String, Exit> {
    let files = read_all(paths, terminal)?;
    let Some(report) = loaded.check_samples(&files, now) else { return Ok(String::new()) };
    warn_of_useless(&report, terminal);
    if !report.unsampled.is_empty() {
        terminal.warning(&format!("no sample is accepted by {}", backticked_list(&report.unsampled)));
    }
    let (payloads, alerts) = (plural(report.accepted, "payload"), plural(report.elements, "alert"));
    Ok(format!("compared with {payloads} of {}: {alerts}\n", plural(files.len(), "file")))
}

/// Reads the samples below all paths, and says what was left out. A path without a sample is a mistake.
fn read_all(paths: &[PathBuf], terminal: &mut Terminal) -> Result<Vec<SampleFile>, Exit> {
    let mut files = SampleFiles::default();
    for path in paths {
        let before = files.seen();
        let found = if path.is_dir() { files.read_folder(path, MAX_DEPTH) } else { files.read_file(path) };
        found.map_err(|(path, error)| terminal.fail(&format!("cannot read `{}`: {error}", path.display())))?;
        if files.seen() == before {
            let failed = terminal.fail(&format!("no sample below `{}`", path.display()));
            terminal.help("samples in folders end in `.json`, `.ndjson` or `.jsonl`; name other files themselves");
            return Err(failed);
        }
    }
    files.warn_of_left_out(terminal);
    Ok(files.read)
}

/// Names the samples that are not JSON, each file once, and those that no mapping accepts.
fn warn_of_useless(report: &SampleReport, terminal: &mut Terminal) {
    let unread = report.unread.chunk_by(|(one, _), (other, _)| one == other);
    let unread = unread.filter_map(|errors| {
        let ((name, error), more) = errors.split_first()?;
        let more = if more.is_empty() { String::new() } else { format!(", and {}", plural(more.len(), "more error")) };
        Some(format!("{name}:{}:{}: {}{more}", error.line, error.column, error.message))
    });
    let unaccepted = report.unaccepted.iter().map(|(name, reason)| format!("{name}: no mapping reads it: {reason}"));
    let mut unnamed = 0;
    for warnings in [unread.collect::<Vec<_>>(), unaccepted.collect()] {
        warnings.iter().take(MAX_NAMED).for_each(|warning| terminal.warning(warning));
        unnamed += warnings.len().saturating_sub(MAX_NAMED);
    }
    if unnamed > 0 {
        let files = plural(unnamed, "more file");
        terminal.warning(&format!("{files} could not be read or are accepted by no mapping"));
    }
}

impl SampleFiles {
    /// How many files and folders were met.
    fn seen(&self) -> usize {
        self.read.len() + self.too_large.len() + self.too_many + self.too_deep.len()
    }

    /// Reads all samples in a folder, in the order of their names. An error comes with the path that has it.
    fn read_folder(&mut self, folder: &Path, depth: usize) -> Result<(), (PathBuf, io::Error)> {
        let Some(below) = depth.checked_sub(1) else {
            self.too_deep.push(folder.to_owned());
            return Ok(());
        };
        let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        let mut entries: Vec<PathBuf> = entries.map_err(|error| (folder.to_owned(), error))?;
        entries.sort();
        for entry in entries {
            let is_sample = entry.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
            if entry.is_dir() {
                // Links to folders are not followed, because they may form a circle.
                if !entry.is_symlink() {
                    self.read_folder(&entry, below)?;
                }
            } else if is_sample && (entry.is_file() || !entry.exists()) {
                // Pipes and devices may never end.
                self.read_file(&entry)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path) -> Result<(), (PathBuf, io::Error)> {
        if self.read.len() == MAX_FILES {
            self.too_many += 1;
            return Ok(());
        }
        let room = MAX_BYTES - self.bytes;
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(room + 1).read_to_end(&mut bytes));
        read.map_err(|error| (path.to_owned(), error))?;
        let length = bytes.len() as u64;
        if length > room {
            self.too_large.push(path.to_owned());
        } else {
            self.bytes += length;
            self.read.push(SampleFile { name: path.display().to_string(), bytes });
        }
        Ok(())
    }

    fn warn_of_left_out(&self, terminal: &mut Terminal) {
        if self.too_many > 0 {
            let files = plural(self.too_many, "file");
            terminal.warning(&format!("only {MAX_FILES} samples are read: {files} left out"));
        }
        if let Some(first) = self.too_large.first() {
            let limit = MAX_BYTES / (1024 * 1024);
            let others = match self.too_large.len() {
                1 => String::new(),
                all => format!(" and {}", plural(all - 1, "more file")),
            };
            terminal.warning(&format!("only {limit} MiB of samples are read: `{}`{others} left out", first.display()));
            terminal.help("take a part of a large file, as `head -n 1000` does for NDJSON");
        }
        for folder in self.too_deep.iter().take(MAX_NAMED) {
            terminal.warning(&format!(
                "folders are searched {MAX_DEPTH} levels deep: `{}` left out; name it as well",
                folder.display()
            ));
        }
    }
}
