//! Which parts of a payload a mapping reads: the paths of its expressions, and whether only the kind of a value
//! matters.

use crate::json::Projection;
use crate::path::{CompiledPath, PathRoot};
use crate::program::{
    Comparison, ComparisonSubject, LabelEntry, Mapping, Match, Node, NodeId, NodesPath, OpeningStep, Predicate,
    Program, Table, TemplatePart,
};
use std::collections::HashSet;

/// How many levels of a value are told apart: a payload does not nest deeper, so what is used below that is the whole.
const MAXIMUM_LEVELS: usize = 127;

/// How many parts may be copied for each expression of a mapping. Lets that read members of lets multiply the parts of the
/// first, so beyond that the payload is read as a whole.
const COPIES_FOR_EACH_EXPRESSION: usize = 8;

/// What is used of a value of which only the presence, the kind and whether it is empty matter; a scalar as a whole.
fn kind() -> Projection {
    Projection::default()
}

/// The parts of a payload that a mapping reads.
pub(super) fn reach(program: &Program, mapping: &Mapping) -> Projection {
    let mut survey = AccessCollector {
        program,
        payload: Projection::default(),
        element: Projection::default(),
        lets: vec![Projection::default(); mapping.lets.len()],
        visited: HashSet::new(),
        expressions: 0,
        copies: 0,
    };
    survey.statements(mapping);
    // A let reads lets above it alone, so what is read of it is complete when its turn comes.
    let element_lets = mapping.element_lets.iter().copied();
    let payload_lets = mapping.opening.iter().filter_map(|step| match step {
        OpeningStep::Let(position) => Some(*position),
        OpeningStep::Accept(..) => None,
    });
    survey.let_values(mapping, element_lets.collect());
    survey.elements(mapping.each.as_ref());
    survey.let_values(mapping, payload_lets.collect());
    survey.finish()
}

/// The parts of a payload that an answer repeats.
pub(super) fn answer_reach(program: &Program, answer: NodeId) -> Projection {
    let mut survey = AccessCollector {
        program,
        payload: Projection::default(),
        element: Projection::default(),
        lets: Vec::new(),
        visited: HashSet::new(),
        expressions: 0,
        copies: 0,
    };
    survey.visit_whole(answer);
    survey.finish()
}

struct AccessCollector<'p> {
    program: &'p Program,
    /// What is read of the payload, of an element, and of each let.
    payload: Projection,
    element: Projection,
    lets: Vec<Projection>,
    /// Tables and defines that were surveyed: expressions share them.
    visited: HashSet<NodeId>,
    /// How many expressions were visited, and how many parts were copied for them.
    expressions: usize,
    copies: usize,
}

impl<'p> AccessCollector<'p> {
    fn finish(self) -> Projection {
        if self.is_spent() { Projection::whole() } else { self.payload }
    }

    fn is_spent(&self) -> bool {
        self.copies > self.expressions.saturating_mul(COPIES_FOR_EACH_EXPRESSION)
    }

    fn statements(&mut self, mapping: &'p Mapping) {
        for step in &mapping.opening {
            if let OpeningStep::Accept(rule, because) = step {
                self.visit(rule.when, &kind());
                if let Some(because) = because {
                    self.visit_whole(*because);
                }
            }
        }
        for (rule, because) in &mapping.drops {
            self.visit(rule.when, &kind());
            self.visit_whole(*because);
        }
        mapping.fields.iter().flatten().for_each(|value| self.visit_whole(*value));
        for entry in &mapping.labels {
            let (LabelEntry::Spread(value, _) | LabelEntry::Set(_, value)) = entry;
            self.visit_whole(*value);
        }
    }

    /// Adds what the values of lets read, the last let first.
    fn let_values(&mut self, mapping: &'p Mapping, positions: Vec<usize>) {
        for position in positions.into_iter().rev() {
            let used = self.lets.get_mut(position).map(std::mem::take);
            if let (Some(mut used), Some((_, value))) = (used, mapping.lets.get(position)) {
                if used.levels() > MAXIMUM_LEVELS {
                    used.select_all();
                }
                self.visit(*value, &used);
            }
        }
    }

    /// Adds what is read of the elements to the value that they are chosen from.
    fn elements(&mut self, each: Option<&'p NodesPath>) {
        let element = std::mem::take(&mut self.element);
        match each {
            Some(each) => self.nodes(each, &element),
            None => self.payload.add(&element),
        }
    }

