//! How an Alertmanager decides: the plain model to which the imported rules are compared.

use super::configuration::RouteNode;
use std::collections::BTreeMap;

/// The labels of an alert.
pub(super) type LabelSet = BTreeMap<String, String>;

/// The nodes that decide, in their order. The root takes every alert.
pub(super) fn decide<'r>(root: &'r RouteNode, labels: &LabelSet) -> Vec<&'r RouteNode> {
    let mut deciding = Vec::new();
    for child in &root.children {
        if !fits(child, labels) {
            continue;
        }
        deciding.extend(decide(child, labels));
        if !child.continues {
            break;
        }
    }
    if deciding.is_empty() { vec![root] } else { deciding }
}

/// The receivers, each once, in the order of their first mention.
pub(super) fn receivers<'r>(root: &'r RouteNode, labels: &LabelSet) -> Vec<&'r str> {
    let mut receivers: Vec<&str> = Vec::new();
    for node in decide(root, labels) {
        if !receivers.contains(&&*node.receiver) {
            receivers.push(&node.receiver);
        }
    }
    receivers
}

fn fits(node: &RouteNode, labels: &LabelSet) -> bool {
    node.matchers.iter().all(|matcher| matcher.fits(labels.get(&matcher.label).map_or("", String::as_str)))
}
