//! A payload and a version of the rules give a push: outcomes, rendered deliveries, what opened and what closed. Pure but
//! for the question which firings are open.

use super::prepared_version::PreparedVersion;
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::{AlertStatus, Event, Outcome, OutcomeKind as Came};
use crate::gateway::journal::{FiringTransition, NewDelivery, Push, PushOrigin};
use crate::gateway::metrics::Metrics;
use crate::gateway::served_rules::ServedRules;
use crate::json::{self, Arena, ToJson};
use crate::reload::RuleSetVersion;
use crate::ruleset::EntryPoint;
use crate::time::Timestamp;
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use ulid::Ulid;

/// How many bytes one push may become: its outcomes and the bodies of its deliveries, [`BYTES_PER_DELIVERY`] added for each of
/// these. A small body with many alerts for many channels would fill memory and journal otherwise.
pub(super) const MOST_BYTES: usize = 32 << 20;

/// What a delivery costs besides its body.
const BYTES_PER_DELIVERY: usize = 512;

/// What came in.
#[derive(Debug)]
pub(super) struct IncomingPush {
    /// The id that the push gets.
    pub(super) id: Ulid,
    /// The integration.
    pub(super) integration: String,
    /// How it came.
    pub(super) origin: PushOrigin,
    /// When.
    pub(super) now: Timestamp,
    /// The payload.
    pub(super) payload: Vec<u8>,
    /// The push whose payload this replays.
    pub(super) replay_of: Option<Ulid>,
}

/// Why no push came of it. The payload is handed back for the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DecisionError {
    /// It is no JSON: line, column and reason.
    Invalid(Vec<u8>, String),
    /// No mapping accepts it: the reasons of each.
    Unaccepted(Vec<u8>, String),
    /// What would be stored and sent of it is too much for one push.
    TooLarge(Vec<u8>),
    /// The rules in force hold no such integration any more.
    UnknownIntegration,
}

/// The rules that decide, and with what channels are rendered and routed: the same, but for a mutant.
pub(super) struct DecisionRules<'r> {
    /// The version that was taken for this push.
    pub(super) prepared: &'r PreparedVersion,
    /// Its rules, or those of another version, to show that the campaign finds it.
    pub(super) routing: &'r Arc<RuleSetVersion<ServedRules>>,
}

/// What a push adds to the metrics, once it is durable.
#[derive(Debug, Default)]
pub(super) struct PushCounts {
    sent: u64,
    dropped: u64,
    empty: u64,
    /// How often each route decided; the paths are those of the rules.
    routes: BTreeMap<String, u64>,
}

impl PushCounts {
    fn add(&mut self, outcome: &Outcome<'_>) {
        match &outcome.kind {
            Came::Routed(_, decision) => {
                *(if decision.channels.is_empty() { &mut self.dropped } else { &mut self.sent }) += 1;
                for route in decision.routes {
                    match self.routes.get_mut(route.path) {
                        Some(count) => *count += 1,
                        None => drop(self.routes.insert(route.path.to_owned(), 1)),
                    }
                }
            }
            Came::Dropped(_) => self.dropped += 1,
            Came::Empty => self.empty += 1,
            Came::Event(_) | Came::Unaccepted(_) | Came::Invalid { .. } => {}
        }
    }

    /// Counts it.
    pub(super) fn count(&self, integration: &str, reception: &PreparedVersion, metrics: &Metrics) {
        if let Some(desk) = reception.integration_by_name(integration) {
            desk.sent.inc_by(self.sent);
            desk.dropped.inc_by(self.dropped);
            desk.empty.inc_by(self.empty);
        }
        for (path, count) in &self.routes {
            reception.count_route(path, *count, metrics);
        }
    }
}

/// Decides about a payload. `open` says in which channels the firing of a key is open.
///
/// # Errors
/// Where the payload is not accepted.
pub(super) fn decide(
    rules: &DecisionRules<'_>,
    arrival: IncomingPush,
    open: &dyn Fn(&str) -> Vec<String>,
) -> Result<(Push, PushCounts), DecisionError> {
    let mut room = BUFFERS.take();
    let reached = evaluate_payload(rules, &arrival, open, &mut room);
    room.clear();
    BUFFERS.set(room);
    let (decided, was_open) = match reached {
        Ok(reached) => reached,
        Err((refused, reason)) => return Err(refused(arrival.payload, reason)),
    };
    let desk = rules.prepared.integration_by_name(&arrival.integration);
    let window = desk.and_then(|desk| desk.deduplicate_for).filter(|_| arrival.replay_of.is_none());
    let deduplicate = window.map(|window| (Sha256::digest(&arrival.payload).into(), window));
    let version = &rules.prepared.version;
    let push = Push {
        id: arrival.id,
        integration: arrival.integration,
        origin: arrival.origin,
        received: arrival.now.epoch_milliseconds(),
        generation: version.generation,
        rules: version.hash,
        payload: arrival.payload,
        outcomes: decided.outcomes,
        sent: decided.sent,
        dropped: decided.dropped,
        deliveries: decided.deliveries,
        transitions: decided.firings,
        open: was_open.keys,
        deduplicate,
        replay_of: arrival.replay_of,
    };
    Ok((push, decided.counted))
}

