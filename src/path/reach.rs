//! What of a payload a path looks at.

use super::program::{Condition, Operand, Pattern, Query, Segment, Selector, Start};
use super::{Path, Root};
use crate::json::Reach;

impl Path {
    /// Adds to what is looked at of the payload what the path passes through, and its nodes by `nodes`: `each` is the path
    /// that chooses `@`, which is the payload where there is none.
    pub fn reach(&self, each: Option<&Self>, payload: &mut Reach, nodes: &dyn Fn(&mut Reach)) {
        let to_element = each.filter(|_| self.root == Root::Element);
        let before = to_element.map_or(&[][..], |each| &each.query.segments);
        let segments: Vec<&Segment> = before.iter().chain(&self.query.segments).collect();
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

fn walk(reach: &mut Reach, segments: &[&Segment], nodes: &dyn Fn(&mut Reach)) {
    let Some((segment, rest)) = segments.split_first() else { return nodes(reach) };
    // Several names side by side would each need what follows.
    let [selector] = segment.selectors.as_slice() else { return reach.take() };
    if segment.descends {
        return reach.take();
    }
    match selector {
        Selector::Name(name) => walk(reach.member(name), rest, nodes),
        Selector::Index(_) | Selector::Every | Selector::Slice { .. } => walk(reach.every(), rest, nodes),
        Selector::Filter(condition) => {
            let child = reach.every();
            for (query, is_whole) in queries(condition) {
                if query.start == Start::Current {
                    within_filter(child, query, is_whole);
                }
            }
            walk(child, rest, nodes);
        }
    }
}

fn within_filter(reach: &mut Reach, query: &Query, is_whole: bool) {
    let segments: Vec<&Segment> = query.segments.iter().collect();
    walk(reach, &segments, &|reach| {
        if is_whole {
            reach.take();
        }
    });
}

/// The queries from `$` in the filters of a segment, and in theirs.
fn from_payload<'p>(segment: &'p Segment, found: &mut Vec<(&'p Query, bool)>) {
    for selector in &segment.selectors {
        let Selector::Filter(condition) = selector else { continue };
        for (query, is_whole) in queries(condition) {
            if query.start != Start::Current {
                found.push((query, is_whole));
            }
            query.segments.iter().for_each(|segment| from_payload(segment, found));
        }
    }
}

/// The queries of a condition, and whether more is asked of their nodes than how many there are.
fn queries(condition: &Condition) -> Vec<(&Query, bool)> {
    match condition {
        Condition::Any(conditions) | Condition::All(conditions) => {
            conditions.iter().flat_map(queries).collect()
        }
        Condition::Not(condition) => queries(condition),
        Condition::Exists(query) => vec![(query, false)],
        Condition::Compare(_, left, right) => operand(left).into_iter().chain(operand(right)).collect(),
        Condition::Fits { text, pattern, whole: _ } => {
            let found = match pattern {
                Pattern::Written(_) => None,
                Pattern::Found(pattern) => operand(pattern),
            };
            operand(text).into_iter().chain(found).collect()
        }
    }
}

fn operand(side: &Operand) -> Option<(&Query, bool)> {
    match side {
        Operand::Literal(_) | Operand::Text(_) => None,
        Operand::Single(query) | Operand::ValueOf(query) => Some((query, true)),
        Operand::Count(query) => Some((query, false)),
        Operand::Length(value) => operand(value),
    }
}
