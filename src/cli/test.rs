//! `pointsman test`: runs the tests of a rule set.

mod mutation;

use super::effort::EffortArguments;
use super::exit::Exit;
use super::rule_paths::RulePathArguments;
use super::terminal::Terminal;
use super::{load, suggested_tests};
use crate::suite::files::DiskFiles;
use crate::suite::{self, Coverage, SnapshotMode, TestOptions, TestReport, report};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Run the tests in the rule files
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulePathArguments,
    /// Run only the tests and rows whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Write snapshots that differ or do not exist, instead of failing
    #[arg(long)]
    update: bool,
    /// The format of the report
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    format: TestFormat,
    /// Report which arms and routes the tests hit, and list those that they miss
    #[arg(long)]
    coverage: bool,
    /// Fail if the tests hit a smaller percentage of the arms and routes
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    min_coverage: Option<f64>,
    /// Print tests for what no test reaches; they expect what the rules give today. With `--mutate`, also for changes of the
    /// rules that no test notices
    #[arg(long, conflicts_with_all = ["filter", "update", "coverage", "min_coverage", "format", "min_score"])]
    suggest: bool,
    /// Append the suggested tests to a rule file, which is made where it does not exist
    #[arg(long, value_name = "FILE", requires = "suggest")]
    write: Option<PathBuf>,
    #[command(flatten)]
    effort: EffortArguments,
    #[command(flatten)]
    mutation: mutation::MutationArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman test                                the tests below this folder
  pointsman test rules --filter \"P9\"            tests and rows with P9 in the name
  pointsman test --update                       rewrite the snapshots
  pointsman test --format junit > junit.xml     for a build server
  pointsman test --coverage --min-coverage 90   fail if too much is untested
  pointsman test --suggest --write rules/suggested.tests.rules
  pointsman test --suggest --mutate             also for changes that no test notices
  pointsman test --mutate --min-score 95        fail if the tests miss too many small changes of the rules

Every row of `cases` is a separate result. The defaults of a test are fixed: the time is 2026-01-01T00:00:00Z; \
an event is Warning and Firing, with the title \"a test alert\" and the key \"test-alert\".

Exit codes:
  0  every test passed
  1  a test failed, there are none, the coverage or the score is too low, or the rules are wrong
  2  the command line is wrong
  3  a file could not be read";

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TestFormat {
    /// One line per file, and every failure in full
    Text,
    /// One JSON document
    Json,
    /// `JUnit` XML
    Junit,
    /// TAP version 14
    Tap,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse::<f64>().ok();
    let legal = number.filter(|number| (0.0..=100.0).contains(number));
    legal.ok_or_else(|| "expected a number from 0 to 100".to_owned())
}

/// Runs the tests, and prints the report.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let mut rules = load::usable(&arguments.rules.roots(), None, terminal)?;
    rules.effort = arguments.effort.effort();
    load::prove(&rules, terminal)?;
    if arguments.suggest {
        let mutation = arguments.mutation.mutate.then(|| arguments.mutation.options(None));
        let (roots, file) = (arguments.rules.roots(), arguments.write.as_deref());
        return suggested_tests::print(&rules, &roots, file, mutation.as_ref(), terminal);
    }
    if arguments.mutation.mutate {
        return mutation::run(arguments, &rules, terminal);
    }
    let snapshots = if arguments.update { SnapshotMode::Write } else { SnapshotMode::Compare };
    let options = TestOptions { filter: arguments.filter.clone(), snapshots, ..TestOptions::default() };
    let report = suite::run(&rules, &options, &mut DiskFiles);
    print(arguments, &report, terminal);
    if report.results.is_empty() {
        return Ok(none_found(arguments, rules.model.tests.len() + rules.model.statements.len(), terminal));
    }
    let covered = is_covered_enough(arguments, &report.coverage, terminal);
    Ok(if report.failed() == 0 && covered { Exit::Success } else { Exit::Findings })
}

fn print(arguments: &Arguments, report: &TestReport, terminal: &mut Terminal) {
    print_report(arguments.format, report, wants_coverage(arguments).then_some(&report.coverage), terminal);
}

/// Prints a report. As text, nothing is printed where nothing was run.
pub(super) fn print_report(
    format: TestFormat,
    report: &TestReport,
    coverage: Option<&Coverage>,
    terminal: &mut Terminal,
) {
    let text = match format {
        TestFormat::Text if report.results.is_empty() => return,
        TestFormat::Text => {
            let coverage = coverage.map(report::text::coverage).unwrap_or_default();
            report::text::render(report) + &coverage
        }
        TestFormat::Json => report::json::render(report, coverage),
        TestFormat::Junit => report::junit::render(report),
        TestFormat::Tap => report::tap::render(report),
    };
    match format {
        TestFormat::Text => terminal.out.print_styled(&text),
        TestFormat::Json | TestFormat::Junit | TestFormat::Tap => terminal.out.print(&text),
    }
}

fn wants_coverage(arguments: &Arguments) -> bool {
    arguments.coverage || arguments.min_coverage.is_some()
}

/// A run without tests fails.
fn none_found(arguments: &Arguments, tests: usize, terminal: &mut Terminal) -> Exit {
    match &arguments.filter {
        Some(filter) if tests > 0 => {
            terminal.error(&format!("no test or row name contains `{filter}`"));
            terminal.help("`--filter` takes a part of the name of a test or row, in the same letter case");
        }
        Some(_) | None => {
            terminal.error("the rules contain no test");
            terminal
                .help("write one: test \"a firing alert\" { mapping NAME  input { … }  expect { severity: Warning } }");
        }
    }
    Exit::Findings
}

fn is_covered_enough(arguments: &Arguments, coverage: &Coverage, terminal: &mut Terminal) -> bool {
    let Some(least) = arguments.min_coverage else { return true };
    let found = coverage.percent();
    if found >= least {
        return true;
    }
    terminal.error(&format!("the tests hit {found:.1} % of the arms and routes; the minimum is {least} %"));
    if !matches!(arguments.format, TestFormat::Text) {
        terminal.help("`--format text` lists those that they miss");
    }
    false
}
