//! What expressions name, for the lints that ask whether a name is used, and how often.

use super::VisitedNode;
use super::visit::{self, TreeNode};
use crate::source::Span;
use crate::syntax::tree::{Declaration, ExpressionKind};
use std::collections::{BTreeMap, HashSet};

/// Names in the expressions of all files. A declaration that names itself does not count.
#[derive(Default)]
pub(crate) struct Mentions<'t> {
    /// Words in expressions outside mappings, where defines are known.
    pub(crate) names: HashSet<&'t str>,
    /// The names of calls: tables and functions.
    pub(crate) calls: HashSet<&'t str>,
    /// The schedules after `during`.
    pub(crate) schedules: HashSet<&'t str>,
    /// The labels that are read outside mappings, which read the payload: how often, and where first.
    pub(crate) labels: BTreeMap<&'t str, (usize, Span)>,
}

impl<'t> Mentions<'t> {
    /// Adds what a node names.
    pub(crate) fn add(&mut self, seen: &VisitedNode<'t>) {
        let value = match seen.node {
            TreeNode::Expression(value) => value,
            TreeNode::During(name) => {
                self.schedules.insert(&name.text);
                return;
            }
            TreeNode::Comparison(_) | TreeNode::Pattern { .. } | TreeNode::Template(_) | TreeNode::MatchSubject(_) => {
                return;
            }
        };
        let is_own = |name: &str| visit::name(seen.item).is_some_and(|own| *own.text == *name);
        let in_mapping = matches!(seen.item.kind, Declaration::Mapping(_));
        if let ExpressionKind::Name(name) = &value.kind
            && !in_mapping
            && !is_own(&name.text)
        {
            self.names.insert(&name.text);
        }
        if let ExpressionKind::Call(name, _) = &value.kind
            && !is_own(&name.text)
        {
            self.calls.insert(&name.text);
        }
        if let Some(label) = visit::label(value).filter(|_| !in_mapping) {
            self.labels.entry(label).or_insert((0, value.span)).0 += 1;
        }
    }
}
