//! Listings for operators: one line per record with aligned columns, or one JSON object per line.

use super::backend::{BackendResult, GatewayArguments, RecordArguments};
use super::clock;
use super::exit::Exit;
use super::layout::TextLayout;
use super::local_time::LocalTime;
use super::table::TextTable;
use super::terminal::Terminal;
use crate::gateway::journal::{DeadLetterRecord, DeliveryRecord, DeliveryState, EventState};
use crate::gateway::operations::{
    EventSummary, ListingPage, QuarantineSummary, RecordCount, RecordSelection, ReplayCandidate, ReplayResult,
};
use crate::ruleset::visible_excerpt;
use crate::text::plural;
use clap::Args;
use serde::Serialize;

/// A format of listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListingFormat {
    /// Aligned columns.
    Text,
    /// One JSON object per line.
    Json,
}

/// The argument that chooses the format.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct FormatArguments {
    /// Write one JSON object per line
    #[arg(long)]
    json: bool,
}

impl FormatArguments {
    pub(super) fn format(self) -> ListingFormat {
        if self.json { ListingFormat::Json } else { ListingFormat::Text }
    }
}

/// The arguments that bound a listing.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct PageArguments {
    /// At most this many, the newest
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// All that are selected, page by page
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// The arguments of a listing.
#[derive(Debug, Args)]
pub(super) struct ListingArguments {
    #[command(flatten)]
    pub(super) choice: RecordArguments,
    #[command(flatten)]
    pages: PageArguments,
    #[command(flatten)]
    pub(super) place: GatewayArguments,
    #[command(flatten)]
    pub(super) output: FormatArguments,
}

/// The most records for which a listing asks at once.
const PAGE: usize = 1_000;

impl ListingArguments {
    /// Prints the selected records page by page, and says how many it leaves out; how many were printed.
    ///
    /// # Errors
    /// If a page cannot be read; the error is printed.
    pub(super) fn print<T: ListingRow + Serialize>(
        &self,
        selection: RecordSelection,
        page: impl Fn(&RecordSelection) -> BackendResult<ListingPage<T>>,
        count: impl Fn(&RecordSelection) -> BackendResult<RecordCount>,
        terminal: &mut Terminal,
    ) -> Result<usize, Exit> {
        print(self.output.format(), self.pages, selection, page, count, terminal)
    }
}

/// As [`ListingArguments::print`], for records that are selected in another way.
///
/// # Errors
/// As there.
pub(super) fn print<T: ListingRow + Serialize>(
    format: ListingFormat,
    pages: PageArguments,
    mut selection: RecordSelection,
    page: impl Fn(&RecordSelection) -> BackendResult<ListingPage<T>>,
    count: impl Fn(&RecordSelection) -> BackendResult<RecordCount>,
    terminal: &mut Terminal,
) -> Result<usize, Exit> {
    let limit = usize::try_from(pages.limit).unwrap_or(usize::MAX);
    let limit = if pages.all { usize::MAX } else { limit };
    let mut printer = ListingPrinter::new(format);
    let mut shown = 0;
    while !terminal.out.is_closed() {
        let left = limit - shown;
        selection.limit = Some(left.min(PAGE));
        let mut found = page(&selection).map_err(|error| error.report(terminal))?;
        // A page ends with a whole push, so it may hold more than it was asked for.
        let cut = found.items.len().saturating_sub(left) as u64;
        found.items.truncate(left);
        shown += found.items.len();
        printer.print(&found.items, terminal);
        let has_next = found.next.is_some();
        selection.before = found.next;
        if shown == limit {
            let rest = if has_next { count(&selection) } else { Ok(RecordCount { count: 0, is_complete: true }) };
            let rest = rest.map_err(|error| error.report(terminal))?;
            say_more(shown, RecordCount { count: rest.count + cut, ..rest }, terminal);
            break;
        }
        if !has_next {
            break;
        }
    }
    Ok(shown)
}

