//! The types of the admin API, which the command line reads. Times of records are RFC 3339 in UTC.

use super::RecordSelection;
use crate::evaluate::RequestMetadata;
use crate::gateway::journal::{
    AttemptRecord, ChannelFate, DeliveryRecord, EventId, EventRecord, EventState, MessageSummary, PushOrigin,
    RefusedSummary, ToldAlertSummary,
};
use crate::text::shorten;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

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

/// A message, and a page of the alerts of which it was news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDetail {
    /// The message.
    pub message: MessageSummary,
    /// The alerts, in the order in which they were told.
    pub alerts: Vec<ToldAlertSummary>,
    /// Where the next page begins (`after`); none on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One outcome of a push, with its deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSummary {
    /// Its id.
    pub id: EventId,
    /// The integration.
    pub integration: String,
    /// When the push was received.
    pub received: Timestamp,
    /// Its origin.
    #[serde(rename = "door")]
    pub origin: PushOrigin,
    /// The generation of the rules that decided.
    pub generation: u64,
    /// SHA-256 of their files.
    pub rules: String,
    /// The outcome, as `run` writes it.
    pub outcome: serde_json::Value,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryRecord>,
    /// What has happened to it: `held`, `waiting`, `sent`, `unchanged` or `untold`; nothing where it is for no channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<EventState>,
}

/// An event with its payload and its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDetail {
    /// The event.
    pub event: EventSummary,
    /// The payload that the mapping read.
    pub payload: String,
    /// What the request said besides, as far as mappings read it.
    #[serde(default, skip_serializing_if = "RequestMetadata::is_empty")]
    pub request: RequestMetadata,
    /// The attempts to deliver it.
    pub attempts: Vec<AttemptRecord>,
    /// The channels that still have to deliver it, and wait because their receivers asked for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldChannel>,
    /// What it is for each channel that gathers messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fates: Vec<ChannelFate>,
}

/// A channel whose receiver asked to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldChannel {
    /// The channel.
    pub channel: String,
    /// Until when nothing is sent.
    pub until: Timestamp,
    /// What the receiver said.
    pub reason: String,
}

/// How many records are selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCount {
    /// Their number, as far as they were counted.
    pub count: u64,
    /// Whether all were counted.
    pub is_complete: bool,
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
    /// The protocol of the push.
    #[serde(rename = "door", default = "pushed")]
    pub origin: PushOrigin,
    /// When it was received, in milliseconds since 1970: the time of the evaluation.
    pub received: i64,
    /// The generation of the rules.
    pub generation: u64,
    /// SHA-256 of their files.
    pub rules: String,
    /// The payload's bytes in base64.
    pub payload: String,
    /// What the request said besides, as far as mappings read it.
    #[serde(default, skip_serializing_if = "RequestMetadata::is_empty")]
    pub request: RequestMetadata,
    /// The outcomes as they were stored.
    pub outcomes: Vec<String>,
    /// The keys that were open, and their channels.
    pub open: Vec<(String, Vec<String>)>,
    /// The rule files of that time in base64.
    pub archive: String,
    /// What the one outcome that was asked for, or the first, is for each channel that gathers messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fates: Vec<ChannelFate>,
}

/// The protocol where an older gateway does not name it.
fn pushed() -> PushOrigin {
    PushOrigin::Push
}

/// A push, as far as it can be played again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPush {
    /// The integration.
    pub integration: String,
    /// Its origin.
    #[serde(rename = "door")]
    pub origin: PushOrigin,
    /// When it was received, in milliseconds since 1970: the time of the evaluation.
    pub received: i64,
    /// The payload's bytes in base64.
    pub payload: String,
    /// What the request said besides, as far as the mappings of then read it.
    #[serde(default, skip_serializing_if = "RequestMetadata::is_empty")]
    pub request: RequestMetadata,
    /// Whether it replayed a push that is kept too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_replay: bool,
}

/// A page of pushes, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPushPage {
    /// What was found.
    pub items: Vec<StoredPush>,
    /// The `after` of the next page; none on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
    /// How many pushes of the page are damaged and left out.
    #[serde(default)]
    pub damaged: u64,
    /// When the oldest push was received that is kept, whatever is selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
}

