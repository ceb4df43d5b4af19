//! Which delivery of a channel comes next: a pure state machine without clock, store or network.
//!
//! Memory holds a window: for a bounded number of alert keys, the oldest delivery that is not settled, its head.
//! Later deliveries of the key stay in the store and are fetched when the head is settled, so memory does not depend on the
//! backlog. Invariants:
//!
//! - Every delivery up to the cursor is settled, is a head, waits behind the head of its key, or is parked.
//! - A key is in the window once. So one delivery of it is under way at most, and later ones wait until it is settled.
//! - A page that is read after the cursor never holds a head, as heads are not after the cursor. So a page that is older
//!   than a settlement brings nothing back.
//!
//! Requeued deliveries may have ids before the cursor; a sweep from the beginning finds them.
//!
//! Deliveries that fail again and again must not keep new ones out of a full window. So a head that waits for a retry gives
//! its place to one that is due before it, and is *parked*: it is in the store only, until a sweep finds it. As long as
//! heads may be parked, the first delivery of a key that is not in the window is asked of the store, which keeps the order.
//!
//! Moments are milliseconds of a monotonic clock; `since` is the wall clock's.

use super::due_order::{DueKey, DueOrder};
use super::window::{WindowPreference, WindowSize};
use crate::event::Severity;
use crate::gateway::journal::{DeliveryId, MAX_PAGE_KEY_BYTES};
use crate::time::Timestamp;
use std::collections::{HashMap, HashSet};

/// How many of the heads that are due are looked at for one that was never tried.
const LOOKED_AT: usize = 512;
/// The most deliveries of a page.
pub(super) const PAGE_SIZE: usize = 512;

/// A delivery, as far as its order matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueueHead<P> {
    /// Its id in the store.
    pub(super) id: DeliveryId,
    /// The alert key.
    pub(super) key: String,
    /// Not before this moment.
    pub(super) due: u64,
    /// When its age limit began, by the wall clock.
    pub(super) since: Timestamp,
    /// The severity of a firing: of what is due, the most urgent goes first.
    pub(super) urgency: Option<Severity>,
    /// What else its owner keeps.
    pub(super) details: P,
}

/// The result of a head that was under way.
#[derive(Debug)]
pub(super) enum HeadResult<P> {
    /// It is settled, durably.
    Settled,
    /// It is tried again.
    Retry(QueueHead<P>),
}

/// A page that is to be read from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageRequest {
    /// Deliveries after this id.
    pub(super) after: DeliveryId,
    /// At most so many.
    pub(super) limit: usize,
    kind: PageKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageKind {
    /// After the cursor, for new deliveries.
    Forward,
    /// Up to the cursor, for requeued deliveries.
    Sweep,
}

#[derive(Debug)]
enum HeadState {
    /// Due now or later; it is in `order`.
    Waiting,
    /// Taken, without a result yet.
    InFlight,
    /// Its head is settled; the next delivery is being fetched.
    Fetching,
}

#[derive(Debug)]
struct KeyEntry<P> {
    id: DeliveryId,
    state: HeadState,
    /// Whether a later delivery of the key is known.
    has_more: bool,
    head: Option<QueueHead<P>>,
}

/// Whether heads are in the store only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParkedHeads {
    /// No head is.
    Nothing,
    /// Some may be.
    Something,
    /// The sweep under way has left none so far.
    Sweeping,
}

/// The window on a channel's deliveries.
#[derive(Debug)]
pub(super) struct DeliveryQueue<P> {
    keys: HashMap<String, KeyEntry<P>>,
    order: DueOrder,
    fetches: Vec<String>,
    cursor: DeliveryId,
    /// Whether there may be something after the cursor.
    unread: bool,
    /// How far a sweep has come.
    sweep: Option<DeliveryId>,
    /// Whether a sweep was requested while a page was read, which may be older than the request.
    sweep_again: bool,
    pub(super) is_reading: bool,
    /// What was settled while a page was read, which may still show it.
    settled: HashSet<DeliveryId>,
    size: WindowSize,
    /// Bytes of all keys.
    key_bytes: usize,
    preference: WindowPreference,
    parked: ParkedHeads,
}

