//! What a silence would have held, by the events that the journal has. Bounded: of very many events the newest are looked at.

use super::OperationError;
use crate::diagnostic::nearest;
use crate::evaluate::HoldBudget;
use crate::event::{AlertStatus, Event, Severity};
use crate::gateway::journal::{
    DeliveryStore as _, EventRecord, Journal, JournalReader, NotifiedAlert, RecordFilter, Silence, SilenceId,
    SilenceList,
};
use crate::gateway::stored_event::read_event;
use crate::json::Arena;
use crate::notification::AlertId;
use crate::ruleset::SilenceCondition;
use crate::text::shorten;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How many events are looked at.
const MAX_EVENTS: u64 = 100_000;

/// The events of a page of the journal.
const PAGE: usize = 1_000;

/// How many alerts that were told and fire are looked at.
const MAX_NOTIFIED_ALERTS: usize = 20_000;

/// How many titles, and how many firing alerts, are shown.
const SHOWN: usize = 10;

/// The characters of a title.
const TITLE_CHARACTERS: usize = 200;

/// How many names of labels are remembered.
const MAX_LABELS: usize = 10_000;

/// What a silence would have held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilencePreview {
    /// From when on events were looked at.
    pub since: Timestamp,
    /// Whether an earlier time was asked for, of which no events are kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// How many events were looked at.
    pub events: u64,
    /// Whether these are all; otherwise the newest.
    pub is_complete: bool,
    /// How many of them meet the condition.
    pub matched: u64,
    /// Of how many alerts they are that reach a channel of the silence.
    pub alerts: u64,
    /// What would have been held, by channel and severity, the worst first.
    pub channels: Vec<PreviewedChannel>,
    /// The titles of most of these events.
    pub titles: Vec<PreviewedTitle>,
    /// How many alerts fire now and were told, and meet the condition.
    pub firing: u64,
    /// Some of them, the worst first.
    pub firing_alerts: Vec<PreviewedAlert>,
    /// Labels of the condition that no event has.
    pub unknown_labels: Vec<UnknownLabel>,
}

/// What would have been held in a channel, of one severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewedChannel {
    /// The channel.
    pub channel: String,
    /// The worst severity that the alerts, or the messages, had.
    pub severity: String,
    /// Alerts that were routed there.
    pub alerts: u64,
    /// Messages that told of them, those that told of others, too.
    pub messages: u64,
}

/// A title of events that would have been held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewedTitle {
    /// The title.
    pub title: String,
    /// How many events had it.
    pub events: u64,
}

/// An alert that fires and was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewedAlert {
    /// Its integration.
    pub integration: String,
    /// Its key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Its severity.
    pub severity: String,
    /// The channels that were told.
    pub channels: Vec<String>,
}

/// A label that no event has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownLabel {
    /// The label.
    pub label: String,
    /// The label of an event that is most like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

/// What a look at stored events found.
pub(super) struct SilenceScan {
    pub(super) preview: SilencePreview,
    /// The silences that hold every event that the condition meets; none where it meets none.
    wider: Vec<Silence>,
    condition: String,
}

/// Looks at the stored events since a time.
///
/// # Errors
/// A journal that cannot be read.
pub(super) fn scan(
    journal: &Journal,
    condition: &SilenceCondition,
    channels: &[String],
    since: Timestamp,
) -> Result<SilenceScan, OperationError> {
    let reader = journal.read()?;
    let gathering = reader.notified_channels()?.into_iter().collect();
    let mut scanner = EventScanner::new(reader, condition, channels, gathering, since);
    let mut filter = RecordFilter { since: Some(since), limit: PAGE, ..RecordFilter::default() };
    scanner.preview.is_complete = loop {
        let page = reader.events_page(&filter)?;
        page.events.iter().for_each(|record| scanner.add(record));
        if page.next.is_none() {
            break true;
        }
        if scanner.preview.events >= MAX_EVENTS {
            break false;
        }
        (filter.before, filter.before_index) = (page.next, page.next_index);
    };
    scanner.finish()
}

impl SilenceScan {
    /// Whether every event meets the condition: every stored one, where these are of enough alerts to say so, and otherwise
    /// whatever an event says.
    pub(super) fn meets_every_event(&self, condition: &SilenceCondition, enough: u64) -> bool {
        let SilencePreview { events, matched, alerts, .. } = self.preview;
        events == matched && (alerts >= enough || condition.meets_every_event())
    }

