//! A schedule whose windows have all passed, and a comparison with a moment that has passed.

use super::visit::{self, TreeNode};
use super::{LintInput, VisitedNode};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::function;
use crate::source::Span;
use crate::syntax::tree::{Comparator, Comparison, Expression, ExpressionKind, OrderRelation};
use crate::time::{Timestamp, Zone};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0003", "date that has passed");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let Some(at) = input.environment.at else { return };
    let broken = |place: Span| input.items().any(|item| item.broken && item.span.covers(place));
    let over = input.model.schedules.iter().filter(|schedule| schedule.windows.is_over(at));
    for schedule in over.filter(|schedule| !broken(schedule.span)) {
        let message = format!("every window of schedule `{}` has passed", schedule.name);
        let finding = Diagnostic::new(&CODE, schedule.span, message).label("never holds again");
        diagnostics.push(finding.help("remove the schedule and the lines that use it, or give it new dates"));
    }
}

pub(crate) fn check_node(seen: &VisitedNode<'_>, diagnostics: &mut Findings) {
    if let (TreeNode::Comparison(comparison), Some(at)) = (seen.node, seen.environment.at) {
        diagnostics.extend(past_moment(comparison, at));
    }
}

/// `starts_at < time("…")` of a moment in the past: new alerts start later.
fn past_moment(comparison: &Comparison, at: Timestamp) -> Option<Diagnostic> {
    let Comparator::Order(OrderRelation::Less | OrderRelation::LessOrEqual, value) = &comparison.test else {
        return None;
    };
    let moment = constant(value).filter(|moment| *moment < at)?;
    let message = format!("the moment `{moment}` has passed");
    let finding = Diagnostic::new(&CODE, value.span, message).label("no new alert starts before it");
    Some(finding.help("remove the condition, or give it a new date"))
}

fn constant(value: &Expression) -> Option<Timestamp> {
    let ExpressionKind::Call(name, arguments) = &value.kind else { return None };
    if &*name.text != function::TIME {
        return None;
    }
    let texts: Vec<&str> =
        arguments.iter().map(|argument| visit::plain(argument).map(|plain| plain.0)).collect::<Option<_>>()?;
    match texts.as_slice() {
        [only] => Timestamp::read(only),
        [text, zone, form @ ..] => function::read_time(text, Some(&Zone::new(zone).ok()?), form.first().copied()),
        [] => None,
    }
}
