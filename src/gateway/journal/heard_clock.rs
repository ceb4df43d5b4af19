//! What the clock asks of a journal: which senders and alerts are not heard, and how long events could be heard.

use super::heard::{ClockWork, SenderScan, WatchTerms, clock_work, load_watch};
use super::write::WriteSource;
use super::{Journal, JournalError, Transaction};
use crate::notification::{ListeningTime, Sender, heartbeat};

impl Journal {
    /// How long events could be heard until now.
    #[must_use]
    pub fn listened(&self) -> ListeningTime {
        self.inner.listening.at(self.steady_now())
    }

    /// Begins to watch senders and alerts by these rules.
    ///
    /// # Errors
    /// Where it is not durable.
    pub async fn load_watch(&self, terms: WatchTerms) -> Result<(), JournalError> {
        let (clock, listening) = (self.steady_clock(), self.inner.listening);
        let at = self.inner.shared.clock.now();
        let work =
            move |transaction: &mut dyn Transaction| load_watch(transaction, &terms, listening.at(clock.now()), at);
        self.submit(WriteSource::Record, 0, work).await
    }

    /// What is due of senders and alerts of which nothing is heard.
    ///
    /// # Errors
    /// The journal failed.
    pub async fn clock_work(&self, terms: WatchTerms, scan: SenderScan) -> Result<ClockWork, JournalError> {
        let (clock, listening) = (self.steady_clock(), self.inner.listening);
        let work = move |transaction: &mut dyn Transaction| {
            let steady = clock.now();
            clock_work(transaction, &terms, scan, listening.at(steady))
        };
        self.submit(WriteSource::Record, 0, work).await
    }

    /// Notes how long events could be heard, so that a restart goes on from here.
    ///
    /// # Errors
    /// Where it is not durable.
    pub async fn note_clock(&self) -> Result<(), JournalError> {
        let (clock, listening) = (self.steady_clock(), self.inner.listening);
        let work = move |transaction: &mut dyn Transaction| transaction.note_clock(listening.record(clock.now()));
        self.submit(WriteSource::Record, 0, work).await
    }

    /// Forgets a sender of a heartbeat; whether it was known. If it is absent, its absence is over.
    ///
    /// # Errors
    /// Where it is not durable.
    pub fn forget_sender(&self, sender: &Sender) -> Result<bool, JournalError> {
        let sender = sender.clone();
        self.write(WriteSource::Request, 0, move |transaction| heartbeat::forget(&mut *transaction.beats(), &sender))
    }
}
