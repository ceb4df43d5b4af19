//! Expressions as flat nodes.

use super::LabelId;
use crate::event::GroupField;
use crate::function::Function;
use crate::model::{EventField, Literal, RequestPart, ValueKind};
use crate::path::CompiledPath;
use crate::pattern::{Case, Glob, MatchScope, Network, PiecePosition, RegexPattern};
use crate::syntax::tree::{OrderRelation, Quantifier};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// The position of an expression in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// An expression.
#[derive(Debug)]
pub enum Node {
    /// A constant value.
    Literal(Literal),
    /// A string with interpolated values.
    Template(Box<[TemplatePart]>),
    /// A singular path.
    Path(Arc<CompiledPath>),
    /// All nodes of a path.
    Nodes(NodesPath),
    /// A regex as an argument.
    Regex(Arc<RegexPattern>),
    /// A let of the mapping.
    Let(usize),
    /// A field of the event.
    Field(EventField),
    /// A label of the event.
    Label(LabelId),
    /// A parameter of the table.
    Parameter(usize),
    /// What the request says besides its body.
    Request(RequestPart),
    /// What a message says of its group.
    Group(GroupField),
    /// A define.
    Define(usize),
    /// A singular path over a value: members and items of it.
    Navigate(NodeId, Arc<CompiledPath>),
    /// A built-in function.
    Call(&'static Function, Box<[NodeId]>),
    /// A table.
    Lookup(usize, Box<[NodeId]>),
    /// The first that is not missing or null.
    Coalesce(Box<[NodeId]>),
    /// A match; its arms result in expressions.
    Match(Box<Match<NodeId>>),
    /// A route's match; its arms result in positions of targets.
    Choose(Box<Match<usize>>),
    /// At least one holds.
    Or(Box<[NodeId]>),
    /// All hold; the part that is decided fastest comes first.
    And(Box<[NodeId]>),
    /// It does not hold.
    Not(NodeId),
    /// A comparison.
    Compare(Box<Comparison>),
    /// A list.
    List(Box<[NodeId]>),
    /// An object.
    Object(Box<[(Box<str>, NodeId)]>),
}

/// A path of many nodes, and the value that it starts from.
#[derive(Debug)]
pub struct NodesPath {
    /// The value; none for a path from `$` or `@`.
    pub start: Option<NodeId>,
    /// The path.
    pub path: Arc<CompiledPath>,
}

/// A piece of a template.
#[derive(Debug)]
pub enum TemplatePart {
    /// Words.
    Text(Box<str>),
    /// A value, as its text.
    Value(NodeId),
}

/// A comparison.
#[derive(Debug)]
pub struct Comparison {
    /// What is tested.
    pub subject: ComparisonSubject,
    /// The label, if one is tested: the most common case by far.
    pub label: Option<LabelId>,
    /// Whether the result is negated.
    pub negated: bool,
    /// How.
    pub test: Predicate,
    /// Whether letter case counts.
    pub case: Case,
}

/// What a comparison tests.
#[derive(Debug)]
pub enum ComparisonSubject {
    /// One value.
    Value(NodeId),
    /// The nodes of a path.
    Nodes(Quantifier, NodesPath),
    /// The time of evaluation.
    Now,
}

/// A comparison or pattern without its left side. Under `ignore case` literal texts are folded already.
#[derive(Debug)]
pub enum Predicate {
    /// Whatever it is.
    Any,
    /// Missing or null.
    Missing,
    /// Exactly null.
    Null,
    /// A test that only strings pass.
    Text(TextPredicate),
    /// Equal to a value.
    Equal(NodeId),
    /// Before or after a value.
    Order(OrderRelation, NodeId),
    /// Equal to one of these values.
    In(Box<[NodeId]>),
    /// It is of a kind.
    Is(ValueKind),
    /// A time within the schedule.
    During(usize),
}

impl Predicate {
    /// The expressions on its right side.
    #[must_use]
    pub fn operands(&self) -> &[NodeId] {
        match self {
            Self::Equal(node) | Self::Order(_, node) | Self::Text(TextPredicate::Piece(_, node)) => {
                std::slice::from_ref(node)
            }
            Self::In(nodes) => nodes,
            Self::Any
            | Self::Missing
            | Self::Null
            | Self::Text(
                TextPredicate::Equal(_)
                | TextPredicate::OneOf(_)
                | TextPredicate::Cidr(_)
                | TextPredicate::Like(_)
                | TextPredicate::Regex(..),
            )
            | Self::Is(_)
            | Self::During(_) => &[],
        }
    }
}

/// A test that only strings pass. Under `ignore case` literal texts are folded already.
#[derive(Debug)]
pub enum TextPredicate {
    /// Equal to this text.
    Equal(Box<str>),
    /// Equal to one of these texts, which are sorted.
    OneOf(Box<[Box<str>]>),
    /// An address within one of the networks.
    Cidr(Box<[Network]>),
    /// A glob fits the whole string.
    Like(Box<[Glob]>),
    /// The regex fits.
    Regex(MatchScope, Arc<RegexPattern>),
    /// The string begins with another, ends with it, or holds it.
    Piece(PiecePosition, NodeId),
}

/// `match`; `R` is what an arm results in.
#[derive(Debug)]
pub struct Match<R> {
    /// The subjects.
    pub subjects: Box<[NodeId]>,
    /// Whether letter case counts.
    pub case: Case,
    /// The arms in order.
    pub arms: Vec<MatchArm<R>>,
    /// Which arm a text chooses, if many arms are chosen by constant texts.
    pub index: Option<ArmIndex>,
}

/// The arms of a match of one column, by the texts that choose them.
#[derive(Debug)]
pub struct ArmIndex {
    /// The first arm that each text chooses, folded where letter case is ignored.
    pub texts: HashMap<Box<str>, usize, RandomState>,
    /// The arms that other values choose as well, in order.
    pub others: Box<[usize]>,
}

impl<R> Match<R> {
    /// Fewer arms are tried one after the other.
    const FEWEST_ARMS: usize = 8;

    /// A match, with an index if it is large enough.
    #[must_use]
    pub fn new(subjects: Box<[NodeId]>, case: Case, arms: Vec<MatchArm<R>>) -> Self {
        let is_large = subjects.len() == 1 && arms.len() >= Self::FEWEST_ARMS;
        let index = is_large.then(|| ArmIndex::new(&arms));
        Self { subjects, case, arms, index }
    }
}

impl ArmIndex {
    fn new<R>(arms: &[MatchArm<R>]) -> Self {
        let mut index = Self { texts: HashMap::default(), others: Box::default() };
        let mut others = Vec::new();
        for (position, arm) in arms.iter().enumerate() {
            let alternatives = arm.columns.iter().flatten();
            let literals: Option<Vec<&Box<str>>> = alternatives
                .map(|test| if let Predicate::Text(TextPredicate::Equal(text)) = test { Some(text) } else { None })
                .collect();
            match literals {
                Some(literals) if !arm.columns.is_empty() => {
                    for literal in literals {
                        index.texts.entry(literal.clone()).or_insert(position);
                    }
                }
                Some(_) | None => others.push(position),
            }
        }
        index.others = others.into();
        index
    }
}

/// An arm.
#[derive(Debug)]
pub struct MatchArm<R> {
    /// One entry a column, each with its alternatives; empty for `else`.
    pub columns: Box<[Box<[Predicate]>]>,
    /// What it results in.
    pub result: R,
    /// `note "…"`
    pub note: Option<NodeId>,
    /// Its place.
    pub place: crate::source::Span,
}