thread_local! {
    /// Kept between pushes: what one needs is much like what the one before it needed.
    static BUFFERS: Cell<DecisionBuffers> = Cell::default();
}

/// Memory for what a push becomes while it is decided.
#[derive(Default)]
struct DecisionBuffers {
    arena: Arena,
    /// The outcomes as they are written.
    text: Vec<u8>,
}

impl DecisionBuffers {
    fn clear(&mut self) {
        const MOST_KEPT: usize = 1 << 20;
        self.arena.clear();
        self.text.clear();
        self.text.shrink_to(MOST_KEPT);
    }
}

/// Makes a refusal of the payload and the reason.
type ErrorConstructor = fn(Vec<u8>, String) -> DecisionError;

/// What the rules make of a payload, and what was open meanwhile; or why it is refused.
fn evaluate_payload(
    rules: &DecisionRules<'_>,
    arrival: &IncomingPush,
    open: &dyn Fn(&str) -> Vec<String>,
    DecisionBuffers { arena, text }: &mut DecisionBuffers,
) -> Result<(PushBuilder, OpenFirings), (ErrorConstructor, String)> {
    let was_open = RefCell::new(OpenFirings::default());
    let ask = |key: &str| {
        let channels = open(key);
        was_open.borrow_mut().note(key, &channels);
        channels
    };
    let context = EvaluationContext { now: arrival.now, open: &ask };
    let subject = EntryPoint::Integration(&arrival.integration);
    let in_force = &rules.prepared.version.value.rules;
    let unknown: (ErrorConstructor, String) = (|_, _| DecisionError::UnknownIntegration, String::new());
    let document = in_force
        .read(subject, &arrival.payload, arena)
        .map_err(|wrong| (DecisionError::Invalid as ErrorConstructor, describe_invalid(&wrong)))?;
    let mut outcomes =
        in_force.evaluate(subject, &document, &context, &mut SilentObserver).map_err(|_| unknown)?;
    if let Some(reasons) = unaccepted_reasons(&outcomes) {
        return Err((DecisionError::Unaccepted, reasons));
    }
    let routed_again = routed_again(rules, subject, &arrival.payload, arena, &context);
    for (outcome, again) in outcomes.iter_mut().zip(routed_again.iter().flatten()) {
        if let (Came::Routed(_, decision), Some(other)) = (&mut outcome.kind, again.decision()) {
            *decision = *other;
        }
    }
    let mut decided = PushBuilder { is_batch: outcomes.len() > 1, ..PushBuilder::default() };
    for (index, outcome) in outcomes.iter().enumerate() {
        text.push(if index == 0 { b'[' } else { b',' });
        outcome.write(text);
        decided.add(rules, &context, index, outcome, &was_open);
        if text.len() + decided.bytes > MOST_BYTES {
            return Err((|payload, _| DecisionError::TooLarge(payload), String::new()));
        }
    }
    text.push(b']');
    decided.outcomes = str::from_utf8(text).unwrap_or_default().into();
    drop(outcomes);
    drop(routed_again);
    Ok((decided, was_open.into_inner()))
}

fn describe_invalid(wrong: &json::JsonError) -> String {
    format!("line {}, column {}: {}", wrong.line, wrong.column, wrong.message)
}

/// What other rules would decide, where a mutant took others for routing.
fn routed_again<'a>(
    rules: &DecisionRules<'a>,
    subject: EntryPoint<'_>,
    payload: &'a [u8],
    arena: &'a Arena,
    context: &EvaluationContext<'_>,
) -> Option<Vec<Outcome<'a>>> {
    if Arc::ptr_eq(&rules.prepared.version, rules.routing) {
        return None;
    }
    let others = &rules.routing.value.rules;
    let document = others.read(subject, payload, arena).ok()?;
    others.evaluate(subject, &document, context, &mut SilentObserver).ok()
}

