//! `pointsman events`: the events of the journal, and the state of their deliveries.

use super::backend::OperationsBackend;
use super::exit::Exit;
use super::listing::{self, ListingArguments, ListingFormat};
use super::local_time::LocalTime;
use super::terminal::Terminal;
use super::{clock, event_story};
use crate::gateway::operations::EventDetail;
use clap::Args;

/// List events of the journal with their deliveries, or show one with its payload and attempts
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Show this event
    #[arg(value_name = "ID", conflicts_with_all = ["since", "until", "integration", "channel", "key", "id", "limit", "all"])]
    event: Option<String>,
    #[command(flatten)]
    listed: ListingArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman events --since 2h --integration arms_prod
  pointsman events --since 2h --all --json | jq -r '.outcome.event.title'
  pointsman events 01KADZ3V9G0000000000000000-0
  pointsman explain --event 01KADZ3V9G0000000000000000-0

Exit codes:
  0  listed
  2  the command line is wrong, or names an unknown integration or channel
  3  there is no such event, or the journal could not be reached";

/// Lists events, or shows one.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let listed = &arguments.listed;
    let format = listed.output.format();
    let selection = listed.choice.selection(None, terminal)?;
    let backend = OperationsBackend::open(&listed.place, terminal)?;
    if let Some(id) = &arguments.event {
        let detail = backend.event(id).map_err(|error| error.report(terminal))?;
        show(&detail, format, terminal);
        return Ok(Exit::Success);
    }
    let shown = listed.print(
        selection,
        |selection| backend.events(selection),
        |selection| backend.count_events(selection),
        terminal,
    )?;
    if shown == 0 && format == ListingFormat::Text {
        terminal.help("the journal has no such event; `pointsman quarantine list` shows refused bodies");
    }
    Ok(Exit::Success)
}

fn show(detail: &EventDetail, format: ListingFormat, terminal: &mut Terminal) {
    match format {
        ListingFormat::Json => listing::object(detail, terminal),
        ListingFormat::Text => {
            let time = LocalTime::at(clock::at(None));
            let story = event_story::render(detail, &time, terminal.out.layout());
            terminal.out.print(&story);
            terminal.help(&format!("`pointsman explain --event {}` explains it", detail.event.id));
        }
    }
}
