//! Expectations: each must fit the subject, and be able to come true.

use super::event::EventRole;
use super::schedule_use::EvaluationStage;
use super::{TestChecker, TestTiming, code};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{Expectation, ExpectationKind, Identifier, SentMode, TestSubject};
use crate::text::{plural, with_article};

/// Which subjects an expectation fits.
enum ExpectationScope {
    /// Subjects that read payloads.
    Payloads,
    /// Subjects that send.
    Senders,
    /// Everything but a channel.
    Events,
    /// A channel.
    Channels,
    /// An integration, which answers senders.
    Integrations,
}

impl TestChecker<'_, '_> {
    /// At least one, each fitting.
    pub(super) fn expectations(&mut self) {
        let expectations = self.statements.expectations.clone();
        if expectations.is_empty() && self.statements.cases.is_empty() {
            let found = Diagnostic::new(&code::NOTHING, self.name_span, "this test expects nothing, so it cannot fail");
            let line = match (self.form, self.kind()) {
                (TestTiming::Sequence, _) => "expect notified chat { severity: Critical }",
                (TestTiming::OneMoment, Some(TestSubject::Mapping) | None) => "expect { severity: Critical }",
                (TestTiming::OneMoment, Some(TestSubject::Routing | TestSubject::Integration)) => "expect sent [audit]",
                (TestTiming::OneMoment, Some(TestSubject::Channel)) => "expect body { \"text\": \"…\" }",
            };
            let end = self.end();
            self.report(found.suggest(format!("say what it should come to: `{line}`"), end, format!("  {line}\n")));
        }
        for (expectation, span) in &expectations {
            self.fitting(expectation, *span);
            self.names(expectation);
        }
        // In a sequence, each expectation is about an input of its own.
        if self.form == TestTiming::OneMoment {
            self.outcomes(&expectations);
        }
    }

    fn fitting(&mut self, expectation: &Expectation, span: Span) {
        let Some(kind) = self.kind() else { return };
        if self.form == TestTiming::Sequence && matches!(kind, TestSubject::Mapping | TestSubject::Channel) {
            // That subject is reported.
            return;
        }
        let (what, fits) = scope(&expectation.kind);
        let right = match (fits, kind) {
            (ExpectationScope::Payloads, TestSubject::Mapping | TestSubject::Integration)
            | (ExpectationScope::Senders, TestSubject::Routing | TestSubject::Integration)
            | (ExpectationScope::Events, TestSubject::Mapping | TestSubject::Routing | TestSubject::Integration)
            | (ExpectationScope::Channels, TestSubject::Channel)
            | (ExpectationScope::Integrations, TestSubject::Integration) => return,
            (ExpectationScope::Payloads, _) => "a mapping or an integration",
            (ExpectationScope::Senders, _) => "a routing or an integration",
            (ExpectationScope::Events, _) => "a mapping, a routing or an integration",
            (ExpectationScope::Channels, _) => "a channel",
            (ExpectationScope::Integrations, _) => "an integration",
        };
        let message = format!("`{what}` is for {right}, and this test is about {}", with_article(kind.word()));
        let found = Diagnostic::new(&code::EXPECTATION, span, message);
        self.report(found.help(instead(kind)));
    }

    pub(super) fn names(&mut self, expectation: &Expectation) {
        if let ExpectationKind::Subset(json) | ExpectationKind::Exactly(json) = &expectation.kind {
            self.event(json, EventRole::Expected);
        } else if let ExpectationKind::Body(json) = &expectation.kind {
            self.body(json);
        } else if let ExpectationKind::Answer(json) = &expectation.kind {
            self.body(json);
        } else if let ExpectationKind::Sent(mode, channels, _) = &expectation.kind {
            let takes_families = matches!(mode, SentMode::Excludes | SentMode::Any);
            let is_family = |name: &str| takes_families && self.model.family(name).is_some();
            let single: Vec<&Identifier> = channels.iter().filter(|channel| !is_family(&channel.text)).collect();
            for channel in single {
                self.check_reference(TestSubject::Channel, &channel.text, channel.span);
            }
        } else if let ExpectationKind::Via(paths) = &expectation.kind {
            for path in paths {
                self.check_route_path(path);
            }
        } else if let ExpectationKind::Notified(channel, messages) = &expectation.kind {
            self.check_reference(TestSubject::Channel, &channel.text, channel.span);
            for message in messages {
                self.message(message);
            }
        } else if let ExpectationKind::Held(_, Some(channel)) | ExpectationKind::NotHeld(Some(channel)) =
            &expectation.kind
        {
            self.check_reference(TestSubject::Channel, &channel.text, channel.span);
        } else if let ExpectationKind::Waits(channel, until) = &expectation.kind {
            if let Some(channel) = channel {
                self.check_reference(TestSubject::Channel, &channel.text, channel.span);
            }
            self.duration(until);
        }
    }

    /// Reports `outcome N` where there are never so many outcomes.
    fn outcomes(&mut self, expectations: &[(&Expectation, Span)]) {
        let Some((most, why)) = self.most(expectations) else { return };
        for (number, span) in expectations.iter().filter_map(|(expectation, _)| expectation.outcome) {
            if number >= most {
                let message = format!("there is never an outcome {number}: {why}");
                let found = Diagnostic::new(&code::OUTCOME, span, message);
                self.report(found.help("outcomes count from 0, in payload order: `expect outcome 0 …`"));
            }
        }
    }

