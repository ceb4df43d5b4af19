//! Routings: the lines of each block, where they lead, and that no event falls through.

use crate::check::block::{self, BlockContext};
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::graph::{DependencyGraph, report_long_chains};
use crate::check::scope::{ExpressionLowering, ExpressionScope};
use crate::diagnostic::Diagnostic;
use crate::model::{self, Destination, LineKind, RoutingBlock, RoutingLine, RoutingLineBody, Target};
use crate::syntax::tree::{self, DocumentedDeclaration, TargetKind};
use crate::text::backticked_list;
use std::sync::Arc;

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
    RoutingLine { kind: line.kind, path, when, body, head: line.head, span: line.span }
}

fn target(target: &tree::Target, cx: &mut LoweringContext<'_>) -> Option<Target> {
    match &target.kind {
        TargetKind::Destinations(destinations) => {
            let found: Vec<Option<Destination>> =
                destinations.iter().map(|destination| self::destination(destination, cx)).collect();
            found.into_iter().collect::<Option<_>>().map(Target::Destinations)
        }
        TargetKind::Nothing(because) => {
            let because = ExpressionLowering { cx, scope: ExpressionScope::Event }.template(because);
            Some(Target::Nothing(Box::new(because), target.span))
        }
        TargetKind::Decline => Some(Target::Decline),
    }
}

/// A channel or a routing by its name.
pub(super) fn destination(destination: &tree::Destination, cx: &mut LoweringContext<'_>) -> Option<Destination> {
    match destination {
        tree::Destination::Channel(name) => cx.channel(name).map(Destination::Channel),
        tree::Destination::Routing(name, whole) => cx.routing(name, *whole).map(Destination::Routing),
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
    let graph = DependencyGraph::new(calls);
    if graph.cycles.is_empty() {
        let names: Vec<&tree::Identifier> = routings.iter().map(|(_, routing)| &routing.name).collect();
        let help = "name channels in the place of one of the calls between them";
        report_long_chains(&graph, &names, "routings", help, cx);
    }
    for cycle in graph.cycles {
        let members: Vec<&tree::Identifier> =
            cycle.iter().filter_map(|at| routings.get(*at)).map(|(_, routing)| &routing.name).collect();
        let Some((first, others)) = members.split_first() else { continue };
        let message = if others.is_empty() {
            format!("the routing `{}` calls itself", first.text)
        } else {
            let through = backticked_list(others.iter().map(|name| &name.text));
            format!("the routing `{}` calls itself through {through}", first.text)
        };
        let diagnostic = Diagnostic::new(&code::ROUTING_CYCLE, first.span, message).label("never comes to an end");
        let diagnostic = others
            .iter()
            .take(5)
            .fold(diagnostic, |diagnostic, name| diagnostic.related(name.span, format!("`{}` stands here", name.text)));
        cx.report(diagnostic.help("name channels in the place of one of the calls"));
    }
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
