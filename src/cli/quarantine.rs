//! `pointsman quarantine`: refused bodies.

use super::backend::{GatewayArguments, OperationsBackend, RecordArguments};
use super::clock;
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingArguments, ListingFormat, ListingRow as _};
use super::local_time::LocalTime;
use super::replay::{ReplayArguments, ReplayTask};
use super::request;
use super::terminal::Terminal;
use crate::diagnostic::{visible_line, visible_text};
use crate::gateway::operations::{RecordSelection, ReplayRequest};
use clap::{Args, Subcommand};

/// List and show refused bodies, or replay them with the current rules
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: QuarantineAction,
}

#[derive(Debug, Subcommand)]
enum QuarantineAction {
    /// List refused bodies, the newest first
    #[command(after_help = LIST_HELP)]
    List(ListingArguments),
    /// Show one refused body
    #[command(after_help = SHOW_HELP)]
    Show(ShowQuarantineArguments),
    /// Decide refused bodies by the current rules; accepted bodies leave the quarantine
    #[command(after_help = REPLAY_HELP)]
    Replay(ReplayQuarantineArguments),
}

#[derive(Debug, Args)]
struct ShowQuarantineArguments {
    /// The id of the body
    #[arg(value_name = "ID")]
    body: String,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Args)]
struct ReplayQuarantineArguments {
    #[command(flatten)]
    pace: ReplayArguments,
    #[command(flatten)]
    choice: RecordArguments,
    #[command(flatten)]
    place: GatewayArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman quarantine list --integration arms_prod
  pointsman quarantine show 01KADZ3V9G0000000000000000
  pointsman quarantine replay --integration arms_prod    once the rules are fixed

Exit codes:
  0  done
  1  something was refused again
  2  the command line is wrong, does not say which are meant, or names an unknown integration
  3  there is no such body, or the journal could not be reached";

const LIST_HELP: &str = "\
Examples:
  pointsman quarantine list --integration arms_prod
  pointsman quarantine list --since 2h --json

Exit codes:
  0  listed
  2  the command line is wrong
  3  the journal could not be reached";

const SHOW_HELP: &str = "\
Example:
  pointsman quarantine show 01KADZ3V9G0000000000000000

Exit codes:
  0  shown
  2  the command line is wrong
  3  there is no such body, or the journal could not be reached";

const REPLAY_HELP: &str = "\
Examples:
  pointsman quarantine replay --integration arms_prod --dry-run
  pointsman quarantine replay --id 01KADZ3V9G0000000000000000

Exit codes:
  0  replayed
  1  something was refused again
  2  the command line is wrong, or does not say which are meant
  3  there is no such body, or the journal could not be reached";

/// Lists, shows or replays.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    match &arguments.action {
        QuarantineAction::List(listed) => list(listed, terminal),
        QuarantineAction::Show(shown) => show(shown, terminal),
        QuarantineAction::Replay(replaying) => replay(replaying, terminal),
    }
}

/// A refused body has no channel and no key to select by.
fn selection(choice: &RecordArguments, limit: Option<u32>, terminal: &mut Terminal) -> Result<RecordSelection, Exit> {
    let selection = choice.selection(limit, terminal)?;
    if selection.channel.is_some() || selection.key.is_some() {
        terminal.error("a refused body has no channel and no key");
        terminal.help("select by `--integration`, `--since`, `--until` or `--id`");
        return Err(Exit::Usage);
    }
    Ok(selection)
}

fn list(listed: &ListingArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let selection = selection(&listed.choice, None, terminal)?;
    let backend = OperationsBackend::open(&listed.place, terminal)?;
    let shown = listed.print(
        selection,
        |selection| backend.quarantine(selection),
        |selection| backend.count_quarantined(selection),
        terminal,
    )?;
    if listed.output.format() == ListingFormat::Text {
        let next =
            "`pointsman quarantine show ID` shows one; once the rules are fixed: `pointsman quarantine replay --id ID`";
        terminal.help(if shown == 0 { "no refused body is selected" } else { next });
    }
    Ok(Exit::Success)
}

fn show(shown: &ShowQuarantineArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let backend = OperationsBackend::open(&shown.place, terminal)?;
    let detail = backend.quarantined(&shown.body).map_err(|error| error.report(terminal))?;
    if shown.output.format() == ListingFormat::Json {
        listing::object(&detail, terminal);
        return Ok(Exit::Success);
    }
    let head = detail.refused.columns(&LocalTime::at(clock::at(None))).join("  ");
    let request: String = request::lines(&detail.request).into_iter().map(|line| line + "\n").collect();
    terminal.out.print(&format!("{}\n{request}{}\n", visible_line(&head), visible_text(detail.payload.trim_end())));
    Ok(Exit::Success)
}

fn replay(replaying: &ReplayQuarantineArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let selection = selection(&replaying.choice, replaying.pace.limit(), terminal)?;
    let task = ReplayTask {
        plan: OperationsBackend::plan_quarantine,
        replay_part: OperationsBackend::replay_quarantined,
        needs_rules: true,
        none: "no refused body",
        advice: "`pointsman run --rules PATH` maps a body without a gateway",
        request: ReplayRequest::default(),
    };
    task.run(&selection, &replaying.pace, &replaying.place, terminal)
}
