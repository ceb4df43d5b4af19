//! The statements of a test, sorted: its subject, its input, and its expectations. The steps of a sequence stay in their order
//! and are read from the test itself.

use crate::model::Test;
use crate::model::sequence::is_sequence;
use crate::source::Span;
use crate::syntax::tree::{
    CaseTable, Expectation, Identifier, StringLiteral, TestJson, TestStatementKind, TestSubject, TestTime,
};

/// A test, sorted.
#[derive(Debug)]
pub(super) struct TestPlan<'t> {
    pub(super) test: &'t Test,
    pub(super) subject: Option<(TestSubject, &'t Identifier)>,
    pub(super) input: Option<Spanned<CaseInput<'t>>>,
    /// The headers of the request, by their names in lower case.
    pub(super) headers: Vec<(String, &'t TestJson)>,
    pub(super) path_suffix: Option<&'t TestJson>,
    pub(super) at: Option<&'t TestTime>,
    pub(super) open: Vec<&'t Identifier>,
    pub(super) cases: Option<&'t CaseTable>,
    pub(super) expectations: Vec<Spanned<&'t Expectation>>,
}

/// A part of a test, and its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spanned<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// The input of a test.
#[derive(Debug, Clone, Copy)]
pub(super) enum CaseInput<'t> {
    /// A payload, written in the test.
    Payload(&'t TestJson),
    /// The bytes of a file.
    File(&'t StringLiteral),
    /// An event.
    Event(&'t TestJson),
}

impl<'t> TestPlan<'t> {
    /// Sorts the statements. Check made sure that each occurs at most once.
    pub(super) fn new(test: &'t Test) -> Self {
        let mut plan = Self {
            test,
            subject: None,
            input: None,
            headers: Vec::new(),
            path_suffix: None,
            at: None,
            open: Vec::new(),
            cases: None,
            expectations: Vec::new(),
        };
        for statement in &test.tree.statements {
            let span = statement.span;
            match &statement.kind {
                TestStatementKind::Subject(kind, name) => plan.subject = Some((*kind, name)),
                TestStatementKind::Input(json) => plan.input = Some(Spanned { value: CaseInput::Payload(json), span }),
                TestStatementKind::InputFile(file) => plan.input = Some(Spanned { value: CaseInput::File(file), span }),
                TestStatementKind::Event(json) => plan.input = Some(Spanned { value: CaseInput::Event(json), span }),
                TestStatementKind::Header(name, value) => {
                    plan.headers.push((name.value.to_ascii_lowercase(), value));
                }
                TestStatementKind::PathSuffix(value) => plan.path_suffix = Some(value),
                TestStatementKind::At(at) => plan.at = Some(at),
                TestStatementKind::Open(channels, _) => plan.open.extend(channels),
                TestStatementKind::Cases(cases) => plan.cases = Some(cases),
                TestStatementKind::Times(..)
                | TestStatementKind::Silence(_)
                | TestStatementKind::SilenceEnd(_)
                | TestStatementKind::Restart(_)
                | TestStatementKind::Down(..)
                | TestStatementKind::Pause(_)
                | TestStatementKind::Resume(_) => {}
                TestStatementKind::Expect(expectation) => {
                    plan.expectations.push(Spanned { value: expectation, span });
                }
            }
        }
        plan
    }

    /// Whether the test is a sequence.
    pub(super) fn is_sequence(&self) -> bool {
        is_sequence(&self.test.tree)
    }

    /// The test's name.
    pub(super) fn name(&self) -> &'t str {
        &self.test.tree.name.value
    }
}
