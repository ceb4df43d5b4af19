//! What happens to a payload: its outcomes, which events go to which channels, and which firings open and close. Pure,
//! except for the question which firings are open. Nothing is rendered here.

use super::prepared_version::PreparedVersion;
use super::refusal::Refusal;
use crate::evaluate::{EvaluationContext, HoldBudget, PushAnswer, RequestMetadata, SilentObserver};
use crate::event::Severity;
use crate::event::{AlertStatus, Event, Outcome, OutcomeKind, RoutingDecision};
use crate::gateway::event_group::{EventGroup, event_group};
use crate::gateway::hold_asker;
use crate::gateway::journal::{
    AskedEvent, AskedVersion, EventArrival, EventCopy, FiringTransition, HeardAlert, OpenFiring, OwnPush, PushHolds,
    PushId, PushOrigin, SilenceList,
};
use crate::gateway::metrics::Metrics;
use crate::json::Arena;
use crate::notification::{AlertId, Sender};
use crate::ruleset::EntryPoint;
use crate::time::Timestamp;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// How many bytes one push may become: its outcomes and the bodies of its deliveries, [`BYTES_PER_DELIVERY`] added
/// for each of these. A small body with many alerts for many channels would fill memory and journal otherwise.
pub(super) const MAX_PUSH_BYTES: usize = 32 << 20;

/// What a delivery costs besides its body.
pub(super) const BYTES_PER_DELIVERY: usize = 512;

/// A payload that came in.
#[derive(Debug)]
pub(super) struct IncomingPush {
    /// The id that the push gets.
    pub(super) id: PushId,
    /// The integration.
    pub(super) integration: String,
    /// The protocol.
    pub(super) origin: PushOrigin,
    /// When it was received.
    pub(super) now: Timestamp,
    /// The payload.
    pub(super) payload: Vec<u8>,
    /// What the request said besides, as far as mappings read it.
    pub(super) request: RequestMetadata,
    /// The push whose payload this replays.
    pub(super) replay_of: Option<PushId>,
    /// Whether its events count for what channels are told.
    pub(super) arrival: ArrivalMode,
    /// Through how many deliveries of gateways it came.
    pub(super) hops: u32,
    /// What it is made of, where the clock made it.
    pub(super) own: Option<Arc<OwnPush>>,
}

impl IncomingPush {
    /// The same without its payload.
    pub(super) fn without_payload(&self) -> Self {
        let Self { id, origin, now, replay_of, arrival, hops, .. } = *self;
        let (integration, request) = (self.integration.clone(), self.request.clone());
        let own = None;
        Self { id, integration, origin, now, payload: Vec::new(), request, replay_of, arrival, hops, own }
    }
}

/// Whether the events of a payload count for what channels are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrivalMode {
    /// They do.
    First,
    /// They arrived before: each goes out by itself, and changes nothing.
    Again,
    /// The sender repeats what fires: it is heard, and channels that send every event do not get it once more.
    Repeated,
}

/// What is decided about a payload.
#[derive(Default)]
pub(super) struct DecidedPush<'a> {
    /// The outcomes.
    pub(super) outcomes: Vec<Outcome<'a>>,
    /// What goes to channels, in the order of outcomes and channels.
    pub(super) deliveries: Vec<PlannedDelivery<'a>>,
    /// What arrives at channels that gather messages, in the order of outcomes and channels.
    pub(super) arrivals: Vec<EventArrival>,
    /// What mutes and silences say of the events; nothing where they arrived before.
    pub(super) holds: Option<PushHolds>,
    /// The senders of which its events are beats, each once.
    pub(super) beats: Vec<Sender>,
    /// The alerts of its events, where it is watched whether they are heard.
    pub(super) heard: Vec<HeardAlert>,
    /// What opens and what closes, in the order of outcomes.
    pub(super) transitions: Vec<FiringTransition>,
    /// Keys that were open, and their channels, as the evaluation asked for them.
    pub(super) open: Vec<OpenFiring>,
    /// Counts to add to the metrics once the push is durable.
    pub(super) counts: PushCounts,
    /// The key of the first event.
    pub(super) first_key: Option<&'a str>,
    /// What the sender gets instead of the receipt.
    pub(super) answer: Option<PushAnswer>,
}

/// An event on its way to one channel.
pub(super) struct PlannedDelivery<'a> {
    /// The position of its outcome.
    pub(super) index: u32,
    /// The event.
    pub(super) event: &'a Event<'a>,
    /// The channel.
    pub(super) channel: &'a str,
}

