//! Deterministic walks through one automaton. States and steps are kept once they were met.

use super::automaton::{ALL, Automaton, ChangedTexts, DEAD, StateKey, TextChange};
use super::casing::SigmaRole;
use super::limits::SearchLimit;
use super::nfa::{NfaScratch, NfaState};
use super::states::StateNumbers;
use super::words::WordTree;

/// The state from which no text goes on.
pub(super) const DEAD_STATE: u32 = 0;
/// The state from which every text goes on.
pub(super) const ALL_STATE: u32 = 1;

/// A step that was not taken yet.
const UNKNOWN: u32 = u32::MAX;

/// The states of one automaton that were met.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    automaton: &'a Automaton,
    /// Walks through the inner automaton of changed texts.
    inner: Option<Box<Walker<'a>>>,
    states: StateNumbers,
    /// The steps from each state by class; empty until the first step.
    steps: Vec<Box<[u32]>>,
    accepting: Vec<Option<bool>>,
    scratch: NfaScratch,
    /// Steps that were kept.
    kept: usize,
}

impl<'a> Walker<'a> {
    /// # Errors
    /// If an inner set is too large.
    pub(super) fn new(automaton: &'a Automaton) -> Result<Self, SearchLimit> {
        let inner = match automaton {
            Automaton::Changed(changed) => Some(Box::new(Walker::new(changed.inner.automaton()?)?)),
            Automaton::Nfa(_) | Automaton::Words(_) | Automaton::Length(_) => None,
        };
        let mut walker = Self {
            automaton,
            inner,
            states: StateNumbers::default(),
            steps: Vec::new(),
            accepting: Vec::new(),
            scratch: NfaScratch::default(),
            kept: 0,
        };
        walker.number(DEAD.into());
        walker.number(ALL.into());
        Ok(walker)
    }

