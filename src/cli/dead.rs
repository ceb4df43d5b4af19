//! `pointsman dead`: dead letters.

use super::backend::{BackendResult, GatewayArguments, LimitArguments, OperationsBackend, RecordArguments};
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingArguments, ListingFormat};
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
    #[command(after_help = LIST_HELP)]
    List(ListingArguments),
    /// Deliver dead letters again, with the same body and a new age limit
    #[command(after_help = [RETRY_EXAMPLES, CHANGE_EXIT_CODES].concat())]
    Retry(ChangeDeadArguments),
    /// Drop dead letters: they are never delivered, and their events keep a mark
    #[command(after_help = [DROP_EXAMPLES, CHANGE_EXIT_CODES].concat())]
    Drop(ChangeDeadArguments),
}

#[derive(Debug, Args)]
struct ChangeDeadArguments {
    /// All dead letters, if nothing else selects some
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    choice: RecordArguments,
    #[command(flatten)]
    most: LimitArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman dead list --channel oncall
  pointsman dead retry --channel oncall --since 2h
  pointsman dead drop --id 01KADZ3V9G0000000000000000-0

A retried delivery keeps its idempotency key, is marked as a replay, and is queued after newer deliveries: \
if the recovery of an alert was delivered since, a retried firing opens the alert again, and nothing closes it. \
In a channel that gathers messages, a new message tells what is true then instead, and nothing that was told since; \
only a refused recovery is sent as it was. \
A dead letter without a body (`channel … no longer exists`) records a recovery that could not follow its firing.

Exit codes:
  0  done
  2  the command line is wrong, does not say which are meant, or names an unknown integration or channel
  3  there is no dead letter with that id, or the journal could not be reached";

const LIST_HELP: &str = "\
Examples:
  pointsman dead list --channel oncall --since 2h
  pointsman dead list --all --json | jq .reason

Exit codes:
  0  listed
  2  the command line is wrong, or names an unknown integration or channel
  3  the journal could not be reached";

const RETRY_EXAMPLES: &str = "\
Examples:
  pointsman dead retry --id 01KADZ3V9G0000000000000000-0
  pointsman dead retry --channel oncall --since 2h

";

const DROP_EXAMPLES: &str = "\
Examples:
  pointsman dead drop --id 01KADZ3V9G0000000000000000-0
  pointsman dead drop --channel old_chat --until 7d

";

const CHANGE_EXIT_CODES: &str = "\
Exit codes:
  0  done
  2  the command line is wrong, or does not say which are meant
  3  there is no dead letter with that id, or the journal could not be reached";

/// Lists, retries or drops.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    match &arguments.action {
        DeadLetterAction::List(listed) => list(listed, terminal),
        DeadLetterAction::Retry(changed) => change(changed, "retry", OperationsBackend::retry_dead, terminal),
        DeadLetterAction::Drop(changed) => change(changed, "drop", OperationsBackend::drop_dead, terminal),
    }
}

fn list(listed: &ListingArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let selection = listed.choice.selection(None, terminal)?;
    let backend = OperationsBackend::open(&listed.place, terminal)?;
    let shown = listed.print(
        selection,
        |selection| backend.dead(selection),
        |selection| backend.count_dead(selection),
        terminal,
    )?;
    if listed.output.format() == ListingFormat::Text {
        let next = "once the channel works again: `pointsman dead retry --channel NAME`";
        terminal.help(if shown == 0 { "no dead letter is selected" } else { next });
    }
    Ok(Exit::Success)
}

fn change(
    changed: &ChangeDeadArguments,
    verb: &str,
    act: fn(&OperationsBackend, &BulkRequest) -> BackendResult<AffectedCount>,
    terminal: &mut Terminal,
) -> Result<Exit, Exit> {
    let selection = changed.choice.selection(changed.most.limit, terminal)?;
    if selection.is_empty() && !changed.all {
        terminal.error("no dead letters are selected");
        terminal.help(&format!("select some, as in `pointsman dead {verb} --channel NAME`, or all: `--all`"));
        return Err(Exit::Usage);
    }
    let backend = OperationsBackend::open(&changed.place, terminal)?;
    let id = selection.id.clone();
    let affected = act(&backend, &BulkRequest { selection, all: changed.all });
    let affected = affected.map_err(|error| error.report(terminal))?;
    if let Some(id) = id.filter(|_| affected.affected == 0) {
        return Err(terminal.fail(&format!("no dead letter with the id `{id}` is selected")));
    }
    if changed.output.format() == ListingFormat::Json {
        listing::object(&affected, terminal);
        return Ok(Exit::Success);
    }
    let done = if verb == "drop" { "dropped" } else { "to be delivered again" };
    terminal.out.print(&format!("{} {done}\n", plural(affected.affected, "dead letter")));
    if !backend.is_live() && verb == "retry" && affected.affected > 0 {
        terminal.help("no gateway runs: they are sent once `pointsman serve` runs");
    }
    Ok(Exit::Success)
}