/// The files of a rule set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesRecord {
    /// Their generation.
    pub generation: u64,
    /// SHA-256 of the files.
    pub rules: String,
    /// The files in base64, compressed as the journal keeps them.
    pub archive: String,
}

/// A refused body, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineSummary {
    /// Its id.
    pub id: String,
    /// The integration.
    pub integration: String,
    /// Its origin.
    #[serde(rename = "door")]
    pub origin: PushOrigin,
    /// When it was received.
    pub received: Timestamp,
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
    /// What the request said besides, as far as mappings read it.
    #[serde(default, skip_serializing_if = "RequestMetadata::is_empty")]
    pub request: RequestMetadata,
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

impl From<&EventRecord> for EventSummary {
    fn from(record: &EventRecord) -> Self {
        Self {
            id: record.id,
            integration: record.integration.clone(),
            received: record.received,
            origin: record.origin,
            generation: record.generation,
            rules: record.rules.to_string(),
            // An outcome that is too long for the journal is cut, and is then shown as text.
            outcome: serde_json::from_str(&record.outcome)
                .unwrap_or_else(|_| serde_json::Value::from(record.outcome.clone())),
            deliveries: record.deliveries.clone(),
            state: record.state,
        }
    }
}

/// The longest outcome, in bytes of JSON, that a listing shows whole.
const MAX_LISTED_OUTCOME: usize = 16 << 10;
/// The characters of a text in a cut outcome.
const MAX_LISTED_TEXT: usize = 200;

impl EventSummary {
    /// For a listing: of a long outcome, only what tells events apart. It has a member `cut`.
    #[must_use]
    pub fn for_listing(record: &EventRecord) -> Self {
        if record.outcome.len() <= MAX_LISTED_OUTCOME {
            return Self::from(record);
        }
        let outcome = cut_outcome(&record.outcome)
            .unwrap_or_else(|| serde_json::Value::from(shorten(&record.outcome, MAX_LISTED_TEXT)));
        let empty = EventRecord { outcome: "null".to_owned(), ..record.clone() };
        Self { outcome, ..Self::from(&empty) }
    }
}

/// The short members of an outcome, with its long texts cut.
fn cut_outcome(outcome: &str) -> Option<serde_json::Value> {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(outcome).ok()?;
    let mut short = serde_json::Map::new();
    for (name, value) in members {
        let value = match name {
            "event" => {
                let event: BTreeMap<&str, &RawValue> = serde_json::from_str(value.get()).ok()?;
                let shown = ["severity", "status", "event_status", "title", "key"].into_iter();
                shown.filter_map(|name| Some((name.to_owned(), cut_value(event.get(name)?)?))).collect()
            }
            "reasons" => {
                let reasons: Vec<BTreeMap<&str, &RawValue>> = serde_json::from_str(value.get()).ok()?;
                let cut = |reason: &BTreeMap<&str, &RawValue>| -> serde_json::Value {
                    reason.iter().filter_map(|(name, value)| Some(((*name).to_owned(), cut_value(value)?))).collect()
                };
                reasons.iter().take(MAX_LISTED_REASONS).map(cut).collect()
            }
            _ => match cut_value(value) {
                Some(value) => value,
                None => continue,
            },
        };
        short.insert(name.to_owned(), value);
    }
    short.insert("cut".to_owned(), true.into());
    Some(serde_json::Value::Object(short))
}

/// The reasons in a cut outcome.
const MAX_LISTED_REASONS: usize = 3;

/// A short value as it is, and the beginning of a long text; nothing of anything else.
fn cut_value(value: &RawValue) -> Option<serde_json::Value> {
    if value.get().len() <= MAX_LISTED_TEXT {
        return serde_json::from_str(value.get()).ok();
    }
    let text: String = serde_json::from_str(value.get()).ok()?;
    Some(serde_json::Value::from(shorten(&text, MAX_LISTED_TEXT)))
}

impl From<&RefusedSummary> for QuarantineSummary {
    fn from(refused: &RefusedSummary) -> Self {
        Self {
            id: refused.id.to_string(),
            integration: refused.integration.clone(),
            origin: refused.origin,
            received: refused.received,
            status: refused.status,
            bytes: usize::try_from(refused.bytes).unwrap_or(usize::MAX),
            reason: refused.reason.clone(),
        }
    }
}
