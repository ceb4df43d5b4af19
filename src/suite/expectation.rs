//! Checks every form of `expect` against the outcomes.

use super::case_run::{CaseRun, CaseRunner};
use super::compare;
use super::failure::{TestFailure, TestNote};
use super::failure_trace::{self, FailureTrace};
use super::fields;
use super::held::{self, ExpectedHold};
use super::observed_outcome::{ObservedOutcome, ObservedOutcomeKind, numbered_list};
use super::test_files::TestFiles;
use super::test_value::TestValue;
use crate::evaluate::{AnswerBody, PushAnswer};
use crate::source::Span;
use crate::syntax::tree::{Expectation, ExpectationKind, Identifier, SentMode, StringLiteral};
use crate::text::{self, quoted};

/// Checks one expectation.
pub(super) struct ExpectationChecker<'c> {
    pub(super) case_runner: &'c CaseRunner<'c>,
    pub(super) run: &'c CaseRun,
    /// The place of the expectation.
    pub(super) span: Span,
    /// `outcome N`
    pub(super) outcome: Option<usize>,
}

/// The failure, unless the expectation holds.
pub(super) type ExpectationResult = Result<(), Box<TestFailure>>;

impl ExpectationChecker<'_> {
    /// Checks an expectation; snapshots are compared separately.
    pub(super) fn check(&self, expectation: &Expectation, files: &dyn TestFiles) -> ExpectationResult {
        match &expectation.kind {
            ExpectationKind::Count { events, dropped } => self.count(*events, *dropped),
            ExpectationKind::Subset(json) => self.subset(&self.case_runner.fill(json)?),
            ExpectationKind::Exactly(json) => self.exactly(&self.case_runner.fill(json)?),
            ExpectationKind::Dropped(reason) => self.dropped(reason.as_ref().map(|text| &*text.value)),
            ExpectationKind::NotDropped => self.not_dropped(),
            ExpectationKind::Empty => self.payload_result(ObservedOutcomeKind::Empty, "empty"),
            ExpectationKind::Unaccepted => self.payload_result(ObservedOutcomeKind::Unaccepted, "unaccepted"),
            ExpectationKind::Invalid => self.payload_result(ObservedOutcomeKind::Invalid, "invalid"),
            ExpectationKind::Sent(mode, channels, _) => self.sent(*mode, &names(channels)),
            ExpectationKind::Via(paths) => self.via(paths),
            ExpectationKind::Nothing(reason) => self.nothing(reason.as_ref().map(|text| &*text.value)),
            ExpectationKind::Note(note) => self.note(&note.value),
            ExpectationKind::SameKeyAs(file) => self.same_key(file, files),
            ExpectationKind::Body(json) => self.body(&self.case_runner.fill(json)?),
            ExpectationKind::Answer(json) => self.answer(&self.case_runner.fill(json)?),
            ExpectationKind::Held(reason, channel) => self.held(reason.as_ref(), channel.as_ref()),
            ExpectationKind::NotHeld(channel) => self.not_held(channel.as_ref()),
            // What sequences expect of channels is checked where they are run.
            ExpectationKind::Snapshot(_) | ExpectationKind::Notified(..) | ExpectationKind::Waits(..) => Ok(()),
        }
    }

    /// What is worth knowing about an expectation that holds: something that is sent is not told now.
    pub(super) fn passing_note(&self, expectation: &Expectation) -> Option<TestNote> {
        let ExpectationKind::Sent(SentMode::Exactly | SentMode::Includes, ..) = &expectation.kind else { return None };
        let outcome = self.select_outcome("event", |one| one.event.is_some()).ok()?;
        let note = held::note(&outcome.holds, &|at| at.to_string())?;
        Some(TestNote::new(&self.case_runner.rules.sources, self.span, &note))
    }

    /// `held [for "…"] [in chat]`
    fn held(&self, reason: Option<&StringLiteral>, channel: Option<&Identifier>) -> ExpectationResult {
        let outcome = self.select_outcome("event", |one| one.event.is_some())?;
        let expected = ExpectedHold {
            reason: reason.map(|reason| &*reason.value),
            channel: channel.map(|channel| &*channel.text),
        };
        expected.check(&outcome.holds, &|at| at.to_string()).map_err(|mismatch| {
            Box::new(self.failure(mismatch.message).expected(mismatch.expected).actual(mismatch.actual))
        })
    }

    /// `not held [in chat]`
    fn not_held(&self, channel: Option<&Identifier>) -> ExpectationResult {
        let outcome = self.select_outcome("event", |one| one.event.is_some())?;
        let channel = channel.map(|channel| &*channel.text);
        held::check_free(channel, &outcome.holds, &|at| at.to_string()).map_err(|mismatch| {
            Box::new(self.failure(mismatch.message).expected(mismatch.expected).actual(mismatch.actual))
        })
    }

    pub(super) fn failure(&self, message: impl Into<String>) -> TestFailure {
        TestFailure::new(&self.case_runner.rules.sources, self.span, message)
    }

    /// The conditions that dropped or refused, if the expectation is about one outcome.
    fn refusals(&self) -> Vec<String> {
        match (self.outcome, self.outcomes()) {
            (Some(number), outcome) => outcome.get(number).map(|one| self.trace().refusals(one)).unwrap_or_default(),
            (None, [one]) => self.trace().refusals(one),
            (None, _) => Vec::new(),
        }
    }

    fn trace(&self) -> FailureTrace<'_> {
        FailureTrace { rules: self.case_runner.rules, trace: &self.run.trace }
    }

    fn outcomes(&self) -> &[ObservedOutcome] {
        &self.run.outcomes
    }

    /// The outcome that the expectation is about: the one with its number, or the only one that `fits`, or the only one.
    fn select_outcome(
        &self,
        what: &str,
        fits: impl Fn(&ObservedOutcome) -> bool,
    ) -> Result<&ObservedOutcome, Box<TestFailure>> {
        let outcomes = self.outcomes();
        if let Some(number) = self.outcome {
            let absent = || {
                let message = format!("there is no outcome {number}, only {}", text::plural(outcomes.len(), "outcome"));
                Box::new(self.failure(message).actual(numbered_list(outcomes)))
            };
            return outcomes.get(number).ok_or_else(absent);
        }
        let mut fitting = outcomes.iter().filter(|one| fits(one));
        match (fitting.next(), fitting.next(), outcomes) {
            (Some(one), None, _) | (None, None, [one]) => Ok(one),
            (Some(_), Some(_), _) => {
                let count = text::plural(2 + fitting.count(), what);
                let message = format!("the expectation is ambiguous: there are {count}");
                let help = "choose one by its number, from 0: `expect outcome 0 …`";
                Err(Box::new(self.failure(message).actual(numbered_list(outcomes)).help(help)))
            }
            (None, _, _) => Err(Box::new(self.failure(format!("there is no {what}")).actual(numbered_list(outcomes)))),
        }
    }

    /// The event that the expectation is about.
    fn event(&self) -> Result<(&ObservedOutcome, &TestValue), Box<TestFailure>> {
        let outcome = self.select_outcome("event", |one| one.event.is_some())?;
        let none = || {
            let failure = self.failure("there is no event").actual(outcome.describe());
            Box::new(failure.decided(&self.refusals()))
        };
        outcome.event.as_ref().map(|event| (outcome, event)).ok_or_else(none)
    }

    fn count(&self, events: usize, dropped: Option<usize>) -> ExpectationResult {
        let found = self.outcomes().iter().filter(|one| one.event.is_some()).count();
        let found_dropped = self.outcomes().iter().filter(|one| one.kind == ObservedOutcomeKind::Dropped).count();
        if found == events && dropped.is_none_or(|dropped| dropped == found_dropped) {
            return Ok(());
        }
        let counts = |events, dropped: Option<usize>| {
            let dropped = dropped.map(|count| format!(", {count} dropped")).unwrap_or_default();
            format!("{}{dropped}", text::plural(events, "event"))
        };
        let expected = counts(events, dropped);
        let failure = self.failure("the number of events differs").expected(expected);
        let actual = format!("{}\n{}", counts(found, dropped.map(|_| found_dropped)), numbered_list(self.outcomes()));
        Err(Box::new(failure.actual(actual).decided(&self.refusals())))
    }

    /// `{subset}` of an event.
    pub(super) fn subset(&self, expected: &TestValue) -> ExpectationResult {
        let (outcome, event) = self.event()?;
        let expected = fields::expected(expected);
        if compare::holds(&expected, event) {
            return Ok(());
        }
        let actual = compare::projected(&expected, event);
        Err(Box::new(self.difference(outcome, &expected, &actual)))
    }

    fn exactly(&self, expected: &TestValue) -> ExpectationResult {
        let (outcome, event) = self.event()?;
        let expected = fields::expected(expected);
        let actual = compare::aligned(&expected, &fields::without_implied_fields(&expected, event, outcome));
        if compare::same(&expected, &actual) {
            return Ok(());
        }
        Err(Box::new(self.difference(outcome, &expected, &actual)))
    }

    fn difference(&self, outcome: &ObservedOutcome, expected: &TestValue, actual: &TestValue) -> TestFailure {
        let wrong = fields::differing(expected, actual);
        let names = text::enumeration(&text::backticked(&wrong), "and");
        let message = match wrong.len() {
            0 => "the event differs".to_owned(),
            1 => format!("{names} is not as expected"),
            _ => format!("{names} are not as expected"),
        };
        let decided = wrong.iter().flat_map(|name| self.trace().field(outcome, name)).collect::<Vec<_>>();
        let failure = self.failure(message).decided(&decided);
        match (expected.members(), actual.members()) {
            ([(name, expected)], [(_, actual)]) if expected.members().is_empty() && actual.members().is_empty() => {
                failure.expected(format!("{name}: {expected}")).actual(format!("{name}: {actual}"))
            }
            _ => failure.compared(expected, actual),
        }
    }

    /// One field, as the rows of `cases … => field` expect it.
    pub(super) fn field(&self, name: &str, expected: &TestValue) -> ExpectationResult {
        let expected = match name.strip_prefix("labels.") {
            Some(label) => nest("labels", nest(label, expected.clone())),
            None => nest(name, expected.clone()),
        };
        self.subset(&expected)
    }

    pub(super) fn dropped(&self, reason: Option<&str>) -> ExpectationResult {
        let outcome = self.select_outcome("dropped outcome", ObservedOutcome::is_dropped)?;
        let right = outcome.is_dropped() && reason.is_none_or(|reason| outcome.has_reason(reason));
        if right {
            return Ok(());
        }
        let message = if outcome.is_dropped() { "it was dropped for another reason" } else { "it was not dropped" };
        let failure = self.failure(message).expected(with_reason("dropped", reason)).actual(outcome.describe());
        Err(Box::new(failure.decided(&self.drop_evidence(outcome))))
    }

    /// The steps that dropped or sent it.
    fn drop_evidence(&self, outcome: &ObservedOutcome) -> Vec<String> {
        if outcome.kind == ObservedOutcomeKind::Routed {
            return self.trace().channels(outcome, &[]);
        }
        self.trace().refusals(outcome)
    }

    /// `cases … => dropped` with `missing` in the row: nothing was dropped.
    pub(super) fn not_dropped(&self) -> ExpectationResult {
        match self.outcomes().iter().find(|one| one.is_dropped()) {
            None => Ok(()),
            Some(one) => {
                let failure = self.failure("it was dropped").expected("missing").actual(one.describe());
                Err(Box::new(failure.decided(&self.drop_evidence(one))))
            }
        }
    }

    fn payload_result(&self, kind: ObservedOutcomeKind, word: &str) -> ExpectationResult {
        let right = match (self.outcome, self.outcomes()) {
            (Some(number), outcome) => outcome.get(number).is_some_and(|one| one.kind == kind),
            (None, [one]) => one.kind == kind,
            (None, _) => false,
        };
        if right {
            return Ok(());
        }
        let failure = self.failure(format!("the payload is not {word}"));
        let failure = failure.expected(word).actual(numbered_list(self.outcomes()));
        let refused = self.outcomes().iter().any(|one| one.kind == ObservedOutcomeKind::Unaccepted);
        let wants = refused || kind == ObservedOutcomeKind::Unaccepted;
        let decided = if wants { self.trace().accepts() } else { Vec::new() };
        Err(Box::new(failure.decided(&decided)))
    }

    /// `sent [..]`
    pub(super) fn sent(&self, mode: SentMode, expected: &[&str]) -> ExpectationResult {
        let outcome = self.select_outcome("event", |one| one.event.is_some())?;
        let gets = |channel: &str| outcome.channels.iter().any(|sent| sent == channel);
        let absent: Vec<&str> = expected.iter().copied().filter(|channel| !gets(channel)).collect();
        let present = expected.iter().flat_map(|name| self.members(name));
        let present: Vec<&str> = present.filter(|channel| gets(channel)).collect();
        let extra = outcome.channels.iter().map(String::as_str).filter(|sent| !expected.contains(sent));
        let (absent, extra) = match mode {
            SentMode::Exactly => (absent, extra.collect()),
            SentMode::Any if expected.iter().flat_map(|name| self.members(name)).any(gets) => return Ok(()),
            SentMode::Includes | SentMode::Any => (absent, Vec::new()),
            SentMode::Excludes => (Vec::new(), present),
        };
        if absent.is_empty() && extra.is_empty() {
            return Ok(());
        }
        let part = |names: &[&str], words: &str| match names {
            [] => None,
            names => Some(format!("{words} {}", text::backticked_list(names))),
        };
        let parts = [part(&absent, "not sent to"), part(&extra, "sent to")];
        let message = parts.into_iter().flatten().collect::<Vec<_>>().join(", but ");
        let word = match mode {
            SentMode::Exactly => "",
            SentMode::Includes => "includes ",
            SentMode::Any => "includes any ",
            SentMode::Excludes => "excludes ",
        };
        let failure = self.failure(message).expected(format!("sent {word}[{}]", expected.join(", ")));
        let decided = self.trace().channels(outcome, &absent);
        Err(Box::new(failure.actual(outcome.describe()).decided(&decided)))
    }

    /// The channel of that name; of a family, all its members.
    fn members<'n>(&'n self, name: &'n str) -> Vec<&'n str> {
        let model = &self.case_runner.rules.model;
        let Some(family) = model.family(name) else { return vec![name] };
        let channels = family.members.iter().filter_map(|(_, channel)| model.channels.get(*channel));
        channels.map(|channel| &*channel.name).collect()
    }

    fn via(&self, paths: &[Identifier]) -> ExpectationResult {
        let outcome = self.select_outcome("event", |one| one.event.is_some())?;
        let decided = |path: &Identifier| outcome.routes.iter().any(|route| *route.path == *path.text);
        let absent: Vec<&str> = paths.iter().filter(|path| !decided(path)).map(|path| &*path.text).collect();
        if absent.is_empty() {
            return Ok(());
        }
        let listed = text::backticked_list(&absent);
        let routes: Vec<&str> = outcome.routes.iter().map(|route| route.path.as_str()).collect();
        let actual = match routes.as_slice() {
            [] => outcome.describe(),
            routes => format!("via {}", routes.join(", ")),
        };
        let failure =
            self.failure(format!("{listed} did not decide")).expected(format!("via {}", names(paths).join(", ")));
        Err(Box::new(failure.actual(actual).decided(&self.trace().paths(outcome, &absent))))
    }

    /// `nothing`: no line sent it anywhere, except those of `always`.
    fn nothing(&self, reason: Option<&str>) -> ExpectationResult {
        let outcome = self.select_outcome("event", |one| one.event.is_some())?;
        let silent = failure_trace::is_sent_nowhere(self.case_runner.rules, outcome);
        if silent && reason.is_none_or(|reason| outcome.has_reason(reason)) {
            return Ok(());
        }
        let message = if silent { "it was sent nowhere for another reason" } else { "it was sent somewhere" };
        let failure = self.failure(message).expected(with_reason("nothing", reason)).actual(outcome.describe());
        Err(Box::new(failure.decided(&self.trace().channels(outcome, &[]))))
    }

    fn note(&self, expected: &str) -> ExpectationResult {
        let (_, event) = self.event()?;
        let notes = event.member("notes");
        let found = matches!(notes, TestValue::List(items) if items.iter().any(|note| matches!(note, TestValue::Text(text) if **text == *expected)));
        if found {
            return Ok(());
        }
        let failure = self.failure("the event has no such note").expected(format!("note {}", quoted(expected)));
        Err(Box::new(failure.actual(format!("notes {notes}"))))
    }

    fn same_key(&self, file: &StringLiteral, files: &dyn TestFiles) -> ExpectationResult {
        let other = self.case_runner.run_file(file, files)?;
        let keys = |outcome: &[ObservedOutcome]| {
            let chosen = outcome.iter().enumerate().filter(|(at, _)| self.outcome.is_none_or(|number| number == *at));
            let keys = chosen.filter_map(|(_, one)| Some(one.event.as_ref()?.member("key").clone()));
            TestValue::List(keys.collect())
        };
        let (here, there) = (keys(self.outcomes()), keys(&other.outcomes));
        let has_keys = matches!(&here, TestValue::List(keys) if !keys.is_empty());
        if has_keys && compare::same(&here, &there) {
            return Ok(());
        }
        let message = if has_keys { "the keys differ" } else { "there is no event with a key to compare" };
        let failure = self.failure(message).expected(format!("keys {there} (those of `{}`)", file.value));
        Err(Box::new(failure.actual(format!("keys {here}"))))
    }

    pub(super) fn body(&self, expected: &TestValue) -> ExpectationResult {
        let Some(body) = &self.run.body else {
            return Err(Box::new(self.failure("only a channel has a body")));
        };
        let expected = fields::unquoted(expected);
        if compare::holds(&expected, body) {
            return Ok(());
        }
        let actual = compare::projected(&expected, body);
        Err(Box::new(self.failure("the body is not as expected").compared(&expected, &actual)))
    }

    /// The answer that the sender gets.
    fn answer(&self, expected: &TestValue) -> ExpectationResult {
        let actual = match &self.run.answer {
            Some(PushAnswer { body: AnswerBody::Json(json), .. }) => TestValue::from(json),
            Some(PushAnswer { body: AnswerBody::Text(text), .. }) => TestValue::Text(text.as_str().into()),
            Some(PushAnswer { body: AnswerBody::Empty | AnswerBody::Receipt, .. }) | None => TestValue::Missing,
            Some(PushAnswer { body: AnswerBody::TooLarge, .. }) => {
                return Err(Box::new(self.failure("the answer is larger than 4 KiB, so its body is left out")));
            }
        };
        let expected = fields::unquoted(expected);
        if compare::holds(&expected, &actual) {
            return Ok(());
        }
        let actual = compare::projected(&expected, &actual);
        Err(Box::new(self.failure("the answer is not as expected").compared(&expected, &actual)))
    }
}

fn names(identifiers: &[Identifier]) -> Vec<&str> {
    identifiers.iter().map(|name| &*name.text).collect()
}

/// `dropped "reason"`
fn with_reason(word: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| word.to_owned(), |reason| format!("{word} {}", quoted(reason)))
}

fn nest(name: &str, value: TestValue) -> TestValue {
    TestValue::Object(vec![(name.into(), value)])
}
