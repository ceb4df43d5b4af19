//! What happened while a case ran: the arms chosen, the comparisons made, the routes tried.
//!
//! A failure shows the value of every part of the condition that decided, and coverage counts what was hit; both come
//! from here. What is recorded is bounded, so that a batch of ten thousand elements costs a test no gigabyte.

use super::test_value::TestValue;
use crate::evaluate::{LineOutcome, Observer};
use crate::source::{Sources, Span};
use crate::text::{self, shorten};
use crate::value::RuntimeValue;
use std::collections::BTreeSet;

/// So many steps are kept; what follows counts for coverage alone.
const MAX_STEPS: usize = 50_000;
/// So many lines of a walk are shown.
const MAX_SHOWN_LINES: usize = 40;
/// A longer value is cut.
const MAX_VALUE_WIDTH: usize = 100;

/// Listens to one evaluation.
#[derive(Debug, Default)]
pub(super) struct CaseTrace {
    /// The arms that were chosen, by place.
    pub(super) arms: BTreeSet<Span>,
    /// The paths of the lines that hit or declined.
    pub(super) lines: BTreeSet<Box<str>>,
    /// Each with the element of the payload that it belongs to.
    steps: Vec<(Option<usize>, CaseTraceStep)>,
    element: Option<usize>,
}

#[derive(Debug)]
enum CaseTraceStep {
    Arm(Span, Vec<TestValue>),
    Row {
        lookup: Span,
        found: bool,
        arguments: Vec<TestValue>,
    },
    Comparison {
        place: Span,
        subject: TestValue,
        operand: Option<TestValue>,
        holds: bool,
    },
    Assigned(Box<str>),
    Enter(Box<str>),
    Leave(LineOutcome),
    /// A whole condition was decided: what it compared belongs to no field.
    Decided,
}

impl CaseTrace {
    fn record(&mut self, step: impl FnOnce() -> CaseTraceStep) {
        if self.steps.len() < MAX_STEPS {
            self.steps.push((self.element, step()));
        }
    }

    /// The steps of one element, or of the payload or event as a whole.
    fn steps_of(&self, element: Option<usize>) -> impl Iterator<Item = &CaseTraceStep> {
        let wanted = move |of: Option<usize>| element.is_none() || of == element;
        self.steps.iter().filter(move |(of, _)| wanted(*of)).map(|(_, step)| step)
    }
}

impl Observer for CaseTrace {
    const LISTENS: bool = true;

    fn arm(&mut self, arm: Span, subjects: &[RuntimeValue<'_>]) {
        self.arms.insert(arm);
        self.record(|| CaseTraceStep::Arm(arm, subjects.iter().map(TestValue::from).collect()));
    }

    fn mapping(&mut self, _name: &str) {
        self.element = None;
    }

    fn element(&mut self, index: usize) {
        self.element = Some(index);
    }

    fn routed(&mut self, index: usize) {
        self.element = Some(index);
    }

    fn row(&mut self, lookup: Span, row: Option<usize>, arguments: &[RuntimeValue<'_>]) {
        let arguments = || arguments.iter().map(TestValue::from).collect();
        self.record(|| CaseTraceStep::Row { lookup, found: row.is_some(), arguments: arguments() });
    }

    fn comparison(
        &mut self,
        place: Span,
        subject: &RuntimeValue<'_>,
        operand: Option<&RuntimeValue<'_>>,
        holds: bool,
    ) {
        let (subject, operand) = (|| TestValue::from(subject), || operand.map(TestValue::from));
        self.record(|| CaseTraceStep::Comparison { place, subject: subject(), operand: operand(), holds });
    }

    fn condition(&mut self, _place: Span, _holds: bool) {
        self.record(|| CaseTraceStep::Decided);
    }

    fn assigned(&mut self, name: &str, _place: Span, _value: &RuntimeValue<'_>) {
        self.record(|| CaseTraceStep::Assigned(name.into()));
    }

    fn enter(&mut self, path: &str, _place: Span) {
        self.record(|| CaseTraceStep::Enter(path.into()));
    }

    fn leave(&mut self, path: &str, end: LineOutcome) {
        if end != LineOutcome::Skipped {
            self.lines.insert(path.into());
        }
        self.record(|| CaseTraceStep::Leave(end));
    }
}

/// A line of a routing that was tried, with what its condition saw.
struct TriedLine<'w> {
    path: &'w str,
    depth: usize,
    end: Option<LineOutcome>,
    parts: Vec<&'w CaseTraceStep>,
}

impl CaseTrace {
    /// The walk of one event through routings: lines that hit or declined, and those that `interests` names.
    pub(super) fn routing_lines(
        &self,
        sources: &Sources,
        element: Option<usize>,
        interests: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let tries = self.tried_lines(element);
        let all = tries.len() <= 8;
        let wanted =
            |line: &&TriedLine| all || line.end != Some(LineOutcome::Skipped) || interests(line.path);
        let chosen: Vec<&TriedLine> = tries.iter().filter(wanted).collect();
        let others = tries.len() - chosen.len();
        let mut lines: Vec<String> = chosen.iter().flat_map(|line| line.render(sources)).collect();
        if lines.len() > MAX_SHOWN_LINES {
            lines.truncate(MAX_SHOWN_LINES);
            lines.push("…".to_owned());
        }
        if others > 0 {
            lines.push(format!("{} skipped that could not have changed it", were(others)));
        }
        lines
    }

