//! `pointsman groups`: the groups of channels that gather messages, and what each waits for.

use super::backend::{GatewayArguments, OperationsBackend};
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingFormat, ListingRow, PageArguments};
use super::local_time::LocalTime;
use super::messages::values;
use super::terminal::Terminal;
use crate::event::channel_name;
use crate::gateway::journal::GroupSummary;
use crate::gateway::operations::{RecordCount, RecordSelection};
use crate::notification::TimingReason;
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
        let next = match (self.is_undelivered, self.due) {
            (true, _) => "after its message is delivered".to_owned(),
            (false, None) => "when something changes".to_owned(),
            (false, Some(due)) => {
                let why = match self.timing {
                    Some(TimingReason::Repetition { .. }) => Some("again, if it still fires".to_owned()),
                    timing => timing.and_then(TimingReason::waiting),
                };
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                format!("{}{why}", time.clock(&due.to_string()))
            }
        };
        vec![
            name,
            self.channel.clone(),
            time.clock(&self.since.to_string()),
            self.firing.to_string(),
            self.news.to_string(),
            self.muted.to_string(),
            self.message.map(|message| message.to_string()).unwrap_or_default(),
            next,
        ]
    }
}
