//! `pointsman messages`: the messages of channels that gather them.

use super::backend::OperationsBackend;
use super::clock;
use super::exit::Exit;
use super::listing::{self, ListingArguments, ListingFormat, ListingPrinter, ListingRow};
use super::local_time::LocalTime;
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::gateway::journal::{GroupValueText, MessageState, MessageSummary, ToldAlertSummary};
use crate::gateway::operations::RecordCount;
use crate::notification::TimingReason;
use crate::text::{plural, quoted};
use clap::Args;

/// List messages of channels that gather them, or show one with the alerts of which it was news
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Show this message
    #[arg(value_name = "ID", conflicts_with_all = ["since", "until", "integration", "channel", "key", "id", "limit", "all"])]
    message: Option<String>,
    #[command(flatten)]
    listed: ListingArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman messages --channel chat --since 2h
  pointsman messages --since 1d --all --json | jq -r .reason | sort | uniq -c
  pointsman messages 01KADZ3V9G0000000000000000

A channel with `repeat = \"every_event\"` sends events, not messages: `pointsman events` lists them.

Exit codes:
  0  listed
  2  the command line is wrong, or names an unknown channel
  3  there is no such message, or the journal could not be reached";

/// Lists messages, or shows one.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let listed = &arguments.listed;
    let format = listed.output.format();
    let selection = listed.choice.selection(None, terminal)?;
    let backend = OperationsBackend::open(&listed.place, terminal)?;
    if let Some(id) = &arguments.message {
        return show(id, &backend, format, terminal);
    }
    let more = |_: &_| Ok(RecordCount { count: 0, is_complete: false });
    let shown = listed.print(selection, |selection| backend.messages(selection), more, terminal)?;
    if shown == 0 && format == ListingFormat::Text {
        terminal.help("the journal has no such message; `pointsman events` lists what arrived");
    }
    Ok(Exit::Success)
}

/// Shows a message, and page by page its alerts.
fn show(id: &str, backend: &OperationsBackend, format: ListingFormat, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let mut printer = ListingPrinter::new(format);
    let mut after: Option<String> = None;
    loop {
        let detail = backend.message(id, after.as_deref()).map_err(|error| error.report(terminal))?;
        match format {
            ListingFormat::Json => listing::object(&detail, terminal),
            ListingFormat::Text => {
                if after.is_none() {
                    terminal.out.print(&heading(&detail.message));
                }
                printer.print(&detail.alerts, terminal);
            }
        }
        after = detail.next;
        if after.is_none() || terminal.out.is_closed() {
            return Ok(Exit::Success);
        }
    }
}

fn heading(message: &MessageSummary) -> String {
    let time = LocalTime::at(clock::at(None));
    let at = time.moment(&message.at.to_string());
    let title = message.title.as_deref().map(|title| format!(" {}", quoted(title))).unwrap_or_default();
    let why = message.timing.and_then(TimingReason::told).map(|why| format!("; {why}")).unwrap_or_default();
    let channel = visible_line(&message.channel);
    let dropped = message.dropped.as_ref().map(|dropped| dropped.text(&|at| time.moment(&at.to_string())));
    let state = dropped.unwrap_or_else(|| state(message.state).to_owned());
    let (severity, status) = (&message.severity, &message.status);
    let what = format!("{}: {} to {channel}\n  {severity} {status}{title}\n", message.id, message.reason);
    let made = format!("  made {at}{why}; {state}\n");
    let counts = [
        (message.firing, "fire that were notified"),
        (message.critical, "of them Critical"),
        (message.resolved, "over"),
        (message.muted, "muted"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let groups = if message.groups > 1 {
        vec![format!("of {}", plural(message.groups, "group"))]
    } else {
        values(&message.group)
    };
    let facts: Vec<String> = groups.into_iter().chain(counts).collect();
    let facts = if facts.is_empty() { String::new() } else { format!("  {}\n", facts.join(", ")) };
    let told = if message.alerts == 0 {
        "it is news of no alert: what fires was told before".to_owned()
    } else {
        format!("news of {}", plural(message.alerts, "alert"))
    };
    format!("{what}{made}{facts}{told}\n")
}

fn state(state: MessageState) -> &'static str {
    match state {
        MessageState::Undelivered => "not delivered yet",
        MessageState::Delivered => "delivered",
        MessageState::GivenUp => "given up",
        MessageState::Dropped => "dropped",
    }
}

/// `cluster "a"`, and so on.
pub(super) fn values(group: &[GroupValueText]) -> Vec<String> {
    group.iter().map(|GroupValueText { name, value }| format!("{name} {}", quoted(value))).collect()
}

impl ListingRow for MessageSummary {
    const HEADING: &'static [&'static str] =
        &["message", "made", "channel", "reason", "status", "news", "firing", "state", "title"];
    const SPARE: &'static [&'static str] = &["firing", "state", "status"];

    fn columns(&self, time: &LocalTime) -> Vec<String> {
        let status = if self.status == "Firing" { &self.severity } else { &self.status };
        vec![
            self.id.to_string(),
            time.clock(&self.at.to_string()),
            self.channel.clone(),
            self.reason.clone(),
            status.clone(),
            self.alerts.to_string(),
            self.firing.to_string(),
            state(self.state).to_owned(),
            self.title.clone().unwrap_or_default(),
        ]
    }
}

impl ListingRow for ToldAlertSummary {
    const HEADING: &'static [&'static str] = &["event", "status", "integration", "key", "title"];
    const SPARE: &'static [&'static str] = &["integration", "key"];

    fn columns(&self, _: &LocalTime) -> Vec<String> {
        vec![
            self.event.to_string(),
            self.event_status.clone(),
            self.integration.clone(),
            self.key.clone(),
            self.title.clone(),
        ]
    }
}
