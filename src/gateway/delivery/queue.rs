//! Which delivery of a channel comes next: a pure state machine without clock, store or network.
//!
//! In memory is a window: for each of at most [`MOST_KEYS`] alert keys the oldest delivery that is not settled, its
//! head. What comes behind a head stays in the ledger and is fetched when the head is settled, so memory does not depend
//! on the backlog. Invariants:
//!
//! - Every delivery up to the cursor is settled, is a head, or waits behind the head of its key.
//! - A key is in the window once, so it is under way at most once, and what is younger waits until it is settled.
//! - A page of the ledger that was asked for after the cursor never holds a head, as heads lie up to the cursor; so a
//!   page that is older than a settlement brings nothing back.
//!
//! Deliveries that an operator revives may have ids before the cursor; a sweep from the beginning finds them.
//! Moments are milliseconds of a monotonic clock; `since` is the wall clock's.

use std::collections::{BTreeSet, HashMap, HashSet};

/// Keys in memory at most.
pub(super) const MOST_KEYS: usize = 4_096;
/// Deliveries that one reading of the ledger brings at most.
pub(super) const PAGE_SIZE: usize = 512;

/// A delivery, as far as the order matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueueHead<P> {
    /// Its id in the ledger.
    pub(super) id: i64,
    /// The alert key.
    pub(super) key: String,
    /// Not before this moment.
    pub(super) due: u64,
    /// When its age limit began, by the wall clock.
    pub(super) since: i64,
    /// What else its owner wants to know.
    pub(super) details: P,
}

/// What became of a head that was under way.
#[derive(Debug)]
pub(super) enum HeadResult<P> {
    /// It is done with, for good or bad, and durably so.
    Settled,
    /// It comes again.
    Retry(QueueHead<P>),
}

/// Where a reading of the ledger begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageRequest {
    /// Deliveries after this id.
    pub(super) after: i64,
    /// At most so many.
    pub(super) limit: usize,
    sweep: bool,
}

#[derive(Debug)]
enum HeadState {
    /// Due now or later; it stands in `order`.
    Waiting,
    /// Taken, and not ended yet.
    InFlight,
    /// Its head is settled; the next one is to be fetched or is being fetched.
    Fetching,
}

#[derive(Debug)]
struct KeyEntry<P> {
    id: i64,
    state: HeadState,
    /// Whether something is known to wait behind the head.
    has_more: bool,
    head: Option<QueueHead<P>>,
}

/// The window on a channel's deliveries.
#[derive(Debug)]
pub(super) struct DeliveryQueue<P> {
    keys: HashMap<String, KeyEntry<P>>,
    order: BTreeSet<(u64, i64, String)>,
    fetches: Vec<String>,
    cursor: i64,
    /// Whether there may be something after the cursor.
    unread: bool,
    /// How far a sweep has come.
    sweep: Option<i64>,
    /// Whether a sweep was asked for during a reading, which may have been made before.
    sweep_again: bool,
    is_reading: bool,
    /// What was settled during a sweep's reading, which may still show it.
    settled: HashSet<i64>,
    most_keys: usize,
}

impl<P> DeliveryQueue<P> {
    /// An empty window of so many keys.
    pub(super) fn new(most_keys: usize) -> Self {
        Self {
            keys: HashMap::new(),
            order: BTreeSet::new(),
            fetches: Vec::new(),
            cursor: 0,
            unread: true,
            sweep: None,
            sweep_again: false,
            is_reading: false,
            settled: HashSet::new(),
            most_keys,
        }
    }

    /// There may be something new in the ledger.
    pub(super) fn mark_unread(&mut self) {
        self.unread = true;
    }

    /// Looks through the ledger from the beginning, for what was revived.
    pub(super) fn sweep(&mut self) {
        self.sweep = Some(0);
        self.sweep_again = self.is_reading;
    }

    /// What is to be read from the ledger now; one reading at a time.
    pub(super) fn next_read(&mut self) -> Option<PageRequest> {
        // As much as there is room for, so that a full window does not read a page for each settlement.
        let limit = PAGE_SIZE.min(self.most_keys.saturating_sub(self.keys.len()));
        if self.is_reading || limit == 0 {
            return None;
        }
        if self.keys.is_empty() && self.unread {
            // Everything up to the cursor is settled, so the beginning is as good, and shows what was revived.
            (self.cursor, self.sweep) = (0, None);
        }
        self.sweep = self.sweep.filter(|after| *after < self.cursor);
        let reading = match self.sweep {
            Some(after) => PageRequest { after, limit, sweep: true },
            None if self.unread => PageRequest { after: self.cursor, limit, sweep: false },
            None => return None,
        };
        self.is_reading = true;
        // What comes in from here on sets it again.
        self.unread = reading.sweep && self.unread;
        self.settled.clear();
        Some(reading)
    }

