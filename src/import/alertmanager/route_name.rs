//! Names of routes: the words that tell a route from its siblings.

use super::configuration::RouteNode;
use super::line::{RouteLine, RouteRun};
use super::name;
use super::word;
use std::collections::{BTreeMap, BTreeSet};

/// The names of the lines of one block, in their order.
pub(super) fn names(lines: &[RouteLine<'_>]) -> Vec<String> {
    let mut frequency: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        for word in own_words(line) {
            *frequency.entry(word).or_default() += 1;
        }
    }
    let candidates: Vec<Vec<String>> = lines.iter().map(|line| candidates(line, &frequency)).collect();
    let mut levels = vec![0_usize; lines.len()];
    loop {
        let chosen = |at: usize| -> &str {
            let all = candidates.get(at).map_or(&[][..], Vec::as_slice);
            let level = levels.get(at).copied().unwrap_or(0).min(all.len().saturating_sub(1));
            all.get(level).map_or("", String::as_str)
        };
        let mut users: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for at in 0..lines.len() {
            users.entry(chosen(at)).or_default().push(at);
        }
        let clashes = users.into_values().filter(|users| users.len() > 1).flatten();
        let raised: Vec<usize> = clashes
            .filter(|at| levels.get(*at).copied().unwrap_or(0) + 1 < candidates.get(*at).map_or(0, Vec::len))
            .collect();
        if raised.is_empty() {
            let mut taken = BTreeSet::new();
            return (0..lines.len()).map(|at| name::unique(&name::allowed(chosen(at), "route"), &mut taken)).collect();
        }
        for at in raised {
            if let Some(level) = levels.get_mut(at) {
                *level += 1;
            }
        }
    }
}

/// The names that a line may take, the shortest first.
fn candidates(line: &RouteLine<'_>, frequency: &BTreeMap<String, usize>) -> Vec<String> {
    let mut words = own_words(line);
    words.sort_by_key(|word| frequency.get(word).copied().unwrap_or(0));
    let receiver = match line {
        RouteLine::Node(node) => node.receiver.as_str(),
        RouteLine::Run(run) => run.arms.first().map_or("", |arm| arm.receiver),
    };
    let mut candidates: Vec<String> = Vec::new();
    for count in 1..=words.len() {
        candidates.push(name::name(&words.get(..count).unwrap_or_default().join("-")));
    }
    let receiver = told_apart(line).unwrap_or(receiver);
    candidates.push(name::name(receiver));
    candidates.push(name::name(&format!("{}-{receiver}", words.join("-"))));
    candidates.retain(|candidate| !candidate.is_empty());
    candidates
}

/// The receiver below a branch without matchers that most of its leaves have, other than its own.
fn told_apart<'r>(line: &RouteLine<'r>) -> Option<&'r str> {
    let RouteLine::Node(node) = line else { return None };
    let others: Vec<&str> =
        node.nodes().into_iter().map(|inner| &*inner.receiver).filter(|name| *name != node.receiver).collect();
    let count = |name: &str| others.iter().filter(|other| **other == name).count();
    others.iter().copied().filter(|_| node.matchers.is_empty()).rev().max_by_key(|name| count(name))
}

fn own_words(line: &RouteLine<'_>) -> Vec<String> {
    match line {
        RouteLine::Node(node) => node_words(node),
        RouteLine::Run(run) => run_words(run),
    }
}

fn node_words(node: &RouteNode) -> Vec<String> {
    let (named, others): (Vec<_>, Vec<_>) = node.matchers.iter().partition(|matcher| matcher.label == "alertname");
    let mut words: Vec<String> = named.iter().chain(&others).filter_map(|matcher| word::positive(matcher)).collect();
    if words.is_empty() {
        words.extend(node.matchers.iter().map(|matcher| match &*matcher.value {
            "" => matcher.label.clone(),
            value => format!("not-{}", if name::name(value).is_empty() { &matcher.label } else { value }),
        }));
    }
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

fn run_words(run: &RouteRun<'_>) -> Vec<String> {
    let first = match run.arms.as_slice() {
        [arm] if arm.values.len() < 3 => arm.values.join("-or-"),
        [_] => format!("{}s", run.label),
        _ => format!("by-{}", run.label),
    };
    std::iter::once(first).chain(run.words.iter().cloned()).collect()
}
