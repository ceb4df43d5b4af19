//! Filing the lines of a block under what their conditions require.

use crate::check::model::{Field, Literal};
use crate::pattern::Required;
use crate::program::{BlockIndex, Line, Node, NodeId, Program, Slot, Source, Subject, Test};
use std::collections::{BTreeMap, HashMap};

/// Blocks with fewer lines are tried line by line: that is as fast, and needs no memory.
const FEWEST_LINES: usize = 16;
/// A list of more texts than this is not written out.
const MOST_TEXTS: usize = 64;
/// How deep a condition is looked into.
const DEEPEST: usize = 16;

/// A text that must be, or lie in, a label or field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    source: Source,
    ignore_case: bool,
    is_whole: bool,
    text: Box<str>,
}

/// The index of a block; nothing for a small one.
pub(super) fn index(program: &Program, lines: &[Line]) -> Option<BlockIndex> {
    if lines.len() < FEWEST_LINES {
        return None;
    }
    let requirements: Vec<Requirements> = lines.iter().map(|line| Requirements::of(program, line)).collect();
    let mut counts = Counts::default();
    for each in &requirements {
        counts.add(program, each);
    }
    let mut filing = Filing::default();
    for (position, requirements) in (0..).zip(&requirements) {
        filing.file(program, position, requirements, &counts);
    }
    Some(filing.finish())
}

/// What a line requires: each entry of `keys` is a list of texts of which one must be there; `parts` are the conditions
/// that must all hold.
struct Requirements {
    keys: Vec<Vec<Key>>,
    parts: Vec<NodeId>,
}

impl Requirements {
    fn of(program: &Program, line: &Line) -> Self {
        let mut parts = Vec::new();
        if let Some(when) = line.when {
            conjuncts(program, when, DEEPEST, &mut parts);
        }
        let keys = parts.iter().filter_map(|part| keys(program, *part, DEEPEST)).collect();
        Self { keys, parts }
    }
}

/// How often each text and each condition is required, so that lines are filed under what is rare, or shared.
#[derive(Default)]
struct Counts<'p> {
    keys: HashMap<Key, usize>,
    parts: HashMap<&'p str, usize>,
}

impl<'p> Counts<'p> {
    fn add(&mut self, program: &'p Program, requirements: &Requirements) {
        for key in requirements.keys.iter().flatten() {
            *self.keys.entry(key.clone()).or_default() += 1;
        }
        if requirements.keys.is_empty() {
            for part in &requirements.parts {
                *self.parts.entry(program.words(*part)).or_default() += 1;
            }
        }
    }

    /// How many lines an event that has one of these texts brings, roughly; a short piece is in many texts.
    fn cost(&self, keys: &[Key]) -> usize {
        let cost = |key: &Key| {
            let lines = self.keys.get(key).copied().unwrap_or(1);
            if key.is_whole { lines } else { lines + 64 / key.text.len().max(1) }
        };
        keys.iter().map(cost).sum()
    }
}

/// Texts, each with the lines that require it.
type Filed = Vec<(Box<str>, Vec<u32>)>;

/// The index while it grows; ordered, so that the same rules give the same index.
#[derive(Default)]
struct Filing<'p> {
    keys: BTreeMap<Key, Vec<u32>>,
    groups: BTreeMap<&'p str, (NodeId, Vec<u32>)>,
    always: Vec<u32>,
}

impl<'p> Filing<'p> {
    fn file(
        &mut self,
        program: &'p Program,
        position: u32,
        requirements: &Requirements,
        counts: &Counts<'p>,
    ) {
        if let Some(keys) = requirements.keys.iter().min_by_key(|keys| counts.cost(keys)) {
            for key in keys {
                let lines = self.keys.entry(key.clone()).or_default();
                if lines.last() != Some(&position) {
                    lines.push(position);
                }
            }
            return;
        }
        let shared = |part: &&NodeId| counts.parts.get(program.words(**part)).copied().unwrap_or(0);
        match requirements.parts.iter().max_by_key(shared) {
            Some(part) => {
                let group = self.groups.entry(program.words(*part)).or_insert_with(|| (*part, Vec::new()));
                group.1.push(position);
            }
            None => self.always.push(position),
        }
    }

    fn finish(self) -> BlockIndex {
        let mut slots: BTreeMap<(Source, bool), [Filed; 2]> = BTreeMap::new();
        for (key, lines) in self.keys {
            let [wholes, pieces] = slots.entry((key.source, key.ignore_case)).or_default();
            let texts = if key.is_whole { wholes } else { pieces };
            texts.push((key.text, lines));
        }
        let slots = slots
            .into_iter()
            .map(|((source, ignore_case), [wholes, pieces])| Slot::new(source, ignore_case, wholes, pieces));
        let groups = self.groups.into_values().map(|(part, lines)| (part, lines.into())).collect();
        BlockIndex { slots: slots.collect(), groups, always: self.always.into() }
    }
}