    /// Takes what a reading brought, by rising id.
    pub(super) fn add_page(&mut self, reading: PageRequest, page: Vec<QueueHead<P>>) {
        self.is_reading = false;
        let whole = page.len() < reading.limit;
        let mut at = reading.after;
        let mut room = true;
        let mut over = whole;
        for head in page {
            if reading.sweep && head.id > self.cursor {
                over = true;
                break;
            }
            let known = self.settled.contains(&head.id);
            let id = head.id;
            if !known && !self.insert(head) {
                room = false;
                break;
            }
            at = id;
        }
        if reading.sweep {
            self.sweep = (!over || !room).then_some(at);
        } else {
            self.cursor = self.cursor.max(at);
            self.unread |= !whole || !room;
        }
        if std::mem::take(&mut self.sweep_again) {
            self.sweep = Some(0);
        }
        self.settled.clear();
    }

    /// The ledger could not be read; the reading is to be made again.
    pub(super) fn read_failed(&mut self, reading: PageRequest) {
        self.is_reading = false;
        self.unread |= !reading.sweep;
    }

    /// Whether there was room for it.
    fn insert(&mut self, head: QueueHead<P>) -> bool {
        if let Some(entry) = self.keys.get_mut(&head.key) {
            entry.has_more |= entry.id != head.id || matches!(entry.state, HeadState::Fetching);
            return true;
        }
        if self.keys.len() >= self.most_keys {
            return false;
        }
        self.enqueue(head, false);
        true
    }

    fn enqueue(&mut self, head: QueueHead<P>, more: bool) {
        let key = head.key.clone();
        self.order.insert((head.due, head.id, key.clone()));
        self.keys.insert(
            key,
            KeyEntry { id: head.id, state: HeadState::Waiting, has_more: more, head: Some(head) },
        );
    }

    /// Takes the head that has been due longest.
    pub(super) fn take(&mut self, now: u64) -> Option<QueueHead<P>> {
        let (due, _, _) = self.order.first()?;
        if *due > now {
            return None;
        }
        let (_, _, key) = self.order.pop_first()?;
        self.begin(&key)
    }

    /// Takes a head, due or not, whose age limit began at that time of the wall clock or before it.
    pub(super) fn take_older(&mut self, since: i64) -> Option<QueueHead<P>> {
        let old = |key: &String| {
            self.keys.get(key).and_then(|entry| entry.head.as_ref()).is_some_and(|head| head.since <= since)
        };
        let found = self.order.iter().find(|(_, _, key)| old(key))?.clone();
        self.order.remove(&found);
        self.begin(&found.2)
    }

    fn begin(&mut self, key: &str) -> Option<QueueHead<P>> {
        let entry = self.keys.get_mut(key)?;
        entry.state = HeadState::InFlight;
        entry.head.take()
    }

    /// A head that was taken came to its end.
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
                    self.keys.remove(key);
                }
            }
        }
    }

    /// The keys whose next delivery is to be fetched from the ledger, each once.
    pub(super) fn take_fetches(&mut self) -> Vec<String> {
        std::mem::take(&mut self.fetches)
    }

    /// The first delivery of a key that is not settled, as the ledger has it.
    pub(super) fn add_fetched(&mut self, key: &str, head: Option<QueueHead<P>>) {
        let cursor = self.cursor;
        let Some(entry) = self.keys.get_mut(key) else { return };
        match head {
            // More may follow it: the next fetch will tell.
            Some(head) if head.id <= cursor => self.enqueue(head, true),
            // What lies after the cursor is left to the reading, so that no page holds a head.
            Some(_) | None if entry.has_more => {
                entry.has_more = false;
                self.fetches.push(key.to_owned());
            }
            Some(_) => {
                self.keys.remove(key);
                self.unread = true;
            }
            None => {
                self.keys.remove(key);
            }
        }
    }

    /// The ledger could not be read; the key is to be fetched again.
    pub(super) fn fetch_failed(&mut self, key: String) {
        self.fetches.push(key);
    }

    /// Makes what waits due now, unless `keep` says that it waits for a reason of its own.
    pub(super) fn make_due(&mut self, now: u64, keep: impl Fn(&P) -> bool) {
        let early = self.order.split_off(&(now.saturating_add(1), i64::MIN, String::new()));
        for (due, id, key) in early {
            let entry = self.keys.get_mut(&key);
            let head = entry.as_ref().and_then(|entry| entry.head.as_ref());
            let due = if head.is_some_and(|head| keep(&head.details)) { due } else { now };
            if let Some(entry) = entry {
                entry.head.iter_mut().for_each(|head| head.due = due);
            }
            self.order.insert((due, id, key));
        }
    }

    /// When the next head is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.order.first().map(|(due, _, _)| *due)
    }

    /// Heads that wait for a later moment.
    pub(super) fn waiting(&self, now: u64) -> usize {
        // Counted from the shorter end would not help: a window is small.
        self.order.iter().rev().take_while(|(due, _, _)| *due > now).count()
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
