//! What an evaluation did, written down while it happens: the matter of `explain` and of a test's failure.

use crate::diagnostic::visible_line;
use crate::evaluate::{LineOutcome, Observer, brief};
use crate::source::{Sources, Span};
use crate::text;
use crate::value::RuntimeValue;

/// Everything that happened to one payload.
#[derive(Debug, Default)]
pub struct EvaluationTrace {
    /// The mapping that was tried last.
    pub mapping: Option<String>,
    /// What `accept` tried, for every mapping.
    pub accept: Vec<ComparisonTrace>,
    /// What happened to each element.
    pub elements: Vec<ElementTrace>,
    /// The position of the element that is looked at.
    current: usize,
    open: Vec<RouteTrace>,
    routing: bool,
    mismatch: Option<Span>,
}

/// What happened to one element of a payload.
#[derive(Debug, Default)]
pub struct ElementTrace {
    /// Its position, from 0.
    pub index: usize,
    /// Values that got a name, in order: lets, fields, labels.
    pub assigned: Vec<AssignedValue>,
    /// What `drop` lines tried.
    pub drops: Vec<ComparisonTrace>,
    /// The lines of the routing, as they were tried.
    pub lines: Vec<RouteTrace>,
    /// Where a recovery followed its firing.
    pub followed: Vec<String>,
    /// Arms that were chosen for a value that has no name yet.
    arms: Vec<ArmTrace>,
    /// Notes that were made for it.
    notes: Vec<String>,
}

/// A value that got a name.
#[derive(Debug)]
pub struct AssignedValue {
    /// The let, field or label.
    pub name: String,
    /// The place of its expression.
    pub place: Span,
    /// The value, as rules write it.
    pub value: String,
    /// The arms that were chosen on the way.
    pub arms: Vec<ArmTrace>,
    /// The notes that were made on the way.
    pub notes: Vec<String>,
}

/// An arm or a table's row that was chosen.
#[derive(Debug)]
pub struct ArmTrace {
    /// The place of the arm; of the call, for a CSV table.
    pub place: Span,
    /// The row of a CSV table, from 0.
    pub row: Option<usize>,
    /// What it was chosen for, as rules write it.
    pub subjects: Vec<String>,
}

/// A comparison, or another leaf of a condition, that was tried.
#[derive(Debug)]
pub struct ComparisonTrace {
    /// Its place.
    pub place: Span,
    /// The value on its left, as rules write it.
    pub subject: String,
    /// The value on its right, where it had to be computed.
    pub operand: Option<String>,
    /// The result.
    pub holds: bool,
    /// Whether a value was missing or of the wrong type.
    pub mismatch: bool,
}

/// A line of a routing that was tried.
#[derive(Debug)]
pub struct RouteTrace {
    /// `main.payments.page`
    pub path: String,
    /// The place of its head.
    pub place: Span,
    /// The comparisons of its condition, in the order in which they were tried.
    pub tried: Vec<ComparisonTrace>,
    /// The arms that were chosen.
    pub arms: Vec<ArmTrace>,
    /// The lines within it.
    pub lines: Vec<RouteTrace>,
    /// How it ended.
    pub end: LineOutcome,
}

impl Observer for EvaluationTrace {
    const LISTENS: bool = true;

    fn mapping(&mut self, name: &str) {
        self.mapping = Some(name.to_owned());
    }

    fn element(&mut self, index: usize) {
        self.routing = false;
        self.current = self.elements.len();
        self.elements.push(ElementTrace { index, ..ElementTrace::default() });
    }

    fn routed(&mut self, index: usize) {
        self.routing = true;
        self.current = index;
    }

