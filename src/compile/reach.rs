//! Which parts of a payload a mapping reads: the paths of its expressions, and whether only the kind of a value
//! matters.

use crate::json::Projection;
use crate::path::CompiledPath;
use crate::program::{
    Comparison, ComparisonSubject, LabelEntry, Mapping, Match, Node, NodeId, Predicate, Program, Table, TemplatePart,
};
use crate::syntax::tree::NavigationStep;
use std::collections::HashSet;

/// The parts of a payload that a mapping reads.
pub(super) fn reach(program: &Program, mapping: &Mapping) -> Projection {
    let mut survey = AccessCollector { program, each: None, reach: Projection::default(), visited: HashSet::new() };
    // `accept` is evaluated before there are elements.
    for (rule, because) in &mapping.accept {
        survey.visit(rule.when, ValueAccess::Kind);
        if let Some(because) = because {
            survey.visit(*because, ValueAccess::Whole);
        }
    }
    if let Some(each) = mapping.each.as_deref() {
        survey.path(each, ValueAccess::Kind, &[]);
        survey.each = Some(each);
    }
    for (rule, because) in &mapping.drops {
        survey.visit(rule.when, ValueAccess::Kind);
        survey.visit(*because, ValueAccess::Whole);
    }
    let lets = mapping.lets.iter().map(|(_, value)| *value);
    let fields = mapping.fields.iter().flatten().copied();
    let labels = mapping.labels.iter().map(|entry| match entry {
        LabelEntry::Spread(value, _) | LabelEntry::Set(_, value) => *value,
    });
    for value in lets.chain(fields).chain(labels) {
        survey.visit(value, ValueAccess::Whole);
    }
    survey.reach
}

/// The parts of a payload that an answer repeats.
pub(super) fn answer_reach(program: &Program, answer: NodeId) -> Projection {
    let mut survey = AccessCollector { program, each: None, reach: Projection::default(), visited: HashSet::new() };
    survey.visit(answer, ValueAccess::Whole);
    survey.reach
}

/// How much of a value is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueAccess {
    /// Its presence, its kind and whether it is empty; a scalar as a whole.
    Kind,
    /// Everything.
    Whole,
}

struct AccessCollector<'p> {
    program: &'p Program,
    /// The path that chooses the elements.
    each: Option<&'p CompiledPath>,
    reach: Projection,
    /// Tables and defines that were surveyed: expressions share them.
    visited: HashSet<NodeId>,
}

impl<'p> AccessCollector<'p> {
    fn visit(&mut self, id: NodeId, access: ValueAccess) {
        match self.program.node(id) {
            Node::Literal(_)
            | Node::Regex(_)
            | Node::Let(_)
            | Node::Parameter(_)
            | Node::Field(_)
            | Node::Label(_)
            | Node::Request(_) => {}
            Node::Path(path) => self.path(path, access, &[]),
            Node::Nodes(path) => self.path(path, ValueAccess::Whole, &[]),
            Node::Navigate(base, steps) => {
                if let Node::Path(path) = self.program.node(*base) {
                    self.path(path, access, steps);
                } else {
                    self.visit(*base, ValueAccess::Whole);
                }
            }
            Node::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Value(value) = part {
                        self.visit(*value, ValueAccess::Whole);
                    }
                }
            }
            Node::Define(position) => self.define(*position),
            Node::Call(_, arguments) => self.all(arguments, ValueAccess::Whole),
            Node::Lookup(table, arguments) => {
                self.all(arguments, ValueAccess::Whole);
                if let Some(Table::Arms(arms)) = self.program.tables.get(*table)
                    && arms.arms.first().is_some_and(|arm| self.visited.insert(arm.result))
                {
                    self.choice(arms);
                    arms.arms.iter().for_each(|arm| self.visit(arm.result, ValueAccess::Whole));
                }
            }
            Node::Match(arms) => {
                self.choice(arms);
                arms.arms.iter().for_each(|arm| self.visit(arm.result, access));
            }
            Node::Choose(arms) => self.choice(arms),
            Node::Coalesce(parts) | Node::Or(parts) | Node::And(parts) => self.all(parts, access),
            Node::Not(part) => self.visit(*part, access),
            Node::Compare(comparison) => self.comparison(comparison),
            Node::List(parts) => self.all(parts, ValueAccess::Whole),
            Node::Object(members) => {
                members.iter().for_each(|(_, value)| self.visit(*value, ValueAccess::Whole));
            }
        }
    }

    fn all(&mut self, nodes: &'p [NodeId], access: ValueAccess) {
        for node in nodes {
            self.visit(*node, access);
        }
    }

    fn define(&mut self, position: usize) {
        if let Some(value) = self.program.defines.get(position)
            && self.visited.insert(*value)
        {
            self.visit(*value, ValueAccess::Whole);
        }
    }

    fn choice<R>(&mut self, arms: &'p Match<R>) {
        for (column, subject) in arms.subjects.iter().enumerate() {
            let tests = arms.arms.iter().filter_map(|arm| arm.columns.get(column)).flatten();
            let access = if tests.clone().all(asks_kind) { ValueAccess::Kind } else { ValueAccess::Whole };
            self.visit(*subject, access);
            tests.for_each(|test| self.all(test.operands(), ValueAccess::Whole));
        }
        arms.arms.iter().filter_map(|arm| arm.note).for_each(|note| self.visit(note, ValueAccess::Whole));
    }

    fn comparison(&mut self, comparison: &'p Comparison) {
        let access = if asks_kind(&comparison.test) { ValueAccess::Kind } else { ValueAccess::Whole };
        match &comparison.subject {
            ComparisonSubject::Value(value) => self.visit(*value, access),
            ComparisonSubject::Nodes(_, path) => self.path(path, access, &[]),
            ComparisonSubject::Now => {}
        }
        self.all(comparison.test.operands(), ValueAccess::Whole);
    }

    fn path(&mut self, path: &CompiledPath, access: ValueAccess, steps: &[NavigationStep]) {
        path.project(self.each, &mut self.reach, &|nodes| {
            let end = steps.iter().fold(nodes, |reach, step| match step {
                NavigationStep::Member(name) => reach.member(name),
                NavigationStep::Index(_) => reach.every(),
            });
            if access == ValueAccess::Whole {
                end.select_all();
            }
        });
    }
}

/// Whether a test uses scalars as a whole, and only the kind of other values.
fn asks_kind(test: &Predicate) -> bool {
    match test {
        Predicate::Equal(_) | Predicate::In(_) => false,
        Predicate::Any
        | Predicate::Missing
        | Predicate::Null
        | Predicate::Text(_)
        | Predicate::Order(..)
        | Predicate::Is(_)
        | Predicate::During(_) => true,
    }
}
