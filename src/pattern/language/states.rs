//! Numbers for states that are told apart by lists of numbers.

use super::nfa::number;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::rc::Rc;

/// The states that were met, numbered from 0 in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct StateNumbers {
    numbers: HashMap<Rc<[u32]>, u32, RandomState>,
    keys: Vec<Rc<[u32]>>,
}

impl StateNumbers {
    /// The number of a state.
    pub(super) fn number(&mut self, key: Box<[u32]>) -> u32 {
        if let Some(state) = self.numbers.get(&*key) {
            return *state;
        }
        let state = number(self.keys.len());
        let key: Rc<[u32]> = key.into();
        self.keys.push(Rc::clone(&key));
        self.numbers.insert(key, state);
        state
    }

    /// The number of a state that was met before.
    pub(super) fn known(&self, key: &[u32]) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    /// What tells a state apart.
    pub(super) fn key(&self, state: u32) -> Rc<[u32]> {
        self.keys.get(state as usize).map_or_else(|| Rc::from([]), Rc::clone)
    }

    /// How many states there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}
