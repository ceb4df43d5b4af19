//! Comparisons and patterns: two-valued, never failing.

use super::machine::Machine;
use super::observer::Observer;
use crate::check::model::Kind;
use crate::pattern;
use crate::program::{Comparison, LabelId, NodeId, Order, Subject, Test};
use crate::source::Span;
use crate::syntax::tree::Quantifier;
use crate::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What a test says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It cannot: a value is missing or of a kind that the test is not for.
    Mismatch,
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

impl<'p: 'v, 'v, O: Observer> Machine<'p, 'v, '_, O> {
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
        if let Test::Text(literal) = &comparison.test
            && !comparison.ignore_case
        {
            return Some(label == Some(literal));
        }
        let (test, ignore_case) = (&comparison.test, comparison.ignore_case);
        if !test.is_for_text() {
            return None;
        }
        let Some(label) = label else { return Some(false) };
        Some(self.test_within(test, ignore_case, label) == Verdict::Holds)
    }

    fn compare_any(&mut self, comparison: &'p Comparison, id: NodeId) -> bool {
        let (subject, verdict) = match &comparison.subject {
            Subject::Value(node) => {
                let subject = self.value(*node);
                let verdict = self.test(&comparison.test, comparison.ignore_case, &subject);
                (subject, verdict)
            }
            Subject::Now => {
                let subject = Value::Time(self.context.now);
                let verdict = self.test(&comparison.test, comparison.ignore_case, &subject);
                (subject, verdict)
            }
            Subject::Nodes(quantifier, path) => {
                let nodes = self.find(path).unwrap_or_default();
                let verdict = self.quantified(*quantifier, nodes, comparison);
                (Value::List(nodes), verdict)
            }
        };
        let holds = (verdict == Verdict::Holds) != comparison.negated;
        if O::LISTENS {
            self.report(comparison, self.program.place(id), &subject, verdict, holds);
        }
        holds
    }

    fn report(
        &mut self,
        comparison: &'p Comparison,
        place: Option<Span>,
        subject: &Value<'v>,
        verdict: Verdict,
        holds: bool,
    ) {
        let Some(place) = place else { return };
        let operand = operand(&comparison.test).map(|node| self.value(node));
        if verdict == Verdict::Mismatch {
            self.observer.mismatch(place);
        }
        self.observer.comparison(place, subject, operand.as_ref(), holds);
    }

    fn quantified(
        &mut self,
        quantifier: Quantifier,
        nodes: &[Value<'v>],
        comparison: &'p Comparison,
    ) -> Verdict {
        let mut holds = |node| self.test(&comparison.test, comparison.ignore_case, node) == Verdict::Holds;
        match quantifier {
            Quantifier::Any => nodes.iter().any(holds).into(),
            Quantifier::All => (!nodes.is_empty() && nodes.iter().all(holds)).into(),
            Quantifier::None => (!nodes.iter().any(&mut holds)).into(),
        }
    }

    /// What a test says of a value.
    pub(super) fn test(&mut self, test: &'p Test, ignore_case: bool, value: &Value<'v>) -> Verdict {
        match test {
            Test::Any => Verdict::Holds,
            Test::Missing => is_nothing(value).into(),
            Test::Null => matches!(value, Value::Null).into(),
            Test::Is(kind) => is(*kind, value).into(),
            Test::During(schedule) => self.during(*schedule, value),
            Test::Equal(node) => {
                let operand = self.value(*node);
                self.equal(value, &operand, ignore_case)
            }
            Test::In(nodes) => self.one_of(nodes, ignore_case, value),
            Test::Order(order, node) => {
                let operand = self.value(*node);
                ordered(*order, value, &operand)
            }
            Test::Text(_)
            | Test::Texts(_)
            | Test::Cidr(_)
            | Test::Like(_)
            | Test::Matches(_)
            | Test::Finds(_)
            | Test::Contains(_)
            | Test::StartsWith(_)
            | Test::EndsWith(_) => {
                value.as_text().map_or(Verdict::Mismatch, |text| self.test_within(test, ignore_case, text))
            }
        }
    }

    /// What a test says of a text, which costs its length.
    fn test_within(&mut self, test: &'p Test, ignore_case: bool, subject: &str) -> Verdict {
        // Equality compares lengths first, and then it is what the rules write that bounds it.
        let looks = matches!(test, Test::Text(_) | Test::Texts(_)) && !ignore_case;
        if !looks && !self.may_spend(subject.len()) {
            return Verdict::Mismatch;
        }
        self.test_text(test, ignore_case, subject)
    }

    fn test_text(&mut self, test: &'p Test, ignore_case: bool, value: &str) -> Verdict {
        let subject = || folded(value, ignore_case);
        match test {
            Test::Text(literal) if ignore_case => pattern::folds_to(value, literal).into(),
            Test::Text(literal) => (*value == **literal).into(),
            Test::Texts(literals) => {
                let subject = subject();
                literals.binary_search_by(|literal| (**literal).cmp(&*subject)).is_ok().into()
            }
            Test::Cidr(networks) => match pattern::address(value) {
                Some(address) => networks.iter().any(|network| network.holds(address)).into(),
                None => Verdict::Mismatch,
            },
            Test::Like(globs) => globs.iter().any(|glob| glob.fits(value)).into(),
            Test::Matches(regex) => regex.matches(value).into(),
            Test::Finds(regex) => regex.finds(value).into(),
            Test::Contains(node) => {
                self.piece(*node, ignore_case, &subject(), |text, piece| text.contains(piece))
            }
            Test::StartsWith(node) => {
                self.piece(*node, ignore_case, &subject(), |text, piece| text.starts_with(piece))
            }
            Test::EndsWith(node) => {
                self.piece(*node, ignore_case, &subject(), |text, piece| text.ends_with(piece))
            }
            Test::Any
            | Test::Missing
            | Test::Null
            | Test::Is(_)
            | Test::During(_)
            | Test::Equal(_)
            | Test::In(_)
            | Test::Order(..) => Verdict::Mismatch,
        }
    }

    fn piece(
        &mut self,
        node: NodeId,
        ignore_case: bool,
        text: &str,
        fits: fn(&str, &str) -> bool,
    ) -> Verdict {
        let piece = self.value(node);
        piece.as_text().map_or(Verdict::Mismatch, |piece| fits(text, &folded(piece, ignore_case)).into())
    }

    fn one_of(&mut self, nodes: &'p [NodeId], ignore_case: bool, value: &Value<'v>) -> Verdict {
        let mut verdict = Verdict::Mismatch;
        for node in nodes {
            let operand = self.value(*node);
            match self.equal(value, &operand, ignore_case) {
                Verdict::Holds => return Verdict::Holds,
                Verdict::Fails => verdict = Verdict::Fails,
                Verdict::Mismatch => {}
            }
        }
        verdict
    }

    fn equal(&mut self, left: &Value<'v>, right: &Value<'v>, ignore_case: bool) -> Verdict {
        let reads = ignore_case || left.as_json().is_some();
        if reads && !(self.may_read(left) && self.may_read(right)) {
            return Verdict::Mismatch;
        }
        equal(left, right, ignore_case)
    }

    fn during(&self, schedule: usize, value: &Value<'v>) -> Verdict {
        match (value, self.program.schedules.get(schedule)) {
            (Value::Time(time), Some((_, schedule))) => schedule.holds(*time).into(),
            _ => Verdict::Mismatch,
        }
    }
}

