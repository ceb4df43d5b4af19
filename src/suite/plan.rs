//! A test with its statements sorted: what is asked, with what, and what is expected.

use crate::model::Test;
use crate::source::Span;
use crate::syntax::tree::{
    CaseTable, Expectation, Identifier, StringLiteral, TestJson, TestStatementKind, TestSubject, TestTime,
};

/// A test, sorted.
#[derive(Debug)]
pub(super) struct TestPlan<'t> {
    pub(super) test: &'t Test,
    pub(super) subject: Option<(TestSubject, &'t Identifier)>,
    pub(super) input: Option<(CaseInput<'t>, Span)>,
    pub(super) at: Option<(&'t TestTime, Span)>,
    pub(super) open: Vec<&'t Identifier>,
    pub(super) cases: Option<&'t CaseTable>,
    pub(super) expectations: Vec<(&'t Expectation, Span)>,
}

/// What a test gives to its subject.
#[derive(Debug, Clone, Copy)]
pub(super) enum CaseInput<'t> {
    /// A payload, written out.
    Payload(&'t TestJson),
    /// The bytes of a file.
    File(&'t StringLiteral),
    /// An event.
    Event(&'t TestJson),
}

impl<'t> TestPlan<'t> {
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
                TestStatementKind::Input(json) => {
                    plan.input = Some((CaseInput::Payload(json), statement.span))
                }
                TestStatementKind::InputFile(file) => {
                    plan.input = Some((CaseInput::File(file), statement.span))
                }
                TestStatementKind::Event(json) => plan.input = Some((CaseInput::Event(json), statement.span)),
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
