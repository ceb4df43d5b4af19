//! Mutes, silences and two channels over virtual time, and a plain model of what is held.

#[path = "hold_world/model.rs"]
mod model;

use super::hold_input::{TestEvent, TestMute, TestSilence};
use super::{Receiver, World, alert_id, at, group_id, seconds};
use pointsman::channel::NotificationPolicy;
use pointsman::notification::holds::{
    AlertFacts, AlertReport, HoldCandidate, HoldProgress, HoldTracker, MemoryHolds, MuteCandidate, SilenceEnd,
    SilenceId, SilenceRecord, SilenceState, SourceId, SourceRole,
};
use pointsman::notification::{AlertId, Arrival, ChannelStore as _, HoldState, MessageEnd};
use pointsman::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The channels.
pub(super) const CHANNELS: [&str; 2] = ["chat", "page"];

/// How long a schedule that mutes ask lasts, and the time between two of them.
const NIGHT: u64 = 1_800;

/// How long an alert counts as a source after it was heard of.
const COUNTS_FOR: u64 = 900;

/// How many alerts the model is asked about at most: it looks at each three of them.
const MODEL_ALERTS: usize = 50;

/// An alert of the model.
#[derive(Debug, Clone)]
struct ModelAlert {
    event: TestEvent,
    since: Timestamp,
    heard: Timestamp,
    /// Whether nothing was heard of it for too long.
    is_expired: bool,
    /// The channels in which it is open.
    open: BTreeSet<&'static str>,
}

/// A silence of the model.
#[derive(Debug, Clone)]
struct ModelSilence {
    silence: TestSilence,
    from: Timestamp,
    until: Timestamp,
    quiet_since: Option<Timestamp>,
    is_over: bool,
}

/// A mute with the values of one site, and an alert.
type ModelRole = (usize, u8, u32);

pub(super) struct HoldWorld {
    pub(super) holds: MemoryHolds,
    pub(super) channels: BTreeMap<&'static str, World>,
    pub(super) now: Timestamp,
    /// How many alerts are looked at in one step.
    step: usize,
    mutes: Vec<TestMute>,
    firing: BTreeMap<u32, ModelAlert>,
    /// Roles that ended, and until when they count.
    ended: BTreeMap<ModelRole, Timestamp>,
    /// Roles of alerts of which nothing was heard for too long, and until when they count.
    expired: BTreeMap<ModelRole, Timestamp>,
    silences: Vec<ModelSilence>,
}

impl HoldWorld {
    pub(super) fn new(policies: [NotificationPolicy; 2], mutes: &[TestMute], step: usize) -> Self {
        Self {
            holds: MemoryHolds::default(),
            channels: CHANNELS.into_iter().zip(policies.map(World::new)).collect(),
            now: at(0),
            step,
            mutes: mutes.to_vec(),
            firing: BTreeMap::new(),
            ended: BTreeMap::new(),
            expired: BTreeMap::new(),
            silences: Vec::new(),
        }
    }

    /// Goes on to a moment; what begins and ends by the clock comes first, then what is due.
    pub(super) fn run_to(&mut self, until: Timestamp) {
        for _ in 0..100_000 {
            self.clock();
            self.tell();
            let Some(next) = self.next_moment().filter(|next| *next <= until) else {
                self.now = until;
                self.clock();
                return self.tell();
            };
            assert!(next > self.now, "time stands still at {:?}", self.now);
            self.now = next;
        }
        panic!("it never comes to an end");
    }

    fn next_moment(&mut self) -> Option<Timestamp> {
        let now = self.now;
        let Ok(holds) = HoldTracker::new(&mut self.holds).next_moment();
        let channels = self.channels.values_mut().filter_map(|world| {
            let Ok(next) = world.notifier().next_moment(now);
            next
        });
        let next: Vec<Timestamp> = channels.chain(holds).collect();
        let schedule = self.mutes.iter().any(|mute| mute.at_night).then(|| next_night(now));
        next.into_iter().chain(schedule).min()
    }

    /// What begins and ends by the clock.
    fn clock(&mut self) {
        let now = self.now;
        if now.epoch_milliseconds() % (NIGHT.cast_signed() * 1_000) == 0 {
            let Ok(()) = HoldTracker::new(&mut self.holds).ask_everything();
        }
        let step = self.step;
        self.track(|tracker| while let Ok(HoldProgress::More) = tracker.advance(now, step) {});
        for silence in &mut self.silences {
            let resolved = silence.quiet_since.is_some_and(|since| since.saturating_add(seconds(300)) <= now);
            silence.is_over |= silence.until <= now || (silence.silence.end == SilenceEnd::Resolved && resolved);
        }
        self.note_expired();
        self.note_quiet();
        self.ask();
    }

