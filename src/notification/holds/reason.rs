//! Why an alert is held, or what would hold it and does not.

use super::record::{HoldCandidate, MuteCandidate, SilenceId, SilenceState, SourceId, SourceKind, SourceState, admits};
use super::store::HoldStore;
use super::tracker::HoldTracker;
use crate::notification::{AlertId, HoldState};
use crate::time::Timestamp;
use std::time::Duration;

/// How many alerts of a source are looked at for the one that fires longest.
const ALERTS_LOOKED_AT: usize = 16;

/// An alert because of which a mute holds another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingSource {
    /// Its id.
    pub alert: AlertId,
    /// Its key.
    pub key: String,
    /// Since when it fires, or fired.
    pub since: Timestamp,
    /// When it ended, and until when it holds all the same; nothing while it fires.
    pub ended: Option<(Timestamp, Timestamp)>,
    /// For how long it holds once it ended.
    pub until_after: Duration,
}

/// What holds an alert, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldReason {
    /// A mute.
    Mute {
        /// Its name.
        mute: String,
        /// The file and the line of its declaration.
        place: String,
        /// Why, in its words.
        because: String,
        /// Because of which alert; nothing for a mute without `while`, and where none counts.
        source: Option<HoldingSource>,
    },
    /// A silence.
    Silence {
        /// Which.
        id: SilenceId,
        /// Why, in the words of who added it.
        because: String,
        /// Until when at the latest.
        until: Timestamp,
    },
}

impl HoldReason {
    /// Why, in the words of the mute or of who added the silence.
    #[must_use]
    pub fn because(&self) -> &str {
        match self {
            Self::Mute { because, .. } | Self::Silence { because, .. } => because,
        }
    }
}

/// What a mute or silence does to an alert for which its condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldEffect {
    /// It holds it.
    Holds,
    /// It does not: nothing fires for which `while` holds, with the same values.
    NoSource,
    /// It does not: the two are in a circle, in which this alert fired first; or in one that is too large, and it fired
    /// before the other.
    FirstOfCircle,
    /// It does not hold in this channel.
    OtherChannel,
    /// The silence has not begun.
    NotBegun,
    /// The silence is over.
    Over,
}

/// A mute or silence whose condition holds of an alert, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldExplanation {
    /// What it is.
    pub reason: HoldReason,
    /// What it does.
    pub effect: HoldEffect,
}

impl<S: HoldStore + ?Sized> HoldTracker<'_, S> {
    /// The mutes and silences whose conditions hold of an alert that fires, with what each does in a channel.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn explain(&self, id: AlertId, channel: &str) -> Result<Vec<HoldExplanation>, S::Error> {
        let Some(alert) = self.store.firing(id)? else { return Ok(Vec::new()) };
        let hold = self.hold_in(id, channel)?;
        let mut explained = Vec::new();
        for candidate in &alert.facts.candidates {
            explained.extend(match candidate {
                HoldCandidate::Mute(mute) => Some(self.explain_mute(mute, hold, channel)?),
                HoldCandidate::Silence(silence) => self.explain_silence(*silence, channel)?,
            });
        }
        Ok(explained)
    }

    fn explain_mute(&self, mute: &MuteCandidate, hold: HoldState, channel: &str) -> Result<HoldExplanation, S::Error> {
        let source = match mute.source {
            Some(source) => self.holding_source(source)?,
            None => None,
        };
        let effect = if !admits(mute.channels.as_ref(), channel) {
            HoldEffect::OtherChannel
        } else if mute.source.is_some() && source.is_none() {
            HoldEffect::NoSource
        } else if hold == HoldState::Free {
            HoldEffect::FirstOfCircle
        } else {
            HoldEffect::Holds
        };
        let MuteCandidate { mute, place, because, .. } = mute.clone();
        Ok(HoldExplanation { reason: HoldReason::Mute { mute, place, because, source }, effect })
    }

    fn explain_silence(&self, id: SilenceId, channel: &str) -> Result<Option<HoldExplanation>, S::Error> {
        let Some(silence) = self.store.silence(id)? else { return Ok(None) };
        let effect = match silence.state {
            SilenceState::Scheduled => HoldEffect::NotBegun,
            SilenceState::Over { .. } => HoldEffect::Over,
            SilenceState::Active if !admits(silence.channels.as_ref(), channel) => HoldEffect::OtherChannel,
            SilenceState::Active => HoldEffect::Holds,
        };
        let reason = HoldReason::Silence { id, because: silence.because, until: silence.until };
        Ok(Some(HoldExplanation { reason, effect }))
    }

    /// Of the alerts that count in a source the one that fires longest, as far as they are looked at; where none fires, the one
    /// that counts longest.
    fn holding_source(&self, source: SourceId) -> Result<Option<HoldingSource>, S::Error> {
        let mut found = self.store.counting(source, SourceKind::Plain, ALERTS_LOOKED_AT)?;
        found.extend(self.store.counting(source, SourceKind::Link, ALERTS_LOOKED_AT)?);
        let ended = |state| match state {
            SourceState::Ended { at, until } => Some((at, until)),
            SourceState::Firing { .. } | SourceState::Expired { .. } => None,
        };
        let first = found.into_iter().min_by_key(|(id, record)| {
            let ended = ended(record.state).map(|(_, until)| std::cmp::Reverse(until));
            (ended.is_some(), ended, record.since, *id)
        });
        Ok(first.map(|(alert, record)| HoldingSource {
            alert,
            key: record.key,
            since: record.since,
            ended: ended(record.state),
            until_after: record.until_after,
        }))
    }
}
