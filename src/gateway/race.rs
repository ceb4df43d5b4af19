//! Two things of which the first to happen counts.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Which came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First<A, B> {
    /// The one that was named first, which also wins where both have happened.
    This(A),
    /// The other.
    That(B),
}

/// Waits for the first of two; the other is dropped.
pub(super) async fn race<A, B>(this: impl Future<Output = A>, that: impl Future<Output = B>) -> First<A, B> {
    let (mut this, mut that) = (pin!(this), pin!(that));
    poll_fn(|context| {
        if let Poll::Ready(this) = this.as_mut().poll(context) {
            return Poll::Ready(First::This(this));
        }
        that.as_mut().poll(context).map(First::That)
    })
    .await
}
