//! How far the samples of a mapping lead along a path.

use crate::json::Value;
use crate::model::mention::{ExpressionOwner, PathRead};
use crate::path::{PathBudget, PathRoot};
use crate::source::Span;
use crate::value::RuntimeValue;
use std::collections::{BTreeMap, BTreeSet};

/// How many names are kept to find the nearest.
const MAX_NAMES: usize = 1_000;

/// How far samples lead along a path.
pub(super) struct FollowedPath<'m> {
    pub(super) read: PathRead<'m>,
    /// The mapping that reads it.
    pub(super) mapping: Option<usize>,
    /// Whether a sample has it.
    pub(super) is_found: bool,
    /// How many steps the best sample has, and the members of the objects there.
    pub(super) depth: usize,
    pub(super) names: BTreeSet<Box<str>>,
    /// Whether a sample has what the path starts from.
    pub(super) has_start: bool,
}

impl<'m> FollowedPath<'m> {
    pub(super) fn new(owner: ExpressionOwner, read: PathRead<'m>) -> Self {
        let mapping = if let ExpressionOwner::Mapping(id) = owner { Some(id) } else { None };
        Self { read, mapping, is_found: false, depth: 0, names: BTreeSet::new(), has_start: false }
    }

    /// Follows the path in an element; `values` holds what paths start from.
    pub(super) fn read<'v>(
        &mut self,
        payload: &'v Value<'v>,
        element: &'v Value<'v>,
        values: &BTreeMap<Span, RuntimeValue<'v>>,
    ) {
        if self.is_found {
            return;
        }
        let start = match self.read.start {
            Some(start) => values.get(&start.span).and_then(RuntimeValue::as_json),
            None if self.read.path.root() == PathRoot::Payload => Some(payload),
            None => Some(element),
        };
        let Some(start) = start else { return };
        self.has_start = true;
        if !self.read.path.is_singular() {
            let nodes = self.read.path.find_from(start, payload, &mut PathBudget::default());
            self.is_found = nodes.map_or(true, |nodes| !nodes.is_empty());
            return;
        }
        self.walk(start);
    }

    fn walk<'v>(&mut self, start: &'v Value<'v>) {
        let mut node = start;
        for (depth, step) in self.read.path.steps().iter().enumerate() {
            let Some(child) = step.child(node) else { return self.ends_at(depth, node) };
            node = child;
        }
        self.is_found = true;
    }

    fn ends_at(&mut self, depth: usize, node: &Value<'_>) {
        if depth > self.depth {
            (self.depth, self.names) = (depth, BTreeSet::new());
        }
        if depth == self.depth
            && let Some(object) = node.as_object()
        {
            let room = MAX_NAMES.saturating_sub(self.names.len());
            self.names.extend(object.members().take(room).map(|(name, _)| name.text().into()));
        }
    }
}
