//! Runs one case: builds its input, evaluates its subject, and collects the outcomes.

use super::failure::TestFailure;
use super::observed_outcome::ObservedOutcome;
use super::plan::{CaseInput, Spanned, TestPlan};
use super::test_event;
use super::test_files::TestFiles;
use super::test_value::{HoleBindings, TestValue, UnfilledHole};
use super::timeline::{RoutedEvent, Timeline, TimelineBudget};
use crate::diagnostic::nearest;
use crate::evaluate::{EvaluationContext, PushAnswer, RequestMetadata};
use crate::event::{MessageGroup, Outcome, OutcomeKind};
use crate::json;
use crate::ruleset::{EntryPoint, EvaluationTrace, RuleSet};
use crate::source::Span;
use crate::syntax::tree::{ExpectationKind, Identifier, StringLiteral, TestJson, TestSubject, TestTime};
use crate::time::Timestamp;

/// How many steps of an evaluation a failure may show; coverage counts the others too.
pub(super) const MAX_STEPS: usize = 50_000;

/// The outcomes of a case.
#[derive(Debug, Default)]
pub(super) struct CaseRun {
    /// The outcomes, in payload order.
    pub(super) outcomes: Vec<ObservedOutcome>,
    /// The body that the channel would send.
    pub(super) body: Option<TestValue>,
    /// What the sender gets, if the integration answers in its own words.
    pub(super) answer: Option<PushAnswer>,
    /// The mutes that hold an alert of the outcomes.
    pub(super) mutes: Vec<String>,
    /// The record of the evaluation.
    pub(super) trace: EvaluationTrace,
}

/// Runs a case.
pub(super) struct CaseRunner<'r> {
    pub(super) rules: &'r RuleSet,
    pub(super) plan: &'r TestPlan<'r>,
    pub(super) bindings: &'r HoleBindings,
}

