//! `pointsman dead`: deliveries that were given up.

use super::desk::{Choice, Desk, Place};
use super::exit::Exit;
use super::listing::{self, failed};
use super::terminal::Terminal;
use crate::gateway::operations::{Affected, Bulk};
use clap::{Args, Subcommand};

/// Lists dead letters, the deliveries that were given up; has them delivered again, or forgets them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists dead letters, the newest first
    List(Listed),
    /// Has dead letters delivered again: the same body, a new age limit
    Retry(Changed),
    /// Forgets dead letters
    Drop(Changed),
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
struct Changed {
    /// All of them, where nothing else is said
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    listed: Listed,
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
        Action::List(listed) => list(listed, terminal),
        Action::Retry(changed) => change(changed, "retry", Desk::retry_dead, terminal),
        Action::Drop(changed) => change(changed, "drop", Desk::drop_dead, terminal),
    }
}

fn list(listed: &Listed, terminal: &mut Terminal) -> Exit {
    let prepared = listed.choice.selection(terminal);
    let opened = prepared.and_then(|selection| Ok((selection, Desk::open(&listed.place, terminal)?)));
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
            Exit::Fine
        }
        Err(error) => failed(&error, terminal),
    }
}

fn change(
    changed: &Changed,
    verb: &str,
    act: fn(&Desk, &Bulk) -> Result<Affected, String>,
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
    let desk = match Desk::open(&changed.listed.place, terminal) {
        Ok(desk) => desk,
        Err(exit) => return exit,
    };
    match act(&desk, &Bulk { selection, all: changed.all }) {
        Ok(affected) => tell(affected, verb, changed.listed.json, desk.is_live(), terminal),
        Err(error) => failed(&error, terminal),
    }
}

fn tell(affected: Affected, verb: &str, json: bool, live: bool, terminal: &mut Terminal) -> Exit {
    if json {
        listing::object(&affected, terminal);
        return Exit::Fine;
    }
    let letters = if affected.affected == 1 { "dead letter" } else { "dead letters" };
    let done = if verb == "drop" { "forgotten" } else { "to be delivered again" };
    terminal.out.print(&format!("{} {letters} {done}\n", affected.affected));
    if !live && verb == "retry" && affected.affected > 0 {
        terminal.help("no gateway runs: they go out once `pointsman serve` does");
    }
    Exit::Fine
}
