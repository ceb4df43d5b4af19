//! What the journal takes and gives: pushes, deliveries, attempts, refused payloads, and what is counted. Times are kept to
//! the millisecond.

use super::channel_policies::ChannelPolicies;
use super::event_state::EventState;
use super::heard::{HeardAlert, OwnPush};
use super::holds::PushHolds;
use super::notification::EventArrival;
use super::settle::GiveUpCause;
use super::{DeliveryId, EventId, PushId};
use crate::evaluate::RequestMetadata;
use crate::event::Severity;
use crate::notification::{MessageId, Sender};
use crate::reload::RuleSetHash;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The protocol of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The gateway itself: nothing was heard of a sender or of an alert.
    Clock,
}

impl PushOrigin {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Form => "form",
            Self::Flashduty => "flashduty",
            Self::Alertmanager => "alertmanager",
            Self::Replay => "replay",
            Self::Clock => "clock",
        }
    }
}

/// A push with everything that was decided about it.
#[derive(Debug, Clone)]
pub struct Push {
    /// Its id.
    pub id: PushId,
    /// The integration.
    pub integration: String,
    /// The protocol.
    pub origin: PushOrigin,
    /// When it was received.
    pub received: Timestamp,
    /// The generation of the rules that decided.
    pub generation: u64,
    /// Their files.
    pub rules: RuleSetHash,
    /// The payload that the mapping read.
    pub payload: Vec<u8>,
    /// What the request said besides, as far as mappings read it.
    pub request: RequestMetadata,
    /// The outcomes as one JSON array, each in the JSON of `event::Outcome`. The sender gets the same text.
    pub outcomes: Arc<str>,
    /// How many of them were sent somewhere.
    pub sent: u32,
    /// How many of them were dropped, or go to no channel.
    pub dropped: u32,
    /// Its deliveries, in the order of outcomes and channels.
    pub deliveries: Vec<NewDelivery>,
    /// The firings that it opens and closes, in the order of outcomes.
    pub transitions: Vec<FiringTransition>,
    /// The firings of its recoveries that were open when it was decided.
    pub open: Vec<OpenFiring>,
    /// Its events in channels that gather messages, in the order of outcomes and channels.
    pub arrivals: Vec<EventArrival>,
    /// How the channels of the rules that decided gather messages.
    pub policies: Arc<ChannelPolicies>,
    /// What mutes and silences say of its events; nothing where they arrived before, and change nothing of what is held.
    pub holds: Option<PushHolds>,
    /// The senders of which its events are beats.
    pub beats: Vec<Sender>,
    /// The alerts that its events are about, where the integration says when one is over of which nothing more is heard.
    pub heard: Vec<HeardAlert>,
    /// What it was made of, where the clock made it.
    pub own: Option<Arc<OwnPush>>,
    /// How a repetition is recognised, where the integration deduplicates.
    pub deduplicate: Option<Deduplication>,
    /// The push whose payload this replays.
    pub replay_of: Option<PushId>,
    /// Through how many deliveries of gateways it came.
    pub hops: u32,
}

/// The alert key of a firing and the channels in which it is open. In JSON it is the array `[key, [channel, …]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, Vec<String>)", into = "(String, Vec<String>)")]
pub struct OpenFiring {
    /// The alert key.
    pub key: String,
    /// The channels.
    pub channels: Vec<String>,
}

impl From<(String, Vec<String>)> for OpenFiring {
    fn from((key, channels): (String, Vec<String>)) -> Self {
        Self { key, channels }
    }
}

impl From<OpenFiring> for (String, Vec<String>) {
    fn from(open: OpenFiring) -> Self {
        (open.key, open.channels)
    }
}

/// How a repeated push is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deduplication {
    /// SHA-256 of the body, and of what mappings read besides.
    pub body_hash: [u8; 32],
    /// For how many milliseconds the same body counts as a repetition.
    pub window_ms: i64,
}

/// A rendered delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The position of its outcome.
    pub index: u32,
    /// The channel.
    pub channel: String,
    /// The channel's kind when it was rendered; no other kind sends it.
    pub kind: &'static str,
    /// The alert key; deliveries of one channel and key keep their order.
    pub key: String,
    /// The unsigned body; none where nothing is sent (`discard`), and the delivery counts as delivered at once.
    pub body: Option<Vec<u8>>,
    /// Notes of the rendering.
    pub notes: Vec<String>,
    /// The severity of a firing; nothing of a recovery. Where a channel cannot keep up, the worst goes first.
    pub urgency: Option<Severity>,
}

/// A change of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FiringTransition {
    /// The firing went to these channels, besides those in which it is open already.
    Opened {
        /// The alert key.
        key: String,
        /// The channels.
        channels: Vec<String>,
        /// The severity.
        severity: Severity,
        /// The position of its outcome.
        index: u32,
    },
    /// Its recovery was sent.
    Closed {
        /// The alert key.
        key: String,
        /// Channels in which it was open and that no longer exist. Each gets a dead letter.
        removed_channels: Vec<String>,
        /// The position of its outcome.
        index: u32,
    },
}

/// A delivery that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    /// Its id; rising in the order of acceptance.
    pub id: DeliveryId,
    /// Its event.
    pub event: EventId,
    /// The channel's kind when it was rendered.
    pub kind: String,
    /// The alert key.
    pub key: String,
    /// Attempts so far.
    pub attempts: u32,
    /// Not before this time.
    pub due: Timestamp,
    /// When its age limit begins: its receipt, or the moment of a replay.
    pub since: Timestamp,
    /// Whether an operator requested it again.
    pub replay: bool,
    /// Through how many deliveries of gateways its push came.
    pub hops: u32,
    /// The message of its channel that it is; nothing where it is an event.
    pub message: Option<MessageId>,
    /// The worst severity that a message tells of, or that of a firing.
    pub urgency: Option<Severity>,
}

