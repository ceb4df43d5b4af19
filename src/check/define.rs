//! Defines: each after those that it uses, and none through itself.

use crate::check::bare_names::bare_names;
use crate::check::context::LoweringContext;
use crate::check::graph::{DependencyGraph, DependencyReport};
use crate::check::scope::{ExpressionLowering, ExpressionScope};
use crate::check::{code, scope};
use crate::model;
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
