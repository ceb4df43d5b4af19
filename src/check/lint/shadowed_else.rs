//! Events that hit nothing but `also route` lines, and so never reach the `else` of their block.
//!
//! An `also route` counts as a match: if no `route` takes the event as well, the event gets the channels of the
//! `also route` alone. For an additional copy, `always` is the right word. A block is reported once. It is not reported
//! if `else` would add no channel, or if some `route` takes every event that the `also route` takes.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{
    ChannelId, Destination, Expression, FamilyId, LineKind, RoutingBlock, RoutingId, RoutingLine, RoutingLineBody,
    Target,
};
use std::collections::BTreeSet;

/// How many comparisons of an `also route` with a route one block may cost; further routes are not compared.
const MAX_COMPARISONS: usize = 200_000;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0012", "`also route` that keeps events from `else`");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    for routing in &input.model.routings {
        diagnostics.extend(kept_from_else(input, &routing.block));
    }
    for line in input.model.routing_lines() {
        if let RoutingLineBody::Block(inner) = &line.body {
            diagnostics.extend(kept_from_else(input, inner));
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
    let routes: Vec<Vec<&str>> = routes.take(MAX_COMPARISONS / count).map(|line| parts(input, line)).collect();
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
    let finding = lines.take(3).fold(finding, |finding, line| finding.related(line.head, "the same holds here"));
    let finding = finding
        .note("`else` runs where no line hit; what no `route` ended also includes events that an `also route` hit")
        .help("for a copy of what `else` gets, call a routing from `else`, and write the copy there as `always`");
    let head = input.environment.sources.text(first.head);
    let rest = head.strip_prefix("also").map(str::trim_start).and_then(|rest| rest.strip_prefix("route"));
    match rest.filter(|_| runs_as_always(block, first)) {
        Some(rest) => Some(finding.suggest("or write `always` for a copy", first.head, format!("always{rest}"))),
        None => Some(finding.help("`always` would also copy events that another line takes before this one")),
    }
}

/// Whether an `always` in the place of this line would run for the same events: no line before it ends the block, and
/// no line of the block sends nothing.
fn runs_as_always(block: &RoutingBlock, line: &RoutingLine) -> bool {
    let mut before = block.lines.iter().take_while(|each| each.span != line.span);
    !before.any(|each| each.kind == LineKind::Route) && !block.lines.iter().any(|each| is_nothing(&each.body))
}

/// Whether every event of an `also route` certainly hits a route: each part of the route's condition is one of its own.
fn takes_all_of(routes: &[Vec<&str>], also: &[&str]) -> bool {
    let also: BTreeSet<&str> = also.iter().copied().collect();
    routes.iter().any(|route| route.iter().all(|part| also.contains(part)))
}

/// The parts of a line's condition that all must hold, as written; an unconditional line has none.
fn parts<'i>(input: &LintInput<'i>, line: &RoutingLine) -> Vec<&'i str> {
    let parts = line.when.iter().flat_map(Expression::conjuncts);
    parts.map(|part| input.environment.sources.text(part.span)).collect()
}

/// An `also route` to `nothing` is an error of its own.
fn is_nothing(body: &RoutingLineBody) -> bool {
    matches!(body, RoutingLineBody::Target(Target::Nothing(..)))
}

fn declines(body: &RoutingLineBody) -> bool {
    body.targets().into_iter().any(Target::may_decline)
}

/// A channel, a routing, or whichever member of a family.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Channel(ChannelId),
    Routing(RoutingId),
    Family(FamilyId),
}

/// The channels and routings that a body leads to.
fn reached(body: &RoutingLineBody) -> BTreeSet<Reached> {
    let reached = |destination: &Destination| match destination {
        Destination::Channel(channel) => Reached::Channel(*channel),
        Destination::Routing(routing) => Reached::Routing(*routing),
        Destination::Member(choice) => Reached::Family(choice.family),
    };
    body.targets().into_iter().flat_map(Target::destinations).map(reached).collect()
}
