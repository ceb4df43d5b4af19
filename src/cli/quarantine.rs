//! `pointsman quarantine`: bodies that were refused.

use super::desk::{Choice, Desk, Place};
use super::exit::Exit;
use super::listing::{self, Row as _, failed};
use super::replay::{Pace, Task};
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::gateway::operations::{Replay, Selection};
use clap::{Args, Subcommand};

/// Lists and shows bodies that were refused, and gives them to today's rules
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists refused bodies, the newest first
    List(Listed),
    /// Shows one
    Show(Shown),
    /// Gives refused bodies to today's rules; what they accept leaves the quarantine
    Replay(Replaying),
}

#[derive(Debug, Args)]
struct Listed {
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    place: Place,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Shown {
    /// Which
    #[arg(value_name = "ID")]
    body: String,
    #[command(flatten)]
    place: Place,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Replaying {
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    place: Place,
}

const EXAMPLES: &str = "\
Examples:
  pointsman quarantine list --integration arms_prod
  pointsman quarantine show 01KADZ3V9G0000000000000000
  pointsman quarantine replay --integration arms_prod      once the rules are mended

Exit codes:
  0  done
  1  something was refused again
  2  the command line is wrong, or does not say which are meant
  3  there is no such body, or the journal could not be reached";

/// Lists, shows or replays.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    let done = match &arguments.action {
        Action::List(listed) => list(listed, terminal),
        Action::Show(shown) => show(shown, terminal),
        Action::Replay(replaying) => replay(replaying, terminal),
    };
    done.unwrap_or_else(|exit| exit)
}

/// Dead letters have channels and keys; what no rule accepted has neither.
fn selection(choice: &Choice, terminal: &mut Terminal) -> Result<Selection, Exit> {
    let selection = choice.selection(terminal)?;
    if selection.channel.is_some() || selection.key.is_some() {
        terminal.error("a refused body has no channel and no key");
        terminal.help("select by `--integration`, `--since`, `--until` or `--id`");
        return Err(Exit::Usage);
    }
    Ok(selection)
}

fn list(listed: &Listed, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let selection = selection(&listed.choice, terminal)?;
    let desk = Desk::open(&listed.place, terminal)?;
    let page = desk.quarantine(&selection).map_err(|error| failed(&error, terminal))?;
    listing::print(&page.items, listed.json, terminal);
    if !listed.json && page.items.is_empty() {
        terminal.help("no refused body is selected");
    } else if !listed.json {
        terminal.help("`pointsman quarantine show ID` shows one; once the rules are mended: `pointsman quarantine replay --id ID`");
    }
    Ok(Exit::Fine)
}

fn show(shown: &Shown, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let desk = Desk::open(&shown.place, terminal)?;
    let detail = desk.quarantined(&shown.body).map_err(|error| failed(&error, terminal))?;
    if shown.json {
        listing::object(&detail, terminal);
        return Ok(Exit::Fine);
    }
    let head = detail.refused.columns().join("  ");
    for line in head.lines().chain(detail.payload.lines()) {
        terminal.out.print(&format!("{}\n", visible_line(line)));
    }
    Ok(Exit::Fine)
}

fn replay(replaying: &Replaying, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let selection = selection(&replaying.choice, terminal)?;
    let task = Task {
        plan: Desk::plan_quarantine,
        act: Desk::replay_quarantined,
        needs_rules: true,
        advice: "`pointsman run --rules PATH` shows what rules make of a body without one",
        request: Replay::default(),
    };
    Ok(task.run(&selection, &replaying.pace, &replaying.place, terminal))
}
