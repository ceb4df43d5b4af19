//! Sequences: the moments of their steps, what they can hold, and how long they can be.

use super::event::EventRole;
use super::{TestChecker, code};
use crate::check::check_condition;
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::Literal;
use crate::model::sequence::{
    self, ArrivingKind, LATEST_MOMENT, MAX_ARRIVALS, MAX_STEPS, MAX_TIMES, MomentError, SequenceStep, StepError,
    TIMES_HOLE, read_duration,
};
use crate::model::silence::{EVERY_EVENT, LONGEST_SILENCE, REASON_FIX, TOO_LONG, TOO_LONG_FIX, check_reason};
use crate::source::Span;
use crate::syntax::tree::{
    ExpectationKind, Identifier, RepeatCount, SilenceStep, StringLiteral, Test, TestJson, TestJsonKind, TestStatement,
    TestStatementKind, TestSubject,
};

impl<'t> TestChecker<'_, 't> {
    /// Checks what is of sequences alone.
    pub(super) fn sequence(&mut self, test: &'t Test) {
        self.sequence_subject();
        let mut steps = Vec::new();
        for step in sequence::steps(test) {
            match step {
                Ok(step) => steps.push(step),
                Err(StepError::Moments(error)) => self.bad_moment(error),
                Err(StepError::NoMoment(span)) => {
                    let found = Diagnostic::new(&code::MOMENT, span, "the first step of a sequence has no moment");
                    self.report(found.suggest("say when it happens: `+0s`", span.before(), "+0s "));
                }
            }
        }
        for statement in &test.statements {
            self.step(statement, test);
        }
        self.length(test, &steps);
    }

    fn sequence_subject(&mut self) {
        let [(kind @ (TestSubject::Mapping | TestSubject::Channel), name)] = self.statements.subjects.as_slice() else {
            return;
        };
        let message =
            format!("a sequence is about a routing or an integration, and this test is about a {}", kind.word());
        let found = Diagnostic::new(&code::SEQUENCE, name.span, message);
        self.report(found.help("name what decides where events go: `routing main`"));
    }

    /// What a statement of a sequence says besides its moments.
    fn step(&mut self, statement: &'t TestStatement, test: &'t Test) {
        let span = statement.span;
        match &statement.kind {
            TestStatementKind::Open(..) => {
                let help = "what is open is what the sequence made so: take the line out, and let the firing be a step";
                self.out_of_place("open", span, help);
            }
            TestStatementKind::Silence(silence) => {
                self.duration(&silence.duration);
                silence.channels.iter().for_each(|channel| self.sequence_channel(channel));
                self.silence(silence);
            }
            TestStatementKind::SilenceEnd(reason) => self.silence_end(reason, test),
            TestStatementKind::Restart(duration) => self.duration(duration),
            TestStatementKind::Down(channel, duration) => {
                self.sequence_channel(channel);
                self.duration(duration);
            }
            TestStatementKind::Pause(channel) | TestStatementKind::Resume(channel) => self.sequence_channel(channel),
            TestStatementKind::Times(count, event) => {
                self.repeat_count(*count);
                self.number_in_braces(event);
            }
            TestStatementKind::Expect(expectation) => {
                if let ExpectationKind::Via(_) = &expectation.kind {
                    self.out_of_place("expect via", span, "test the routes of one event in a test of their own");
                } else if let ExpectationKind::Snapshot(_) = &expectation.kind {
                    let help = "expect the messages: `expect notified chat { severity: Critical }`";
                    self.out_of_place("expect snapshot", span, help);
                }
            }
            TestStatementKind::Subject(..)
            | TestStatementKind::Input(_)
            | TestStatementKind::InputFile(_)
            | TestStatementKind::Header(..)
            | TestStatementKind::PathSuffix(_)
            | TestStatementKind::Event(_)
            | TestStatementKind::At(_)
            | TestStatementKind::Cases(_) => {}
        }
    }

    /// Reports what the gateway refuses of a silence, with the same words.
    fn silence(&mut self, silence: &SilenceStep) {
        let (condition, findings) = check_condition(&silence.condition, self.sources);
        findings.finish().0.into_iter().for_each(|found| self.report(found));
        let refused = |span: Span, message: String| Diagnostic::new(&code::REFUSED_SILENCE, span, message);
        if let Some(Literal::Boolean(true)) = condition.literal() {
            let found = refused(silence.condition.span, format!("every event {EVERY_EVENT}"));
            self.report(found.help("narrow it, as in `labels.service == \"cart\"`"));
        }
        match read_duration(&silence.duration) {
            Ok(lasts) if lasts > LONGEST_SILENCE => {
                self.report(refused(silence.duration.span, TOO_LONG.to_owned()).help(TOO_LONG_FIX));
            }
            Ok(lasts) if lasts.is_zero() => {
                let found = refused(silence.duration.span, "a silence of `0s` holds nothing".to_owned());
                self.report(found.help("write for how long it lasts, as in `for 20m`"));
            }
            Ok(_) | Err(_) => {}
        }
        if let Err((message, fix)) = check_reason("because", &silence.reason.value, REASON_FIX) {
            self.report(refused(silence.reason.span, message).help(fix));
        }
    }

    fn out_of_place(&mut self, what: &str, span: Span, help: &str) {
        let found = Diagnostic::new(&code::SEQUENCE, span, format!("`{what}` has no place in a sequence"));
        self.report(found.help(help));
    }

    /// Reports the end of a silence that the sequence does not begin.
    fn silence_end(&mut self, reason: &StringLiteral, test: &Test) {
        let mut reasons: Vec<&str> = Vec::new();
        for statement in &test.statements {
            if let TestStatementKind::Silence(silence) = &statement.kind {
                reasons.push(&silence.reason.value);
            }
        }
        if reasons.contains(&&*reason.value) {
            return;
        }
        let found = Diagnostic::new(&code::UNKNOWN, reason.span, "no `silence` of this test has this reason");
        self.report(match nearest(&reason.value, reasons) {
            Some(near) => found.suggest(format!("write `{near:?}`"), reason.span, format!("{near:?}")),
            None => found.help("write `silence CONDITION for 20m because \"…\"` before it, with the same reason"),
        });
    }

    fn repeat_count(&mut self, RepeatCount { number, span }: RepeatCount) {
        if (1..=MAX_TIMES).contains(&number) {
            return;
        }
        let found = Diagnostic::new(&code::LENGTH, span, format!("`times` takes a number from 1 to {MAX_TIMES}"));
        self.report(found.help("write several lines for more events"));
    }

    /// Reports strings of `times` with `{n}`: braces mean themselves there.
    fn number_in_braces(&mut self, json: &TestJson) {
        if let TestJsonKind::Text(text) = &json.kind {
            let braces = format!("{{{TIMES_HOLE}}}");
            if !text.contains(&braces) {
                return;
            }
            let message = format!("`{braces}` in a string of `times` is not replaced by the number of the event");
            let found = Diagnostic::new(&code::BRACES, json.span, message).label("stays in the text as it is");
            self.report(if **text == *braces {
                found.suggest(format!("write the number without quotes: `{TIMES_HOLE}`"), json.span, TIMES_HOLE)
            } else {
                found.help(format!("a whole value can be the number: write `{TIMES_HOLE}` without quotes"))
            });
        }
        json.parts().for_each(|part| self.number_in_braces(part));
    }

    fn sequence_channel(&mut self, channel: &Identifier) {
        self.check_reference(TestSubject::Channel, &channel.text, channel.span);
    }

    /// A duration, or a moment without its `+`.
    pub(super) fn duration(&mut self, written: &Identifier) {
        if let Err(error) = read_duration(written) {
            self.bad_moment(error);
        }
    }

    fn bad_moment(&mut self, error: MomentError) {
        let (span, message, help) = match error {
            MomentError::Unreadable(span) => (
                span,
                "this is not a duration".to_owned(),
                "write numbers with their units, the largest first and each once: `1h30m`, `90s`, `7d`".to_owned(),
            ),
            MomentError::TooLate(span) => {
                let days = LATEST_MOMENT.as_secs() / 86_400;
                (span, format!("a sequence lasts at most {days} days"), "write a shorter duration".to_owned())
            }
            MomentError::Backwards(span) => (
                span,
                "the last of these moments is before the first".to_owned(),
                "write the earlier one first: `+0s..+10m every 1m`".to_owned(),
            ),
            MomentError::NoInterval(span) => (
                span,
                "between two moments lies at least one second".to_owned(),
                "write a duration from `1s`: `+0s..+10m every 1m`".to_owned(),
            ),
        };
        self.report(Diagnostic::new(&code::MOMENT, span, message).help(help));
    }

    /// Reports a sequence with more arrivals or steps than a run takes.
    fn length(&mut self, test: &Test, steps: &[SequenceStep<'t>]) {
        let (mut arrivals, mut others) = (0_usize, 0_usize);
        for step in steps {
            let moments = step.times.count();
            match ArrivingKind::of(&step.statement.kind) {
                None => others = others.saturating_add(moments),
                Some(kind) => arrivals = arrivals.saturating_add(moments.saturating_mul(kind.count())),
            }
        }
        let limits = [(arrivals, MAX_ARRIVALS, "events"), (others, MAX_STEPS, "steps besides events")];
        for (count, most, what) in limits.into_iter().filter(|(count, most, _)| count > most) {
            let message = format!("this sequence has {count} {what}, and at most {most} are run");
            let found = Diagnostic::new(&code::LENGTH, test.name.span, message);
            self.report(
                found.help("a step with several moments counts at each: write longer intervals, or fewer steps"),
            );
        }
    }

    /// A message that a sequence expects: an event with `group`.
    pub(super) fn message(&mut self, json: &TestJson) {
        let Some(members) = json.members() else {
            if !matches!(json.kind, TestJsonKind::Hole(_)) {
                let found = Diagnostic::new(&code::VALUE, json.span, "a message is an object");
                self.report(found.help("write what it says in braces: `{ severity: Critical }`, or `nothing`"));
            }
            return;
        };
        self.event_and_group(members, EventRole::Expected);
    }
}