impl<P> DeliveryQueue<P> {
    /// An empty window.
    pub(super) fn new(size: WindowSize) -> Self {
        Self {
            keys: HashMap::new(),
            order: DueOrder::default(),
            fetches: Vec::new(),
            cursor: DeliveryId::NONE,
            unread: true,
            sweep: None,
            sweep_again: false,
            is_reading: false,
            settled: HashSet::new(),
            size,
            key_bytes: 0,
            preference: WindowPreference::Oldest,
            parked: ParkedHeads::Nothing,
        }
    }

    /// Sets how large the window is, and what it prefers when it is full.
    pub(super) fn set_window(&mut self, size: WindowSize, preference: WindowPreference) {
        (self.size, self.preference) = (size, preference);
    }

    /// There may be something new in the store.
    pub(super) fn mark_unread(&mut self) {
        self.unread = true;
    }

    /// Reads the store from the beginning, for what was requeued.
    pub(super) fn sweep(&mut self) {
        self.begin_sweep();
        self.sweep_again = self.is_reading;
    }

    fn begin_sweep(&mut self) {
        self.sweep = Some(DeliveryId::NONE);
        if self.parked == ParkedHeads::Something {
            self.parked = ParkedHeads::Sweeping;
        }
    }

    /// The sweep came to the cursor.
    fn end_sweep(&mut self) {
        self.sweep = None;
        if self.parked == ParkedHeads::Sweeping {
            self.parked = ParkedHeads::Nothing;
        }
    }

    /// The page that is to be read now; one at a time.
    pub(super) fn next_read(&mut self, now: u64) -> Option<PageRequest> {
        if self.is_reading {
            return None;
        }
        if self.keys.is_empty() && (self.unread || self.has_parked()) {
            // Everything up to the cursor is settled or parked. From the beginning, the pages find that, and what was
            // requeued.
            (self.cursor, self.sweep, self.unread) = (DeliveryId::NONE, None, true);
            self.parked = ParkedHeads::Nothing;
        }
        // At the cursor, a sweep is over.
        if self.sweep.is_some_and(|after| after >= self.cursor) {
            self.end_sweep();
        }
        if self.sweep.is_none() && self.has_parked() && self.is_half_empty() {
            self.begin_sweep();
        }
        let is_full = self.is_full();
        let request = match self.sweep {
            Some(after) if !is_full => PageRequest { after, limit: self.page_limit(), kind: PageKind::Sweep },
            Some(_) | None if self.unread && (!is_full || self.can_park(now)) => {
                // What comes in after this sets it again.
                self.unread = false;
                PageRequest { after: self.cursor, limit: self.page_limit(), kind: PageKind::Forward }
            }
            Some(_) | None => return None,
        };
        self.is_reading = true;
        self.settled.clear();
        Some(request)
    }

    /// No more than there is room for, so that a full window does not read a whole page for each settlement.
    fn page_limit(&self) -> usize {
        let free = self.size.keys.saturating_sub(self.keys.len());
        PAGE_SIZE.min(if free == 0 { self.size.keys } else { free })
    }

    fn is_full(&self) -> bool {
        self.keys.len() >= self.size.keys || self.key_bytes >= self.size.key_bytes
    }

    fn is_half_empty(&self) -> bool {
        self.keys.len() < self.size.keys.div_ceil(2) && self.key_bytes < self.size.key_bytes / 2
    }

    /// Whether a full window has a head that gives its place to a new delivery.
    fn can_park(&self, now: u64) -> bool {
        match self.preference {
            WindowPreference::Oldest => self.order.all().last().is_some_and(|last| last.due > now),
            WindowPreference::Newest => !self.order.all().is_empty(),
        }
    }

    /// Takes the deliveries of a page, by rising id.
    pub(super) fn add_page(&mut self, request: PageRequest, page: Vec<QueueHead<P>>, now: u64) {
        self.is_reading = false;
        let mut reached = request.after;
        // After a full page, the store may have more.
        let key_bytes: usize = page.iter().map(|head| head.key.len()).sum();
        let mut has_more = page.len() >= request.limit || key_bytes >= MAX_PAGE_KEY_BYTES;
        for head in page {
            let id = head.id;
            if request.kind == PageKind::Sweep && id > self.cursor {
                has_more = false;
                break;
            }
            // The page may be older than a settlement.
            let is_settled = self.settled.contains(&id);
            if !is_settled && !self.insert(head, request.kind, now) {
                has_more = true;
                break;
            }
            reached = id;
        }
        match request.kind {
            PageKind::Forward => {
                self.cursor = self.cursor.max(reached);
                self.unread |= has_more;
            }
            PageKind::Sweep if has_more => self.sweep = Some(reached),
            PageKind::Sweep => self.end_sweep(),
        }
        if std::mem::take(&mut self.sweep_again) {
            self.begin_sweep();
        }
        self.settled.clear();
    }

