//! Conditions over severity and status alone.

use super::need::Allowance;
use crate::check::model::{Field, Literal};
use crate::event::{Severity, Status};
use crate::program::{Combinations, Node, NodeId, Order, Program, Subject, Test};

/// The combinations of severity and status for which a condition holds; nothing where it looks at anything else.
pub(super) fn combinations(
    program: &Program,
    condition: NodeId,
    depth: usize,
    allowance: &mut Allowance,
) -> Option<Combinations> {
    let depth = depth.checked_sub(1)?;
    allowance.spend()?;
    let mut each = |part: &NodeId| combinations(program, *part, depth, allowance);
    if let Node::And(parts) = program.node(condition) {
        return parts.iter().try_fold(Combinations::ALL, |all, part| Some(all.and(each(part)?)));
    }
    if let Node::Or(parts) = program.node(condition) {
        return parts.iter().try_fold(Combinations::ALL.others(), |all, part| Some(all.or(each(part)?)));
    }
    if let Node::Not(part) = program.node(condition) {
        return Some(each(part)?.others());
    }
    if let Node::Define(position) = program.node(condition) {
        return each(program.defines.get(*position)?);
    }
    let Node::Compare(comparison) = program.node(condition) else { return None };
    let Subject::Value(subject) = comparison.subject else { return None };
    let Node::Field(field) = program.node(subject) else { return None };
    let set = match field {
        Field::Severity => of_severity(program, &comparison.test)?,
        Field::Status => of_status(program, &comparison.test)?,
        Field::Title
        | Field::Key
        | Field::Description
        | Field::Labels
        | Field::StartsAt
        | Field::EndsAt
        | Field::Link
        | Field::Source
        | Field::Integration
        | Field::Notes => return None,
    };
    Some(if comparison.negated { set.others() } else { set })
}

fn of_severity(program: &Program, test: &Test) -> Option<Combinations> {
    let severity = |node: &NodeId| {
        let Node::Literal(Literal::Severity(severity)) = program.node(*node) else { return None };
        Some(*severity)
    };
    let those = |holds: &dyn Fn(Severity) -> bool| Combinations::of(|severity, _| holds(severity));
    Some(match test {
        Test::Equal(node) => {
            let wanted = severity(node)?;
            those(&|severity| severity == wanted)
        }
        Test::In(nodes) => {
            let wanted = nodes.iter().map(severity).collect::<Option<Vec<_>>>()?;
            those(&|severity| wanted.contains(&severity))
        }
        Test::Order(order, node) => {
            let bound = severity(node)?;
            those(&|severity| match order {
                Order::Less => severity < bound,
                Order::LessOrEqual => severity <= bound,
                Order::Greater => severity > bound,
                Order::GreaterOrEqual => severity >= bound,
            })
        }
        Test::Any
        | Test::Missing
        | Test::Null
        | Test::Text(_)
        | Test::Texts(_)
        | Test::Cidr(_)
        | Test::Like(_)
        | Test::Matches(_)
        | Test::Finds(_)
        | Test::Contains(_)
        | Test::StartsWith(_)
        | Test::EndsWith(_)
        | Test::Is(_)
        | Test::During(_) => return None,
    })
}

fn of_status(program: &Program, test: &Test) -> Option<Combinations> {
    let status = |node: &NodeId| {
        let Node::Literal(Literal::Status(status)) = program.node(*node) else { return None };
        Some(*status)
    };
    let nodes = match test {
        Test::Equal(node) => std::slice::from_ref(node),
        Test::In(nodes) => nodes,
        Test::Any
        | Test::Missing
        | Test::Null
        | Test::Text(_)
        | Test::Texts(_)
        | Test::Order(..)
        | Test::Cidr(_)
        | Test::Like(_)
        | Test::Matches(_)
        | Test::Finds(_)
        | Test::Contains(_)
        | Test::StartsWith(_)
        | Test::EndsWith(_)
        | Test::Is(_)
        | Test::During(_) => return None,
    };
    let wanted: Vec<Status> = nodes.iter().map(status).collect::<Option<_>>()?;
    Some(Combinations::of(|_, status| wanted.contains(&status)))
}
