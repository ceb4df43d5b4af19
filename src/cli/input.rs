//! The inputs of a run, and its progress.

use crate::cli::terminal::Terminal;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// The size of the input from which on a progress bar is shown.
const PROGRESS_THRESHOLD: u64 = 16 << 20;

/// How deep folders are searched for rules.
const MAX_DEPTH: usize = 8;
/// How many entries of folders are examined.
const MAX_ENTRIES: usize = 10_000;

/// Whether a path among the inputs is a rule file, or a folder that contains one: people write `--rules a b` with several
/// paths.
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
        // Links are not followed, because they may form a circle.
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

/// The paths that are not rules; the standard input if there are none.
pub(super) fn paths(given: &[PathBuf]) -> Vec<PathBuf> {
    let inputs: Vec<PathBuf> = given.iter().filter(|path| !is_rules(path)).cloned().collect();
    if inputs.is_empty() { vec![PathBuf::from("-")] } else { inputs }
}

/// Tells a person at the terminal that input is expected.
pub(super) fn announce_stdin(terminal: &mut Terminal) {
    if io::stdin().is_terminal() {
        terminal.err.print("reading payloads from the terminal; end them with Ctrl-D\n");
    }
}

/// One input, read whole, because documents may span any number of lines.
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

/// A position in an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InputPosition {
    /// The line, from 1.
    pub(super) line: usize,
    /// The column, from 1, in characters.
    pub(super) column: usize,
}

/// Finds the positions of increasing offsets in one pass.
pub(super) struct PositionCursor {
    offset: usize,
    position: InputPosition,
}

impl PositionCursor {
    /// A cursor at an offset with this position.
    pub(super) fn new(offset: usize, position: InputPosition) -> Self {
        Self { offset, position }
    }

    /// The position of a byte at or after the last one that was asked for.
    pub(super) fn position(&mut self, bytes: &[u8], offset: usize) -> InputPosition {
        let InputPosition { line, column } = &mut self.position;
        for byte in bytes.get(self.offset..offset).unwrap_or_default() {
            match byte {
                b'\n' => (*line, *column) = (*line + 1, 1),
                // Inside a character of several bytes.
                0x80..=0xbf => {}
                _ => *column += 1,
            }
        }
        self.offset = self.offset.max(offset);
        self.position
    }
}

/// A progress bar on the standard error, for a long run whose outcomes do not go to the terminal.
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
