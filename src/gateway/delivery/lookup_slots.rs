//! How many names of receivers may be looked up at once.
//!
//! A lookup takes a thread of the system until it ends by itself, often long after the attempt that wanted it. While name
//! servers are silent, many channels would take all threads that also read the journal and evaluate large bodies.

use std::sync::Arc;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The lookups of all channels at once, of the 512 threads that there are.
const ALL_LOOKUPS: usize = 128;
/// The lookups of one channel at once.
const CHANNEL_LOOKUPS: usize = 2;

/// The slots of all channels.
#[derive(Debug, Clone)]
pub(super) struct AllLookupSlots(Arc<Semaphore>);

/// The slots of one channel.
#[derive(Debug, Clone)]
pub(super) struct LookupSlots {
    own: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

/// A slot that is taken until a lookup has ended.
#[derive(Debug)]
pub(super) struct TakenSlot {
    _permits: [OwnedSemaphorePermit; 2],
}

impl AllLookupSlots {
    /// All free.
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ALL_LOOKUPS)))
    }

    /// The slots of one channel.
    pub(super) fn of_channel(&self) -> LookupSlots {
        LookupSlots { own: Arc::new(Semaphore::new(CHANNEL_LOOKUPS)), all: Arc::clone(&self.0) }
    }
}

impl LookupSlots {
    /// Takes a slot as soon as there is one.
    pub(super) async fn take(self) -> Result<TakenSlot, AcquireError> {
        let own = self.own.acquire_owned().await?;
        Ok(TakenSlot { _permits: [own, self.all.acquire_owned().await?] })
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL_LOOKUPS, AllLookupSlots, CHANNEL_LOOKUPS};
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn now<F: Future>(future: F) -> Option<F::Output> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => Some(taken),
            Poll::Pending => None,
        }
    }

    #[test]
    fn one_channel_has_few_slots_and_all_together_have_not_all_threads() {
        let all = AllLookupSlots::new();
        let (one, other) = (all.of_channel(), all.of_channel());
        let mut taken: Vec<_> = (0..CHANNEL_LOOKUPS).map(|_| now(one.clone().take()).expect("it is free")).collect();
        assert!(now(one.take()).is_none() && now(other.take()).is_some());
        while let Some(slot) = now(all.of_channel().take()) {
            taken.push(slot);
        }
        assert_eq!(taken.len(), ALL_LOOKUPS);
    }
}