/// How many outcomes a push has of each kind, and how often each route decided.
#[derive(Debug, Default)]
pub(super) struct PushCounts {
    /// Outcomes that were sent somewhere.
    pub(super) sent: u32,
    /// Outcomes that were dropped, or sent nowhere.
    pub(super) dropped: u32,
    empty: u32,
    /// How often each route decided; the paths are those of the rules.
    routes: BTreeMap<String, u64>,
}

impl PushCounts {
    fn add(&mut self, outcome: &Outcome<'_>) {
        match &outcome.kind {
            OutcomeKind::Routed(_, decision) => {
                *(if decision.channels.is_empty() { &mut self.dropped } else { &mut self.sent }) += 1;
                for route in decision.routes {
                    match self.routes.get_mut(route.path) {
                        Some(count) => *count += 1,
                        None => drop(self.routes.insert(route.path.to_owned(), 1)),
                    }
                }
            }
            OutcomeKind::Dropped(_) => self.dropped += 1,
            OutcomeKind::Empty => self.empty += 1,
            OutcomeKind::Event(_) | OutcomeKind::Unaccepted(_) | OutcomeKind::Invalid { .. } => {}
        }
    }

    /// Adds them to the metrics.
    pub(super) fn count(&self, integration: &str, prepared: &PreparedVersion, metrics: &Metrics) {
        if let Some(integration) = prepared.integration_by_name(integration) {
            integration.sent.inc_by(self.sent.into());
            integration.dropped.inc_by(self.dropped.into());
            integration.empty.inc_by(self.empty.into());
        }
        for (path, count) in &self.routes {
            prepared.count_route(path, *count, metrics);
        }
    }
}

/// Asks in which channels the firing of a key is open, and keeps the answers.
pub(super) fn noting<'f>(
    open: &'f dyn Fn(&str) -> Vec<String>,
    was_open: &'f RefCell<OpenFirings>,
) -> impl Fn(&str) -> Vec<String> + 'f {
    move |key| {
        let channels = open(key);
        was_open.borrow_mut().note(key, &channels);
        channels
    }
}

/// Decides about a payload. `open` says in which channels the firing of a key is open.
///
/// # Errors
/// Where the payload is not accepted, or the push would become larger than [`MAX_PUSH_BYTES`] in any case.
pub(super) fn decide<'a>(
    prepared: &'a PreparedVersion,
    incoming: &'a IncomingPush,
    open: &dyn Fn(&str) -> Vec<String>,
    silences: &SilenceList,
    arena: &'a Arena,
) -> Result<DecidedPush<'a>, Refusal> {
    let was_open = RefCell::default();
    let ask = noting(open, &was_open);
    let context = EvaluationContext { now: incoming.now, open: &ask, request: &incoming.request };
    let entry = EntryPoint::Integration(&incoming.integration);
    let (id, rules) = (incoming.id, &prepared.version.value.rules);
    let document = rules.read(entry, &incoming.payload, arena).map_err(|error| Refusal::NotJson {
        id,
        reason: format!("line {}, column {}: {}", error.line, error.column, error.message),
    })?;
    let outcomes =
        rules.evaluate(entry, &document, &context, &mut SilentObserver).map_err(|_| Refusal::UnknownIntegration)?;
    if let Some(reason) = unaccepted_reasons(&outcomes) {
        return Err(Refusal::Unaccepted { id, reason });
    }
    let answer = match incoming.origin {
        PushOrigin::Push | PushOrigin::Form => {
            rules.answer(&incoming.integration, &document, &context, &mut SilentObserver)
        }
        PushOrigin::Flashduty | PushOrigin::Alertmanager | PushOrigin::Replay | PushOrigin::Clock => None,
    };
    let mut decided = conclude(prepared, incoming, outcomes, was_open.take(), silences)?;
    decided.answer = answer;
    hear(prepared, incoming, &mut decided);
    Ok(decided)
}