    /// The most outcomes that there can be, and why.
    fn most(&self, expectations: &[(&Expectation, Span)]) -> Option<(usize, String)> {
        let [(kind, name)] = self.statements.subjects.as_slice() else { return None };
        let each = |mapping: &usize| self.model.mappings.get(*mapping).is_none_or(|mapping| mapping.each.is_some());
        let single = match kind {
            TestSubject::Routing | TestSubject::Channel => {
                return Some((1, "one event gives one outcome".to_owned()));
            }
            TestSubject::Mapping => {
                self.model.mappings.iter().any(|mapping| mapping.name == name.text && mapping.each.is_none())
            }
            TestSubject::Integration => {
                let found = self.model.integrations.iter().find(|integration| integration.name == name.text);
                // Without any, its mappings are unknown, which is reported where they are named.
                found.is_some_and(|integration| {
                    !integration.mappings.is_empty() && !integration.mappings.iter().any(each)
                })
            }
        };
        if single {
            return Some((1, "without `each`, a payload gives one outcome".to_owned()));
        }
        expectations.iter().find_map(|(expectation, _)| {
            let ExpectationKind::Count { events, dropped: Some(dropped) } = expectation.kind else {
                return None;
            };
            let why = format!("the test expects {} and {dropped} dropped", plural(events, "event"));
            Some((events.saturating_add(dropped), why))
        })
    }
}

/// An expectation's words and which subjects it fits.
fn scope(kind: &ExpectationKind) -> (&'static str, ExpectationScope) {
    match kind {
        ExpectationKind::Count { .. } => ("expect N events", ExpectationScope::Payloads),
        ExpectationKind::Subset(_) => ("expect { … }", ExpectationScope::Events),
        ExpectationKind::Exactly(_) => ("expect exactly", ExpectationScope::Events),
        ExpectationKind::Dropped(_) => ("expect dropped", ExpectationScope::Events),
        ExpectationKind::NotDropped => ("expect not dropped", ExpectationScope::Events),
        ExpectationKind::Empty => ("expect empty", ExpectationScope::Payloads),
        ExpectationKind::Unaccepted => ("expect unaccepted", ExpectationScope::Payloads),
        ExpectationKind::Invalid => ("expect invalid", ExpectationScope::Payloads),
        ExpectationKind::Sent(..) => ("expect sent", ExpectationScope::Senders),
        ExpectationKind::Via(_) => ("expect via", ExpectationScope::Senders),
        ExpectationKind::Nothing(_) => ("expect nothing", ExpectationScope::Senders),
        ExpectationKind::Note(_) => ("expect note", ExpectationScope::Events),
        ExpectationKind::SameKeyAs(_) => ("expect same key", ExpectationScope::Payloads),
        ExpectationKind::Snapshot(_) => ("expect snapshot", ExpectationScope::Events),
        ExpectationKind::Body(_) => ("expect body", ExpectationScope::Channels),
        ExpectationKind::Answer(_) => ("expect answer", ExpectationScope::Integrations),
        ExpectationKind::Notified(..) => ("expect notified", ExpectationScope::Senders),
        ExpectationKind::Held(..) => ("expect held", ExpectationScope::Senders),
        ExpectationKind::NotHeld(_) => ("expect not held", ExpectationScope::Senders),
        ExpectationKind::Waits(..) => ("expect waits", ExpectationScope::Senders),
    }
}

/// How far an expectation looks.
pub(super) fn evaluation_stage(kind: &ExpectationKind) -> EvaluationStage {
    match kind {
        ExpectationKind::Empty
        | ExpectationKind::Unaccepted
        | ExpectationKind::Invalid
        | ExpectationKind::Answer(_) => EvaluationStage::Accept,
        ExpectationKind::Count { .. }
        | ExpectationKind::Subset(_)
        | ExpectationKind::Exactly(_)
        | ExpectationKind::Note(_)
        | ExpectationKind::SameKeyAs(_) => EvaluationStage::Mapping,
        ExpectationKind::Dropped(_)
        | ExpectationKind::NotDropped
        | ExpectationKind::Sent(..)
        | ExpectationKind::Via(_)
        | ExpectationKind::Nothing(_)
        | ExpectationKind::Snapshot(_)
        | ExpectationKind::Body(_)
        | ExpectationKind::Notified(..)
        | ExpectationKind::Waits(..) => EvaluationStage::Routing,
        ExpectationKind::Held(..) | ExpectationKind::NotHeld(_) => EvaluationStage::Holds,
    }
}

fn instead(kind: TestSubject) -> &'static str {
    match kind {
        TestSubject::Mapping => {
            "a mapping makes events: `expect { severity: Critical }`, `expect 1 event`, `expect dropped \"…\"`"
        }
        TestSubject::Routing => {
            "a routing sends one event: `expect sent [audit]`, `expect via main.else`, `expect nothing`"
        }
        TestSubject::Integration => "an integration has no body: test the channel, `channel hook`, with an `event`",
        TestSubject::Channel => "a channel writes a body: `expect body { \"text\": \"…\" }`",
    }
}
