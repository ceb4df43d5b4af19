//! Channels that operators pause: nothing is sent to them, nothing is made for them, and nothing of theirs becomes older.

use super::channel_policies::LAST_WORDS;
use super::write::WriteSource;
use super::{Journal, JournalError, StoreResult, Transaction};
use crate::notification::ChannelNotifier;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a channel is paused, and until when. Times are those of the wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelPause {
    /// Since when.
    pub since: Timestamp,
    /// Until when at most.
    pub until: Timestamp,
    /// Why.
    pub because: String,
    /// Who paused it.
    pub by: String,
}

/// A paused channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedChannel {
    /// The channel.
    pub channel: String,
    /// Why, and until when.
    #[serde(flatten)]
    pub pause: ChannelPause,
}

impl Journal {
    /// Pauses a channel; what holds of the pause then.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn pause_channel(&self, channel: &str, pause: ChannelPause) -> Result<ChannelPause, JournalError> {
        let channel = channel.to_owned();
        self.write(WriteSource::Record, 0, move |transaction| pause_channel(transaction, &channel, &pause))
    }

    /// Goes on with a paused channel; the pause that ended, if there was one.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn resume_channel(&self, channel: &str, at: Timestamp) -> Result<Option<ChannelPause>, JournalError> {
        let channel = channel.to_owned();
        self.write(WriteSource::Record, 0, move |transaction| resume_channel(transaction, &channel, at))
    }
}

/// Pauses a channel. One that is paused already keeps its beginning. What holds of the pause now.
fn pause_channel(transaction: &mut dyn Transaction, channel: &str, pause: &ChannelPause) -> StoreResult<ChannelPause> {
    let stored = transaction.pause_channel(channel, pause)?;
    let mut records = transaction.channel_records(channel)?;
    ChannelNotifier::new(&mut *records, LAST_WORDS).pause()?;
    Ok(stored)
}

/// Goes on with a channel: what waited in its queue is as old as it was at the pause. The pause that ended, if there was one.
fn resume_channel(
    transaction: &mut dyn Transaction,
    channel: &str,
    at: Timestamp,
) -> StoreResult<Option<ChannelPause>> {
    let ended = transaction.resume_channel(channel, at)?;
    let mut records = transaction.channel_records(channel)?;
    ChannelNotifier::new(&mut *records, LAST_WORDS).resume()?;
    drop(records);
    transaction.wake_notifier(channel);
    Ok(ended)
}