impl CaseRunner<'_> {
    /// Runs the case.
    pub(super) fn run(&self, files: &dyn TestFiles) -> Result<CaseRun, Box<TestFailure>> {
        let test_name = self.plan.test.tree.name.span;
        let Some((kind, subject)) = self.plan.subject else {
            return Err(self.fail(test_name, "the test names no subject"));
        };
        let Some(Spanned { value: input, span }) = self.plan.input else {
            return Err(self.fail(test_name, "the test gives no input"));
        };
        match input {
            CaseInput::Payload(json) => {
                let bytes = self.fill(json)?.to_json().unwrap_or_default();
                self.map(kind, subject, bytes.as_bytes())
            }
            CaseInput::File(file) => self.map(kind, subject, &self.bytes(file, files)?),
            CaseInput::Event(json) => self.event(kind, subject, json, span),
        }
    }

    /// Runs the same subject over the bytes of another file.
    pub(super) fn run_file(&self, file: &StringLiteral, files: &dyn TestFiles) -> Result<CaseRun, Box<TestFailure>> {
        let Some((kind, subject)) = self.plan.subject else {
            return Err(self.fail(file.span, "the test names no subject"));
        };
        self.map(kind, subject, &self.bytes(file, files)?)
    }

    pub(super) fn bytes(&self, file: &StringLiteral, files: &dyn TestFiles) -> Result<Vec<u8>, Box<TestFailure>> {
        let path = self.plan.test.folder.join(&*file.value);
        let unreadable = |reason| {
            let failure =
                TestFailure::new(&self.rules.sources, file.span, format!("cannot read `{}`: {reason}", file.value));
            Box::new(failure.help("paths are relative to the folder of the test's file"))
        };
        files.read(&path).map_err(unreadable)
    }

    fn map(&self, kind: TestSubject, name: &Identifier, bytes: &[u8]) -> Result<CaseRun, Box<TestFailure>> {
        let subject = match kind {
            TestSubject::Mapping => EntryPoint::Mapping(&name.text, None),
            TestSubject::Integration => EntryPoint::Integration(&name.text),
            TestSubject::Routing | TestSubject::Channel => {
                return Err(self.fail(name.span, "this subject takes an `event`, not an `input`"));
            }
        };
        let mut trace = EvaluationTrace::with_limit(MAX_STEPS);
        let arena = json::Arena::new();
        let (mut answer, mut mutes) = (None, Vec::new());
        let outcomes = match json::parse(bytes, &arena) {
            Ok(document) => {
                let (now, request) = (self.now()?, self.request()?);
                let context = EvaluationContext { now, open: &|_| self.open(), request: &request };
                let outcomes = self.rules.evaluate(subject, &document, &context, &mut trace);
                let outcomes = outcomes.map_err(|_| self.unknown(name))?;
                let is_accepted = !matches!(&*outcomes, [Outcome { kind: OutcomeKind::Unaccepted(_), .. }]);
                if kind == TestSubject::Integration && is_accepted {
                    answer = self.rules.answer(&name.text, &document, &context, &mut trace);
                }
                let mut observed: Vec<_> = outcomes.iter().map(|outcome| self.observe(outcome)).collect();
                mutes = self.hold(&outcomes, &mut observed, now);
                observed
            }
            Err(invalid) => vec![self.observe(&invalid_outcome(kind, name, invalid))],
        };
        Ok(CaseRun { outcomes, body: None, answer, mutes, trace })
    }

    fn event(
        &self,
        kind: TestSubject,
        name: &Identifier,
        json: &TestJson,
        span: Span,
    ) -> Result<CaseRun, Box<TestFailure>> {
        let arena = json::Arena::new();
        let written = self.fill(json)?;
        let event = test_event::event(&written, &arena).map_err(|message| self.fail(span, message))?;
        let now = self.now()?;
        let context = EvaluationContext { open: &|_| self.open(), ..EvaluationContext::at(now) };
        let mut trace = EvaluationTrace::with_limit(MAX_STEPS);
        match kind {
            TestSubject::Routing => {
                let outcome = self.rules.route(&name.text, event, &context, &arena, &mut trace);
                let outcomes = [outcome.map_err(|_| self.unknown(name))?];
                let mut observed: Vec<_> = outcomes.iter().map(|outcome| self.observe(outcome)).collect();
                let mutes = self.hold(&outcomes, &mut observed, now);
                Ok(CaseRun { outcomes: observed, mutes, trace, ..CaseRun::default() })
            }
            TestSubject::Channel => {
                let facts = test_event::group(&written, event).map_err(|message| self.fail(span, message))?;
                let body = self.rules.body(&name.text, event, MessageGroup::Message(&facts), &context, &mut trace);
                let body = body.map_err(|_| self.unknown(name))?;
                Ok(CaseRun { body: Some(TestValue::from(&body)), trace, ..CaseRun::default() })
            }
            TestSubject::Mapping | TestSubject::Integration => {
                Err(self.fail(name.span, "this subject takes an `input`, not an `event`"))
            }
        }
    }

    /// Notes what holds the events if they arrive as one push and nothing else does; the mutes that hold one.
    fn hold(&self, outcomes: &[Outcome<'_>], observed: &mut [ObservedOutcome], now: Timestamp) -> Vec<String> {
        if self.rules.program.mutes.all.is_empty() && !self.expects_held() {
            return Vec::new();
        }
        let routed: Vec<RoutedEvent<'_>> = outcomes.iter().filter_map(RoutedEvent::of).collect();
        let mut timeline = Timeline::new(self.rules, now, TimelineBudget::default());
        if timeline.arrive(&routed).is_err() {
            // A push that is too much work for a timeline is too large for a gateway.
            return Vec::new();
        }
        for (outcome, observed) in outcomes.iter().zip(observed) {
            if let Some(RoutedEvent { event, channels, .. }) = RoutedEvent::of(outcome) {
                let hold = |channel: &&str| timeline.hold_in(channel, event.integration, event.key);
                observed.holds = channels.iter().map(hold).collect();
            }
        }
        timeline.mutes_that_held().map(str::to_owned).collect()
    }

    fn expects_held(&self) -> bool {
        self.plan
            .expectations
            .iter()
            .any(|each| matches!(each.value.kind, ExpectationKind::Held(..) | ExpectationKind::NotHeld(_)))
    }

    /// JSON of the test with its holes filled.
    pub(super) fn fill(&self, json: &TestJson) -> Result<TestValue, Box<TestFailure>> {
        self.fill_with(json, self.bindings)
    }

    /// JSON of the test with its holes filled by other values than those of the case.
    pub(super) fn fill_with(&self, json: &TestJson, bindings: &HoleBindings) -> Result<TestValue, Box<TestFailure>> {
        TestValue::from_json(json, bindings).map_err(|UnfilledHole { hole, place }| self.unfilled(&hole, place))
    }

    fn unfilled(&self, hole: &str, place: Span) -> Box<TestFailure> {
        let failure = self.fail(place, format!("nothing fills the hole `{hole}`"));
        match nearest(hole, self.bindings.iter().map(|(name, _)| &**name)) {
            Some(near) => Box::new(failure.help(format!("did you mean `{near}`?"))),
            None => failure,
        }
    }

    pub(super) fn now(&self) -> Result<Timestamp, Box<TestFailure>> {
        let (text, span) = match self.plan.at {
            None => (TestValue::Text(test_event::DEFAULT_TIME.into()), self.plan.test.tree.name.span),
            Some(TestTime::Time(time)) => (TestValue::Text(time.text.clone()), time.span),
            Some(TestTime::Hole(hole)) => {
                let bound = self.bindings.iter().find(|(name, _)| *name == hole.text);
                let unfilled = || self.unfilled(&hole.text, hole.span);
                (bound.map(|(_, value)| value.clone()).ok_or_else(unfilled)?, hole.span)
            }
        };
        let time = match &text {
            TestValue::Text(text) | TestValue::Name(text) | TestValue::Number(text) => Timestamp::read(text),
            TestValue::Missing => Timestamp::read(test_event::DEFAULT_TIME),
            TestValue::Null | TestValue::Boolean(_) | TestValue::List(_) | TestValue::Object(_) => None,
        };
        time.ok_or_else(|| self.fail(span, format!("{text} is not a time")))
    }

    /// What the test says of the request; a header without a value is absent.
    pub(super) fn request(&self) -> Result<RequestMetadata, Box<TestFailure>> {
        let mut request = RequestMetadata::default();
        for (name, value) in &self.plan.headers {
            if let Some(text) = self.request_text(value)? {
                request.set_header(name, Some(text));
            }
        }
        if let Some(suffix) = self.plan.path_suffix
            && let Some(text) = self.request_text(suffix)?
        {
            request.set_path_suffix(text);
        }
        Ok(request)
    }

    fn request_text(&self, value: &TestJson) -> Result<Option<String>, Box<TestFailure>> {
        match self.fill(value)? {
            TestValue::Text(text) => Ok(Some(text.into())),
            TestValue::Missing => Ok(None),
            found @ (TestValue::Null
            | TestValue::Boolean(_)
            | TestValue::Number(_)
            | TestValue::Name(_)
            | TestValue::List(_)
            | TestValue::Object(_)) => {
                Err(self.fail(value.span, format!("a header or a path suffix is a string, found {found}")))
            }
        }
    }

    pub(super) fn observe(&self, outcome: &Outcome<'_>) -> ObservedOutcome {
        let file = self.rules.sources.name(self.plan.test.span);
        ObservedOutcome::new(outcome, file.rsplit_once('/').map_or("", |(folder, _)| folder))
    }

    fn open(&self) -> Vec<String> {
        self.plan.open.iter().map(|channel| channel.text.to_string()).collect()
    }

    pub(super) fn unknown(&self, name: &Identifier) -> Box<TestFailure> {
        self.fail(name.span, format!("the rule set contains no `{}`", name.text))
    }

    pub(super) fn fail(&self, span: Span, message: impl Into<String>) -> Box<TestFailure> {
        Box::new(TestFailure::new(&self.rules.sources, span, message))
    }
}

/// The outcome of bytes that are not JSON.
pub(super) fn invalid_outcome(kind: TestSubject, name: &Identifier, invalid: json::JsonError) -> Outcome<'_> {
    let json::JsonError { line, column, message } = invalid;
    let integration = (kind == TestSubject::Integration).then_some(&*name.text);
    Outcome { integration, mapping: None, index: None, kind: OutcomeKind::Invalid { line, column, message } }
}
