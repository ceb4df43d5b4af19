//! Counts of what a rehearsal plays and tells.

use super::PlayRefusal;
use super::loudest::LoudestGroups;
use super::report::{
    BusiestDay, ChannelRehearsal, CriticalWait, EventCounts, LoudGroup, MuteRehearsal, ReasonCounts, RefusedPushes,
    RehearsalReport,
};
use crate::event::Severity;
use crate::notification::MessageNews;
use crate::suite::timeline::{DeliveredMessage, HoldChange, HoldChangeKind};
use crate::text::shorten;
use crate::time::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many of the loudest groups are reported.
const LOUDEST: usize = 10;
/// How many characters of a title are kept.
const MAX_TITLE: usize = 120;
const DAY: Duration = Duration::from_hours(24);

/// Counts of a rehearsal.
pub(super) struct RehearsalTally {
    begin: Timestamp,
    pushes: u64,
    events: EventCounts,
    refused: BTreeMap<(String, PlayRefusal), u64>,
    channels: BTreeMap<String, ChannelTally>,
    /// By mute and channel.
    mutes: BTreeMap<(String, String), MuteRehearsal>,
}

/// Counts of a channel.
#[derive(Default)]
struct ChannelTally {
    messages: u64,
    reasons: ReasonCounts,
    /// Messages by the number of the day.
    days: BTreeMap<u64, u64>,
    criticals: u64,
    longest_critical: Option<CriticalWait>,
    groups: LoudestGroups,
}

impl RehearsalTally {
    pub(super) fn new(begin: Timestamp) -> Self {
        let (refused, channels, mutes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { begin, pushes: 0, events: EventCounts::default(), refused, channels, mutes }
    }

    pub(super) fn note_push(&mut self) {
        self.pushes += 1;
    }

    /// A push that the rules do not take.
    pub(super) fn note_refusal(&mut self, integration: &str, refusal: PlayRefusal) {
        *self.refused.entry((integration.to_owned(), refusal)).or_default() += 1;
    }

    /// An event that was routed, to a channel or to none.
    pub(super) fn note_event(&mut self, has_channels: bool) {
        *(if has_channels { &mut self.events.routed } else { &mut self.events.nowhere }) += 1;
    }

    pub(super) fn note_drop(&mut self) {
        self.events.dropped += 1;
    }

    pub(super) fn note_lone_recovery(&mut self) {
        self.events.lone_recoveries += 1;
    }

    /// Events that the clock made.
    pub(super) fn note_clock_events(&mut self, count: usize) {
        self.events.of_clock += u64::try_from(count).unwrap_or(u64::MAX);
    }

    pub(super) fn note_message(&mut self, message: &DeliveredMessage) {
        let day = message.made.saturating_duration_since(self.begin).as_secs() / DAY.as_secs();
        match self.channels.get_mut(&message.channel) {
            Some(channel) => channel.note(message, day),
            None => self.channels.entry(message.channel.clone()).or_default().note(message, day),
        }
    }

    /// A mute begins or ceases to hold an alert.
    pub(super) fn note_hold(&mut self, change: &HoldChange) {
        for mute in &change.mutes {
            let tally = self.mutes.entry((mute.clone(), change.channel.clone())).or_default();
            *(match change.kind {
                HoldChangeKind::Begun => &mut tally.held,
                HoldChangeKind::Over => &mut tally.over,
                HoldChangeKind::Outlasted => &mut tally.outlasted,
            }) += 1;
        }
    }

    /// The report; `mutes` are all of the rules.
    pub(super) fn finish<'m>(self, until: Timestamp, mutes: impl Iterator<Item = &'m str>) -> RehearsalReport {
        let mutes = mute_reports(self.mutes, mutes);
        let refused = self.refused.into_iter().map(|((integration, refusal), pushes)| RefusedPushes {
            integration,
            reason: refusal.reason(),
            pushes,
        });
        let (mut channels, mut loudest) = (Vec::new(), Vec::new());
        for (name, tally) in self.channels {
            let groups = tally.groups.loudest(LOUDEST).into_iter().map(|group| LoudGroup {
                channel: name.clone(),
                group: group.label,
                messages: group.messages,
                reasons: group.reasons,
            });
            loudest.extend(groups);
            let busiest = tally.days.iter().max_by_key(|(day, messages)| (**messages, Reverse(**day)));
            let busiest = busiest.map_or((0, 0), |(day, messages)| (*day, *messages));
            channels.push(ChannelRehearsal {
                channel: name,
                messages: tally.messages,
                reasons: tally.reasons,
                busiest_day: BusiestDay {
                    since: self.begin.saturating_add(DAY.saturating_mul(u32::try_from(busiest.0).unwrap_or(u32::MAX))),
                    messages: busiest.1,
                },
                criticals: tally.criticals,
                longest_critical: tally.longest_critical,
            });
        }
        // The sort is stable: of groups that are as loud, the first channel's come first.
        loudest.sort_by_key(|group| Reverse(group.messages));
        loudest.truncate(LOUDEST);
        RehearsalReport {
            since: self.begin,
            until,
            pushes: self.pushes,
            events: self.events,
            refused: refused.collect(),
            channels,
            loudest,
            mutes,
        }
    }
}

impl ChannelTally {
    fn note(&mut self, message: &DeliveredMessage, day: u64) {
        self.messages += 1;
        self.reasons.note(message.reason);
        *self.days.entry(day).or_default() += 1;
        self.groups.note(message);
        for news in message.news.iter().filter(|news| is_critical(news)) {
            self.criticals += 1;
            let waited = message.made.saturating_duration_since(news.since);
            if self.longest_critical.as_ref().is_none_or(|longest| waited > longest.waited) {
                let title = shorten(&message.message.event.title, MAX_TITLE);
                self.longest_critical = Some(CriticalWait { waited, at: message.made, title });
            }
        }
    }
}

/// What each mute held, those that held nothing included.
fn mute_reports<'m>(
    found: BTreeMap<(String, String), MuteRehearsal>,
    all: impl Iterator<Item = &'m str>,
) -> Vec<MuteRehearsal> {
    let named = |((mute, channel), tally)| MuteRehearsal { mute, channel: Some(channel), ..tally };
    let mut reports: Vec<MuteRehearsal> = found.into_iter().map(named).collect();
    let held: BTreeSet<String> = reports.iter().map(|report| report.mute.clone()).collect();
    let idle = all.filter(|mute| !held.contains(*mute));
    reports.extend(idle.map(|mute| MuteRehearsal { mute: mute.to_owned(), ..MuteRehearsal::default() }));
    reports
}

/// Whether an alert is told as Critical that was not before.
fn is_critical(news: &MessageNews) -> bool {
    news.now == Some(Severity::Critical) && news.before != Some(Severity::Critical)
}