/// `1,447 more are not shown …`
fn say_more(shown: usize, rest: RecordCount, terminal: &mut Terminal) {
    let more = match rest {
        RecordCount { count: 0, is_complete: true } => return,
        RecordCount { count: 0, is_complete: false } => "more".to_owned(),
        RecordCount { count, is_complete: true } => format!("{} more", grouped(count)),
        RecordCount { count, is_complete: false } => format!("more than {} more", grouped(count)),
    };
    let are = if rest == (RecordCount { count: 1, is_complete: true }) { "is" } else { "are" };
    terminal.help(&format!(
        "{more} {are} not shown, only the newest {}: `--limit COUNT` shows as many as you want, `--all` shows all",
        grouped(shown as u64)
    ));
}

/// A number with its digits in groups: `1,447`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The selected records, page by page, up to a limit.
pub(super) fn all_pages<T>(
    mut selection: RecordSelection,
    limit: usize,
    mut page: impl FnMut(&RecordSelection) -> BackendResult<ListingPage<T>>,
) -> BackendResult<Vec<T>> {
    let mut items = Vec::new();
    while items.len() < limit {
        let found = page(&selection)?;
        items.extend(found.items);
        if found.next.is_none() {
            break;
        }
        selection.before = found.next;
    }
    items.truncate(limit);
    Ok(items)
}

/// A record in a listing.
pub(super) trait ListingRow {
    /// The titles of its columns.
    const HEADING: &'static [&'static str];
    /// The columns that a narrow terminal leaves out, the first first. The first column, an id, is always whole.
    const SPARE: &'static [&'static str];

    /// Its columns; the last may be long.
    fn columns(&self, time: &LocalTime) -> Vec<String>;
}

/// Prints records, under one heading.
pub(super) struct ListingPrinter {
    format: ListingFormat,
    time: LocalTime,
    is_first: bool,
}

impl ListingPrinter {
    /// A printer that has printed nothing.
    pub(super) fn new(format: ListingFormat) -> Self {
        Self { format, time: LocalTime::at(clock::at(None)), is_first: true }
    }

    /// Prints some records.
    pub(super) fn print<T: ListingRow + Serialize>(&mut self, items: &[T], terminal: &mut Terminal) {
        match self.format {
            ListingFormat::Json => items.iter().for_each(|item| object(item, terminal)),
            ListingFormat::Text if items.is_empty() => {}
            ListingFormat::Text => {
                let layout = terminal.out.layout();
                let text = table(items, &self.time, layout).render(layout);
                // The heading stands once.
                let rows =
                    if self.is_first { Some(text.as_str()) } else { text.split_once('\n').map(|(_, rows)| rows) };
                terminal.out.print(rows.unwrap_or_default());
                self.is_first = false;
            }
        }
    }
}

/// Prints one JSON object on a line.
pub(super) fn object(item: &impl Serialize, terminal: &mut Terminal) {
    let text = serde_json::to_string(item).unwrap_or_default();
    terminal.out.print(&format!("{text}\n"));
}

/// The columns of a terminal that shows the titles of times in short.
const NARROW: usize = 100;

fn table<T: ListingRow>(items: &[T], time: &LocalTime, layout: TextLayout) -> TextTable {
    let is_narrow = layout.width.is_some_and(|columns| columns < NARROW);
    // The zone of times is said once.
    let title = |title: &&str| match *title {
        "received" | "given up" | "made" | "since" if is_narrow => format!("at {}", time.offset()),
        "received" | "given up" | "made" | "since" => format!("{title} ({})", time.offset()),
        title => title.to_owned(),
    };
    let heading: Vec<String> = T::HEADING.iter().map(title).collect();
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let mut table = TextTable::new(&heading).fitting(2, T::SPARE);
    for item in items {
        // Keys, titles and reasons come from senders.
        table.row(item.columns(time).iter().map(|text| visible_excerpt(text)).collect());
    }
    table
}

