//! Lowers the tree of the crate to the program.

use super::PathError;
use super::condition::regex;
use super::parser::PathAnalysis;
use super::program::{
    ComparisonOperator, FilterCondition, FilterOperand, FilterPattern, FitScope, PathQuery, PathSegment, PathSelector,
    QueryStart,
};
use crate::json::Value;
use crate::pattern::PatternError;
use jsonpath_rust::parser::model as tree;
use jsonpath_rust::parser::parse_json_path;

/// A path that is lowered.
pub(super) struct LoweredPath {
    pub(super) query: PathQuery,
    /// How many queries within filters start from `$`. Each is evaluated once.
    pub(super) memos: usize,
}

/// Parses and lowers a text that the parser of this module has accepted.
pub(super) fn lower(text: &str, analysis: &PathAnalysis) -> Result<LoweredPath, PathError> {
    let mut lowering = PathLowering { text, analysis, memos: 0, patterns: 0 };
    let parsed = parse_json_path(&rooted(text, analysis)).map_err(|_| lowering.unknown_to_crate())?;
    let query = lowering.query(&parsed.segments, QueryStart::Current)?;
    Ok(LoweredPath { query, memos: lowering.memos })
}

/// The text for the crate, which reads only queries from `$` and numbers up to 2^53. `@` at the start becomes `$`, and a
/// number becomes its position among the numbers of the path.
fn rooted(text: &str, analysis: &PathAnalysis) -> String {
    let mut rooted = String::with_capacity(text.len());
    let mut from = 0;
    for (place, (range, _)) in analysis.numbers.iter().enumerate() {
        rooted.push_str(text.get(from..range.start).unwrap_or_default());
        rooted.push_str(&place.to_string());
        from = range.end;
    }
    rooted.push_str(text.get(from..).unwrap_or_default());
    if rooted.starts_with('@') {
        rooted.replace_range(0..1, "$");
    }
    rooted
}

type Lowered<T> = Result<T, PathError>;

struct PathLowering<'l> {
    text: &'l str,
    analysis: &'l PathAnalysis,
    memos: usize,
    /// How many literal regexes were lowered so far.
    patterns: usize,
}

