//! Defines: each after those that it uses, and none through itself.

use crate::check::bare_names::bare_names;
use crate::check::context::LoweringContext;
use crate::check::graph::{DependencyGraph, DependencyReport};
use crate::check::scope::{ExpressionLowering, ExpressionScope, is_known};
use crate::check::{code, scope};
use crate::model::{self, ComparisonSubject, ExpressionKind};
use crate::syntax::tree::{self, DocumentedDeclaration};
use crate::value::ValueType;

const REPORT: DependencyReport = DependencyReport {
    kind: "define",
    verb: "uses",
    cycle: &code::DEFINE_CYCLE,
    cycle_label: "",
    cycle_help: "break the circle: write out one of the conditions",
    chain_help: "write out one of the defines between them",
};

/// All defines, in an order in which each follows those that it uses.
pub(super) fn lower(
    defines: &[(&DocumentedDeclaration, &tree::Define)],
    cx: &mut LoweringContext<'_>,
) -> Vec<model::Define> {
    let graph = DependencyGraph::new(uses(defines, cx));
    let names: Vec<&tree::Identifier> = defines.iter().map(|(_, define)| &define.name).collect();
    graph.report(&names, &REPORT, cx);
    cx.defines = vec![None; defines.len()];
    let in_cycle: std::collections::HashSet<usize> = graph.cycles.into_iter().flatten().collect();
    let mut lowered = Vec::with_capacity(defines.len());
    for position in graph.order {
        let Some((_, define)) = defines.get(position) else { continue };
        let mut value = if in_cycle.contains(&position) {
            scope::broken(define.value.span)
        } else {
            ExpressionLowering { cx, scope: ExpressionScope::Event }.value(&define.value)
        };
        if value.types.overlaps(ValueType::UNKNOWN) {
            value.types = ValueType::UNKNOWN;
        }
        if is_constant(&value, cx) {
            cx.constant_defines.insert(lowered.len());
        }
        if let Some(slot) = cx.defines.get_mut(position) {
            *slot = Some((lowered.len(), value.types));
        }
        lowered.push(model::Define { name: define.name.text.clone(), span: define.name.span, value });
    }
    lowered
}

/// For each define the positions of those that it names.
fn uses(defines: &[(&DocumentedDeclaration, &tree::Define)], cx: &LoweringContext<'_>) -> Vec<Vec<usize>> {
    defines
        .iter()
        .map(|(_, define)| {
            bare_names(&define.value).into_iter().filter_map(|name| cx.names.defines.find(&name.text)).collect()
        })
        .collect()
}

/// Whether a value is the same for every event, at every time.
pub(super) fn is_constant(value: &model::Expression, cx: &LoweringContext<'_>) -> bool {
    let own = match &value.kind {
        ExpressionKind::Field(_) | ExpressionKind::Label(_) | ExpressionKind::Group(_) => false,
        ExpressionKind::Define(id) => cx.constant_defines.contains(id),
        ExpressionKind::Compare(comparison) => !matches!(comparison.subject, ComparisonSubject::Now),
        ExpressionKind::Literal(_)
        | ExpressionKind::Template(_)
        | ExpressionKind::Path(_)
        | ExpressionKind::Nodes(_)
        | ExpressionKind::Regex(_)
        | ExpressionKind::Let(_)
        | ExpressionKind::Parameter(_)
        | ExpressionKind::Request(_)
        | ExpressionKind::Navigate(..)
        | ExpressionKind::Call(..)
        | ExpressionKind::Lookup(..)
        | ExpressionKind::Coalesce(_)
        | ExpressionKind::Match(_)
        | ExpressionKind::Or(_)
        | ExpressionKind::And(_)
        | ExpressionKind::Not(_)
        | ExpressionKind::List(_)
        | ExpressionKind::Object(_) => true,
    };
    let mut constant = own && is_known(value.types);
    value.each_part(&mut |part| constant = constant && is_constant(part, cx));
    constant
}
