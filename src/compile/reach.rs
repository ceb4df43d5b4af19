//! What of a payload a mapping looks at: the paths of its expressions, and whether they are asked for their kind alone.

use crate::json::Reach;
use crate::path::Path;
use crate::program::{
    Comparison, LabelEntry, Mapping, Match, Node, NodeId, Part, Program, Subject, Table, Test,
};
use crate::syntax::tree::Step;
use std::collections::HashSet;

/// What a mapping looks at.
pub(super) fn reach(program: &Program, mapping: &Mapping) -> Reach {
    let mut survey = Survey { program, each: None, reach: Reach::default(), shared: HashSet::new() };
    // Whether a payload is accepted is asked before there are elements.
    for (rule, because) in &mapping.accept {
        survey.look(rule.when, Look::Kind);
        if let Some(because) = because {
            survey.look(*because, Look::Whole);
        }
    }
    if let Some(each) = mapping.each.as_deref() {
        survey.path(each, Look::Kind, &[]);
        survey.each = Some(each);
    }
    for (rule, because) in &mapping.drops {
        survey.look(rule.when, Look::Kind);
        survey.look(*because, Look::Whole);
    }
    let lets = mapping.lets.iter().map(|(_, value)| *value);
    let fields = mapping.fields.iter().flatten().copied();
    let labels = mapping.labels.iter().map(|entry| match entry {
        LabelEntry::Spread(value, _) | LabelEntry::Set(_, value) => *value,
    });
    for value in lets.chain(fields).chain(labels) {
        survey.look(value, Look::Whole);
    }
    survey.reach
}

/// What is asked of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Whether it is there, its kind, whether it is empty, and if it is a scalar all of it.
    Kind,
    /// Everything.
    Whole,
}

struct Survey<'p> {
    program: &'p Program,
    /// What chooses the elements.
    each: Option<&'p Path>,
    reach: Reach,
    /// Tables and defines that were surveyed: expressions share them.
    shared: HashSet<NodeId>,
}

impl<'p> Survey<'p> {
    fn look(&mut self, id: NodeId, look: Look) {
        match self.program.node(id) {
            Node::Literal(_)
            | Node::Regex(_)
            | Node::Let(_)
            | Node::Parameter(_)
            | Node::Field(_)
            | Node::Label(_) => {}
            Node::Path(path) => self.path(path, look, &[]),
            Node::Nodes(path) => self.path(path, Look::Whole, &[]),
            Node::Navigate(base, steps) => {
                if let Node::Path(path) = self.program.node(*base) {
                    self.path(path, look, steps);
                } else {
                    self.look(*base, Look::Whole);
                }
            }
            Node::Template(parts) => {
                for part in parts {
                    if let Part::Value(value) = part {
                        self.look(*value, Look::Whole);
                    }
                }
            }
            Node::Define(position) => self.define(*position),
            Node::Call(_, arguments) => self.all(arguments, Look::Whole),
            Node::Lookup(table, arguments) => {
                self.all(arguments, Look::Whole);
                if let Some(Table::Arms(arms)) = self.program.tables.get(*table)
                    && arms.arms.first().is_some_and(|arm| self.shared.insert(arm.result))
                {
                    self.choice(arms);
                    arms.arms.iter().for_each(|arm| self.look(arm.result, Look::Whole));
                }
            }
            Node::Match(arms) => {
                self.choice(arms);
                arms.arms.iter().for_each(|arm| self.look(arm.result, look));
            }
            Node::Choose(arms) => self.choice(arms),
            Node::Coalesce(parts) | Node::Or(parts) | Node::And(parts) => self.all(parts, look),
            Node::Not(part) => self.look(*part, look),
            Node::Compare(comparison) => self.comparison(comparison),
            Node::List(parts) => self.all(parts, Look::Whole),
            Node::Object(members) => members.iter().for_each(|(_, value)| self.look(*value, Look::Whole)),
        }
    }

    fn all(&mut self, nodes: &'p [NodeId], look: Look) {
        for node in nodes {
            self.look(*node, look);
        }
    }

    fn define(&mut self, position: usize) {
        if let Some(value) = self.program.defines.get(position)
            && self.shared.insert(*value)
        {
            self.look(*value, Look::Whole);
        }
    }

    fn choice<R>(&mut self, arms: &'p Match<R>) {
        for (column, subject) in arms.subjects.iter().enumerate() {
            let tests = arms.arms.iter().filter_map(|arm| arm.columns.get(column)).flatten();
            let look = if tests.clone().all(asks_kind) { Look::Kind } else { Look::Whole };
            self.look(*subject, look);
            tests.for_each(|test| self.operands(test));
        }
        arms.arms.iter().filter_map(|arm| arm.note).for_each(|note| self.look(note, Look::Whole));
    }

    fn comparison(&mut self, comparison: &'p Comparison) {
        let look = if asks_kind(&comparison.test) { Look::Kind } else { Look::Whole };
        match &comparison.subject {
            Subject::Value(value) => self.look(*value, look),
            Subject::Nodes(_, path) => self.path(path, look, &[]),
            Subject::Now => {}
        }
        self.operands(&comparison.test);
    }

    fn operands(&mut self, test: &'p Test) {
        match test {
            Test::Equal(node)
            | Test::Order(_, node)
            | Test::Contains(node)
            | Test::StartsWith(node)
            | Test::EndsWith(node) => self.look(*node, Look::Whole),
            Test::In(nodes) => self.all(nodes, Look::Whole),
            Test::Any
            | Test::Missing
            | Test::Null
            | Test::Text(_)
            | Test::Texts(_)
            | Test::Cidr(_)
            | Test::Like(_)
            | Test::Matches(_)
            | Test::Finds(_)
            | Test::Is(_)
            | Test::During(_) => {}
        }
    }

    fn path(&mut self, path: &Path, look: Look, steps: &[Step]) {
        path.reach(self.each, &mut self.reach, &|nodes| {
            let end = steps.iter().fold(nodes, |reach, step| match step {
                Step::Member(name) => reach.member(name),
                Step::Index(_) => reach.every(),
            });
            if look == Look::Whole {
                end.take();
            }
        });
    }
}

/// Whether a test looks at scalars, and at the kind of everything else.
fn asks_kind(test: &Test) -> bool {
    match test {
        Test::Equal(_) | Test::In(_) => false,
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
        | Test::During(_) => true,
    }
}
