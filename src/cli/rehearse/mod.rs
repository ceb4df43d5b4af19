//! `pointsman rehearse`: plays stored pushes by other rules, and shows what channels would have been told.
//!
//! The pushes come from the gateway that runs, or from the journal if none runs, page by page. They are played in this
//! process: the gateway does nothing but read.

mod notes;
mod playing;
mod rehearsed_rules;
mod text;

use super::backend::{GatewayArguments, OperationsBackend};
use super::clock;
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingFormat};
use super::local_time::LocalTime;
use super::terminal::Terminal;
use crate::gateway::operations::RecordSelection;
use crate::gateway::rehearsal::{RehearsalDifference, RehearsalReport};
use clap::Args;
use playing::{PlayedPushes, play};
use rehearsed_rules::RehearsedRules;
use serde::Serialize;
use std::path::PathBuf;
use text::RehearsalText;

/// Play stored pushes by other rules, and show what channels would have been told
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// From this time on: `2026-03-07T02:00:00+08:00`, or an age such as `2h` or `7d`
    #[arg(long, value_name = "TIME", default_value = "7d", allow_hyphen_values = true)]
    since: String,
    /// Before this time, written like `--since`; now by default
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,
    /// Only pushes of this integration
    #[arg(long, value_name = "NAME")]
    integration: Option<String>,
    /// Rule files and folders to rehearse; the rules in force by default
    #[arg(long, value_name = "PATH", num_args = 1..)]
    rules: Vec<PathBuf>,
    /// Rule files and folders to compare with; without a path, the rules in force
    #[arg(long, value_name = "PATH", num_args = 0.., requires = "rules")]
    against: Option<Vec<PathBuf>>,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman rehearse --since 7d
  pointsman rehearse --since 7d --rules rules
  pointsman rehearse --since 2d --rules rules --against
  pointsman rehearse --rules rules --against last-week/rules --json

Every push is mapped and routed at the time at which it was received, and the timers of channels run between \
pushes. Nothing is sent or stored, and no secret is read. Numbers a day are averages. A message that tells of \
several groups at once counts for none of them.

Exit codes:
  0  rehearsed
  1  the rules contain an error
  2  the command line is wrong, or names an unknown integration
  3  the pushes or the rules could not be read, or too many alerts are open at once";

/// Everything that a rehearsal found.
#[derive(Debug, Serialize)]
struct RehearsalOutcome {
    #[serde(flatten)]
    played: PlayedPushes,
    /// For each rule set, those that are compared with at the end.
    rehearsals: Vec<RuleSetRehearsal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<RehearsalDifference>,
    /// What a reader has to know of the numbers.
    notes: Vec<String>,
}

/// What a rule set would have told.
#[derive(Debug, Serialize)]
struct RuleSetRehearsal {
    /// Which rules.
    rules: String,
    #[serde(flatten)]
    report: RehearsalReport,
}

/// Rehearses.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let selection = RecordSelection {
        since: Some(arguments.since.clone()),
        until: arguments.until.clone(),
        integration: arguments.integration.clone(),
        ..RecordSelection::default()
    };
    let now = clock::at(None);
    let filter = selection.filter(now).map_err(|error| {
        terminal.error(&error.to_string());
        Exit::Usage
    })?;
    // Ages are counted from here on, whatever the time of a page.
    let (since, until) = (filter.since.unwrap_or(now), filter.until.unwrap_or(now));
    let selection = RecordSelection { since: Some(since.to_string()), until: Some(until.to_string()), ..selection };
    let backend = OperationsBackend::open(&arguments.place, terminal)?;
    let mut rules = vec![RehearsedRules::load(&arguments.rules, &backend, terminal)?];
    if let Some(against) = &arguments.against {
        rules.push(RehearsedRules::load(against, &backend, terminal)?);
    }
    let (played, reports) = play(&backend, &selection, since..until, &rules, terminal)?;
    let difference = match reports.as_slice() {
        [after, before] => Some(RehearsalDifference::between(before, after)),
        _ => None,
    };
    let named = rules.into_iter().zip(reports);
    let rehearsals: Vec<RuleSetRehearsal> =
        named.map(|(rules, report)| RuleSetRehearsal { rules: rules.name, report }).collect();
    let notes = notes::notes(&played, &rehearsals, &LocalTime::at(now));
    let outcome = RehearsalOutcome { played, rehearsals, difference, notes };
    match arguments.output.format() {
        ListingFormat::Json => listing::object(&outcome, terminal),
        ListingFormat::Text => {
            let text = RehearsalText { time: LocalTime::at(now), layout: terminal.out.layout() };
            terminal.out.print(&text.render(&outcome));
        }
    }
    Ok(Exit::Success)
}
