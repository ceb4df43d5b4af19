//! Senders that were turned away for a wrong key or a wrong signature: counted for the status, and told in the log.
//!
//! What a sender writes where the name belongs may be its key. So a name is shown only if the rules have it, had it, or have
//! one that is nearly the same. All others are counted together.

use super::prepared_version::PreparedVersion;
use super::refusal::Refusal;
use crate::gateway::metrics::{REMOVED_INTEGRATION, RejectionLabels};
use crate::time::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many names are counted apart.
const MAX_NAMES: usize = 64;
/// The time between two lines of the log about one name.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Why a sender is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RejectionReason {
    /// It has no key, or one that opens nothing or another integration.
    UnknownKey,
    /// The signature is missing or wrong.
    BadSignature,
}

impl RejectionReason {
    /// The reason of a refusal, where it is about the sender.
    pub(super) fn of(refusal: &Refusal) -> Option<Self> {
        if matches!(refusal, Refusal::InvalidSignature) {
            return Some(Self::BadSignature);
        }
        matches!(refusal, Refusal::UnknownIntegration | Refusal::UnknownKey).then_some(Self::UnknownKey)
    }

    /// The label of metrics.
    fn label(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::UnknownKey => "push refused: its key does not open the integration",
            Self::BadSignature => "push refused: its signature is missing or wrong",
        }
    }
}

/// What is counted of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderRejections {
    /// The integration as the sender named it; empty for all that are not counted apart.
    pub integration: String,
    /// Pushes with an unknown key, or without any.
    pub unknown_keys: u64,
    /// Pushes with a wrong signature.
    pub bad_signatures: u64,
    /// The latest.
    pub latest: Timestamp,
    /// Who sent that.
    pub peer: IpAddr,
}

struct CountedSender {
    counts: SenderRejections,
    /// Whether the rules have an integration of that name.
    is_known: bool,
    logged: Option<Timestamp>,
    /// How many were not told since.
    silent: u64,
}

/// The senders that were turned away since the start.
#[derive(Default)]
pub(super) struct RejectedSenders(Mutex<BTreeMap<String, CountedSender>>);

/// A push that is turned away.
pub(super) struct RejectedPush<'a> {
    /// The integration that its path names, as it is written there.
    pub(super) integration: Option<&'a str>,
    pub(super) reason: RejectionReason,
    pub(super) peer: IpAddr,
    pub(super) route: &'static str,
}

impl RejectedPush<'_> {
    /// The labels of metrics. A name that the rules do not have is never one of them; that they had it is a reason.
    pub(super) fn labels(&self, prepared: &PreparedVersion) -> RejectionLabels {
        let written = self.integration.unwrap_or_default();
        let is_former = prepared.is_former_name(written);
        let known = prepared.integration_by_name(written).map(|known| known.name.to_string());
        let reason = if known.is_none() && is_former { REMOVED_INTEGRATION } else { self.reason.label() };
        RejectionLabels { integration: known.unwrap_or_default(), reason: reason.to_owned() }
    }
}

impl RejectedSenders {
    /// Counts a push, and tells it in the log unless one of that name was told a moment ago.
    pub(super) fn record(&self, push: &RejectedPush<'_>, prepared: &PreparedVersion, now: Timestamp) {
        let written = push.integration.unwrap_or_default();
        // All names take the same steps.
        let is_known = prepared.integration_by_name(written).is_some();
        let name = if prepared.is_like_a_name(written) { written.to_owned() } else { String::new() };
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = if senders.contains_key(&name) || has_room(&mut senders, is_known) { name } else { String::new() };
        let sender = senders.entry(name.clone()).or_insert_with(|| CountedSender::new(name, is_known, now, push.peer));
        match push.reason {
            RejectionReason::UnknownKey => sender.counts.unknown_keys += 1,
            RejectionReason::BadSignature => sender.counts.bad_signatures += 1,
        }
        (sender.counts.latest, sender.counts.peer) = (now, push.peer);
        if sender.logged.is_none_or(|logged| logged.saturating_add(LOG_INTERVAL) <= now) {
            let silent = std::mem::take(&mut sender.silent);
            sender.logged = Some(now);
            let integration = sender.counts.integration.clone();
            drop(senders);
            log(push, &integration, silent);
        } else {
            sender.silent += 1;
        }
    }

    /// What was counted, the latest first.
    pub(super) fn counts(&self) -> Vec<SenderRejections> {
        let senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts: Vec<_> = senders.values().map(|sender| sender.counts.clone()).collect();
        counts.sort_by_key(|counts| Reverse(counts.latest));
        counts
    }
}

impl CountedSender {
    fn new(integration: String, is_known: bool, latest: Timestamp, peer: IpAddr) -> Self {
        let counts = SenderRejections { integration, unknown_keys: 0, bad_signatures: 0, latest, peer };
        Self { counts, is_known, logged: None, silent: 0 }
    }
}

/// Whether one more name can be counted apart. A name of the rules takes the place of one that is not.
fn has_room(senders: &mut BTreeMap<String, CountedSender>, is_known: bool) -> bool {
    // The name for the others has its place.
    let named = senders.keys().filter(|name| !name.is_empty()).count();
    if named < MAX_NAMES - 1 {
        return true;
    }
    let unknown = senders.iter().filter(|(name, sender)| !name.is_empty() && !sender.is_known);
    let oldest = unknown.min_by_key(|(_, sender)| sender.counts.latest).map(|(name, _)| name.clone());
    let Some(evicted) = oldest.filter(|_| is_known).and_then(|name| senders.remove(&name)) else { return false };
    let SenderRejections { latest, peer, .. } = evicted.counts;
    let others = senders.entry(String::new()).or_insert_with(|| CountedSender::new(String::new(), false, latest, peer));
    others.counts.unknown_keys += evicted.counts.unknown_keys;
    others.counts.bad_signatures += evicted.counts.bad_signatures;
    if others.counts.latest <= latest {
        (others.counts.latest, others.counts.peer) = (latest, peer);
    }
    true
}

fn log(push: &RejectedPush<'_>, integration: &str, silent: u64) {
    let (route, reason) = (push.route, push.reason.message());
    let peer = push.peer.to_string();
    let integration = (!integration.is_empty()).then_some(integration);
    let more = (silent > 0).then(|| format!("{silent} more since the last line"));
    tracing::warn!(route, integration, peer, more, "{reason}");
}
