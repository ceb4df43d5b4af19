//! `pointsman test`: runs the tests of a rule set.

use super::exit::Exit;
use super::load;
use super::terminal::Terminal;
use clap::Args;
use std::path::PathBuf;

/// Runs the tests that stand in the rule files
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Rule files, and folders that are searched for `*.rules`; all of them together are one rule set
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
}

/// Loads the rules, and says that nothing was run.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    match load::usable(&arguments.paths, None, terminal) {
        Ok(_) => {
            terminal.error("this build has no test runner");
            Exit::Failed
        }
        Err(exit) => exit,
    }
}