    pub(super) fn automaton(&self) -> &'a Automaton {
        self.automaton
    }

    /// How much was computed so far: nodes that were visited, and steps that are kept.
    pub(super) fn work(&self) -> usize {
        self.scratch.work + self.kept + self.inner.as_ref().map_or(0, |inner| inner.work())
    }

    /// The state before the first character.
    pub(super) fn first(&mut self) -> u32 {
        let key = match self.automaton {
            Automaton::Nfa(nfa) => key_of(nfa.first(&mut self.scratch)),
            Automaton::Words(words) => word_key(words, Some(WordTree::ROOT)),
            Automaton::Length(range) => range.state(0),
            Automaton::Changed(changed) => match &mut self.inner {
                Some(inner) => first_changed(changed, inner),
                None => DEAD.into(),
            },
        };
        self.number(key)
    }

    /// The state after a character of a class.
    pub(super) fn step(&mut self, state: u32, class: u32) -> u32 {
        if state <= ALL_STATE {
            return state;
        }
        let known = self.steps.get(state as usize).and_then(|steps| steps.get(class as usize));
        if let Some(next) = known.filter(|next| **next != UNKNOWN) {
            return *next;
        }
        let key = self.next(state, class);
        let next = self.number(key);
        self.keep(state, class, next);
        next
    }

    /// Whether a text may end in a state.
    pub(super) fn accepts(&mut self, state: u32) -> bool {
        if let Some(known) = self.accepting.get(state as usize).copied().flatten() {
            return known;
        }
        if state <= ALL_STATE {
            return state == ALL_STATE;
        }
        let key = self.states.key(state);
        let accepts = match self.automaton {
            Automaton::Nfa(nfa) => nfa.accepts(&key, &mut self.scratch),
            Automaton::Words(words) => words.word(part(&key, 0)).is_some(),
            Automaton::Length(range) => range.accepts(part(&key, 0)),
            Automaton::Changed(changed) => {
                self.inner.as_mut().is_some_and(|inner| accepts_changed(changed, inner, &key))
            }
        };
        if let Some(place) = self.accepting.get_mut(state as usize) {
            *place = Some(accepts);
        }
        accepts
    }

    /// About how many characters are missing. It guides a search and is not a bound.
    pub(super) fn distance(&mut self, state: u32) -> u32 {
        if state <= ALL_STATE {
            return if state == ALL_STATE { 0 } else { u32::MAX };
        }
        let key = self.states.key(state);
        match self.automaton {
            Automaton::Nfa(nfa) => nfa.distance(&key),
            Automaton::Words(words) => words.distance(part(&key, 0)),
            Automaton::Length(range) => range.distance(part(&key, 0)),
            Automaton::Changed(changed) => {
                // The first of the states is that of the text as it is so far.
                let position = usize::from(changed.change != TextChange::Characters);
                self.inner.as_mut().map_or(u32::MAX, |inner| inner.distance(part(&key, position)))
            }
        }
    }

    /// The position of the text that ends in a state, if the automaton is a finite set, perhaps of changed texts.
    pub(super) fn word(&self, state: u32) -> Option<u32> {
        if state <= ALL_STATE {
            return None;
        }
        let key = self.states.key(state);
        match (self.automaton, &self.inner) {
            (Automaton::Words(words), _) => words.word(part(&key, 0)),
            (Automaton::Changed(_), Some(inner)) => inner.word(part(&key, 0)),
            (Automaton::Nfa(_) | Automaton::Length(_) | Automaton::Changed(_), _) => None,
        }
    }

    /// Whether a text is in the set.
    ///
    /// # Errors
    /// If that needs more work than allowed.
    pub(super) fn holds(&mut self, text: &str, max_work: usize) -> Result<bool, SearchLimit> {
        let mut state = self.first();
        for character in text.chars() {
            if state <= ALL_STATE {
                break;
            }
            state = self.step(state, self.automaton.alphabet().class_of(character.into()));
            if self.work() > max_work {
                return Err(SearchLimit::Steps(max_work));
            }
        }
        Ok(self.accepts(state))
    }

    fn next(&mut self, state: u32, class: u32) -> StateKey {
        let key = self.states.key(state);
        match self.automaton {
            Automaton::Nfa(nfa) => key_of(nfa.step(&key, class, &mut self.scratch)),
            Automaton::Words(words) => word_key(words, words.child(part(&key, 0), class)),
            Automaton::Length(range) => range.state(part(&key, 0).saturating_add(1)),
            Automaton::Changed(changed) => match &mut self.inner {
                Some(inner) => next_changed(changed, inner, &key, changed.key(class)),
                None => DEAD.into(),
            },
        }
    }

    fn number(&mut self, key: StateKey) -> u32 {
        let state = self.states.number(key);
        if state as usize >= self.steps.len() {
            self.steps.push(Box::default());
            self.accepting.push(None);
        }
        state
    }

    fn keep(&mut self, state: u32, class: u32, next: u32) {
        let count = self.automaton.alphabet().count();
        let Some(steps) = self.steps.get_mut(state as usize) else { return };
        if steps.is_empty() {
            *steps = vec![UNKNOWN; count].into();
            self.kept += count;
        }
        if let Some(place) = steps.get_mut(class as usize) {
            *place = next;
        }
    }
}

fn part(key: &[u32], position: usize) -> u32 {
    key.get(position).copied().unwrap_or_default()
}

fn key_of(state: NfaState) -> StateKey {
    match state {
        NfaState::Dead => DEAD.into(),
        NfaState::All => ALL.into(),
        NfaState::Nodes(nodes) => nodes.into(),
    }
}

fn word_key(words: &WordTree, node: Option<u32>) -> StateKey {
    node.filter(|node| words.distance(*node) < u32::MAX).map_or(DEAD.into(), |node| [node].into())
}

fn first_changed(changed: &ChangedTexts, inner: &mut Walker<'_>) -> StateKey {
    let first = inner.first();
    match changed.change {
        TextChange::Characters => characters_key(first),
        TextChange::Lower => LowerState { is_after_case: false, state: first, at_end: None }.key(),
        TextChange::Trim => TrimState { is_inside: false, full: first, trimmed: first }.key(inner),
    }
}

