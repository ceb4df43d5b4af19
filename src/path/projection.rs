//! The parts of a payload that a path reads.

use super::CompiledPath;
use super::program::{FilterCondition, FilterOperand, FilterPattern, PathQuery, PathSegment, PathSelector, QueryStart};
use crate::json::Projection;

impl CompiledPath {
    /// Adds what the path reads of the value that it starts from; `nodes` is what is read of the nodes that it finds.
    pub fn project(&self, start: &mut Projection, nodes: &Projection) {
        walk(start, &self.query.segments, nodes);
    }

    /// Adds what the filters of the path read of the payload, by `$`.
    pub fn project_payload(&self, payload: &mut Projection) {
        let mut rooted = Vec::new();
        for segment in &self.query.segments {
            from_payload(segment, &mut rooted);
        }
        for query in rooted {
            within_filter(payload, query);
        }
    }
}

fn walk(reach: &mut Projection, segments: &[PathSegment], nodes: &Projection) {
    let Some((segment, rest)) = segments.split_first() else { return reach.add(nodes) };
    // Several selectors side by side would each need the rest of the path.
    let [selector] = segment.selectors.as_slice() else { return reach.select_all() };
    if segment.descends {
        return reach.select_all();
    }
    match selector {
        PathSelector::Name(name) => walk(reach.member(name), rest, nodes),
        PathSelector::Index(_) | PathSelector::Every | PathSelector::Slice { .. } => {
            walk(reach.every(), rest, nodes);
        }
        PathSelector::Filter(condition) => {
            let child = reach.every();
            for used in queries(condition) {
                if used.query.start == QueryStart::Current {
                    within_filter(child, used);
                }
            }
            walk(child, rest, nodes);
        }
    }
}

fn within_filter(reach: &mut Projection, used: QueryUse<'_>) {
    let nodes = if used.reads_nodes { Projection::whole() } else { Projection::default() };
    walk(reach, &used.query.segments, &nodes);
}

/// A query within a filter, and what the filter asks of it.
#[derive(Clone, Copy)]
struct QueryUse<'p> {
    query: &'p PathQuery,
    /// Whether the filter reads the nodes, and not only their number.
    reads_nodes: bool,
}

/// The queries from `$` in the filters of a segment, and in the filters of those.
fn from_payload<'p>(segment: &'p PathSegment, found: &mut Vec<QueryUse<'p>>) {
    for selector in &segment.selectors {
        let PathSelector::Filter(condition) = selector else { continue };
        for used in queries(condition) {
            if used.query.start != QueryStart::Current {
                found.push(used);
            }
            used.query.segments.iter().for_each(|segment| from_payload(segment, found));
        }
    }
}

/// The queries of a condition.
fn queries(condition: &FilterCondition) -> Vec<QueryUse<'_>> {
    match condition {
        FilterCondition::Any(conditions) | FilterCondition::All(conditions) => {
            conditions.iter().flat_map(queries).collect()
        }
        FilterCondition::Not(condition) => queries(condition),
        FilterCondition::Exists(query) => vec![QueryUse { query, reads_nodes: false }],
        FilterCondition::Compare(_, left, right) => operand(left).into_iter().chain(operand(right)).collect(),
        FilterCondition::Fits { text, pattern, scope: _ } => {
            let found = match pattern {
                FilterPattern::Literal(_) => None,
                FilterPattern::FromDocument(pattern) => operand(pattern),
            };
            operand(text).into_iter().chain(found).collect()
        }
    }
}

fn operand(side: &FilterOperand) -> Option<QueryUse<'_>> {
    match side {
        FilterOperand::Literal(_) | FilterOperand::Text(_) => None,
        FilterOperand::Single(query) | FilterOperand::ValueOf(query) => Some(QueryUse { query, reads_nodes: true }),
        FilterOperand::Count(query) => Some(QueryUse { query, reads_nodes: false }),
        FilterOperand::Length(value) => operand(value),
    }
}