/// The deliveries of an event, the worst first: each of two, and the number in each state of more.
fn deliveries(found: &[DeliveryRecord]) -> String {
    let worst_first = [DeliveryState::Dead, DeliveryState::Pending, DeliveryState::Dropped, DeliveryState::Delivered];
    let in_state = |state: DeliveryState| found.iter().filter(move |delivery| delivery.state == state);
    let shown: Vec<String> = if found.len() <= 2 {
        worst_first.into_iter().flat_map(in_state).map(delivery).collect()
    } else {
        let counted = |state: DeliveryState| (in_state(state).count(), state.name());
        let counts = worst_first.into_iter().map(counted).filter(|(count, _)| *count > 0);
        counts.map(|(count, state)| format!("{count} {state}")).collect()
    };
    shown.join(", ")
}

fn delivery(delivery: &DeliveryRecord) -> String {
    let attempts = match (delivery.state, delivery.attempts) {
        (DeliveryState::Delivered, 0 | 1)
        | (DeliveryState::Pending | DeliveryState::Dead | DeliveryState::Dropped, 0) => String::new(),
        (
            DeliveryState::Delivered | DeliveryState::Pending | DeliveryState::Dead | DeliveryState::Dropped,
            attempts,
        ) => {
            format!(" after {attempts}")
        }
    };
    format!("{} {}{attempts}", delivery.channel, delivery.state.name())
}

/// The title of an event, or the reason why there is none.
pub(super) fn title(event: &EventSummary) -> String {
    let text = |pointer: &str| event.outcome.pointer(pointer).and_then(serde_json::Value::as_str);
    let because = || text("/reasons/0/reason");
    text("/event/title").or_else(because).or_else(|| event.outcome.as_str()).unwrap_or_default().to_owned()
}

impl ListingRow for EventSummary {
    const HEADING: &'static [&'static str] = &["event", "received", "integration", "status", "deliveries", "title"];
    const SPARE: &'static [&'static str] = &["integration", "status"];

    fn columns(&self, time: &LocalTime) -> Vec<String> {
        let word =
            |pointer: &str| self.outcome.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or("-").to_owned();
        let state = match (self.deliveries.is_empty(), self.state) {
            (true, Some(state)) => state.word().to_owned(),
            (true, None) => word("/outcome"),
            (false, Some(state @ (EventState::Held | EventState::Waiting))) => {
                format!("{}, {}", state.word(), deliveries(&self.deliveries))
            }
            (false, Some(EventState::Untold | EventState::Unchanged | EventState::Sent) | None) => {
                deliveries(&self.deliveries)
            }
        };
        vec![
            self.id.to_string(),
            time.clock(&self.received.to_string()),
            self.integration.clone(),
            word("/event/event_status"),
            state,
            title(self),
        ]
    }
}

impl ListingRow for DeadLetterRecord {
    const HEADING: &'static [&'static str] =
        &["event", "given up", "integration", "channel", "key", "attempts", "reason"];
    const SPARE: &'static [&'static str] = &["integration", "attempts"];

    fn columns(&self, time: &LocalTime) -> Vec<String> {
        vec![
            self.event.to_string(),
            time.clock(&self.died.to_string()),
            self.integration.clone(),
            self.channel.clone(),
            self.key.clone(),
            self.attempts.to_string(),
            self.reason.clone(),
        ]
    }
}

impl ListingRow for QuarantineSummary {
    const HEADING: &'static [&'static str] = &["id", "received", "integration", "status", "bytes", "reason"];
    const SPARE: &'static [&'static str] = &["bytes", "status"];

    fn columns(&self, time: &LocalTime) -> Vec<String> {
        vec![
            self.id.clone(),
            time.clock(&self.received.to_string()),
            self.integration.clone(),
            self.status.to_string(),
            self.bytes.to_string(),
            self.reason.clone(),
        ]
    }
}

impl ListingRow for ReplayCandidate {
    const HEADING: &'static [&'static str] = &["push", "received", "integration", "events"];
    const SPARE: &'static [&'static str] = &[];

    fn columns(&self, time: &LocalTime) -> Vec<String> {
        let events = match self.events.len() {
            0 => String::new(),
            count => plural(count, "event"),
        };
        vec![self.id.clone(), time.clock(&self.received.clone()), self.integration.clone(), events]
    }
}

