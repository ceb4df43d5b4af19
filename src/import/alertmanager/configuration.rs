//! An Alertmanager's configuration, as far as rules can say it.

use super::interval::NamedInterval;
use super::matcher::Matcher;
use crate::import::yaml::YamlNode;
use crate::source::Span;

/// What a file says.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) root: RouteNode,
    pub(super) receivers: Vec<Receiver>,
    pub(super) intervals: Vec<NamedInterval>,
    pub(super) inhibitions: Vec<Inhibition>,
    /// Top-level keys that are not carried, each with its place.
    pub(super) ignored: Vec<(String, Span)>,
    /// `global`, for the addresses that receivers inherit.
    pub(super) global: Option<YamlNode>,
}

/// A node of the routing tree. Its receiver and its timing are those that it inherits, where it has none.
#[derive(Debug)]
pub(super) struct RouteNode {
    /// By the order of the text; the root is 0.
    pub(super) id: usize,
    pub(super) span: Span,
    pub(super) receiver: String,
    pub(super) matchers: Vec<Matcher>,
    pub(super) continues: bool,
    pub(super) timing: RouteTiming,
    /// The names of time intervals in which it is muted.
    pub(super) muted: Vec<String>,
    /// The names of time intervals outside of which it is muted; all times if there are none.
    pub(super) active: Vec<String>,
    pub(super) children: Vec<RouteNode>,
}

impl RouteNode {
    /// This node and all below it, in the order of the text.
    pub(super) fn nodes(&self) -> Vec<&RouteNode> {
        let mut nodes = vec![self];
        for child in &self.children {
            nodes.extend(child.nodes());
        }
        nodes
    }
}

/// When and how a node's receiver is told. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RouteTiming {
    pub(super) group_by: GroupLabels,
    pub(super) wait: u64,
    pub(super) interval: u64,
    pub(super) repeat: u64,
}

impl Default for RouteTiming {
    /// Alertmanager's defaults.
    fn default() -> Self {
        Self { group_by: GroupLabels::Some(Vec::new()), wait: 30, interval: 300, repeat: 4 * 3600 }
    }
}

/// `group_by`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GroupLabels {
    /// `['...']`: each alert stands alone.
    All,
    /// Alerts with the same values; all alerts, where there are no labels.
    Some(Vec<String>),
}

/// Who is told.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) name: String,
    pub(super) span: Span,
    /// Its configurations: the key, such as `slack_configs`, and one element of the list.
    pub(super) configs: Vec<(String, YamlNode)>,
}

/// An entry of `inhibit_rules`.
#[derive(Debug)]
pub(super) struct Inhibition {
    pub(super) span: Span,
    pub(super) source: Vec<Matcher>,
    pub(super) target: Vec<Matcher>,
    pub(super) equal: Vec<String>,
}