/// The reasons of every mapping, where none accepts the payload.
fn unaccepted_reasons(outcomes: &[Outcome<'_>]) -> Option<String> {
    let [Outcome { kind: Came::Unaccepted(refusals), .. }] = outcomes else { return None };
    let reasons = refusals.iter().map(|one| match one.at {
        "" => format!("`{}`: {}", one.mapping, one.reason),
        at => format!("`{}`: {} ({at})", one.mapping, one.reason),
    });
    Some(reasons.collect::<Vec<_>>().join("; "))
}

/// Keys and the channels in which they were open, as evaluation asked for them.
#[derive(Default)]
struct OpenFirings {
    keys: Vec<(String, Vec<String>)>,
    positions: HashMap<String, usize>,
}

impl OpenFirings {
    fn note(&mut self, key: &str, channels: &[String]) {
        if !channels.is_empty() && !self.positions.contains_key(key) {
            self.positions.insert(key.to_owned(), self.keys.len());
            self.keys.push((key.to_owned(), channels.to_vec()));
        }
    }

    fn channels(&self, key: &str) -> Option<&[String]> {
        self.keys.get(*self.positions.get(key)?).map(|(_, channels)| channels.as_slice())
    }
}

#[derive(Default)]
struct PushBuilder {
    /// As one JSON array.
    outcomes: Arc<str>,
    sent: u32,
    dropped: u32,
    deliveries: Vec<NewDelivery>,
    firings: Vec<FiringTransition>,
    /// Whether there are several outcomes, one of which may close what another opened.
    is_batch: bool,
    opened: HashSet<String>,
    closed: HashSet<String>,
    /// What its deliveries come to so far; what goes beyond [`MOST_BYTES`] is not made.
    bytes: usize,
    counted: PushCounts,
}

impl PushBuilder {
    fn add(
        &mut self,
        rules: &DecisionRules<'_>,
        context: &EvaluationContext<'_>,
        index: usize,
        outcome: &Outcome<'_>,
        was_open: &RefCell<OpenFirings>,
    ) {
        let position = u32::try_from(index).unwrap_or(u32::MAX);
        self.counted.add(outcome);
        match &outcome.kind {
            Came::Routed(_, decision) if !decision.channels.is_empty() => self.sent += 1,
            Came::Routed(..) | Came::Dropped(_) => self.dropped += 1,
            Came::Empty | Came::Event(_) | Came::Unaccepted(_) | Came::Invalid { .. } => {}
        }
        let Came::Routed(event, decision) = &outcome.kind else { return };
        for channel in decision.channels {
            if self.bytes > MOST_BYTES {
                return;
            }
            let Some(made) = delivery(rules, context, position, event, channel) else { continue };
            self.bytes += made.body.as_ref().map_or(0, Vec::len) + BYTES_PER_DELIVERY;
            self.deliveries.push(made);
        }
        match event.status {
            AlertStatus::Firing if decision.channels.is_empty() => {}
            AlertStatus::Firing => self.open(event.key, decision.channels),
            AlertStatus::Resolved => self.close(rules, position, event.key, &was_open.borrow()),
        }
    }

    fn open(&mut self, key: &str, channels: &[&str]) {
        if self.is_batch {
            self.opened.insert(key.to_owned());
        }
        let channels = channels.iter().map(|&channel| channel.to_owned()).collect();
        self.firings.push(FiringTransition::Opened { key: key.to_owned(), channels });
    }

    /// A recovery closes what the journal had open and what this very push opened. A channel that is gone is named once.
    fn close(&mut self, rules: &DecisionRules<'_>, index: u32, key: &str, was_open: &OpenFirings) {
        let before = was_open.channels(key);
        if before.is_none() && !self.opened.contains(key) {
            return;
        }
        let first = !self.is_batch || self.closed.insert(key.to_owned());
        let known = &rules.routing.value.rules.program.names.channels;
        let gone = before.filter(|_| first).unwrap_or_default().iter();
        let gone = gone.filter(|channel| !known.contains_key(channel.as_str())).cloned().collect();
        self.firings.push(FiringTransition::Closed { key: key.to_owned(), removed_channels: gone, index });
    }
}

fn delivery(
    rules: &DecisionRules<'_>,
    context: &EvaluationContext<'_>,
    index: u32,
    event: &Event<'_>,
    channel: &str,
) -> Option<NewDelivery> {
    let served = &rules.routing.value;
    let position = *served.rules.program.names.channels.get(channel)?;
    let kind = served.channels.get(position)?.kind;
    let (body, notes) = match kind.transport {
        crate::channel::Transport::Discard => (None, Vec::new()),
        crate::channel::Transport::Http(_)
        | crate::channel::Transport::File
        | crate::channel::Transport::Stdout => match served.rules.render(position, event, context) {
            Some(rendered) => (serde_json::to_vec(&rendered.body).ok(), rendered.notes),
            // Where a kind has no form of its own the event itself is sent.
            None => (Some(event.to_json().into_bytes()), Vec::new()),
        },
    };
    let key = event.key.to_string();
    Some(NewDelivery { index, channel: channel.to_owned(), kind: kind.name, key, body, notes })
}