    /// Alerts of which nothing was heard for too long count on for `until … after`.
    fn note_expired(&mut self) {
        let mutes = &self.mutes;
        for (name, alert) in &mut self.firing {
            let expiry = alert.heard.saturating_add(seconds(COUNTS_FOR));
            if alert.is_expired || self.now < expiry {
                continue;
            }
            alert.is_expired = true;
            for (number, mute) in mutes.iter().enumerate().filter(|(_, mute)| has_role(mute, &alert.event)) {
                self.expired
                    .insert((number, alert.event.site, *name), expiry.saturating_add(seconds(mute.until_after)));
            }
        }
    }

    /// Does something with the tracker, and applies what it changed.
    fn track<R>(&mut self, change: impl FnOnce(&mut HoldTracker<'_, MemoryHolds>) -> R) -> R {
        let mut tracker = HoldTracker::new(&mut self.holds);
        let result = change(&mut tracker);
        loop {
            let Ok(changed) = tracker.take_changed(self.step);
            if changed.is_empty() {
                return result;
            }
            for id in changed {
                let Some(alert) = self.firing.values().find(|alert| alert_id(alert.event.alert) == id) else {
                    continue;
                };
                for (channel, world) in &mut self.channels {
                    let Ok(hold) = tracker.hold_in(id, channel);
                    let place = CHANNELS.iter().position(|name| name == channel).unwrap();
                    if alert.open.contains(channel) && !alert.event.copies[place] {
                        let Ok(()) = world.notifier().set_hold(self.now, id, hold);
                    }
                }
            }
        }
    }

    /// Asks anew what is to be asked.
    fn ask(&mut self) {
        loop {
            let Ok(page) = HoldTracker::new(&mut self.holds).next_asked(self.step);
            let reports: Vec<AlertReport> = page.iter().map(|id| self.report(*id)).collect();
            let now = self.now;
            self.track(|tracker| {
                let Ok(()) = tracker.renew(now, &reports);
                let Ok(()) = tracker.finish_page(&page);
            });
            if page.is_empty() {
                return;
            }
        }
    }

    fn report(&self, id: AlertId) -> AlertReport {
        let alert = self.firing.values().find(|alert| alert_id(alert.event.alert) == id).unwrap();
        AlertReport::Firing {
            alert: id,
            key: key(alert.event.alert),
            since: alert.since,
            heard: alert.heard,
            facts: self.facts(&alert.event),
        }
    }

    fn facts(&self, event: &TestEvent) -> AlertFacts {
        let mut facts = AlertFacts { counts_for: seconds(COUNTS_FOR), ..AlertFacts::default() };
        for number in 0..self.mutes.len() {
            let mute = &self.mutes[number];
            if self.is_candidate(number, event) {
                facts.candidates.push(HoldCandidate::Mute(MuteCandidate {
                    mute: name(number),
                    place: format!("calm.rules:{number}"),
                    source: mute.whiles.map(|_| source(number, event.site)),
                    channels: mute.channel.map(|channel| vec![channel.to_owned()]),
                    because: "a test".to_owned(),
                }));
            }
            if has_role(mute, event) {
                facts
                    .roles
                    .push(SourceRole { source: source(number, event.site), until_after: seconds(mute.until_after) });
            }
        }
        let silences = self.silences.iter().enumerate().filter(|(_, silence)| !silence.is_over);
        let matching = silences.filter(|(_, silence)| silence.silence.kinds & event.kind != 0);
        facts.candidates.extend(matching.map(|(number, _)| HoldCandidate::Silence(silence_id(number))));
        facts
    }

    fn is_candidate(&self, number: usize, event: &TestEvent) -> bool {
        let mute = &self.mutes[number];
        let is_night = (self.now.epoch_milliseconds() / 1_000 / NIGHT.cast_signed()) % 2 == 0;
        mute.when & event.kind != 0 && (is_night || !mute.at_night) && !has_role(mute, event)
    }

    /// A push arrives.
    pub(super) fn push(&mut self, events: &[TestEvent]) {
        self.clock();
        self.tell();
        let mut last: BTreeMap<u32, BTreeSet<&'static str>> = BTreeMap::new();
        let mut reports = Vec::new();
        let mut routed: BTreeMap<&'static str, Vec<TestEvent>> = BTreeMap::new();
        for event in events {
            let open = self.note(event);
            let id = alert_id(event.alert);
            reports.push(match event.firing {
                None => AlertReport::Over { alert: id },
                Some(_) => AlertReport::Firing {
                    alert: id,
                    key: key(event.alert),
                    since: self.now,
                    heard: self.now,
                    facts: self.facts(event),
                },
            });
            let channels: Vec<&'static str> = match event.firing {
                None => open.iter().copied().collect(),
                Some(_) => channels_of(event),
            };
            for channel in &channels {
                routed.entry(channel).or_default().push(event.clone());
            }
            last.entry(event.alert).or_default().extend(open);
        }
        self.note_quiet();
        let now = self.now;
        self.track(|tracker| {
            let Ok(()) = tracker.report(now, &reports);
        });
        let tracker = HoldTracker::new(&mut self.holds);
        for (channel, events) in routed {
            let place = CHANNELS.iter().position(|name| *name == channel).unwrap();
            let arrival = |event: &TestEvent| {
                let Ok(hold) = tracker.hold_in(alert_id(event.alert), channel);
                let hold = if event.copies[place] { HoldState::Free } else { hold };
                Arrival {
                    alert: alert_id(event.alert),
                    group: group_id(u32::from(event.site)),
                    firing: event.firing,
                    hold,
                }
            };
            let arrivals: Vec<Arrival> = events.iter().map(arrival).collect();
            let Ok(_) = self.channels.get_mut(channel).unwrap().notifier().arrive(now, &arrivals);
        }
        for (alert, open) in last {
            if let Some(alert) = self.firing.get(&alert) {
                let given = channels_of(&alert.event);
                for channel in open.into_iter().filter(|channel| !given.contains(channel)) {
                    let world = self.channels.get_mut(channel).unwrap();
                    let Ok(hold) = HoldTracker::new(&mut self.holds).hold_in(alert_id(alert.event.alert), channel);
                    let Ok(()) = world.notifier().unroute(now, alert_id(alert.event.alert), hold);
                }
            }
        }
        self.tell();
    }

