//! A route that only Resolved events reach. A recovery goes to the channels in which its firing is open; a route
//! for recoveries is used only if none is open.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::event::AlertStatus;
use crate::model::{
    Comparator, ComparisonSubject, Condition, EventField, Expression, ExpressionKind, LineKind, Literal, Match, Model,
    Pattern, RoutingBlock, RoutingLine, RoutingLineBody, Target,
};
use crate::source::Span;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0011", "route that only Resolved events reach");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    for routing in &input.model.routings {
        block(input.model, &routing.block, diagnostics);
    }
}

fn block(model: &Model, lines: &RoutingBlock, diagnostics: &mut Findings) {
    for line in lines.lines.iter().filter(|line| line.kind != LineKind::Always) {
        if line.when.as_ref().is_some_and(|when| asks_for(model, when, AlertStatus::Resolved)) {
            if sends(&line.body) {
                diagnostics.push(found(line.head, line));
            }
            continue;
        }
        match &line.body {
            RoutingLineBody::Block(inner) => block(model, inner, diagnostics),
            RoutingLineBody::Match(inner) => arms(inner, line, diagnostics),
            RoutingLineBody::Target(_) => {}
        }
    }
}

fn found(span: Span, line: &RoutingLine) -> Diagnostic {
    let finding = Diagnostic::new(&CODE, span, format!("only Resolved events reach `{}`", line.path))
        .label("a recovery goes where its firing went, whatever stands here")
        .note("this is asked only of a recovery whose firing is open nowhere");
    finding.help("remove it; where every recovery is to be copied, write `always` for the line")
}

fn arms(matching: &Match<Target>, line: &RoutingLine, diagnostics: &mut Findings) {
    let Some(column) = matching.subjects.iter().position(is_status) else { return };
    for arm in matching.arms.iter().filter(|arm| matches!(arm.result, Target::Destinations(_))) {
        let resolved = |pattern: &Pattern| {
            let Pattern::Test(Comparator::Equal(value), _) = pattern else { return false };
            is_constant(value, AlertStatus::Resolved)
        };
        if arm.columns.get(column).is_some_and(|cell| !cell.is_empty() && cell.iter().all(resolved)) {
            diagnostics.push(found(arm.span, line));
        }
    }
}

/// Whether some event is sent. `nothing` for recoveries is useful: it silences recoveries without a firing.
fn sends(body: &RoutingLineBody) -> bool {
    body.targets().into_iter().any(|target| matches!(target, Target::Destinations(_)))
}

/// Whether the condition holds for events of the status only.
fn asks_for(model: &Model, condition: &Expression, status: AlertStatus) -> bool {
    match condition.condition() {
        Condition::And(parts) => parts.iter().any(|part| asks_for(model, part, status)),
        Condition::Or(parts) => parts.iter().all(|part| asks_for(model, part, status)),
        Condition::Not(inner) => is_test(inner, other(status)),
        Condition::Compare(_) => is_test(condition, status),
        Condition::Define(id) => model.defines.get(id).is_some_and(|define| is_test(&define.value, status)),
        Condition::Value => false,
    }
}

fn other(status: AlertStatus) -> AlertStatus {
    match status {
        AlertStatus::Firing => AlertStatus::Resolved,
        AlertStatus::Resolved => AlertStatus::Firing,
    }
}

/// `status == X`, or `!=` of the other.
fn is_test(condition: &Expression, status: AlertStatus) -> bool {
    let ExpressionKind::Compare(comparison) = &condition.kind else { return false };
    let wanted = if comparison.negated { other(status) } else { status };
    let (ComparisonSubject::Value(subject), Comparator::Equal(value)) = (&comparison.subject, &comparison.test) else {
        return false;
    };
    is_status(subject) && is_constant(value, wanted)
}

fn is_status(value: &Expression) -> bool {
    matches!(value.kind, ExpressionKind::Field(EventField::Status))
}

fn is_constant(value: &Expression, status: AlertStatus) -> bool {
    matches!(&value.kind, ExpressionKind::Literal(Literal::Status(found)) if *found == status)
}