/// What outcomes are for channels and firings.
///
/// # Errors
/// Where the push would become larger than [`MAX_PUSH_BYTES`] in any case.
pub(super) fn conclude<'a>(
    prepared: &PreparedVersion,
    incoming: &IncomingPush,
    outcomes: Vec<Outcome<'a>>,
    was_open: OpenFirings,
    silences: &SilenceList,
) -> Result<DecidedPush<'a>, Refusal> {
    let (id, rules) = (incoming.id, &prepared.version.value.rules);
    let mut firings = FiringTracker { is_batch: outcomes.len() > 1, ..FiringTracker::default() };
    let asked = AskedVersion { rules: prepared.asked, silences: silences.number };
    let mut decided = DecidedPush::default();
    if incoming.arrival != ArrivalMode::Again {
        decided.holds = Some(PushHolds { asked, ..PushHolds::default() });
    }
    let (mut key_bytes, mut budget) = (0, HoldBudget::default());
    for (index, outcome) in (0_u32..).zip(&outcomes) {
        decided.counts.add(outcome);
        if let OutcomeKind::Routed(event, decision) = &outcome.kind {
            decided.first_key.get_or_insert(event.key);
            plan_event(prepared, incoming, index, event, decision, &mut decided);
            if let Some(holds) = &mut decided.holds {
                holds.copies.extend(decision.copies.iter().map(|channel| copy(index, channel)));
                if !asked.is_nothing() {
                    holds.events.push(ask_event(prepared, silences, incoming, index, event, &mut budget));
                }
            }
            let known = &rules.program.names.channels;
            let channels = KnownChannels {
                exist: &|channel| known.contains_key(channel),
                gather: &|channel| incoming.arrival == ArrivalMode::Again && prepared.policies.get(channel).is_some(),
            };
            firings.add(index, event, decision, &was_open, &channels);
            // Many events may share one long key, and each firing has a copy of it. The outcomes contain these keys
            // too, so what is refused here would be refused when it is rendered.
            key_bytes += event.key.len();
            let planned = decided.deliveries.len() + decided.arrivals.len();
            if key_bytes + planned * BYTES_PER_DELIVERY > MAX_PUSH_BYTES {
                return Err(Refusal::TooManyBytes { id, limit: MAX_PUSH_BYTES });
            }
        }
    }
    decided.outcomes = outcomes;
    decided.transitions = firings.transitions;
    decided.open = was_open.keys;
    Ok(decided)
}

/// A channel that gets an event whatever mutes and silences say.
fn copy(index: u32, channel: &str) -> EventCopy {
    EventCopy { index, channel: channel.to_owned() }
}

/// Asks the mutes and silences about an event.
fn ask_event(
    prepared: &PreparedVersion,
    silences: &SilenceList,
    incoming: &IncomingPush,
    index: u32,
    event: &Event<'_>,
    budget: &mut HoldBudget,
) -> AskedEvent {
    let firing = match event.status {
        AlertStatus::Firing => Some(event.severity),
        AlertStatus::Resolved => None,
    };
    let was_spent = budget.is_spent();
    let facts = hold_asker::ask_event(&prepared.version.value, silences, event, incoming.now, budget);
    if budget.is_spent() && !was_spent {
        let (push, integration) = (incoming.id, &incoming.integration);
        tracing::warn!(%push, integration, event = index, "mutes and silences read more than 128 MiB for this push: nothing holds this event and those after it");
    }
    let alert = AlertId::of(Some(&incoming.integration), event.key);
    AskedEvent { index, alert, key: event.key.to_owned(), firing, facts }
}

/// Which senders and alerts are heard by a push. Where the rules watch nothing, there is nothing to do.
fn hear(prepared: &PreparedVersion, incoming: &IncomingPush, decided: &mut DecidedPush<'_>) {
    let rules = &prepared.version.value.rules;
    let timeout = rules.resolve_timeout(&incoming.integration);
    if incoming.arrival == ArrivalMode::Again || (timeout.is_none() && rules.program.heartbeats.is_empty()) {
        return;
    }
    let context = EvaluationContext::at(incoming.now);
    let mut beats = BTreeSet::new();
    for (index, outcome) in (0_u32..).zip(&decided.outcomes) {
        let OutcomeKind::Routed(event, _) = &outcome.kind else { continue };
        beats.extend(rules.beats(event, &context, &mut SilentObserver));
        if let Some(timeout) = timeout {
            let alert = AlertId::of(Some(&incoming.integration), event.key);
            let is_firing = event.status == AlertStatus::Firing;
            decided.heard.push(HeardAlert { alert, index, is_firing, timeout });
        }
    }
    decided.beats = beats.into_iter().collect();
}

