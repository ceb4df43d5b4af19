//! Comparisons and patterns: true or false, never an error.

use super::interpreter::Interpreter;
use super::observer::Observer;
use crate::model::ValueKind;
use crate::pattern::{self, Case};
use crate::program::{Comparison, ComparisonSubject, LabelId, NodeId, Predicate, TextPredicate};
use crate::source::Span;
use crate::syntax::tree::{OrderRelation, Quantifier};
use crate::value::RuntimeValue;

/// The result of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ComparisonResult {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It cannot hold: a value is missing, or the test does not apply to its kind.
    Mismatch,
}

impl From<bool> for ComparisonResult {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

impl<'p: 'v, 'v, O: Observer> Interpreter<'p, 'v, '_, O> {
    /// Decides a comparison.
    #[inline]
    pub(super) fn compare(&mut self, comparison: &'p Comparison, id: NodeId) -> bool {
        if !O::LISTENS
            && let Some(label) = comparison.label
            && let Some(holds) = self.compare_label(comparison, label)
        {
            return holds != comparison.negated;
        }
        self.compare_any(comparison, id)
    }

    /// Compares a label with a text without making a value of it.
    fn compare_label(&mut self, comparison: &'p Comparison, label: LabelId) -> Option<bool> {
        let Predicate::Text(test) = &comparison.test else { return None };
        let label = self.label(label);
        if let TextPredicate::Equal(literal) = test
            && comparison.case == Case::Sensitive
        {
            return Some(label == Some(literal));
        }
        let Some(label) = label else { return Some(false) };
        Some(self.test_within(test, comparison.case, label) == ComparisonResult::Holds)
    }

    fn compare_any(&mut self, comparison: &'p Comparison, id: NodeId) -> bool {
        let (subject, verdict) = match &comparison.subject {
            ComparisonSubject::Value(node) => {
                let subject = self.value(*node);
                let verdict = self.test(&comparison.test, comparison.case, &subject);
                (subject, verdict)
            }
            ComparisonSubject::Now => {
                let subject = RuntimeValue::Time(self.context.now);
                let verdict = self.test(&comparison.test, comparison.case, &subject);
                (subject, verdict)
            }
            ComparisonSubject::Nodes(quantifier, nodes) => {
                let nodes = self.find(nodes).unwrap_or_default();
                let verdict = self.quantified(*quantifier, nodes, comparison);
                (RuntimeValue::List(nodes), verdict)
            }
        };
        let holds = (verdict == ComparisonResult::Holds) != comparison.negated;
        if O::LISTENS {
            self.report(comparison, self.program.place(id), &subject, verdict, holds);
        }
        holds
    }

    fn report(
        &mut self,
        comparison: &'p Comparison,
        place: Option<Span>,
        subject: &RuntimeValue<'v>,
        verdict: ComparisonResult,
        holds: bool,
    ) {
        let Some(place) = place else { return };
        let operand = operand(&comparison.test).map(|node| self.value(node));
        if verdict == ComparisonResult::Mismatch {
            self.observer.mismatch(place);
        }
        if let (Predicate::During(schedule), RuntimeValue::Time(time)) = (&comparison.test, subject)
            && let Some((_, schedule)) = self.program.schedules.get(*schedule)
        {
            self.observer.local_time(place, &|| schedule.local_time(*time));
        }
        self.observer.comparison(place, subject, operand.as_ref(), holds);
    }

