//! The lines of a block: nodes of the tree, and runs of nodes that one line says.

use super::condition;
use super::configuration::RouteNode;
use super::word;
use std::collections::BTreeSet;

/// A line of a block.
pub(super) enum RouteLine<'r> {
    /// One node.
    Node(&'r RouteNode),
    /// Leaves that ask one label for values, and are equal otherwise.
    Run(RouteRun<'r>),
}

/// Several leaves; at most one of them matches, or all have one receiver.
pub(super) struct RouteRun<'r> {
    pub(super) label: &'r str,
    /// The conditions that all have.
    pub(super) rest: Vec<String>,
    /// The words that all ask of other labels, for the name.
    pub(super) words: Vec<String>,
    /// The values of each receiver, in the order of their first mention.
    pub(super) arms: Vec<RunArm<'r>>,
    pub(super) nodes: Vec<&'r RouteNode>,
}

/// The values that go to one receiver.
pub(super) struct RunArm<'r> {
    pub(super) receiver: &'r str,
    pub(super) values: Vec<String>,
    pub(super) nodes: Vec<&'r RouteNode>,
}

/// How a leaf asks one label for values: the label, the values, and the conditions besides.
struct ValueChoice<'r> {
    label: &'r str,
    values: Vec<String>,
    rest: Vec<String>,
    words: Vec<String>,
}

impl ValueChoice<'_> {
    fn is_like(&self, other: &Self) -> bool {
        self.label == other.label && self.rest == other.rest
    }
}

/// The lines of a block with these children, which are all reached.
pub(super) fn lines<'r>(children: &[&'r RouteNode]) -> Vec<RouteLine<'r>> {
    let children = gathered(children);
    let choices: Vec<Vec<ValueChoice<'_>>> = children.iter().map(|child| choices(child)).collect();
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some(child) = children.get(at) {
        let own = choices.get(at).map_or(&[][..], Vec::as_slice);
        let lengths = own.iter().map(|choice| (run_length(&children, &choices, at, choice), choice));
        let longest = lengths.reduce(|best, next| if next.0 > best.0 { next } else { best });
        if let Some(run) =
            longest.and_then(|(length, choice)| run(children.get(at..at + length)?, &choices, at, choice))
        {
            at += run.nodes.len();
            lines.push(RouteLine::Run(run));
        } else {
            lines.push(RouteLine::Node(child));
            at += 1;
        }
    }
    lines
}

/// Nodes that ask one label, which the key names with what else they ask.
type AlikeNodes<'k, 'r> = (Option<(&'k str, &'k [String])>, Vec<&'r RouteNode>);

/// Puts leaves with one receiver together that ask the same label. Their order among each other decides nothing.
fn gathered<'r>(children: &[&'r RouteNode]) -> Vec<&'r RouteNode> {
    let mut out = Vec::new();
    let is_alike = |first: &&RouteNode, second: &&RouteNode| {
        first.children.is_empty()
            && second.children.is_empty()
            && first.receiver == second.receiver
            && first.continues == second.continues
            && first.timing == second.timing
            && !first.matchers.is_empty()
            && !second.matchers.is_empty()
    };
    for segment in children.chunk_by(is_alike) {
        let all: Vec<Vec<ValueChoice<'_>>> = segment.iter().map(|node| choices(node)).collect();
        let count = |choice: &ValueChoice<'_>| all.iter().flatten().filter(|other| other.is_like(choice)).count();
        let mut groups: Vec<AlikeNodes<'_, 'r>> = Vec::new();
        for (node, own) in segment.iter().zip(&all) {
            let best = own.iter().map(|choice| (count(choice), choice));
            let best = best.reduce(|best, next| if next.0 > best.0 { next } else { best });
            let key = best.filter(|(count, _)| *count > 1).map(|(_, choice)| (choice.label, choice.rest.as_slice()));
            match groups.iter_mut().find(|(known, _)| key.is_some() && *known == key) {
                Some((_, nodes)) => nodes.push(node),
                None => groups.push((key, vec![node])),
            }
        }
        out.extend(groups.into_iter().flat_map(|(_, nodes)| nodes));
    }
    out
}

fn choices(node: &RouteNode) -> Vec<ValueChoice<'_>> {
    if !node.children.is_empty() {
        return Vec::new();
    }
    let choice = |at: usize| {
        let matcher = node.matchers.get(at)?;
        let values = condition::words(matcher)?;
        let others: Vec<_> =
            node.matchers.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, it)| it).collect();
        let is_asked_twice = others.iter().any(|other| other.label == matcher.label);
        let words = others.iter().filter_map(|other| word::positive(other)).collect();
        let mut rest = condition::conditions(others);
        rest.sort();
        (!is_asked_twice).then_some(ValueChoice { label: &matcher.label, values, rest, words })
    };
    (0..node.matchers.len()).filter_map(choice).collect()
}

/// How many nodes from here ask as `choice` does.
fn run_length(children: &[&RouteNode], all: &[Vec<ValueChoice<'_>>], at: usize, choice: &ValueChoice<'_>) -> usize {
    let Some(first) = children.get(at) else { return 0 };
    let rest = children.iter().zip(all).skip(at);
    rest.take_while(|(node, own)| {
        node.continues == first.continues
            && node.timing == first.timing
            && own.iter().any(|other| other.is_like(choice))
    })
    .count()
}

/// The run of these nodes, as far as no value has two receivers; nothing where single lines say it as well.
fn run<'r>(
    nodes: &[&'r RouteNode],
    all: &[Vec<ValueChoice<'r>>],
    at: usize,
    choice: &ValueChoice<'r>,
) -> Option<RouteRun<'r>> {
    let mut run = RouteRun {
        label: choice.label,
        rest: choice.rest.clone(),
        words: choice.words.clone(),
        arms: Vec::new(),
        nodes: Vec::new(),
    };
    for (node, own) in nodes.iter().zip(all.iter().skip(at)) {
        let own = own.iter().find(|other| other.is_like(choice))?;
        let given =
            |value: &String| run.arms.iter().any(|arm| arm.receiver != node.receiver && arm.values.contains(value));
        if own.values.iter().any(given) {
            break;
        }
        run.nodes.push(node);
        let arm = if let Some(known) = run.arms.iter_mut().position(|arm| arm.receiver == node.receiver) {
            run.arms.get_mut(known)?
        } else {
            run.arms.push(RunArm { receiver: &node.receiver, values: Vec::new(), nodes: Vec::new() });
            run.arms.last_mut()?
        };
        arm.nodes.push(node);
        let mut known: BTreeSet<String> = arm.values.iter().cloned().collect();
        arm.values.extend(own.values.iter().filter(|value| known.insert((*value).clone())).cloned());
    }
    let is_shorter = if run.arms.len() == 1 { run.nodes.len() > 1 } else { run.nodes.len() > 2 };
    is_shorter.then_some(run)
}
