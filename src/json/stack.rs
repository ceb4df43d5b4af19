//! A stack in an arena.

use super::Arena;
use bumpalo::collections::Vec;

/// A stack of plain values. It grows within the arena, so it allocates nothing from the heap.
#[derive(Debug)]
pub struct Stack<'a, T> {
    all: Vec<'a, T>,
}

impl<'a, T: Copy> Stack<'a, T> {
    /// An empty stack with a capacity for that many values.
    #[must_use]
    pub fn with_room(capacity: usize, arena: &'a Arena) -> Self {
        Self { all: arena.vector(capacity) }
    }

    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: T) {
        self.all.push(value);
    }

    /// The values from that index on.
    #[must_use]
    pub fn since(&self, length: usize) -> &[T] {
        self.all.get(length..).unwrap_or_default()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Replaces the value at an index, if there is one.
    pub fn replace(&mut self, index: usize, value: T) {
        if let Some(held) = self.all.get_mut(index) {
            *held = value;
        }
    }

    /// Removes the values from that index on.
    pub fn truncate(&mut self, length: usize) {
        self.all.truncate(length);
    }

    /// The values as a slice of the arena, without a copy.
    #[must_use]
    pub fn into_slice(self) -> &'a [T] {
        self.all.into_bump_slice()
    }
}