    fn arm(&mut self, place: Span, subjects: &[RuntimeValue<'_>]) {
        let arm = ArmTrace { place, row: None, subjects: subjects.iter().map(brief).collect() };
        self.record_arm(arm);
    }

    fn row(&mut self, place: Span, row: Option<usize>, arguments: &[RuntimeValue<'_>]) {
        if row.is_some() {
            self.record_arm(ArmTrace { place, row, subjects: arguments.iter().map(brief).collect() });
        }
    }

    fn comparison(
        &mut self,
        place: Span,
        subject: &RuntimeValue<'_>,
        operand: Option<&RuntimeValue<'_>>,
        holds: bool,
    ) {
        let mismatch = self.mismatch.take() == Some(place);
        let tried =
            ComparisonTrace { place, subject: brief(subject), operand: operand.map(brief), holds, mismatch };
        match (self.open.last_mut(), self.elements.get_mut(self.current)) {
            (Some(line), _) => line.tried.push(tried),
            (None, Some(element)) if !self.routing => element.drops.push(tried),
            (None, Some(_)) => {}
            (None, None) => self.accept.push(tried),
        }
    }

    fn mismatch(&mut self, place: Span) {
        self.mismatch = Some(place);
    }

    fn assigned(&mut self, name: &str, place: Span, value: &RuntimeValue<'_>) {
        let Some(element) = self.elements.get_mut(self.current) else { return };
        element.drops.retain(|tried| !place.covers(tried.place));
        let (arms, notes) = (std::mem::take(&mut element.arms), std::mem::take(&mut element.notes));
        element.assigned.push(AssignedValue {
            name: name.to_owned(),
            place,
            value: brief(value),
            arms,
            notes,
        });
    }

    fn noted(&mut self, note: &str) {
        if let Some(element) = self.elements.get_mut(self.current) {
            element.notes.push(note.to_owned());
        }
    }

    fn enter(&mut self, path: &str, place: Span) {
        let (path, end) = (path.to_owned(), LineOutcome::Skipped);
        self.open.push(RouteTrace {
            path,
            place,
            tried: Vec::new(),
            arms: Vec::new(),
            lines: Vec::new(),
            end,
        });
    }

    fn leave(&mut self, _path: &str, end: LineOutcome) {
        let Some(mut line) = self.open.pop() else { return };
        line.end = end;
        match (self.open.last_mut(), self.elements.get_mut(self.current)) {
            (Some(outer), _) => outer.lines.push(line),
            (None, Some(element)) => element.lines.push(line),
            (None, None) => {}
        }
    }

    fn followed(&mut self, channels: &[&str]) {
        if let Some(element) = self.elements.get_mut(self.current) {
            element.followed = channels.iter().map(|&channel| channel.to_owned()).collect();
        }
    }
}

impl EvaluationTrace {
    /// What happened to an element.
    #[must_use]
    pub fn element_at(&self, index: usize) -> Option<&ElementTrace> {
        self.elements.get(index)
    }

    fn record_arm(&mut self, arm: ArmTrace) {
        match (self.open.last_mut(), self.elements.get_mut(self.current)) {
            (Some(line), _) => line.arms.push(arm),
            (None, Some(element)) if !self.routing => element.arms.push(arm),
            (None, _) => {}
        }
    }
}

impl ElementTrace {
    /// The line of that path, wherever it nests.
    #[must_use]
    pub fn line(&self, path: &str) -> Option<&RouteTrace> {
        fn within<'t>(lines: &'t [RouteTrace], path: &str) -> Option<&'t RouteTrace> {
            lines
                .iter()
                .find_map(|line| if line.path == path { Some(line) } else { within(&line.lines, path) })
        }
        within(&self.lines, path)
    }
}

impl ComparisonTrace {
    /// `no   labels.team == "payments", it is "web"`
    #[must_use]
    pub fn render(&self, sources: &Sources) -> String {
        let mark = if self.holds { "yes" } else { "no " };
        let words = one_line(sources.text(self.place));
        // What stands in the rules as it is need not be said again.
        let computed = self.operand.as_ref().filter(|operand| !words.ends_with(operand.as_str()));
        let operand = computed.map(|operand| format!(", against {}", one_line(operand))).unwrap_or_default();
        let is_missing = [Some(&self.subject), self.operand.as_ref()].contains(&Some(&"missing".to_owned()));
        let why = if self.mismatch && !is_missing { ", which is of another type" } else { "" };
        format!("{mark}  {words}, it is {}{operand}{why}", one_line(&self.subject))
    }
}

/// Text on one line, at most 100 characters of it; control characters never reach a terminal.
#[must_use]
pub fn one_line(text: &str) -> String {
    text::shorten(&visible_line(&text::one_line(text)), 100)
}
