//! Statements to prove, as results beside those of tests.

use super::failure::{TestFailure, TestNote};
use super::failure_trace::FailureTrace;
use super::location::source_excerpt;
use super::observed_outcome::ObservedOutcome;
use super::{CaseFindings, case_run};
use crate::evaluate::EvaluationContext;
use crate::format::formatted;
use crate::json::Arena;
use crate::model::{ChannelId, MuteId, Statement, StatementExpectation, StatementExpectationKind};
use crate::prove::{Refutation, StatementFault, StatementId, StatementProver, StatementVerdict};
use crate::ruleset::{EvaluationTrace, RuleSet};
use crate::text::{backticked_list, enumeration, quoted};
use crate::time::DurationText;
use std::fmt::Write as _;

/// Decides a statement, and reports every expectation that does not hold for all of its events.
pub(super) fn run(rules: &RuleSet, prover: &mut StatementProver<'_>, id: StatementId) -> CaseFindings {
    let mut found = CaseFindings::default();
    let Some(statement) = rules.model.statements.get(id) else { return found };
    let report = StatementReport { rules, statement };
    for (expectation, verdict) in prover.prove(id) {
        match verdict {
            StatementVerdict::Proven(mutes) => found.notes.extend(report.note(expectation, &mutes)),
            StatementVerdict::Refuted(refutation) => found.failures.push(report.refuted(expectation, &refutation)),
            StatementVerdict::Undecided(reason) => {
                let message = format!("undecided: {reason}");
                found.failures.push(TestFailure::new(&rules.sources, expectation.span, message));
            }
            StatementVerdict::NoEvent => {
                let place = statement.when.as_ref().map_or(statement.span, |when| when.span);
                let message = "no event meets this condition, so the statement says nothing";
                found.failures = vec![TestFailure::new(&rules.sources, place, message)];
                break;
            }
        }
    }
    found
}

struct StatementReport<'r> {
    rules: &'r RuleSet,
    statement: &'r Statement,
}

