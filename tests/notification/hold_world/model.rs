//! What the model says is held.

use super::{CHANNELS, COUNTS_FOR, HoldWorld, ModelAlert, has_role, key};
use crate::notification::{alert_id, seconds};
use pointsman::notification::holds::HoldTracker;
use pointsman::notification::{AlertId, ChannelStore as _, HoldState};
use std::collections::{BTreeMap, BTreeSet};

impl HoldWorld {
    /// The alerts that the model says are held in a channel.
    pub(in crate::notification) fn held(&self, channel: &str) -> BTreeSet<AlertId> {
        let names: Vec<u32> = self.firing.keys().copied().collect();
        let edges: BTreeMap<u32, Vec<Option<u32>>> =
            names.iter().map(|alert| (*alert, self.holders(*alert, channel))).collect();
        let holds = |alert: u32, other: u32| edges[&alert].contains(&Some(other));
        // Who is held by whom, through others too.
        let mut reach: BTreeSet<(u32, u32)> = BTreeSet::new();
        for alert in &names {
            reach.extend(names.iter().filter(|other| holds(*alert, **other)).map(|other| (*alert, *other)));
        }
        for middle in &names {
            for first in &names {
                for last in &names {
                    if reach.contains(&(*first, *middle)) && reach.contains(&(*middle, *last)) {
                        reach.insert((*first, *last));
                    }
                }
            }
        }
        let is_held = |alert: &u32| {
            let circle: Vec<u32> = names
                .iter()
                .copied()
                .filter(|other| reach.contains(&(*alert, *other)) && reach.contains(&(*other, *alert)))
                .collect();
            let rank = |alert: &u32| (self.firing[alert].since, key(*alert));
            let is_first = circle.iter().all(|other| rank(alert) <= rank(other));
            edges[alert].iter().any(|holder| match holder {
                Some(other) => !circle.contains(other) || !is_first,
                None => true,
            })
        };
        names.iter().filter(|alert| is_held(alert)).map(|alert| alert_id(*alert)).collect()
    }

    /// What holds an alert: alerts that fire, and nothing where that is something else.
    fn holders(&self, alert: u32, channel: &str) -> Vec<Option<u32>> {
        let event = &self.firing[&alert].event;
        let is_in = |only: Option<&str>| only.is_none_or(|only| only == channel);
        let mut holders = Vec::new();
        for (number, mute) in self.mutes.iter().enumerate().filter(|(_, mute)| is_in(mute.channel)) {
            if !self.is_candidate(number, event) {
                continue;
            }
            if mute.whiles.is_none() {
                holders.push(None);
                continue;
            }
            let counts = |other: &&ModelAlert| {
                let is_fresh = self.now < other.heard.saturating_add(seconds(COUNTS_FOR));
                has_role(mute, &other.event) && other.event.site == event.site && is_fresh
            };
            holders.extend(self.firing.values().filter(counts).map(|other| Some(other.event.alert)));
            let ended = self
                .ended
                .iter()
                .chain(&self.expired)
                .filter(|((mute, site, _), _)| *mute == number && *site == event.site);
            holders.extend(ended.filter(|(_, until)| self.now < **until).map(|_| None));
        }
        let active = self.silences.iter().filter(|silence| silence.from <= self.now && !silence.is_over);
        let matching = active.filter(|silence| silence.silence.kinds & event.kind != 0);
        holders.extend(matching.filter(|silence| is_in(silence.silence.channel)).map(|_| None));
        holders
    }

    /// Compares what is held with the model.
    pub(in crate::notification) fn compare(&mut self) {
        for channel in CHANNELS {
            let place = CHANNELS.iter().position(|name| *name == channel).unwrap();
            let kept = self.held(channel);
            for alert in self.firing.values() {
                let id = alert_id(alert.event.alert);
                let expected = if kept.contains(&id) { HoldState::Held } else { HoldState::Free };
                let Ok(hold) = HoldTracker::new(&mut self.holds).hold_in(id, channel);
                assert_eq!(hold, expected, "{:?} in {channel} at {:?}", alert, self.now);
                let is_routed = alert.event.routes[place] && !alert.event.copies[place];
                let Ok(known) = self.channels[channel].store.alert(id);
                if let Some(known) = known.filter(|_| is_routed) {
                    assert_eq!(known.hold, expected, "{known:?} {alert:?} in {channel} at {:?}", self.now);
                }
            }
        }
    }
}
