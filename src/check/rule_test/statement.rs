//! `prove` declarations: what they name, and whether what they expect can be proved.

use super::{GroupedStatements, TestChecker, TestTiming, TestedRules, code, references, spans};
use crate::diagnostic::{Diagnostic, Findings};
use crate::model::RoutingLineBody;
use crate::source::Span;
use crate::syntax::tree::{
    Expectation, ExpectationKind, Identifier, Prove, ProveStatementKind, SentMode, TestSubject, TestTime,
};
use crate::time::Timestamp;

/// Reports what is wrong with a `prove`.
pub(crate) fn check_statement(written: &Prove, item: Span, rules: &TestedRules<'_>, diagnostics: &mut Findings) {
    let mut checker = TestChecker {
        model: rules.model,
        unparsed: rules.unparsed,
        sources: rules.sources,
        form: TestTiming::OneMoment,
        statements: GroupedStatements::default(),
        name_span: written.name.span,
        item_span: item,
        diagnostics,
    };
    checker.statement(written);
}

impl TestChecker<'_, '_> {
    fn statement(&mut self, written: &Prove) {
        let (mut subjects, mut whens, mut times, mut expectations) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for line in &written.statements {
            match &line.kind {
                ProveStatementKind::Subject(kind, name) => subjects.push(((*kind, name), line.span)),
                ProveStatementKind::When(condition) => whens.push((condition, line.span)),
                ProveStatementKind::At(time) => times.push((time, line.span)),
                ProveStatementKind::Expect(expectation) => {
                    expectations += 1;
                    self.provable(expectation, line.span);
                }
            }
        }
        self.once("routing", &spans(&subjects));
        self.once("`when`", &spans(&whens));
        self.once("`at`", &spans(&times));
        self.proved_routing(subjects.first().map(|(subject, _)| *subject));
        for (time, _) in times {
            match time {
                TestTime::Time(time) if Timestamp::read(&time.text).is_some() => {}
                TestTime::Time(name) | TestTime::Hole(name) => self.bad_time(name.span, &name.text),
            }
        }
        if expectations == 0 {
            let line = "expect not dropped";
            let found = Diagnostic::new(&code::NOTHING, self.name_span, "this `prove` expects nothing");
            let help = format!("say what holds for each of its events: `{line}`");
            let end = self.end();
            self.report(found.suggest(help, end, format!("  {line}\n")));
        }
    }

    fn once(&mut self, what: &str, spans: &[Span]) {
        let Some((first, others)) = spans.split_first() else { return };
        for other in others {
            let message = format!("a `prove` has one {what}, and this is another");
            self.report(Diagnostic::new(&code::REPEATED, *other, message).related(*first, "the first is here"));
        }
    }

    fn proved_routing(&mut self, subject: Option<(TestSubject, &Identifier)>) {
        let (message, place) = match subject {
            Some((TestSubject::Routing, name)) => {
                return self.check_reference(TestSubject::Routing, &name.text, name.span);
            }
            Some((kind, name)) => (
                format!("a `prove` is about a routing, and `{}` is named as the {}", name.text, kind.word()),
                name.span,
            ),
            None => ("this `prove` does not say which routing it is about".to_owned(), self.name_span),
        };
        let help = references::first_routing(self.model);
        self.report(Diagnostic::new(&code::SUBJECT, place, message).help(help));
    }

    /// Reports a block, which does not decide.
    fn deciding(&mut self, path: &Identifier) {
        let line = self.model.routing_lines().find(|line| *line.path == *path.text);
        if let Some(RoutingLineBody::Block(block)) = line.map(|line| &line.body) {
            let message = format!("`{}` is a block, and the lines in it decide", path.text);
            let found = Diagnostic::new(&code::STATEMENT, path.span, message);
            self.report(match block.lines.first() {
                Some(inner) => found.help(format!("name the line: `via {}`", inner.path)),
                None => found,
            });
        }
    }

    /// An expectation about where an event goes, which can come true.
    fn provable(&mut self, expectation: &Expectation, span: Span) {
        if let Some((_, place)) = expectation.outcome {
            let found = Diagnostic::new(&code::STATEMENT, place, "a `prove` has no outcomes: each event gives one");
            self.report(found.help("leave `outcome` out"));
        }
        let refused = |message: &str| Diagnostic::new(&code::STATEMENT, span, message);
        match &expectation.kind {
            ExpectationKind::Sent(mode, channels, place) if channels.is_empty() && *mode != SentMode::Exactly => {
                let found = Diagnostic::new(&code::STATEMENT, *place, "the list names no channel");
                self.report(found.help("name one, as in `expect sent includes [page]`"));
            }
            ExpectationKind::Via(paths) => {
                self.names(expectation);
                for path in paths {
                    self.deciding(path);
                }
            }
            ExpectationKind::Sent(..) | ExpectationKind::NotDropped => self.names(expectation),
            ExpectationKind::Count { .. }
            | ExpectationKind::Subset(_)
            | ExpectationKind::Exactly(_)
            | ExpectationKind::Dropped(_)
            | ExpectationKind::Empty
            | ExpectationKind::Unaccepted
            | ExpectationKind::Invalid
            | ExpectationKind::Nothing(_)
            | ExpectationKind::Note(_)
            | ExpectationKind::SameKeyAs(_)
            | ExpectationKind::Snapshot(_)
            | ExpectationKind::Body(_)
            | ExpectationKind::Answer(_)
            | ExpectationKind::Notified(..)
            | ExpectationKind::Held(..)
            | ExpectationKind::NotHeld(_)
            | ExpectationKind::Waits(..) => self.report(
                refused("a `prove` is about where events go, and this is not")
                    .help(
                        "write `expect sent includes any [page, chat]`, `sent includes`, `sent excludes`, `sent`, \
                         `via main.payments.page` or `not dropped`",
                    )
                    .help("for what holds of one event, write a `test`"),
            ),
        }
    }
}