fn next_changed(changed: &ChangedTexts, inner: &mut Walker<'_>, key: &[u32], character: &[u32]) -> StateKey {
    match changed.change {
        TextChange::Characters => {
            characters_key(character.iter().fold(part(key, 0), |state, class| inner.step(state, *class)))
        }
        TextChange::Lower => LowerState::of(key).step(changed, inner, character).key(),
        TextChange::Trim => TrimState::of(key).step(inner, character).key(inner),
    }
}

fn accepts_changed(changed: &ChangedTexts, inner: &mut Walker<'_>, key: &[u32]) -> bool {
    match changed.change {
        TextChange::Characters => inner.accepts(part(key, 0)),
        TextChange::Lower => {
            let LowerState { state, at_end, .. } = LowerState::of(key);
            inner.accepts(at_end.unwrap_or(state))
        }
        TextChange::Trim => inner.accepts(part(key, 2)),
    }
}

fn characters_key(inner: u32) -> StateKey {
    match inner {
        DEAD_STATE => DEAD.into(),
        ALL_STATE => ALL.into(),
        inner => [inner].into(),
    }
}

/// Where `lower` is in a text. Whether a capital sigma ends its word shows only after it.
struct LowerState {
    /// Whether a letter with case is before this place, perhaps with ignorable characters between.
    is_after_case: bool,
    /// The inner state, where no capital sigma is undecided or the last one ends no word.
    state: u32,
    /// The inner state where the last capital sigma ends its word, if that is undecided.
    at_end: Option<u32>,
}

impl LowerState {
    fn of(key: &[u32]) -> Self {
        Self { is_after_case: part(key, 0) == 1, state: part(key, 1), at_end: key.get(2).copied() }
    }

    fn key(&self) -> StateKey {
        let states = || [self.state].into_iter().chain(self.at_end);
        if states().all(|state| state == DEAD_STATE) {
            DEAD.into()
        } else if states().all(|state| state == ALL_STATE) {
            ALL.into()
        } else {
            [self.is_after_case.into()].into_iter().chain(states()).collect()
        }
    }

    fn step(self, changed: &ChangedTexts, inner: &mut Walker<'_>, character: &[u32]) -> Self {
        let Some((role, classes)) = character.split_first() else { return self };
        let mut walk = |state| classes.iter().fold(state, |state, class| inner.step(state, *class));
        match SigmaRole::of_number(*role) {
            SigmaRole::Ignorable => {
                Self { state: walk(self.state), at_end: self.at_end.map(walk), is_after_case: self.is_after_case }
            }
            SigmaRole::Cased => Self { is_after_case: true, state: walk(self.state), at_end: None },
            SigmaRole::Other => {
                Self { is_after_case: false, state: walk(self.at_end.unwrap_or(self.state)), at_end: None }
            }
            SigmaRole::Sigma => {
                let state = walk(self.state);
                let at_end = self.is_after_case.then(|| inner.step(self.state, changed.final_sigma()));
                Self { is_after_case: true, state, at_end }
            }
        }
    }
}

/// Where `trim` is in a text. Whether white space is removed shows only after it.
struct TrimState {
    /// Whether a character that is kept came already.
    is_inside: bool,
    /// The inner state if the last white space is kept.
    full: u32,
    /// The inner state if it is removed.
    trimmed: u32,
}

impl TrimState {
    fn of(key: &[u32]) -> Self {
        Self { is_inside: part(key, 0) == 1, full: part(key, 1), trimmed: part(key, 2) }
    }

    fn key(&self, inner: &mut Walker<'_>) -> StateKey {
        match (self.full, inner.accepts(self.trimmed)) {
            (DEAD_STATE, false) => DEAD.into(),
            (ALL_STATE, true) => ALL.into(),
            (full, _) => [self.is_inside.into(), full, self.trimmed].into(),
        }
    }

    fn step(self, inner: &mut Walker<'_>, character: &[u32]) -> Self {
        let (is_space, class) = (part(character, 0) == 1, part(character, 1));
        if is_space && !self.is_inside {
            return self;
        }
        let full = inner.step(self.full, class);
        Self { is_inside: true, full, trimmed: if is_space { self.trimmed } else { full } }
    }
}
