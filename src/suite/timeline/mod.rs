//! The one loop over virtual time: inputs go in as values, messages come out with their times.
//!
//! A [`Timeline`] has a clock of its own, which stands still between inputs. [`Timeline::advance_to`] moves it. At each
//! moment comes first what begins or ends by the clock, then what is due, then the inputs in their order, and what an input
//! makes due at once is told before the next. A message is delivered when it is made, unless its channel is down: then it is
//! delivered when the channel is up again, the worst news first. What a channel could not deliver for too long is told to its
//! fallback.
//!
//! The loop knows nothing of tests: stored pushes are played through it in the same way. The work and the memory of a
//! timeline are bounded, so that no rule file can hang it.

mod budget;
mod channel;
mod channel_rules;
mod fallbacks;
mod held_alerts;
mod hold_log;
mod holds;
mod own_events;
mod stored_event;

pub use budget::{TimelineBudget, TimelineLimit};
pub use channel::{DeliveredMessage, FiringProgress, FiringState};
pub use held_alerts::AlertHold;
pub use hold_log::{HoldChange, HoldChangeKind};
pub use holds::TimelineSilence;
pub use own_events::OwnEvent;

use crate::event::{AlertStatus, Event, Outcome, OutcomeKind};
use crate::json::Arena;
use crate::notification::{AlertId, AlertState};
use crate::ruleset::RuleSet;
use crate::time::Timestamp;
use channel::{ChannelArrival, TimelineChannel};
use hold_log::HoldLog;
use holds::TimelineHolds;
use own_events::{HeardSenders, MadeEvent};
use std::collections::BTreeMap;
use std::time::Duration;
use stored_event::StoredEvent;

/// How many events are kept before those of alerts that are over are forgotten.
const KEPT_EVENTS: usize = 4_096;

/// About how many bytes a channel keeps of an alert: its record, its group, and their places in indexes.
const RECORD_BYTES: usize = 768;

/// An event, and the channels that get it.
#[derive(Debug, Clone, Copy)]
pub struct RoutedEvent<'e> {
    /// The event.
    pub event: &'e Event<'e>,
    /// The channels that routing gives; of a recovery, those of its firing too.
    pub channels: &'e [&'e str],
    /// Those of them that get it as a copy, which no mute or silence holds.
    pub copies: &'e [&'e str],
}

impl<'e> RoutedEvent<'e> {
    /// The event of an outcome, where a routing decided.
    #[must_use]
    pub fn of(outcome: &Outcome<'e>) -> Option<Self> {
        match &outcome.kind {
            OutcomeKind::Routed(event, decision) => {
                Some(Self { event, channels: decision.channels, copies: decision.copies })
            }
            OutcomeKind::Event(_)
            | OutcomeKind::Dropped(_)
            | OutcomeKind::Empty
            | OutcomeKind::Unaccepted(_)
            | OutcomeKind::Invalid { .. } => None,
        }
    }
}

/// Channels, alerts and messages over virtual time.
#[derive(Debug)]
pub struct Timeline<'r> {
    rules: &'r RuleSet,
    now: Timestamp,
    /// The end of a time in which the gateway is away.
    away_until: Option<Timestamp>,
    channels: BTreeMap<String, TimelineChannel>,
    alerts: BTreeMap<AlertId, OpenAlert>,
    holds: TimelineHolds<'r>,
    /// What mutes held, where somebody counts it.
    hold_log: Option<HoldLog>,
    /// How many alerts may be kept before those that are over are looked for.
    forget_at: usize,
    delivered: Vec<DeliveredMessage>,
    heard: HeardSenders,
    own_events: Vec<OwnEvent>,
    budget: TimelineBudget,
}

/// An alert: its last event, and the channels in which its firing is open.
#[derive(Debug)]
struct OpenAlert {
    event: StoredEvent,
    open: Vec<String>,
    /// Those of the channels that get it as a copy.
    copies: Vec<String>,
    /// Those of them that are told instead of another.
    fallbacks: Vec<String>,
    /// Since when it fires.
    since: Option<Timestamp>,
    /// About how many bytes is what mutes and silences say of it.
    facts_bytes: usize,
}

impl OpenAlert {
    /// About how much memory it takes, with what each channel keeps of it.
    fn bytes(&self) -> usize {
        // The tracker of holds keeps a record, too.
        self.event.event.bytes() + (self.open.len() + 1) * RECORD_BYTES + self.facts_bytes
    }
}