impl StatementReport<'_> {
    fn routing(&self) -> &str {
        self.rules.model.routings.get(self.statement.routing).map_or("", |routing| &routing.name)
    }

    fn channel(&self, channel: ChannelId) -> &str {
        self.rules.model.channels.get(channel).map_or("", |channel| &channel.name)
    }

    fn mute(&self, mute: MuteId) -> String {
        let mute = self.rules.model.mutes.get(mute);
        mute.map_or_else(String::new, |mute| {
            format!("the mute `{}` ({})", mute.name, self.rules.sources.file_and_line(mute.span))
        })
    }

    /// What stands between what is sent and what is told.
    fn note(&self, expectation: &StatementExpectation, mutes: &[MuteId]) -> Option<TestNote> {
        let (StatementExpectationKind::Includes(channels)
        | StatementExpectationKind::Any(channels)
        | StatementExpectationKind::Exactly(channels)) = &expectation.kind
        else {
            return None;
        };
        let mut parts: Vec<String> = mutes
            .iter()
            .map(|mute| format!("{} may hold such an event while another alert fires", self.mute(*mute)))
            .collect();
        parts.extend(channels.iter().filter_map(|channel| {
            let name = self.channel(*channel);
            let wait = self.rules.policy(name).ok()?.wait.high;
            (!wait.is_zero()).then(|| format!("`{name}` waits up to {}", DurationText(wait)))
        }));
        if parts.is_empty() {
            return None;
        }
        parts.push("a silence may hold it".to_owned());
        let message = format!("what is sent may be told later, or not: {}", parts.join("; "));
        Some(TestNote::new(&self.rules.sources, expectation.span, &message))
    }

    fn refuted(&self, expectation: &StatementExpectation, refutation: &Refutation) -> TestFailure {
        let (outcome, trace) = self.evaluate(refutation);
        let decided = FailureTrace { rules: self.rules, trace: &trace };
        let decided = match &refutation.fault {
            StatementFault::NotVia(path) => decided.paths(&outcome, &[path]),
            StatementFault::NotSent(channels) => {
                let absent: Vec<&str> = channels.iter().map(|channel| self.channel(*channel)).collect();
                decided.channels(&outcome, &absent)
            }
            StatementFault::Held(_) | StatementFault::Sent(_) | StatementFault::Dropped => {
                decided.channels(&outcome, &[])
            }
        };
        TestFailure::new(&self.rules.sources, expectation.span, self.message(refutation))
            .expected(source_excerpt(&self.rules.sources, expectation.span).trim_start_matches("expect "))
            .actual(self.actual(&outcome, refutation))
            .decided(&decided)
            .help(format!(
                "this test fails now, and passes once the rules are right:\n{}",
                self.test(expectation, refutation)
            ))
    }

    /// Where the event goes, and where nobody is told.
    fn actual(&self, outcome: &ObservedOutcome, refutation: &Refutation) -> String {
        let StatementFault::Held(held) = &refutation.fault else { return outcome.describe() };
        let held: Vec<&str> = held.iter().map(|(channel, _)| self.channel(*channel)).collect();
        format!("{}, held in {}", outcome.describe(), held.join(", "))
    }

    /// The event, evaluated as a test would.
    fn evaluate(&self, refutation: &Refutation) -> (ObservedOutcome, EvaluationTrace) {
        let arena = Arena::new();
        let event = refutation.event.event(&arena);
        let context = EvaluationContext::at(refutation.event.time());
        let mut trace = EvaluationTrace::with_limit(case_run::MAX_STEPS);
        let file = self.rules.sources.name(self.statement.span);
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let outcome = self.rules.route(self.routing(), &event, &context, &arena, &mut trace);
        let outcome =
            outcome.map_or_else(|_| ObservedOutcome::none(), |outcome| ObservedOutcome::new(&outcome, folder));
        (outcome, trace)
    }

    fn message(&self, refutation: &Refutation) -> String {
        let at = refutation.event.at.map_or_else(String::new, |at| format!(" at {at}"));
        let event = format!("`{}`{at}", refutation.event);
        let names = |channels: &[ChannelId]| {
            backticked_list(channels.iter().take(MAX_NAMED_CHANNELS).map(|channel| self.channel(*channel)))
        };
        match &refutation.fault {
            StatementFault::NotSent(channels) if channels.len() > 1 => {
                format!("{event} is sent to none of {}", names(channels))
            }
            StatementFault::NotSent(channels) => format!("{event} is not sent to {}", names(channels)),
            StatementFault::Sent(channels) => format!("{event} is sent to {}", names(channels)),
            StatementFault::NotVia(path) => format!("`{path}` does not decide about {event}"),
            StatementFault::Dropped => format!("{event} is dropped"),
            StatementFault::Held(held) => {
                let held: Vec<String> = held
                    .iter()
                    .map(|(channel, mute)| format!("{} holds it in `{}`", self.mute(*mute), self.channel(*channel)))
                    .collect();
                format!("{event} is sent and not told: {}", enumeration(&held, "and"))
            }
        }
    }

    /// A test of the event.
    fn test(&self, expectation: &StatementExpectation, refutation: &Refutation) -> String {
        let mut text = format!("test {} {{\n  routing {}\n", quoted(&self.statement.name), self.routing());
        // Where anything asks for the time, a test says it.
        if refutation.event.at.is_some() || !self.rules.model.schedules.is_empty() {
            let _ = writeln!(text, "  at {}", refutation.event.time());
        }
        let _ = writeln!(text, "  event {}", refutation.event);
        match &refutation.fault {
            StatementFault::Held(held) => {
                for (channel, _) in held.iter().take(1) {
                    let _ = writeln!(text, "  expect not held in {}", self.channel(*channel));
                }
            }
            StatementFault::NotSent(_)
            | StatementFault::Sent(_)
            | StatementFault::NotVia(_)
            | StatementFault::Dropped => {
                let _ = writeln!(text, "  expect {}", self.written(expectation));
            }
        }
        formatted(text + "}").trim_end().to_owned()
    }

    /// What is expected, on one line, in the notation of the rules.
    fn written(&self, expectation: &StatementExpectation) -> String {
        let list = |channels: &[ChannelId]| {
            channels.iter().map(|channel| self.channel(*channel)).collect::<Vec<_>>().join(", ")
        };
        match &expectation.kind {
            StatementExpectationKind::Exactly(channels) => format!("sent [{}]", list(channels)),
            StatementExpectationKind::Includes(channels) => format!("sent includes [{}]", list(channels)),
            StatementExpectationKind::Any(channels) => format!("sent includes any [{}]", list(channels)),
            StatementExpectationKind::Excludes(channels) => format!("sent excludes [{}]", list(channels)),
            StatementExpectationKind::Via(paths) => format!("via {}", paths.join(", ")),
            StatementExpectationKind::NotDropped => "not dropped".to_owned(),
        }
    }
}

/// How many channels a message names.
const MAX_NAMED_CHANNELS: usize = 8;
