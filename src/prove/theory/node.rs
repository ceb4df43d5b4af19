//! Values of a payload.
//!
//! The kinds of value are tried one after the other, the plainest first. Only strings and numbers have more than one value.

use super::sets::NumberLiteral;
use super::{TheoryAnswer, VariableValue, decimals, meets, minimal, number, text};
use crate::json::Number;
use crate::pattern::language::{SearchLimits, StringSet};
use crate::pattern::{Case, MatchScope, RegexPattern};
use crate::prove::formula::{Constraint, Formulas, NodeKinds, WrittenKind};
use crate::prove::undecided::UndecidedReason;

/// The kinds in the order in which they are tried.
const KINDS: [NodeKinds; 9] = [
    NodeKinds::TEXT,
    NodeKinds::NUMBER,
    NodeKinds::ITEMS,
    NodeKinds::MEMBERS,
    NodeKinds::EMPTY_OBJECT,
    NodeKinds::EMPTY_ARRAY,
    NodeKinds::TRUE,
    NodeKinds::FALSE,
    NodeKinds::NULL,
];

/// A value of a payload; none if that is possible.
pub(super) fn decide(literals: &[(&Constraint, bool)], may_be_missing: bool, limits: &SearchLimits) -> TheoryAnswer {
    let all = if may_be_missing { NodeKinds::ALL } else { NodeKinds::MISSING.not() };
    let kinds = kinds(literals.iter(), all);
    if kinds.is_none() {
        return TheoryAnswer::Conflict(minimal(literals.len(), |kept| {
            self::kinds(kept.iter().filter_map(|position| literals.get(*position)), all).is_none()
        }));
    }
    if kinds.overlaps(NodeKinds::MISSING) {
        return TheoryAnswer::Value(VariableValue::Missing);
    }
    let mut undecided = None;
    let mut conflict: Vec<usize> = Vec::new();
    for kind in KINDS.into_iter().filter(|kind| kinds.overlaps(*kind)) {
        match of_kind(kind, literals, limits) {
            TheoryAnswer::Value(value) => return TheoryAnswer::Value(value),
            TheoryAnswer::Conflict(positions) => conflict.extend(positions),
            TheoryAnswer::Undecided(reason) => undecided = undecided.or(Some(reason)),
        }
    }
    if let Some(reason) = undecided {
        return TheoryAnswer::Undecided(reason);
    }
    conflict
        .extend(literals.iter().enumerate().filter(|(_, literal)| restricts(literal)).map(|(position, _)| position));
    conflict.sort_unstable();
    conflict.dedup();
    TheoryAnswer::Conflict(conflict)
}

/// A value of one kind.
fn of_kind(kind: NodeKinds, literals: &[(&Constraint, bool)], limits: &SearchLimits) -> TheoryAnswer {
    match kind {
        NodeKinds::TEXT => Tests::of(literals, |constraint| {
            matches!(constraint, Constraint::InSet(_) | Constraint::Number(..)).then_some(constraint)
        })
        .text(limits),
        NodeKinds::NUMBER => a_number(literals, limits),
        NodeKinds::ITEMS | NodeKinds::MEMBERS | NodeKinds::EMPTY_ARRAY | NodeKinds::EMPTY_OBJECT => {
            a_structure(kind, literals, limits)
        }
        NodeKinds::TRUE => TheoryAnswer::Value(VariableValue::Boolean(true)),
        NodeKinds::FALSE => TheoryAnswer::Value(VariableValue::Boolean(false)),
        _ => TheoryAnswer::Value(VariableValue::Null),
    }
}

/// Whether a value is of a kind, and its JSON meets a constraint. None if that is not known.
pub(super) fn written_meets(
    value: &VariableValue,
    kind: WrittenKind,
    constraint: &Constraint,
    formulas: &Formulas,
    limits: &SearchLimits,
) -> Option<bool> {
    let text = match (value, kind) {
        (VariableValue::Number(number), WrittenKind::Number) => number.to_string(),
        (VariableValue::Structure(NodeKinds::EMPTY_ARRAY, _), WrittenKind::Structure) => "[]".to_owned(),
        (VariableValue::Structure(NodeKinds::EMPTY_OBJECT, _), WrittenKind::Structure) => "{}".to_owned(),
        (VariableValue::Structure(..), WrittenKind::Structure) => return None,
        _ => return Some(false),
    };
    meets(&VariableValue::Text(text), constraint, formulas, limits)
}