impl ListingRow for ReplayResult {
    const HEADING: &'static [&'static str] = &["replayed", "result"];
    const SPARE: &'static [&'static str] = &[];

    fn columns(&self, _: &LocalTime) -> Vec<String> {
        let result = match (&self.push, self.deliveries, &self.refused) {
            (_, _, Some(reason)) => format!("refused: {reason}"),
            (Some(push), _, None) => format!("accepted as {push}"),
            (None, Some(1), None) => "1 delivery is sent again".to_owned(),
            (None, count, None) => format!("{} deliveries are sent again", count.unwrap_or(0)),
        };
        vec![self.id.clone(), result]
    }
}

#[cfg(test)]
mod tests {
    use super::{ListingRow, table};
    use crate::cli::layout::TextLayout;
    use crate::cli::local_time::LocalTime;
    use crate::gateway::journal::{DeliveryRecord, DeliveryState, PushOrigin};
    use crate::gateway::operations::{EventSummary, ReplayResult};
    use crate::time::Timestamp;

    fn event(id: &str, outcome: &str, deliveries: Vec<DeliveryRecord>) -> EventSummary {
        EventSummary {
            id: id.parse().unwrap(),
            integration: "arms".into(),
            received: Timestamp::read("2026-03-06T18:00:00.123Z").unwrap(),
            origin: PushOrigin::Push,
            generation: 1,
            rules: "00".into(),
            outcome: serde_json::from_str(outcome).unwrap(),
            deliveries,
            state: None,
        }
    }

    fn shown<T: ListingRow>(items: &[T]) -> String {
        table(items, &LocalTime::in_zone("Asia/Shanghai", "2026-03-07T02:00:00Z"), TextLayout::PLAIN)
            .render(TextLayout::PLAIN)
    }

    #[test]
    fn a_listing_is_aligned_and_without_control_characters() {
        let delivery = |channel: &str, state, attempts, reason: Option<&str>| DeliveryRecord {
            channel: channel.into(),
            state,
            attempts,
            reason: reason.map(str::to_owned),
            dropped: None,
        };
        let sent = r#"{"outcome":"sent","event":{"event_status":"Critical","title":"disk\nfull \u001b[2J"}}"#;
        let dropped = r#"{"outcome":"dropped","reasons":[{"reason":"a test alert","at":"arms.rules:4"}]}"#;
        let listing = shown(&[
            event(
                "01KADZ3V9G0000000000000000-0",
                sent,
                vec![
                    delivery("page", DeliveryState::Delivered, 1, None),
                    delivery("chat", DeliveryState::Dead, 12, Some("gone")),
                ],
            ),
            event("01KADZ3V9G0000000000000000-10", dropped, vec![]),
        ]);
        let lines: Vec<&str> = listing.lines().collect();
        assert_eq!(lines.len(), 3, "{listing}");
        assert!(lines[0].starts_with("event") && lines[0].contains("received (+08:00)"), "{listing}");
        assert!(lines[1].contains("02:00:00"), "{listing}");
        assert!(!listing.contains('\u{1b}'));
        assert!(lines[1].contains("chat dead after 12, page delivered"), "{listing}");
        assert!(lines[2].ends_with("a test alert"), "{listing}");
        assert_eq!(lines[1].find("arms"), lines[2].find("arms"));
    }

    #[test]
    fn a_replay_shows_the_result_of_each_push() {
        let of = |push: Option<&str>, deliveries, refused: Option<&str>| ReplayResult {
            id: "A".into(),
            push: push.map(str::to_owned),
            deliveries,
            refused: refused.map(str::to_owned),
        };
        let listing = shown(&[of(Some("B"), None, None), of(None, Some(2), None), of(None, None, Some("no mapping"))]);
        assert_eq!(
            listing,
            "replayed  result\nA         accepted as B\nA         2 deliveries are sent again\nA         refused: no mapping\n"
        );
    }
}
