//! The findings about conditions and arms.

use crate::check::proof_code;
use crate::diagnostic::Diagnostic;
use crate::model::{Comparator, Condition, Expression};
use crate::source::Span;

/// How many places a finding names.
pub(super) const MAX_NAMED: usize = 4;

/// A finding about a condition that always or never holds.
pub(super) fn constant_condition(condition: &Expression, holds: bool) -> Diagnostic {
    let (message, label, help) = if holds {
        let help = if excludes_by_or(condition) {
            "remove it; of two values that a value must not be, write `not in [..]`"
        } else {
            "remove it"
        };
        ("this condition always holds", "always true", help)
    } else {
        ("this condition never holds", "never true", "fix it, or remove what depends on it")
    };
    Diagnostic::new(&proof_code::CONSTANT_CONDITION, condition.span, message).label(label).help(help)
}

/// `x != a or x != b`: an alternative of at least two comparisons that exclude values.
fn excludes_by_or(condition: &Expression) -> bool {
    let Condition::Or(parts) = condition.condition() else { return false };
    let excludes = |part: &&Expression| {
        let Condition::Compare(comparison) = part.condition() else { return false };
        comparison.negated && matches!(comparison.test, Comparator::Equal(_) | Comparator::In(_))
    };
    parts.iter().filter(excludes).count() > 1
}

/// A finding about a condition that follows from others.
pub(super) fn redundant_condition(condition: Span, causes: &[Span]) -> Diagnostic {
    let found = Diagnostic::new(&proof_code::REDUNDANT_CONDITION, condition, "this condition holds anyway")
        .label("changes nothing");
    related(found, causes.iter().map(|cause| (*cause, "whatever meets this meets it".to_owned()))).help("remove it")
}

/// A finding about an arm that earlier ones leave nothing.
pub(super) fn dead_arm(arm: Span, takers: &[Span]) -> Diagnostic {
    let found = Diagnostic::new(&proof_code::UNREACHABLE_ARM, arm, "no text chooses this arm")
        .label("what it fits is taken before");
    let label = if takers.len() == 1 { "takes all of it" } else { "takes some of it" };
    related(found, takers.iter().map(|taker| (*taker, label.to_owned())))
        .help("move it above the arms that take its texts, or remove it")
}

/// Adds other places to a finding.
pub(super) fn related(found: Diagnostic, others: impl Iterator<Item = (Span, String)>) -> Diagnostic {
    others.take(MAX_NAMED).fold(found, |found, (span, text)| found.related(span, text))
}
