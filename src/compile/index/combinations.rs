//! Conditions over severity and status alone.

use super::analysis_budget::AnalysisBudget;
use crate::event::{AlertStatus, Severity};
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
    let set = match field {
        EventField::Severity => of_severity(program, &comparison.test)?,
        EventField::Status => of_status(program, &comparison.test)?,
        EventField::Title
        | EventField::Key
        | EventField::Description
        | EventField::Labels
        | EventField::StartsAt
        | EventField::EndsAt
        | EventField::Link
        | EventField::Source
        | EventField::Integration
        | EventField::Notes => return None,
    };
    Some(if comparison.negated { set.others() } else { set })
}

fn of_severity(program: &Program, test: &Predicate) -> Option<SeverityStatusSet> {
    let severity = |node: &NodeId| {
        let Node::Literal(Literal::Severity(severity)) = program.node(*node) else { return None };
        Some(*severity)
    };
    let those = |holds: &dyn Fn(Severity) -> bool| SeverityStatusSet::of(|severity, _| holds(severity));
    Some(match test {
        Predicate::Equal(node) => {
            let wanted = severity(node)?;
            those(&|severity| severity == wanted)
        }
        Predicate::In(nodes) => {
            let wanted = nodes.iter().map(severity).collect::<Option<Vec<_>>>()?;
            those(&|severity| wanted.contains(&severity))
        }
        Predicate::Order(order, node) => {
            let bound = severity(node)?;
            those(&|severity| order.holds(severity.cmp(&bound)))
        }
        Predicate::Any
        | Predicate::Missing
        | Predicate::Null
        | Predicate::Text(_)
        | Predicate::Is(_)
        | Predicate::During(_) => return None,
    })
}

fn of_status(program: &Program, test: &Predicate) -> Option<SeverityStatusSet> {
    let status = |node: &NodeId| {
        let Node::Literal(Literal::Status(status)) = program.node(*node) else { return None };
        Some(*status)
    };
    let nodes = match test {
        Predicate::Equal(node) => std::slice::from_ref(node),
        Predicate::In(nodes) => nodes,
        Predicate::Any
        | Predicate::Missing
        | Predicate::Null
        | Predicate::Text(_)
        | Predicate::Order(..)
        | Predicate::Is(_)
        | Predicate::During(_) => return None,
    };
    let wanted: Vec<AlertStatus> = nodes.iter().map(status).collect::<Option<_>>()?;
    Some(SeverityStatusSet::of(|_, status| wanted.contains(&status)))
}