/// The result of an attempt, for the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The delivery.
    pub delivery: DeliveryId,
    /// When the attempt ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took: u32,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// The result.
    pub result: SettlementResult,
}

/// What follows an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettlementResult {
    /// It is delivered.
    Delivered,
    /// It failed and is tried again.
    Retry {
        /// When.
        due: Timestamp,
        /// Why.
        reason: String,
    },
    /// It is given up.
    Dead {
        /// Why.
        reason: String,
        /// What that means for a message.
        cause: GiveUpCause,
    },
}

/// What was counted for an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationCounts {
    /// The integration.
    pub name: String,
    /// When the last push was received.
    pub latest: Timestamp,
    /// Pushes that were accepted.
    pub accepted: u64,
    /// Outcomes that were dropped.
    pub dropped: u64,
    /// Pushes that were refused.
    pub refused: u64,
    /// Events that were sent somewhere.
    pub sent: u64,
}

/// The refused payloads of an integration that are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineCounts {
    /// The integration.
    pub integration: String,
    /// How many there are.
    pub count: u64,
    /// When the last of them was received.
    pub latest: Timestamp,
    /// Why the last of them was refused.
    pub reason: String,
}

/// What was counted for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelCounts {
    /// The channel.
    pub name: String,
    /// Deliveries that succeeded.
    pub delivered: u64,
    /// Attempts that failed and are repeated.
    pub retried: u64,
    /// Dead letters.
    pub dead: u64,
    /// Pending deliveries.
    pub pending: u64,
    /// When the last delivery succeeded.
    pub latest: Option<Timestamp>,
    /// The last error.
    pub last_error: Option<ChannelError>,
    /// The wait that a receiver of the channel asked for last. It may be over, and the channel may have another receiver now.
    pub held: Option<StoredHold>,
}

/// A receiver, recognised over restarts: the digest of its kind and of its address or key, neither of which can be read
/// from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceiverDigest(pub [u8; 16]);

/// A wait that a receiver asked for. It holds for all channels with that receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHold {
    /// Who asked for it.
    pub receiver: ReceiverDigest,
    /// Until when nothing is sent.
    pub until: Timestamp,
    /// What the receiver said.
    pub reason: String,
}

/// An error of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelError {
    /// When it happened.
    pub at: Timestamp,
    /// Why the attempt failed.
    pub reason: String,
}

/// Which records are meant. What is not given does not restrict.
#[derive(Debug, Clone, Default)]
pub struct RecordFilter {
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Of this integration.
    pub integration: Option<String>,
    /// To this channel.
    pub channel: Option<String>,
    /// With this alert key.
    pub key: Option<String>,
    /// Of this push.
    pub push: Option<PushId>,
    /// Only this event of the push.
    pub index: Option<u32>,
    /// Before this push, for the next page.
    pub before: Option<PushId>,
    /// Of the push before which the page begins, the events after this one come first: the page before ended within it.
    pub before_index: Option<u32>,
    /// At most so many, of events with the rest of the last push; 0 is all.
    pub limit: usize,
}

/// One outcome of a push, with its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Which.
    pub id: EventId,
    /// The integration.
    pub integration: String,
    /// When the push was received.
    pub received: Timestamp,
    /// The protocol.
    pub origin: PushOrigin,
    /// The generation of the rules that decided.
    pub generation: u64,
    /// Their files.
    pub rules: RuleSetHash,
    /// The outcome, in the JSON of `event::Outcome`.
    pub outcome: String,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryRecord>,
    /// What has happened to it; nothing where it has no deliveries, and no channel gathers it or holds it back.
    pub state: Option<EventState>,
}

/// A delivery of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The channel.
    pub channel: String,
    /// Its state.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When an operator dropped it, after it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Timestamp>,
}

/// A page of events, the newest first. It ends with a whole push, so it may hold more events than the limit; but where a
/// page would take too much memory, it ends within a push.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPage {
    /// What was found.
    pub events: Vec<EventRecord>,
    /// The next page is before this push; nothing where there is none.
    pub next: Option<PushId>,
    /// The last event of that push on this page, where the page ends within it.
    pub next_index: Option<u32>,
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits, or is under way.
    Pending,
    /// It was delivered.
    Delivered,
    /// It was given up.
    Dead,
    /// It was given up, and an operator dropped it.
    Dropped,
}

impl DeliveryState {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
        }
    }
}

/// A push as it was stored.
#[derive(Debug, Clone)]
pub struct PushRecord {
    /// Its id.
    pub id: PushId,
    /// The integration.
    pub integration: String,
    /// The protocol.
    pub origin: PushOrigin,
    /// When it was received.
    pub received: Timestamp,
    /// The generation of the rules that decided.
    pub generation: u64,
    /// Their files.
    pub rules: RuleSetHash,
    /// The payload that the mapping read.
    pub payload: Vec<u8>,
    /// What the request said besides, as far as mappings read it.
    pub request: RequestMetadata,
    /// The outcomes.
    pub outcomes: Vec<String>,
    /// The firings of its recoveries that were open when it was decided.
    pub open: Vec<OpenFiring>,
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The channel.
    pub channel: String,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took: u32,
    /// The HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `delivered`, or why not.
    pub result: String,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterRecord {
    /// Its event.
    pub event: EventId,
    /// The channel.
    pub channel: String,
    /// The alert key.
    pub key: String,
    /// The integration.
    pub integration: String,
    /// When the push was received.
    pub received: Timestamp,
    /// When it was given up.
    pub died: Timestamp,
    /// Attempts before that.
    pub attempts: u32,
    /// Why.
    pub reason: String,
}
