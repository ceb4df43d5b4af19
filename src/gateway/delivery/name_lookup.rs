//! Lookups of the names of receivers, a few at once.
//!
//! The system's resolver takes a thread until it answers, often long after the attempt that wanted it. While name servers are
//! silent, lookups without a bound would take all threads, which also read the journal and evaluate large bodies.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The lookups of all channels at once, of the 512 threads that there are.
const MAX_LOOKUPS: usize = 128;
/// The lookups of one channel at once.
const MAX_CHANNEL_LOOKUPS: usize = 2;

/// The lookups of all channels.
#[derive(Debug, Clone)]
pub(super) struct AllNameLookups(Arc<Semaphore>);

/// The lookups of one channel.
#[derive(Debug, Clone)]
pub(super) struct NameLookup {
    own: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

impl AllNameLookups {
    /// None under way.
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_LOOKUPS)))
    }

    /// Those of one more channel.
    pub(super) fn of_channel(&self) -> NameLookup {
        NameLookup { own: Arc::new(Semaphore::new(MAX_CHANNEL_LOOKUPS)), all: Arc::clone(&self.0) }
    }
}

impl NameLookup {
    /// The addresses of a host, looked up as soon as there is a slot.
    ///
    /// # Errors
    /// The name is not found, or no name server answers.
    pub(super) async fn addresses(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        let host = host.to_owned();
        self.run(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) }).await
    }

    /// Waits for a lookup. It goes on where nobody waits any more, and holds its slot until it ends by itself.
    async fn run<T: Send + 'static>(
        &self,
        lookup: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let slot = self.slot().await.map_err(io::Error::other)?;
        let looking = tokio::spawn(async move {
            let answer = lookup.await;
            drop(slot);
            answer
        });
        looking.await?
    }

    /// The channel's slot first, so that a channel with many attempts keeps no slots of the others waiting.
    async fn slot(&self) -> Result<[OwnedSemaphorePermit; 2], tokio::sync::AcquireError> {
        let own = Arc::clone(&self.own).acquire_owned().await?;
        Ok([own, Arc::clone(&self.all).acquire_owned().await?])
    }
}

#[cfg(test)]
mod tests {
    use super::{AllNameLookups, MAX_CHANNEL_LOOKUPS, MAX_LOOKUPS, NameLookup};
    use std::future::ready;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use tokio::sync::Semaphore;

    /// Name servers that do not answer yet.
    #[derive(Clone)]
    struct SilentServers {
        answers: Arc<Semaphore>,
        asked: Arc<AtomicUsize>,
    }

    impl SilentServers {
        fn new() -> Self {
            Self { answers: Arc::new(Semaphore::new(0)), asked: Arc::default() }
        }

        /// Gives a lookup up at once, which goes on if it has begun.
        async fn ask(&self, lookup: &NameLookup) {
            let servers = self.clone();
            let answer = lookup.run(async move {
                servers.asked.fetch_add(1, Ordering::Relaxed);
                servers.answers.acquire().await.expect("they are there").forget();
                Ok(())
            });
            tokio::time::timeout(Duration::from_millis(1), answer).await.expect_err("they are silent");
        }
    }

    #[tokio::test]
    async fn one_channel_has_few_lookups_under_way_though_nobody_waits_for_them() {
        let (servers, lookup) = (SilentServers::new(), AllNameLookups::new().of_channel());
        for _ in 0..3 * MAX_CHANNEL_LOOKUPS {
            servers.ask(&lookup).await;
        }
        assert_eq!(servers.asked.load(Ordering::Relaxed), MAX_CHANNEL_LOOKUPS);
        servers.answers.add_permits(MAX_CHANNEL_LOOKUPS);
        assert_eq!(lookup.run(ready(Ok(7))).await.expect("there is a slot again"), 7);
    }

    #[tokio::test]
    async fn all_channels_together_do_not_take_all_threads() {
        let (servers, all) = (SilentServers::new(), AllNameLookups::new());
        for _ in 0..MAX_LOOKUPS + 8 {
            servers.ask(&all.of_channel()).await;
        }
        assert_eq!(servers.asked.load(Ordering::Relaxed), MAX_LOOKUPS);
    }

    #[tokio::test]
    async fn a_name_has_addresses_or_is_an_error() {
        let lookup = AllNameLookups::new().of_channel();
        let found = lookup.addresses("localhost").await.expect("it is in every table of hosts");
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()));
        lookup.addresses("no such name").await.expect_err("a name has no blanks");
    }
}