/// The conditions that must all hold for this one to hold.
fn conjuncts(program: &Program, condition: NodeId, depth: usize, parts: &mut Vec<NodeId>) {
    let node = program.node(condition);
    if depth == 0 {
        parts.push(condition);
    } else if let Node::And(all) = node {
        for part in all {
            conjuncts(program, *part, depth - 1, parts);
        }
    } else if let Node::Define(position) = node
        && let Some(value) = program.defines.get(*position)
        && matches!(program.node(*value), Node::And(_))
    {
        conjuncts(program, *value, depth - 1, parts);
    } else {
        parts.push(condition);
    }
}

/// Texts of which one must be there for the condition to hold; nothing where it sets no such condition.
fn keys(program: &Program, condition: NodeId, depth: usize) -> Option<Vec<Key>> {
    let depth = depth.checked_sub(1)?;
    if let Node::Define(position) = program.node(condition) {
        return keys(program, *program.defines.get(*position)?, depth);
    }
    if let Node::Or(branches) = program.node(condition) {
        let branches: Option<Vec<_>> =
            branches.iter().map(|branch| keys_of_branch(program, *branch, depth)).collect();
        return branches.map(|branches| branches.concat()).filter(|keys| keys.len() <= MOST_TEXTS);
    }
    let Node::Compare(comparison) = program.node(condition) else { return None };
    let Subject::Value(subject) = comparison.subject else { return None };
    if comparison.negated {
        return None;
    }
    let source = source(program.node(subject))?;
    let (ignore_case, required) = required(program, &comparison.test, comparison.ignore_case)?;
    let (is_whole, texts) = match required {
        Required::Whole(texts) => (true, texts),
        Required::Piece(texts) => (false, texts),
    };
    let key = |text: String| Key { source: source.clone(), ignore_case, is_whole, text: text.into() };
    Some(texts.into_iter().map(key).collect())
}

/// A branch of an `or` may itself be a conjunction: its first part that requires a text stands for it.
fn keys_of_branch(program: &Program, branch: NodeId, depth: usize) -> Option<Vec<Key>> {
    let mut parts = Vec::new();
    conjuncts(program, branch, depth, &mut parts);
    parts.into_iter().find_map(|part| keys(program, part, depth))
}

fn source(node: &Node) -> Option<Source> {
    if let Node::Label(name) = node {
        return Some(Source::Label(name.clone()));
    }
    let Node::Field(field) = node else { return None };
    match field {
        Field::Title | Field::Key | Field::Description | Field::Link | Field::Source | Field::Integration => {
            Some(Source::Field(*field))
        }
        Field::Severity | Field::Status | Field::Labels | Field::StartsAt | Field::EndsAt | Field::Notes => {
            None
        }
    }
}

/// What a test requires of a text, and whether of the folded text.
fn required(program: &Program, test: &Test, ignore_case: bool) -> Option<(bool, Required)> {
    let piece = |node: &NodeId| {
        let piece = literal(program, *node).filter(|piece| !piece.is_empty())?;
        Some((ignore_case, Required::Piece(vec![piece.to_owned()])))
    };
    match test {
        Test::Text(whole) => Some((ignore_case, Required::Whole(vec![whole.to_string()]))),
        Test::Texts(texts) if texts.len() <= MOST_TEXTS => {
            Some((ignore_case, Required::Whole(texts.iter().map(ToString::to_string).collect())))
        }
        Test::Matches(regex) => Some((false, regex.required(true)?)),
        Test::Finds(regex) => Some((false, regex.required(false)?)),
        Test::Like(globs) => {
            let all: Option<Vec<Required>> = globs.iter().map(crate::pattern::Glob::required).collect();
            Some((ignore_case, union(all?)?))
        }
        Test::Contains(node) | Test::StartsWith(node) | Test::EndsWith(node) => piece(node),
        Test::Texts(_)
        | Test::Any
        | Test::Missing
        | Test::Null
        | Test::Equal(_)
        | Test::Order(..)
        | Test::In(_)
        | Test::Cidr(_)
        | Test::Is(_)
        | Test::During(_) => None,
    }
}

/// One of several conditions: wholes stay wholes only among themselves.
fn union(all: Vec<Required>) -> Option<Required> {
    let is_whole = all.iter().all(|each| matches!(each, Required::Whole(_)));
    let texts: Vec<String> = all
        .into_iter()
        .flat_map(|each| match each {
            Required::Whole(texts) | Required::Piece(texts) => texts,
        })
        .collect();
    if texts.len() > MOST_TEXTS || texts.iter().any(String::is_empty) {
        return None;
    }
    Some(if is_whole { Required::Whole(texts) } else { Required::Piece(texts) })
}

fn literal(program: &Program, node: NodeId) -> Option<&str> {
    if let Node::Literal(Literal::Text(text)) = program.node(node) { Some(text) } else { None }
}
