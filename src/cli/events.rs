//! `pointsman events`: the events of the journal, and the state of their deliveries.

use super::backend::OperationsBackend;
use super::exit::Exit;
use super::listing::{self, ListingArguments, ListingFormat};
use super::terminal::Terminal;
use crate::diagnostic::{visible_line, visible_text};
use crate::gateway::operations::EventDetail;
use clap::Args;
use std::fmt::Write as _;

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
    let shown = listed.print(selection, |selection| backend.events(selection), terminal)?;
    if shown == 0 && format == ListingFormat::Text {
        terminal.help("the journal has no such event; `pointsman quarantine list` shows refused bodies");
    }
    Ok(Exit::Success)
}

fn show(detail: &EventDetail, format: ListingFormat, terminal: &mut Terminal) {
    match format {
        ListingFormat::Json => listing::object(detail, terminal),
        ListingFormat::Text => {
            terminal.out.print(&render(detail));
            terminal.help(&format!("`pointsman explain --event {}` explains it", detail.event.id));
        }
    }
}

fn render(detail: &EventDetail) -> String {
    let event = &detail.event;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:12} {}", visible_line(value));
    };
    line("event", &event.id.to_string());
    line("title", &listing::title(event));
    line("integration", &format!("{}, by {}", event.integration, event.origin.name()));
    line("received", &event.received.to_string());
    line("rules", &format!("generation {}, {}", event.generation, event.rules));
    line("outcome", &event.outcome.to_string());
    for delivery in &event.deliveries {
        let reason = delivery.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let state = format!("{} {}, attempts {}{reason}", delivery.channel, delivery.state.name(), delivery.attempts);
        line("delivery", &state);
    }
    for attempt in &detail.attempts {
        let status = attempt.status.map(|status| format!(" {status}")).unwrap_or_default();
        let result = format!("{} {}{status} in {} ms: {}", attempt.at, attempt.channel, attempt.took, attempt.result);
        line("attempt", &result);
    }
    // A payload is never cut, as the answer may be at its end.
    let _ = writeln!(text, "{:12} {}", "payload", visible_text(detail.payload.trim_end()));
    text
}
