//! The exploration of the combined states of several automata.
//!
//! First breadth first, which finds a shortest text. If that reaches its limit, once more with the states first that seem
//! nearest to a text, which finds long texts that many sets need together.

use super::alphabet::KeyedAlphabet;
use super::limits::{SearchCharacters, SearchLimit, SearchLimits};
use super::readable::{Plainness, Representative, representatives};
use super::states::StateNumbers;
use super::walker::{ALL_STATE, DEAD_STATE, Walker};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a text must be to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PartRole {
    /// In it.
    Required,
    /// Not in it.
    Excluded,
}

/// One automaton of an exploration.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) walker: Walker<'a>,
    pub(super) role: PartRole,
    /// The position of the set that the automaton is from. If it has literals of several sets: the position for each literal.
    pub(super) owners: Vec<usize>,
}

impl Part<'_> {
    fn allows_end(&mut self, state: u32) -> bool {
        self.walker.accepts(state) == (self.role == PartRole::Required)
    }

    /// Whether no text from a state on can have the role.
    fn is_lost(&self, state: u32) -> bool {
        match self.role {
            PartRole::Required => state == DEAD_STATE,
            PartRole::Excluded => state == ALL_STATE,
        }
    }

    /// The set that refuses a state.
    fn owner(&self, state: u32) -> Option<usize> {
        let word = self.walker.word(state).and_then(|word| self.owners.get(word as usize));
        word.or(self.owners.first()).copied()
    }

    fn distance(&mut self, state: u32) -> u32 {
        match self.role {
            PartRole::Required => self.walker.distance(state),
            PartRole::Excluded => self.walker.accepts(state).into(),
        }
    }
}

/// The result of an exploration.
#[derive(Debug)]
pub(super) enum Exploration {
    /// A text.
    Found(String),
    /// No text; the sets that refused something.
    Exhausted(Vec<usize>),
}

/// An exploration.
pub(super) struct Explorer<'a, 'l> {
    parts: Vec<Part<'a>>,
    /// The classes that all parts treat alike. A key has the class in each part.
    alphabet: KeyedAlphabet,
    representatives: Vec<Representative>,
    limits: &'l SearchLimits,
    states: StateNumbers,
    visits: Vec<Visit>,
    /// The sets that refused something.
    needed: Vec<usize>,
    /// Steps of all parts together, taken by combined states.
    steps: usize,
    /// Whether a text was not tried because it would be too long.
    is_cut: bool,
}

/// How a combined state was reached.
#[derive(Debug, Clone, Copy)]
struct Visit {
    parent: u32,
    character: char,
    /// The number of characters before it.
    depth: u32,
    /// The least plain character before it.
    plainness: Plainness,
}

/// The parent of the first state.
const NO_PARENT: u32 = u32::MAX;

/// The result of a step to a combined state.
enum SearchStep {
    /// A text ends there.
    Ends(u32),
    /// It was not visited before.
    New(u32),
    /// It was visited before, or leads to no text.
    Nothing,
}

impl<'a, 'l> Explorer<'a, 'l> {
    pub(super) fn new(parts: Vec<Part<'a>>, limits: &'l SearchLimits) -> Self {
        let alphabets: Vec<_> = parts.iter().map(|part| part.walker.automaton().alphabet()).collect();
        let alphabet = KeyedAlphabet::join(&alphabets);
        let mut representatives = representatives(&alphabet.alphabet);
        if limits.allowed == SearchCharacters::Plain {
            representatives.retain(|one| one.plainness < Plainness::Control);
        }
        Self {
            parts,
            alphabet,
            representatives,
            limits,
            states: StateNumbers::default(),
            visits: Vec::new(),
            needed: Vec::new(),
            steps: 0,
            is_cut: false,
        }
    }

    /// # Errors
    /// If a limit is reached.
    pub(super) fn run(mut self) -> Result<Exploration, SearchLimit> {
        let result = self.explore();
        self.limits.counter.add(self.steps + self.work());
        result
    }

    fn explore(&mut self) -> Result<Exploration, SearchLimit> {
        match self.breadth_first() {
            Err(limit @ (SearchLimit::States(_) | SearchLimit::Steps(_))) => {
                self.states = StateNumbers::default();
                self.visits.clear();
                self.needed.clear();
                self.limits.counter.add(self.steps);
                self.steps = 0;
                self.is_cut = false;
                let allowed_work = self.work().saturating_add(self.limits.steps);
                self.nearest_first(allowed_work).map_err(|_| limit)
            }
            other => other,
        }
    }

    /// Tries plain characters first. Where they lead nowhere, the same states are continued with less plain ones.
    fn breadth_first(&mut self) -> Result<Exploration, SearchLimit> {
        let Some(first) = self.first() else { return Ok(self.exhausted()) };
        if let Some(text) = self.text_at(first) {
            return Ok(Exploration::Found(text));
        }
        let mut by_depth = vec![vec![first]];
        for level in Plainness::ALL {
            let mut depth = 0;
            while let Some(states) = by_depth.get(depth).cloned() {
                let mut reached = Vec::new();
                for state in states {
                    if let Some(text) = self.expand(state, level, self.limits.steps, &mut reached)? {
                        return Ok(Exploration::Found(text));
                    }
                }
                depth += 1;
                match by_depth.get_mut(depth) {
                    Some(states) => states.extend(reached),
                    None if reached.is_empty() => break,
                    None => by_depth.push(reached),
                }
            }
        }
        if self.is_cut { Err(SearchLimit::Characters(self.limits.characters)) } else { Ok(self.exhausted()) }
    }