    fn visit_whole(&mut self, id: NodeId) {
        self.visit(id, &Projection::whole());
    }

    /// Adds what an expression reads; `used` is what is used of its value.
    fn visit(&mut self, id: NodeId, used: &Projection) {
        self.expressions = self.expressions.saturating_add(1);
        if let Node::Let(_) | Node::Path(_) | Node::Nodes(_) | Node::Navigate(..) = self.program.node(id) {
            self.copies = self.copies.saturating_add(used.parts());
        }
        if self.is_spent() {
            return;
        }
        match self.program.node(id) {
            Node::Literal(_)
            | Node::Regex(_)
            | Node::Parameter(_)
            | Node::Field(_)
            | Node::Label(_)
            | Node::Request(_)
            | Node::Group(_) => {}
            Node::Let(position) => {
                if let Some(known) = self.lets.get_mut(*position) {
                    known.add(used);
                }
            }
            Node::Path(path) => self.path(path, used),
            Node::Nodes(nodes) => self.nodes(nodes, &Projection::whole()),
            Node::Navigate(base, path) => {
                let mut start = Projection::default();
                path.project(&mut start, used);
                self.visit(*base, &start);
            }
            Node::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Value(value) = part {
                        self.visit_whole(*value);
                    }
                }
            }
            Node::Define(position) => self.define(*position),
            Node::Call(_, arguments) => self.all(arguments, &Projection::whole()),
            Node::Lookup(table, arguments) => {
                self.all(arguments, &Projection::whole());
                if let Some(Table::Arms(arms)) = self.program.tables.get(*table)
                    && arms.arms.first().is_some_and(|arm| self.visited.insert(arm.result))
                {
                    self.choice(arms);
                    arms.arms.iter().for_each(|arm| self.visit_whole(arm.result));
                }
            }
            Node::Match(arms) => {
                self.choice(arms);
                arms.arms.iter().for_each(|arm| self.visit(arm.result, used));
            }
            Node::Choose(arms) => self.choice(arms),
            Node::Coalesce(parts) | Node::Or(parts) | Node::And(parts) => self.all(parts, used),
            Node::Not(part) => self.visit(*part, used),
            Node::Compare(comparison) => self.comparison(comparison),
            Node::List(parts) => self.all(parts, &Projection::whole()),
            Node::Object(members) => {
                members.iter().for_each(|(_, value)| self.visit_whole(*value));
            }
        }
    }

    fn all(&mut self, nodes: &'p [NodeId], used: &Projection) {
        for node in nodes {
            self.visit(*node, used);
        }
    }

    fn define(&mut self, position: usize) {
        if let Some(value) = self.program.defines.get(position)
            && self.visited.insert(*value)
        {
            self.visit_whole(*value);
        }
    }

    fn choice<R>(&mut self, arms: &'p Match<R>) {
        for (column, subject) in arms.subjects.iter().enumerate() {
            let tests = arms.arms.iter().filter_map(|arm| arm.columns.get(column)).flatten();
            let used = if tests.clone().all(asks_kind) { kind() } else { Projection::whole() };
            self.visit(*subject, &used);
            tests.for_each(|test| self.all(test.operands(), &Projection::whole()));
        }
        arms.arms.iter().filter_map(|arm| arm.note).for_each(|note| self.visit_whole(note));
    }

    fn comparison(&mut self, comparison: &'p Comparison) {
        let used = if asks_kind(&comparison.test) { kind() } else { Projection::whole() };
        match &comparison.subject {
            ComparisonSubject::Value(value) => self.visit(*value, &used),
            ComparisonSubject::Nodes(_, nodes) => self.nodes(nodes, &used),
            ComparisonSubject::Now => {}
        }
        self.all(comparison.test.operands(), &Projection::whole());
    }

    /// A path from `$` or `@`; `used` is what is used of its nodes.
    fn path(&mut self, path: &CompiledPath, used: &Projection) {
        path.project_payload(&mut self.payload);
        match path.root() {
            PathRoot::Payload => path.project(&mut self.payload, used),
            PathRoot::Element | PathRoot::Value => path.project(&mut self.element, used),
        }
    }

    fn nodes(&mut self, nodes: &NodesPath, used: &Projection) {
        let Some(start) = nodes.start else { return self.path(&nodes.path, used) };
        nodes.path.project_payload(&mut self.payload);
        let mut walked = Projection::default();
        nodes.path.project(&mut walked, used);
        self.visit(start, &walked);
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