/// The right side of a comparison, where it is an expression that the rules compute.
fn operand(test: &Test) -> Option<NodeId> {
    match test {
        Test::Equal(node)
        | Test::Order(_, node)
        | Test::Contains(node)
        | Test::StartsWith(node)
        | Test::EndsWith(node) => Some(*node),
        Test::Any
        | Test::Missing
        | Test::Null
        | Test::Text(_)
        | Test::Texts(_)
        | Test::In(_)
        | Test::Cidr(_)
        | Test::Like(_)
        | Test::Matches(_)
        | Test::Finds(_)
        | Test::Is(_)
        | Test::During(_) => None,
    }
}

fn folded(text: &str, ignore_case: bool) -> Cow<'_, str> {
    if ignore_case { pattern::fold(text) } else { Cow::Borrowed(text) }
}

/// Whether there is no value.
pub(super) fn is_nothing(value: &Value<'_>) -> bool {
    matches!(value, Value::Missing | Value::Null)
}

fn is(kind: Kind, value: &Value<'_>) -> bool {
    use crate::json;
    match kind {
        Kind::Missing => is_nothing(value),
        Kind::Null => matches!(value, Value::Null),
        Kind::Empty => value.is_empty(),
        Kind::Text => matches!(value, Value::Text(_)),
        Kind::Number => matches!(value, Value::Number(_)),
        Kind::Boolean => matches!(value, Value::Boolean(_)),
        Kind::Array => {
            matches!(value, Value::List(_)) || matches!(value.as_json(), Some(json::Value::Array(_)))
        }
        Kind::Object => {
            matches!(value, Value::Labels(_)) || matches!(value.as_json(), Some(json::Value::Object(_)))
        }
    }
}

fn equal(left: &Value<'_>, right: &Value<'_>, ignore_case: bool) -> Verdict {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) if ignore_case => {
            (pattern::fold(left) == pattern::fold(right)).into()
        }
        (Value::Text(left), Value::Text(right)) => (left == right).into(),
        (Value::Number(left), Value::Number(right)) => (left == right).into(),
        (Value::Boolean(left), Value::Boolean(right)) => (left == right).into(),
        (Value::Severity(left), Value::Severity(right)) => (left == right).into(),
        (Value::Status(left), Value::Status(right)) => (left == right).into(),
        (Value::Time(left), Value::Time(right)) => (left == right).into(),
        _ => match (left.as_json(), right.as_json()) {
            (Some(left), Some(right)) => (left == right).into(),
            _ => Verdict::Mismatch,
        },
    }
}

fn ordered(order: Order, left: &Value<'_>, right: &Value<'_>) -> Verdict {
    let ordering = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Severity(left), Value::Severity(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        _ => None,
    };
    let Some(ordering) = ordering else { return Verdict::Mismatch };
    let holds = match order {
        Order::Less => ordering == Ordering::Less,
        Order::LessOrEqual => ordering != Ordering::Greater,
        Order::Greater => ordering == Ordering::Greater,
        Order::GreaterOrEqual => ordering != Ordering::Less,
    };
    holds.into()
}
