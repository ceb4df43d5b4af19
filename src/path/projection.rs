//! What of a payload a path looks at.

use super::program::{
    FilterCondition, FilterOperand, FilterPattern, PathQuery, PathSegment, PathSelector, QueryStart,
};
use super::{CompiledPath, PathRoot};
use crate::json::Projection;

impl CompiledPath {
    /// Adds to what is looked at of the payload what the path passes through, and its nodes by `nodes`: `each` is the path
    /// that chooses `@`, which is the payload where there is none.
    pub fn project(&self, each: Option<&Self>, payload: &mut Projection, nodes: &dyn Fn(&mut Projection)) {
        let to_element = each.filter(|_| self.root == PathRoot::Element);
        let before = to_element.map_or(&[][..], |each| &each.query.segments);
        let segments: Vec<&PathSegment> = before.iter().chain(&self.query.segments).collect();
        walk(payload, &segments, nodes);
        let mut rooted = Vec::new();
        for segment in &segments {
            from_payload(segment, &mut rooted);
        }
        for (query, is_whole) in rooted {
            within_filter(payload, query, is_whole);
        }
    }
}

fn walk(reach: &mut Projection, segments: &[&PathSegment], nodes: &dyn Fn(&mut Projection)) {
    let Some((segment, rest)) = segments.split_first() else { return nodes(reach) };
    // Several names side by side would each need what follows.
    let [selector] = segment.selectors.as_slice() else { return reach.select_all() };
    if segment.descends {
        return reach.select_all();
    }
    match selector {
        PathSelector::Name(name) => walk(reach.member(name), rest, nodes),
        PathSelector::Index(_) | PathSelector::Every | PathSelector::Slice { .. } => {
            walk(reach.every(), rest, nodes)
        }
        PathSelector::Filter(condition) => {
            let child = reach.every();
            for (query, is_whole) in queries(condition) {
                if query.start == QueryStart::Current {
                    within_filter(child, query, is_whole);
                }
            }
            walk(child, rest, nodes);
        }
    }
}

fn within_filter(reach: &mut Projection, query: &PathQuery, is_whole: bool) {
    let segments: Vec<&PathSegment> = query.segments.iter().collect();
    walk(reach, &segments, &|reach| {
        if is_whole {
            reach.select_all();
        }
    });
}

/// The queries from `$` in the filters of a segment, and in theirs.
fn from_payload<'p>(segment: &'p PathSegment, found: &mut Vec<(&'p PathQuery, bool)>) {
    for selector in &segment.selectors {
        let PathSelector::Filter(condition) = selector else { continue };
        for (query, is_whole) in queries(condition) {
            if query.start != QueryStart::Current {
                found.push((query, is_whole));
            }
            query.segments.iter().for_each(|segment| from_payload(segment, found));
        }
    }
}

/// The queries of a condition, and whether more is asked of their nodes than how many there are.
fn queries(condition: &FilterCondition) -> Vec<(&PathQuery, bool)> {
    match condition {
        FilterCondition::Any(conditions) | FilterCondition::All(conditions) => {
            conditions.iter().flat_map(queries).collect()
        }
        FilterCondition::Not(condition) => queries(condition),
        FilterCondition::Exists(query) => vec![(query, false)],
        FilterCondition::Compare(_, left, right) => operand(left).into_iter().chain(operand(right)).collect(),
        FilterCondition::Fits { text, pattern, whole: _ } => {
            let found = match pattern {
                FilterPattern::Literal(_) => None,
                FilterPattern::FromDocument(pattern) => operand(pattern),
            };
            operand(text).into_iter().chain(found).collect()
        }
    }
}

fn operand(side: &FilterOperand) -> Option<(&PathQuery, bool)> {
    match side {
        FilterOperand::Literal(_) | FilterOperand::Text(_) => None,
        FilterOperand::Single(query) | FilterOperand::ValueOf(query) => Some((query, true)),
        FilterOperand::Count(query) => Some((query, false)),
        FilterOperand::Length(value) => operand(value),
    }
}
