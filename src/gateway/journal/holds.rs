//! Mutes and silences in the journal: what is asked of an event, and the records of what is held.
//!
//! The tracker is `crate::notification::holds`; here it works on the records of a store. What the conditions say of an event
//! is asked before its push waits for the writer. Where the rules or the silences are others by then, it is asked again within
//! the transaction ([`HoldAsker`]), so that nothing escapes a mute or silence that is durable.

use super::fallback_event::FallbackEvent;
use super::{EventId, OperatorDrop, SilenceList, StoreError, StoreResult};
use crate::evaluate::HoldBudget;
use crate::event::Severity;
use crate::notification::holds::{
    AlertFacts, HoldCandidate, HoldEffect, HoldExplanation, HoldReason, HoldStore, SourceRole,
};
use crate::notification::{AlertId, EveryEventRecord};
use crate::time::{DurationText, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// By which rules and silences an event was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AskedVersion {
    /// The rules.
    pub rules: AskedRules,
    /// The number of the list of silences; 0 where there are none.
    pub silences: u64,
}

/// By which rules an event was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AskedRules {
    /// Their generation.
    pub generation: u64,
    /// Whether they have mutes.
    pub have_mutes: bool,
}

impl AskedVersion {
    /// Whether there is nothing to ask.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        !self.rules.have_mutes && self.silences == 0
    }
}

/// What the mutes and silences say of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedEvent {
    /// The position of its outcome.
    pub index: u32,
    /// Its alert.
    pub alert: AlertId,
    /// Its key.
    pub key: String,
    /// Its severity; nothing where it is a recovery.
    pub firing: Option<Severity>,
    /// What is said.
    pub facts: AlertFacts,
}

/// What the mutes and silences say of the events of a push.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushHolds {
    /// Those that were asked.
    pub asked: AskedVersion,
    /// The events in their order; none where there is nothing to ask.
    pub events: Vec<AskedEvent>,
    /// What no mute or silence holds, in the order of events.
    pub copies: Vec<EventCopy>,
}

/// An event that an `always` line gives to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCopy {
    /// The position of its outcome.
    pub index: u32,
    /// The channel.
    pub channel: String,
}

impl PushHolds {
    /// Roughly how many bytes it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let words = |candidate: &HoldCandidate| match candidate {
            HoldCandidate::Mute(mute) => {
                let channels = mute.channels.iter().flatten().map(|channel| channel.len() + size_of::<String>());
                mute.mute.len() + mute.place.len() + mute.because.len() + channels.sum::<usize>()
            }
            HoldCandidate::Silence(_) => 0,
        };
        let of = |event: &AskedEvent| {
            let candidates = event.facts.candidates.iter().map(|one| size_of::<HoldCandidate>() + words(one));
            let roles = event.facts.roles.len() * size_of::<SourceRole>();
            size_of::<AskedEvent>() + event.key.len() + candidates.sum::<usize>() + roles
        };
        let copies = self.copies.iter().map(|copy| size_of::<EventCopy>() + copy.channel.len());
        self.events.iter().map(of).chain(copies).sum()
    }

    /// Whether a channel gets an event as a copy.
    #[must_use]
    pub fn is_copy(&self, index: u32, channel: &str) -> bool {
        let begin = self.copies.partition_point(|copy| copy.index < index);
        let mut copies = self.copies.iter().skip(begin).take_while(|copy| copy.index == index);
        copies.any(|copy| copy.channel == channel)
    }
}

/// Asks the mutes of the rules in force and silences.
pub trait HoldAsker: Send + Sync {
    /// The rules in force.
    fn rules(&self) -> AskedRules;

    /// What is said of a stored event, at this moment; nothing where it cannot be read.
    fn ask(
        &self,
        silences: &SilenceList,
        integration: &str,
        outcome: &str,
        index: u32,
        budget: &mut HoldBudget,
    ) -> Option<AskedEvent>;

    /// The channel that is told instead of one, by the rules in force.
    fn fallback(&self, _channel: &str) -> Option<String> {
        None
    }

