//! What editors and the console know of rules.

mod completion;
mod hover;
mod rename;

use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use std::path::{Path, PathBuf};

/// The folder of a shipped rule set.
fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name)
}

/// The rule files of a shipped set.
fn shipped_sources(name: &str) -> Sources {
    RuleSet::load(&[shipped(name)], None).unwrap().sources
}

/// Reads a table from the disk.
fn from_disk(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// The set of one file.
fn single(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.add("main.rules", text);
    sources
}
