//! The events and payloads of one moment, which arrive as one push.

use super::{LastArrival, LastRoutedEvent, Stopped};
use crate::evaluate::{EvaluationContext, PushAnswer};
use crate::event::{AlertStatus, Outcome, OutcomeKind};
use crate::json::{self, Arena};
use crate::model::sequence::{ArrivingKind, TIMES_HOLE};
use crate::notification::AlertId;
use crate::ruleset::{EntryPoint, EvaluationTrace};
use crate::source::Span;
use crate::suite::case_run::{CaseRun, CaseRunner, MAX_STEPS, invalid_outcome};
use crate::suite::coverage::CoverageHits;
use crate::suite::test_event;
use crate::suite::test_files::TestFiles;
use crate::suite::test_value::{HoleBindings, TestValue};
use crate::suite::timeline::{RoutedEvent, Timeline, TimelineLimit};
use crate::syntax::tree::{Identifier, TestStatement, TestSubject};
use crate::text::{plural, quoted, shorten};
use std::collections::BTreeMap;

/// How many bytes of events and payloads one push may have.
const MAX_PUSH_BYTES: usize = 64 << 20;
/// How many characters of a title are shown.
const MAX_TITLE: usize = 60;

/// A statement that gives events.
#[derive(Debug, Clone, Copy)]
pub(super) struct ArrivingStatement<'t> {
    kind: ArrivingKind<'t>,
    span: Span,
}

impl<'t> ArrivingStatement<'t> {
    pub(super) fn of(statement: &'t TestStatement) -> Option<Self> {
        ArrivingKind::of(&statement.kind).map(|kind| Self { kind, span: statement.span })
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }
}

/// What a push came to.
pub(super) struct ArrivedPush {
    /// What arrived, in words.
    pub(super) summary: String,
    /// The last event or payload.
    pub(super) last: LastArrival,
    /// Whether the timeline had work and memory left for it.
    pub(super) result: Result<(), TimelineLimit>,
}

/// Evaluates statements.
pub(super) struct PushBuilder<'p, 'r> {
    pub(super) runner: &'r CaseRunner<'r>,
    pub(super) files: &'r dyn TestFiles,
    pub(super) hits: &'p mut CoverageHits,
}

/// One event or payload, with its holes filled.
enum FilledInput {
    Event(TestValue, Span),
    Payload(Vec<u8>),
}

