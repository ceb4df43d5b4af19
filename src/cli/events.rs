//! `pointsman events`: the events of the journal, and the state of their deliveries.

use super::backend::{GatewayArguments, OperationsBackend, RecordArguments};
use super::exit::Exit;
use super::listing::{self, failed};
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::gateway::operations::{EventDetail, EventSummary, RecordSelection};
use clap::Args;
use std::fmt::Write as _;

/// List events of the journal with their deliveries, or show one with its payload and attempts
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Show this event
    #[arg(value_name = "ID", conflicts_with_all = ["since", "until", "integration", "channel", "key", "id", "limit"])]
    event: Option<String>,
    #[command(flatten)]
    choice: RecordArguments,
    #[command(flatten)]
    place: GatewayArguments,
    /// Write one JSON object per line
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  pointsman events --since 2h --integration arms_prod
  pointsman events 01KADZ3V9G0000000000000000-0
  pointsman explain --event 01KADZ3V9G0000000000000000-0

Exit codes:
  0  listed
  2  the command line is wrong
  3  there is no such event, or the journal could not be reached";

/// Lists events, or shows one.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    let selection = match arguments.choice.selection(terminal) {
        Ok(selection) => selection,
        Err(exit) => return exit,
    };
    let desk = match OperationsBackend::open(&arguments.place, terminal) {
        Ok(desk) => desk,
        Err(exit) => return exit,
    };
    if let Some(id) = &arguments.event {
        return match desk.event(id) {
            Ok(detail) => show(&detail, arguments.json, terminal),
            Err(error) => failed(&error, terminal),
        };
    }
    match all_pages(&desk, selection) {
        Ok(events) => {
            listing::print(&events, arguments.json, terminal);
            if events.is_empty() && !arguments.json {
                terminal.help("no event is selected; `pointsman quarantine list` shows refused bodies");
            }
            Exit::Success
        }
        Err(error) => failed(&error, terminal),
    }
}

/// All selected events, page by page, up to the limit.
fn all_pages(desk: &OperationsBackend, mut selection: RecordSelection) -> Result<Vec<EventSummary>, String> {
    let most = selection.limit_or_default();
    let mut events = Vec::new();
    loop {
        let page = desk.events(&selection)?;
        events.extend(page.items);
        if page.next.is_none() || events.len() >= most {
            events.truncate(most);
            return Ok(events);
        }
        selection.before = page.next;
    }
}

fn show(detail: &EventDetail, json: bool, terminal: &mut Terminal) -> Exit {
    if json {
        listing::object(detail, terminal);
        return Exit::Success;
    }
    terminal.out.print(&render(detail));
    terminal.help(&format!("`pointsman explain --event {}` says why", detail.event.id));
    Exit::Success
}

fn render(detail: &EventDetail) -> String {
    let event = &detail.event;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:12} {}", visible_line(value));
    };
    line("event", &event.id);
    line("title", &listing::title(event));
    line("integration", &format!("{}, by {}", event.integration, event.door));
    line("received", &event.received);
    line("rules", &format!("generation {}, {}", event.generation, event.rules));
    line("outcome", &event.outcome.to_string());
    for delivery in &event.deliveries {
        let reason = delivery.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let stands =
            format!("{} {}, attempts {}{reason}", delivery.channel, delivery.state, delivery.attempts);
        line("delivery", &stands);
    }
    for attempt in &detail.attempts {
        let status = attempt.status.map(|status| format!(" {status}")).unwrap_or_default();
        let told =
            format!("{} {}{status} in {} ms: {}", attempt.at, attempt.channel, attempt.took, attempt.result);
        line("attempt", &told);
    }
    line("payload", &detail.payload);
    text
}
