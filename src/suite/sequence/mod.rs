//! Runs a sequence: a test whose steps happen at moments of virtual time.
//!
//! The steps are sorted by their moments; at one moment the order of the text holds. Events of one moment with no other step
//! between them arrive as one push. After the last step the clock runs on, so that a message that no line expects is found.

mod arrivals;
mod expected_messages;
mod history;

use super::case_run::{CaseRun, CaseRunner};
use super::cases::ExpandedCase;
use super::coverage::CoverageHits;
use super::expectation::ExpectationChecker;
use super::failure::TestFailure;
use super::held::{self, ExpectedHold};
use super::test_files::TestFiles;
use super::timeline::{AlertHold, Timeline, TimelineBudget, TimelineLimit, TimelineSilence};
use crate::model::sequence::{self, SequenceStep, read_duration};
use crate::model::silence::EVERY_EVENT;
use crate::notification::HoldState;
use crate::ruleset::SilenceCondition;
use crate::source::Span;
use crate::syntax::tree::{
    Expectation, ExpectationKind, Identifier, SilenceStep, StringLiteral, TestStatement, TestStatementKind,
};
use crate::text::quoted;
use crate::time::Timestamp;
use arrivals::{ArrivingStatement, PushBuilder};
use expected_messages::{ChannelExpectations, ExpectedMessages};
use history::{SequenceHistory, moment_text};
use std::time::Duration;

/// Runs a sequence for one case; its failures.
pub(super) fn run(
    runner: &CaseRunner<'_>,
    row: Option<(&ExpandedCase, &Identifier)>,
    files: &dyn TestFiles,
    budget: &mut TimelineBudget,
    hits: &mut CoverageHits,
) -> Vec<TestFailure> {
    let begin = match runner.now() {
        Ok(begin) => begin,
        Err(failure) => return vec![*failure],
    };
    let mut run = SequenceRun {
        runner,
        files,
        hits,
        begin,
        timeline: Timeline::new(runner.rules, begin, budget.renewed()),
        push: Vec::new(),
        last: None,
        channels: ChannelExpectations::of(&runner.plan.test.tree),
        history: SequenceHistory::default(),
        failures: Vec::new(),
    };
    if let Err(failure) = run.steps().and_then(|()| run.end()) {
        run.fail(*failure);
    } else if let Some((row, subject)) = row {
        run.row(row, subject);
    }
    run.hits.add_mutes(run.timeline.mutes_that_held());
    *budget = run.timeline.into_budget();
    run.failures
}

/// A step at one of its moments.
#[derive(Debug, Clone, Copy)]
struct StepOccurrence {
    at: Duration,
    /// Its place in the order of the text.
    step: usize,
}

/// What stops a run: the sequence cannot go on.
type Stopped = Box<TestFailure>;

struct SequenceRun<'r> {
    runner: &'r CaseRunner<'r>,
    files: &'r dyn TestFiles,
    hits: &'r mut CoverageHits,
    begin: Timestamp,
    timeline: Timeline<'r>,
    /// Statements whose events make the next push.
    push: Vec<ArrivingStatement<'r>>,
    /// The last event or payload that arrived.
    last: Option<LastArrival>,
    channels: ChannelExpectations,
    history: SequenceHistory,
    failures: Vec<TestFailure>,
}

/// What the expectations about one event are about.
struct LastArrival {
    run: CaseRun,
    /// The integration and the key of its last event, and its channels; nothing where it gave none.
    event: Option<LastRoutedEvent>,
}

/// The last event of a push.
struct LastRoutedEvent {
    integration: Option<String>,
    key: String,
    channels: Vec<String>,
}

