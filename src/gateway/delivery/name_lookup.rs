//! Lookups of names whose addresses are only checked, a few at once.
//!
//! The system's resolver takes a thread until it answers, even where nobody waits for the answer any more. While name servers
//! are silent, lookups without a bound would take all threads that the gateway has for blocking work.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many lookups are under way at once, of the 512 threads for blocking work.
const MAX_LOOKUPS: usize = 16;

/// The lookups under way.
#[derive(Debug, Clone)]
pub(super) struct NameLookup {
    slots: Arc<Semaphore>,
}

impl NameLookup {
    /// None under way.
    pub(super) fn new() -> Self {
        Self { slots: Arc::new(Semaphore::new(MAX_LOOKUPS)) }
    }

    /// The addresses of a host; nothing where they are not found in time.
    pub(super) async fn addresses(&self, host: &str, patience: Duration) -> Option<Vec<SocketAddr>> {
        let host = host.to_owned();
        let resolving = async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) };
        self.run(resolving, patience).await
    }

    /// Waits for a lookup. It holds its slot until it ends by itself.
    async fn run<T: Send + 'static>(
        &self,
        lookup: impl Future<Output = io::Result<T>> + Send + 'static,
        patience: Duration,
    ) -> Option<T> {
        let answer = async {
            let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
            let looking = tokio::spawn(async move {
                let answer = lookup.await;
                drop(slot);
                answer
            });
            looking.await.ok()?.ok()
        };
        tokio::time::timeout(patience, answer).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_LOOKUPS, NameLookup};
    use std::future::ready;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn lookups_that_nobody_waits_for_any_more_are_still_few() {
        let lookups = NameLookup::new();
        let (silent, begun) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..3 * MAX_LOOKUPS {
            let (silent, begun) = (Arc::clone(&silent), Arc::clone(&begun));
            let lookup = async move {
                begun.fetch_add(1, Ordering::Relaxed);
                silent.acquire().await.expect("it is open").forget();
                Ok(())
            };
            assert_eq!(lookups.run(lookup, Duration::from_millis(1)).await, None);
        }
        assert_eq!(begun.load(Ordering::Relaxed), MAX_LOOKUPS);
        // The name servers answer again.
        silent.add_permits(MAX_LOOKUPS);
        assert_eq!(lookups.run(ready(Ok(7)), Duration::from_mins(1)).await, Some(7));
    }

    #[tokio::test]
    async fn a_name_has_addresses_or_nothing() {
        let lookups = NameLookup::new();
        let patience = Duration::from_mins(1);
        let found = lookups.addresses("localhost", patience).await.expect("it is in every table of hosts");
        assert!(found.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(lookups.addresses("no such name", patience).await, None);
    }
}
