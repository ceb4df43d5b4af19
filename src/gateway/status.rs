//! The status of a running gateway: rules, integrations, channels. It holds no secret.
//!
//! It is made of the rules in force, the counts of the journal, and the state of deliveries; `pointsman status` reads it.

mod problems;

pub use problems::{StatusProblem, StatusProblemLevel, duration, problems};

use super::config::GatewayConfig;
use super::delivery;
use super::intake::SenderRejections;
use super::journal::{
    ChannelCounts, ChannelPause, DeliveryId, DeliveryStore as _, DiskShortage, ExpiredSource, HeldCount,
    IntegrationCounts, JournalError, PausedChannel, QuarantineCounts, SenderStatus,
};
use super::metrics::stage_name;
use super::operations::{self, SenderSummary, SilenceSelection, SilenceSummary};
use super::served_rules::ServedRules;
use super::{Gateway, logs};
use crate::channel::RepeatPolicy;
use crate::notification::MAX_SENDERS;
use crate::reload::{ReloadReport, WatchMode};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// The whole status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayStatus {
    /// The program's version.
    pub version: String,
    /// The address of the push listener.
    pub listen: String,
    /// Whether pushes are accepted; false while it shuts down.
    pub accepting: bool,
    /// Why pushes are refused, if the disk has no room for them.
    #[serde(default)]
    pub disk: Option<FullDisk>,
    /// Why the certificate on the disk is not served, if so.
    #[serde(default)]
    pub certificate: Option<String>,
    /// The rules.
    pub rules: RulesSummary,
    /// The integrations of the rules in force, in their order.
    pub integrations: Vec<IntegrationSummary>,
    /// The channels of the rules in force, in their order, and those of earlier rules with pending or dead deliveries.
    pub channels: Vec<ChannelSummary>,
    /// Pushes with an unknown key or a wrong signature, by the integration that they name: at most
    /// [`MAX_REJECTED_SENDERS`], and the rest under an empty name.
    #[serde(default)]
    pub rejected_senders: Vec<RejectedSender>,
    /// Silences that did not end, the newest first; at most [`MAX_STATUS_SILENCES`].
    #[serde(default)]
    pub silences: Vec<SilenceSummary>,
    /// Senders of heartbeats that are absent, at most [`MAX_ABSENT_SENDERS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent_senders: Vec<SenderSummary>,
    /// Heartbeats that know as many senders as one may ([`MAX_SENDERS`]): further ones are not watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub full_heartbeats: Vec<String>,
    /// Sources of mutes that fire and hold nothing any more, as nothing was heard of them for 24 hours, at most
    /// [`MAX_EXPIRED_SOURCES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired_sources: Vec<ExpiredSource>,
    /// What needs a look, the worst first.
    #[serde(default)]
    pub problems: Vec<StatusProblem>,
}

/// A disk without room for pushes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullDisk {
    /// What is free, and what has to be.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

/// How many silences [`GatewayStatus::silences`] holds.
pub const MAX_STATUS_SILENCES: usize = 100;

/// How many senders [`GatewayStatus::absent_senders`] holds.
pub const MAX_ABSENT_SENDERS: usize = 100;

/// How many sources [`GatewayStatus::expired_sources`] holds.
pub const MAX_EXPIRED_SOURCES: usize = 100;

/// How many names [`GatewayStatus::rejected_senders`] holds.
pub const MAX_REJECTED_SENDERS: usize = 64;

/// The rules in force, and the last load.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesSummary {
    /// Their paths.
    pub roots: Vec<String>,
    /// From 1 at every start.
    pub generation: u64,
    /// SHA-256 of the files.
    pub sha256: String,
    /// When they were loaded.
    pub loaded: String,
    /// When files were last read.
    pub attempted: String,
    /// Why the files on disk are not in force.
    pub failure: Option<RulesLoadFailure>,
    /// `inotify` or `poll`.
    pub watching: String,
    /// Why the system's events are not used, if so.
    pub why_poll: Option<String>,
    /// Why the last good rule set could not be saved, if so.
    #[serde(default)]
    pub not_kept: Option<String>,
    /// When a load last succeeded, with or without changes.
    #[serde(default)]
    pub succeeded: Option<String>,
    /// Versions in use, the one in force included.
    pub alive: usize,
    /// How many seconds ago the oldest of them was replaced.
    #[serde(default)]
    pub oldest_seconds: Option<u64>,
    /// When the first of the failures since the last success was.
    #[serde(default)]
    pub failing_since: Option<String>,
    /// What should be fixed.
    pub warnings: Vec<String>,
}

