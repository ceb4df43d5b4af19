//! The compiled form of a path.

use crate::json::{KeptName, Value};
use crate::pattern::Regex;

/// A query: a start, and the segments that lead on from it.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) start: Start,
    pub(super) segments: Vec<Segment>,
    /// The same where every segment is one name or one index.
    singular: Option<Box<[Step]>>,
}

/// What a query within a filter starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// `@`: the node that the filter tests.
    Current,
    /// `$`: the payload. Nothing in such a query depends on the node under test, so what it gives is kept in the
    /// memory of this number and reused.
    Payload(usize),
}

/// A step from nodes to nodes.
#[derive(Debug)]
pub(super) struct Segment {
    /// Whether it is taken from every descendant too.
    pub(super) descends: bool,
    pub(super) selectors: Vec<Selector>,
}

#[derive(Debug)]
pub(super) enum Selector {
    Name(String),
    Index(i64),
    Every,
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Condition),
}

/// What a filter asks of a node.
#[derive(Debug)]
pub(super) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    Exists(Query),
    Compare(Operator, Operand, Operand),
    Fits { text: Operand, pattern: Pattern, whole: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// One side of a comparison, or an argument that is a value.
#[derive(Debug)]
pub(super) enum Operand {
    Literal(Value<'static>),
    Text(Box<str>),
    Single(Query),
    Length(Box<Operand>),
    Count(Query),
    ValueOf(Query),
}

/// The regex of `match` and `search`.
#[derive(Debug)]
pub(super) enum Pattern {
    /// Written in the path, compiled at load.
    Written(Box<Regex>),
    /// Taken from the document.
    Found(Operand),
}

impl Query {
    pub(super) fn new(start: Start, segments: Vec<Segment>) -> Self {
        let singular = segments.iter().map(Segment::step).collect();
        Self { start, segments, singular }
    }

    /// Whether every segment is one name or one index.
    pub(super) fn is_singular(&self) -> bool {
        self.singular.is_some()
    }

    /// The node of a singular query.
    pub(super) fn single<'v>(&self, start: &'v Value<'v>) -> Option<&'v Value<'v>> {
        self.singular.as_ref()?.iter().try_fold(start, |node, step| step.child(node))
    }
}

/// A segment of one name or one index.
#[derive(Debug)]
enum Step {
    Name(KeptName),
    Index(i64),
}

impl Step {
    fn child<'v>(&self, node: &'v Value<'v>) -> Option<&'v Value<'v>> {
        match self {
            Self::Name(name) => node.as_object()?.find(name.name()),
            Self::Index(index) => {
                let items = node.as_array()?;
                items.get(place(*index, items.len())?)
            }
        }
    }
}

impl Segment {
    /// The segment as a step, where it is one.
    fn step(&self) -> Option<Step> {
        match self.selectors.as_slice() {
            [Selector::Name(name)] if !self.descends => Some(Step::Name(KeptName::new(name))),
            [Selector::Index(index)] if !self.descends => Some(Step::Index(*index)),
            _ => None,
        }
    }
}

impl Selector {
    /// The child that a name or an index selects.
    pub(super) fn single<'v>(&self, node: &'v Value<'v>) -> Option<&'v Value<'v>> {
        match (self, node) {
            (Self::Name(name), Value::Object(object)) => object.get(name),
            (Self::Index(index), Value::Array(items)) => items.get(place(*index, items.len())?),
            (Self::Name(_) | Self::Index(_) | Self::Every | Self::Slice { .. } | Self::Filter(_), _) => None,
        }
    }
}

/// The place of an index that counts from the end where it is negative.
fn place(index: i64, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(place) => Some(place),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}
