//! `pointsman groups`: the groups of channels that gather messages, and what each waits for.

use super::backend::{GatewayArguments, OperationsBackend};
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingFormat, ListingRow, PageArguments};
use super::local_time::LocalTime;
use super::messages::values;
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::event::channel_name;
use crate::gateway::journal::{ChannelPause, GroupSummary};
use crate::gateway::operations::{RecordCount, RecordSelection};
use crate::notification::TimingReason;
use crate::time::Timestamp;
use clap::Args;

/// List the open groups of channels that gather messages: what fires, what waits, and until when
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only of this channel
    #[arg(value_name = "CHANNEL")]
    channel: Option<String>,
    #[command(flatten)]
    pages: PageArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman groups chat
  pointsman groups --all --json | jq 'select(.news > 0)'

Groups that changed last come first. An alert without `group_by` values is a group of its own.

Exit codes:
  0  listed
  2  the command line is wrong, or names an unknown channel
  3  the journal could not be reached";

/// Lists groups.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let backend = OperationsBackend::open(&arguments.place, terminal)?;
    let channel = arguments.channel.as_deref().map(channel_name);
    let selection = RecordSelection { channel, ..RecordSelection::default() };
    let format = arguments.output.format();
    let more = |_: &_| Ok(RecordCount { count: 0, is_complete: false });
    let page = |selection: &_| backend.groups(selection);
    let shown = listing::print(format, arguments.pages, selection, page, more, terminal)?;
    if shown == 0 && format == ListingFormat::Text {
        terminal.help("no channel that gathers messages knows of an open alert");
    }
    Ok(Exit::Success)
}

impl ListingRow for GroupSummary {
    const HEADING: &'static [&'static str] = &["group", "channel", "since", "fire", "news", "muted", "message", "next"];
    const SPARE: &'static [&'static str] = &["message", "muted", "since"];

    fn columns(&self, time: &LocalTime) -> Vec<String> {
        let name = match (values(&self.values), &self.title) {
            (values, _) if !values.is_empty() => values.join(", "),
            (_, Some(title)) => title.clone(),
            (_, None) => self.id.clone(),
        };
        vec![
            name,
            self.channel.clone(),
            time.clock(&self.since.to_string()),
            self.firing.to_string(),
            self.news.to_string(),
            self.muted.to_string(),
            self.message.map(|message| message.to_string()).unwrap_or_default(),
            next(self, time),
        ]
    }
}

/// What a group waits for.
fn next(group: &GroupSummary, time: &LocalTime) -> String {
    let moment = |at: Timestamp| time.clock(&at.to_string());
    if let Some(ChannelPause { since, until, because, by }) = &group.paused {
        let (since, until) = (moment(*since), moment(*until));
        return visible_line(&format!("paused by {by} since {since}, until {until}: {because}"));
    }
    if group.is_undelivered {
        return "after its message is delivered".to_owned();
    }
    let Some(due) = group.due else {
        let held = group.held_by.as_ref().map(|held| visible_line(&held.text(&moment)));
        return held.unwrap_or_else(|| "when something changes".to_owned());
    };
    let why = match group.timing {
        Some(TimingReason::Repetition { .. }) => Some("again, if it still fires".to_owned()),
        timing => timing.and_then(TimingReason::waiting),
    };
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let at = if time.has_passed(due) { "now".to_owned() } else { moment(due) };
    format!("{at}{why}")
}
