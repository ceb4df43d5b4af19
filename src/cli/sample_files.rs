//! Samples of payloads that `check --samples` compares with the rules.

use super::exit::Exit;
use super::terminal::Terminal;
use crate::ruleset::{LoadedRules, SampleFile};
use crate::text::{backticked_list, plural};
use crate::time::Timestamp;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The endings of files that are read in folders. Files that are named themselves may have any.
const ENDINGS: [&str; 3] = ["json", "ndjson", "jsonl"];

/// How deep folders are searched, and how many files are read.
const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 10_000;

/// How many files with trouble are named.
const MAX_NAMED: usize = 10;

/// Compares the rules with samples, and says which of them were of no use.
pub(super) fn compare(
    paths: &[PathBuf],
    loaded: &mut LoadedRules,
    now: Timestamp,
    terminal: &mut Terminal,
) -> Result<String, Exit> {
    let mut files = Vec::new();
    for path in paths {
        read(path, MAX_DEPTH, &mut files)
            .map_err(|error| terminal.fail(&format!("cannot read `{}`: {error}", path.display())))?;
    }
    let Some(report) = loaded.check_samples(&files, now) else { return Ok(String::new()) };
    for (name, error) in report.unread.iter().take(MAX_NAMED) {
        terminal.warning(&format!("{name}:{}:{}: {}", error.line, error.column, error.message));
    }
    for (name, reason) in report.unaccepted.iter().take(MAX_NAMED) {
        terminal.warning(&format!("{name}: no mapping reads it: {reason}"));
    }
    let unnamed = report.unread.len().saturating_sub(MAX_NAMED) + report.unaccepted.len().saturating_sub(MAX_NAMED);
    if unnamed > 0 {
        terminal
            .warning(&format!("{} more could not be read or are accepted by no mapping", plural(unnamed, "sample")));
    }
    if !report.unsampled.is_empty() {
        terminal.warning(&format!("no sample is accepted by {}", backticked_list(&report.unsampled)));
    }
    let (payloads, alerts) = (plural(report.accepted, "payload"), plural(report.elements, "alert"));
    Ok(format!("compared with {payloads} of {}: {alerts}\n", plural(files.len(), "file")))
}

/// Reads a file, or all samples in a folder, in the order of their names.
fn read(path: &Path, depth: usize, files: &mut Vec<SampleFile>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(SampleFile { name: path.display().to_string(), bytes: fs::read(path)? });
        return Ok(());
    }
    let Some(below) = depth.checked_sub(1) else { return Ok(()) };
    let mut entries: Vec<PathBuf> = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    entries.sort();
    for entry in entries {
        let is_sample = entry.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
        // Links to folders are not followed, because they may form a circle.
        if files.len() < MAX_FILES && (is_sample || (entry.is_dir() && !entry.is_symlink())) {
            read(&entry, below, files)?;
        }
    }
    Ok(())
}
