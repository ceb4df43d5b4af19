//! Budgets in bytes: how much of one kind may be in memory at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// A number of bytes that may be in use at once.
#[derive(Debug, Clone)]
pub(super) struct MemoryBudget(Arc<BudgetState>);

#[derive(Debug)]
struct BudgetState {
    limit: usize,
    used: AtomicUsize,
    released: Notify,
}

/// Bytes of a budget that are in use; given back when dropped.
#[derive(Debug)]
pub(super) struct ByteReservation {
    budget: MemoryBudget,
    bytes: usize,
}

impl MemoryBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(BudgetState { limit, used: AtomicUsize::new(0), released: Notify::new() }))
    }

    /// How many bytes there can be.
    #[must_use]
    pub(super) fn limit(&self) -> usize {
        self.0.limit
    }

    /// How many bytes are in use.
    #[must_use]
    pub(super) fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Takes bytes, if they are there now.
    #[must_use]
    pub(super) fn try_reserve(&self, bytes: usize) -> Option<ByteReservation> {
        self.take(bytes).then(|| ByteReservation { budget: self.clone(), bytes })
    }

    /// Takes bytes as soon as they are there, but waits at most so long, and not at all for more than there can be.
    pub(super) async fn reserve(&self, bytes: usize, patience: Duration) -> Option<ByteReservation> {
        if bytes > self.0.limit {
            return None;
        }
        let reserving = async {
            loop {
                let released = self.0.released.notified();
                tokio::pin!(released);
                released.as_mut().enable();
                if let Some(reservation) = self.try_reserve(bytes) {
                    return reservation;
                }
                released.await;
            }
        };
        tokio::time::timeout(patience, reserving).await.ok()
    }

    fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.0.limit);
        self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }
}

impl ByteReservation {
    /// Takes more bytes, if they are there now.
    #[must_use]
    pub(super) fn grow(&mut self, by: usize) -> bool {
        let grows = self.budget.take(by);
        if grows {
            self.bytes += by;
        }
        grows
    }

    /// Its bytes.
    #[must_use]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The budget that it is of.
    #[must_use]
    pub(super) fn budget(&self) -> &MemoryBudget {
        &self.budget
    }
}

impl Drop for ByteReservation {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.budget.0.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryBudget;
    use std::time::Duration;

    #[tokio::test]
    async fn bytes_are_taken_while_there_are_some_and_come_back() {
        let budget = MemoryBudget::new(100);
        let mut first = budget.try_reserve(60).expect("it fits");
        assert!(budget.try_reserve(41).is_none() && !first.grow(41) && first.grow(10));
        assert_eq!(first.bytes(), 70);
        assert!(budget.reserve(31, Duration::from_millis(1)).await.is_none());
        let waiting = tokio::spawn({
            let budget = budget.clone();
            async move { budget.reserve(100, Duration::from_mins(1)).await.map(|all| all.bytes()) }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert_eq!(waiting.await.unwrap(), Some(100));
        assert!(budget.try_reserve(100).is_some());
    }
}