    /// What a stored event is for a channel that gets it as a fallback; nothing where it cannot be read, or where the rules in
    /// force have no such channel.
    fn event_in(&self, _channel: &str, _integration: &str, _outcome: &str) -> Option<FallbackEvent> {
        None
    }
}

/// No mutes, and silences that hold nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMutes;

impl HoldAsker for NoMutes {
    fn rules(&self) -> AskedRules {
        AskedRules::default()
    }

    fn ask(
        &self,
        _silences: &SilenceList,
        _integration: &str,
        _outcome: &str,
        _index: u32,
        _budget: &mut HoldBudget,
    ) -> Option<AskedEvent> {
        None
    }
}

/// The last event of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastEvent {
    /// The event.
    pub event: EventId,
    /// When its push was received.
    pub received: Timestamp,
    /// The integration.
    pub integration: String,
    /// The outcome, in the JSON of `event::Outcome`.
    pub outcome: String,
}

/// What a store keeps of holds.
#[expect(clippy::missing_errors_doc, reason = "every method fails where the store does, and only then")]
pub trait HoldRecords: HoldStore<Error = StoreError> {
    /// Notes the last event of an alert of which something is kept.
    fn note_event(&mut self, alert: AlertId, event: EventId) -> StoreResult<()>;

    /// Which is the last event of an alert, as far as a record of it has one.
    fn last_event_id(&self, alert: AlertId) -> StoreResult<Option<EventId>>;

    /// The last events of alerts, by rising id; those that are not known are left out. A push is read once, however many of
    /// its events are asked for.
    fn last_events(&self, alerts: &[AlertId]) -> StoreResult<Vec<(AlertId, LastEvent)>>;
}

/// The last event of an alert in a channel that gets every event and from which a mute or silence keeps some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldEvent {
    /// The channel.
    pub channel: String,
    /// What it knows of the alert.
    pub record: EveryEventRecord,
    /// The event.
    pub event: EventId,
    /// The channel's kind when it was rendered; no other kind sends it.
    pub kind: String,
    /// The alert key.
    pub key: String,
    /// The unsigned body; none where nothing is sent.
    pub body: Option<Vec<u8>>,
    /// Notes of the rendering.
    pub notes: Vec<String>,
    /// Who dropped events of the alert, where somebody did.
    pub dropped: Option<OperatorDrop>,
}

/// What a transaction does with holds.
#[expect(clippy::missing_errors_doc, reason = "every method fails where the store does, and only then")]
pub trait HoldTransaction {
    /// Whether there may be records of holds besides those of silences.
    fn has_holds(&mut self) -> StoreResult<bool>;

    /// Looks whether there are such records still.
    fn refresh_holds(&mut self) -> StoreResult<()>;

    /// The records.
    fn holds(&mut self) -> StoreResult<Box<dyn HoldRecords + '_>>;

    /// The channels that gather messages, or did so, and know an alert that fires.
    fn channels_of(&mut self, alert: AlertId) -> StoreResult<Vec<String>>;

    /// What channels that get every event know of an alert of which they are kept some.
    fn held_events(&mut self, alert: AlertId) -> StoreResult<Vec<HeldEvent>>;

    /// Replaces what such a channel knows of an alert. The push of the event is stored.
    fn set_held_event(&mut self, alert: AlertId, held: &HeldEvent) -> StoreResult<()>;

    /// Forgets what such a channel knows of an alert.
    fn remove_held_event(&mut self, alert: AlertId, channel: &str) -> StoreResult<()>;

    /// Queues the delivery of an event that is held no more.
    fn deliver_held(&mut self, held: &HeldEvent, at: Timestamp) -> StoreResult<()>;
}

