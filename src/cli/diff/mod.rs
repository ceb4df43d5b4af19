//! `pointsman diff`: what an edit of the rules changes, and for whom.

mod git;
mod markdown;
mod recorded;
mod text;

use super::effort::EffortArguments;
use super::exit::Exit;
use super::terminal::Terminal;
use super::{clock, load};
use crate::prove::DifferenceDetail;
use crate::ruleset::{DeclarationEdit, RoutingVerdict, RuleSet, RuleSetDifference};
use crate::time::Timestamp;
use clap::{Args, ValueEnum};
use recorded::{RecordedArguments, RecordedDifference};
use serde::Serialize;
use std::path::PathBuf;

/// Say what an edit of the rules changes: which events go to other channels, with an event for each change
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The old rules: a file or a folder
    #[arg(value_name = "OLD", required_unless_present = "git", conflicts_with = "git", requires = "new")]
    old: Option<PathBuf>,
    /// The new rules: a file or a folder
    #[arg(value_name = "NEW")]
    new: Option<PathBuf>,
    /// Compare a revision with the files here, or with a second revision
    #[arg(long, value_name = "REV", num_args = 1..=2)]
    git: Vec<String>,
    /// With `--git`: rule files and folders; this folder by default
    #[arg(long, value_name = "PATH", num_args = 1.., requires = "git")]
    rules: Vec<PathBuf>,
    /// List all changes of each edit; by default the three with the most lines are shown
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    effort: EffortArguments,
    #[command(flatten)]
    recorded: RecordedArguments,
    /// The format of the report
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    format: DiffFormat,
    /// When to fail; several are separated by commas
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman diff old-rules new-rules
  pointsman diff --git main                        what changed since main
  pointsman diff --git v1 v2 --rules rules/shop    between two revisions
  pointsman diff old new --events events.ndjson    how many events change
  pointsman diff --git origin/main --format markdown --fail-on lost-critical

Lines of routings are compared by what they say, with defines, tables and schedules expanded. Each edited line is \
listed with the events that go to other channels because of it. Both rule sets evaluate every event that is shown; \
that nothing changes is proven, for firings and for recoveries without an open firing.

Exit codes:
  0  compared
  1  the rules contain an error, or what `--fail-on` names was found
  2  the command line is wrong, or names an unknown revision
  3  a file could not be read";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// Each edit with its events, then what channels lose and gain
    Text,
    /// One JSON document
    Json,
    /// For a comment on a pull request
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Something changed, or may have
    Any,
    /// A channel loses events, or a mapping makes none of them any more
    Lost,
    /// The same of events that are Critical, or a mapping lowers their severity
    LostCritical,
    /// Of some edit it is not known what it changes
    Undecided,
}

impl FailOn {
    /// Why the command fails.
    fn failure(self) -> &'static str {
        match self {
            Self::Any => "`--fail-on any`: something changed, or may have",
            Self::Lost => "`--fail-on lost`: a channel loses events, or may lose some",
            Self::LostCritical => "`--fail-on lost-critical`: a channel loses Critical events, or may lose some",
            Self::Undecided => "`--fail-on undecided`: it is not known what an edit changes",
        }
    }
}

/// All that is reported.
#[derive(Debug, Serialize)]
struct DiffReport {
    #[serde(flatten)]
    difference: RuleSetDifference,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<RecordedDifference>,
}

/// Compares, and prints the report.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let (mut old, new) = rule_sets(arguments, terminal)?;
    old.effort = arguments.effort.effort();
    let detail = if arguments.all { DifferenceDetail::All } else { DifferenceDetail::First };
    let recorded = arguments.recorded.compare(&old, &new, terminal)?;
    let report = DiffReport { difference: old.difference(&new, detail), recorded };
    let shown = if arguments.all { usize::MAX } else { text::FEW_CHANGES };
    match arguments.format {
        DiffFormat::Text => terminal.out.print(&text::render(&report, shown)),
        DiffFormat::Json => terminal.out.print(&(serde_json::to_string(&report).unwrap_or_default() + "\n")),
        DiffFormat::Markdown => terminal.out.print(&markdown::render(&report, shown)),
    }
    let failures: Vec<FailOn> = arguments.fail_on.iter().copied().filter(|what| report.has(*what)).collect();
    for what in &failures {
        terminal.error(what.failure());
    }
    Ok(if failures.is_empty() { Exit::Success } else { Exit::Findings })
}

/// The old and the new rules.
fn rule_sets(arguments: &Arguments, terminal: &mut Terminal) -> Result<(RuleSet, RuleSet), Exit> {
    let at: Option<Timestamp> = Some(clock::at(None));
    if let (Some(old), Some(new)) = (&arguments.old, &arguments.new) {
        let old = load::usable(std::slice::from_ref(old), at, terminal)?;
        return Ok((old, load::usable(std::slice::from_ref(new), at, terminal)?));
    }
    let here = || vec![PathBuf::from(".")];
    let paths = if arguments.rules.is_empty() { here() } else { arguments.rules.clone() };
    let mut revisions = arguments.git.iter();
    let (Some(old), new) = (revisions.next(), revisions.next()) else {
        terminal.error("name the old and the new rules, or a revision with `--git`");
        return Err(Exit::Usage);
    };
    let old = git::read(old, &paths, terminal)?;
    let new = match new {
        Some(new) => git::read(new, &paths, terminal)?,
        None => load::usable(&paths, at, terminal)?,
    };
    Ok((old, new))
}

impl DiffReport {
    fn has(&self, what: FailOn) -> bool {
        let difference = &self.difference;
        let payloads = || difference.declarations.iter().flat_map(|each| &each.payloads);
        let is_undecided = !difference.other_entries.is_empty()
            || difference.edits.iter().any(|edit| edit.undecided.is_some())
            || payloads().any(|payload| payload.undecided.is_some());
        let recorded = self.recorded.iter().flat_map(|recorded| &recorded.kinds);
        let may_lose = difference.declarations.iter().any(DeclarationEdit::may_lose);
        let mut changes = difference.edits.iter().flat_map(|edit| &edit.changes);
        match what {
            FailOn::Any => {
                difference.routing != RoutingVerdict::Equal
                    || is_undecided
                    || !difference.declarations.is_empty()
                    || recorded.count() > 0
            }
            FailOn::Lost => {
                may_lose
                    || changes.any(|change| !change.lost.is_empty())
                    || payloads().any(|payload| !payload.lost.is_empty())
                    || recorded.into_iter().any(|kind| !kind.lost.is_empty())
            }
            FailOn::LostCritical => {
                may_lose
                    || changes.any(|change| !change.lost.is_empty() && change.severities.contains(&"Critical"))
                    || payloads().any(|payload| payload.lost.contains(&"Critical"))
                    || recorded.into_iter().any(|kind| !kind.lost.is_empty() && kind.was_critical())
            }
            FailOn::Undecided => is_undecided,
        }
    }
}
