//! Nondeterministic automata over characters, with assertions.

use super::alphabet::{Alphabet, CharacterRange, KeyedAlphabet};
use super::look;
use super::look::EDGE;
use regex_syntax::hir::{Look, LookSet};

/// A node of an automaton.
#[derive(Debug, Clone)]
pub(super) enum NfaNode {
    /// Takes a character of a set, and goes on at another node.
    Take { set: u32, next: u32 },
    /// Goes on at each of the nodes.
    Split(Vec<u32>),
    /// Goes on where an assertion holds.
    Assert { look: Look, next: u32 },
    /// The automaton matches.
    Match,
}

/// Which part of a text must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NfaScope {
    /// Whether a match begins where the text begins.
    pub(super) from_start: bool,
    /// Whether a match ends where the text ends.
    pub(super) to_end: bool,
}

impl NfaScope {
    pub(super) const WHOLE: Self = Self { from_start: true, to_end: true };
    pub(super) const ANYWHERE: Self = Self { from_start: false, to_end: false };
}

/// An automaton. A state of its deterministic form is [`NfaState`].
#[derive(Debug)]
pub(super) struct Nfa {
    nodes: Vec<NfaNode>,
    start: u32,
    scope: NfaScope,
    alphabet: KeyedAlphabet,
    /// What assertions know about the characters of each class.
    sides: Vec<u8>,
    /// What assertions must know.
    needed_sides: u8,
    /// The smallest number of characters from each node to a match, if assertions are ignored.
    distances: Vec<u32>,
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NfaState {
    /// No text goes on from here.
    Dead,
    /// Every text goes on from here.
    All,
    /// What is known about the last character, and then the nodes that are reached, in ascending order.
    Nodes(Vec<u32>),
}

/// Memory that steps use again, and a count of their work.
#[derive(Debug, Default)]
pub(super) struct NfaScratch {
    /// The round in which a node was seen last.
    seen: Vec<u32>,
    round: u32,
    stack: Vec<u32>,
    /// Nodes visited since the beginning.
    pub(super) work: usize,
}

impl Nfa {
    /// An automaton of nodes. `sets` are the sets of characters that nodes take.
    pub(super) fn new(nodes: Vec<NfaNode>, sets: &[Vec<CharacterRange>], start: u32, scope: NfaScope) -> Self {
        let looks =
            nodes.iter().filter_map(|node| if let NfaNode::Assert { look, .. } = node { Some(*look) } else { None });
        let needed_sides = look::sides(looks.fold(LookSet::empty(), LookSet::insert));
        let kinds = look::kinds(needed_sides);
        let all: Vec<_> =
            sets.iter().map(Vec::as_slice).chain(kinds.iter().map(|(_, ranges)| ranges.as_slice())).collect();
        let alphabet = KeyedAlphabet::of_sets(all.into_iter());
        let sides_of = |class| {
            let within = kinds.iter().zip(sets.len()..).filter(|(_, set)| alphabet.is_within(class, number(*set)));
            within.fold(0, |sides, ((bit, _), _)| sides | bit)
        };
        let sides = (0..number(alphabet.alphabet.count())).map(sides_of).collect();
        let distances = distances(&nodes);
        Self { nodes, start, scope, alphabet, sides, needed_sides, distances }
    }

    pub(super) fn alphabet(&self) -> &Alphabet {
        &self.alphabet.alphabet
    }

    /// The state before the first character.
    pub(super) fn first(&self, scratch: &mut NfaScratch) -> NfaState {
        self.begin(scratch);
        let mut nodes = vec![u32::from(self.needed_sides & EDGE)];
        self.close(self.start, None, &mut nodes, scratch);
        self.finish(nodes)
    }

    /// The state after a character of a class. `state` is a [`NfaState::Nodes`].
    pub(super) fn step(&self, state: &[u32], class: u32, scratch: &mut NfaScratch) -> NfaState {
        let after = self.sides.get(class as usize).copied().unwrap_or_default();
        let reached = self.resolve(state, after, scratch);
        if !self.scope.to_end && self.has_match(&reached) {
            return NfaState::All;
        }
        self.begin(scratch);
        let mut nodes = vec![u32::from(after)];
        for node in reached {
            if let Some(NfaNode::Take { set, next }) = self.node(node)
                && self.alphabet.is_within(class, *set)
            {
                self.close(*next, None, &mut nodes, scratch);
            }
        }
        if !self.scope.from_start {
            self.close(self.start, None, &mut nodes, scratch);
        }
        self.finish(nodes)
    }

