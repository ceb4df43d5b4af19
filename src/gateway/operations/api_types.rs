//! The types of the admin API, which the command line reads. Times of records are RFC 3339 in UTC.

use super::RecordSelection;
use crate::gateway::journal::{
    AttemptRecord, DeadLetterRecord, DeliveryRecord, DeliveryState, EventRecord, PushOrigin, QuarantineRecord,
};
use serde::{Deserialize, Serialize};

/// A listing, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingPage<T> {
    /// What was found.
    pub items: Vec<T>,
    /// The id before which the next page begins; none on the last page. A page that is filtered by channel or key may be
    /// empty and still have a next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> ListingPage<T> {
    /// A listing of one page.
    #[must_use]
    pub const fn complete(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// One outcome of a push, with its deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSummary {
    /// Its id.
    pub id: String,
    /// The integration.
    pub integration: String,
    /// When the push was received.
    pub received: String,
    /// Its origin.
    pub door: String,
    /// The generation of the rules that decided.
    pub generation: u64,
    /// SHA-256 of their files.
    pub rules: String,
    /// The outcome, as `run` writes it.
    pub outcome: serde_json::Value,
    /// Its deliveries.
    pub deliveries: Vec<DeliverySummary>,
}

/// The state of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverySummary {
    /// The channel.
    pub channel: String,
    /// `pending`, `delivered`, `dead`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An event with its payload and its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDetail {
    /// The event.
    pub event: EventSummary,
    /// The payload that the mapping read.
    pub payload: String,
    /// The attempts to deliver it.
    pub attempts: Vec<AttemptSummary>,
}

/// An attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptSummary {
    /// The channel.
    pub channel: String,
    /// When it ended.
    pub at: String,
    /// How long it took, in milliseconds.
    pub took: u32,
    /// The HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `delivered`, or why not.
    pub result: String,
}

/// All that decided a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The push.
    pub push: String,
    /// The one outcome that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// The integration.
    pub integration: String,
    /// When it was received, in milliseconds since 1970: the time of the evaluation.
    pub received: i64,
    /// The generation of the rules.
    pub generation: u64,
    /// SHA-256 of their files.
    pub rules: String,
    /// The payload's bytes in base64.
    pub payload: String,
    /// The outcomes as they were stored.
    pub outcomes: Vec<String>,
    /// The keys that were open, and their channels.
    pub open: Vec<(String, Vec<String>)>,
    /// The rule files of that time in base64.
    pub archive: String,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterSummary {
    /// Its event.
    pub event: String,
    /// The channel.
    pub channel: String,
    /// The alert key.
    pub key: String,
    /// The integration.
    pub integration: String,
    /// When the push was received.
    pub received: String,
    /// When it was given up.
    pub died: String,
    /// Attempts before that.
    pub attempts: u32,
    /// Why.
    pub reason: String,
}

/// A refused body, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineSummary {
    /// Its id.
    pub id: String,
    /// The integration.
    pub integration: String,
    /// Its origin.
    pub door: String,
    /// When it was received.
    pub received: String,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: usize,
    /// Why.
    pub reason: String,
}

/// A refused body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineDetail {
    /// Its summary.
    pub refused: QuarantineSummary,
    /// The body; what is not UTF-8 is replaced.
    pub payload: String,
}

/// Which dead letters are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BulkRequest {
    /// These.
    pub selection: RecordSelection,
    /// Must be true for an empty selection.
    pub all: bool,
}

/// How many records were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedCount {
    /// Their number.
    pub affected: u64,
}

/// A push or refused body that a replay would repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayCandidate {
    /// Its id.
    pub id: String,
    /// The integration.
    pub integration: String,
    /// When it was received.
    pub received: String,
    /// Which of its events were selected; none for a refused body.
    pub events: Vec<u32>,
}

/// A part of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayRequest {
    /// What is replayed, in this order.
    pub ids: Vec<String>,
    /// Deliver the stored bodies instead of evaluating again.
    pub stored: bool,
    /// Of stored bodies, those to this channel only.
    pub channel: Option<String>,
    /// Of stored bodies, those with this alert key only.
    pub key: Option<String>,
    /// How many a second; 100 by default.
    pub rate: Option<u32>,
}

/// The result of replaying a push or body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayResult {
    /// What was replayed.
    pub id: String,
    /// The new push, if it was evaluated again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<String>,
    /// How many stored bodies are delivered again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<u64>,
    /// Why it was not replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

fn origin_name(origin: PushOrigin) -> String {
    match origin {
        PushOrigin::Push => "push",
        PushOrigin::Form => "form",
        PushOrigin::Flashduty => "flashduty",
        PushOrigin::Alertmanager => "alertmanager",
        PushOrigin::Replay => "replay",
    }
    .to_owned()
}

fn state_name(state: DeliveryState) -> String {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Dead => "dead",
    }
    .to_owned()
}

impl From<&EventRecord> for EventSummary {
    fn from(record: &EventRecord) -> Self {
        let delivery = |delivery: &DeliveryRecord| DeliverySummary {
            channel: delivery.channel.clone(),
            state: state_name(delivery.state),
            attempts: delivery.attempts,
            reason: delivery.reason.clone(),
        };
        Self {
            id: record.id.to_string(),
            integration: record.integration.clone(),
            received: record.received.to_string(),
            door: origin_name(record.origin),
            generation: record.generation,
            rules: record.rules.to_string(),
            // An outcome that is too long for the journal is cut, and is then shown as text.
            outcome: serde_json::from_str(&record.outcome)
                .unwrap_or_else(|_| serde_json::Value::from(record.outcome.clone())),
            deliveries: record.deliveries.iter().map(delivery).collect(),
        }
    }
}

impl From<&AttemptRecord> for AttemptSummary {
    fn from(record: &AttemptRecord) -> Self {
        Self {
            channel: record.channel.clone(),
            at: record.at.to_string(),
            took: record.took,
            status: record.status,
            result: record.result.clone(),
        }
    }
}

impl From<&DeadLetterRecord> for DeadLetterSummary {
    fn from(dead: &DeadLetterRecord) -> Self {
        Self {
            event: dead.event.to_string(),
            channel: dead.channel.clone(),
            key: dead.key.clone(),
            integration: dead.integration.clone(),
            received: dead.received.to_string(),
            died: dead.died.to_string(),
            attempts: dead.attempts,
            reason: dead.reason.clone(),
        }
    }
}

impl From<&QuarantineRecord> for QuarantineSummary {
    fn from(QuarantineRecord { refused }: &QuarantineRecord) -> Self {
        Self {
            id: refused.id.to_string(),
            integration: refused.integration.clone(),
            door: origin_name(refused.origin),
            received: refused.received.to_string(),
            status: refused.status,
            bytes: refused.payload.len(),
            reason: refused.reason.clone(),
        }
    }
}