/// Constraints of one sort, with their positions among all.
struct Tests<'c> {
    literals: Vec<(&'c Constraint, bool)>,
    positions: Vec<usize>,
}

impl<'c> Tests<'c> {
    fn of(literals: &[(&'c Constraint, bool)], chosen: impl Fn(&'c Constraint) -> Option<&'c Constraint>) -> Self {
        let mut tests = Self { literals: Vec::new(), positions: Vec::new() };
        for (position, (constraint, holds)) in literals.iter().enumerate() {
            if let Some(constraint) = chosen(constraint) {
                tests.literals.push((constraint, *holds));
                tests.positions.push(position);
            }
        }
        tests
    }

    fn written(literals: &[(&'c Constraint, bool)], asked: WrittenKind) -> Self {
        Self::of(literals, |constraint| match constraint {
            Constraint::Written(kind, inner) if *kind == asked => Some(&**inner),
            Constraint::OneOf(_)
            | Constraint::Missing
            | Constraint::InSet(_)
            | Constraint::Number(..)
            | Constraint::Same(_)
            | Constraint::During(_)
            | Constraint::Order(..)
            | Constraint::At(_)
            | Constraint::Holds
            | Constraint::Kind(_)
            | Constraint::NodeNumber(_)
            | Constraint::Written(..) => None,
        })
    }

    /// A text that meets them.
    fn text(&self, limits: &SearchLimits) -> TheoryAnswer {
        self.text_within(&[], limits)
    }

    /// A text that meets them and others.
    fn text_within(&self, others: &[&Constraint], limits: &SearchLimits) -> TheoryAnswer {
        let all: Vec<(&Constraint, bool)> =
            self.literals.iter().copied().chain(others.iter().map(|other| (*other, true))).collect();
        match text::decide(&all, false, limits) {
            TheoryAnswer::Conflict(positions) => TheoryAnswer::Conflict(
                positions.iter().filter_map(|position| self.positions.get(*position)).copied().collect(),
            ),
            answer @ (TheoryAnswer::Value(_) | TheoryAnswer::Undecided(_)) => answer,
        }
    }

    /// A text that meets them, of a set of which some texts are known to be JSON as it is written. None is claimed only where
    /// no text of the larger set, which has all, meets them.
    fn json(
        &self,
        certain: Option<StringSet>,
        all: Option<StringSet>,
        is_written: impl Fn(&str) -> bool,
        limits: &SearchLimits,
    ) -> TheoryAnswer {
        let mut answer = TheoryAnswer::Undecided(UndecidedReason::NumberAndPattern);
        for domain in certain.into_iter().chain(all).map(Constraint::InSet) {
            answer = self.text_within(&[&domain], limits);
            if let TheoryAnswer::Value(VariableValue::Text(text)) = &answer {
                if is_written(text) {
                    return answer;
                }
                answer = TheoryAnswer::Undecided(UndecidedReason::NumberAndPattern);
            }
        }
        answer
    }
}

fn a_number(literals: &[(&Constraint, bool)], limits: &SearchLimits) -> TheoryAnswer {
    let mut tests = Vec::new();
    for (position, (constraint, holds)) in literals.iter().enumerate() {
        if let Constraint::NodeNumber(test) = constraint {
            tests.push(NumberLiteral { position, functions: &[], test: *test, holds: *holds });
        }
    }
    let mut written = Tests::written(literals, WrittenKind::Number);
    if written.literals.is_empty() {
        return number::of_payload(tests);
    }
    // A number is the number that its JSON holds.
    let numbers: Vec<Constraint> = tests.iter().map(|test| Constraint::Number(Box::default(), test.test)).collect();
    for (number, test) in numbers.iter().zip(&tests) {
        written.literals.push((number, test.holds));
        written.positions.push(test.position);
    }
    let is_written = |text: &str| text.parse::<Number>().is_ok_and(|number| number.to_string() == text);
    let certain = decimals::plain_json_numbers();
    match written.json(certain, decimals::json_numbers(), is_written, limits) {
        TheoryAnswer::Value(VariableValue::Text(text)) => match text.parse() {
            Ok(number) => TheoryAnswer::Value(VariableValue::Number(number)),
            Err(()) => TheoryAnswer::Undecided(UndecidedReason::NumberAndPattern),
        },
        answer @ (TheoryAnswer::Value(_) | TheoryAnswer::Conflict(_) | TheoryAnswer::Undecided(_)) => answer,
    }
}

/// An array or an object. Its parts are values of their own, so its JSON is only chosen where something asks for it.
fn a_structure(kind: NodeKinds, literals: &[(&Constraint, bool)], limits: &SearchLimits) -> TheoryAnswer {
    let written = Tests::written(literals, WrittenKind::Structure);
    if written.literals.is_empty() {
        return TheoryAnswer::Value(VariableValue::Structure(kind, None));
    }
    let (certain, all) = match kind {
        NodeKinds::ITEMS => (r#"\["[ !#-\[\]-~]*"\]|\[[1-9][0-9]{0,9}\]"#, r"\[[^\x00-\x1f]+\]"),
        NodeKinds::MEMBERS => (r#"\{"[ !#-\[\]-~]*":"[ !#-\[\]-~]*"\}"#, r#"\{"[^\x00-\x1f]*":[^\x00-\x1f]+\}"#),
        NodeKinds::EMPTY_ARRAY => (r"\[\]", r"\[\]"),
        _ => (r"\{\}", r"\{\}"),
    };
    let is_written =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok_and(|it| it.to_string().as_str() == text);
    match written.json(json_texts(certain), json_texts(all), is_written, limits) {
        TheoryAnswer::Value(VariableValue::Text(text)) => {
            let is_asked = written.literals.iter().any(|(_, holds)| *holds);
            TheoryAnswer::Value(VariableValue::Structure(kind, is_asked.then_some(text)))
        }
        answer @ (TheoryAnswer::Value(_) | TheoryAnswer::Conflict(_) | TheoryAnswer::Undecided(_)) => answer,
    }
}

fn json_texts(pattern: &str) -> Option<StringSet> {
    let regex = RegexPattern::new(pattern, "", Case::Sensitive).ok()?;
    Some(StringSet::regex(&regex, MatchScope::Whole))
}

/// The kinds that constraints leave.
fn kinds<'l, 'c: 'l>(literals: impl Iterator<Item = &'l (&'c Constraint, bool)>, all: NodeKinds) -> NodeKinds {
    literals.fold(all, |kinds, (constraint, holds)| kinds.and(allowed(constraint, *holds)))
}

/// The kinds of values that may meet a constraint.
fn allowed(constraint: &Constraint, holds: bool) -> NodeKinds {
    match constraint {
        Constraint::Kind(kinds) if holds => *kinds,
        Constraint::Kind(kinds) => kinds.not(),
        Constraint::InSet(_) | Constraint::Number(..) if holds => NodeKinds::TEXT,
        Constraint::NodeNumber(_) | Constraint::Written(WrittenKind::Number, _) if holds => NodeKinds::NUMBER,
        Constraint::Written(WrittenKind::Structure, _) if holds => NodeKinds::STRUCTURE,
        Constraint::InSet(_)
        | Constraint::Number(..)
        | Constraint::NodeNumber(_)
        | Constraint::Written(..)
        | Constraint::OneOf(_)
        | Constraint::Missing
        | Constraint::Same(_)
        | Constraint::During(_)
        | Constraint::Order(..)
        | Constraint::At(_)
        | Constraint::Holds => NodeKinds::ALL,
    }
}

fn restricts((constraint, holds): &(&Constraint, bool)) -> bool {
    allowed(constraint, *holds) != NodeKinds::ALL
}
