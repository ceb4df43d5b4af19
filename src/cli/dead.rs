//! `pointsman dead`: deliveries that were given up.

use super::backend::{GatewayArguments, OperationsBackend, RecordArguments};
use super::exit::Exit;
use super::listing::{self, failed};
use super::terminal::Terminal;
use crate::gateway::operations::{AffectedCount, BulkRequest};
use crate::text::plural;
use clap::{Args, Subcommand};

/// Lists dead letters, the deliveries that were given up; has them delivered again, or forgets them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: DeadLetterAction,
}

#[derive(Debug, Subcommand)]
enum DeadLetterAction {
    /// Lists dead letters, the newest first
    List(ListDeadArguments),
    /// Has dead letters delivered again: the same body, a new age limit
    Retry(ChangeDeadArguments),
    /// Forgets dead letters
    Drop(ChangeDeadArguments),
}

#[derive(Debug, Args)]
struct ListDeadArguments {
    #[command(flatten)]
    choice: RecordArguments,
    #[command(flatten)]
    place: GatewayArguments,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ChangeDeadArguments {
    /// All of them, where nothing else is said
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

What is retried keeps its idempotency key, is marked as a replay, and stands behind what came meanwhile: where the
recovery of an alert has arrived since, a retried firing opens the alert once more, and nothing closes it. A
letter without a body (`channel … no longer exists`) only tells of a recovery that could not follow its firing.

Exit codes:
  0  done
  2  the command line is wrong, or does not say which are meant
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
                terminal.help("once the channel is mended: `pointsman dead retry --channel NAME`");
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
        terminal.error("nothing says which dead letters are meant");
        terminal.help(&format!(
            "select some: `pointsman dead {verb} --channel NAME`; or say that all are: `--all`"
        ));
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
    let done = if verb == "drop" { "forgotten" } else { "to be delivered again" };
    terminal.out.print(&format!("{} {done}\n", plural(affected.affected, "dead letter")));
    if !live && verb == "retry" && affected.affected > 0 {
        terminal.help("no gateway runs: they go out once `pointsman serve` does");
    }
    Exit::Success
}
