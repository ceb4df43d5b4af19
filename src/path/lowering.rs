//! From the crate's tree to the program.

use super::Invalid;
use super::condition::regex;
use super::program::{Condition, Operand, Operator, Pattern, Query, Segment, Selector, Start};
use super::reading::Findings;
use crate::json::Value;
use jsonpath_rust::parser::model as tree;
use jsonpath_rust::parser::parse_json_path;

/// Parses a text that was read well, and lowers it; gives how many memories its queries need besides.
pub(super) fn lower(text: &str, findings: &Findings) -> Result<(Query, usize), Invalid> {
    let mut lowering = Lowering { text, findings, memories: 0, patterns: 0 };
    let parsed = parse_json_path(&rooted(text, findings)).map_err(|_| lowering.beyond())?;
    let query = lowering.query(&parsed.segments, Start::Current)?;
    Ok((query, lowering.memories))
}

/// The text for the crate, which knows queries from `$` alone and numbers up to 2^53: `@` at the start becomes `$`, and
/// a number becomes its place among the numbers that were found.
fn rooted(text: &str, findings: &Findings) -> String {
    let mut rooted = String::with_capacity(text.len());
    let mut from = 0;
    for (place, (range, _)) in findings.numbers.iter().enumerate() {
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

type Lowered<T> = Result<T, Invalid>;

struct Lowering<'l> {
    text: &'l str,
    findings: &'l Findings,
    memories: usize,
    /// How many written regexes were met.
    patterns: usize,
}

impl Lowering<'_> {
    /// The refusal of what the reader let through and the crate does not know.
    fn beyond(&self) -> Invalid {
        Invalid { range: 0..self.text.len(), message: "this path cannot be read".to_owned(), help: None }
    }

    fn query(&mut self, segments: &[tree::Segment], start: Start) -> Lowered<Query> {
        let segments = segments.iter().map(|segment| self.segment(segment)).collect::<Lowered<Vec<_>>>()?;
        Ok(Query::new(start, segments))
    }

    fn payload_query(&mut self, segments: &[tree::Segment]) -> Lowered<Query> {
        let number = self.memories;
        self.memories += 1;
        self.query(segments, Start::Payload(number))
    }

    fn segment(&mut self, segment: &tree::Segment) -> Lowered<Segment> {
        match segment {
            tree::Segment::Descendant(segment) => Ok(Segment { descends: true, ..self.segment(segment)? }),
            tree::Segment::Selector(selector) => {
                Ok(Segment { descends: false, selectors: vec![self.selector(selector)?] })
            }
            tree::Segment::Selectors(selectors) => {
                let selectors = selectors.iter().map(|selector| self.selector(selector));
                Ok(Segment { descends: false, selectors: selectors.collect::<Lowered<_>>()? })
            }
        }
    }

    fn selector(&mut self, selector: &tree::Selector) -> Lowered<Selector> {
        Ok(match selector {
            tree::Selector::Name(name) => Selector::Name(name.clone()),
            tree::Selector::Wildcard => Selector::Every,
            tree::Selector::Index(index) => Selector::Index(*index),
            tree::Selector::Slice(start, end, step) => {
                Selector::Slice { start: *start, end: *end, step: step.unwrap_or(1) }
            }
            tree::Selector::Filter(filter) => Selector::Filter(self.condition(filter)?),
        })
    }

    fn condition(&mut self, filter: &tree::Filter) -> Lowered<Condition> {
        let mut all = |filters: &[tree::Filter]| {
            filters.iter().map(|filter| self.condition(filter)).collect::<Lowered<Vec<_>>>()
        };
        match filter {
            tree::Filter::Or(filters) => Ok(Condition::Any(all(filters)?)),
            tree::Filter::And(filters) => Ok(Condition::All(all(filters)?)),
            tree::Filter::Atom(tree::FilterAtom::Filter { expr, not }) => {
                Ok(negated(self.condition(expr)?, *not))
            }
            tree::Filter::Atom(tree::FilterAtom::Test { expr, not }) => Ok(negated(self.test(expr)?, *not)),
            tree::Filter::Atom(tree::FilterAtom::Comparison(comparison)) => self.comparison(comparison),
        }
    }

    fn test(&mut self, tested: &tree::Test) -> Lowered<Condition> {
        match tested {
            tree::Test::RelQuery(segments) => Ok(Condition::Exists(self.query(segments, Start::Current)?)),
            tree::Test::AbsQuery(query) => Ok(Condition::Exists(self.payload_query(&query.segments)?)),
            tree::Test::Function(function) => match function.as_ref() {
                tree::TestFunction::Match(text, pattern) => self.fits(text, pattern, true),
                tree::TestFunction::Search(text, pattern) => self.fits(text, pattern, false),
                tree::TestFunction::Custom(..)
                | tree::TestFunction::Length(_)
                | tree::TestFunction::Value(_)
                | tree::TestFunction::Count(_) => Err(self.beyond()),
            },
        }
    }

    fn fits(&mut self, text: &tree::FnArg, pattern: &tree::FnArg, whole: bool) -> Lowered<Condition> {
        let text = self.argument(text)?;
        let pattern = if let tree::FnArg::Literal(tree::Literal::String(pattern)) = pattern {
            let place = self.findings.patterns.get(self.patterns).cloned().unwrap_or(0..self.text.len());
            self.patterns += 1;
            let compiled = regex(pattern).map_err(|refused| Invalid {
                range: place,
                message: refused.message,
                help: refused.help,
            });
            Pattern::Written(Box::new(compiled?))
        } else {
            Pattern::Found(self.argument(pattern)?)
        };
        Ok(Condition::Fits { text, pattern, whole })
    }

    fn comparison(&mut self, comparison: &tree::Comparison) -> Lowered<Condition> {
        let operator = match comparison {
            tree::Comparison::Eq(..) => Operator::Equal,
            tree::Comparison::Ne(..) => Operator::Unequal,
            tree::Comparison::Gt(..) => Operator::Greater,
            tree::Comparison::Gte(..) => Operator::AtLeast,
            tree::Comparison::Lt(..) => Operator::Less,
            tree::Comparison::Lte(..) => Operator::AtMost,
        };
        let (left, right) = comparison.vals();
        Ok(Condition::Compare(operator, self.comparable(left)?, self.comparable(right)?))
    }

    fn comparable(&mut self, comparable: &tree::Comparable) -> Lowered<Operand> {
        match comparable {
            tree::Comparable::Literal(literal) => self.literal(literal),
            tree::Comparable::Function(function) => self.function(function),
            tree::Comparable::SingularQuery(query) => Ok(self.singular(query)),
        }
    }

    fn singular(&mut self, query: &tree::SingularQuery) -> Operand {
        let (segments, start) = match query {
            tree::SingularQuery::Current(segments) => (segments, Start::Current),
            tree::SingularQuery::Root(segments) => {
                self.memories += 1;
                (segments, Start::Payload(self.memories - 1))
            }
        };
        let segments = segments.iter().map(|segment| {
            let selector = match segment {
                tree::SingularQuerySegment::Index(index) => Selector::Index(*index),
                tree::SingularQuerySegment::Name(name) => Selector::Name(name.clone()),
            };
            Segment { descends: false, selectors: vec![selector] }
        });
        Operand::Single(Query::new(start, segments.collect()))
    }

    fn function(&mut self, function: &tree::TestFunction) -> Lowered<Operand> {
        match function {
            tree::TestFunction::Length(argument) => Ok(Operand::Length(Box::new(self.argument(argument)?))),
            tree::TestFunction::Count(argument) => Ok(Operand::Count(self.nodes(argument)?)),
            tree::TestFunction::Value(argument) => Ok(Operand::ValueOf(self.nodes(argument)?)),
            tree::TestFunction::Custom(..)
            | tree::TestFunction::Search(..)
            | tree::TestFunction::Match(..) => Err(self.beyond()),
        }
    }

    /// An argument that is a value; the reader saw to it that a path there is singular.
    fn argument(&mut self, argument: &tree::FnArg) -> Lowered<Operand> {
        match argument {
            tree::FnArg::Literal(literal) => self.literal(literal),
            tree::FnArg::Test(test) => match test.as_ref() {
                tree::Test::Function(function) => self.function(function),
                tree::Test::RelQuery(_) | tree::Test::AbsQuery(_) => {
                    Ok(Operand::Single(self.nodes(argument)?))
                }
            },
            tree::FnArg::Filter(_) => Err(self.beyond()),
        }
    }

    /// An argument that is a path.
    fn nodes(&mut self, argument: &tree::FnArg) -> Lowered<Query> {
        let tree::FnArg::Test(test) = argument else { return Err(self.beyond()) };
        match test.as_ref() {
            tree::Test::RelQuery(segments) => self.query(segments, Start::Current),
            tree::Test::AbsQuery(query) => self.payload_query(&query.segments),
            tree::Test::Function(_) => Err(self.beyond()),
        }
    }

    fn literal(&self, literal: &tree::Literal) -> Lowered<Operand> {
        Ok(Operand::Literal(match literal {
            tree::Literal::Int(place) => {
                let number = usize::try_from(*place).ok().and_then(|place| self.findings.numbers.get(place));
                Value::Number(number.ok_or_else(|| self.beyond())?.1)
            }
            tree::Literal::Float(_) => return Err(self.beyond()),
            tree::Literal::String(text) => return Ok(Operand::Text(text.as_str().into())),
            tree::Literal::Bool(truth) => Value::Boolean(*truth),
            tree::Literal::Null => Value::Null,
        }))
    }
}

fn negated(condition: Condition, not: bool) -> Condition {
    if not { Condition::Not(Box::new(condition)) } else { condition }
}
