//! Theories: each takes all constraints on one variable, and finds a value that meets them, or shows that there is none.
//!
//! Answers are kept by the set of constraints, because most questions are asked again and again.

mod choice;
mod decimals;
mod node;
mod number;
mod sets;
mod text;
mod times;

use super::formula::{Constraint, ConstraintId, Formulas, NodeKinds, Variable, VariableId};
use super::undecided::UndecidedReason;
use crate::json::Number;
use crate::model::EventField;
use crate::pattern::language::SearchLimits;
use crate::time::Timestamp;
use foldhash::HashMap;

/// A constraint that holds, or one that does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ConstraintLiteral {
    pub(super) constraint: ConstraintId,
    pub(super) holds: bool,
}

/// A value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum VariableValue {
    /// None.
    Missing,
    /// The constant at this position of all severities or statuses.
    Constant(usize),
    /// A text.
    Text(String),
    /// A time.
    Time(Timestamp),
    /// `null` of a payload.
    Null,
    /// A boolean of a payload.
    Boolean(bool),
    /// A number of a payload.
    Number(Number),
    /// An array or an object of a payload: of which kind, and its JSON if that is asked for.
    Structure(NodeKinds, Option<String>),
    /// Whatever the constraints say: they are about other variables, or about values that are not followed.
    Free,
}

impl VariableValue {
    /// Which kind of value of a payload it is, if it is one.
    pub(super) fn kind(&self) -> Option<NodeKinds> {
        Some(match self {
            Self::Missing => NodeKinds::MISSING,
            Self::Null => NodeKinds::NULL,
            Self::Boolean(false) => NodeKinds::FALSE,
            Self::Boolean(true) => NodeKinds::TRUE,
            Self::Number(_) => NodeKinds::NUMBER,
            Self::Text(_) => NodeKinds::TEXT,
            Self::Structure(kind, _) => *kind,
            Self::Constant(_) | Self::Time(_) | Self::Free => return None,
        })
    }
}

/// What a theory finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TheoryAnswer {
    /// A value that meets all constraints.
    Value(VariableValue),
    /// There is none, because of these constraints, by their positions.
    Conflict(Vec<usize>),
    /// A limit was reached.
    Undecided(UndecidedReason),
}

/// What kind of value a variable has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum VariableKind {
    Severity,
    Status,
    Text { may_be_missing: bool },
    Time { may_be_missing: bool },
    Node { may_be_missing: bool },
    Free,
}

/// The theories, and what they found so far.
#[derive(Debug)]
pub(super) struct Theories {
    known: HashMap<(VariableKind, Vec<ConstraintLiteral>), TheoryAnswer>,
    moments: times::MomentCache,
    /// Limits of a search for a text.
    pub(super) limits: SearchLimits,
    /// How many questions were asked.
    pub(super) asked: usize,
    /// How many of them were asked for the first time.
    pub(super) searched: usize,
}

impl Theories {
    /// Nothing is known yet.
    pub(super) fn new(limits: SearchLimits) -> Self {
        Self { known: HashMap::default(), moments: times::MomentCache::default(), limits, asked: 0, searched: 0 }
    }

    /// A value of a variable that meets constraints, which are sorted and without repetitions.
    pub(super) fn decide(
        &mut self,
        formulas: &Formulas,
        variable: VariableId,
        literals: Vec<ConstraintLiteral>,
    ) -> TheoryAnswer {
        let kind = kind(formulas.variable(variable));
        self.asked += 1;
        let key = (kind, literals);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        self.searched += 1;
        let literals: Vec<(&Constraint, bool)> = key
            .1
            .iter()
            .filter_map(|literal| Some((formulas.constraint(literal.constraint)?, literal.holds)))
            .collect();
        let answer = match kind {
            VariableKind::Severity => choice::decide(&literals, 3, &[1, 0, 2]),
            VariableKind::Status => choice::decide(&literals, 2, &[0, 1]),
            VariableKind::Text { may_be_missing } => text::decide(&literals, may_be_missing, &self.limits),
            VariableKind::Node { may_be_missing } => node::decide(&literals, may_be_missing, &self.limits),
            VariableKind::Time { may_be_missing } => {
                times::decide(&literals, may_be_missing, formulas, &mut self.moments, &self.limits.counter)
            }
            VariableKind::Free => TheoryAnswer::Value(VariableValue::Free),
        };
        self.known.insert(key, answer.clone());
        answer
    }

