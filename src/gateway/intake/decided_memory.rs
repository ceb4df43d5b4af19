//! The memory of pushes that are decided and wait for the journal: a part for small ones alone, and the rest for all.
//!
//! A few batches of thousands of alerts can take all of the rest for seconds, as they also wait for it. The part of their own
//! lets ordinary alerts in meanwhile.

use super::body_work::{PATIENCE, WorkSlot};
use super::memory::{ByteReservation, MemoryBudget};

/// A push of fewer bytes is small.
const SMALL_PUSH: usize = 256 << 10;
/// Which part of the bytes small pushes have alone: 6 of 48 MiB.
const PART_OF_SMALL: usize = 8;

/// The bytes that decided pushes may take.
pub(super) struct DecidedMemory {
    of_small: MemoryBudget,
    of_all: MemoryBudget,
}

impl DecidedMemory {
    /// So many bytes, both parts together.
    #[must_use]
    pub(super) fn new(bytes: usize) -> Self {
        let of_small = bytes / PART_OF_SMALL;
        Self { of_small: MemoryBudget::new(of_small), of_all: MemoryBudget::new(bytes - of_small) }
    }

    /// Room for a push of so many bytes; a small one takes it from its own part first. A push that has no slot takes room now
    /// or never. One that has a slot waits for room, while others of its kind wait for the slot.
    pub(super) async fn reserve(&self, bytes: usize, slot: &WorkSlot) -> Option<ByteReservation> {
        if bytes < SMALL_PUSH
            && let Some(reservation) = self.of_small.try_reserve(bytes)
        {
            return Some(reservation);
        }
        // What is larger than the whole budget, as by the spare room of its buffers, is taken when nothing else waits.
        let bytes = bytes.min(self.of_all.limit());
        if slot.is_held() { self.of_all.reserve(bytes, PATIENCE).await } else { self.of_all.try_reserve(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::{DecidedMemory, SMALL_PUSH};
    use crate::gateway::intake::body_work::WorkSlot;

    const MIB: usize = 1 << 20;

    #[tokio::test]
    async fn large_pushes_leave_small_ones_their_part() {
        let memory = DecidedMemory::new(48 * MIB);
        let reserve = |bytes| memory.reserve(bytes, &WorkSlot::NONE);
        let large = reserve(42 * MIB).await.expect("nothing else waits");
        assert!(reserve(SMALL_PUSH).await.is_none(), "a large one has no other room");
        let small = SMALL_PUSH - 1;
        let mut taken = Vec::new();
        while let Some(reservation) = reserve(small).await {
            taken.push(reservation);
        }
        assert_eq!(taken.len(), 24);
        drop(large);
        assert!(reserve(small).await.is_some(), "small ones have the room of all, too");
        let all = reserve(42 * MIB).await;
        taken.pop();
        assert!(all.is_some() && reserve(small).await.is_some());
    }

    #[tokio::test]
    async fn a_push_that_is_larger_than_the_budget_is_taken_alone() {
        let memory = DecidedMemory::new(48 * MIB);
        let alone = memory.reserve(100 * MIB, &WorkSlot::NONE).await;
        assert!(alone.is_some() && memory.reserve(MIB, &WorkSlot::NONE).await.is_none());
    }
}