/// Plans what an event is for its channels: a delivery, or an arrival where the channel gathers messages.
fn plan_event<'a>(
    prepared: &PreparedVersion,
    incoming: &IncomingPush,
    index: u32,
    event: &'a Event<'a>,
    decision: &RoutingDecision<'a>,
    decided: &mut DecidedPush<'a>,
) {
    let firing = match event.status {
        AlertStatus::Firing => Some(event.severity),
        AlertStatus::Resolved => None,
    };
    let mut alert = None;
    for &channel in decision.channels {
        let gathers = prepared.policies.get(channel).is_some();
        if gathers && incoming.arrival != ArrivalMode::Again {
            let alert = *alert.get_or_insert_with(|| AlertId::of(Some(&incoming.integration), event.key));
            let EventGroup { group, values } =
                event_group(&prepared.version.value, channel, event, alert, incoming.now);
            decided.arrivals.push(EventArrival { index, channel: channel.to_owned(), alert, group, values, firing });
        } else if incoming.arrival != ArrivalMode::Repeated {
            decided.deliveries.push(PlannedDelivery { index, event, channel });
        }
    }
}

/// The reasons of every mapping, where none accepts the payload.
fn unaccepted_reasons(outcomes: &[Outcome<'_>]) -> Option<String> {
    let [Outcome { kind: OutcomeKind::Unaccepted(rejections), .. }] = outcomes else { return None };
    let reasons = rejections.iter().map(|one| match one.at {
        "" => format!("`{}`: {}", one.mapping, one.reason),
        at => format!("`{}`: {} ({at})", one.mapping, one.reason),
    });
    Some(reasons.collect::<Vec<_>>().join("; "))
}

/// Keys and the channels in which they were open, as the evaluation asked for them.
#[derive(Default)]
pub(super) struct OpenFirings {
    keys: Vec<OpenFiring>,
    positions: HashMap<String, usize>,
}

impl OpenFirings {
    pub(super) fn note(&mut self, key: &str, channels: &[String]) {
        if !channels.is_empty() && !self.positions.contains_key(key) {
            self.positions.insert(key.to_owned(), self.keys.len());
            self.keys.push(OpenFiring { key: key.to_owned(), channels: channels.to_vec() });
        }
    }

    fn channels(&self, key: &str) -> Option<&[String]> {
        self.keys.get(*self.positions.get(key)?).map(|open| open.channels.as_slice())
    }
}

/// What is known of channels.
struct KnownChannels<'c> {
    /// Whether the rules have it.
    exist: &'c dyn Fn(&str) -> bool,
    /// Whether it gathers messages, and this push changes nothing of what it was told.
    gather: &'c dyn Fn(&str) -> bool,
}

/// Follows which firings a push opens and closes.
#[derive(Default)]
struct FiringTracker {
    transitions: Vec<FiringTransition>,
    /// Whether there are several outcomes, one of which may close what another opened.
    is_batch: bool,
    opened: HashSet<String>,
    closed: HashSet<String>,
}

impl FiringTracker {
    fn add(
        &mut self,
        index: u32,
        event: &Event<'_>,
        decision: &RoutingDecision<'_>,
        was_open: &OpenFirings,
        known: &KnownChannels<'_>,
    ) {
        let channels = decision.channels.iter().filter(|channel| !(known.gather)(channel));
        match event.status {
            AlertStatus::Firing => {
                let channels: Vec<String> = channels.map(|&channel| channel.to_owned()).collect();
                if !channels.is_empty() {
                    self.open(index, event.key, channels, event.severity);
                }
            }
            AlertStatus::Resolved => self.close(index, event.key, was_open, known),
        }
    }

    fn open(&mut self, index: u32, key: &str, channels: Vec<String>, severity: Severity) {
        if self.is_batch {
            self.opened.insert(key.to_owned());
        }
        self.transitions.push(FiringTransition::Opened { key: key.to_owned(), channels, severity, index });
    }

    /// A recovery closes what the journal had open and what this push opened. A channel that is gone is named once.
    fn close(&mut self, index: u32, key: &str, was_open: &OpenFirings, known: &KnownChannels<'_>) {
        let before = was_open.channels(key);
        let is_open = before.is_some() || self.opened.contains(key);
        if !is_open || before.is_some_and(|channels| channels.iter().any(|channel| (known.gather)(channel))) {
            return;
        }
        let is_first = !self.is_batch || self.closed.insert(key.to_owned());
        let open = before.filter(|_| is_first).unwrap_or_default().iter();
        let removed_channels = open.filter(|channel| !(known.exist)(channel)).cloned().collect();
        self.transitions.push(FiringTransition::Closed { key: key.to_owned(), removed_channels, index });
    }
}
