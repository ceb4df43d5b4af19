//! Evaluates a query depth first, so that only the caller keeps nodes and the search can end early. Every step is counted.

use super::program::{PathQuery, PathSegment, PathSelector, QueryStart};
use crate::json::Value;
use crate::pattern::RegexPattern;
use std::collections::HashMap;

/// Why a walk ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EvaluationStop {
    /// The caller needs no more nodes.
    Enough,
    /// The budget ran out.
    Exhausted,
}

/// One evaluation of one path.
pub(super) struct PathEvaluation<'r, 'v> {
    payload: &'v Value<'v>,
    visits: &'r mut usize,
    /// The results of queries from `$`.
    memos: Vec<QueryMemo<'v>>,
    /// Regexes taken from the document.
    pub(super) regexes: HashMap<String, Option<RegexPattern>>,
}

/// The result of a query within a filter, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum QueryMemo<'v> {
    /// It is not evaluated yet.
    Unknown,
    /// How many nodes there are; if only the existence was asked, 1 for any.
    Count(usize),
    /// The only node, if there is exactly one.
    Only(Option<&'v Value<'v>>),
}

/// Takes each node.
pub(super) type NodeSink<'s, 'v> = &'s mut dyn FnMut(&'v Value<'v>) -> Result<(), EvaluationStop>;

impl<'r, 'v> PathEvaluation<'r, 'v> {
    pub(super) fn new(payload: &'v Value<'v>, memos: usize, visits: &'r mut usize) -> Self {
        Self { payload, visits, memos: vec![QueryMemo::Unknown; memos], regexes: HashMap::new() }
    }

    /// Takes work from the budget.
    pub(super) fn charge(&mut self, work: usize) -> Result<(), EvaluationStop> {
        if let Some(left) = self.visits.checked_sub(work) {
            *self.visits = left;
            return Ok(());
        }
        *self.visits = 0;
        Err(EvaluationStop::Exhausted)
    }

    /// Gives `sink` every node that the segments select from `node`.
    pub(super) fn walk(
        &mut self,
        mut node: &'v Value<'v>,
        mut segments: &[PathSegment],
        sink: NodeSink<'_, 'v>,
    ) -> Result<(), EvaluationStop> {
        loop {
            let Some((segment, rest)) = segments.split_first() else { return sink(node) };
            if segment.descends {
                return self.descend(node, segment, rest, sink);
            }
            let [selector @ (PathSelector::Name(_) | PathSelector::Index(_))] = segment.selectors.as_slice() else {
                return self.select(node, segment, rest, sink);
            };
            self.charge(1)?;
            let Some(child) = selector.single(node) else { return Ok(()) };
            (node, segments) = (child, rest);
        }
    }

