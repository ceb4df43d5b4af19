//! How many bytes of bodies may be under way at once.
//!
//! While an attempt runs, its body is in memory several times: as it is stored, in the request, and in the connection. Many
//! channels, or one with many attempts at once, would fill the memory with large bodies while their receivers are slow. So a
//! large body takes room before it is read, and waits where there is none. A channel has a share, so that one whose receiver
//! hangs keeps no other waiting for longer than its attempts last.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Smaller bodies need no room: the number of attempts at once bounds them.
pub(super) const SMALL_BODY: usize = 8 << 10;
/// The room of all channels over HTTP together.
const HTTP_BYTES: u32 = 16 << 20;
/// The room of one channel over HTTP, and of each file and the standard output.
const CHANNEL_BYTES: u32 = 4 << 20;

/// A number of bytes that may be in use at once. A body that is larger is under way alone.
#[derive(Debug, Clone)]
struct SharedBytes {
    limit: u32,
    free: Arc<Semaphore>,
}

/// The room that the bodies of a channel may take.
#[derive(Debug, Clone)]
pub(super) struct BodyRoom {
    own: SharedBytes,
    all: Option<SharedBytes>,
}

/// Room that is taken; given back when dropped.
#[derive(Debug)]
pub(super) struct BodyPermit {
    _permits: [Option<OwnedSemaphorePermit>; 2],
}

impl SharedBytes {
    fn new(limit: u32) -> Self {
        Self { limit, free: Arc::new(Semaphore::new(limit as usize)) }
    }

    async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.limit);
        // It is never closed.
        Arc::clone(&self.free).acquire_many_owned(bytes).await.ok()
    }
}

impl BodyRoom {
    /// The room of all channels over HTTP.
    pub(super) fn http() -> Self {
        Self { own: SharedBytes::new(HTTP_BYTES), all: None }
    }

    /// The room of something that writes lines. It may block for ever, so it shares no room with others.
    pub(super) fn lines() -> Self {
        Self { own: SharedBytes::new(CHANNEL_BYTES), all: None }
    }

    /// The share of one channel in this room.
    pub(super) fn share(&self) -> Self {
        Self { own: SharedBytes::new(CHANNEL_BYTES), all: Some(self.own.clone()) }
    }

    /// Takes room for a body as soon as there is some, in the order of those who wait.
    pub(super) async fn take(&self, bytes: usize) -> BodyPermit {
        let own = self.own.take(bytes).await;
        let all = match &self.all {
            Some(all) => all.take(bytes).await,
            None => None,
        };
        BodyPermit { _permits: [own, all] }
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyRoom, CHANNEL_BYTES, HTTP_BYTES};
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// What is taken without waiting.
    fn now<F: Future>(future: F) -> Option<F::Output> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => Some(taken),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_channel_takes_its_share_and_all_take_the_whole() {
        let all = BodyRoom::http();
        let share = CHANNEL_BYTES as usize;
        let mut channels: Vec<_> = (0..HTTP_BYTES / CHANNEL_BYTES).map(|_| all.share()).collect();
        let first = channels.remove(0);
        let taken = now(first.take(share - 1)).expect("there is room");
        assert!(now(first.take(2)).is_none(), "its share is taken");
        drop(taken);
        let _large = now(first.take(usize::MAX)).expect("a body that is too large for the room is under way alone");
        assert!(now(channels[0].take(1)).is_none(), "of the whole, nothing is left");
    }

    #[test]
    fn what_writes_lines_waits_for_itself_only() {
        let (one, other) = (BodyRoom::lines(), BodyRoom::lines());
        let _taken = now(one.take(usize::MAX)).expect("there is room");
        assert!(now(one.take(1)).is_none() && now(other.take(1)).is_some());
    }
}