/// Why a load failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesLoadFailure {
    /// `read`, `check`, `channels`, `tests`.
    pub stage: String,
    /// One line.
    pub message: String,
    /// The findings, one line each: `file:line:column: error[E0031]: …`.
    pub findings: Vec<String>,
}

/// An integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationSummary {
    /// Its name.
    pub name: String,
    /// `shared`: to a routing; `dedicated`: to one channel.
    pub kind: String,
    /// Where its events go.
    pub destination: String,
    /// Its mappings; the first that accepts a payload reads it.
    pub mappings: Vec<String>,
    /// Its push URL, without the key.
    pub push_url: String,
    /// When the last push was received.
    pub latest: Option<String>,
    /// Pushes that were accepted.
    pub accepted: u64,
    /// Events that were sent somewhere.
    pub sent: u64,
    /// Events that were dropped.
    pub dropped: u64,
    /// Pushes that were refused.
    pub refused: u64,
    /// Its payloads in the quarantine, if there are some.
    #[serde(default)]
    pub quarantine: Option<QuarantineState>,
}

/// The refused payloads of an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineState {
    /// How many there are.
    pub count: u64,
    /// When the last of them was received.
    pub latest: String,
    /// Why the last of them was refused.
    pub reason: String,
}

/// Pushes with an unknown key or a wrong signature, since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedSender {
    /// The integration as the sender named it, of bounded length; empty for all names that are not listed.
    pub integration: String,
    /// Pushes with an unknown key.
    pub unknown_keys: u64,
    /// Pushes with a missing or wrong signature.
    pub bad_signatures: u64,
    /// When the last of them was refused.
    pub latest: String,
    /// The address from which the last of them came.
    pub peer: String,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelSummary {
    /// Its name.
    pub name: String,
    /// Its kind; none if the rules in force do not have the channel.
    pub kind: Option<String>,
    /// Successful deliveries.
    pub delivered: u64,
    /// Running requests.
    pub under_way: u64,
    /// Alert keys that wait for a retry.
    pub retrying: u64,
    /// Pending deliveries.
    pub pending: u64,
    /// Dead letters.
    pub dead: u64,
    /// The state of the circuit breaker: `closed` while the channel works.
    pub breaker: String,
    /// When the last delivery succeeded.
    pub latest: Option<String>,
    /// The last error.
    pub last_error: Option<LastError>,
    /// The pause for which the receiver asked, of all deliveries to the channel.
    #[serde(default)]
    pub held: Option<ChannelHold>,
    /// Whether it gets every event as it comes, with `repeat = "every_event"`.
    #[serde(default)]
    pub sends_every_event: bool,
    /// Why and until when an operator paused it.
    #[serde(default)]
    pub paused: Option<ChannelPause>,
    /// Why the address policy refuses the receiver, with the flag to add.
    #[serde(default)]
    pub blocked: Option<String>,
    /// When the first attempt failed since the last success.
    #[serde(default)]
    pub failing_since: Option<String>,
    /// When the next attempt is made, if the next delivery waits for one.
    #[serde(default)]
    pub next_attempt: Option<String>,
    /// When the oldest pending delivery was received.
    #[serde(default)]
    pub oldest_pending: Option<String>,
    /// Alerts whose news waits to be told, in a channel that gathers messages.
    #[serde(default)]
    pub waiting: u64,
    /// Alerts that fire and that a mute or silence holds.
    #[serde(default)]
    pub alerts_held: u64,
}

/// A pause for which a receiver asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelHold {
    /// Its end.
    pub until: String,
    /// What the receiver answered.
    pub reason: String,
}

/// The last error of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// When.
    pub at: String,
    /// What.
    pub reason: String,
}

