//! Conditions as formulas: conjunctions and negations over atoms, each shared where it is repeated.
//!
//! An atom is a constraint on one variable of an event. Everything that a condition says is in its formula, with one
//! exception: a value that cannot be followed is a variable of its own, which may have any value. So a formula holds for
//! every event for which its condition holds, and an event that is found may still be a wrong one.

mod comparison;
mod condition;
mod filter;
mod key;
mod meaning;
mod node;
mod order;
mod table;
mod term;
mod text_test;
mod value;

pub(super) use condition::FormulaBuilder;
pub(super) use key::of_term as term_key;
pub(super) use meaning::MeaningScope;
pub(super) use node::variables;
pub(super) use node::{NodeKinds, PayloadOrigin, PayloadPlace, PayloadStep, WrittenKind};
pub(super) use term::{Term, ValueCase};
pub(super) use value::literal_text;

use crate::json::Number;
use crate::model::{EventField, OrderRelation};
use crate::pattern::Case;
use crate::pattern::language::{StringSet, TextFunction};
use crate::time::{ScheduleWindows, Timestamp};
use foldhash::HashMap;
use std::sync::Arc;
use term::Parameters;

/// A formula: a node, or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Formula(u32);

impl Formula {
    /// Holds for every event.
    pub(super) const TRUE: Self = Self(0);
    /// Holds for no event.
    pub(super) const FALSE: Self = Self(1);

    /// Every event, or none.
    pub(super) fn constant(holds: bool) -> Self {
        if holds { Self::TRUE } else { Self::FALSE }
    }

    /// The opposite.
    pub(super) fn not(self) -> Self {
        Self(self.0 ^ 1)
    }

    /// The position of its node.
    pub(super) fn node(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Whether it is the opposite of its node.
    pub(super) fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }
}

/// A node of a formula.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum FormulaNode {
    /// Holds for every event.
    True,
    /// A constraint on a variable.
    Atom(FormulaAtom),
    /// All hold; sorted, at least two.
    And(Box<[Formula]>),
}

/// A constraint on a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FormulaAtom {
    /// The variable.
    pub(super) variable: VariableId,
    /// The constraint.
    pub(super) constraint: ConstraintId,
}

/// Position of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct VariableId(u32);

/// Position of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ConstraintId(u32);

/// Position of a schedule. Schedules with the same windows have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct WindowsId(u32);

/// Position of the text of something that rules say. Equal texts have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MeaningId(u32);

impl MeaningId {
    /// A number of its own, which is never 0.
    pub(super) fn number(self) -> u32 {
        self.0 + 1
    }
}

/// What of an event a variable is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Variable {
    /// A field.
    Field(EventField),
    /// A label.
    Label(Box<str>),
    /// The time of evaluation.
    Now,
    /// A text, or nothing, that a value which cannot be followed gives. The key tells values apart.
    OpaqueText(Box<str>),
    /// A statement about values that cannot be followed.
    Statement(Box<str>),
    /// A value of a payload.
    Node(PayloadPlace),
    /// The JSON of a value of a payload that is a number, or an array or an object. Tests of it are tests of the value.
    Written(VariableId, WrittenKind),
    /// A header of the request.
    Header(Box<str>),
    /// The path behind the integration's name.
    PathSuffix,
}

impl Variable {
    /// Whether it stands for something that is not followed, and may have any value.
    pub(super) fn is_free(&self) -> bool {
        matches!(self, Self::OpaqueText(_) | Self::Statement(_))
    }

    /// Whether an event may be without it.
    pub(super) fn may_be_missing(&self) -> bool {
        match self {
            Self::Label(_) | Self::OpaqueText(_) | Self::Header(_) | Self::PathSuffix => true,
            Self::Field(field) => field.value_type().may_be_missing(),
            // Whether a value of a payload is missing is one of its kinds.
            Self::Now | Self::Statement(_) | Self::Node(_) | Self::Written(..) => false,
        }
    }
}