    /// Another text of a variable than one that it may have.
    pub(super) fn another_text(
        &self,
        formulas: &Formulas,
        literals: &[ConstraintLiteral],
        other: &str,
    ) -> Option<String> {
        let set = crate::pattern::language::StringSet::literals([other], crate::pattern::Case::Sensitive);
        let not_other = Constraint::InSet(set);
        let mut all: Vec<(&Constraint, bool)> = literals
            .iter()
            .filter_map(|literal| Some((formulas.constraint(literal.constraint)?, literal.holds)))
            .collect();
        all.push((&not_other, false));
        match text::decide(&all, false, &self.limits) {
            TheoryAnswer::Value(VariableValue::Text(text)) => Some(text),
            TheoryAnswer::Value(_) | TheoryAnswer::Conflict(_) | TheoryAnswer::Undecided(_) => None,
        }
    }
}

fn kind(variable: Option<&Variable>) -> VariableKind {
    match variable {
        Some(Variable::Label(_) | Variable::OpaqueText(_) | Variable::Header(_) | Variable::PathSuffix) => {
            VariableKind::Text { may_be_missing: true }
        }
        Some(Variable::Node(place)) => VariableKind::Node { may_be_missing: !place.steps.is_empty() },
        Some(Variable::Now) => VariableKind::Time { may_be_missing: false },
        // Tests of a written value are tests of the value.
        Some(Variable::Statement(_) | Variable::Written(..)) | None => VariableKind::Free,
        Some(Variable::Field(field)) => match field {
            EventField::Severity => VariableKind::Severity,
            EventField::Status => VariableKind::Status,
            EventField::Title | EventField::Key | EventField::Source => VariableKind::Text { may_be_missing: false },
            EventField::Description | EventField::Link | EventField::Integration => {
                VariableKind::Text { may_be_missing: true }
            }
            EventField::StartsAt | EventField::EndsAt => VariableKind::Time { may_be_missing: true },
            EventField::Labels | EventField::Notes => VariableKind::Free,
        },
    }
}

/// Whether a value meets a constraint. None if that is not known.
pub(super) fn meets(
    value: &VariableValue,
    constraint: &Constraint,
    formulas: &Formulas,
    limits: &SearchLimits,
) -> Option<bool> {
    match (constraint, value) {
        (Constraint::OneOf(mask), VariableValue::Constant(position)) => Some(mask >> position & 1 == 1),
        (Constraint::Missing, value) => Some(*value == VariableValue::Missing),
        (Constraint::Kind(kinds), value) => value.kind().map(|kind| kinds.overlaps(kind)),
        (Constraint::NodeNumber(test), VariableValue::Number(number)) => Some(test.holds(*number)),
        (Constraint::NodeNumber(_) | Constraint::Written(..), VariableValue::Free) => None,
        (Constraint::Written(kind, inner), value) => node::written_meets(value, *kind, inner, formulas, limits),
        (Constraint::NodeNumber(_), _)
        | (
            Constraint::InSet(_) | Constraint::Number(..),
            VariableValue::Null | VariableValue::Boolean(_) | VariableValue::Number(_) | VariableValue::Structure(..),
        )
        | (
            Constraint::InSet(_)
            | Constraint::Number(..)
            | Constraint::During(_)
            | Constraint::Order(..)
            | Constraint::At(_),
            VariableValue::Missing,
        ) => Some(false),
        (Constraint::InSet(set), VariableValue::Text(text)) => set.holds(text, limits).ok(),
        (Constraint::Number(functions, numbers), VariableValue::Text(text)) => {
            Some(sets::number_of(functions, text).is_some_and(|number| numbers.holds(number)))
        }
        (Constraint::During(schedule), VariableValue::Time(time)) => {
            formulas.schedule(*schedule).map(|windows| windows.holds(*time))
        }
        (Constraint::Order(relation, constant), VariableValue::Time(time)) => Some(relation.holds(time.cmp(constant))),
        (Constraint::At(constant), VariableValue::Time(time)) => Some(time == constant),
        (
            Constraint::OneOf(_)
            | Constraint::InSet(_)
            | Constraint::Number(..)
            | Constraint::Same(_)
            | Constraint::During(_)
            | Constraint::Order(..)
            | Constraint::At(_)
            | Constraint::Holds,
            _,
        ) => None,
    }
}

/// Whether a constraint, if it holds, needs a value.
pub(super) fn needs_value(constraint: &Constraint, holds: bool) -> bool {
    match constraint {
        Constraint::Missing => !holds,
        Constraint::InSet(_)
        | Constraint::Number(..)
        | Constraint::Same(_)
        | Constraint::During(_)
        | Constraint::Order(..)
        | Constraint::Kind(_)
        | Constraint::NodeNumber(_)
        | Constraint::Written(..)
        | Constraint::At(_) => holds,
        Constraint::OneOf(_) | Constraint::Holds => false,
    }
}

/// The positions that are left of a conflict when those that are not needed are taken out one after the other.
fn minimal(count: usize, is_conflict: impl Fn(&[usize]) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..count).collect();
    for position in 0..count {
        let without: Vec<usize> = kept.iter().copied().filter(|each| *each != position).collect();
        if is_conflict(&without) {
            kept = without;
        }
    }
    kept
}
