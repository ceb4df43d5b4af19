//! Tests: what they name, and the shapes of what they expect.
//!
//! A test that expects something impossible would pass or fail for the wrong reason. It is refused before any test
//! runs: unknown names, holes that are not filled, fields that no event has, a time that is needed and not given.

mod code;
mod event;
mod expect;
mod group;
mod holes;
mod references;
mod request;
mod schedule_use;
mod sequence;
mod statement;

pub(crate) use code::CODES;
pub(crate) use statement::check_statement;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::Model;
use crate::model::sequence::is_sequence;
use crate::source::{Sources, Span};
use crate::syntax::tree::{
    CaseTable, Expectation, Identifier, StringLiteral, Test, TestJson, TestStatementKind, TestSubject, TestTime,
};
use crate::text::with_article;
use crate::time::Timestamp;
use event::EventRole;
use schedule_use::EvaluationStage;
use std::collections::HashSet;

/// The rules that tests are about.
pub(crate) struct TestedRules<'r> {
    pub(crate) model: &'r Model,
    /// Names that may be declared in a file that did not parse.
    pub(crate) unparsed: &'r HashSet<&'r str>,
    pub(crate) sources: &'r Sources,
}

/// Reports what is wrong with a test.
pub(crate) fn check(test: &Test, item: Span, rules: &TestedRules<'_>, diagnostics: &mut Findings) {
    let form = if is_sequence(test) { TestTiming::Sequence } else { TestTiming::OneMoment };
    let mut checker = TestChecker {
        model: rules.model,
        unparsed: rules.unparsed,
        sources: rules.sources,
        form,
        statements: GroupedStatements::default(),
        name_span: test.name.span,
        item_span: item,
        diagnostics,
    };
    checker.group_statements(test);
    checker.subject();
    match form {
        TestTiming::OneMoment => {
            checker.input();
            checker.open();
        }
        TestTiming::Sequence => {
            checker.inputs();
            checker.sequence(test);
        }
    }
    checker.request();
    checker.time();
    checker.holes();
    checker.rows();
    checker.expectations();
}

/// Whether a test is about one moment, or about what happens over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TestTiming {
    OneMoment,
    Sequence,
}

