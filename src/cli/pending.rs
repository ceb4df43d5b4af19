//! `pointsman pending`: what waits for channels or is to be delivered to them, and dropping it.

use super::backend::{GatewayArguments, OperationsBackend};
use super::clock;
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingFormat, grouped};
use super::local_time::LocalTime;
use super::silence::AuthorArguments;
use super::table::TextTable;
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::event::channel_name;
use crate::gateway::operations::{
    PendingDropRequest, PendingDropResult, PendingListing, PendingSelection, PendingSummary,
};
use crate::text::plural;
use clap::{Args, Subcommand};
use std::io::{BufRead as _, Read as _};

/// Above so many, the number has to be typed.
const MOST_BY_YES: u64 = 100;

/// The most bytes of an answer.
const MAX_ANSWER: u64 = 100;

/// List what waits to be notified or delivered, or drop it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: PendingAction,
}

#[derive(Debug, Subcommand)]
enum PendingAction {
    /// List what is pending, by channel and severity, with the oldest
    #[command(after_help = LIST_HELP)]
    List(PendingListArguments),
    /// Drop what is pending in a channel and fires: it is not delivered, and nobody hears of its end
    #[command(after_help = DROP_HELP)]
    Drop(PendingDropArguments),
}

#[derive(Debug, Args)]
struct PendingListArguments {
    /// Only of this channel
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    #[command(flatten)]
    severities: PendingSeverityArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Args)]
struct PendingDropArguments {
    /// The channel
    #[arg(long, value_name = "NAME")]
    channel: String,
    #[command(flatten)]
    severities: PendingSeverityArguments,
    /// Why: shown wherever somebody looks for what was dropped
    #[arg(long, value_name = "WORDS")]
    because: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    author: AuthorArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Args)]
struct PendingSeverityArguments {
    /// Only of these severities, separated by commas: `Critical`, `Warning`, `Info`
    #[arg(long = "severity", value_name = "SEVERITY,…", value_delimiter = ',')]
    severities: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman pending list
  pointsman pending drop --channel chat --severity Info --because \"a test of the sender\"

Exit codes:
  0  listed, or dropped
  2  the command line is wrong, names an unknown channel, or the answer was no
  3  the journal could not be reached";

const LIST_HELP: &str = "\
Examples:
  pointsman pending list --channel chat
  pointsman pending list --severity Critical --json

The columns: alerts with news that waits, alerts in messages that are not delivered, and queued events of channels that \
get every event.

Exit codes:
  0  listed
  2  the command line is wrong, or names an unknown channel
  3  the journal could not be reached";

const DROP_HELP: &str = "\
Examples:
  pointsman pending drop --channel chat --severity Info --because \"a test of the sender\"
  pointsman pending drop --channel chat --because \"a storm that everybody knows\" --by ci --yes

It first says what it takes, and asks; above 100, the number has to be typed. What was dropped comes back only if it gets \
worse. Ends of what was notified before stay, and so does what is being delivered at the moment.

Exit codes:
  0  dropped, or nothing was pending
  2  the command line is wrong, names an unknown channel, or the answer was no
  3  the journal could not be reached";

/// Lists or drops.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    match &arguments.action {
        PendingAction::List(listed) => list(listed, terminal),
        PendingAction::Drop(dropped) => drop_pending(dropped, terminal),
    }
}

fn list(arguments: &PendingListArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let selection = PendingSelection {
        channel: arguments.channel.as_deref().map(channel_name),
        severities: arguments.severities.severities.clone(),
    };
    let backend = OperationsBackend::open(&arguments.place, terminal)?;
    let found = backend.pending(&selection).map_err(|error| error.report(terminal))?;
    if arguments.output.format() == ListingFormat::Json {
        found.items.iter().for_each(|pending| listing::object(pending, terminal));
        return Ok(Exit::Success);
    }
    if found.items.is_empty() {
        terminal.help("nothing is pending");
        return Ok(Exit::Success);
    }
    let shown = table(&found.items).render(terminal.out.layout());
    terminal.out.print(&shown);
    Ok(Exit::Success)
}

fn table(items: &[PendingSummary]) -> TextTable {
    let times = LocalTime::at(clock::at(None));
    let mut table =
        TextTable::new(&["channel", "severity", "waiting", "in messages", "events", "oldest"]).fitting(2, &[]);
    for pending in items {
        table.row(vec![
            visible_line(&pending.channel),
            pending.severity.clone(),
            pending.waiting.to_string(),
            pending.in_messages.to_string(),
            pending.events.to_string(),
            times.moment(&pending.oldest.to_string()),
        ]);
    }
    table
}

fn drop_pending(arguments: &PendingDropArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let (channel, by) = (channel_name(&arguments.channel), arguments.author.name(terminal)?);
    let severities = arguments.severities.severities.clone();
    let backend = OperationsBackend::open(&arguments.place, terminal)?;
    let selection = PendingSelection { channel: Some(channel.clone()), severities: severities.clone() };
    let PendingListing { at, items } = backend.pending(&selection).map_err(|error| error.report(terminal))?;
    let taken: Vec<PendingSummary> = items.into_iter().filter(PendingSummary::can_be_dropped).collect();
    let total: u64 = taken.iter().map(PendingSummary::total).sum();
    if total == 0 {
        terminal.help("nothing is pending there that can be dropped");
        return Ok(Exit::Success);
    }
    let shown = table(&taken).render(terminal.out.layout());
    terminal.note(&shown);
    if !arguments.yes && !is_confirmed(total, terminal) {
        terminal.error("nothing was dropped");
        terminal.help("answer as asked, or give `--yes` where nobody can answer");
        return Err(Exit::Usage);
    }
    let because = arguments.because.clone();
    let request = PendingDropRequest { channel, severities, at: Some(at.to_string()), because, by };
    let dropped = backend.drop_pending(&request).map_err(|error| error.report(terminal))?;
    if arguments.output.format() == ListingFormat::Json {
        listing::object(&dropped, terminal);
        return Ok(Exit::Success);
    }
    terminal.out.print(&format!("{}\n", summary(&dropped)));
    if dropped.under_way > 0 {
        let under_way = grouped(dropped.under_way);
        terminal.help(&format!("{under_way} being delivered stay: look again with `pointsman pending list`"));
    }
    Ok(Exit::Success)
}

/// `dropped from chat: 12 Critical, 3 Info`.
fn summary(dropped: &PendingDropResult) -> String {
    let counts = [(dropped.critical, "Critical"), (dropped.warning, "Warning"), (dropped.info, "Info")];
    let counts =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", grouped(*count)));
    let ends =
        (dropped.ends > 0).then(|| format!("{} of alerts of which nothing was sent", plural(dropped.ends, "end")));
    let all: Vec<String> = counts.chain(ends).collect();
    let all = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
    format!("dropped from {}: {all}", visible_line(&dropped.channel))
}

/// Asks whether so many are dropped.
fn is_confirmed(total: u64, terminal: &mut Terminal) -> bool {
    let expected = if total > MOST_BY_YES { total.to_string() } else { "yes".to_owned() };
    terminal.note(&format!("drop all of it, {}? type `{expected}`: ", grouped(total)));
    let mut answer = String::new();
    let input = std::io::stdin().lock().take(MAX_ANSWER).read_line(&mut answer);
    input.is_ok() && answer.trim() == expected
}