impl<'r> PushBuilder<'_, 'r> {
    pub(super) fn arrive(
        &mut self,
        statements: &[ArrivingStatement<'_>],
        timeline: &mut Timeline<'_>,
    ) -> Result<ArrivedPush, Stopped> {
        let inputs = self.fill(statements)?;
        let arena = Arena::new();
        let mut open = FiringsBefore { timeline, in_push: BTreeMap::new() };
        let mut outcomes: Vec<Outcome<'_>> = Vec::new();
        let mut last_run = CaseRun::default();
        for (input, number) in inputs.iter().zip(1..) {
            let mut trace = EvaluationTrace::with_limit(MAX_STEPS);
            let evaluated = self.evaluate(input, &arena, &open, &mut trace)?;
            self.hits.add(&trace);
            open.note(&evaluated.outcomes);
            if number == inputs.len() {
                let observed = evaluated.outcomes.iter().map(|outcome| self.runner.observe(outcome)).collect();
                last_run = CaseRun { outcomes: observed, answer: evaluated.answer, trace, ..CaseRun::default() };
            }
            outcomes.extend(evaluated.outcomes);
        }
        let routed: Vec<RoutedEvent<'_>> = outcomes.iter().filter_map(RoutedEvent::of).collect();
        let event = routed.last().map(|RoutedEvent { event, channels, .. }| LastRoutedEvent {
            integration: event.integration.map(str::to_owned),
            key: event.key.to_owned(),
            channels: channels.iter().map(|&channel| channel.to_owned()).collect(),
        });
        let summary = summary(&routed);
        let result = timeline.arrive(&routed);
        Ok(ArrivedPush { summary, last: LastArrival { run: last_run, event }, result })
    }

    /// The events and payloads of the statements. `n` is the number of an event within its `times`.
    fn fill(&self, statements: &[ArrivingStatement<'_>]) -> Result<Vec<FilledInput>, Stopped> {
        let mut inputs = Vec::new();
        let mut bytes = 0_usize;
        for ArrivingStatement { kind, span } in statements {
            let length = span.range().len();
            match kind {
                ArrivingKind::Event(json) => inputs.push(FilledInput::Event(self.runner.fill(json)?, *span)),
                ArrivingKind::Times(count, json) => {
                    bytes = self.added(bytes, length.saturating_mul(*count), *span)?;
                    let mut bindings: HoleBindings = vec![(TIMES_HOLE.into(), TestValue::Missing)];
                    bindings.extend(self.runner.bindings.iter().cloned());
                    for number in 1..=*count {
                        if let Some((_, value)) = bindings.first_mut() {
                            *value = TestValue::Text(number.to_string().into());
                        }
                        inputs.push(FilledInput::Event(self.runner.fill_with(json, &bindings)?, *span));
                    }
                }
                ArrivingKind::Payload(json) => {
                    let payload = self.runner.fill(json)?.to_json().unwrap_or_default().into_bytes();
                    bytes = self.added(bytes, payload.len(), *span)?;
                    inputs.push(FilledInput::Payload(payload));
                }
                ArrivingKind::File(file) => {
                    let payload = self.runner.bytes(file, self.files)?;
                    bytes = self.added(bytes, payload.len(), *span)?;
                    inputs.push(FilledInput::Payload(payload));
                }
            }
        }
        Ok(inputs)
    }

    fn added(&self, bytes: usize, more: usize, span: Span) -> Result<usize, Stopped> {
        let sum = bytes.saturating_add(more);
        if sum <= MAX_PUSH_BYTES {
            return Ok(sum);
        }
        let message = format!("the events of this moment have more than {} MiB", MAX_PUSH_BYTES >> 20);
        Err(Box::new(self.runner.fail(span, message).help("let them arrive at several moments")))
    }

    fn evaluate<'a>(
        &self,
        input: &'a FilledInput,
        arena: &'a Arena,
        open: &FiringsBefore<'_>,
        trace: &mut EvaluationTrace,
    ) -> Result<EvaluatedInput<'a>, Stopped>
    where
        'r: 'a,
    {
        let Some((kind, subject)) = self.runner.plan.subject else {
            return Err(self.runner.fail(self.runner.plan.test.tree.name.span, "the test names no subject"));
        };
        match (input, kind) {
            (FilledInput::Event(value, span), TestSubject::Routing) => {
                let event = test_event::event(value, arena).map_err(|message| self.runner.fail(*span, message))?;
                let ask = |key: &str| open.channels(event.integration, key);
                let context = EvaluationContext { open: &ask, ..EvaluationContext::at(open.timeline.now()) };
                let outcome = self.runner.rules.route(&subject.text, event, &context, arena, trace);
                let outcome = outcome.map_err(|_| self.runner.unknown(subject))?;
                Ok(EvaluatedInput { outcomes: vec![outcome], answer: None })
            }
            (FilledInput::Payload(bytes), TestSubject::Integration) => self.payload(bytes, subject, arena, open, trace),
            (FilledInput::Event(..) | FilledInput::Payload(_), _) => {
                let message = format!("a {} takes no such input", kind.word());
                Err(self.runner.fail(subject.span, message))
            }
        }
    }

    fn payload<'a>(
        &self,
        bytes: &'a [u8],
        subject: &'r Identifier,
        arena: &'a Arena,
        open: &FiringsBefore<'_>,
        trace: &mut EvaluationTrace,
    ) -> Result<EvaluatedInput<'a>, Stopped>
    where
        'r: 'a,
    {
        let name = &*subject.text;
        let document = match json::parse(bytes, arena) {
            Ok(document) => document,
            Err(invalid) => {
                let outcome = invalid_outcome(TestSubject::Integration, subject, invalid);
                return Ok(EvaluatedInput { outcomes: vec![outcome], answer: None });
            }
        };
        let request = self.runner.request()?;
        let ask = |key: &str| open.channels(Some(name), key);
        let context = EvaluationContext { now: open.timeline.now(), open: &ask, request: &request };
        let rules = self.runner.rules;
        let outcomes = rules.evaluate(EntryPoint::Integration(name), &document, &context, trace);
        let outcomes = outcomes.map_err(|_| self.runner.unknown(subject))?;
        let is_accepted = !matches!(&*outcomes, [Outcome { kind: OutcomeKind::Unaccepted(_), .. }]);
        let answer = if is_accepted { rules.answer(name, &document, &context, trace) } else { None };
        Ok(EvaluatedInput { outcomes, answer })
    }
}

/// The outcomes of an input.
struct EvaluatedInput<'a> {
    outcomes: Vec<Outcome<'a>>,
    answer: Option<PushAnswer>,
}

/// In which channels firings are open: in the timeline, and by what came before in the same push.
struct FiringsBefore<'t> {
    timeline: &'t Timeline<'t>,
    in_push: BTreeMap<AlertId, Vec<String>>,
}

impl FiringsBefore<'_> {
    fn channels(&self, integration: Option<&str>, key: &str) -> Vec<String> {
        let in_push = self.in_push.get(&AlertId::of(integration, key));
        in_push.cloned().unwrap_or_else(|| self.timeline.open_channels(integration, key))
    }

    /// What comes later in the push finds the firings that these outcomes open, and not those that they close.
    fn note(&mut self, outcomes: &[Outcome<'_>]) {
        for RoutedEvent { event, channels, .. } in outcomes.iter().filter_map(RoutedEvent::of) {
            let mut open = match event.status {
                AlertStatus::Resolved => Vec::new(),
                AlertStatus::Firing => self.channels(event.integration, event.key),
            };
            if event.status == AlertStatus::Firing {
                let new = channels.iter().filter(|name| !open.iter().any(|known| known == *name));
                let new: Vec<String> = new.map(|&name| name.to_owned()).collect();
                open.extend(new);
            }
            self.in_push.insert(AlertId::of(event.integration, event.key), open);
        }
    }
}

/// `Warning "a test alert"`, `400 events`
fn summary(routed: &[RoutedEvent<'_>]) -> String {
    match routed {
        [] => "nothing that is routed arrives".to_owned(),
        [RoutedEvent { event, channels, .. }] => {
            let status = if event.status == AlertStatus::Firing { event.severity.name() } else { event.status.name() };
            let title = quoted(&shorten(event.title, MAX_TITLE));
            format!("{status} {title} arrives for [{}]", channels.join(", "))
        }
        many => format!("{} arrive", plural(u32::try_from(many.len()).unwrap_or(u32::MAX), "event")),
    }
}
