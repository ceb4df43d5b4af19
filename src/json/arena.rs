//! Memory for one payload and everything that is made from it.

use bumpalo::Bump;
use std::cell::Cell;

/// Memory that grows while a payload is read and evaluated, and is freed as a whole.
///
/// It holds plain data that never changes: values, texts, events. Nothing in it is freed separately, so callers must bound
/// what a payload can make. Clearing it keeps its largest chunk, so that the next payload needs no heap allocation, unless
/// that chunk is far larger than most payloads need.
#[derive(Debug, Default)]
pub struct Arena {
    bump: Bump,
    allocated: Cell<usize>,
}

impl Arena {
    /// An arena that allocates nothing before it is used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Frees everything in it.
    pub fn clear(&mut self) {
        const MOST_KEPT: usize = 4 << 20;
        self.bump.reset();
        if self.bump.allocated_bytes() > MOST_KEPT {
            self.bump = Bump::new();
        }
        self.allocated.set(0);
    }

    /// How many bytes were allocated since it was cleared. The space that vectors left behind while they grew, which is at most
    /// their final size, does not count.
    #[must_use]
    pub fn allocated_bytes(&self) -> usize {
        self.allocated.get()
    }

    /// A copy of a text.
    pub fn text(&self, text: &str) -> &str {
        self.count(text.len());
        self.bump.alloc_str(text)
    }

    /// Some texts, concatenated.
    pub fn concat(&self, texts: &[&str]) -> &str {
        let length = texts.iter().map(|text| text.len()).sum();
        self.count(length);
        let mut whole = bumpalo::collections::String::with_capacity_in(length, &self.bump);
        for text in texts {
            whole.push_str(text);
        }
        whole.into_bump_str()
    }

    /// A value.
    pub fn alloc<T: Copy>(&self, value: T) -> &T {
        self.count(size_of::<T>());
        self.bump.alloc(value)
    }

    /// A copy of some values.
    pub fn slice<T: Copy>(&self, values: &[T]) -> &[T] {
        self.count(size_of_val(values));
        self.bump.alloc_slice_copy(values)
    }

    /// The items of an iterator that knows its length.
    pub fn collect<T: Copy>(&self, values: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) -> &[T] {
        let values = self.bump.alloc_slice_fill_iter(values);
        self.count(size_of_val(values));
        values
    }

    /// A vector with room for that many values. Growth beyond that is not counted.
    pub(super) fn vector<T>(&self, room: usize) -> bumpalo::collections::Vec<'_, T> {
        self.count(room * size_of::<T>());
        bumpalo::collections::Vec::with_capacity_in(room, &self.bump)
    }

    /// Space for that many values, to be filled.
    pub fn default_slice<T: Copy + Default>(&self, count: usize) -> &mut [T] {
        self.count(count * size_of::<T>());
        self.bump.alloc_slice_fill_copy(count, T::default())
    }

    fn count(&self, bytes: usize) {
        self.allocated.set(self.allocated.get() + bytes);
    }
}