/// What an atom says of its variable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Constraint {
    /// A constant whose bit is set.
    OneOf(u8),
    /// There is no value.
    Missing,
    /// A text of the set.
    InSet(StringSet),
    /// The text, changed by functions in this order, is the JSON of a number of these. Of the labels as a whole: how many
    /// there are.
    Number(Box<[TextFunction]>, NumberTest),
    /// The same text as another variable has.
    Same(VariableId),
    /// A time within a schedule.
    During(WindowsId),
    /// A time before or after another.
    Order(OrderRelation, Timestamp),
    /// Exactly this time.
    At(Timestamp),
    /// The statement holds.
    Holds,
    /// A value of a payload of these kinds, *missing* not among them.
    Kind(NodeKinds),
    /// A value of a payload that is a number of these; a string that holds one is none.
    NodeNumber(NumberTest),
    /// A value of a payload of a kind, whose JSON meets a constraint on texts.
    Written(WrittenKind, Box<Constraint>),
}

/// A set of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum NumberTest {
    /// Any number.
    Any,
    /// One number.
    Equal(Number),
    /// Numbers on one side of another.
    Order(OrderRelation, Number),
}

impl NumberTest {
    /// Whether a number is in the set.
    pub(super) fn holds(self, number: Number) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(constant) => number == constant,
            Self::Order(relation, constant) => relation.holds(number.cmp(&constant)),
        }
    }
}

/// All formulas of a rule set, each kept once.
#[derive(Debug)]
pub(super) struct Formulas {
    nodes: Vec<FormulaNode>,
    known_nodes: HashMap<FormulaNode, u32>,
    variables: Vec<Variable>,
    known_variables: HashMap<Variable, u32>,
    constraints: Vec<Constraint>,
    known_constraints: HashMap<Constraint, u32>,
    schedules: Vec<Arc<ScheduleWindows>>,
    known_schedules: HashMap<String, WindowsId>,
    meanings: Vec<Box<str>>,
    known_meanings: HashMap<Box<str>, u32>,
}

impl Default for Formulas {
    fn default() -> Self {
        let mut formulas = Self {
            nodes: Vec::new(),
            known_nodes: HashMap::default(),
            variables: Vec::new(),
            known_variables: HashMap::default(),
            constraints: Vec::new(),
            known_constraints: HashMap::default(),
            schedules: Vec::new(),
            known_schedules: HashMap::default(),
            meanings: Vec::new(),
            known_meanings: HashMap::default(),
        };
        formulas.add(FormulaNode::True);
        formulas
    }
}

impl Formulas {
    /// The node of a formula.
    pub(super) fn node(&self, formula: Formula) -> &FormulaNode {
        self.nodes.get(formula.node()).unwrap_or(&FormulaNode::True)
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// What a variable is.
    pub(super) fn variable(&self, id: VariableId) -> Option<&Variable> {
        self.variables.get(id.0 as usize)
    }

    /// All variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter()
    }

    /// What a constraint says.
    pub(super) fn constraint(&self, id: ConstraintId) -> Option<&Constraint> {
        self.constraints.get(id.0 as usize)
    }

    /// The windows of a schedule.
    pub(super) fn schedule(&self, id: WindowsId) -> Option<&ScheduleWindows> {
        self.schedules.get(id.0 as usize).map(|windows| &**windows)
    }

    /// A schedule.
    pub(super) fn add_schedule(&mut self, windows: &Arc<ScheduleWindows>) -> WindowsId {
        let next = WindowsId(u32::try_from(self.schedules.len()).unwrap_or(u32::MAX));
        let id = *self.known_schedules.entry(windows.identity()).or_insert(next);
        if id == next {
            self.schedules.push(Arc::clone(windows));
        }
        id
    }

    /// What rules say, in a text: equal texts have the same position.
    pub(super) fn meaning(&mut self, text: &str) -> MeaningId {
        MeaningId(intern(&mut self.meanings, &mut self.known_meanings, text.into()))
    }

