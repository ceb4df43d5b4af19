//! Loading a rule set for a command that uses it. Errors go to the standard error.

use super::exit::Exit;
use super::terminal::Terminal;
use crate::diagnostic::{self, Diagnostic, DiagnosticLevel, FindingCounts, FindingLimit};
use crate::ruleset::files::RuleFileError;
use crate::ruleset::{LoadedRules, Proofs, RuleSet};
use crate::suite;
use crate::suite::files::DiskFiles;
use crate::time::Timestamp;
use std::path::PathBuf;

/// Reads the paths as one rule set.
///
/// # Errors
/// If a path cannot be read, or no rule file is found; the error is printed.
pub(super) fn read(paths: &[PathBuf], at: Option<Timestamp>, terminal: &mut Terminal) -> Result<LoadedRules, Exit> {
    read_with(paths, at, FindingLimit::First, terminal)
}

/// As [`read`], with so many findings.
///
/// # Errors
/// As for [`read`].
pub(super) fn read_with(
    paths: &[PathBuf],
    at: Option<Timestamp>,
    limit: FindingLimit,
    terminal: &mut Terminal,
) -> Result<LoadedRules, Exit> {
    RuleSet::load_with(paths, at, limit).map_err(|unreadable| refused(&unreadable, terminal))
}

/// As [`read`], with one more text, which has this name.
///
/// # Errors
/// As for [`read`].
pub(super) fn read_beside(
    paths: &[PathBuf],
    beside: (&str, &str),
    terminal: &mut Terminal,
) -> Result<LoadedRules, Exit> {
    RuleSet::load_beside(paths, Some(beside), None, FindingLimit::First)
        .map_err(|unreadable| refused(&unreadable, terminal))
}

/// Prints why paths cannot be read.
fn refused(unreadable: &RuleFileError, terminal: &mut Terminal) -> Exit {
    terminal.error(&unreadable.to_string());
    match unreadable {
        RuleFileError::NoRules { .. } => {
            terminal.help("`pointsman init DIR` writes a rule set to start from");
        }
        RuleFileError::Io { .. }
        | RuleFileError::TooManyFiles
        | RuleFileError::TooLarge { .. }
        | RuleFileError::TooDeep { .. } => {}
    }
    Exit::Failed
}

/// Proves a rule set, and refuses it if proofs find errors, which are printed.
///
/// # Errors
/// If there are some.
pub(super) fn prove(rules: &RuleSet, terminal: &mut Terminal) -> Result<(), Exit> {
    let (mut found, _) = rules.prove_with(&mut known(rules));
    found.retain(|diagnostic| diagnostic.level() == DiagnosticLevel::Error);
    if found.is_empty() {
        return Ok(());
    }
    terminal.err.print(&diagnostic::render(terminal.err.human_format(), &found, &rules.sources));
    terminal.error(&format!("the rules cannot be used: {}", FindingCounts::of(&found)));
    Err(Exit::Findings)
}

/// What the tests of a rule set show, for its proofs.
pub(super) fn known(rules: &RuleSet) -> Proofs {
    Proofs::knowing(suite::known_events(rules, &DiskFiles))
}

/// Reads the paths as a rule set without errors. Warnings are left to `check`.
///
/// # Errors
/// As for [`read`], and if the rules contain an error, which is printed.
pub(super) fn usable(paths: &[PathBuf], at: Option<Timestamp>, terminal: &mut Terminal) -> Result<RuleSet, Exit> {
    without_errors(read(paths, at, terminal)?, "the rules cannot be used", terminal)
}

/// The rules, unless they contain an error, which is printed after what it means.
///
/// # Errors
/// If they do.
pub(super) fn without_errors(loaded: LoadedRules, problem: &str, terminal: &mut Terminal) -> Result<RuleSet, Exit> {
    let LoadedRules { sources, mut diagnostics, rules, left_out } = loaded;
    rules.ok_or_else(|| {
        diagnostics.retain(|diagnostic: &Diagnostic| diagnostic.level() == DiagnosticLevel::Error);
        let text = diagnostic::render(terminal.err.human_format(), &diagnostics, &sources);
        terminal.err.print(&text);
        let counts = FindingCounts { warnings: 0, ..FindingCounts::of(&diagnostics).plus(left_out) };
        terminal.error(&format!("{problem}: {counts}"));
        Exit::Findings
    })
}