    fn descend(
        &mut self,
        node: &'v Value<'v>,
        segment: &PathSegment,
        rest: &[PathSegment],
        sink: NodeSink<'_, 'v>,
    ) -> Result<(), EvaluationStop> {
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            self.select(node, segment, rest, sink)?;
            // A scalar has no children, so only containers wait. They are taken from the end.
            let children = children_of(node);
            self.charge(children.len())?;
            waiting.extend(children.iter().rev().filter(|child| !children_of(child).is_empty()));
        }
        Ok(())
    }

    fn select(
        &mut self,
        node: &'v Value<'v>,
        segment: &PathSegment,
        rest: &[PathSegment],
        sink: NodeSink<'_, 'v>,
    ) -> Result<(), EvaluationStop> {
        for selector in &segment.selectors {
            self.charge(1)?;
            match selector {
                PathSelector::Name(_) | PathSelector::Index(_) => {
                    if let Some(child) = selector.single(node) {
                        self.walk(child, rest, sink)?;
                    }
                }
                PathSelector::Slice { start, end, step } => {
                    let items = node.as_array().unwrap_or_default();
                    for place in places(*start, *end, *step, items.len()) {
                        self.charge(1)?;
                        if let Some(child) = items.get(place) {
                            self.walk(child, rest, sink)?;
                        }
                    }
                }
                PathSelector::Every => {
                    for child in children_of(node) {
                        self.charge(1)?;
                        self.walk(child, rest, sink)?;
                    }
                }
                PathSelector::Filter(condition) => {
                    for child in children_of(node) {
                        self.charge(1)?;
                        if self.holds(condition, child)? {
                            self.walk(child, rest, sink)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a query within a filter selects any node.
    pub(super) fn exists(&mut self, query: &PathQuery, current: &'v Value<'v>) -> Result<bool, EvaluationStop> {
        if query.is_singular() {
            return Ok(self.only(query, current)?.is_some());
        }
        if let Some(QueryMemo::Count(count)) = self.memo(query) {
            return Ok(count > 0);
        }
        let mut found = false;
        self.within_filter(query, current, &mut |_| {
            found = true;
            Err(EvaluationStop::Enough)
        })?;
        self.memoize(query, QueryMemo::Count(usize::from(found)));
        Ok(found)
    }

    /// How many nodes a query within a filter selects.
    pub(super) fn count(&mut self, query: &PathQuery, current: &'v Value<'v>) -> Result<usize, EvaluationStop> {
        if let Some(QueryMemo::Count(count)) = self.memo(query) {
            return Ok(count);
        }
        let mut count = 0;
        self.within_filter(query, current, &mut |_| {
            count += 1;
            Ok(())
        })?;
        self.memoize(query, QueryMemo::Count(count));
        Ok(count)
    }

    /// The node of a query within a filter, if it selects exactly one.
    pub(super) fn only(
        &mut self,
        query: &PathQuery,
        current: &'v Value<'v>,
    ) -> Result<Option<&'v Value<'v>>, EvaluationStop> {
        if query.is_singular() {
            self.charge(1 + query.segments.len())?;
            return Ok(query.single(self.start(query, current)));
        }
        if let Some(QueryMemo::Only(node)) = self.memo(query) {
            return Ok(node);
        }
        let mut nodes = [None, None];
        self.within_filter(query, current, &mut |node| match &mut nodes {
            [first @ None, _] => {
                *first = Some(node);
                Ok(())
            }
            [_, second] => {
                *second = Some(node);
                Err(EvaluationStop::Enough)
            }
        })?;
        let [first, second] = nodes;
        let only = if second.is_none() { first } else { None };
        self.memoize(query, QueryMemo::Only(only));
        Ok(only)
    }

    fn within_filter(
        &mut self,
        query: &PathQuery,
        current: &'v Value<'v>,
        sink: NodeSink<'_, 'v>,
    ) -> Result<(), EvaluationStop> {
        self.charge(1)?;
        match self.walk(self.start(query, current), &query.segments, sink) {
            Err(EvaluationStop::Enough) => Ok(()),
            ended @ (Ok(()) | Err(EvaluationStop::Exhausted)) => ended,
        }
    }

    fn start(&self, query: &PathQuery, current: &'v Value<'v>) -> &'v Value<'v> {
        match query.start {
            QueryStart::Current => current,
            QueryStart::Payload(_) => self.payload,
        }
    }

    fn memo(&self, query: &PathQuery) -> Option<QueryMemo<'v>> {
        match query.start {
            QueryStart::Current => None,
            QueryStart::Payload(number) => self.memos.get(number).copied(),
        }
    }

    fn memoize(&mut self, query: &PathQuery, memo: QueryMemo<'v>) {
        if let QueryStart::Payload(number) = query.start
            && let Some(place) = self.memos.get_mut(number)
        {
            *place = memo;
        }
    }
}

/// The items of an array, the values of an object.
fn children_of<'v>(node: &Value<'v>) -> &'v [Value<'v>] {
    match node {
        Value::Array(items) => items,
        Value::Object(object) => object.values(),
        Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Text(_) => &[],
    }
}

/// The places that a slice selects of an array, in its order.
fn places(start: Option<i64>, end: Option<i64>, step: i64, length: usize) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from_end = |index: i64| if index < 0 { length.saturating_add(index) } else { index };
    let (first, bound) = if step >= 0 {
        let clamp = |index: i64| from_end(index).clamp(0, length);
        (start.map_or(0, clamp), end.map_or(length, clamp))
    } else {
        let clamp = |index: i64| from_end(index).clamp(-1, length - 1);
        (start.map_or(length - 1, clamp), end.map_or(-1, clamp))
    };
    let mut next = (step != 0).then_some(first);
    std::iter::from_fn(move || {
        let place = next.filter(|place| if step > 0 { *place < bound } else { *place > bound })?;
        next = place.checked_add(step);
        usize::try_from(place).ok()
    })
}
