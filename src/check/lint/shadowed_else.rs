//! Events that hit nothing but `also route` lines, and so never reach the `else` of their block.
//!
//! An `also route` counts as a match: where no `route` takes the event as well, it gets the channels of the `also route`
//! alone. Who wanted a copy beside the usual way wanted `always`. A block is reported once. It is left alone where `else`
//! would add nothing to what the `also route` gives, and where some `route` takes all that the `also route` takes.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::model::{
    Destination, Expression, ExpressionKind, LineKind, RoutingBlock, RoutingLine, RoutingLineBody, Target,
};
use crate::source::Span;
use std::collections::BTreeSet;

/// Comparisons of an `also route` with a route that one block may cost; routes past it are not asked.
const MOST_COMPARISONS: usize = 200_000;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0012", "`also route` that keeps events from `else`");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for routing in &input.model.routings {
        visit(input, &routing.block, diagnostics);
    }
}

fn visit(input: &LintInput<'_>, block: &RoutingBlock, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(kept_from_else(input, block));
    for line in &block.lines {
        if let RoutingLineBody::Block(inner) = &line.body {
            visit(input, inner, diagnostics);
        }
    }
}

fn kept_from_else(input: &LintInput<'_>, block: &RoutingBlock) -> Option<Diagnostic> {
    let fallback = block.lines.iter().find(|line| line.kind == LineKind::Else)?;
    let usual = reached(&fallback.body);
    let count = block.lines.iter().filter(|line| line.kind == LineKind::AlsoRoute).count();
    if count == 0 {
        return None;
    }
    let routes = block.lines.iter().filter(|line| line.kind == LineKind::Route && !declines(&line.body));
    let routes: Vec<Vec<&str>> =
        routes.take(MOST_COMPARISONS / count).map(|line| parts(input, line)).collect();
    let alone = |line: &&RoutingLine| {
        line.kind == LineKind::AlsoRoute
            && !is_nothing(&line.body)
            && !usual.is_subset(&reached(&line.body))
            && !takes_all_of(&routes, &parts(input, line))
    };
    let mut lines = block.lines.iter().filter(alone);
    let first = lines.next()?;
    let message = format!("events that hit `{}` alone never reach `else`", first.path);
    let finding = Diagnostic::new(&CODE, first.head, message)
        .label("counts as a match")
        .related(fallback.head, "runs only where nothing hit");
    let finding =
        lines.take(3).fold(finding, |finding, line| finding.related(line.head, "the same holds here"));
    let words = input.environment.sources.text(first.head);
    let Some(rest) =
        words.strip_prefix("also").map(str::trim_start).and_then(|rest| rest.strip_prefix("route"))
    else {
        return Some(finding.help("write `always` for a copy"));
    };
    Some(finding.suggest("write `always` for a copy", first.head, format!("always{rest}")))
}

/// Whether every event of an `also route` surely hits a route: each part of the route's condition is one of its own.
fn takes_all_of(routes: &[Vec<&str>], also: &[&str]) -> bool {
    let given: BTreeSet<&str> = also.iter().copied().collect();
    routes.iter().any(|route| route.iter().all(|part| given.contains(part)))
}

/// The parts of a line's condition that all must hold, as written; an unconditional line has none.
fn parts<'i>(input: &LintInput<'i>, line: &RoutingLine) -> Vec<&'i str> {
    let parts = |when: &Expression| {
        let ExpressionKind::And(parts) = &when.kind else { return vec![when.span] };
        parts.iter().map(|part| part.span).collect()
    };
    let spans: Vec<Span> = line.when.as_ref().map(parts).unwrap_or_default();
    spans.into_iter().map(|span| input.environment.sources.text(span)).collect()
}

/// An `also route` to `nothing` is an error of its own.
fn is_nothing(body: &RoutingLineBody) -> bool {
    matches!(body, RoutingLineBody::Target(Target::Nothing(..)))
}

fn declines(body: &RoutingLineBody) -> bool {
    match body {
        RoutingLineBody::Block(block) => block.lines.iter().any(|line| declines(&line.body)),
        RoutingLineBody::Match(inner) => inner.arms.iter().any(|arm| matches!(arm.result, Target::Decline)),
        RoutingLineBody::Target(target) => matches!(target, Target::Decline),
    }
}

/// The channels, and the routings called, that a body leads to.
fn reached(body: &RoutingLineBody) -> BTreeSet<(bool, usize)> {
    let mut found = BTreeSet::new();
    gather(body, &mut found);
    found
}

fn gather(body: &RoutingLineBody, found: &mut BTreeSet<(bool, usize)>) {
    let mut take_in = |target: &Target| {
        if let Target::Destinations(all) = target {
            found.extend(all.iter().map(|destination| match destination {
                Destination::Channel(channel) => (false, *channel),
                Destination::Routing(routing) => (true, *routing),
            }));
        }
    };
    match body {
        RoutingLineBody::Block(block) => block.lines.iter().for_each(|line| gather(&line.body, found)),
        RoutingLineBody::Match(inner) => inner.arms.iter().for_each(|arm| take_in(&arm.result)),
        RoutingLineBody::Target(target) => take_in(target),
    }
}
