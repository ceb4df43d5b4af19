//! Running a query: depth first, so that nothing is kept but what the caller keeps, and an answer that is enough ends the
//! search. Every step is counted.

use super::program::{Query, Segment, Selector, Start};
use crate::json::Value;
use crate::pattern::Regex;
use std::collections::HashMap;

/// Why a walk ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Whoever asked knows enough.
    Enough,
    /// The budget ran out.
    Exhausted,
}

/// One evaluation of one path.
pub(super) struct Run<'r, 'v> {
    payload: &'v Value<'v>,
    visits: &'r mut usize,
    /// What queries from `$` gave.
    memories: Vec<Memory<'v>>,
    /// Regexes that the document gave.
    pub(super) regexes: HashMap<String, Option<Regex>>,
}

/// What a query within a filter gave, as far as it was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Memory<'v> {
    /// It was not evaluated yet.
    Unknown,
    /// How many nodes there are, or at least whether there is one.
    Count(usize),
    /// The only node, if there is one and no other.
    Only(Option<&'v Value<'v>>),
}

/// What is done with each node.
pub(super) type Sink<'s, 'v> = &'s mut dyn FnMut(&'v Value<'v>) -> Result<(), Stop>;

impl<'r, 'v> Run<'r, 'v> {
    pub(super) fn new(payload: &'v Value<'v>, memories: usize, visits: &'r mut usize) -> Self {
        Self { payload, visits, memories: vec![Memory::Unknown; memories], regexes: HashMap::new() }
    }

    /// Takes work off the budget.
    pub(super) fn charge(&mut self, work: usize) -> Result<(), Stop> {
        if let Some(left) = self.visits.checked_sub(work) {
            *self.visits = left;
            return Ok(());
        }
        *self.visits = 0;
        Err(Stop::Exhausted)
    }

    /// Hands every node that the segments lead to, from `node`, to `sink`.
    pub(super) fn walk(
        &mut self,
        mut node: &'v Value<'v>,
        mut segments: &[Segment],
        sink: Sink<'_, 'v>,
    ) -> Result<(), Stop> {
        loop {
            let Some((segment, rest)) = segments.split_first() else { return sink(node) };
            if segment.descends {
                return self.descend(node, segment, rest, sink);
            }
            let [selector @ (Selector::Name(_) | Selector::Index(_))] = segment.selectors.as_slice() else {
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
        segment: &Segment,
        rest: &[Segment],
        sink: Sink<'_, 'v>,
    ) -> Result<(), Stop> {
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            self.select(node, segment, rest, sink)?;
            // A scalar has nothing below it, so only containers wait. They are taken from the end.
            match node {
                Value::Array(items) => {
                    self.charge(items.len())?;
                    waiting.extend(items.iter().rev().filter(|item| is_container(item)));
                }
                Value::Object(object) => {
                    self.charge(object.len())?;
                    waiting.extend(object.values().iter().rev().filter(|value| is_container(value)));
                }
                Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Text(_) => {}
            }
        }
        Ok(())
    }

    fn select(
        &mut self,
        node: &'v Value<'v>,
        segment: &Segment,
        rest: &[Segment],
        sink: Sink<'_, 'v>,
    ) -> Result<(), Stop> {
        for selector in &segment.selectors {
            self.charge(1)?;
            match selector {
                Selector::Name(_) | Selector::Index(_) => {
                    if let Some(child) = selector.single(node) {
                        self.walk(child, rest, sink)?;
                    }
                }
                Selector::Slice { start, end, step } => {
                    let items = node.as_array().unwrap_or_default();
                    for place in places(*start, *end, *step, items.len()) {
                        self.charge(1)?;
                        if let Some(child) = items.get(place) {
                            self.walk(child, rest, sink)?;
                        }
                    }
                }
                Selector::Every | Selector::Filter(_) => match node {
                    Value::Array(items) => self.each(items.iter(), selector, rest, sink)?,
                    Value::Object(object) => self.each(object.values().iter(), selector, rest, sink)?,
                    Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Text(_) => {}
                },
            }
        }
        Ok(())
    }

    /// Walks on from the children that a wildcard or a filter selects.
    fn each(
        &mut self,
        children: impl Iterator<Item = &'v Value<'v>>,
        selector: &Selector,
        rest: &[Segment],
        sink: Sink<'_, 'v>,
    ) -> Result<(), Stop> {
        for child in children {
            self.charge(1)?;
            if let Selector::Filter(condition) = selector
                && !self.holds(condition, child)?
            {
                continue;
            }
            self.walk(child, rest, sink)?;
        }
        Ok(())
    }

    /// Whether a query within a filter gives any node.
    pub(super) fn exists(&mut self, query: &Query, current: &'v Value<'v>) -> Result<bool, Stop> {
        if query.is_singular() {
            return Ok(self.only(query, current)?.is_some());
        }
        if let Some(Memory::Count(count)) = self.remembered(query) {
            return Ok(count > 0);
        }
        let mut found = false;
        self.within_filter(query, current, &mut |_| {
            found = true;
            Err(Stop::Enough)
        })?;
        self.remember(query, Memory::Count(usize::from(found)));
        Ok(found)
    }

    /// How many nodes a query within a filter gives.
    pub(super) fn count(&mut self, query: &Query, current: &'v Value<'v>) -> Result<usize, Stop> {
        if let Some(Memory::Count(count)) = self.remembered(query) {
            return Ok(count);
        }
        let mut count = 0;
        self.within_filter(query, current, &mut |_| {
            count += 1;
            Ok(())
        })?;
        self.remember(query, Memory::Count(count));
        Ok(count)
    }

    /// The node of a query within a filter, if it gives exactly one.
    pub(super) fn only(
        &mut self,
        query: &Query,
        current: &'v Value<'v>,
    ) -> Result<Option<&'v Value<'v>>, Stop> {
        if query.is_singular() {
            self.charge(1 + query.segments.len())?;
            return Ok(query.single(self.start(query, current)));
        }
        if let Some(Memory::Only(node)) = self.remembered(query) {
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
                Err(Stop::Enough)
            }
        })?;
        let [first, second] = nodes;
        let only = if second.is_none() { first } else { None };
        self.remember(query, Memory::Only(only));
        Ok(only)
    }

    fn within_filter(
        &mut self,
        query: &Query,
        current: &'v Value<'v>,
        sink: Sink<'_, 'v>,
    ) -> Result<(), Stop> {
        self.charge(1)?;
        match self.walk(self.start(query, current), &query.segments, sink) {
            Err(Stop::Enough) => Ok(()),
            ended @ (Ok(()) | Err(Stop::Exhausted)) => ended,
        }
    }

    fn start(&self, query: &Query, current: &'v Value<'v>) -> &'v Value<'v> {
        match query.start {
            Start::Current => current,
            Start::Payload(_) => self.payload,
        }
    }

    fn remembered(&self, query: &Query) -> Option<Memory<'v>> {
        match query.start {
            Start::Current => None,
            Start::Payload(number) => self.memories.get(number).copied(),
        }
    }

    fn remember(&mut self, query: &Query, memory: Memory<'v>) {
        if let Start::Payload(number) = query.start
            && let Some(place) = self.memories.get_mut(number)
        {
            *place = memory;
        }
    }
}

fn is_container(value: &Value<'_>) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty())
        || value.as_object().is_some_and(|object| !object.is_empty())
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