impl PathLowering<'_> {
    /// The error for a path that our parser accepts and the crate does not.
    fn unknown_to_crate(&self) -> PathError {
        PathError { range: 0..self.text.len(), message: "this path cannot be read".to_owned(), help: None }
    }

    fn query(&mut self, segments: &[tree::Segment], start: QueryStart) -> Lowered<PathQuery> {
        let segments = segments.iter().map(|segment| self.segment(segment)).collect::<Lowered<Vec<_>>>()?;
        Ok(PathQuery::new(start, segments))
    }

    fn payload_query(&mut self, segments: &[tree::Segment]) -> Lowered<PathQuery> {
        let number = self.memos;
        self.memos += 1;
        self.query(segments, QueryStart::Payload(number))
    }

    fn segment(&mut self, segment: &tree::Segment) -> Lowered<PathSegment> {
        match segment {
            tree::Segment::Descendant(segment) => Ok(PathSegment { descends: true, ..self.segment(segment)? }),
            tree::Segment::Selector(selector) => {
                Ok(PathSegment { descends: false, selectors: vec![self.selector(selector)?] })
            }
            tree::Segment::Selectors(selectors) => {
                let selectors = selectors.iter().map(|selector| self.selector(selector));
                Ok(PathSegment { descends: false, selectors: selectors.collect::<Lowered<_>>()? })
            }
        }
    }

    fn selector(&mut self, selector: &tree::Selector) -> Lowered<PathSelector> {
        Ok(match selector {
            tree::Selector::Name(name) => PathSelector::Name(name.clone()),
            tree::Selector::Wildcard => PathSelector::Every,
            tree::Selector::Index(index) => PathSelector::Index(*index),
            tree::Selector::Slice(start, end, step) => {
                PathSelector::Slice { start: *start, end: *end, step: step.unwrap_or(1) }
            }
            tree::Selector::Filter(filter) => PathSelector::Filter(self.condition(filter)?),
        })
    }

    fn condition(&mut self, filter: &tree::Filter) -> Lowered<FilterCondition> {
        let mut conditions =
            |filters: &[tree::Filter]| filters.iter().map(|filter| self.condition(filter)).collect::<Lowered<Vec<_>>>();
        match filter {
            tree::Filter::Or(filters) => Ok(FilterCondition::Any(conditions(filters)?)),
            tree::Filter::And(filters) => Ok(FilterCondition::All(conditions(filters)?)),
            tree::Filter::Atom(tree::FilterAtom::Filter { expr, not }) => Ok(negated(self.condition(expr)?, *not)),
            tree::Filter::Atom(tree::FilterAtom::Test { expr, not }) => Ok(negated(self.test(expr)?, *not)),
            tree::Filter::Atom(tree::FilterAtom::Comparison(comparison)) => self.comparison(comparison),
        }
    }

    fn test(&mut self, tested: &tree::Test) -> Lowered<FilterCondition> {
        match tested {
            tree::Test::RelQuery(segments) => Ok(FilterCondition::Exists(self.query(segments, QueryStart::Current)?)),
            tree::Test::AbsQuery(query) => Ok(FilterCondition::Exists(self.payload_query(&query.segments)?)),
            tree::Test::Function(function) => match function.as_ref() {
                tree::TestFunction::Match(text, pattern) => self.fits(text, pattern, FitScope::Whole),
                tree::TestFunction::Search(text, pattern) => self.fits(text, pattern, FitScope::Part),
                tree::TestFunction::Custom(..)
                | tree::TestFunction::Length(_)
                | tree::TestFunction::Value(_)
                | tree::TestFunction::Count(_) => Err(self.unknown_to_crate()),
            },
        }
    }

    fn fits(&mut self, text: &tree::FnArg, pattern: &tree::FnArg, scope: FitScope) -> Lowered<FilterCondition> {
        let text = self.argument(text)?;
        let pattern = if let tree::FnArg::Literal(tree::Literal::String(pattern)) = pattern {
            let place = self.analysis.patterns.get(self.patterns).cloned().unwrap_or(0..self.text.len());
            self.patterns += 1;
            let refused = |error: PatternError| PathError { range: place, message: error.message, help: error.help };
            FilterPattern::Literal(Box::new(regex(pattern).map_err(refused)?))
        } else {
            FilterPattern::FromDocument(self.argument(pattern)?)
        };
        Ok(FilterCondition::Fits { text, pattern, scope })
    }

    fn comparison(&mut self, comparison: &tree::Comparison) -> Lowered<FilterCondition> {
        let operator = match comparison {
            tree::Comparison::Eq(..) => ComparisonOperator::Equal,
            tree::Comparison::Ne(..) => ComparisonOperator::Unequal,
            tree::Comparison::Gt(..) => ComparisonOperator::Greater,
            tree::Comparison::Gte(..) => ComparisonOperator::AtLeast,
            tree::Comparison::Lt(..) => ComparisonOperator::Less,
            tree::Comparison::Lte(..) => ComparisonOperator::AtMost,
        };
        let (left, right) = comparison.vals();
        Ok(FilterCondition::Compare(operator, self.comparable(left)?, self.comparable(right)?))
    }

    fn comparable(&mut self, comparable: &tree::Comparable) -> Lowered<FilterOperand> {
        match comparable {
            tree::Comparable::Literal(literal) => self.literal(literal),
            tree::Comparable::Function(function) => self.function(function),
            tree::Comparable::SingularQuery(query) => Ok(self.singular(query)),
        }
    }

    fn singular(&mut self, query: &tree::SingularQuery) -> FilterOperand {
        let (segments, start) = match query {
            tree::SingularQuery::Current(segments) => (segments, QueryStart::Current),
            tree::SingularQuery::Root(segments) => {
                self.memos += 1;
                (segments, QueryStart::Payload(self.memos - 1))
            }
        };
        let segments = segments.iter().map(|segment| {
            let selector = match segment {
                tree::SingularQuerySegment::Index(index) => PathSelector::Index(*index),
                tree::SingularQuerySegment::Name(name) => PathSelector::Name(name.clone()),
            };
            PathSegment { descends: false, selectors: vec![selector] }
        });
        FilterOperand::Single(PathQuery::new(start, segments.collect()))
    }

    fn function(&mut self, function: &tree::TestFunction) -> Lowered<FilterOperand> {
        match function {
            tree::TestFunction::Length(argument) => Ok(FilterOperand::Length(Box::new(self.argument(argument)?))),
            tree::TestFunction::Count(argument) => Ok(FilterOperand::Count(self.nodes(argument)?)),
            tree::TestFunction::Value(argument) => Ok(FilterOperand::ValueOf(self.nodes(argument)?)),
            tree::TestFunction::Custom(..) | tree::TestFunction::Search(..) | tree::TestFunction::Match(..) => {
                Err(self.unknown_to_crate())
            }
        }
    }

    /// An argument that is a value. The parser has checked that a path there is singular.
    fn argument(&mut self, argument: &tree::FnArg) -> Lowered<FilterOperand> {
        match argument {
            tree::FnArg::Literal(literal) => self.literal(literal),
            tree::FnArg::Test(test) => match test.as_ref() {
                tree::Test::Function(function) => self.function(function),
                tree::Test::RelQuery(_) | tree::Test::AbsQuery(_) => Ok(FilterOperand::Single(self.nodes(argument)?)),
            },
            tree::FnArg::Filter(_) => Err(self.unknown_to_crate()),
        }
    }

    /// An argument that is a path.
    fn nodes(&mut self, argument: &tree::FnArg) -> Lowered<PathQuery> {
        let tree::FnArg::Test(test) = argument else { return Err(self.unknown_to_crate()) };
        match test.as_ref() {
            tree::Test::RelQuery(segments) => self.query(segments, QueryStart::Current),
            tree::Test::AbsQuery(query) => self.payload_query(&query.segments),
            tree::Test::Function(_) => Err(self.unknown_to_crate()),
        }
    }

    fn literal(&self, literal: &tree::Literal) -> Lowered<FilterOperand> {
        Ok(FilterOperand::Literal(match literal {
            tree::Literal::Int(place) => {
                let number = usize::try_from(*place).ok().and_then(|place| self.analysis.numbers.get(place));
                Value::Number(number.ok_or_else(|| self.unknown_to_crate())?.1)
            }
            tree::Literal::Float(_) => return Err(self.unknown_to_crate()),
            tree::Literal::String(text) => return Ok(FilterOperand::Text(text.as_str().into())),
            tree::Literal::Bool(truth) => Value::Boolean(*truth),
            tree::Literal::Null => Value::Null,
        }))
    }
}

fn negated(condition: FilterCondition, not: bool) -> FilterCondition {
    if not { FilterCondition::Not(Box::new(condition)) } else { condition }
}
