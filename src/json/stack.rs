//! A stack in an arena.

use super::Arena;

/// Values of plain data, of which the last come off first. It grows within the arena, so that nothing is asked of the heap.
#[derive(Debug)]
pub struct Stack<'a, T> {
    room: &'a mut [T],
    length: usize,
    arena: &'a Arena,
}

impl<'a, T: Copy + Default> Stack<'a, T> {
    /// An empty stack with room for so many.
    #[must_use]
    pub fn with_room(room: usize, arena: &'a Arena) -> Self {
        Self { room: arena.room(room), length: 0, arena }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Adds one.
    pub fn push(&mut self, value: T) {
        if self.length == self.room.len() {
            self.grow();
        }
        if let Some(place) = self.room.get_mut(self.length) {
            *place = value;
            self.length += 1;
        }
    }

    /// Those since there were so many.
    #[must_use]
    pub fn since(&self, length: usize) -> &[T] {
        self.room.get(length..self.length).unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Replaces one, if it is there.
    pub fn replace(&mut self, place: usize, value: T) {
        if let Some(held) = self.room.get_mut(place) {
            *held = value;
        }
    }

    /// Takes off all since there were so many.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// All of them, where they lie.
    #[must_use]
    pub fn into_slice(self) -> &'a [T] {
        let room: &'a [T] = self.room;
        room.get(..self.length).unwrap_or_default()
    }

    #[cold]
    fn grow(&mut self) {
        let larger = self.arena.room(2 * self.length.max(8));
        for (new, old) in larger.iter_mut().zip(&*self.room) {
            *new = *old;
        }
        self.room = larger;
    }
}
