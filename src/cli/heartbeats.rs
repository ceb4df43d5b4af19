//! `pointsman heartbeats`: who must be heard, and who is not.

use super::backend::{GatewayArguments, OperationsBackend};
use super::clock;
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingFormat};
use super::local_time::LocalTime;
use super::table::{RowMark, TextTable};
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::gateway::operations::{ForgetRequest, SenderSummary};
use crate::notification::MAX_SENDERS;
use crate::time::DurationText;
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::time::Duration;

/// List the senders of heartbeats, absent ones first, or forget one
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<HeartbeatAction>,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Subcommand)]
enum HeartbeatAction {
    Forget(ForgetArguments),
}

/// Forget a sender that is gone for good; if it is absent, its absence is over
#[derive(Debug, Args)]
#[command(after_help = FORGET_HELP)]
struct ForgetArguments {
    /// The heartbeat
    #[arg(value_name = "NAME")]
    heartbeat: String,
    /// The values of `by`, in their order; none for a heartbeat without `by`
    #[arg(value_name = "VALUE")]
    values: Vec<String>,
    #[command(flatten)]
    place: GatewayArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman heartbeats
  pointsman heartbeats --json
  pointsman heartbeats forget prometheus old-cluster

Exit codes:
  0  listed, or forgotten
  2  the command line is wrong
  3  there is no such sender, or the journal could not be reached";

const FORGET_HELP: &str = "\
Example:
  pointsman heartbeats forget prometheus old-cluster

A sender that is heard again after that is known again.

Exit codes:
  0  forgotten
  2  the command line is wrong
  3  there is no such sender, or the journal could not be reached";

/// Lists or forgets.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    match &arguments.action {
        None => list(arguments, terminal),
        Some(HeartbeatAction::Forget(forgotten)) => forget(forgotten, terminal),
    }
}

fn list(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let backend = OperationsBackend::open(&arguments.place, terminal)?;
    let found = backend.heartbeats().map_err(|error| error.report(terminal))?;
    if arguments.output.format() == ListingFormat::Json {
        found.items.iter().for_each(|sender| listing::object(sender, terminal));
        return Ok(Exit::Success);
    }
    if found.items.is_empty() {
        terminal.help("no sender of a heartbeat was heard yet");
        return Ok(Exit::Success);
    }
    let times = LocalTime::at(clock::at(None));
    let heading = ["", "heartbeat", "last heard", "timeout", "absent since", "by"];
    let mut table = TextTable::new(&heading).fitting(2, &["timeout"]);
    for sender in &found.items {
        let mark = if sender.absent_since.is_some() { RowMark::Failing } else { RowMark::None };
        let heard = times.moment(&sender.heard.to_string());
        let timeout = sender.timeout_seconds.map(|seconds| DurationText(Duration::from_secs(seconds)).to_string());
        let absent = sender.absent_since.map(|since| times.moment(&since.to_string()));
        let [timeout, absent] = [timeout, absent].map(Option::unwrap_or_default);
        table.marked_row(mark, [sender.heartbeat.clone(), heard, timeout, absent, visible_line(&sender.values())]);
    }
    terminal.out.print(&table.render(terminal.out.layout()));
    if found.items.iter().any(|sender| sender.absent_since.is_some()) {
        terminal.help("a sender that is gone for good: `pointsman heartbeats forget NAME VALUE`");
    }
    for heartbeat in full(&found.items) {
        let say = format!(
            "heartbeat `{heartbeat}` knows {MAX_SENDERS} senders, as many as one may: further ones are not watched"
        );
        terminal.help(&say);
    }
    Ok(Exit::Success)
}

/// The heartbeats that know as many senders as one may.
fn full(senders: &[SenderSummary]) -> Vec<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for sender in senders {
        *counts.entry(&sender.heartbeat).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count >= MAX_SENDERS).map(|(heartbeat, _)| heartbeat).collect()
}

fn forget(forgotten: &ForgetArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let backend = OperationsBackend::open(&forgotten.place, terminal)?;
    let request = ForgetRequest { heartbeat: forgotten.heartbeat.clone(), values: forgotten.values.clone() };
    backend.forget_sender(&request).map_err(|error| error.report(terminal))?;
    terminal.out.print("forgotten\n");
    Ok(Exit::Success)
}