impl<'r> Timeline<'r> {
    /// A timeline that begins at that time. Nothing fired and nothing was told before.
    #[must_use]
    pub fn new(rules: &'r RuleSet, begin: Timestamp, budget: TimelineBudget) -> Self {
        Self {
            rules,
            now: begin,
            away_until: None,
            channels: BTreeMap::new(),
            alerts: BTreeMap::new(),
            holds: TimelineHolds::new(rules, begin),
            hold_log: None,
            forget_at: KEPT_EVENTS,
            delivered: Vec::new(),
            heard: HeardSenders::new(rules, begin),
            own_events: Vec::new(),
            budget,
        }
    }

    /// The time of the timeline.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether the gateway is away, so that nothing can arrive.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away_until.is_some()
    }

    /// What is left of the budget, for the next timeline.
    #[must_use]
    pub fn into_budget(self) -> TimelineBudget {
        self.budget
    }

    /// The channels in which the firing of a key is open: where its recovery goes.
    #[must_use]
    pub fn open_channels(&self, integration: Option<&str>, key: &str) -> Vec<String> {
        let alert = self.alerts.get(&AlertId::of(integration, key));
        alert.map(|alert| alert.open.clone()).unwrap_or_default()
    }

    /// Moves the clock, and does on the way whatever begins, ends or is due, up to that moment and at it.
    ///
    /// # Errors
    /// If that takes more work or memory than the timeline may use.
    pub fn advance_to(&mut self, moment: Timestamp) -> Result<(), TimelineLimit> {
        while let Some(next) = self.next_moment().filter(|next| *next <= moment) {
            self.now = self.now.max(next);
            self.clock()?;
        }
        self.now = self.now.max(moment);
        Ok(())
    }

    /// Moves the clock until nothing is due within the longest wait of the channels. What is only told again is not waited for.
    ///
    /// # Errors
    /// If that takes more work or memory than the timeline may use.
    pub fn run_out(&mut self) -> Result<(), TimelineLimit> {
        if let Some(back) = self.away_until {
            self.advance_to(back)?;
        }
        let longest = self.channels.values().map(TimelineChannel::longest_wait).max().unwrap_or_default();
        self.heard.stop();
        for channel in self.channels.values_mut() {
            channel.stop_repeating();
        }
        // What holds alerts begins and ends for ever, so only what is due in a channel makes the time longer.
        let mut last = self.now.saturating_add(longest);
        while let Some(next) = self.next_moment().filter(|next| *next <= last) {
            let is_due = self.next_channel_moment() == Some(next);
            self.advance_to(next)?;
            if is_due {
                last = last.max(next.saturating_add(longest));
            }
        }
        // A channel that is down hears then what it was to hear before.
        while let Some(up) = self.channels.values().filter_map(TimelineChannel::down_until).min() {
            self.advance_to(up)?;
        }
        Ok(())
    }

    /// The events of a push arrive. They must have been routed at the timeline's time.
    ///
    /// # Errors
    /// If that takes more work or memory than the timeline may use.
    pub fn arrive(&mut self, push: &[RoutedEvent<'_>]) -> Result<(), TimelineLimit> {
        self.apply(push)?;
        let mut has_returned = false;
        for RoutedEvent { event, .. } in push {
            has_returned |= self.heard.hear(self.rules, event, self.now, &mut self.budget)?;
        }
        if has_returned { self.make_own_events() } else { Ok(()) }
    }

    /// What an event of the clock did since this was last asked, in order.
    pub fn take_own_events(&mut self) -> Vec<OwnEvent> {
        std::mem::take(&mut self.own_events)
    }

    /// Lets the events of the clock arrive that are due.
    fn make_own_events(&mut self) -> Result<(), TimelineLimit> {
        loop {
            let made = self.heard.due(self.rules, self.now, &self.alerts);
            if made.is_empty() {
                return Ok(());
            }
            self.budget.work(made.len())?;
            let arena = Arena::new();
            let events: Vec<Event<'_>> = made.iter().map(|made| made.event.event(&arena)).collect();
            let names = |names: &[String]| names.iter().map(|name| arena.text(name)).collect::<Vec<&str>>();
            let push = made.iter().zip(&events).map(|(made, event)| RoutedEvent {
                event,
                channels: arena.slice(&names(&made.channels)),
                copies: arena.slice(&names(&made.copies)),
            });
            self.apply(&push.collect::<Vec<_>>())?;
            self.own_events.extend(made.into_iter().map(|MadeEvent { own, .. }| own));
        }
    }

    /// Applies the events of a push to the channels.
    fn apply(&mut self, push: &[RoutedEvent<'_>]) -> Result<(), TimelineLimit> {
        self.budget.work(push.len())?;
        for routed in push {
            self.note(routed)?;
        }
        let changed = self.report(push)?;
        let mut by_channel: BTreeMap<String, Vec<&RoutedEvent<'_>>> = BTreeMap::new();
        for routed in push {
            for name in routed.channels.iter().copied().chain(self.fallbacks(routed)) {
                by_channel.entry(name.to_owned()).or_default().push(routed);
            }
        }
        for (name, routed) in by_channel {
            let mut own: Vec<ChannelArrival<'_>> = Vec::with_capacity(routed.len());
            for routed in routed {
                own.push(ChannelArrival { event: routed.event, hold: self.hold_of(routed, &name) });
            }
            let new = || TimelineChannel::new(self.rules, &name);
            let channel = self.channels.entry(name.clone()).or_insert_with(new);
            channel.arrive(self.now, &own, self.rules, &mut self.budget)?;
        }
        self.apply_holds(&changed)?;
        for RoutedEvent { event, channels, .. } in push {
            self.unroute(event, channels);
        }
        self.tell()?;
        self.forget();
        Ok(())
    }

    /// The gateway is away for so long. What falls due meanwhile is told at its return.
    pub fn restart(&mut self, away: Duration) {
        self.away_until = (!away.is_zero()).then(|| self.now.saturating_add(away));
        if let Some(back) = self.away_until {
            self.heard.stop_listening(self.now, back);
        }
    }

    /// A channel takes nothing for so long.
    pub fn take_down(&mut self, channel: &str, duration: Duration) {
        let until = self.now.saturating_add(duration);
        if until > self.now {
            self.channel(channel).take_down(until);
        }
    }

    /// Stops a channel: nothing is made, and what was told stands.
    pub fn pause(&mut self, channel: &str) {
        self.channel(channel).pause();
    }

    /// Lets a channel go on.
    ///
    /// # Errors
    /// If that takes more work or memory than the timeline may use.
    pub fn resume(&mut self, channel: &str) -> Result<(), TimelineLimit> {
        self.channel(channel).resume();
        self.tell()
    }

    /// What was delivered since this was last asked, in order.
    pub fn take_delivered(&mut self) -> Vec<DeliveredMessage> {
        let taken = std::mem::take(&mut self.delivered);
        self.budget.free(taken.iter().map(|message| message.bytes).sum());
        taken
    }

    /// What a channel knows of an alert.
    pub fn state(&mut self, channel: &str, integration: Option<&str>, key: &str) -> FiringState {
        let id = AlertId::of(integration, key);
        let is_over = self.is_over(id);
        let known = self.channels.get_mut(channel).map(|channel| channel.state(id));
        let unknown = FiringState { state: AlertState::Unknown, is_paused: false, progress: FiringProgress::Plain };
        let state = known.unwrap_or(unknown);
        let nothing_left = matches!(state.progress, FiringProgress::Plain | FiringProgress::Sent);
        if is_over && nothing_left { FiringState { progress: FiringProgress::Over, ..state } } else { state }
    }

    /// Whether an alert does not fire, or never did.
    fn is_over(&self, id: AlertId) -> bool {
        self.alerts.get(&id).is_none_or(|alert| alert.since.is_none())
    }

    /// When a channel has something to tell next, if nothing else arrives.
    pub fn next_due(&mut self, channel: &str) -> Option<Timestamp> {
        let now = self.now;
        self.channels.get_mut(channel).and_then(|channel| channel.next_moment(now))
    }

    fn channel(&mut self, name: &str) -> &mut TimelineChannel {
        let rules = self.rules;
        self.channels.entry(name.to_owned()).or_insert_with(|| TimelineChannel::new(rules, name))
    }

    /// The next moment at which something begins, ends or is due.
    fn next_moment(&mut self) -> Option<Timestamp> {
        if self.away_until.is_some() {
            return self.away_until;
        }
        let by_clock = self.holds.next_moment(self.now).into_iter().chain(self.heard.next_moment());
        self.next_channel_moment().into_iter().chain(by_clock).min()
    }

    /// The next moment at which a channel is up again, or something is due in it.
    fn next_channel_moment(&mut self) -> Option<Timestamp> {
        let now = self.now;
        self.channels.values_mut().filter_map(|channel| channel.next_moment(now)).min()
    }

    /// What the clock brings at this moment.
    fn clock(&mut self) -> Result<(), TimelineLimit> {
        self.budget.work(1)?;
        if self.away_until.is_some_and(|back| back <= self.now) {
            self.away_until = None;
        }
        for channel in self.channels.values_mut() {
            channel.come_up(self.now);
        }
        let changed = self.holds.advance(self.now);
        self.apply_holds(&changed)?;
        self.ask()?;
        if self.away_until.is_none() {
            self.make_own_events()?;
        }
        self.tell()
    }

    /// Makes and delivers what is due; what a channel could not deliver is told to its fallback.
    fn tell(&mut self) -> Result<(), TimelineLimit> {
        if self.away_until.is_some() {
            return Ok(());
        }
        loop {
            self.tell_channels()?;
            if !self.pass_on()? {
                return Ok(());
            }
        }
    }

    fn tell_channels(&mut self) -> Result<(), TimelineLimit> {
        let alerts = &self.alerts;
        let last_events = |id: AlertId| alerts.get(&id).map(|alert| &alert.event);
        for channel in self.channels.values_mut() {
            self.delivered.extend(channel.tell(self.now, &last_events, &mut self.budget)?);
        }
        Ok(())
    }

    /// Keeps the last event of an alert, and where its firing is open.
    fn note(&mut self, routed: &RoutedEvent<'_>) -> Result<(), TimelineLimit> {
        let RoutedEvent { event, channels, copies } = *routed;
        let stored = StoredEvent::of(event, self.now);
        let id = AlertId::of(event.integration, event.key);
        let before = self.alerts.remove(&id);
        self.budget.free(before.as_ref().map_or(0, OpenAlert::bytes));
        let mut since = before.as_ref().and_then(|alert| alert.since);
        let (mut open, mut fallbacks) = before.map(|alert| (alert.open, alert.fallbacks)).unwrap_or_default();
        match event.status {
            AlertStatus::Resolved => {
                open.clear();
                fallbacks.clear();
                since = None;
                if let Some(log) = &mut self.hold_log {
                    log.end(self.now, id);
                }
            }
            AlertStatus::Firing => {
                since.get_or_insert(self.now);
                for channel in channels {
                    if open.iter().all(|known| known != channel) {
                        open.push((*channel).to_owned());
                    }
                }
            }
        }
        let copies = copies.iter().map(|&copy| copy.to_owned()).collect();
        let alert = OpenAlert { event: stored, open, copies, fallbacks, since, facts_bytes: 0 };
        self.budget.keep(alert.bytes())?;
        self.alerts.insert(id, alert);
        Ok(())
    }

    /// The channels that an alert is not routed to any more.
    fn unroute(&mut self, event: &Event<'_>, channels: &[&str]) {
        if event.status == AlertStatus::Resolved {
            return;
        }
        let id = AlertId::of(event.integration, event.key);
        let Some(alert) = self.alerts.get(&id) else { return };
        for name in alert.open.iter().filter(|name| !channels.contains(&name.as_str())) {
            if let Some(channel) = self.channels.get_mut(name) {
                channel.unroute(self.now, id, self.holds.hold_in(id, name));
            }
        }
    }

    /// Forgets the events of alerts that are over and that no channel has to hear of.
    fn forget(&mut self) {
        if self.alerts.len() < self.forget_at {
            return;
        }
        let (channels, budget, holds) = (&self.channels, &mut self.budget, &mut self.holds);
        self.alerts.retain(|id, alert| {
            let is_open = !alert.open.is_empty() || (alert.since.is_some() && !holds.is_idle());
            let is_kept = is_open || channels.values().any(|channel| channel.knows(*id));
            if !is_kept {
                budget.free(alert.bytes());
                holds.forget(*id);
            }
            is_kept
        });
        let alerts = &self.alerts;
        for channel in self.channels.values_mut() {
            channel.forget(|id| alerts.contains_key(&id));
        }
        self.forget_at = (self.alerts.len() * 2).max(KEPT_EVENTS);
    }
}
