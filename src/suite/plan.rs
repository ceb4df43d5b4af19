//! A test with its statements sorted: what is asked, with what, and what is expected.

use crate::check::model::Test;
use crate::source::Span;
use crate::syntax::tree::{At, Cases, Expectation, Json, Name, TestStatementKind, TestSubject, Text};

/// A test, sorted.
#[derive(Debug)]
pub(super) struct Plan<'t> {
    pub(super) test: &'t Test,
    pub(super) subject: Option<(TestSubject, &'t Name)>,
    pub(super) input: Option<(Input<'t>, Span)>,
    pub(super) at: Option<(&'t At, Span)>,
    pub(super) open: Vec<&'t Name>,
    pub(super) cases: Option<&'t Cases>,
    pub(super) expectations: Vec<(&'t Expectation, Span)>,
}

/// What a test gives to its subject.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input<'t> {
    /// A payload, written out.
    Payload(&'t Json),
    /// The bytes of a file.
    File(&'t Text),
    /// An event.
    Event(&'t Json),
}

impl<'t> Plan<'t> {
    /// Sorts the statements. That each stands at most once was checked.
    pub(super) fn new(test: &'t Test) -> Self {
        let mut plan = Self {
            test,
            subject: None,
            input: None,
            at: None,
            open: Vec::new(),
            cases: None,
            expectations: Vec::new(),
        };
        for statement in &test.tree.statements {
            match &statement.kind {
                TestStatementKind::Subject(kind, name) => plan.subject = Some((*kind, name)),
                TestStatementKind::Input(json) => plan.input = Some((Input::Payload(json), statement.span)),
                TestStatementKind::InputFile(file) => plan.input = Some((Input::File(file), statement.span)),
                TestStatementKind::Event(json) => plan.input = Some((Input::Event(json), statement.span)),
                TestStatementKind::At(at) => plan.at = Some((at, statement.span)),
                TestStatementKind::Open(channels, _) => plan.open.extend(channels),
                TestStatementKind::Cases(cases) => plan.cases = Some(cases),
                TestStatementKind::Expect(expectation) => {
                    plan.expectations.push((expectation, statement.span));
                }
            }
        }
        plan
    }

    /// The test's name.
    pub(super) fn name(&self) -> &'t str {
        &self.test.tree.name.value
    }
}
