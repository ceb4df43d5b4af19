//! Listings for operators: one line per record with aligned columns, or one JSON object per line.

use super::backend::{GatewayArguments, RecordArguments};
use super::layout::TextLayout;
use super::table::TextTable;
use super::terminal::Terminal;
use crate::gateway::journal::{DeadLetterRecord, DeliveryRecord, DeliveryState};
use crate::gateway::operations::{
    EventSummary, ListingPage, QuarantineSummary, RecordSelection, ReplayCandidate, ReplayResult,
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

/// The arguments of a listing.
#[derive(Debug, Args)]
pub(super) struct ListingArguments {
    #[command(flatten)]
    pub(super) choice: RecordArguments,
    #[command(flatten)]
    pub(super) place: GatewayArguments,
    #[command(flatten)]
    pub(super) output: FormatArguments,
}

/// The selected records, page by page, up to a limit.
pub(super) fn all_pages<T>(
    mut selection: RecordSelection,
    limit: usize,
    mut page: impl FnMut(&RecordSelection) -> Result<ListingPage<T>, String>,
) -> Result<Vec<T>, String> {
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
    /// Its columns; the last may be long.
    fn columns(&self) -> Vec<String>;
}

/// Prints records.
pub(super) fn print<T: ListingRow + Serialize>(items: &[T], format: ListingFormat, terminal: &mut Terminal) {
    match format {
        ListingFormat::Json => items.iter().for_each(|item| object(item, terminal)),
        ListingFormat::Text => terminal.out.print(&table(items)),
    }
}

/// Prints one JSON object on a line.
pub(super) fn object(item: &impl Serialize, terminal: &mut Terminal) {
    let text = serde_json::to_string(item).unwrap_or_default();
    terminal.out.print(&format!("{text}\n"));
}

fn table<T: ListingRow>(items: &[T]) -> String {
    let mut table = TextTable::bare();
    for item in items {
        // Keys, titles and reasons come from senders.
        table.row(item.columns().iter().map(|text| visible_excerpt(text)).collect());
    }
    table.render(TextLayout::PLAIN)
}

/// `2026-03-06T18:00:00.123Z` to the second.
fn seconds(moment: &impl ToString) -> String {
    let moment = moment.to_string();
    moment.split_once('.').map(|(whole, _)| format!("{whole}Z")).unwrap_or(moment)
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
    fn columns(&self) -> Vec<String> {
        let word =
            |pointer: &str| self.outcome.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or("-").to_owned();
        let deliveries: Vec<String> = self.deliveries.iter().map(delivery).collect();
        let state = if deliveries.is_empty() { word("/outcome") } else { deliveries.join(", ") };
        vec![
            self.id.to_string(),
            seconds(&self.received),
            self.integration.clone(),
            word("/event/event_status"),
            state,
            title(self),
        ]
    }
}

impl ListingRow for DeadLetterRecord {
    fn columns(&self) -> Vec<String> {
        vec![
            self.event.to_string(),
            seconds(&self.died),
            self.integration.clone(),
            self.channel.clone(),
            self.key.clone(),
            plural(self.attempts, "attempt"),
            self.reason.clone(),
        ]
    }
}

impl ListingRow for QuarantineSummary {
    fn columns(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            seconds(&self.received),
            self.integration.clone(),
            self.status.to_string(),
            format!("{} bytes", self.bytes),
            self.reason.clone(),
        ]
    }
}

impl ListingRow for ReplayCandidate {
    fn columns(&self) -> Vec<String> {
        let events = match self.events.len() {
            0 => String::new(),
            count => plural(count, "event"),
        };
        vec![self.id.clone(), seconds(&self.received), self.integration.clone(), events]
    }
}

impl ListingRow for ReplayResult {
    fn columns(&self) -> Vec<String> {
        let result = match (&self.push, self.deliveries, &self.refused) {
            (_, _, Some(reason)) => format!("refused: {reason}"),
            (Some(push), _, None) => format!("accepted as {push}"),
            (None, Some(1), None) => "1 delivery again".to_owned(),
            (None, count, None) => format!("{} deliveries again", count.unwrap_or(0)),
        };
        vec![self.id.clone(), result]
    }
}

#[cfg(test)]
mod tests {
    use super::table;
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
        }
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
        let listing = table(&[
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
        assert_eq!(lines.len(), 2, "{listing}");
        assert!(!listing.contains('\u{1b}'));
        assert!(lines[0].contains("page delivered, chat dead after 12"), "{listing}");
        assert!(lines[1].ends_with("a test alert"), "{listing}");
        assert_eq!(lines[0].find("2026"), lines[1].find("2026"));
    }

    #[test]
    fn a_replay_shows_the_result_of_each_push() {
        let of = |push: Option<&str>, deliveries, refused: Option<&str>| ReplayResult {
            id: "A".into(),
            push: push.map(str::to_owned),
            deliveries,
            refused: refused.map(str::to_owned),
        };
        let listing = table(&[of(Some("B"), None, None), of(None, Some(2), None), of(None, None, Some("no mapping"))]);
        assert_eq!(listing, "A  accepted as B\nA  2 deliveries again\nA  refused: no mapping\n");
    }
}