    fn tried_lines(&self, element: Option<usize>) -> Vec<TriedLine<'_>> {
        let mut tries: Vec<TriedLine> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for step in self.steps_of(element) {
            match step {
                CaseTraceStep::Enter(path) => {
                    tries.push(TriedLine { path, depth: open.len(), end: None, parts: Vec::new() });
                    open.push(tries.len() - 1);
                }
                CaseTraceStep::Leave(end) => {
                    if let Some(line) = open.pop().and_then(|at| tries.get_mut(at)) {
                        line.end = Some(*end);
                    }
                }
                CaseTraceStep::Arm(..) | CaseTraceStep::Row { .. } | CaseTraceStep::Comparison { .. } => {
                    if let Some(line) = open.last().and_then(|at| tries.get_mut(*at)) {
                        line.parts.push(step);
                    }
                }
                CaseTraceStep::Assigned(_) | CaseTraceStep::Decided => {}
            }
        }
        tries
    }

    /// What chose the value of a field: the arms and comparisons since the assignment before it.
    pub(super) fn deciders(&self, sources: &Sources, element: Option<usize>, field: &str) -> Vec<String> {
        let mut parts = Vec::new();
        for step in self.steps_of(element) {
            match step {
                CaseTraceStep::Assigned(name) if **name == *field => {
                    return parts
                        .into_iter()
                        .take(MAX_SHOWN_LINES)
                        .filter_map(|step: &CaseTraceStep| step.render(sources))
                        .collect();
                }
                CaseTraceStep::Assigned(_)
                | CaseTraceStep::Decided
                | CaseTraceStep::Enter(_)
                | CaseTraceStep::Leave(_) => parts.clear(),
                CaseTraceStep::Arm(..) | CaseTraceStep::Row { .. } | CaseTraceStep::Comparison { .. } => {
                    parts.push(step)
                }
            }
        }
        Vec::new()
    }

    /// The comparisons that were made within the places.
    pub(super) fn comparisons(
        &self,
        sources: &Sources,
        element: Option<usize>,
        within: &[Span],
    ) -> Vec<String> {
        let inside = |place: &Span| within.iter().any(|span| span.covers(*place));
        let made = self
            .steps_of(element)
            .filter(|step| matches!(step, CaseTraceStep::Comparison { place, .. } if inside(place)));
        made.take(MAX_SHOWN_LINES).filter_map(|step| step.render(sources)).collect()
    }
}

impl TriedLine<'_> {
    fn render(&self, sources: &Sources) -> Vec<String> {
        let end = match self.end {
            Some(LineOutcome::Skipped) => "skipped",
            Some(LineOutcome::Hit) => "hit",
            Some(LineOutcome::Declined) => "declined",
            None => "entered",
        };
        let margin = "  ".repeat(self.depth);
        let head = format!("{margin}{}: {end}", self.path);
        let parts = self.parts.iter().filter_map(|step| step.render(sources));
        std::iter::once(head).chain(parts.map(|part| format!("{margin}  {part}"))).collect()
    }
}

impl CaseTraceStep {
    fn render(&self, sources: &Sources) -> Option<String> {
        let listed = |values: &[TestValue]| values.iter().map(cut).collect::<Vec<_>>().join(", ");
        match self {
            Self::Comparison { place, subject, operand, holds } => {
                let text = one_line(sources.text(*place));
                // An operand that is written out would only be said twice.
                let computed = operand.as_ref().filter(|operand| !text.ends_with(&operand.to_string()));
                let values = match (subject, computed) {
                    (TestValue::Boolean(value), None) if value == holds => {
                        return Some(format!("`{text}` → {holds}"));
                    }
                    (subject, None) => was(subject),
                    (subject, Some(operand)) => format!("{}, against {}", was(subject), cut(operand)),
                };
                Some(format!("`{text}` {values} → {holds}"))
            }
            Self::Arm(place, subjects) => {
                Some(format!("{} took the arm `{}`", listed(subjects), one_line(sources.text(*place))))
            }
            Self::Row { lookup, found, arguments } => {
                let found = if *found { "found" } else { "found no row for" };
                Some(format!("`{}` {found} {}", one_line(sources.text(*lookup)), listed(arguments)))
            }
            Self::Assigned(_) | Self::Decided | Self::Enter(_) | Self::Leave(_) => None,
        }
    }
}

fn were(count: usize) -> String {
    if count == 1 { "1 other line was".to_owned() } else { format!("{count} other lines were") }
}

fn was(subject: &TestValue) -> String {
    match subject {
        TestValue::Missing => "was missing".to_owned(),
        TestValue::Null
        | TestValue::Boolean(_)
        | TestValue::Number(_)
        | TestValue::Text(_)
        | TestValue::Name(_)
        | TestValue::List(_)
        | TestValue::Object(_) => format!("was {}", cut(subject)),
    }
}

fn cut(value: &TestValue) -> String {
    shorten(&value.to_string(), MAX_VALUE_WIDTH)
}

/// Rule text on one line, without its comments' line breaks.
pub(super) fn one_line(text: &str) -> String {
    shorten(&text::one_line(text), MAX_VALUE_WIDTH + 20)
}
