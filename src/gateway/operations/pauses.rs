//! Pauses of channels: what operators ask for, and what came of it.

use super::names::check_channel;
use super::silences::{end, words};
use super::{ListingPage, OperationError};
use crate::gateway::journal::{ChannelPause, DeliveryStore as _, Journal, PausedChannel};
use crate::gateway::served_rules::ServedRules;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// For how long a channel is paused at most, counted from the request.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// A pause of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PauseRequest {
    /// The channel.
    pub channel: String,
    /// For how long: `2h`. Either this or `until`.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Until when: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why.
    pub because: String,
    /// Who.
    pub by: String,
}

/// The end of a pause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResumeRequest {
    /// The channel.
    pub channel: String,
    /// Who.
    pub by: String,
    /// Why, if there is something to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Pauses a channel.
///
/// # Errors
/// An unknown channel, no reason, no end or one that is more than 7 days away; a change that is not durable.
pub fn pause_channel(
    journal: &Journal,
    served: Option<&ServedRules>,
    request: &PauseRequest,
    now: Timestamp,
) -> Result<PausedChannel, OperationError> {
    check_channel(journal, served, &request.channel)?;
    let because = words("because", &request.because, "say why, for those who wait for a message")?;
    let by = words("by", &request.by, "name who pauses it")?;
    let until = end(request.duration.as_deref(), request.until.as_deref(), now)?;
    if until <= now {
        return Err(OperationError::invalid("the pause would end before it begins"));
    }
    if until > now.saturating_add(LONGEST) {
        return Err(OperationError::invalid("a channel is paused for 7 days at most: pause it again later"));
    }
    let pause = journal.pause_channel(&request.channel, ChannelPause { since: now, until, because, by })?;
    let ChannelPause { until, because, by, .. } = &pause;
    tracing::warn!(channel = request.channel, by, %until, because, "channel paused by an operator");
    Ok(PausedChannel { channel: request.channel.clone(), pause })
}

/// Goes on with a channel.
///
/// # Errors
/// An unknown channel, one that is not paused; a change that is not durable.
pub fn resume_channel(
    journal: &Journal,
    served: Option<&ServedRules>,
    request: &ResumeRequest,
    now: Timestamp,
) -> Result<PausedChannel, OperationError> {
    check_channel(journal, served, &request.channel)?;
    let by = words("by", &request.by, "name who goes on with it")?;
    let because = request.because.as_deref().map(str::trim).filter(|because| !because.is_empty());
    let Some(pause) = journal.resume_channel(&request.channel, now)? else {
        return Err(OperationError::invalid(format!("the channel `{}` is not paused", request.channel)));
    };
    tracing::info!(channel = request.channel, by, because, "channel resumed by an operator");
    Ok(PausedChannel { channel: request.channel.clone(), pause })
}

/// The channels that are paused, by name.
///
/// # Errors
/// A journal that cannot be read.
pub fn pauses(journal: &Journal) -> Result<ListingPage<PausedChannel>, OperationError> {
    Ok(ListingPage::complete(journal.read()?.pauses()?))
}

/// Ends the pauses that are over; their channels.
///
/// # Errors
/// A journal that cannot be read or changed.
pub fn end_pauses(journal: &Journal, now: Timestamp) -> Result<Vec<String>, OperationError> {
    let mut ended = Vec::new();
    for PausedChannel { channel, pause } in journal.read()?.pauses()? {
        if pause.until <= now && journal.resume_channel(&channel, now)?.is_some() {
            tracing::info!(channel, by = pause.by, "the pause of the channel is over");
            ended.push(channel);
        }
    }
    Ok(ended)
}
