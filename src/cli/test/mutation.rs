//! `pointsman test --mutate`: changes the rules a little, and looks whether a test notices.

use super::{Arguments, TestFormat, none_found, percent, print};
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::ruleset::RuleSet;
use crate::suite::files::DiskFiles;
use crate::suite::mutation::{DEFAULT_LIMIT, MutationOptions, MutationReport, mutate};
use crate::suite::report::{mutation_json, mutation_text};
use clap::Args;

/// How many changes are tried between two lines about the progress.
const PROGRESS_STEP: usize = 250;

#[derive(Debug, Args)]
pub(super) struct MutationArguments {
    /// Change the rules a little, one change at a time, and list the changes that no test notices, each with a test that
    /// would; with `--filter`, only the changes that these tests reach
    #[arg(long, conflicts_with_all = ["update", "coverage", "min_coverage"])]
    pub(super) mutate: bool,
    /// Fail if the tests notice a smaller percentage of the changes
    #[arg(long, value_name = "PERCENT", value_parser = percent, requires = "mutate")]
    min_score: Option<f64>,
    /// Try at most so many changes
    #[arg(long, value_name = "NUMBER", default_value_t = DEFAULT_LIMIT, value_parser = at_least_one, requires = "mutate")]
    limit: usize,
}

/// A number of which something is left.
fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1 on is needed".to_owned())
}

impl MutationArguments {
    pub(super) fn options(&self, filter: Option<String>) -> MutationOptions {
        MutationOptions { filter, limit: self.limit }
    }
}

/// Tries the changes, and prints the report.
pub(super) fn run(arguments: &Arguments, rules: &RuleSet, terminal: &mut Terminal) -> Result<Exit, Exit> {
    if matches!(arguments.format, TestFormat::Junit | TestFormat::Tap) {
        terminal.error("`--mutate` reports as text or JSON");
        terminal.help("write `--format text` or `--format json`");
        return Err(Exit::Usage);
    }
    let min_score = arguments.mutation.min_score;
    let options = arguments.mutation.options(arguments.filter.clone());
    let mut progress = |done: usize, all: usize| {
        if done > 0 && done < all && done.is_multiple_of(PROGRESS_STEP) {
            terminal.err.print(&format!("{done} of {all} changes\n"));
        }
    };
    match mutate(rules, &options, &DiskFiles, &mut progress) {
        Ok(report) => {
            match arguments.format {
                TestFormat::Json => terminal.out.print(&mutation_json::render(&report)),
                TestFormat::Text | TestFormat::Junit | TestFormat::Tap => {
                    terminal.out.print_styled(&mutation_text::render(&report));
                    if report.survivors.iter().any(|survivor| survivor.cases == 0) {
                        terminal
                            .help("`pointsman test --suggest` writes tests for arms and routes that no test reaches");
                    }
                }
            }
            Ok(if is_good_enough(min_score, &report, terminal) { Exit::Success } else { Exit::Findings })
        }
        Err(report) if report.results.is_empty() => Ok(none_found(arguments, rules.model.tests.len(), terminal)),
        Err(report) => {
            print(arguments, &report, terminal);
            terminal.error("the rules are not changed, because a test fails as they are");
            Ok(Exit::Findings)
        }
    }
}

fn is_good_enough(least: Option<f64>, report: &MutationReport, terminal: &mut Terminal) -> bool {
    let (Some(least), found) = (least, report.score()) else { return true };
    if found >= least {
        return true;
    }
    terminal.error(&format!("the tests notice {found:.1} % of the changes; the minimum is {least} %"));
    false
}
