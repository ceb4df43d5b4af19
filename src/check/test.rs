//! Tests: what they name, and the shapes of what they expect.
//!
//! A test that asks for something that cannot be would pass or fail for the wrong reason, so all of it is refused
//! before any test runs: names that nothing has, holes that nothing fills, fields that no event has, a time that is
//! needed and not given.

mod clock;
mod code;
mod event;
mod expect;
mod holes;
mod names;

pub(crate) use code::CODES;

use crate::check::model::Model;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{At, Cases, Expectation, Json, Name, Test, TestStatementKind, TestSubject, Text};
use crate::time::Instant;
use clock::Reach;
use names::Named;

/// Reports what is wrong with a test.
pub(crate) fn check(test: &Test, item: Span, model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    let mut checker = Checker { model, parts: Parts::default(), whole: test.name.span, item, diagnostics };
    checker.sort(test);
    checker.subject();
    checker.input();
    checker.time();
    checker.open();
    checker.holes();
    checker.rows();
    checker.expectations();
}

/// A test, sorted.
#[derive(Default)]
struct Parts<'t> {
    subjects: Vec<(TestSubject, &'t Name)>,
    inputs: Vec<(Input<'t>, Span)>,
    at: Vec<(&'t At, Span)>,
    open: Vec<(&'t [Name], Span)>,
    cases: Vec<(&'t Cases, Span)>,
    expectations: Vec<(&'t Expectation, Span)>,
}

/// What a test gives.
#[derive(Clone, Copy)]
enum Input<'t> {
    Payload(&'t Json),
    File,
    Event(&'t Json),
}

impl Input<'_> {
    fn word(self) -> &'static str {
        match self {
            Self::Payload(_) | Self::File => "input",
            Self::Event(_) => "event",
        }
    }
}

/// One test under check.
struct Checker<'c, 't> {
    model: &'c Model,
    parts: Parts<'t>,
    /// The test's name, which gets the carets where something is absent.
    whole: Span,
    item: Span,
    diagnostics: &'c mut Vec<Diagnostic>,
}

impl<'t> Checker<'_, 't> {
    fn sort(&mut self, test: &'t Test) {
        let parts = &mut self.parts;
        for statement in &test.statements {
            let span = statement.span;
            match &statement.kind {
                TestStatementKind::Subject(kind, name) => parts.subjects.push((*kind, name)),
                TestStatementKind::Input(json) => parts.inputs.push((Input::Payload(json), span)),
                TestStatementKind::InputFile(_) => parts.inputs.push((Input::File, span)),
                TestStatementKind::Event(json) => parts.inputs.push((Input::Event(json), span)),
                TestStatementKind::At(at) => parts.at.push((at, span)),
                TestStatementKind::Open(names, _) => parts.open.push((names, span)),
                TestStatementKind::Cases(cases) => parts.cases.push((cases, span)),
                TestStatementKind::Expect(expectation) => parts.expectations.push((expectation, span)),
            }
        }
        let repeated = |what: &'static str, spans: Vec<Span>| (what, spans);
        let kinds = [
            repeated("at", parts.at.iter().map(|(_, span)| *span).collect()),
            repeated("open", parts.open.iter().map(|(_, span)| *span).collect()),
            repeated("cases", parts.cases.iter().map(|(_, span)| *span).collect()),
        ];
        for (what, spans) in kinds {
            self.repeated(what, &spans);
        }
    }

    fn repeated(&mut self, what: &str, spans: &[Span]) {
        let Some((first, rest)) = spans.split_first() else { return };
        for span in rest {
            let message = format!("a test has one `{what}`, and this is another");
            self.report(
                Diagnostic::new(&code::REPEATED, *span, message).related(*first, "the first is here"),
            );
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The place before the closing brace, where a statement can be added.
    fn end(&self) -> Span {
        Span { start: self.item.end.saturating_sub(1), end: self.item.end.saturating_sub(1), ..self.item }
    }

    /// The one subject, where there is one.
    fn kind(&self) -> Option<TestSubject> {
        match self.parts.subjects.as_slice() {
            [(kind, _)] => Some(*kind),
            _ => None,
        }
    }

    fn subject(&mut self) {
        match self.parts.subjects.as_slice() {
            [] => {
                let found =
                    Diagnostic::new(&code::SUBJECT, self.whole, "this test does not say what it tests");
                self.report(found.help(names::subjects(self.model)));
            }
            [(kind, name)] => self.known(Named::from(*kind), name),
            [(_, first), rest @ ..] => {
                let (first, rest) = (first.span, rest.iter().map(|(_, name)| name.span).collect::<Vec<_>>());
                for span in rest {
                    let found =
                        Diagnostic::new(&code::SUBJECT, span, "a test has one subject, and this is another");
                    let found = found.related(first, "the first is here");
                    self.report(found.help("write a test for each of them"));
                }
            }
        }
    }

    fn input(&mut self) {
        let inputs = std::mem::take(&mut self.parts.inputs);
        match (inputs.as_slice(), self.kind()) {
            ([], Some(kind)) => {
                let message = format!("this test gives its {} nothing to read", word(kind));
                self.report(Diagnostic::new(&code::INPUT, self.whole, message).help(missing_input(kind)));
            }
            ([(input, span)], Some(kind)) => self.fits(*input, *span, kind),
            ([(_, first), rest @ ..], _) => {
                for (_, span) in rest {
                    let found =
                        Diagnostic::new(&code::INPUT, *span, "a test has one input, and this is another");
                    let found = found.related(*first, "the first is here");
                    self.report(found.help("write a test for each, or one with `cases`"));
                }
            }
            ([], None) => {}
        }
        for (input, _) in &inputs {
            match input {
                Input::Payload(json) => self.payload(json),
                Input::Event(json) => self.given_event(json),
                Input::File => {}
            }
        }
        self.parts.inputs = inputs;
    }

    fn fits(&mut self, input: Input, span: Span, kind: TestSubject) {
        let wanted = wanted(kind);
        if input.word() == wanted {
            return;
        }
        let message =
            format!("{} reads an `{wanted}`, and this is an `{}`", names::article(word(kind)), input.word());
        self.report(Diagnostic::new(&code::INPUT, span, message).help(missing_input(kind)));
    }

    fn time(&mut self) {
        for (at, _) in self.parts.at.clone() {
            match at {
                At::Time(time) if Instant::read(&time.text).is_none() => self.bad_time(time.span, &time.text),
                At::Time(_) | At::Hole(_) => {}
            }
        }
        if !self.parts.at.is_empty() {
            return;
        }
        let [(kind, name)] = self.parts.subjects.as_slice() else { return };
        let Some(during) = clock::reached(self.model, *kind, &name.text, self.reach()) else { return };
        let schedule = self.model.schedules.get(during.schedule).map_or("", |schedule| &*schedule.name);
        let message =
            format!("what this test expects depends on the time: `{}` asks for `{schedule}`", name.text);
        let found = Diagnostic::new(&code::AT, self.whole, message)
            .related(during.place, "the time is asked for here");
        let line = "at 2026-03-07T02:00:00+08:00";
        self.report(found.suggest(
            format!("say when it happens: `{line}`"),
            self.end(),
            format!("  {line}\n"),
        ));
    }

    /// How far what the test expects can depend on the time.
    fn reach(&self) -> Reach {
        let row = self.parts.cases.first().map(|(cases, _)| match &*cases.subject.text {
            "sent" | "dropped" => Reach::Routing,
            _ => Reach::Mapping,
        });
        let reaches = self.parts.expectations.iter().map(|(expectation, _)| expect::reach(&expectation.kind));
        reaches.chain(row).max().unwrap_or(Reach::Routing)
    }

    fn bad_time(&mut self, span: Span, text: &str) {
        let found = Diagnostic::new(&code::TIME, span, format!("`{text}` is no time"));
        self.report(found.help("write a date, a time and an offset: `2026-03-07T02:00:00+08:00`"));
    }

    fn open(&mut self) {
        for (channels, span) in std::mem::take(&mut self.parts.open) {
            if self.kind().is_some_and(|kind| matches!(kind, TestSubject::Channel)) {
                let found = Diagnostic::new(&code::EXPECTATION, span, "`open` means nothing to a channel");
                self.report(
                    found.help("open channels decide where a routing or an integration sends a recovery"),
                );
            }
            for channel in channels {
                self.known(Named::Channel, channel);
            }
        }
    }
}

/// The word of a subject.
fn word(kind: TestSubject) -> &'static str {
    match kind {
        TestSubject::Mapping => "mapping",
        TestSubject::Routing => "routing",
        TestSubject::Integration => "integration",
        TestSubject::Channel => "channel",
    }
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

/// The value of a plain string.
fn plain(text: &Text) -> &str {
    &text.value
}
