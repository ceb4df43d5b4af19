//! The files that a run reads, and how far it has come.

use crate::cli::terminal::Terminal;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Bytes of input from which on a run is long enough for a progress bar.
const PROGRESS_THRESHOLD: u64 = 16 << 20;

/// How deep folders are searched for rules.
const MAX_DEPTH: usize = 8;
/// Entries of folders that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Whether a path among the inputs means rules, as people write `--rules a b` with several paths: a rule file, or a
/// folder that holds one.
pub(super) fn is_rules(path: &Path) -> bool {
    let mut left = MAX_ENTRIES;
    is_rule_file(path) || (path.is_dir() && holds_rules(path, MAX_DEPTH, &mut left))
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rules")
}

fn holds_rules(folder: &Path, depth: usize, left: &mut usize) -> bool {
    let Some(below) = depth.checked_sub(1) else { return false };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        *left = left.saturating_sub(1);
        // Links are not followed: they may lead round in a circle.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_rule_file(&entry.path()) || (is_folder && holds_rules(&entry.path(), below, left)) {
            return true;
        }
        if *left == 0 {
            return false;
        }
    }
    false
}

/// The inputs proper; the standard input where there is none.
pub(super) fn paths(given: &[PathBuf]) -> Vec<PathBuf> {
    let inputs: Vec<PathBuf> = given.iter().filter(|path| !is_rules(path)).cloned().collect();
    if inputs.is_empty() { vec![PathBuf::from("-")] } else { inputs }
}

/// Says what is waited for where a person types.
pub(super) fn announce_stdin(terminal: &mut Terminal) {
    if io::stdin().is_terminal() {
        terminal.err.print("reading payloads from the terminal; end them with Ctrl-D\n");
    }
}

/// One input, read whole, as documents may run over any number of lines.
pub(super) struct CommandInput {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl CommandInput {
    pub(super) fn read(path: &Path, terminal: &mut Terminal) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            announce_stdin(terminal);
            io::stdin().lock().read_to_end(&mut bytes)?;
            return Ok(Self { name: "standard input".to_owned(), bytes });
        }
        Ok(Self { name: path.display().to_string(), bytes: fs::read(path)? })
    }
}

/// A line and a column that move forward through an input, so that any number of them costs one pass.
pub(super) struct LineColumnCursor {
    offset: usize,
    line: usize,
    column: usize,
}

impl LineColumnCursor {
    pub(super) fn new() -> Self {
        Self { offset: 0, line: 1, column: 1 }
    }

    /// The line and column of a byte at or after the last one that was asked for.
    pub(super) fn position(&mut self, bytes: &[u8], offset: usize) -> (usize, usize) {
        for byte in bytes.get(self.offset..offset).unwrap_or_default() {
            match byte {
                b'\n' => (self.line, self.column) = (self.line + 1, 1),
                // Within a character of several bytes.
                0x80..=0xbf => {}
                _ => self.column += 1,
            }
        }
        self.offset = self.offset.max(offset);
        (self.line, self.column)
    }
}

/// A bar on the standard error, for a long run that a person watches and whose outcomes go elsewhere.
pub(super) struct ProgressIndicator(Option<ProgressBar>);

impl ProgressIndicator {
    pub(super) fn new(inputs: &[PathBuf], terminal: &Terminal) -> Self {
        let size = inputs.iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum();
        let watched = terminal.err.is_terminal() && !terminal.out.is_terminal() && size >= PROGRESS_THRESHOLD;
        Self(watched.then(|| {
            let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
            ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        }))
    }

    pub(super) fn advance(&self, bytes: usize) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes as u64);
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