    /// A silence that did not end, and that holds all that another one would hold, in its channels and its time.
    pub(super) fn within(&self, silence: &Silence) -> Option<&Silence> {
        self.wider.iter().find(|wider| {
            let covers_channels = wider.channels.is_empty()
                || (!silence.channels.is_empty() && silence.channels.iter().all(|channel| wider.covers(channel)));
            let lasts = !wider.until_resolved || silence.until_resolved;
            covers_channels
                && lasts
                && wider.from <= silence.from
                && silence.until <= wider.until
                && (self.preview.matched > 0 || wider.condition.trim() == self.condition.trim())
        })
    }
}

/// An alert that met the condition.
struct MatchedAlert {
    integration: String,
    key: String,
    title: String,
    /// That of its newest event.
    severity: Severity,
    /// Whether its newest event is a firing.
    fires: bool,
    /// The worst severity by channel.
    channels: BTreeMap<String, Severity>,
}

/// Looks at events, the newest first.
struct EventScanner<'s> {
    reader: &'s dyn JournalReader,
    condition: &'s SilenceCondition,
    channels: &'s [String],
    gathering: BTreeSet<String>,
    preview: SilencePreview,
    open: Arc<SilenceList>,
    /// The silences that hold all that met the condition; nothing before the first.
    wider: Option<BTreeSet<SilenceId>>,
    labels: BTreeSet<String>,
    alerts: BTreeMap<AlertId, MatchedAlert>,
    titles: HashMap<String, u64>,
    /// Messages of channels that send every event.
    sent: BTreeMap<(String, Severity), u64>,
}

impl<'s> EventScanner<'s> {
    fn new(
        reader: &'s dyn JournalReader,
        condition: &'s SilenceCondition,
        channels: &'s [String],
        gathering: BTreeSet<String>,
        since: Timestamp,
    ) -> Self {
        Self {
            reader,
            condition,
            channels,
            gathering,
            preview: SilencePreview { since, ..SilencePreview::default() },
            open: reader.open_silences(),
            wider: None,
            labels: BTreeSet::new(),
            alerts: BTreeMap::new(),
            titles: HashMap::new(),
            sent: BTreeMap::new(),
        }
    }

    fn add(&mut self, record: &EventRecord) {
        let arena = Arena::new();
        let Some(event) = read_event(&record.outcome, &record.integration, &arena) else { return };
        self.preview.events += 1;
        for (label, _) in event.labels.iter() {
            if self.labels.len() < MAX_LABELS && !self.labels.contains(label) {
                self.labels.insert(label.to_owned());
            }
        }
        if !self.condition.matches(event) {
            return;
        }
        self.preview.matched += 1;
        if self.wider.as_ref().is_none_or(|wider| !wider.is_empty()) {
            let holding: BTreeSet<SilenceId> =
                self.open.matching(event, &mut HoldBudget::default()).into_iter().collect();
            self.wider = Some(match self.wider.take() {
                None => holding,
                Some(wider) => wider.intersection(&holding).copied().collect(),
            });
        }
        let channels: Vec<String> = routed_channels(&record.outcome)
            .into_iter()
            .filter(|channel| self.channels.is_empty() || self.channels.contains(channel))
            .collect();
        if channels.is_empty() {
            return;
        }
        let title = shorten(event.title, TITLE_CHARACTERS);
        if event.status == AlertStatus::Firing {
            *self.titles.entry(title.clone()).or_default() += 1;
        }
        self.add_alert(record, event, title, channels);
    }

    fn add_alert(&mut self, record: &EventRecord, event: &Event<'_>, title: String, channels: Vec<String>) {
        let id = AlertId::of(Some(&record.integration), event.key);
        let alert = self.alerts.entry(id).or_insert_with(|| MatchedAlert {
            integration: record.integration.clone(),
            key: event.key.to_owned(),
            title,
            severity: event.severity,
            fires: event.status == AlertStatus::Firing,
            channels: BTreeMap::new(),
        });
        for channel in channels {
            if !self.gathering.contains(&channel) {
                let delivered = record.deliveries.iter().any(|delivery| delivery.channel == channel);
                *self.sent.entry((channel.clone(), event.severity)).or_default() += u64::from(delivered);
            }
            let worst = alert.channels.entry(channel).or_insert(event.severity);
            *worst = event.severity.max(*worst);
        }
    }

    fn finish(mut self) -> Result<SilenceScan, OperationError> {
        self.preview.alerts = self.alerts.len() as u64;
        let mut titles: Vec<(String, u64)> = self.titles.drain().collect();
        titles.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let shown = titles.into_iter().take(SHOWN).map(|(title, events)| PreviewedTitle { title, events });
        self.preview.titles = shown.collect();
        self.preview.channels = self.previewed_channels()?;
        self.add_firing()?;
        self.preview.unknown_labels = self.unknown_labels();
        let wider = match &self.wider {
            Some(ids) => ids.iter().filter_map(|id| self.open.get(*id).cloned()).collect(),
            None => self.open.silences.iter().map(|silence| Silence::clone(silence)).collect(),
        };
        Ok(SilenceScan { preview: self.preview, wider, condition: self.condition.text().to_owned() })
    }

