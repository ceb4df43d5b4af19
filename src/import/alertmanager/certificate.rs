//! The certificate: label sets that reach every node of the tree, and near misses, with what the plain model decides.

use super::channel::ChannelPlan;
use super::configuration::RouteNode;
use super::matcher::MatcherTest;
use super::name;
use super::walk::{self, LabelSet};
use crate::prove::{Reachability, Unreachable};
use crate::ruleset::RuleSet;
use crate::syntax;
use crate::text::{quoted, rule_string};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How many near misses of one label set are kept.
const MAX_MISSES: usize = 4;

/// Labels, and the nodes that decide about them.
pub(super) struct CertificateCase {
    pub(super) labels: LabelSet,
    /// The receivers, as often as they are told.
    pub(super) receivers: Vec<String>,
}

/// The cases, and what they cover.
pub(super) struct Certificate {
    /// One for each line that an alert reaches.
    pub(super) reached: Vec<CertificateCase>,
    /// The same with one label changed, where that changes who decides.
    pub(super) missed: Vec<CertificateCase>,
    /// How many nodes decide in some case.
    pub(super) paths: usize,
}

/// What the proofs know of the nodes, by id.
pub(super) struct NodeProofs {
    pub(super) witnesses: Vec<LabelSet>,
    /// Nodes that no alert reaches, and why.
    pub(super) dead: BTreeMap<usize, String>,
}

impl Certificate {
    pub(super) fn new(root: &RouteNode, witnesses: Vec<LabelSet>) -> Self {
        let mut sets = witnesses;
        sets.push(LabelSet::new());
        sampled(root, &LabelSet::new(), &mut sets);
        let deciders =
            |labels: &LabelSet| -> Vec<usize> { walk::decide(root, labels).iter().map(|node| node.id).collect() };
        let (mut seen, mut decided) = (BTreeSet::new(), BTreeSet::new());
        let (mut reached, mut missed) = (Vec::new(), Vec::new());
        let case = |labels: LabelSet| CertificateCase {
            receivers: walk::decide(root, &labels).iter().map(|node| node.receiver.clone()).collect(),
            labels,
        };
        for labels in &sets {
            if decided.insert(deciders(labels)) && seen.insert(labels.clone()) {
                reached.push(case(labels.clone()));
            }
        }
        for labels in reached.iter().map(|case| case.labels.clone()).collect::<Vec<_>>() {
            let own = deciders(&labels);
            let near = near_misses(&labels).into_iter().filter(|near| deciders(near) != own && !seen.contains(near));
            for near in near.take(MAX_MISSES).collect::<Vec<_>>() {
                if seen.insert(near.clone()) {
                    missed.push(case(near));
                }
            }
        }
        let paths: BTreeSet<usize> = decided.into_iter().flatten().collect();
        Self { reached, missed, paths: paths.len() }
    }

    pub(super) fn cases(&self) -> impl Iterator<Item = &CertificateCase> {
        self.reached.iter().chain(&self.missed)
    }

    /// The tests of the routing `main`.
    pub(super) fn tests(&self, plan: &ChannelPlan) -> String {
        let mut out = String::new();
        for (title, cases) in [
            ("every route, as Alertmanager decides", &self.reached),
            ("near misses, as Alertmanager decides", &self.missed),
        ] {
            if !cases.is_empty() {
                out += &test(title, cases, plan);
            }
        }
        out
    }
}

/// Each label taken away, and with another value.
fn near_misses(labels: &LabelSet) -> Vec<LabelSet> {
    let mut near = Vec::new();
    for (name, value) in labels {
        let mut without = labels.clone();
        without.remove(name);
        near.push(without);
        let mut other = labels.clone();
        other.insert(name.clone(), format!("{value}-x"));
        near.push(other);
    }
    near
}

/// Adds a label set for each node that meets its matchers and those above it, as far as a simple search finds one.
fn sampled(node: &RouteNode, above: &LabelSet, out: &mut Vec<LabelSet>) {
    let mut labels = above.clone();
    for matcher in node.matchers.iter().filter(|matcher| matcher.is_positive()) {
        let value = match &matcher.test {
            MatcherTest::Equal => Some(matcher.value.clone()),
            MatcherTest::Matches(regex) => regex.sample(),
            MatcherTest::Unequal | MatcherTest::MatchesNot(_) => None,
        };
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            labels.insert(matcher.label.clone(), value);
        }
    }
    for child in &node.children {
        sampled(child, &labels, out);
    }
    out.push(labels);
}