    /// The page could not be read, and is to be read again.
    pub(super) fn read_failed(&mut self, request: PageRequest) {
        self.is_reading = false;
        self.unread |= request.kind == PageKind::Forward;
    }

    /// Takes a delivery of a page, or parks it; false where it has to be read again later.
    fn insert(&mut self, head: QueueHead<P>, kind: PageKind, now: u64) -> bool {
        if let Some(entry) = self.keys.get_mut(&head.key) {
            entry.has_more |= entry.id != head.id || matches!(entry.state, HeadState::Fetching);
            return true;
        }
        if self.is_full() {
            let last = self.order.all().last().filter(|last| last.due > head.due).cloned();
            let prefers_new = self.preference == WindowPreference::Newest && kind == PageKind::Forward;
            let parked = match last {
                Some(last) => Some(last),
                None if head.due > now => {
                    // It is not due before any other.
                    self.parked = ParkedHeads::Something;
                    return true;
                }
                None => self.order.all().first().filter(|_| prefers_new).cloned(),
            };
            let Some(parked) = parked else { return false };
            self.order.remove(&parked);
            self.remove(&parked.key);
            self.parked = ParkedHeads::Something;
        }
        if self.has_parked() {
            let entry = KeyEntry { id: head.id, state: HeadState::Fetching, has_more: false, head: None };
            self.key_bytes += head.key.len();
            self.fetches.push(head.key.clone());
            self.keys.insert(head.key, entry);
        } else {
            self.enqueue(head, false);
        }
        true
    }

    fn has_parked(&self) -> bool {
        self.parked != ParkedHeads::Nothing
    }

    fn enqueue(&mut self, head: QueueHead<P>, more: bool) {
        let key = head.key.clone();
        self.order.insert(DueKey { due: head.due, id: head.id, key: key.clone(), urgency: head.urgency });
        let size = key.len();
        let entry = KeyEntry { id: head.id, state: HeadState::Waiting, has_more: more, head: Some(head) };
        if self.keys.insert(key, entry).is_none() {
            self.key_bytes += size;
        }
    }

    fn remove(&mut self, key: &str) {
        if self.keys.remove(key).is_some() {
            self.key_bytes = self.key_bytes.saturating_sub(key.len());
        }
    }

    /// Takes, of the most urgent heads that are due, the one that has been due longest.
    pub(super) fn take(&mut self, now: u64) -> Option<QueueHead<P>> {
        let found = self.order.most_urgent(now)?.clone();
        self.order.remove(&found);
        self.begin(&found.key)
    }

    /// Takes, of the most urgent heads that are due, the one of rank 0 that became due last, if there is one among the
    /// [`LOOKED_AT`] latest.
    pub(super) fn take_newest(&mut self, now: u64, rank: impl Fn(&P) -> u32) -> Option<QueueHead<P>> {
        let is_new = |place: &&DueKey| {
            let head = self.keys.get(&place.key).and_then(|entry| entry.head.as_ref());
            head.is_some_and(|head| rank(&head.details) == 0)
        };
        let found = self.order.latest_urgent(now).take(LOOKED_AT).find(is_new)?.clone();
        self.order.remove(&found);
        self.begin(&found.key)
    }

    /// The lowest rank among the heads that are due.
    pub(super) fn lowest_due_rank(&self, now: u64, rank: impl Fn(&P) -> u32) -> Option<u32> {
        self.due_heads(now, rank).map(|(rank, _)| rank).min()
    }