    /// Whether a text may end here. `state` is a [`NfaState::Nodes`].
    pub(super) fn accepts(&self, state: &[u32], scratch: &mut NfaScratch) -> bool {
        let reached = self.resolve(state, EDGE, scratch);
        self.has_match(&reached)
    }

    /// A lower bound of the characters that are missing. `state` is a [`NfaState::Nodes`].
    pub(super) fn distance(&self, state: &[u32]) -> u32 {
        let distances = state.iter().skip(1).filter_map(|node| self.distances.get(*node as usize));
        distances.min().copied().unwrap_or(u32::MAX)
    }

    fn node(&self, id: u32) -> Option<&NfaNode> {
        self.nodes.get(id as usize)
    }

    fn has_match(&self, nodes: &[u32]) -> bool {
        nodes.iter().any(|node| matches!(self.node(*node), Some(NfaNode::Match)))
    }

    fn begin(&self, scratch: &mut NfaScratch) {
        scratch.seen.resize(self.nodes.len(), 0);
        scratch.round += 1;
    }

    /// The nodes of a state, and those behind the assertions that hold before a character with these sides.
    fn resolve(&self, state: &[u32], after: u8, scratch: &mut NfaScratch) -> Vec<u32> {
        let Some((before, nodes)) = state.split_first() else { return Vec::new() };
        scratch.work += nodes.len();
        if self.needed_sides == 0 {
            return nodes.to_vec();
        }
        let before = u8::try_from(*before).unwrap_or_default();
        self.begin(scratch);
        let mut reached = Vec::with_capacity(nodes.len());
        for node in nodes {
            self.close(*node, Some((before, after)), &mut reached, scratch);
        }
        reached
    }

    /// Adds a node and those that it goes on to without a character. Without sides, assertions are added instead of decided.
    fn close(&self, start: u32, sides: Option<(u8, u8)>, nodes: &mut Vec<u32>, scratch: &mut NfaScratch) {
        scratch.stack.push(start);
        while let Some(id) = scratch.stack.pop() {
            let is_useful = self.distances.get(id as usize).is_some_and(|distance| *distance < u32::MAX);
            let Some(seen) = scratch.seen.get_mut(id as usize).filter(|seen| is_useful && **seen != scratch.round)
            else {
                continue;
            };
            *seen = scratch.round;
            scratch.work += 1;
            match (self.node(id), sides) {
                (Some(NfaNode::Split(branches)), _) => scratch.stack.extend(branches.iter().rev()),
                (Some(NfaNode::Assert { look, next }), Some((before, after))) => {
                    if look::holds(*look, before, after) {
                        scratch.stack.push(*next);
                    }
                }
                (Some(NfaNode::Take { .. } | NfaNode::Assert { .. } | NfaNode::Match), _) => nodes.push(id),
                (None, _) => {}
            }
        }
    }

    fn finish(&self, mut nodes: Vec<u32>) -> NfaState {
        if nodes.len() <= 1 {
            return NfaState::Dead;
        }
        if !self.scope.to_end && self.has_match(nodes.get(1..).unwrap_or_default()) {
            return NfaState::All;
        }
        if let Some(reached) = nodes.get_mut(1..) {
            reached.sort_unstable();
        }
        NfaState::Nodes(nodes)
    }
}

pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The smallest number of characters from each node to a match. Builders add a node after those that it leads to, except in
/// loops, so few rounds suffice.
fn distances(nodes: &[NfaNode]) -> Vec<u32> {
    let mut distances = vec![u32::MAX; nodes.len()];
    loop {
        let mut has_changed = false;
        for (id, node) in nodes.iter().enumerate() {
            let of = |id: &u32| distances.get(*id as usize).copied().unwrap_or(u32::MAX);
            let distance = match node {
                NfaNode::Take { next, .. } => of(next).saturating_add(1),
                NfaNode::Split(branches) => branches.iter().map(of).min().unwrap_or(u32::MAX),
                NfaNode::Assert { next, .. } => of(next),
                NfaNode::Match => 0,
            };
            if let Some(place) = distances.get_mut(id).filter(|place| distance < **place) {
                *place = distance;
                has_changed = true;
            }
        }
        if !has_changed {
            return distances;
        }
    }
}
