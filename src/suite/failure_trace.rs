//! Which parts of an evaluation a failed expectation wants to see.

use super::case_run::{CaseRun, CaseRunner};
use super::observed_outcome::{ObservedOutcome, ObservedOutcomeKind};
use crate::model::{Destination, LineKind, Model, RoutingBlock, RoutingLine, RoutingLineBody, Target};

/// The conditions of `drop` that spoke of an element, or those of `accept` where it was refused.
pub(super) fn refusals(bench: &CaseRunner, attempt: &CaseRun, seen: &ObservedOutcome) -> Vec<String> {
    match seen.kind {
        ObservedOutcomeKind::Unaccepted => accepts(bench, attempt),
        ObservedOutcomeKind::Event | ObservedOutcomeKind::Routed | ObservedOutcomeKind::Dropped => {
            let drops = bench.rules.model.mappings.iter().flat_map(|mapping| &mapping.drops);
            let places: Vec<_> = drops.map(|drop| drop.when.span).collect();
            attempt.trace.comparisons(&bench.rules.sources, seen.index, &places)
        }
        ObservedOutcomeKind::Empty | ObservedOutcomeKind::Invalid => Vec::new(),
    }
}

/// The conditions of `accept` that spoke.
pub(super) fn accepts(bench: &CaseRunner, attempt: &CaseRun) -> Vec<String> {
    let accepts = bench.rules.model.mappings.iter().flat_map(|mapping| &mapping.accept);
    let places: Vec<_> = accepts.map(|accept| accept.when.span).collect();
    attempt.trace.comparisons(&bench.rules.sources, None, &places)
}

/// What chose the value of a field.
pub(super) fn field(
    bench: &CaseRunner,
    attempt: &CaseRun,
    seen: &ObservedOutcome,
    name: &str,
) -> Vec<String> {
    attempt.trace.deciders(&bench.rules.sources, seen.index, name)
}

/// The walk, with the lines that could have sent to these channels.
pub(super) fn channels(
    bench: &CaseRunner,
    attempt: &CaseRun,
    seen: &ObservedOutcome,
    absent: &[&str],
) -> Vec<String> {
    let model = &bench.rules.model;
    let wanted = |destination: &Destination| match destination {
        Destination::Channel(channel) => {
            model.channels.get(*channel).is_some_and(|channel| absent.contains(&&*channel.name))
        }
        Destination::Routing(_) => false,
    };
    let sends =
        |line: &&RoutingLine| targets(line).into_iter().any(|target| destinations(target).iter().any(wanted));
    let every = lines(model);
    let paths: Vec<&str> = every.iter().copied().filter(sends).map(|line| &*line.path).collect();
    self::paths(bench, attempt, seen, &paths)
}

/// The walk, with these lines and those around them.
pub(super) fn paths(
    bench: &CaseRunner,
    attempt: &CaseRun,
    seen: &ObservedOutcome,
    paths: &[&str],
) -> Vec<String> {
    let around = |path: &str, inner: &str| {
        inner.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let interests = |path: &str| paths.iter().any(|inner| around(path, inner));
    attempt.trace.routing_lines(&bench.rules.sources, seen.index, interests)
}

/// Whether no line that counts sent it anywhere: there was no channel at all, or a `nothing` decided and whatever was
/// sent is the copy of an `always`.
pub(super) fn is_sent_nowhere(bench: &CaseRunner, seen: &ObservedOutcome) -> bool {
    if seen.kind != ObservedOutcomeKind::Routed || seen.followed {
        return false;
    }
    if seen.channels.is_empty() {
        return true;
    }
    let every = lines(&bench.rules.model);
    let find = |path: &str| every.iter().copied().find(|line| *line.path == *path);
    let counts = |line: &RoutingLine| line.kind != LineKind::Always;
    let silent = |line: &RoutingLine, arm: Option<usize>| match (targets(line).as_slice(), arm) {
        (all, Some(arm)) => matches!(all.get(arm), Some(Target::Nothing(..))),
        (all, None) => matches!(all, [Target::Nothing(..)]),
    };
    let decided = seen.routes.iter().filter_map(|(path, arm)| Some((find(path)?, *arm)));
    let mut counting = decided.filter(|(line, _)| counts(line)).peekable();
    counting.peek().is_some() && counting.all(|(line, arm)| silent(line, arm))
}

/// Every line of every routing.
pub(super) fn lines(model: &Model) -> Vec<&RoutingLine> {
    let mut all = Vec::new();
    for routing in &model.routings {
        gather(&routing.block, &mut all);
    }
    all
}

fn gather<'m>(block: &'m RoutingBlock, all: &mut Vec<&'m RoutingLine>) {
    for line in &block.lines {
        all.push(line);
        match &line.body {
            RoutingLineBody::Block(block) => gather(block, all),
            RoutingLineBody::Match(_) | RoutingLineBody::Target(_) => {}
        }
    }
}

/// What stands after the arrows of a line; not what stands in its block.
fn targets(line: &RoutingLine) -> Vec<&Target> {
    match &line.body {
        RoutingLineBody::Block(_) => Vec::new(),
        RoutingLineBody::Match(choice) => choice.arms.iter().map(|arm| &arm.result).collect(),
        RoutingLineBody::Target(target) => vec![target],
    }
}

fn destinations(target: &Target) -> &[Destination] {
    match target {
        Target::Destinations(all) => all,
        Target::Nothing(..) | Target::Decline => &[],
    }
}
