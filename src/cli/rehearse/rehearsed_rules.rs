//! The rule sets of a rehearsal: those of some paths, or those in force.

use crate::cli::backend::OperationsBackend;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::cli::{archived_rules, clock, load};
use crate::ruleset::RuleSet;
use std::path::PathBuf;

/// A rule set, and how it is called.
pub(super) struct RehearsedRules {
    pub(super) name: String,
    pub(super) rules: RuleSet,
}

impl RehearsedRules {
    /// Reads the rules of the paths; without a path, those in force.
    ///
    /// # Errors
    /// If they cannot be read or contain an error; it is printed.
    pub(super) fn load(paths: &[PathBuf], backend: &OperationsBackend, terminal: &mut Terminal) -> Result<Self, Exit> {
        if paths.is_empty() {
            return Self::in_force(backend, terminal);
        }
        let rules = load::usable(paths, Some(clock::at(None)), terminal)?;
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        Ok(Self { name: names.join(" "), rules })
    }

    fn in_force(backend: &OperationsBackend, terminal: &mut Terminal) -> Result<Self, Exit> {
        let record = backend.last_rules().map_err(|error| {
            let exit = error.report(terminal);
            terminal.help("name the rules to rehearse: `--rules PATH`");
            exit
        })?;
        let which = if backend.is_live() { "the rules in force" } else { "the rules that were in force last" };
        let rules = archived_rules::read(&record.archive, which).map_err(|error| terminal.fail(&error))?;
        Ok(Self { name: format!("{which} (generation {})", record.generation), rules })
    }
}