impl GatewayStatus {
    /// Asks all parts of a gateway. It reads the journal, so it must not run on a thread of the runtime.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn of(gateway: &Gateway) -> Result<Self, JournalError> {
        let served = gateway.rules.current();
        let report = gateway.rules.report();
        let journal = gateway.journal.read()?;
        let (senders, receivers) = (journal.integrations()?, journal.channels()?);
        let mut integrations = integrations(&gateway.config, &served.value, &senders);
        add_quarantine(&mut integrations, &journal.quarantine_counts()?);
        let mut channels = channels(&served.value, &receivers, &gateway.deliveries.status());
        for channel in channels.iter_mut().filter(|channel| channel.pending > 0) {
            let oldest = journal.pending(&channel.name, DeliveryId::NONE, 1)?;
            channel.oldest_pending = oldest.first().map(|oldest| oldest.since.to_string());
        }
        for channel in &mut channels {
            let served = served.value.channel(&channel.name);
            channel.sends_every_event = served.is_some_and(|served| served.policy.repeat == RepeatPolicy::EveryEvent);
        }
        for PausedChannel { channel: name, pause } in journal.pauses()? {
            channels
                .iter_mut()
                .filter(|channel| channel.name == name)
                .for_each(|channel| channel.paused = Some(pause.clone()));
        }
        for (name, count) in journal.waiting_news()? {
            channels.iter_mut().filter(|channel| channel.name == name).for_each(|channel| channel.waiting = count);
        }
        for HeldCount { channel: name, alerts, .. } in journal.held_counts()? {
            channels
                .iter_mut()
                .filter(|channel| channel.name == name)
                .for_each(|channel| channel.alerts_held += alerts);
        }
        let selection = SilenceSelection { limit: Some(MAX_STATUS_SILENCES), ..SilenceSelection::default() };
        let silences = operations::silences(&gateway.journal, &selection).map(|page| page.items);
        let senders = journal.senders()?;
        let mut status = Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            listen: gateway.config.listen.to_string(),
            accepting: !gateway.stopping.load(Ordering::Relaxed),
            disk: gateway.journal.check_accepting().err().as_ref().and_then(full_disk),
            certificate: gateway.certificate.as_ref().and_then(|certificate| certificate.failure()),
            rules: report.map(|report| rules(&gateway.config, &report, &served.value)).unwrap_or_default(),
            integrations,
            channels,
            rejected_senders: gateway.intake.rejected_senders().into_iter().map(rejected_sender).collect(),
            silences: silences.unwrap_or_default(),
            full_heartbeats: full_heartbeats(&senders, MAX_SENDERS),
            absent_senders: absent_senders(senders),
            expired_sources: journal.expired_sources(MAX_EXPIRED_SOURCES)?,
            problems: Vec::new(),
        };
        status.problems = problems(&status, gateway.clock.now());
        Ok(status)
    }
}

/// The senders that are absent.
fn absent_senders(all: Vec<SenderStatus>) -> Vec<SenderSummary> {
    let absent = all.into_iter().filter(|sender| sender.record.absence.is_some());
    absent.take(MAX_ABSENT_SENDERS).map(SenderSummary::of).collect()
}

/// The heartbeats that have that many senders, by name.
pub(super) fn full_heartbeats(senders: &[SenderStatus], most: usize) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for sender in senders {
        *counts.entry(&sender.sender.heartbeat).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count >= most).map(|(name, _)| name.to_owned()).collect()
}

fn full_disk(refusal: &JournalError) -> Option<FullDisk> {
    let fix = match refusal {
        JournalError::LowSpace(_) => DiskShortage::FIX,
        JournalError::NoSpace => "make room there",
        JournalError::Full | JournalError::Failed(_) | JournalError::Closed => return None,
    };
    Some(FullDisk { reason: refusal.to_string(), fix: fix.to_owned() })
}

fn rejected_sender(counted: SenderRejections) -> RejectedSender {
    let SenderRejections { integration, unknown_keys, bad_signatures, latest, peer } = counted;
    let (latest, peer) = (latest.to_string(), peer.to_string());
    RejectedSender { integration, unknown_keys, bad_signatures, latest, peer }
}

fn rules(config: &GatewayConfig, report: &ReloadReport, served: &ServedRules) -> RulesSummary {
    let failure = report.failure.as_ref().map(|rejection| RulesLoadFailure {
        stage: stage_name(rejection.stage).to_owned(),
        message: rejection.message.clone(),
        findings: logs::findings(rejection),
    });
    let (watching, why_poll) = match &report.watching {
        WatchMode::Events => ("inotify", None),
        WatchMode::Poll(why) => ("poll", Some(why.clone())),
    };
    RulesSummary {
        roots: config.reload.roots.iter().map(|root| root.display().to_string()).collect(),
        generation: report.generation,
        sha256: report.hash.to_string(),
        loaded: report.loaded.to_string(),
        attempted: report.attempted.to_string(),
        failure,
        watching: watching.to_owned(),
        why_poll,
        not_kept: report.last_good_error.clone(),
        succeeded: report.succeeded.map(|at| at.to_string()),
        alive: report.versions_in_use,
        oldest_seconds: report.oldest_in_use.map(|oldest| oldest.as_secs()),
        failing_since: report.failing_since.map(|since| since.to_string()),
        warnings: served.warnings.clone(),
    }
}

