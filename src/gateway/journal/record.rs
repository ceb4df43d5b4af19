//! What the journal takes and gives. Times are milliseconds since 1970.

use crate::reload::RuleSetHash;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use ulid::Ulid;

/// Names one event of a push: `01J…-0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// The push.
    pub push: Ulid,
    /// The position among the push's outcomes, from 0.
    pub index: u32,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.push, self.index)
    }
}

impl FromStr for EventId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` names no event: expected something like 01KADZ3V9G0000000000000000-0");
        let (push, index) = text.split_once('-').ok_or_else(wrong)?;
        let push = Ulid::from_string(push).map_err(|_| wrong())?;
        Ok(Self { push, index: index.parse().map_err(|_| wrong())? })
    }
}

impl Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Which protocol a push came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PushOrigin {
    /// `POST /push/{integration}` with JSON.
    Push,
    /// `POST /push/{integration}` with a form, stored as JSON of its fields.
    Form,
    /// Flashduty's standard alert push.
    Flashduty,
    /// Alertmanager's v2 API, stored in the shape of its webhook.
    Alertmanager,
    /// An operator's replay.
    Replay,
}

/// A push with everything that was decided about it.
#[derive(Debug, Clone)]
pub struct Push {
    /// Its id.
    pub id: Ulid,
    /// The integration.
    pub integration: String,
    /// How it came.
    pub origin: PushOrigin,
    /// When it came.
    pub received: i64,
    /// The generation of the rules that decided.
    pub generation: u64,
    /// Their files.
    pub rules: RuleSetHash,
    /// The payload that the mapping read.
    pub payload: Vec<u8>,
    /// The outcomes as one JSON array, each in the JSON of `event::Outcome`. The sender is told the same text.
    pub outcomes: Arc<str>,
    /// How many of them were sent somewhere.
    pub sent: u32,
    /// How many of them were dropped, or sent nowhere.
    pub dropped: u32,
    /// What has to go to channels, in the order of outcomes and channels.
    pub deliveries: Vec<NewDelivery>,
    /// What opened and what closed, in the order of outcomes.
    pub transitions: Vec<FiringTransition>,
    /// What was open when it was decided: keys of recoveries and their channels, where anything was.
    pub open: Vec<(String, Vec<String>)>,
    /// SHA-256 of the body and for how many milliseconds a repetition is one; where the integration deduplicates.
    pub deduplicate: Option<([u8; 32], i64)>,
    /// The push whose payload this replays.
    pub replay_of: Option<Ulid>,
}

/// A rendered delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The position of its outcome.
    pub index: u32,
    /// The channel.
    pub channel: String,
    /// The channel's kind at the time; a delivery is not sent by another kind.
    pub kind: &'static str,
    /// The alert key; deliveries of one channel and key keep their order.
    pub key: String,
    /// The unsigned body; none where nothing is sent (`discard`), and the delivery counts as delivered at once.
    pub body: Option<Vec<u8>>,
    /// What rendering noted.
    pub notes: Vec<String>,
}

/// A change of what is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FiringTransition {
    /// A firing went to these channels (added to those where it is open already).
    Opened {
        /// The alert key.
        key: String,
        /// The channels.
        channels: Vec<String>,
    },
    /// A recovery went out.
    Closed {
        /// The alert key.
        key: String,
        /// Channels in which it was open and that no longer exist: a dead letter each.
        removed_channels: Vec<String>,
        /// The position of its outcome.
        index: u32,
    },
}

/// A delivery that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    /// Its id; rising in the order of acceptance.
    pub id: i64,
    /// Its event.
    pub event: EventId,
    /// The channel's kind when it was rendered.
    pub kind: String,
    /// The alert key.
    pub key: String,
    /// Attempts so far.
    pub attempts: u32,
    /// Not before this time.
    pub due: i64,
    /// When its age limit begins: its receipt, or the moment of a replay.
    pub since: i64,
    /// Whether an operator had it delivered again.
    pub replay: bool,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The delivery.
    pub delivery: i64,
    /// When the attempt ended.
    pub at: i64,
    /// How long it took, in milliseconds.
    pub took: u32,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// What follows.
    pub result: SettlementResult,
}

/// What follows an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettlementResult {
    /// It is delivered.
    Delivered,
    /// It is tried again at that time, for that reason.
    Retry {
        /// When.
        due: i64,
        /// Why.
        reason: String,
    },
    /// It is given up.
    Dead {
        /// Why.
        reason: String,
    },
}

/// What was counted for an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntegrationCounts {
    /// The integration.
    pub name: String,
    /// When the last push came.
    pub latest: i64,
    /// Pushes that were accepted.
    pub accepted: u64,
    /// Outcomes that were dropped.
    pub dropped: u64,
    /// Pushes that were refused.
    pub refused: u64,
    /// Events that were sent somewhere.
    pub sent: u64,
}

/// What was counted for a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelCounts {
    /// The channel.
    pub name: String,
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Attempts that failed and were to be repeated.
    pub retried: u64,
    /// Dead letters there are.
    pub dead: u64,
    /// Deliveries that wait.
    pub pending: u64,
    /// When the last one arrived.
    pub latest: Option<i64>,
    /// The last error, and when.
    pub last_error: Option<(i64, String)>,
}

/// Which records are meant; what is not said does not restrict.
#[derive(Debug, Clone, Default)]
pub struct RecordFilter {
    /// From this time on.
    pub since: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    /// Of this integration.
    pub integration: Option<String>,
    /// To this channel.
    pub channel: Option<String>,
    /// With this alert key.
    pub key: Option<String>,
    /// Of this push.
    pub push: Option<Ulid>,
    /// Only this event of the push.
    pub index: Option<u32>,
    /// Before this push, for the next page.
    pub before: Option<Ulid>,
    /// At most so many, of events with the rest of the last push; 0 is all.
    pub limit: usize,
}

/// One outcome of a push, with what became of its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Which.
    pub id: EventId,
    /// The integration.
    pub integration: String,
    /// When the push came.
    pub received: i64,
    /// How.
    pub origin: PushOrigin,
    /// The generation of the rules that decided.
    pub generation: u64,
    /// Their files.
    pub rules: RuleSetHash,
    /// The outcome, in the JSON of `event::Outcome`.
    pub outcome: String,
    /// Where each delivery stands: channel, state, attempts, last reason.
    pub deliveries: Vec<(String, DeliveryState, u32, Option<String>)>,
}

/// A page of events, the newest first. It ends with a whole push, so it may hold more than were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPage {
    /// What was found.
    pub events: Vec<EventRecord>,
    /// The next page is before this push; nothing where there is none.
    pub next: Option<Ulid>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits, or is under way.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Dead,
}

/// A push as it was stored.
#[derive(Debug, Clone)]
pub struct PushRecord {
    /// Its id.
    pub id: Ulid,
    /// The integration.
    pub integration: String,
    /// How it came.
    pub origin: PushOrigin,
    /// When.
    pub received: i64,
    /// The generation of the rules that decided.
    pub generation: u64,
    /// Their files.
    pub rules: RuleSetHash,
    /// The payload that the mapping read.
    pub payload: Vec<u8>,
    /// The outcomes.
    pub outcomes: Vec<String>,
    /// What was open when it was decided: key and channels, where anything was.
    pub open: Vec<(String, Vec<String>)>,
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptRecord {
    /// The channel.
    pub channel: String,
    /// When it ended.
    pub at: i64,
    /// How long it took, in milliseconds.
    pub took: u32,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// `delivered`, or why not.
    pub result: String,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetterRecord {
    /// Its event.
    pub event: EventId,
    /// The channel.
    pub channel: String,
    /// The alert key.
    pub key: String,
    /// The integration.
    pub integration: String,
    /// When the push came.
    pub received: i64,
    /// When it was given up.
    pub died: i64,
    /// Attempts before that.
    pub attempts: u32,
    /// Why.
    pub reason: String,
}

/// A body that was refused.
#[derive(Debug, Clone)]
pub struct RefusedPayload {
    /// Its id.
    pub id: Ulid,
    /// The integration.
    pub integration: String,
    /// How it came.
    pub origin: PushOrigin,
    /// When it came.
    pub received: i64,
    /// The bytes.
    pub payload: Vec<u8>,
    /// 400 or 422.
    pub status: u16,
    /// Why.
    pub reason: String,
}

/// A body in the quarantine.
#[derive(Debug, Clone)]
pub struct QuarantineRecord {
    /// What was refused.
    pub refused: RefusedPayload,
}
