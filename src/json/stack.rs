//! A stack in an arena.

use super::Arena;
use bumpalo::collections::Vec;

/// A stack of plain data. It grows within the arena, so that it needs no heap allocation.
#[derive(Debug)]
pub struct Stack<'a, T> {
    all: Vec<'a, T>,
}

impl<'a, T: Copy> Stack<'a, T> {
    /// An empty stack with room for that many values.
    #[must_use]
    pub fn with_room(room: usize, arena: &'a Arena) -> Self {
        Self { all: arena.vector(room) }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Adds one.
    #[inline]
    pub fn push(&mut self, value: T) {
        self.all.push(value);
    }

    /// The values from that position on.
    #[must_use]
    pub fn since(&self, length: usize) -> &[T] {
        self.all.get(length..).unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Replaces one, if it is there.
    pub fn replace(&mut self, place: usize, value: T) {
        if let Some(held) = self.all.get_mut(place) {
            *held = value;
        }
    }

    /// Removes all values from that position on.
    pub fn truncate(&mut self, length: usize) {
        self.all.truncate(length);
    }

    /// All values.
    #[must_use]
    pub fn into_slice(self) -> &'a [T] {
        self.all.into_bump_slice()
    }
}