/// A test, sorted.
#[derive(Default)]
struct GroupedStatements<'t> {
    subjects: Vec<(TestSubject, &'t Identifier)>,
    inputs: Vec<(InputStatement<'t>, Span)>,
    headers: Vec<(&'t StringLiteral, &'t TestJson, Span)>,
    path_suffixes: Vec<(&'t TestJson, Span)>,
    at: Vec<(&'t TestTime, Span)>,
    open: Vec<(&'t [Identifier], Span)>,
    cases: Vec<(&'t CaseTable, Span)>,
    expectations: Vec<(&'t Expectation, Span)>,
}

/// What a test gives.
#[derive(Clone, Copy)]
enum InputStatement<'t> {
    Payload(&'t TestJson),
    File,
    Event(&'t TestJson),
    /// The event of `times`.
    Times(&'t TestJson),
}

impl InputStatement<'_> {
    fn word(self) -> &'static str {
        match self {
            Self::Payload(_) | Self::File => "input",
            Self::Event(_) | Self::Times(_) => "event",
        }
    }
}

/// One test under check.
struct TestChecker<'c, 't> {
    model: &'c Model,
    /// Names that may be declared in a file that did not parse.
    unparsed: &'c HashSet<&'c str>,
    sources: &'c Sources,
    form: TestTiming,
    statements: GroupedStatements<'t>,
    /// The test's name, where something absent is reported.
    name_span: Span,
    item_span: Span,
    diagnostics: &'c mut Findings,
}

impl<'t> TestChecker<'_, 't> {
    fn group_statements(&mut self, test: &'t Test) {
        let parts = &mut self.statements;
        for statement in &test.statements {
            let span = statement.span;
            match &statement.kind {
                TestStatementKind::Subject(kind, name) => parts.subjects.push((*kind, name)),
                TestStatementKind::Input(json) => parts.inputs.push((InputStatement::Payload(json), span)),
                TestStatementKind::InputFile(_) => parts.inputs.push((InputStatement::File, span)),
                TestStatementKind::Event(json) => parts.inputs.push((InputStatement::Event(json), span)),
                TestStatementKind::Header(name, value) => parts.headers.push((name, value, span)),
                TestStatementKind::PathSuffix(value) => parts.path_suffixes.push((value, span)),
                TestStatementKind::At(at) => parts.at.push((at, span)),
                TestStatementKind::Open(names, _) => parts.open.push((names, span)),
                TestStatementKind::Cases(cases) => parts.cases.push((cases, span)),
                TestStatementKind::Expect(expectation) => parts.expectations.push((expectation, span)),
                TestStatementKind::Times(_, json) => parts.inputs.push((InputStatement::Times(json), span)),
                TestStatementKind::Silence(_)
                | TestStatementKind::SilenceEnd(_)
                | TestStatementKind::Restart(_)
                | TestStatementKind::Down(..)
                | TestStatementKind::Pause(_)
                | TestStatementKind::Resume(_) => {}
            }
        }
        let once = [
            ("`path_suffix`", spans(&parts.path_suffixes)),
            ("`at`", spans(&parts.at)),
            ("`open`", spans(&parts.open)),
            ("`cases`", spans(&parts.cases)),
        ];
        for (what, spans) in once {
            self.only_one(&code::REPEATED, what, &spans, None);
        }
    }

    /// Reports every statement of a kind but the first.
    fn only_one(&mut self, code: &'static DiagnosticCode, what: &str, spans: &[Span], help: Option<&str>) {
        let Some((first, others)) = spans.split_first() else { return };
        for other in others {
            let message = format!("a test has one {what}, and this is another");
            let found = Diagnostic::new(code, *other, message).related(*first, "the first is here");
            self.report(help.into_iter().fold(found, Diagnostic::help));
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The place before the closing brace, where a statement can be added.
    fn end(&self) -> Span {
        let end = self.item_span.end.saturating_sub(1);
        Span { start: end, end, ..self.item_span }
    }

    /// The one subject, where there is one.
    fn kind(&self) -> Option<TestSubject> {
        match self.statements.subjects.as_slice() {
            [(kind, _)] => Some(*kind),
            _ => None,
        }
    }

    fn subject(&mut self) {
        match self.statements.subjects.as_slice() {
            [] => {
                let found = Diagnostic::new(&code::SUBJECT, self.name_span, "this test does not say what it tests");
                self.report(found.help(references::subjects(self.model)));
            }
            [(kind, name)] => self.check_reference(*kind, &name.text, name.span),
            several => {
                let spans: Vec<Span> = several.iter().map(|(_, name)| name.span).collect();
                self.only_one(&code::SUBJECT, "subject", &spans, Some("write a test for each of them"));
            }
        }
    }

    fn input(&mut self) {
        let inputs = self.statements.inputs.clone();
        match (inputs.as_slice(), self.kind()) {
            ([], Some(kind)) => {
                let message = format!("this test gives its {} nothing to read", kind.word());
                self.report(Diagnostic::new(&code::INPUT, self.name_span, message).help(missing_input(kind)));
            }
            ([(input, span)], Some(kind)) => self.fits(*input, *span, kind),
            (several, _) => {
                let help = "write a test for each, or one with `cases`";
                self.only_one(&code::INPUT, "input", &spans(several), Some(help));
            }
        }
        for (input, _) in inputs {
            self.given(input);
        }
    }

    /// The inputs of a sequence, which has any number of them.
    fn inputs(&mut self) {
        for (input, span) in self.statements.inputs.clone() {
            if let Some(kind @ (TestSubject::Routing | TestSubject::Integration)) = self.kind() {
                self.fits(input, span, kind);
            }
            self.given(input);
        }
    }

    fn given(&mut self, input: InputStatement) {
        match input {
            InputStatement::Payload(json) => self.payload(json),
            InputStatement::Event(json) if matches!(self.kind(), Some(TestSubject::Channel)) => {
                self.channel_event(json);
            }
            InputStatement::Event(json) | InputStatement::Times(json) => self.event(json, EventRole::Given),
            InputStatement::File => {}
        }
    }

    fn fits(&mut self, input: InputStatement, span: Span, kind: TestSubject) {
        let wanted = wanted(kind);
        if input.word() == wanted {
            return;
        }
        let message = format!("{} reads an `{wanted}`, and this is an `{}`", with_article(kind.word()), input.word());
        self.report(Diagnostic::new(&code::INPUT, span, message).help(missing_input(kind)));
    }

    fn time(&mut self) {
        for (at, _) in self.statements.at.clone() {
            if let TestTime::Time(time) = at
                && Timestamp::read(&time.text).is_none()
            {
                self.bad_time(time.span, &time.text);
            }
        }
        if !self.statements.at.is_empty() {
            return;
        }
        let [(kind, name)] = self.statements.subjects.as_slice() else { return };
        let Some(during) = schedule_use::first_schedule_use(self.model, *kind, &name.text, self.evaluation_stage())
        else {
            return;
        };
        let schedule = self.model.schedules.get(during.schedule).map_or("", |schedule| &*schedule.name);
        let asks = during.mute.unwrap_or(&name.text);
        let message = format!("what this test expects depends on the time: `{asks}` asks for `{schedule}`");
        let found =
            Diagnostic::new(&code::AT, self.name_span, message).related(during.place, "the time is asked for here");
        let line = "at 2026-03-07T02:00:00+08:00";
        self.report(found.suggest(format!("say when it happens: `{line}`"), self.end(), format!("  {line}\n")));
    }

    /// How far the expected results can depend on the time.
    fn evaluation_stage(&self) -> EvaluationStage {
        let row = self.statements.cases.first().map(|(cases, _)| match &*cases.subject.text {
            "sent" | "dropped" => EvaluationStage::Routing,
            _ => EvaluationStage::Mapping,
        });
        let reaches =
            self.statements.expectations.iter().map(|(expectation, _)| expect::evaluation_stage(&expectation.kind));
        let furthest = reaches.chain(row).max().unwrap_or(EvaluationStage::Routing);
        match self.form {
            TestTiming::OneMoment => furthest,
            // Mutes hold alerts of every sequence, whatever the time.
            TestTiming::Sequence => furthest.min(EvaluationStage::Routing),
        }
    }

    fn bad_time(&mut self, span: Span, text: &str) {
        let found = Diagnostic::new(&code::TIME, span, format!("`{text}` is not a time"));
        self.report(found.help("write a date, a time and an offset: `2026-03-07T02:00:00+08:00`"));
    }

    fn open(&mut self) {
        for (channels, span) in std::mem::take(&mut self.statements.open) {
            if self.kind().is_some_and(|kind| matches!(kind, TestSubject::Channel)) {
                let found = Diagnostic::new(&code::EXPECTATION, span, "`open` means nothing to a channel");
                self.report(found.help("open channels decide where a routing or an integration sends a recovery"));
            }
            for channel in channels {
                self.check_reference(TestSubject::Channel, &channel.text, channel.span);
            }
        }
    }
}

fn spans<S>(statements: &[(S, Span)]) -> Vec<Span> {
    statements.iter().map(|(_, span)| *span).collect()
}

fn wanted(kind: TestSubject) -> &'static str {
    match kind {
        TestSubject::Mapping | TestSubject::Integration => "input",
        TestSubject::Routing | TestSubject::Channel => "event",
    }
}

fn missing_input(kind: TestSubject) -> &'static str {
    match kind {
        TestSubject::Mapping | TestSubject::Integration => {
            "write the payload, `input { \"status\": \"firing\" }`, or name a file, `input file \"sample.json\"`"
        }
        TestSubject::Routing | TestSubject::Channel => {
            "write the event: `event { severity: Critical, labels: { team: \"payments\" } }`"
        }
    }
}
