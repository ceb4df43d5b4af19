//! The conditions of silences: the same language as in routes, over the event alone. No rule set is needed to read one, so
//! that no reload can break it.

use crate::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::evaluate::HoldBudget;
use crate::event::{AlertStatus, Event, Labels, Severity};
use crate::json::Arena;
use crate::model;
use crate::program::{ConditionSet, Program};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::syntax::codes::TOO_LARGE;
use crate::syntax::tree::Expression;
use crate::value::ValueType;
use crate::{check, compile, evaluate, syntax};

/// The longest condition that is read, in bytes.
pub const MAX_CONDITION_BYTES: usize = 16 << 10;

/// What a condition is called in messages.
const SOURCE_NAME: &str = "condition";

/// The condition of a silence.
#[derive(Debug)]
pub struct SilenceCondition {
    text: Box<str>,
    program: Program,
    set: ConditionSet,
}

/// Why a text is not a condition.
#[derive(Debug)]
pub struct RefusedCondition {
    /// The text, in a file that is named `condition`, for rendering the diagnostics.
    pub sources: Sources,
    /// The findings; at least one of them is an error.
    pub diagnostics: Vec<Diagnostic>,
}

impl SilenceCondition {
    /// Reads a condition such as `labels.service == "cart" and severity < Critical`.
    ///
    /// # Errors
    /// If the text is not one condition over the event, or is longer than [`MAX_CONDITION_BYTES`].
    pub fn parse(text: &str) -> Result<Self, RefusedCondition> {
        let mut sources = Sources::default();
        let file = sources.add(SOURCE_NAME, text);
        match read(file, &sources) {
            Ok(condition) => {
                let (program, set) = compile::compile_conditions(&[condition], sources);
                Ok(Self { text: text.into(), program, set })
            }
            Err(diagnostics) => Err(RefusedCondition { sources, diagnostics }),
        }
    }

    /// The condition of a tree, as a test of the rules holds one.
    ///
    /// # Errors
    /// If it is not a condition over the event alone.
    pub fn of(tree: &Expression, sources: &Sources) -> Result<Self, Vec<Diagnostic>> {
        let (condition, findings) = check::check_condition(tree, sources);
        let (diagnostics, _) = findings.finish();
        if diagnostics.iter().any(|finding| finding.level() == DiagnosticLevel::Error) {
            return Err(diagnostics);
        }
        let (program, set) = compile::compile_conditions(&[condition], sources.clone());
        Ok(Self { text: sources.text(tree.span).into(), program, set })
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of the labels that it looks at.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.program.labels.names()
    }

    /// Whether it holds of events that say hardly anything, whatever their severity.
    #[must_use]
    pub fn meets_every_event(&self) -> bool {
        let arena = Arena::new();
        let bare = |severity: Severity, status: AlertStatus| Event {
            severity,
            status,
            title: "\u{fffd}",
            key: "\u{fffd}",
            description: None,
            labels: Labels::of([], &arena),
            starts_at: None,
            ends_at: None,
            link: None,
            source: "\u{fffd}",
            integration: None,
            notes: &[],
        };
        let meets = |severity, status| self.matches(&bare(severity, status));
        Severity::ALL.into_iter().all(|severity| AlertStatus::ALL.into_iter().all(|status| meets(severity, status)))
    }

    /// Whether it holds of an event.
    #[must_use]
    pub fn matches(&self, event: &Event<'_>) -> bool {
        !evaluate::met_conditions(&self.program, &self.set, event, &mut HoldBudget::default()).is_empty()
    }
}

/// Conditions that are asked together: those that cannot hold of an event are not tried.
#[derive(Debug, Default)]
pub struct SilenceSet {
    program: Program,
    set: ConditionSet,
    refused: Vec<usize>,
}

impl SilenceSet {
    /// The set of these conditions. What cannot be read never holds, see [`Self::refused`].
    #[must_use]
    pub fn read<'c>(texts: impl IntoIterator<Item = &'c str>) -> Self {
        let (mut sources, mut refused, mut conditions) = (Sources::default(), Vec::new(), Vec::new());
        for (position, text) in texts.into_iter().enumerate() {
            let file = sources.add(SOURCE_NAME, text);
            conditions.push(read(file, &sources).unwrap_or_else(|_| {
                refused.push(position);
                never(Span::new(file, 0, 0))
            }));
        }
        let (program, set) = compile::compile_conditions(&conditions, sources);
        Self { program, set, refused }
    }

    /// The positions of the texts that are not conditions.
    #[must_use]
    pub fn refused(&self) -> &[usize] {
        &self.refused
    }

    /// The positions of the conditions that hold of an event, in order; none once the budget is spent.
    #[must_use]
    pub fn matches(&self, event: &Event<'_>, budget: &mut HoldBudget) -> Vec<usize> {
        evaluate::met_conditions(&self.program, &self.set, event, budget)
    }
}

/// A condition that never holds.
fn never(span: Span) -> model::Expression {
    let kind = model::ExpressionKind::Literal(model::Literal::Boolean(false));
    model::Expression { kind, types: ValueType::BOOLEAN, span }
}

/// Reads a file as a condition.
fn read(file: FileId, sources: &Sources) -> Result<model::Expression, Vec<Diagnostic>> {
    let text = sources.file(file).map_or("", SourceFile::text);
    if text.len() > MAX_CONDITION_BYTES {
        let message = format!("the condition has {} bytes, the longest that is read {MAX_CONDITION_BYTES}", text.len());
        return Err(vec![Diagnostic::new(&TOO_LARGE, Span::new(file, 0, 0), message)]);
    }
    let mut diagnostics = Vec::new();
    let Some(tree) = syntax::parse_condition(sources, file, &mut diagnostics) else { return Err(diagnostics) };
    let (condition, findings) = check::check_condition(&tree, sources);
    diagnostics.extend(findings.finish().0);
    if diagnostics.iter().any(|finding| finding.level() == DiagnosticLevel::Error) {
        return Err(diagnostics);
    }
    Ok(condition)
}