    fn quantified(
        &mut self,
        quantifier: Quantifier,
        nodes: &[RuntimeValue<'v>],
        comparison: &'p Comparison,
    ) -> ComparisonResult {
        let mut holds = |node| self.test(&comparison.test, comparison.case, node) == ComparisonResult::Holds;
        match quantifier {
            Quantifier::Any => nodes.iter().any(holds).into(),
            Quantifier::All => (!nodes.is_empty() && nodes.iter().all(holds)).into(),
            Quantifier::None => (!nodes.iter().any(&mut holds)).into(),
        }
    }

    /// Applies a test to a value.
    pub(super) fn test(&mut self, test: &'p Predicate, case: Case, value: &RuntimeValue<'v>) -> ComparisonResult {
        match test {
            Predicate::Any => ComparisonResult::Holds,
            Predicate::Missing => value.is_nothing().into(),
            Predicate::Null => matches!(value, RuntimeValue::Null).into(),
            Predicate::Is(kind) => is(*kind, value).into(),
            Predicate::During(schedule) => self.during(*schedule, value),
            Predicate::Equal(node) => {
                let operand = self.value(*node);
                self.equal(value, &operand, case)
            }
            Predicate::In(nodes) => self.one_of(nodes, case, value),
            Predicate::Order(order, node) => {
                let operand = self.value(*node);
                ordered(*order, value, &operand)
            }
            Predicate::Text(test) => {
                value.as_text().map_or(ComparisonResult::Mismatch, |text| self.test_within(test, case, text))
            }
        }
    }

    /// Applies a test to a text, which costs its length.
    fn test_within(&mut self, test: &'p TextPredicate, case: Case, subject: &str) -> ComparisonResult {
        // Equality compares lengths first, so a text of the rules bounds its cost.
        let is_equality = matches!(test, TextPredicate::Equal(_) | TextPredicate::OneOf(_));
        let is_free = is_equality && case == Case::Sensitive;
        if !is_free && !self.may_spend(subject.len()) {
            return ComparisonResult::Mismatch;
        }
        self.test_text(test, case, subject)
    }

    fn test_text(&mut self, test: &'p TextPredicate, case: Case, value: &str) -> ComparisonResult {
        match test {
            TextPredicate::Equal(literal) if case.is_ignored() => pattern::folds_to(value, literal).into(),
            TextPredicate::Equal(literal) => (*value == **literal).into(),
            TextPredicate::OneOf(literals) => {
                let subject = case.fold(value);
                literals.binary_search_by(|literal| (**literal).cmp(&*subject)).is_ok().into()
            }
            TextPredicate::Cidr(networks) => match pattern::address(value) {
                Some(address) => networks.iter().any(|network| network.holds(address)).into(),
                None => ComparisonResult::Mismatch,
            },
            TextPredicate::Like(globs) => globs.iter().any(|glob| glob.fits(value)).into(),
            TextPredicate::Regex(scope, regex) => regex.fits(*scope, value).into(),
            TextPredicate::Piece(position, node) => match self.value(*node).as_text() {
                Some(piece) => position.fits(&case.fold(value), &case.fold(piece)).into(),
                None => ComparisonResult::Mismatch,
            },
        }
    }

    fn one_of(&mut self, nodes: &'p [NodeId], case: Case, value: &RuntimeValue<'v>) -> ComparisonResult {
        let mut verdict = ComparisonResult::Mismatch;
        for node in nodes {
            let operand = self.value(*node);
            match self.equal(value, &operand, case) {
                ComparisonResult::Holds => return ComparisonResult::Holds,
                ComparisonResult::Fails => verdict = ComparisonResult::Fails,
                ComparisonResult::Mismatch => {}
            }
        }
        verdict
    }

    fn equal(&mut self, left: &RuntimeValue<'v>, right: &RuntimeValue<'v>, case: Case) -> ComparisonResult {
        let reads = case.is_ignored() || left.as_json().is_some();
        if reads && !(self.may_read(left) && self.may_read(right)) {
            return ComparisonResult::Mismatch;
        }
        equal(left, right, case)
    }

    fn during(&self, schedule: usize, value: &RuntimeValue<'v>) -> ComparisonResult {
        match (value, self.program.schedules.get(schedule)) {
            (RuntimeValue::Time(time), Some((_, schedule))) => schedule.holds(*time).into(),
            _ => ComparisonResult::Mismatch,
        }
    }
}

/// The right side of a comparison, if it is a single expression.
fn operand(test: &Predicate) -> Option<NodeId> {
    if matches!(test, Predicate::In(_)) { None } else { test.operands().first().copied() }
}

fn is(kind: ValueKind, value: &RuntimeValue<'_>) -> bool {
    use crate::json;
    match kind {
        ValueKind::Missing => value.is_nothing(),
        ValueKind::Null => matches!(value, RuntimeValue::Null),
        ValueKind::Empty => value.is_empty(),
        ValueKind::Text => matches!(value, RuntimeValue::Text(_)),
        ValueKind::Number => matches!(value, RuntimeValue::Number(_)),
        ValueKind::Boolean => matches!(value, RuntimeValue::Boolean(_)),
        ValueKind::Array => {
            matches!(value, RuntimeValue::List(_)) || matches!(value.as_json(), Some(json::Value::Array(_)))
        }
        ValueKind::Object => {
            matches!(value, RuntimeValue::Labels(_)) || matches!(value.as_json(), Some(json::Value::Object(_)))
        }
    }
}

fn equal(left: &RuntimeValue<'_>, right: &RuntimeValue<'_>, case: Case) -> ComparisonResult {
    match (left, right) {
        (RuntimeValue::Text(left), RuntimeValue::Text(right)) if case.is_ignored() => {
            (pattern::fold(left) == pattern::fold(right)).into()
        }
        (RuntimeValue::Text(left), RuntimeValue::Text(right)) => (left == right).into(),
        (RuntimeValue::Number(left), RuntimeValue::Number(right)) => (left == right).into(),
        (RuntimeValue::Boolean(left), RuntimeValue::Boolean(right)) => (left == right).into(),
        (RuntimeValue::Severity(left), RuntimeValue::Severity(right)) => (left == right).into(),
        (RuntimeValue::Status(left), RuntimeValue::Status(right)) => (left == right).into(),
        (RuntimeValue::Time(left), RuntimeValue::Time(right)) => (left == right).into(),
        _ => match (left.as_json(), right.as_json()) {
            (Some(left), Some(right)) => (left == right).into(),
            _ => ComparisonResult::Mismatch,
        },
    }
}

fn ordered(order: OrderRelation, left: &RuntimeValue<'_>, right: &RuntimeValue<'_>) -> ComparisonResult {
    let ordering = match (left, right) {
        (RuntimeValue::Number(left), RuntimeValue::Number(right)) => left.partial_cmp(right),
        (RuntimeValue::Severity(left), RuntimeValue::Severity(right)) => Some(left.cmp(right)),
        (RuntimeValue::Time(left), RuntimeValue::Time(right)) => Some(left.cmp(right)),
        _ => None,
    };
    ordering.map_or(ComparisonResult::Mismatch, |ordering| order.holds(ordering).into())
}
