//! What a worker reads from the store, without waiting for it: the waits that receivers asked for, pages of pending
//! deliveries, and the next delivery of a key.
//!
//! A stored wait belongs to the receiver that asked for it. It holds a channel that has this receiver now, whichever channel
//! it was stored for; and it holds no channel that has another receiver by now. Deliveries whose address was not allowed do
//! not wait after a start that may allow it.

use super::{ChannelWorker, MailboxMessage};
use crate::gateway::delivery::address_policy::is_blocked_reason;
use crate::gateway::delivery::clock::milliseconds;
use crate::gateway::delivery::job::DeliveryDetails;
use crate::gateway::delivery::queue::QueueHead;
use crate::gateway::delivery::shutdown_on_panic::ShutdownOnPanic;
use crate::gateway::journal::{
    DeliveryId, DeliveryReader, DeliveryStore, JournalError, PendingDelivery, ReceiverDigest, StoredHold,
};
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait of a delivery that was read from the store: its time is the wall clock's, which may have jumped.
const LONGEST_DUE: Duration = Duration::from_hours(1);

/// Whether the store was asked for the waits of receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StoredWaitsState {
    /// It was not asked.
    Unread,
    /// It is asked.
    Reading,
    /// It answered, or could not.
    Known,
}

/// The waits that are stored, as they concern a channel and its receiver.
pub(in crate::gateway::delivery) struct StoredWaits {
    /// The longest for which the receiver asked.
    own: Option<StoredHold>,
    /// The end of the one that another receiver asked of the channel.
    void_until: Option<Timestamp>,
    /// When the channel failed last, if that was because its address was not allowed.
    blocked_at: Option<Timestamp>,
}

impl StoredWaits {
    /// Reads them.
    fn read(
        store: &(impl DeliveryReader + ?Sized),
        channel: &str,
        receiver: ReceiverDigest,
    ) -> Result<Self, JournalError> {
        let holds = store.holds()?;
        let last_error = store.last_error(channel)?.filter(|error| is_blocked_reason(&error.reason));
        let (own, others): (Vec<_>, Vec<_>) = holds.into_iter().partition(|(_, hold)| hold.receiver == receiver);
        Ok(Self {
            own: own.into_iter().map(|(_, hold)| hold).max_by_key(|hold| hold.until),
            void_until: others.into_iter().find(|(name, _)| name == channel).map(|(_, hold)| hold.until),
            blocked_at: last_error.map(|error| error.at),
        })
    }
}

impl<L: DeliveryStore> ChannelWorker<L> {
    /// Reads what is needed; answers when the store may be asked again.
    pub(super) fn read_store(&mut self, now: u64) -> Option<u64> {
        if self.store_from > now {
            return Some(self.store_from);
        }
        if !self.read_waits() {
            return None;
        }
        self.queue.set_window(self.context.window_size(), self.preference(now));
        if let Some(request) = self.queue.next_read(now) {
            let (context, name, mailbox) = (Arc::clone(&self.context), self.name.clone(), self.mailbox.clone());
            self.tasks.spawn_blocking(move || {
                let _vital = ShutdownOnPanic(context.store.clone());
                let page = context.store.read().and_then(|store| store.pending(&name, request.after, request.limit));
                // A worker that has ended needs no page.
                let _ = mailbox.send(MailboxMessage::Page(request, page));
            });
        }
        let fetches = self.queue.take_fetches();
        if !fetches.is_empty() {
            let (context, name, mailbox) = (Arc::clone(&self.context), self.name.clone(), self.mailbox.clone());
            self.tasks.spawn_blocking(move || {
                let _vital = ShutdownOnPanic(context.store.clone());
                for key in fetches {
                    // From the beginning, as an older delivery of the key may have been requeued or parked.
                    let store = context.store.read();
                    let first = store.and_then(|store| store.pending_of_key(&name, &key, DeliveryId::NONE));
                    let _ = mailbox.send(MailboxMessage::Fetched(key, Box::new(first)));
                }
            });
        }
        None
    }

    /// Asks for the stored waits, unless they are known; whether they are.
    fn read_waits(&mut self) -> bool {
        match self.stored_waits {
            StoredWaitsState::Known => return true,
            StoredWaitsState::Reading => return false,
            StoredWaitsState::Unread => {}
        }
        let Some(receiver) = self.receiver() else {
            self.stored_waits = StoredWaitsState::Known;
            return true;
        };
        self.stored_waits = StoredWaitsState::Reading;
        let (context, name, mailbox) = (Arc::clone(&self.context), self.name.clone(), self.mailbox.clone());
        self.tasks.spawn_blocking(move || {
            let _vital = ShutdownOnPanic(context.store.clone());
            let waits = context.store.read().and_then(|store| StoredWaits::read(store, &name, receiver));
            // A worker that has ended needs no answer.
            let _ = mailbox.send(MailboxMessage::StoredWaits(receiver, waits));
        });
        false
    }

    /// Takes the stored waits of the receiver.
    pub(super) fn take_stored_waits(&mut self, waits: Result<StoredWaits, JournalError>, now: u64) {
        self.stored_waits = StoredWaitsState::Known;
        match waits {
            Ok(StoredWaits { own, void_until, blocked_at }) => {
                let blocked_at = blocked_at.filter(|_| self.blocked.is_none());
                let longest = self.context.timings.backoff.cap;
                self.void_until = void_until.max(blocked_at.map(|at| at.saturating_add(longest)));
                if let Some(hold) = own {
                    let pause = hold.until.saturating_duration_since(self.context.clock.wall());
                    self.hold(now, pause.min(LONGEST_DUE), hold.reason);
                }
            }
            Err(fault) => {
                // One attempt too many is better than none, for ever, where a record is damaged.
                tracing::warn!(channel = self.name, %fault, "cannot read whether the receiver asked for a wait");
            }
        }
    }

    /// A delivery of the store as a head. Its due time is the wall clock's, which may have jumped: a new delivery does not
    /// wait, none waits longer than the longest pause, and none waits because another receiver asked for that, or because the
    /// address was not allowed before the start.
    pub(super) fn queue_head(&self, pending: PendingDelivery, now: u64) -> QueueHead<DeliveryDetails> {
        let is_due = pending.attempts == 0 || self.void_until.is_some_and(|until| pending.due <= until);
        let wait = pending.due.saturating_duration_since(self.context.clock.wall());
        let wait = if is_due { Duration::ZERO } else { wait };
        QueueHead {
            id: pending.id,
            key: pending.key,
            due: now.saturating_add(milliseconds(wait.min(LONGEST_DUE))),
            since: pending.since,
            urgency: pending.urgency,
            details: DeliveryDetails {
                event: pending.event,
                message: pending.message,
                channel_kind: pending.kind,
                attempts: pending.attempts,
                replay: pending.replay,
                hops: pending.hops,
                wait_requested: false,
                failed_at: None,
                fails_alone: false,
            },
        }
    }
}