fn test(title: &str, cases: &[CertificateCase], plan: &ChannelPlan) -> String {
    let labels: BTreeSet<&String> = cases.iter().flat_map(|case| case.labels.keys()).collect();
    let mut taken = BTreeSet::new();
    let holes: BTreeMap<&String, String> = labels.into_iter().map(|label| (label, hole(label, &mut taken))).collect();
    let sent = |case: &CertificateCase| {
        let mut channels: Vec<&str> = Vec::new();
        for name in case.receivers.iter().flat_map(|receiver| plan.names(receiver)) {
            if !channels.contains(&&**name) {
                channels.push(name);
            }
        }
        format!("[{}]", channels.join(", "))
    };
    let mut out = format!("\ntest \"{title}\" {{\n  routing main\n");
    if holes.is_empty() {
        for case in cases {
            let _ = writeln!(out, "  event {{ }}\n  expect sent {}\n}}", sent(case));
        }
        return out;
    }
    let written: Vec<String> = holes.iter().map(|(label, hole)| format!("{}: {hole}", json_key(label))).collect();
    let _ = writeln!(out, "  event {{ labels: {{ {} }} }}", written.join(", "));
    let _ = writeln!(out, "  cases {{ {} }} => sent {{", holes.values().cloned().collect::<Vec<_>>().join(", "));
    for case in cases {
        let values: Vec<String> = case
            .labels
            .iter()
            .filter_map(|(label, value)| Some(format!("{}: {}", holes.get(label)?, quoted(value))))
            .collect();
        let values = if values.is_empty() { "{ }".to_owned() } else { format!("{{ {} }}", values.join(", ")) };
        let _ = writeln!(out, "    {values} => {}", sent(case));
    }
    out.push_str("  }\n}\n");
    out
}

fn json_key(label: &str) -> String {
    if name::name(label) == label && !label.contains('-') { label.to_owned() } else { quoted(label) }
}

/// The hole for a label.
fn hole(label: &str, taken: &mut BTreeSet<String>) -> String {
    let name = name::name(label).to_ascii_lowercase().replace('-', "_");
    let name = if name.is_empty() || syntax::is_reserved(&name) { format!("{name}_value") } else { name };
    let name = if name.starts_with('_') { format!("label{name}") } else { name };
    name::unique(&name, taken).replace('-', "_")
}

/// What proofs say of the nodes, asked about the plain routing in which each has its own line.
pub(super) fn prove(rules: &RuleSet, root: &RouteNode, line_of: &dyn Fn(usize) -> Option<usize>) -> NodeProofs {
    let mut proofs = NodeProofs { witnesses: Vec::new(), dead: BTreeMap::new() };
    for (path, verdict) in rules.prove_lines().lines() {
        if let Reachability::Reachable(witness) = verdict {
            proofs.witnesses.push(witness.labels.clone());
        }
        let Some(id) = node_id(path) else { continue };
        match verdict {
            Reachability::Reachable(_) | Reachability::Undecided(_) | Reachability::WithinUnreachable => {}
            Reachability::Unreachable(reason) => {
                proofs.dead.insert(id, why(reason, path, line_of));
            }
        }
    }
    unconditional(root, line_of, &mut proofs.dead);
    proofs
}

/// `r12`, the last part of a path.
fn node_id(path: &str) -> Option<usize> {
    path.rsplit('.').next()?.strip_prefix('r')?.parse().ok()
}

fn why(reason: &Unreachable, path: &str, line_of: &dyn Fn(usize) -> Option<usize>) -> String {
    match reason {
        Unreachable::OwnConditions(_) => "its matchers contradict each other".to_owned(),
        Unreachable::Ancestors(_) => "its matchers contradict those around it".to_owned(),
        Unreachable::Taken { event, .. } => {
            // Routes after the one around it take other alerts.
            let routes = event.iter().flat_map(|taken| &taken.1.routes);
            let takers = routes.filter(|(taker, _)| stands_before(taker, path));
            let takers = takers.filter_map(|(taker, _)| line_of(node_id(taker)?));
            let lines: Vec<String> = takers.map(|line| line.to_string()).collect();
            match lines.as_slice() {
                [] => "routes before it take its alerts".to_owned(),
                [line] => format!("line {line} takes its alerts"),
                several => format!("lines {} take its alerts", several.join(", ")),
            }
        }
    }
}

/// Whether a line stands before another, where their ways part.
fn stands_before(path: &str, other: &str) -> bool {
    let parted = path.split('.').zip(other.split('.')).find(|(one, two)| one != two);
    parted.is_some_and(|(one, two)| node_id(one) < node_id(two))
}

/// Marks what follows a route without matchers that does not continue.
fn unconditional(node: &RouteNode, line_of: &dyn Fn(usize) -> Option<usize>, dead: &mut BTreeMap<usize, String>) {
    let mut taker = None;
    for child in &node.children {
        if let Some(line) = taker {
            dead.insert(child.id, format!("line {line} takes every alert"));
        } else {
            unconditional(child, line_of, dead);
            let takes_all = super::condition::conditions(&child.matchers).is_empty() && !child.continues;
            taker = line_of(child.id).filter(|_| takes_all);
        }
    }
}

/// Labels as a person writes them: `team="payments"`.
pub(super) fn words(labels: &LabelSet) -> String {
    let words: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={}", rule_string(value))).collect();
    if words.is_empty() { "an alert without labels".to_owned() } else { words.join(", ") }
}
