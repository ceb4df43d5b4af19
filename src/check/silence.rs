//! The conditions of silences: over the event alone, so that no reload of rules can break one.

use crate::check::context::LoweringContext;
use crate::check::names::DeclaredNames;
use crate::check::scope::{ExpressionLowering, ExpressionScope};
use crate::check::{CheckEnvironment, code};
use crate::diagnostic::{Diagnostic, Findings};
use crate::model::{EventField, Expression, ExpressionKind};
use crate::source::{Sources, Span};
use crate::syntax::tree;

/// Checks a condition that stands alone: it sees the event, and no names of rules.
#[must_use]
pub fn check_condition(condition: &tree::Expression, sources: &Sources) -> (Expression, Findings) {
    let read = |_: &std::path::Path| Err("a condition names no files".to_owned());
    let environment = CheckEnvironment { sources, read: &read, at: None };
    let mut cx = LoweringContext::new(&environment, DeclaredNames::default(), Findings::default());
    cx.stands_alone = true;
    let condition = ExpressionLowering { cx: &mut cx, scope: ExpressionScope::Event }.condition(condition);
    if let Some(place) = status_of(&condition) {
        let message = "a silence holds what fires, and never an end, so it cannot ask for the status";
        let finding = Diagnostic::new(&code::MUTED_STATUS, place, message);
        cx.report(finding.help("leave the condition on `status` out"));
    }
    (condition, cx.diagnostics)
}

/// Where a condition asks for the status.
fn status_of(value: &Expression) -> Option<Span> {
    if let ExpressionKind::Field(EventField::Status) = value.kind {
        return Some(value.span);
    }
    let mut found = None;
    value.each_part(&mut |part| found = found.or_else(|| status_of(part)));
    found
}

/// A name that could only be one of the rules.
pub(super) fn rule_name(place: Span, name: &str) -> Diagnostic {
    let message = format!("the condition of a silence cannot use `{name}`, which is not a part of an event");
    Diagnostic::new(&code::RULES_IN_SILENCE, place, message)
        .label("only the rules can define it")
        .note("a silence stays in force when the rules change, so it cannot use their defines, tables and schedules")
}
