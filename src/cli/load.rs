//! Loading a rule set for a command that only wants to use it: what is wrong goes to the standard error.

use super::exit::Exit;
use super::terminal::Terminal;
use crate::diagnostic::{self, Diagnostic, DiagnosticLevel};
use crate::ruleset::files::RuleFileError;
use crate::ruleset::{LoadedRules, RuleSet};
use crate::time::Timestamp;
use std::path::PathBuf;

/// Reads the paths as one rule set.
///
/// # Errors
/// What could not be read, and paths without a single rule file, after saying so.
pub(super) fn read(
    paths: &[PathBuf],
    at: Option<Timestamp>,
    terminal: &mut Terminal,
) -> Result<LoadedRules, Exit> {
    RuleSet::load(paths, at).map_err(|unreadable| {
        terminal.error(&unreadable.to_string());
        match unreadable {
            RuleFileError::NoRules { .. } => {
                terminal.help("`pointsman init DIR` writes a rule set to start from");
            }
            RuleFileError::Io { .. } | RuleFileError::TooLarge => {}
        }
        Exit::Failed
    })
}

/// Reads the paths as a rule set that may be used; its warnings are the business of `check`.
///
/// # Errors
/// As for [`read`], and where the rules hold an error, after showing it.
pub(super) fn usable(
    paths: &[PathBuf],
    at: Option<Timestamp>,
    terminal: &mut Terminal,
) -> Result<RuleSet, Exit> {
    let LoadedRules { sources, mut diagnostics, rules } = read(paths, at, terminal)?;
    rules.ok_or_else(|| {
        diagnostics.retain(|diagnostic: &Diagnostic| diagnostic.level() == DiagnosticLevel::Error);
        let text = diagnostic::render(terminal.err.human_format(), &diagnostics, &sources);
        terminal.err.print(&text);
        terminal.error(&format!("the rules cannot be used: {}", diagnostic::summary(&diagnostics)));
        Exit::Findings
    })
}