    /// Whether an event has a label that a variable stands for.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.variables
            .iter()
            .filter_map(|variable| if let Variable::Label(name) = variable { Some(&**name) } else { None })
    }

    /// The variable.
    pub(super) fn add_variable(&mut self, variable: Variable) -> VariableId {
        VariableId(intern(&mut self.variables, &mut self.known_variables, variable))
    }

    /// A constraint on a variable.
    pub(super) fn atom(&mut self, variable: VariableId, constraint: Constraint) -> Formula {
        let constraint = ConstraintId(intern(&mut self.constraints, &mut self.known_constraints, constraint));
        self.add(FormulaNode::Atom(FormulaAtom { variable, constraint }))
    }

    /// The atom of a formula that is one, and whether it is negated.
    pub(super) fn as_atom(&self, formula: Formula) -> Option<(FormulaAtom, bool)> {
        if let FormulaNode::Atom(atom) = self.node(formula) { Some((*atom, formula.is_negated())) } else { None }
    }

    /// The literals of a formula that says that a text is one of some, and the variable.
    pub(super) fn as_words(&self, formula: Formula) -> Option<(VariableId, &[Box<str>])> {
        let (atom, false) = self.as_atom(formula)? else { return None };
        let Some(Constraint::InSet(set)) = self.constraint(atom.constraint) else { return None };
        Some((atom.variable, set.words()?))
    }

    /// All hold.
    pub(super) fn and(&mut self, parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut all = Vec::new();
        for part in parts {
            match self.node(part) {
                FormulaNode::True if part.is_negated() => return Formula::FALSE,
                FormulaNode::True => {}
                FormulaNode::And(inner) if !part.is_negated() && inner.len() <= MAX_FLATTENED => {
                    all.extend_from_slice(inner);
                }
                FormulaNode::Atom(_) | FormulaNode::And(_) => all.push(part),
            }
        }
        all.sort_unstable();
        all.dedup();
        // A formula and its opposite are neighbours.
        if all.windows(2).any(|pair| matches!(pair, [one, two] if one.not() == *two)) {
            return Formula::FALSE;
        }
        match *all {
            [] => Formula::TRUE,
            [one] => one,
            [..] => self.add(FormulaNode::And(all.into())),
        }
    }

    /// At least one holds. Lists of literals for one variable become one list.
    pub(super) fn or(&mut self, parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut all: Vec<Formula> = parts.into_iter().filter(|part| *part != Formula::FALSE).collect();
        all.sort_unstable();
        all.dedup();
        if all.len() > 1 {
            all = self.with_joined_words(all);
        }
        self.and(all.into_iter().map(Formula::not)).not()
    }

    fn with_joined_words(&mut self, all: Vec<Formula>) -> Vec<Formula> {
        let mut lists: Vec<(VariableId, Formula)> = Vec::new();
        let mut rest = Vec::new();
        for part in all {
            match self.as_words(part) {
                Some((variable, _)) => lists.push((variable, part)),
                None => rest.push(part),
            }
        }
        lists.sort_unstable();
        for same in lists.chunk_by(|one, two| one.0 == two.0) {
            let &[(variable, first), ref more @ ..] = same else { continue };
            if more.is_empty() {
                rest.push(first);
                continue;
            }
            let words = same.iter().filter_map(|(_, part)| self.as_words(*part)).flat_map(|(_, words)| words);
            let set = StringSet::literals(words.map(AsRef::as_ref), Case::Sensitive);
            rest.push(self.atom(variable, Constraint::InSet(set)));
        }
        rest
    }

    fn add(&mut self, node: FormulaNode) -> Formula {
        Formula(intern(&mut self.nodes, &mut self.known_nodes, node) << 1)
    }
}

/// Parts of a conjunction within a conjunction are taken into it up to this number of them.
const MAX_FLATTENED: usize = 8;

fn intern<T: Clone + Eq + std::hash::Hash>(all: &mut Vec<T>, known: &mut HashMap<T, u32>, value: T) -> u32 {
    if let Some(id) = known.get(&value) {
        return *id;
    }
    // There are far fewer than 2^31: the builder stops before.
    let id = u32::try_from(all.len()).unwrap_or(u32::MAX >> 1);
    all.push(value.clone());
    known.insert(value, id);
    id
}