/// What kept an alert from being told, as fates show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum StoredHoldReason {
    /// A mute.
    Mute {
        /// Its name.
        name: String,
        /// The file and the line of its declaration.
        place: String,
        /// Why, in its words.
        because: String,
        /// Because of which alert.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<StoredHoldingSource>,
    },
    /// A silence.
    Silence {
        /// Its id.
        id: String,
        /// Why, in the words of who added it.
        because: String,
        /// Who added it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        author: String,
        /// Until when it lasted at the latest.
        until: Timestamp,
    },
    /// An operator, who dropped it.
    Operator {
        /// Who.
        author: String,
        /// Why.
        because: String,
        /// When.
        at: Timestamp,
    },
}

/// An alert because of which a mute holds another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredHoldingSource {
    /// Its key.
    pub key: String,
    /// Its last event, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// Since when it fires.
    pub since: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Until when the mute goes on after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// For how many seconds it goes on after the end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_seconds: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

impl StoredHoldReason {
    /// A reason with what is kept of its silence, or of its source.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn of(
        reason: &HoldReason,
        records: &(impl HoldRecords + ?Sized),
        author: impl FnOnce(super::SilenceId) -> String,
    ) -> StoreResult<Self> {
        Ok(match reason {
            HoldReason::Mute { mute, place, because, source } => {
                let source = match source {
                    Some(source) => Some(StoredHoldingSource {
                        key: source.key.clone(),
                        event: records.last_event_id(source.alert)?,
                        since: source.since,
                        ended: source.ended.map(|(at, _)| at),
                        until: source.ended.map(|(_, until)| until),
                        after_seconds: source.until_after.as_secs(),
                    }),
                    None => None,
                };
                Self::Mute { name: mute.clone(), place: place.clone(), because: because.clone(), source }
            }
            HoldReason::Silence { id, because, until } => {
                Self::Silence { id: id.to_string(), because: because.clone(), author: author(*id), until: *until }
            }
        })
    }

    /// The name of the mute; nothing for a silence or an operator.
    #[must_use]
    pub fn mute(&self) -> Option<&str> {
        match self {
            Self::Mute { name, .. } => Some(name),
            Self::Silence { .. } | Self::Operator { .. } => None,
        }
    }

    /// Who dropped it; nothing where a mute or silence held it.
    #[must_use]
    pub fn operator(&self) -> Option<OperatorDrop> {
        match self {
            Self::Operator { author, because, at } => {
                Some(OperatorDrop { at: *at, by: author.clone(), because: because.clone() })
            }
            Self::Mute { .. } | Self::Silence { .. } => None,
        }
    }

    /// It in words; `moment` writes a time.
    #[must_use]
    pub fn text(&self, moment: &dyn Fn(Timestamp) -> String) -> String {
        match self {
            Self::Mute { name, place, because, source } => {
                let source = source.as_ref().map(|source| source.text(moment)).unwrap_or_default();
                format!("held by mute {name} ({place}), because {because}{source}")
            }
            Self::Silence { id, because, author, until } => {
                format!("held by silence {id} \"{because}\" of {author} until {}", moment(*until))
            }
            Self::Operator { author, because, at } => {
                format!("dropped by {author} at {}: {because}", moment(*at))
            }
        }
    }
}

impl StoredHoldingSource {
    fn text(&self, moment: &dyn Fn(Timestamp) -> String) -> String {
        let event = self.event.map(|event| format!(" ({event})")).unwrap_or_default();
        let after = DurationText(Duration::from_secs(self.after_seconds));
        let (key, since) = (&self.key, moment(self.since));
        match (self.ended, self.until) {
            (Some(ended), Some(until)) => {
                format!(": {key} ended at {}{event}; until {after} after that, {}", moment(ended), moment(until))
            }
            _ if self.after_seconds == 0 => format!(": {key} fires since {since}{event}"),
            _ => format!(": {key} fires since {since}{event}; until {after} after it ends"),
        }
    }
}

/// The first thing that holds, of what an alert meets.
#[must_use]
pub(super) fn holding(explained: &[HoldExplanation]) -> Option<&HoldReason> {
    explained.iter().find(|one| one.effect == HoldEffect::Holds).map(|one| &one.reason)
}