    /// Notes an event in the model; where its alert was open before.
    fn note(&mut self, event: &TestEvent) -> BTreeSet<&'static str> {
        let before = self.firing.remove(&event.alert);
        let open = before.as_ref().map(|alert| alert.open.clone()).unwrap_or_default();
        let roles = |event: &TestEvent| {
            let mutes = self.mutes.iter().enumerate().filter(|(_, mute)| has_role(mute, event));
            mutes.map(|(number, _)| (number, event.site, event.alert)).collect::<Vec<ModelRole>>()
        };
        let (old, new) = (before.as_ref().map(|alert| roles(&alert.event)).unwrap_or_default(), roles(event));
        let counted = before.as_ref().is_some_and(|alert| self.now < alert.heard.saturating_add(seconds(COUNTS_FOR)));
        for role in old {
            let is_lost = event.firing.is_none() || !new.contains(&role);
            let until = self.now.saturating_add(seconds(self.mutes[role.0].until_after));
            let until = self.expired.remove(&role).or(counted.then_some(until));
            if let Some(until) = until.filter(|_| is_lost) {
                self.ended.insert(role, until);
            }
        }
        if event.firing.is_some() {
            self.ended.retain(|role, _| !new.contains(role));
            let since = before.map_or(self.now, |alert| alert.since);
            let all = open.iter().copied().chain(channels_of(event)).collect();
            let alert = ModelAlert { event: event.clone(), since, heard: self.now, is_expired: false, open: all };
            self.firing.insert(event.alert, alert);
        }
        open
    }

    fn note_quiet(&mut self) {
        let now = self.now;
        for silence in &mut self.silences {
            let is_active = silence.from <= now && !silence.is_over;
            let mut firing = self.firing.values();
            let is_quiet = !firing.any(|alert| alert.event.kind & silence.silence.kinds != 0);
            if is_active {
                silence.quiet_since = is_quiet.then(|| silence.quiet_since.unwrap_or(now));
            }
        }
    }

    pub(super) fn silence(&mut self, silence: &TestSilence) {
        self.clock();
        let (from, until) = (self.now.saturating_add(seconds(silence.delay)), seconds(silence.lasts));
        let until = from.saturating_add(until);
        let id = silence_id(self.silences.len());
        let record = SilenceRecord {
            from,
            until,
            channels: silence.channel.map(|channel| vec![channel.to_owned()]),
            because: "a test".to_owned(),
            end: silence.end,
            state: SilenceState::Scheduled,
            quiet_since: None,
        };
        self.silences.push(ModelSilence { silence: silence.clone(), from, until, quiet_since: None, is_over: false });
        let now = self.now;
        self.track(|tracker| {
            let Ok(()) = tracker.add_silence(now, id, record);
        });
        self.clock();
        self.tell();
    }

    pub(super) fn end_silence(&mut self, number: usize) {
        self.clock();
        let now = self.now;
        if let Some(silence) = self.silences.get_mut(number) {
            silence.is_over = true;
            self.track(|tracker| {
                let Ok(()) = tracker.end_silence(now, silence_id(number));
            });
        }
        self.tell();
    }

    /// Other mutes are in force.
    pub(super) fn load(&mut self, mutes: &[TestMute]) {
        self.clock();
        self.mutes = mutes.to_vec();
        let has_again = |(mute, site, alert): &ModelRole| {
            let fires = self.firing.get(alert).filter(|fires| fires.event.site == *site);
            fires.zip(self.mutes.get(*mute)).is_some_and(|(fires, mute)| has_role(mute, &fires.event))
        };
        let again: Vec<ModelRole> = self.ended.keys().filter(|role| has_again(role)).copied().collect();
        self.ended.retain(|role, _| !again.contains(role));
        let left: Vec<ModelRole> = self.expired.keys().filter(|role| !has_again(role)).copied().collect();
        self.expired.retain(|role, _| !left.contains(role));
        let Ok(()) = HoldTracker::new(&mut self.holds).ask_everything();
        self.ask();
        self.tell();
    }

    pub(super) fn receiver(&mut self, receiver: Receiver) {
        self.channels.values_mut().for_each(|world| world.receiver = receiver);
        self.tell();
    }

    pub(super) fn pause(&mut self, channel: &str) {
        let Ok(()) = self.channels.get_mut(channel).unwrap().notifier().pause();
    }

    pub(super) fn resume(&mut self, channel: &str) {
        self.clock();
        let Ok(()) = self.channels.get_mut(channel).unwrap().notifier().resume();
        self.tell();
    }

    pub(super) fn is_paused(&self, channel: &str) -> bool {
        let Ok(record) = self.channels[channel].store.channel();
        record.is_paused
    }

    pub(super) fn expire(&mut self) {
        let now = self.now;
        for world in self.channels.values_mut() {
            world.now = now;
            world.end_all(MessageEnd::Expired);
        }
        self.tell();
    }

    /// Makes what is due. Nothing that is held is told new or worse.
    fn tell(&mut self) {
        for (place, channel) in CHANNELS.into_iter().enumerate() {
            let mut held = if self.firing.len() <= MODEL_ALERTS { self.held(channel) } else { BTreeSet::new() };
            for alert in self.firing.values().filter(|alert| alert.event.copies[place]) {
                held.remove(&alert_id(alert.event.alert));
            }
            let world = self.channels.get_mut(channel).unwrap();
            let before = world.made.len();
            world.now = self.now;
            world.advance();
            for news in world.made[before..].iter().flat_map(|message| &message.news) {
                assert!(news.now <= news.before || !held.contains(&news.alert), "{news:?} is held in {channel}");
            }
        }
    }
}

fn channels_of(event: &TestEvent) -> Vec<&'static str> {
    CHANNELS.into_iter().zip(event.routes).filter(|(_, is_routed)| *is_routed).map(|(name, _)| name).collect()
}

fn has_role(mute: &TestMute, event: &TestEvent) -> bool {
    mute.whiles.is_some_and(|kinds| kinds & event.kind != 0)
}

fn next_night(now: Timestamp) -> Timestamp {
    let night = now.epoch_milliseconds() / 1_000 / NIGHT.cast_signed();
    Timestamp::from_epoch_milliseconds((night + 1) * NIGHT.cast_signed() * 1_000)
}

fn key(alert: u32) -> String {
    format!("key {alert}")
}

fn name(mute: usize) -> String {
    format!("m{mute}")
}

fn source(mute: usize, site: u8) -> SourceId {
    SourceId::of(&name(mute), [site.to_string().as_str()])
}

fn silence_id(number: usize) -> SilenceId {
    SilenceId(alert_id(u32::try_from(number).unwrap()).0)
}
