//! Memory for the values that are made from one payload.

use bumpalo::Bump;
use std::cell::Cell;

/// Memory that grows while a payload is read and evaluated, and is freed as a whole.
///
/// It holds plain data that never changes: values, texts, events. Nothing in it is freed alone, so callers must bound
/// how much a payload may allocate. Clearing an arena keeps its largest chunk for the next payload, up to 4 MiB.
#[derive(Debug, Default)]
pub struct Arena {
    bump: Bump,
    allocated: Cell<usize>,
}

impl Arena {
    /// An empty arena. It allocates nothing from the heap before its first use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Frees everything in the arena.
    pub fn clear(&mut self) {
        const MAX_KEPT: usize = 4 << 20;
        self.bump.reset();
        if self.bump.allocated_bytes() > MAX_KEPT {
            self.bump = Bump::new();
        }
        self.allocated.set(0);
    }

    /// The number of bytes allocated since the arena was cleared. Growth of vectors is not counted; it is at most their
    /// final size again.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.allocated.get()
    }

    /// Copies a text into the arena.
    pub fn text(&self, text: &str) -> &str {
        self.count(text.len());
        self.bump.alloc_str(text)
    }

    /// Joins texts into one.
    pub fn concat(&self, texts: &[&str]) -> &str {
        let length = texts.iter().map(|text| text.len()).sum();
        self.count(length);
        let mut joined = bumpalo::collections::String::with_capacity_in(length, &self.bump);
        for text in texts {
            joined.push_str(text);
        }
        joined.into_bump_str()
    }

    /// Moves a value into the arena.
    pub fn alloc<T: Copy>(&self, value: T) -> &T {
        self.count(size_of::<T>());
        self.bump.alloc(value)
    }

    /// Copies values into the arena.
    pub fn slice<T: Copy>(&self, values: &[T]) -> &[T] {
        self.count(size_of_val(values));
        self.bump.alloc_slice_copy(values)
    }

    /// Collects the items of an iterator whose length is known.
    pub fn collect<T: Copy>(&self, values: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) -> &[T] {
        let values = self.bump.alloc_slice_fill_iter(values);
        self.count(size_of_val(values));
        values
    }

    /// A vector with a capacity for that many values. Its growth beyond the capacity is not counted.
    pub(super) fn vector<T>(&self, capacity: usize) -> bumpalo::collections::Vec<'_, T> {
        self.count(capacity * size_of::<T>());
        bumpalo::collections::Vec::with_capacity_in(capacity, &self.bump)
    }

    /// A slice of that many default values, for the caller to fill.
    pub fn default_slice<T: Copy + Default>(&self, count: usize) -> &mut [T] {
        self.count(count * size_of::<T>());
        self.bump.alloc_slice_fill_copy(count, T::default())
    }

    fn count(&self, bytes: usize) {
        self.allocated.set(self.allocated.get() + bytes);
    }
}
