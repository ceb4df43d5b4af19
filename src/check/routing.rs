//! Routings: the lines of each block, where they lead, and that no event falls through.

use crate::check::block::{self, BlockContext};
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::destination;
use crate::check::graph::{DependencyGraph, DependencyReport};
use crate::check::scope::{ExpressionLowering, ExpressionScope};
use crate::model::{self, Destination, LineKind, RoutingBlock, RoutingLine, RoutingLineBody, Target};
use crate::source::Span;
use crate::syntax::tree::{self, DocumentedDeclaration, TargetKind};
use std::sync::Arc;

const REPORT: DependencyReport = DependencyReport {
    kind: "routing",
    verb: "calls",
    cycle: &code::ROUTING_CYCLE,
    cycle_label: "never comes to an end",
    cycle_help: "name channels in the place of one of the calls",
    chain_help: "name channels in the place of one of the calls between them",
};

/// A routing of the model.
pub(super) fn lower(
    item: &DocumentedDeclaration,
    routing: &tree::Routing,
    cx: &mut LoweringContext<'_>,
) -> model::Routing {
    let place = BlockContext { path: &routing.name.text, may_decline: false, is_broken: item.broken };
    let block = lines(&routing.block, place, cx);
    model::Routing { name: routing.name.text.clone(), span: routing.name.span, block }
}

fn lines(tree: &tree::Block, place: BlockContext<'_>, cx: &mut LoweringContext<'_>) -> RoutingBlock {
    block::check(tree, place, cx);
    let lines = tree.lines.iter().map(|line| self::line(line, place, cx)).collect();
    RoutingBlock { lines, span: tree.span }
}

fn line(line: &tree::Line, place: BlockContext<'_>, cx: &mut LoweringContext<'_>) -> RoutingLine {
    let name = line.name.as_ref().map_or("else", |name| &*name.text);
    let path: Arc<str> = format!("{}.{name}", place.path).into();
    let may_decline = line.kind != LineKind::Else || place.may_decline;
    let inner = BlockContext { path: &path, may_decline, is_broken: place.is_broken };
    let when = line.when.as_ref().map(|when| ExpressionLowering { cx, scope: ExpressionScope::Event }.condition(when));
    let body = match &line.body {
        tree::LineBody::Block(block) => RoutingLineBody::Block(lines(block, inner, cx)),
        tree::LineBody::Match(it) => {
            let mut lowering = ExpressionLowering { cx, scope: ExpressionScope::Event };
            let subjects = lowering.subjects(it);
            let arm = |this: &mut ExpressionLowering<'_, '_>, target: &tree::Target| {
                block::check_arm(target, line, inner, this.cx);
                self::target(target, this.cx)
            };
            RoutingLineBody::Match(Box::new(lowering.arms(subjects, &it.arms, arm)))
        }
        tree::LineBody::Target(target) => {
            block::check_target(target, line, place, cx);
            RoutingLineBody::Target(self::target(target, cx).unwrap_or(Target::Decline))
        }
    };
    let title = line.name.as_ref().map_or(line.head, |name| Span { end: name.span.end, ..line.head });
    RoutingLine { kind: line.kind, path, when, body, head: line.head, title, span: line.span }
}

fn target(target: &tree::Target, cx: &mut LoweringContext<'_>) -> Option<Target> {
    match &target.kind {
        TargetKind::Destinations(destinations) => {
            let found: Vec<Option<Destination>> =
                destinations.iter().map(|each| destination::lower(each, cx)).collect();
            found.into_iter().collect::<Option<_>>().map(Target::Destinations)
        }
        TargetKind::Nothing(because) => {
            let because = ExpressionLowering { cx, scope: ExpressionScope::Event }.template(because);
            Some(Target::Nothing(Box::new(because), target.span))
        }
        TargetKind::Decline => Some(Target::Decline),
    }
}

/// Reports routings that come back to themselves, and chains of calls that are too long.
pub(super) fn check_calls(routings: &[(&DocumentedDeclaration, &tree::Routing)], cx: &mut LoweringContext<'_>) {
    let calls: Vec<Vec<usize>> = routings
        .iter()
        .map(|(_, routing)| {
            let mut called = Vec::new();
            routing.block.each_target(&mut |target| add_calls(target, &mut called));
            called.into_iter().filter_map(|name| cx.names.routings.find(&name.text)).collect()
        })
        .collect();
    let names: Vec<&tree::Identifier> = routings.iter().map(|(_, routing)| &routing.name).collect();
    DependencyGraph::new(calls).report(&names, &REPORT, cx);
}

fn add_calls<'t>(target: &'t tree::Target, called: &mut Vec<&'t tree::Identifier>) {
    if let TargetKind::Destinations(destinations) = &target.kind {
        for destination in destinations {
            if let tree::Destination::Routing(name, _) = destination {
                called.push(name);
            }
        }
    }
}