    fn previewed_channels(&self) -> Result<Vec<PreviewedChannel>, OperationError> {
        let mut counts: BTreeMap<(String, Reverse<Severity>), (u64, BTreeSet<u64>)> = BTreeMap::new();
        for (id, alert) in &self.alerts {
            for (channel, severity) in &alert.channels {
                counts.entry((channel.clone(), Reverse(*severity))).or_default().0 += 1;
                if self.gathering.contains(channel) {
                    for (message, severity) in self.reader.told_messages(channel, *id, self.preview.since)? {
                        counts.entry((channel.clone(), Reverse(severity))).or_default().1.insert(message);
                    }
                }
            }
        }
        for (channel, severity) in self.sent.keys() {
            counts.entry((channel.clone(), Reverse(*severity))).or_default();
        }
        let row = |((channel, Reverse(severity)), (alerts, messages)): (
            (String, Reverse<Severity>),
            (u64, BTreeSet<u64>),
        )| {
            let sent = self.sent.get(&(channel.clone(), severity)).copied().unwrap_or(0);
            let messages = messages.len() as u64 + sent;
            PreviewedChannel { channel, severity: severity.name().to_owned(), alerts, messages }
        };
        Ok(counts.into_iter().map(row).collect())
    }

    /// The alerts that fire and were told: those of channels that gather messages, and of the others those with an event.
    fn add_firing(&mut self) -> Result<(), OperationError> {
        let mut firing: BTreeMap<FiringKey, FiringFound> = BTreeMap::new();
        let mut add = |key: FiringKey, title: &str, channel: &str| {
            if self.channels.is_empty() || self.channels.iter().any(|one| one == channel) {
                let new = || FiringFound { title: title.to_owned(), channels: BTreeSet::new() };
                firing.entry(key).or_insert_with(new).channels.insert(channel.to_owned());
            }
        };
        for told in self.reader.notified_alerts(MAX_NOTIFIED_ALERTS)? {
            let NotifiedAlert { channel, severity, integration, outcome } = &told;
            let arena = Arena::new();
            if let Some(event) = read_event(outcome, integration, &arena)
                && self.condition.matches(event)
            {
                add(
                    FiringKey::new(*severity, integration, event.key),
                    &shorten(event.title, TITLE_CHARACTERS),
                    channel,
                );
            }
        }
        for alert in self.alerts.values().filter(|alert| alert.fires) {
            let Some(open) = self.reader.firing(&alert.integration, &alert.key)? else { continue };
            let severity = open.severity.unwrap_or(alert.severity);
            for channel in open.channels.iter().filter(|channel| !self.gathering.contains(*channel)) {
                add(FiringKey::new(severity, &alert.integration, &alert.key), &alert.title, channel);
            }
        }
        self.preview.firing = firing.len() as u64;
        let shown = firing.into_iter().take(SHOWN).map(|(key, found)| PreviewedAlert {
            integration: key.integration,
            key: key.key,
            title: found.title,
            severity: key.severity.0.name().to_owned(),
            channels: found.channels.into_iter().collect(),
        });
        self.preview.firing_alerts = shown.collect();
        Ok(())
    }

    fn unknown_labels(&self) -> Vec<UnknownLabel> {
        // Without events nothing is known.
        let asked = self.condition.labels().filter(|label| !self.labels.is_empty() && !self.labels.contains(*label));
        let unknown = |label: &str| UnknownLabel {
            nearest: nearest(label, self.labels.iter().map(String::as_str)).map(str::to_owned),
            label: label.to_owned(),
        };
        asked.map(unknown).collect()
    }
}

/// An alert that fires, in the order of a preview: the worst first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct FiringKey {
    severity: Reverse<Severity>,
    integration: String,
    key: String,
}

impl FiringKey {
    fn new(severity: Severity, integration: &str, key: &str) -> Self {
        Self { severity: Reverse(severity), integration: integration.to_owned(), key: key.to_owned() }
    }
}

/// What a preview shows of it besides.
struct FiringFound {
    title: String,
    channels: BTreeSet<String>,
}

/// The channels to which an outcome was routed.
fn routed_channels(outcome: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct RoutedOutcome {
        #[serde(default)]
        channels: Vec<String>,
    }
    serde_json::from_str::<RoutedOutcome>(outcome).map(|routed| routed.channels).unwrap_or_default()
}
