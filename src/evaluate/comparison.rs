//! Comparisons and patterns: two-valued, never failing.

use super::interpreter::Interpreter;
use super::observer::Observer;
use crate::model::ValueKind;
use crate::pattern;
use crate::program::{Comparison, ComparisonSubject, LabelId, NodeId, OrderRelation, Predicate};
use crate::source::Span;
use crate::syntax::tree::Quantifier;
use crate::value::RuntimeValue;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What a test says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ComparisonResult {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It cannot: a value is missing or of a kind that the test is not for.
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

    /// A label with a text, without a value in between.
    fn compare_label(&mut self, comparison: &'p Comparison, label: LabelId) -> Option<bool> {
        let label = self.label(label);
        if let Predicate::Text(literal) = &comparison.test
            && !comparison.ignore_case
        {
            return Some(label == Some(literal));
        }
        let (test, ignore_case) = (&comparison.test, comparison.ignore_case);
        if !test.is_for_text() {
            return None;
        }
        let Some(label) = label else { return Some(false) };
        Some(self.test_within(test, ignore_case, label) == ComparisonResult::Holds)
    }

    fn compare_any(&mut self, comparison: &'p Comparison, id: NodeId) -> bool {
        let (subject, verdict) = match &comparison.subject {
            ComparisonSubject::Value(node) => {
                let subject = self.value(*node);
                let verdict = self.test(&comparison.test, comparison.ignore_case, &subject);
                (subject, verdict)
            }
            ComparisonSubject::Now => {
                let subject = RuntimeValue::Time(self.context.now);
                let verdict = self.test(&comparison.test, comparison.ignore_case, &subject);
                (subject, verdict)
            }
            ComparisonSubject::Nodes(quantifier, path) => {
                let nodes = self.find(path).unwrap_or_default();
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
        self.observer.comparison(place, subject, operand.as_ref(), holds);
    }

    fn quantified(
        &mut self,
        quantifier: Quantifier,
        nodes: &[RuntimeValue<'v>],
        comparison: &'p Comparison,
    ) -> ComparisonResult {
        let mut holds =
            |node| self.test(&comparison.test, comparison.ignore_case, node) == ComparisonResult::Holds;
        match quantifier {
            Quantifier::Any => nodes.iter().any(holds).into(),
            Quantifier::All => (!nodes.is_empty() && nodes.iter().all(holds)).into(),
            Quantifier::None => (!nodes.iter().any(&mut holds)).into(),
        }
    }

    /// What a test says of a value.
    pub(super) fn test(
        &mut self,
        test: &'p Predicate,
        ignore_case: bool,
        value: &RuntimeValue<'v>,
    ) -> ComparisonResult {
        match test {
            Predicate::Any => ComparisonResult::Holds,
            Predicate::Missing => value.is_nothing().into(),
            Predicate::Null => matches!(value, RuntimeValue::Null).into(),
            Predicate::Is(kind) => is(*kind, value).into(),
            Predicate::During(schedule) => self.during(*schedule, value),
            Predicate::Equal(node) => {
                let operand = self.value(*node);
                self.equal(value, &operand, ignore_case)
            }
            Predicate::In(nodes) => self.one_of(nodes, ignore_case, value),
            Predicate::Order(order, node) => {
                let operand = self.value(*node);
                ordered(*order, value, &operand)
            }
            Predicate::Text(_)
            | Predicate::Texts(_)
            | Predicate::Cidr(_)
            | Predicate::Like(_)
            | Predicate::Matches(_)
            | Predicate::Finds(_)
            | Predicate::Contains(_)
            | Predicate::StartsWith(_)
            | Predicate::EndsWith(_) => value
                .as_text()
                .map_or(ComparisonResult::Mismatch, |text| self.test_within(test, ignore_case, text)),
        }
    }

    /// What a test says of a text, which costs its length.
    fn test_within(&mut self, test: &'p Predicate, ignore_case: bool, subject: &str) -> ComparisonResult {
        // Equality compares lengths first, and then it is what the rules write that bounds it.
        let looks = matches!(test, Predicate::Text(_) | Predicate::Texts(_)) && !ignore_case;
        if !looks && !self.may_spend(subject.len()) {
            return ComparisonResult::Mismatch;
        }
        self.test_text(test, ignore_case, subject)
    }

    fn test_text(&mut self, test: &'p Predicate, ignore_case: bool, value: &str) -> ComparisonResult {
        let subject = || folded(value, ignore_case);
        match test {
            Predicate::Text(literal) if ignore_case => pattern::folds_to(value, literal).into(),
            Predicate::Text(literal) => (*value == **literal).into(),
            Predicate::Texts(literals) => {
                let subject = subject();
                literals.binary_search_by(|literal| (**literal).cmp(&*subject)).is_ok().into()
            }
            Predicate::Cidr(networks) => match pattern::address(value) {
                Some(address) => networks.iter().any(|network| network.holds(address)).into(),
                None => ComparisonResult::Mismatch,
            },
            Predicate::Like(globs) => globs.iter().any(|glob| glob.fits(value)).into(),
            Predicate::Matches(regex) => regex.matches(value).into(),
            Predicate::Finds(regex) => regex.finds(value).into(),
            Predicate::Contains(node) => {
                self.piece(*node, ignore_case, &subject(), |text, piece| text.contains(piece))
            }
            Predicate::StartsWith(node) => {
                self.piece(*node, ignore_case, &subject(), |text, piece| text.starts_with(piece))
            }
            Predicate::EndsWith(node) => {
                self.piece(*node, ignore_case, &subject(), |text, piece| text.ends_with(piece))
            }
            Predicate::Any
            | Predicate::Missing
            | Predicate::Null
            | Predicate::Is(_)
            | Predicate::During(_)
            | Predicate::Equal(_)
            | Predicate::In(_)
            | Predicate::Order(..) => ComparisonResult::Mismatch,
        }
    }

    fn piece(
        &mut self,
        node: NodeId,
        ignore_case: bool,
        text: &str,
        fits: fn(&str, &str) -> bool,
    ) -> ComparisonResult {
        let piece = self.value(node);
        piece
            .as_text()
            .map_or(ComparisonResult::Mismatch, |piece| fits(text, &folded(piece, ignore_case)).into())
    }

    fn one_of(
        &mut self,
        nodes: &'p [NodeId],
        ignore_case: bool,
        value: &RuntimeValue<'v>,
    ) -> ComparisonResult {
        let mut verdict = ComparisonResult::Mismatch;
        for node in nodes {
            let operand = self.value(*node);
            match self.equal(value, &operand, ignore_case) {
                ComparisonResult::Holds => return ComparisonResult::Holds,
                ComparisonResult::Fails => verdict = ComparisonResult::Fails,
                ComparisonResult::Mismatch => {}
            }
        }
        verdict
    }

    fn equal(
        &mut self,
        left: &RuntimeValue<'v>,
        right: &RuntimeValue<'v>,
        ignore_case: bool,
    ) -> ComparisonResult {
        let reads = ignore_case || left.as_json().is_some();
        if reads && !(self.may_read(left) && self.may_read(right)) {
            return ComparisonResult::Mismatch;
        }
        equal(left, right, ignore_case)
    }

    fn during(&self, schedule: usize, value: &RuntimeValue<'v>) -> ComparisonResult {
        match (value, self.program.schedules.get(schedule)) {
            (RuntimeValue::Time(time), Some((_, schedule))) => schedule.holds(*time).into(),
            _ => ComparisonResult::Mismatch,
        }
    }
}

/// The right side of a comparison, where it is an expression that the rules compute.
fn operand(test: &Predicate) -> Option<NodeId> {
    match test {
        Predicate::Equal(node)
        | Predicate::Order(_, node)
        | Predicate::Contains(node)
        | Predicate::StartsWith(node)
        | Predicate::EndsWith(node) => Some(*node),
        Predicate::Any
        | Predicate::Missing
        | Predicate::Null
        | Predicate::Text(_)
        | Predicate::Texts(_)
        | Predicate::In(_)
        | Predicate::Cidr(_)
        | Predicate::Like(_)
        | Predicate::Matches(_)
        | Predicate::Finds(_)
        | Predicate::Is(_)
        | Predicate::During(_) => None,
    }
}

fn folded(text: &str, ignore_case: bool) -> Cow<'_, str> {
    if ignore_case { pattern::fold(text) } else { Cow::Borrowed(text) }
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
            matches!(value, RuntimeValue::Labels(_))
                || matches!(value.as_json(), Some(json::Value::Object(_)))
        }
    }
}

fn equal(left: &RuntimeValue<'_>, right: &RuntimeValue<'_>, ignore_case: bool) -> ComparisonResult {
    match (left, right) {
        (RuntimeValue::Text(left), RuntimeValue::Text(right)) if ignore_case => {
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
    let Some(ordering) = ordering else { return ComparisonResult::Mismatch };
    let holds = match order {
        OrderRelation::Less => ordering == Ordering::Less,
        OrderRelation::LessOrEqual => ordering != Ordering::Greater,
        OrderRelation::Greater => ordering == Ordering::Greater,
        OrderRelation::GreaterOrEqual => ordering != Ordering::Less,
    };
    holds.into()
}