/// The integrations in force; `counts` may hold others.
#[must_use]
pub fn integrations(
    config: &GatewayConfig,
    served: &ServedRules,
    counts: &[IntegrationCounts],
) -> Vec<IntegrationSummary> {
    let one = |integration: &super::served_rules::ServedIntegration| {
        let counted = counts.iter().find(|counts| counts.name == integration.name);
        let is_shared = integration.destination.starts_with("routing ");
        IntegrationSummary {
            name: integration.name.clone(),
            kind: if is_shared { "shared" } else { "dedicated" }.to_owned(),
            destination: integration.destination.clone(),
            mappings: integration.mappings.clone(),
            push_url: config.push_url(config.listen, &integration.name),
            latest: counted
                .filter(|counts| counts.latest > Timestamp::default())
                .map(|counts| counts.latest.to_string()),
            accepted: counted.map_or(0, |counts| counts.accepted),
            sent: counted.map_or(0, |counts| counts.sent),
            dropped: counted.map_or(0, |counts| counts.dropped),
            refused: counted.map_or(0, |counts| counts.refused),
            quarantine: None,
        }
    };
    served.integrations.iter().map(one).collect()
}

fn add_quarantine(integrations: &mut [IntegrationSummary], counts: &[QuarantineCounts]) {
    for integration in integrations {
        let counted = counts.iter().find(|counts| counts.integration == integration.name);
        integration.quarantine = counted.map(|counts| QuarantineState {
            count: counts.count,
            latest: counts.latest.to_string(),
            reason: counts.reason.clone(),
        });
    }
}

/// The channels in force, and those of earlier rules with pending or dead deliveries.
#[must_use]
pub fn channels(
    served: &ServedRules,
    counts: &[ChannelCounts],
    states: &[delivery::ChannelStatus],
) -> Vec<ChannelSummary> {
    let known = served.channels.iter().map(|channel| (channel.name.as_str(), Some(channel.kind.name)));
    let gone = counts
        .iter()
        .filter(|counts| served.channel(&counts.name).is_none() && counts.pending + counts.dead > 0)
        .map(|counts| (counts.name.as_str(), None));
    known.chain(gone).map(|(name, kind)| channel(name, kind, counts, states)).collect()
}

fn channel(
    name: &str,
    kind: Option<&str>,
    counts: &[ChannelCounts],
    states: &[delivery::ChannelStatus],
) -> ChannelSummary {
    let counted = counts.iter().find(|counts| counts.name == name);
    let states = states.iter().find(|states| states.name == name);
    let last_error = counted.and_then(|counts| counts.last_error.as_ref());
    ChannelSummary {
        name: name.to_owned(),
        kind: kind.map(str::to_owned),
        delivered: counted.map_or(0, |counts| counts.delivered),
        under_way: states.map_or(0, |states| states.under_way),
        retrying: states.map_or(0, |states| states.retrying),
        pending: counted.map_or(0, |counts| counts.pending),
        dead: counted.map_or(0, |counts| counts.dead),
        breaker: states.map_or_else(|| "closed".to_owned(), |states| states.breaker.clone()),
        latest: counted.and_then(|counts| counts.latest).map(|latest| latest.to_string()),
        last_error: last_error.map(|error| LastError { at: error.at.to_string(), reason: error.reason.clone() }),
        held: states
            .and_then(|states| states.held.as_ref())
            .map(|hold| ChannelHold { until: hold.until.to_string(), reason: hold.reason.clone() }),
        sends_every_event: false,
        paused: None,
        blocked: states.and_then(|states| states.blocked.clone()),
        failing_since: states.and_then(|states| states.failing_since).map(|at| at.to_string()),
        next_attempt: states.and_then(|states| states.next_attempt).map(|at| at.to_string()),
        oldest_pending: None,
        waiting: 0,
        alerts_held: 0,
    }
}