    /// Goes on from a state with the characters of a level, and with plainer ones if the state was reached on this level.
    fn expand(
        &mut self,
        state: u32,
        level: Plainness,
        max_work: usize,
        reached: &mut Vec<u32>,
    ) -> Result<Option<String>, SearchLimit> {
        let is_of_level = self.visit(state).is_some_and(|visit| visit.plainness == level);
        for at in 0..self.representatives.len() {
            let one = self.representatives.get(at).copied();
            let Some(one) = one.filter(|one| one.plainness == level || is_of_level && one.plainness < level) else {
                continue;
            };
            match self.arrive(state, one, max_work)? {
                SearchStep::Ends(state) => return Ok(Some(self.text(state))),
                SearchStep::New(state) => reached.push(state),
                SearchStep::Nothing => {}
            }
        }
        Ok(None)
    }

    /// Goes on from the state that seems nearest to a text.
    fn nearest_first(&mut self, max_work: usize) -> Result<Exploration, SearchLimit> {
        let Some(first) = self.first() else { return Ok(self.exhausted()) };
        let mut queue = BinaryHeap::from([Reverse((Plainness::Ascii, 0, 0, first))]);
        while let Some(Reverse((.., state))) = queue.pop() {
            for at in 0..self.representatives.len() {
                let Some(one) = self.representatives.get(at).copied() else { continue };
                match self.arrive(state, one, max_work)? {
                    SearchStep::Ends(state) => return Ok(Exploration::Found(self.text(state))),
                    SearchStep::New(state) => {
                        let visit = self.visit(state);
                        let (plainness, depth) =
                            visit.map_or((Plainness::Control, 0), |one| (one.plainness, one.depth));
                        queue.push(Reverse((plainness, self.distance(state), depth, state)));
                    }
                    SearchStep::Nothing => {}
                }
            }
        }
        if self.is_cut { Err(SearchLimit::Characters(self.limits.characters)) } else { Ok(self.exhausted()) }
    }

    /// The state before the first character, unless some part cannot go on.
    fn first(&mut self) -> Option<u32> {
        let first: Box<[u32]> = self.parts.iter_mut().map(|part| part.walker.first()).collect();
        if self.refuse_lost(&first) {
            return None;
        }
        self.visits.push(Visit { parent: NO_PARENT, character: '\0', depth: 0, plainness: Plainness::Ascii });
        Some(self.states.number(first))
    }

    fn arrive(&mut self, state: u32, one: Representative, max_work: usize) -> Result<SearchStep, SearchLimit> {
        let Some(visit) = self.visit(state) else { return Ok(SearchStep::Nothing) };
        let states = self.states.key(state);
        let classes = self.alphabet.key(one.class);
        let mut next = Vec::with_capacity(states.len());
        for ((part, state), class) in self.parts.iter_mut().zip(&*states).zip(classes) {
            let reached = part.walker.step(*state, *class);
            self.steps += 1;
            if part.is_lost(reached) {
                self.needed.extend(part.owner(reached));
                return self.within_steps(max_work).map(|()| SearchStep::Nothing);
            }
            next.push(reached);
        }
        self.within_steps(max_work)?;
        if self.states.known(&next).is_some() {
            return Ok(SearchStep::Nothing);
        }
        if visit.depth >= self.limits.characters {
            self.is_cut = true;
            return Ok(SearchStep::Nothing);
        }
        if self.states.len() >= self.limits.states {
            return Err(SearchLimit::States(self.limits.states));
        }
        let plainness = visit.plainness.max(one.plainness);
        self.visits.push(Visit { parent: state, character: one.character, depth: visit.depth + 1, plainness });
        let next = self.states.number(next.into());
        Ok(if self.ends(next) { SearchStep::Ends(next) } else { SearchStep::New(next) })
    }

    fn within_steps(&self, max_work: usize) -> Result<(), SearchLimit> {
        if self.steps > self.limits.steps || self.work() > max_work {
            return Err(SearchLimit::Steps(self.limits.steps));
        }
        Ok(())
    }

    fn work(&self) -> usize {
        self.parts.iter().map(|part| part.walker.work()).sum()
    }

    /// Whether a text may end in a state.
    fn ends(&mut self, state: u32) -> bool {
        let states = self.states.key(state);
        for (part, state) in self.parts.iter_mut().zip(&*states) {
            if !part.allows_end(*state) {
                self.needed.extend(part.owner(*state));
                return false;
            }
        }
        true
    }

    fn refuse_lost(&mut self, states: &[u32]) -> bool {
        let lost = self.parts.iter().zip(states).find(|(part, state)| part.is_lost(**state));
        let owner = lost.and_then(|(part, state)| part.owner(*state));
        self.needed.extend(owner);
        owner.is_some()
    }

    fn distance(&mut self, state: u32) -> u32 {
        let states = self.states.key(state);
        let distances = self.parts.iter_mut().zip(&*states).map(|(part, state)| part.distance(*state));
        distances.fold(0, u32::saturating_add)
    }

    fn visit(&self, state: u32) -> Option<Visit> {
        self.visits.get(state as usize).copied()
    }

    fn text_at(&mut self, state: u32) -> Option<String> {
        self.ends(state).then(|| self.text(state))
    }

    /// The text that led to a state.
    fn text(&self, state: u32) -> String {
        let mut characters = Vec::new();
        let mut visit = self.visit(state);
        while let Some(Visit { parent, character, .. }) = visit.filter(|visit| visit.parent != NO_PARENT) {
            characters.push(character);
            visit = self.visit(parent);
        }
        characters.into_iter().rev().collect()
    }

    fn exhausted(&mut self) -> Exploration {
        self.needed.sort_unstable();
        self.needed.dedup();
        Exploration::Exhausted(std::mem::take(&mut self.needed))
    }
}
