//! What happens when a task panics that nothing goes on without.

use crate::gateway::journal::DeliveryStore;

/// Held by such a task. Where it panics, the process ends in order and is started again, rather than standing still unseen.
pub(super) struct ShutdownOnPanic<S: DeliveryStore>(pub(super) S);

impl<S: DeliveryStore> Drop for ShutdownOnPanic<S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.request_shutdown();
        }
    }
}
