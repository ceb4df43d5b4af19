//! Builds automata from the end to the beginning: a part gets the node that follows it.

use super::alphabet::CharacterRange;
use super::limits::SearchLimit;
use super::look::ranges_of;
use super::nfa::{Nfa, NfaNode, NfaScope, number};
use foldhash::fast::RandomState;
use regex_syntax::hir::{Hir, HirKind, Repetition};
use std::collections::HashMap;

/// The largest number of nodes, and of parts of a regex with its repetitions written out.
const MAX_PARTS: usize = 50_000;

/// An automaton that is being built.
#[derive(Debug, Default)]
pub(super) struct NfaBuilder {
    nodes: Vec<NfaNode>,
    /// The sets of characters that nodes take.
    sets: Vec<Vec<CharacterRange>>,
    set_ids: HashMap<Vec<CharacterRange>, u32, RandomState>,
    parts: usize,
}

/// The number of a node, or the limit that the automaton exceeds.
pub(super) type NodeResult = Result<u32, SearchLimit>;

impl NfaBuilder {
    pub(super) fn finish(self, start: u32, scope: NfaScope) -> Nfa {
        Nfa::new(self.nodes, &self.sets, start, scope)
    }

    /// A node that matches.
    pub(super) fn accept(&mut self) -> NodeResult {
        self.add(NfaNode::Match)
    }

    /// Goes on at each of the nodes.
    pub(super) fn split(&mut self, mut branches: Vec<u32>) -> NodeResult {
        match (branches.pop(), branches.is_empty()) {
            (Some(single), true) => Ok(single),
            (last, _) => {
                branches.extend(last);
                self.add(NfaNode::Split(branches))
            }
        }
    }

    /// Takes one character of a set.
    pub(super) fn take(&mut self, set: Vec<CharacterRange>, next: u32) -> NodeResult {
        let set = if let Some(id) = self.set_ids.get(&set) {
            *id
        } else {
            let id = number(self.sets.len());
            self.sets.push(set.clone());
            self.set_ids.insert(set, id);
            id
        };
        self.add(NfaNode::Take { set, next })
    }

    /// Takes any character.
    pub(super) fn any(&mut self, next: u32) -> NodeResult {
        self.take(vec![CharacterRange::ALL], next)
    }

    /// Takes any number of characters of a set.
    pub(super) fn any_of(&mut self, set: Vec<CharacterRange>, next: u32) -> NodeResult {
        self.repeat(next, |builder, again| builder.take(set, again))
    }

    /// Takes exactly a text.
    pub(super) fn text(&mut self, text: &str, next: u32) -> NodeResult {
        text.chars().rev().try_fold(next, |next, character| self.take(vec![CharacterRange::one(character)], next))
    }

    /// Takes what a regex matches.
    pub(super) fn hir(&mut self, hir: &Hir, next: u32) -> NodeResult {
        self.count()?;
        match hir.kind() {
            HirKind::Empty => Ok(next),
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => self.text(text, next),
                // The project refuses such patterns: they do not match whole characters.
                Err(_) => Err(SearchLimit::PatternSize),
            },
            HirKind::Class(class) => self.take(ranges_of(class), next),
            HirKind::Look(look) => self.add(NfaNode::Assert { look: *look, next }),
            HirKind::Repetition(repetition) => self.repetition(repetition, next),
            HirKind::Capture(capture) => self.hir(&capture.sub, next),
            HirKind::Concat(parts) => parts.iter().rev().try_fold(next, |next, part| self.hir(part, next)),
            HirKind::Alternation(branches) => {
                let branches = branches.iter().map(|branch| self.hir(branch, next)).collect::<Result<_, _>>()?;
                self.split(branches)
            }
        }
    }

    fn repetition(&mut self, repetition: &Repetition, next: u32) -> NodeResult {
        let sub = &repetition.sub;
        let rest = match repetition.max {
            None => self.repeat(next, |builder, again| builder.hir(sub, again))?,
            Some(max) => {
                let optional = 0..max.saturating_sub(repetition.min);
                optional.into_iter().try_fold(next, |rest, _| {
                    let once = self.hir(sub, rest)?;
                    self.split(vec![once, next])
                })?
            }
        };
        (0..repetition.min).try_fold(rest, |rest, _| self.hir(sub, rest))
    }

    /// Any number of what `once` adds, which gets the node that follows it.
    fn repeat(&mut self, next: u32, once: impl FnOnce(&mut Self, u32) -> NodeResult) -> NodeResult {
        let start = self.add(NfaNode::Split(vec![next]))?;
        let body = once(self, start)?;
        if let Some(NfaNode::Split(branches)) = self.nodes.get_mut(start as usize) {
            branches.insert(0, body);
        }
        Ok(start)
    }

    fn add(&mut self, node: NfaNode) -> NodeResult {
        self.count()?;
        let id = number(self.nodes.len());
        self.nodes.push(node);
        Ok(id)
    }

    fn count(&mut self) -> Result<(), SearchLimit> {
        self.parts += 1;
        if self.parts > MAX_PARTS { Err(SearchLimit::PatternSize) } else { Ok(()) }
    }
}
