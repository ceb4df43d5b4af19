//! `pointsman dead`: dead letters.

use super::backend::{GatewayArguments, OperationsBackend, RecordArguments};
use super::exit::Exit;
use super::listing::{self, failed};
use super::terminal::Terminal;
use crate::gateway::operations::{AffectedCount, BulkRequest};
use crate::text::plural;
use clap::{Args, Subcommand};

/// List dead letters (deliveries that were given up), retry them, or drop them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: DeadLetterAction,
}

#[derive(Debug, Subcommand)]
enum DeadLetterAction {
    /// List dead letters, the newest first
    List(ListDeadArguments),
    /// Deliver dead letters again, with the same body and a new age limit
    Retry(ChangeDeadArguments),
    /// Delete dead letters
    Drop(ChangeDeadArguments),
}

#[derive(Debug, Args)]
struct ListDeadArguments {
    #[command(flatten)]
    choice: RecordArguments,
    #[command(flatten)]
    place: GatewayArguments,
    /// Write one JSON object per line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ChangeDeadArguments {
    /// All dead letters, if nothing else selects some
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    listed: ListDeadArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman dead list --channel oncall
  pointsman dead retry --channel oncall --since 2h
  pointsman dead drop --id 01KADZ3V9G0000000000000000-0

A retried delivery keeps its idempotency key, is marked as a replay, and is queued after newer deliveries: if the
recovery of an alert was delivered since, a retried firing opens the alert again, and nothing closes it. A dead
letter without a body (`channel … no longer exists`) records a recovery that could not follow its firing.

Exit codes:
  0  done
  2  the command line is wrong, or selects nothing
  3  the journal could not be reached";

/// Lists, retries or drops.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    match &arguments.action {
        DeadLetterAction::List(listed) => list(listed, terminal),
        DeadLetterAction::Retry(changed) => change(changed, "retry", OperationsBackend::retry_dead, terminal),
        DeadLetterAction::Drop(changed) => change(changed, "drop", OperationsBackend::drop_dead, terminal),
    }
}

fn list(listed: &ListDeadArguments, terminal: &mut Terminal) -> Exit {
    let prepared = listed.choice.selection(terminal);
    let opened =
        prepared.and_then(|selection| Ok((selection, OperationsBackend::open(&listed.place, terminal)?)));
    let (selection, desk) = match opened {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    match desk.dead(&selection) {
        Ok(page) => {
            listing::print(&page.items, listed.json, terminal);
            if !listed.json && page.items.is_empty() {
                terminal.help("no dead letter is selected");
            } else if !listed.json {
                terminal.help("once the channel works again: `pointsman dead retry --channel NAME`");
            }
            Exit::Success
        }
        Err(error) => failed(&error, terminal),
    }
}

fn change(
    changed: &ChangeDeadArguments,
    verb: &str,
    act: fn(&OperationsBackend, &BulkRequest) -> Result<AffectedCount, String>,
    terminal: &mut Terminal,
) -> Exit {
    let selection = match changed.listed.choice.selection(terminal) {
        Ok(selection) => selection,
        Err(exit) => return exit,
    };
    if selection.is_empty() && !changed.all {
        terminal.error("no dead letters are selected");
        terminal.help(&format!("select some, as in `pointsman dead {verb} --channel NAME`, or all: `--all`"));
        return Exit::Usage;
    }
    let desk = match OperationsBackend::open(&changed.listed.place, terminal) {
        Ok(desk) => desk,
        Err(exit) => return exit,
    };
    match act(&desk, &BulkRequest { selection, all: changed.all }) {
        Ok(affected) => tell(affected, verb, changed.listed.json, desk.is_live(), terminal),
        Err(error) => failed(&error, terminal),
    }
}

fn tell(affected: AffectedCount, verb: &str, json: bool, live: bool, terminal: &mut Terminal) -> Exit {
    if json {
        listing::object(&affected, terminal);
        return Exit::Success;
    }
    let done = if verb == "drop" { "deleted" } else { "to be delivered again" };
    terminal.out.print(&format!("{} {done}\n", plural(affected.affected, "dead letter")));
    if !live && verb == "retry" && affected.affected > 0 {
        terminal.help("no gateway runs: they are sent once `pointsman serve` runs");
    }
    Exit::Success
}