impl<'r> SequenceRun<'r> {
    fn steps(&mut self) -> Result<(), Stopped> {
        let steps: Vec<SequenceStep<'r>> =
            sequence::steps(&self.runner.plan.test.tree).filter_map(Result::ok).collect();
        let mut occurrences: Vec<StepOccurrence> = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            occurrences.extend(step.times.moments().map(|at| StepOccurrence { at, step: number }));
        }
        occurrences.sort_by_key(|occurrence| (occurrence.at, occurrence.step));
        for StepOccurrence { at, step } in occurrences {
            let Some(SequenceStep { statement, .. }) = steps.get(step) else { continue };
            let moment = self.begin.saturating_add(at);
            if moment > self.timeline.now() {
                self.arrive()?;
                self.advance(moment, statement.span)?;
            }
            self.step(statement)?;
        }
        self.arrive()
    }

    fn step(&mut self, statement: &'r TestStatement) -> Result<(), Stopped> {
        let span = statement.span;
        if let Some(arriving) = ArrivingStatement::of(statement) {
            if self.timeline.is_away() {
                let failure = self.runner.fail(span, "nothing arrives while the gateway is away");
                return Err(Box::new(failure.help("write a moment after its return, or a shorter `restart`")));
            }
            self.push.push(arriving);
            return Ok(());
        }
        self.arrive()?;
        let duration = |written: &Identifier| read_duration(written).unwrap_or_default();
        match &statement.kind {
            TestStatementKind::Restart(away) => {
                self.note(&format!("the gateway is away for {}", away.text));
                self.timeline.restart(duration(away));
            }
            TestStatementKind::Down(channel, time) => {
                self.note(&format!("{} takes nothing for {}", channel.text, time.text));
                self.timeline.take_down(&channel.text, duration(time));
            }
            TestStatementKind::Pause(channel) => {
                self.note(&format!("{} is paused", channel.text));
                self.timeline.pause(&channel.text);
            }
            TestStatementKind::Resume(channel) => {
                self.note(&format!("{} goes on", channel.text));
                let resumed = self.timeline.resume(&channel.text);
                self.limit(resumed, span)?;
            }
            TestStatementKind::Expect(expectation) => self.expect(expectation, span),
            TestStatementKind::Silence(silence) => self.silence(silence, span)?,
            TestStatementKind::SilenceEnd(reason) => self.end_silence(reason, span)?,
            // The others are arrivals, or about the whole test.
            TestStatementKind::Subject(..)
            | TestStatementKind::Input(_)
            | TestStatementKind::InputFile(_)
            | TestStatementKind::Header(..)
            | TestStatementKind::PathSuffix(_)
            | TestStatementKind::Event(_)
            | TestStatementKind::Times(..)
            | TestStatementKind::At(_)
            | TestStatementKind::Open(..)
            | TestStatementKind::Cases(_) => {}
        }
        self.collect(span)
    }

    /// An operator silences alerts.
    fn silence(&mut self, silence: &SilenceStep, span: Span) -> Result<(), Stopped> {
        let sources = &self.runner.rules.sources;
        let condition = SilenceCondition::of(&silence.condition, sources)
            .map_err(|_| self.runner.fail(silence.condition.span, "this is not a condition over the event alone"))?;
        if condition.meets_every_event() {
            let failure = self.runner.fail(silence.condition.span, format!("every event {EVERY_EVENT}"));
            return Err(Box::new(failure.help("narrow it, as in `labels.service == \"cart\"`")));
        }
        let channels: Vec<String> = silence.channels.iter().map(|channel| channel.text.to_string()).collect();
        let because = silence.reason.value.to_string();
        self.note(&format!("a silence begins for {}: {}", silence.duration.text, quoted(&because)));
        let begun = self.timeline.begin_silence(TimelineSilence {
            condition,
            lasts: read_duration(&silence.duration).unwrap_or_default(),
            channels: (!channels.is_empty()).then_some(channels),
            because,
        });
        self.limit(begun, span)
    }

    fn end_silence(&mut self, reason: &StringLiteral, span: Span) -> Result<(), Stopped> {
        let ended = self.timeline.end_silence(&reason.value);
        let is_ended = matches!(ended, Ok(true));
        self.limit(ended.map(|_| ()), span)?;
        if is_ended {
            self.note(&format!("the silence {} is ended", quoted(&reason.value)));
        } else {
            let failure = self.runner.fail(reason.span, "no silence with this reason is active");
            self.fail(*failure);
        }
        Ok(())
    }

    /// The clock runs on until nothing is due; what no line expects fails.
    fn end(&mut self) -> Result<(), Stopped> {
        let span = self.runner.plan.test.tree.name.span;
        let ended = self.timeline.run_out();
        self.limit(ended, span)?;
        self.collect(span)?;
        for failure in self.channels.unexpected(self.runner, self.begin) {
            self.fail(failure);
        }
        Ok(())
    }

    fn advance(&mut self, moment: Timestamp, span: Span) -> Result<(), Stopped> {
        let advanced = self.timeline.advance_to(moment);
        self.limit(advanced, span)?;
        self.collect(span)
    }

    /// The statements before this one arrive as one push.
    fn arrive(&mut self) -> Result<(), Stopped> {
        let statements = std::mem::take(&mut self.push);
        let Some(last) = statements.last() else { return Ok(()) };
        let span = last.span();
        let mut builder = PushBuilder { runner: self.runner, files: self.files, hits: self.hits };
        let arrived = builder.arrive(&statements, &mut self.timeline)?;
        self.history.note(self.begin, self.timeline.now(), &arrived.summary);
        self.last = Some(arrived.last);
        self.note_holds();
        let told = arrived.result;
        self.limit(told, span)?;
        self.collect(span)
    }

    /// Notes what holds the last event.
    fn note_holds(&mut self) {
        let Some(event) = self.last.as_ref().and_then(|last| last.event.as_ref()) else { return };
        let hold = |channel: &String| self.timeline.hold_in(channel, event.integration.as_deref(), &event.key);
        let holds: Vec<AlertHold> = event.channels.iter().map(hold).collect();
        for hold in holds.iter().filter(|hold| hold.hold == HoldState::Held) {
            let text = held::channel_text(hold, &|at| moment_text(self.begin, at));
            self.history.note(self.begin, self.timeline.now(), &text);
        }
    }

    /// Keeps what was delivered, for the lines that expect it.
    fn collect(&mut self, span: Span) -> Result<(), Stopped> {
        for own in self.timeline.take_own_events() {
            self.history.note(self.begin, own.at, &own.text);
            self.hits.add(&own.trace);
            self.hits.add_absence(own.absent.as_deref());
        }
        for delivered in self.timeline.take_delivered() {
            self.history.note_message(self.begin, &delivered);
            let kept = self.channels.keep(delivered);
            self.limit(kept, span)?;
        }
        Ok(())
    }

    fn expect(&mut self, expectation: &'r Expectation, span: Span) {
        let result = match &expectation.kind {
            ExpectationKind::Notified(channel, messages) => {
                let next = self.timeline.next_due(&channel.text);
                self.channels.check(self.runner, self.begin, ExpectedMessages { channel, messages, span, next })
            }
            ExpectationKind::Waits(channel, until) => self.waits(channel.as_ref(), until, span),
            ExpectationKind::Held(reason, channel) => self.held(reason.as_ref(), channel.as_ref(), span),
            ExpectationKind::NotHeld(channel) => self.not_held(channel.as_ref(), span),
            ExpectationKind::Count { .. }
            | ExpectationKind::Subset(_)
            | ExpectationKind::Exactly(_)
            | ExpectationKind::Dropped(_)
            | ExpectationKind::NotDropped
            | ExpectationKind::Empty
            | ExpectationKind::Unaccepted
            | ExpectationKind::Invalid
            | ExpectationKind::Sent(..)
            | ExpectationKind::Via(_)
            | ExpectationKind::Nothing(_)
            | ExpectationKind::Note(_)
            | ExpectationKind::SameKeyAs(_)
            | ExpectationKind::Snapshot(_)
            | ExpectationKind::Body(_)
            | ExpectationKind::Answer(_) => self.of_last(expectation, span),
        };
        if let Err(failure) = result {
            self.fail(*failure);
        }
    }

    /// An expectation about the last event or payload.
    fn of_last(&self, expectation: &Expectation, span: Span) -> Result<(), Box<TestFailure>> {
        let Some(last) = &self.last else { return Err(self.no_arrival(span)) };
        let outcome = expectation.outcome.map(|(number, _)| number);
        let checker = ExpectationChecker { case_runner: self.runner, run: &last.run, span, outcome };
        checker.check(expectation, self.files)
    }

    fn no_arrival(&self, span: Span) -> Box<TestFailure> {
        Box::new(self.runner.fail(span, "no event came before this").help("write the `event` or `input` above it"))
    }

    /// What holds the last event in each of its channels.
    fn holds_of_last(&mut self, span: Span) -> Result<Vec<AlertHold>, Box<TestFailure>> {
        let event = self.last.as_ref().and_then(|last| last.event.as_ref());
        let Some(LastRoutedEvent { integration, key, channels }) = event else { return Err(self.no_arrival(span)) };
        let hold = |channel: &String| self.timeline.hold_in(channel, integration.as_deref(), key);
        Ok(channels.iter().map(hold).collect())
    }

    /// Nothing holds the last event.
    fn not_held(&mut self, channel: Option<&Identifier>, span: Span) -> Result<(), Box<TestFailure>> {
        let holds = self.holds_of_last(span)?;
        let channel = channel.map(|channel| &*channel.text);
        held::check_free(channel, &holds, &|at| moment_text(self.begin, at)).map_err(|mismatch| {
            let failure = self.runner.fail(span, mismatch.message);
            Box::new(failure.expected(mismatch.expected).actual(mismatch.actual))
        })
    }

    /// Mutes or silences hold the last event.
    fn held(
        &mut self,
        reason: Option<&StringLiteral>,
        channel: Option<&Identifier>,
        span: Span,
    ) -> Result<(), Box<TestFailure>> {
        let holds = self.holds_of_last(span)?;
        let expected = ExpectedHold {
            reason: reason.map(|reason| &*reason.value),
            channel: channel.map(|channel| &*channel.text),
        };
        expected.check(&holds, &|at| moment_text(self.begin, at)).map_err(|mismatch| {
            let failure = self.runner.fail(span, mismatch.message);
            Box::new(failure.expected(mismatch.expected).actual(mismatch.actual))
        })
    }

    /// The news of the last event waits until that moment.
    fn waits(&mut self, channel: Option<&Identifier>, until: &Identifier, span: Span) -> Result<(), Box<TestFailure>> {
        let event = self.last.as_ref().and_then(|last| last.event.as_ref());
        let Some(LastRoutedEvent { integration, key, channels }) = event else { return Err(self.no_arrival(span)) };
        let expected = self.begin.saturating_add(read_duration(until).unwrap_or_default());
        let names: Vec<&str> = match channel {
            Some(channel) => vec![&*channel.text],
            None => channels.iter().map(String::as_str).collect(),
        };
        if names.is_empty() {
            return Err(self.runner.fail(span, "no channel gets the last event"));
        }
        let mut states = Vec::new();
        let mut holds = true;
        for name in names {
            let state = self.timeline.state(name, integration.as_deref(), key);
            holds &= history::waits_until(state) == Some(expected);
            states.push(format!("{name}: {}", history::state_text(self.begin, state)));
        }
        if holds {
            return Ok(());
        }
        let failure = self.runner.fail(span, "the last event does not wait until then");
        let expected = format!("waits until {}", moment_text(self.begin, expected));
        Err(Box::new(failure.expected(expected).actual(states.join("\n"))))
    }

    /// What a row of `cases` expects, of the last event or payload.
    fn row(&mut self, row: &ExpandedCase, subject: &Identifier) {
        let result = match &self.last {
            None => Err(self.no_arrival(row.expected.span)),
            Some(last) => {
                let span = row.expected.span;
                let checker = ExpectationChecker { case_runner: self.runner, run: &last.run, span, outcome: None };
                super::check_row(&checker, row, subject)
            }
        };
        if let Err(failure) = result {
            self.fail(*failure);
        }
    }

    fn limit(&self, result: Result<(), TimelineLimit>, span: Span) -> Result<(), Stopped> {
        result.map_err(|limit| {
            let failure = self.runner.fail(span, format!("the sequence is stopped here: {limit}"));
            Box::new(failure.help("write fewer events, longer intervals, or several tests"))
        })
    }

    fn note(&mut self, text: &str) {
        self.history.note(self.begin, self.timeline.now(), text);
    }

    /// Reports a failure, with what happened before it.
    fn fail(&mut self, failure: TestFailure) {
        self.failures.push(failure.history(&self.history.lines()));
    }
}
