//! Conditions over severity and status alone.

use super::analysis_budget::AnalysisBudget;
use crate::event::Severity;
use crate::model::{EventField, Literal};
use crate::program::{ComparisonSubject, Node, NodeId, Predicate, Program, SeverityStatusSet};

/// The combinations of severity and status for which a condition holds; `None` if it looks at anything else.
pub(super) fn combinations(
    program: &Program,
    condition: NodeId,
    depth: usize,
    budget: &mut AnalysisBudget,
) -> Option<SeverityStatusSet> {
    let depth = depth.checked_sub(1)?;
    budget.spend()?;
    let mut each = |part: &NodeId| combinations(program, *part, depth, budget);
    if let Node::And(parts) = program.node(condition) {
        return parts.iter().try_fold(SeverityStatusSet::ALL, |all, part| Some(all.and(each(part)?)));
    }
    if let Node::Or(parts) = program.node(condition) {
        return parts.iter().try_fold(SeverityStatusSet::ALL.others(), |all, part| Some(all.or(each(part)?)));
    }
    if let Node::Not(part) = program.node(condition) {
        return Some(each(part)?.others());
    }
    if let Node::Define(position) = program.node(condition) {
        return each(program.defines.get(*position)?);
    }
    let Node::Compare(comparison) = program.node(condition) else { return None };
    let ComparisonSubject::Value(subject) = comparison.subject else { return None };
    let Node::Field(field) = program.node(subject) else { return None };
    let set = if *field == EventField::Severity {
        of_severity(program, &comparison.test)?
    } else if *field == EventField::Status {
        of_status(program, &comparison.test)?
    } else {
        return None;
    };
    Some(if comparison.negated { set.others() } else { set })
}

fn of_severity(program: &Program, test: &Predicate) -> Option<SeverityStatusSet> {
    let severity = |literal: &Literal| if let Literal::Severity(severity) = literal { Some(*severity) } else { None };
    let severities = constants(program, test, severity)?;
    let order = if let Predicate::Order(order, _) = test { Some(order) } else { None };
    let holds = |severity: Severity, other: &Severity| match order {
        Some(order) => order.holds(severity.cmp(other)),
        None => severity == *other,
    };
    Some(SeverityStatusSet::of(|severity, _| severities.iter().any(|other| holds(severity, other))))
}

fn of_status(program: &Program, test: &Predicate) -> Option<SeverityStatusSet> {
    let status = |literal: &Literal| if let Literal::Status(status) = literal { Some(*status) } else { None };
    let wanted = constants(program, test, status)?;
    // Statuses have no order.
    let is_order = matches!(test, Predicate::Order(..));
    (!is_order).then(|| SeverityStatusSet::of(|_, status| wanted.contains(&status)))
}

/// The constants that a test compares with; `None` if it compares with anything else, or with nothing.
fn constants<T>(program: &Program, test: &Predicate, constant: impl Fn(&Literal) -> Option<T>) -> Option<Vec<T>> {
    let read = |node: &NodeId| if let Node::Literal(literal) = program.node(*node) { constant(literal) } else { None };
    let constants: Vec<T> = test.operands().iter().map(read).collect::<Option<_>>()?;
    (!constants.is_empty()).then_some(constants)
}