    /// Takes one of the heads that are due and have this rank; `chance` chooses it, so that no order among them can keep
    /// one of them waiting.
    pub(super) fn take_ranked(
        &mut self,
        now: u64,
        wanted: u32,
        rank: impl Fn(&P) -> u32,
        chance: u32,
    ) -> Option<QueueHead<P>> {
        let places: Vec<&DueKey> =
            self.due_heads(now, rank).filter(|(rank, _)| *rank == wanted).map(|(_, place)| place).collect();
        let position = usize::try_from(chance).unwrap_or_default().checked_rem(places.len())?;
        let found = (*places.get(position)?).clone();
        self.order.remove(&found);
        self.begin(&found.key)
    }

    fn due_heads<R>(&self, now: u64, rank: impl Fn(&P) -> R) -> impl Iterator<Item = (R, &DueKey)> {
        let due = self.order.all().iter().take_while(move |place| place.due <= now);
        due.filter_map(move |place| {
            let head = self.keys.get(&place.key)?.head.as_ref()?;
            Some((rank(&head.details), place))
        })
    }

    /// Takes a head, due or not, whose age limit began at that time of the wall clock or before it.
    pub(super) fn take_older(&mut self, since: Timestamp) -> Option<QueueHead<P>> {
        let old = |key: &String| {
            self.keys.get(key).and_then(|entry| entry.head.as_ref()).is_some_and(|head| head.since <= since)
        };
        let found = self.order.all().iter().find(|place| old(&place.key))?.clone();
        self.order.remove(&found);
        self.begin(&found.key)
    }

    fn begin(&mut self, key: &str) -> Option<QueueHead<P>> {
        let entry = self.keys.get_mut(key)?;
        entry.state = HeadState::InFlight;
        entry.head.take()
    }

    /// Takes the result of a head that was taken.
    pub(super) fn finish(&mut self, key: &str, end: HeadResult<P>) {
        let Some(entry) = self.keys.get_mut(key) else { return };
        match end {
            HeadResult::Retry(head) => {
                let more = entry.has_more;
                self.enqueue(head, more);
            }
            HeadResult::Settled => {
                if self.is_reading {
                    self.settled.insert(entry.id);
                }
                if entry.has_more {
                    entry.has_more = false;
                    entry.state = HeadState::Fetching;
                    self.fetches.push(key.to_owned());
                } else {
                    self.remove(key);
                }
            }
        }
    }

    /// The keys whose next delivery is to be fetched from the store, each once.
    pub(super) fn take_fetches(&mut self) -> Vec<String> {
        std::mem::take(&mut self.fetches)
    }

    /// Takes the first pending delivery of a key, as the store has it.
    pub(super) fn add_fetched(&mut self, key: &str, head: Option<QueueHead<P>>) {
        let cursor = self.cursor;
        let Some(entry) = self.keys.get_mut(key) else { return };
        match head {
            // More may follow it; the next fetch shows that.
            Some(head) if head.id <= cursor => self.enqueue(head, true),
            // What is after the cursor is left to the next page, so that no page holds a head.
            Some(_) | None if entry.has_more => {
                entry.has_more = false;
                self.fetches.push(key.to_owned());
            }
            Some(_) => {
                self.remove(key);
                self.unread = true;
            }
            None => {
                self.remove(key);
            }
        }
    }

    /// The store could not be read; the key is to be fetched again.
    pub(super) fn fetch_failed(&mut self, key: String) {
        self.fetches.push(key);
    }

    /// Makes waiting heads due now, except those that `keep` is true for.
    pub(super) fn make_due(&mut self, now: u64, keep: impl Fn(&P) -> bool) {
        for DueKey { due, id, key, urgency } in self.order.split_later(now) {
            let entry = self.keys.get_mut(&key);
            let head = entry.as_ref().and_then(|entry| entry.head.as_ref());
            let due = if head.is_some_and(|head| keep(&head.details)) { due } else { now };
            if let Some(entry) = entry {
                entry.head.iter_mut().for_each(|head| head.due = due);
            }
            self.order.insert(DueKey { due, id, key, urgency });
        }
    }

    /// When the next head is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.order.all().first().map(|first| first.due)
    }

    /// Heads that wait for a later moment.
    pub(super) fn waiting(&self, now: u64) -> usize {
        self.order.all().iter().rev().take_while(|place| place.due > now).count()
    }

    /// Keys in memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

#[cfg(test)]
#[path = "queue_laws.rs"]
mod tests;
