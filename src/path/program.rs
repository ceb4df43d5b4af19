//! The compiled form of a path.

use crate::json::{OwnedMemberName, Value};
use crate::pattern::RegexPattern;

/// A query: a start, and the segments that follow it.
#[derive(Debug)]
pub(crate) struct PathQuery {
    pub(crate) start: QueryStart,
    pub(crate) segments: Vec<PathSegment>,
    /// The same query if every segment is one name or one index.
    singular: Option<Box<[SingularStep]>>,
}

/// What a query within a filter starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryStart {
    /// `@`: the node that the filter tests.
    Current,
    /// `$`: the payload. The query does not depend on the node that the filter tests, so its result is kept under this number
    /// and reused.
    Payload(usize),
}

/// A step from nodes to nodes.
#[derive(Debug)]
pub(crate) struct PathSegment {
    /// Whether it applies to every descendant too.
    pub(crate) descends: bool,
    pub(crate) selectors: Vec<PathSelector>,
}

#[derive(Debug)]
pub(crate) enum PathSelector {
    Name(String),
    Index(i64),
    Every,
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(FilterCondition),
}

/// The condition of a filter.
#[derive(Debug)]
pub(crate) enum FilterCondition {
    Any(Vec<FilterCondition>),
    All(Vec<FilterCondition>),
    Not(Box<FilterCondition>),
    Exists(PathQuery),
    Compare(ComparisonOperator, FilterOperand, FilterOperand),
    Fits { text: FilterOperand, pattern: FilterPattern, scope: FitScope },
}

/// How much of a text a regex must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FitScope {
    /// All of it: `match`.
    Whole,
    /// Any part: `search`.
    Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComparisonOperator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// One side of a comparison, or an argument that is a value.
#[derive(Debug)]
pub(crate) enum FilterOperand {
    Literal(Value<'static>),
    Text(Box<str>),
    Single(PathQuery),
    Length(Box<FilterOperand>),
    Count(PathQuery),
    ValueOf(PathQuery),
}

/// The regex of `match` and `search`.
#[derive(Debug)]
pub(crate) enum FilterPattern {
    /// A literal in the path, compiled when the rules are loaded.
    Literal(Box<RegexPattern>),
    /// Taken from the document.
    FromDocument(FilterOperand),
}

impl FitScope {
    pub(crate) fn fits(self, regex: &RegexPattern, text: &str) -> bool {
        match self {
            Self::Whole => regex.matches(text),
            Self::Part => regex.finds(text),
        }
    }
}

impl PathQuery {
    pub(crate) fn new(start: QueryStart, segments: Vec<PathSegment>) -> Self {
        let singular = segments.iter().map(PathSegment::step).collect();
        Self { start, segments, singular }
    }

    /// Whether every segment is one name or one index.
    pub(crate) fn is_singular(&self) -> bool {
        self.singular.is_some()
    }

    /// The steps of a singular query; none if it is not singular.
    pub(crate) fn steps(&self) -> &[SingularStep] {
        self.singular.as_deref().unwrap_or_default()
    }

    /// The node of a singular query.
    pub(crate) fn single<'v>(&self, start: &'v Value<'v>) -> Option<&'v Value<'v>> {
        self.singular.as_ref()?.iter().try_fold(start, |node, step| step.child(node))
    }
}

/// A segment of one name or one index.
#[derive(Debug, Clone)]
pub enum SingularStep {
    /// A member of an object.
    Name(OwnedMemberName),
    /// An element of an array; a negative index counts from the end.
    Index(i64),
}

impl SingularStep {
    /// The node that it selects.
    #[must_use]
    pub fn child<'v>(&self, node: &Value<'v>) -> Option<&'v Value<'v>> {
        match self {
            Self::Name(name) => node.as_object()?.find(name.name()),
            Self::Index(_) => self.item(node.as_array()?),
        }
    }

    /// The item of a list that it selects; none for a name.
    #[must_use]
    pub fn item<'l, T>(&self, items: &'l [T]) -> Option<&'l T> {
        let Self::Index(index) = self else { return None };
        items.get(place(*index, items.len())?)
    }
}

/// A step to one of the nodes that a segment may choose.
#[derive(Debug, Clone)]
pub enum SampleStep {
    /// The only one: a member or an item.
    Only(SingularStep),
    /// A member or an item of many that the segment chooses.
    Among(SingularStep),
    /// Whichever child.
    Any,
    /// This child, or whichever, of the node or of anything within it.
    Below(Option<SingularStep>),
}

impl PathSegment {
    /// A step to one of the nodes that it may choose.
    pub(crate) fn sample_step(&self) -> SampleStep {
        if let Some(step) = self.step() {
            return SampleStep::Only(step);
        }
        let child = match self.selectors.first() {
            Some(PathSelector::Name(name)) => Some(SingularStep::Name(OwnedMemberName::new(name))),
            Some(PathSelector::Index(index)) => Some(SingularStep::Index(*index)),
            Some(PathSelector::Every | PathSelector::Slice { .. } | PathSelector::Filter(_)) | None => None,
        };
        match child {
            child if self.descends => SampleStep::Below(child),
            Some(child) => SampleStep::Among(child),
            None => SampleStep::Any,
        }
    }

    /// The segment as a step, if it is one name or one index.
    fn step(&self) -> Option<SingularStep> {
        match self.selectors.as_slice() {
            [PathSelector::Name(name)] if !self.descends => Some(SingularStep::Name(OwnedMemberName::new(name))),
            [PathSelector::Index(index)] if !self.descends => Some(SingularStep::Index(*index)),
            _ => None,
        }
    }
}

impl PathSelector {
    /// The child that a name or an index selects.
    pub(crate) fn single<'v>(&self, node: &'v Value<'v>) -> Option<&'v Value<'v>> {
        match (self, node) {
            (Self::Name(name), Value::Object(object)) => object.get(name),
            (Self::Index(index), Value::Array(items)) => items.get(place(*index, items.len())?),
            (Self::Name(_) | Self::Index(_) | Self::Every | Self::Slice { .. } | Self::Filter(_), _) => None,
        }
    }
}

/// The place of an index. A negative index counts from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(place) => Some(place),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}
