//! A ledger in memory, which can be told to fail.

use pointsman::gateway::journal::{
    ChannelCounts, ChannelError, ClaimOwner, ClaimResult, DeliveryClaims, DeliveryId, DeliveryReader, DeliveryStore,
    EventId, JournalError, PausedChannel, PendingDelivery, PushId, Settlement, SettlementResult, StoredBody,
    StoredHold,
};
use pointsman::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A test that waits longer has failed.
const WATCHDOG: Duration = Duration::from_secs(40);

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) channel: String,
    pub(crate) pending: PendingDelivery,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct Book {
    pub(crate) rows: BTreeMap<DeliveryId, Row>,
    pub(crate) settlements: Vec<Settlement>,
    pub(crate) holds: Vec<(String, StoredHold)>,
    claims: HashMap<DeliveryId, (ClaimOwner, Instant)>,
    pub(crate) failing_settles: usize,
    pub(crate) failing_reads: usize,
    /// The next reading of a page panics.
    pub(crate) panics: bool,
    pub(crate) doomed: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<(Mutex<Book>, Condvar)>);

pub(crate) fn wall() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

impl Memory {
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.0.0.lock().unwrap())
    }

    /// Puts a delivery in; its body names it.
    pub(crate) fn put(&self, channel: &str, kind: &str, key: &str) -> DeliveryId {
        self.put_since(channel, kind, key, wall())
    }

    pub(crate) fn put_since(&self, channel: &str, kind: &str, key: &str, since: i64) -> DeliveryId {
        self.with(|book| {
            let id = i64::try_from(book.rows.len()).unwrap() + 1;
            let push = PushId(ulid::Ulid::from_parts(7, u128::try_from(id).unwrap()));
            let event = EventId { push, index: 0 };
            let since = Timestamp::from_epoch_milliseconds(since);
            let body = format!("{{\"key\":\"{key}\",\"id\":{id}}}").into_bytes();
            let (id, kind, key) = (DeliveryId(id), kind.to_owned(), key.to_owned());
            let (message, urgency) = (None, None);
            let pending = PendingDelivery {
                id,
                event,
                kind,
                key,
                attempts: 0,
                due: since,
                since,
                replay: false,
                hops: 0,
                message,
                urgency,
            };
            book.rows.insert(id, Row { channel: channel.to_owned(), pending, body });
            id
        })
    }

    /// Waits until something holds of what is noted.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Book) -> bool) {
        let (book, changed) = &*self.0;
        let end = Instant::now() + WATCHDOG;
        let mut book = book.lock().unwrap();
        while !holds(&book) {
            let left = end.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("{what} did not come about: {:?}", book.settlements));
            book = changed.wait_timeout(book, left.min(Duration::from_millis(200))).unwrap().0;
        }
    }

    pub(crate) fn results(&self) -> Vec<(DeliveryId, SettlementResult)> {
        self.with(|book| book.settlements.iter().map(|each| (each.delivery, each.result.clone())).collect())
    }

    /// The reason of the only dead letter.
    pub(crate) fn only_death(&self) -> String {
        self.until("one death", |book| book.deaths() == 1);
        let results = self.results();
        let dead = results.into_iter().find_map(|(_, result)| match result {
            SettlementResult::Dead { reason, .. } => Some(reason),
            _ => None,
        });
        dead.unwrap()
    }
}

impl Book {
    pub(crate) fn settled(&self, id: DeliveryId) -> bool {
        let is_last = |each: &Settlement| !matches!(each.result, SettlementResult::Retry { .. });
        self.settlements.iter().any(|each| each.delivery == id && is_last(each))
    }

    pub(crate) fn delivered(&self) -> usize {
        self.settlements.iter().filter(|each| each.result == SettlementResult::Delivered).count()
    }

    pub(crate) fn deaths(&self) -> usize {
        self.settlements.iter().filter(|each| matches!(each.result, SettlementResult::Dead { .. })).count()
    }

    fn last_error(&self, channel: &str) -> Option<ChannelError> {
        let is_of = |each: &Settlement| self.rows.get(&each.delivery).is_some_and(|row| row.channel == channel);
        self.settlements.iter().rev().filter(|each| is_of(each)).find_map(|each| match &each.result {
            SettlementResult::Retry { reason, .. } | SettlementResult::Dead { reason, .. } => {
                Some(ChannelError { at: each.at, reason: reason.clone() })
            }
            SettlementResult::Delivered => None,
        })
    }

    fn of(&self, channel: &str) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(move |row| row.channel == channel && !self.settled(row.pending.id))
    }

    fn read(&mut self) -> Result<&Self, JournalError> {
        if self.failing_reads > 0 {
            self.failing_reads -= 1;
            return Err(JournalError::Failed("read".to_owned()));
        }
        Ok(self)
    }
}

impl DeliveryReader for Memory {
    fn pauses(&self) -> Result<Vec<PausedChannel>, JournalError> {
        Ok(Vec::new())
    }

    fn pending(&self, channel: &str, after: DeliveryId, limit: usize) -> Result<Vec<PendingDelivery>, JournalError> {
        let panics = self.with(|book| std::mem::take(&mut book.panics));
        assert!(!panics, "the ledger panics");
        self.with(|book| {
            let rows = book.read()?.of(channel).filter(|row| row.pending.id > after);
            Ok(rows.take(limit).map(|row| row.pending.clone()).collect())
        })
    }

    fn pending_of_key(
        &self,
        channel: &str,
        key: &str,
        after: DeliveryId,
    ) -> Result<Option<PendingDelivery>, JournalError> {
        self.with(|book| {
            let mut rows = book.read()?.of(channel).filter(|row| row.pending.id > after);
            Ok(rows.find(|row| row.pending.key == key).map(|row| row.pending.clone()))
        })
    }

    fn body(&self, delivery: DeliveryId, max_bytes: usize) -> Result<StoredBody, JournalError> {
        self.with(|book| {
            Ok(match book.read()?.rows.get(&delivery).map(|row| &row.body) {
                Some(body) if body.len() > max_bytes => StoredBody::TooLarge(body.len()),
                Some(body) => StoredBody::Intact(body.clone()),
                None => StoredBody::Missing,
            })
        })
    }

    fn channels(&self) -> Result<Vec<ChannelCounts>, JournalError> {
        self.with(|book| {
            let pending = book.rows.values().filter(|row| !book.settled(row.pending.id)).map(|row| &row.channel);
            let names: BTreeSet<&String> = pending.chain(book.holds.iter().map(|(channel, _)| channel)).collect();
            let counts = |name: &String| ChannelCounts {
                name: name.clone(),
                delivered: 0,
                retried: 0,
                dead: 0,
                pending: book.of(name).count() as u64,
                latest: None,
                last_error: book.last_error(name),
                held: book.holds.iter().rfind(|(channel, _)| channel == name).map(|(_, hold)| hold.clone()),
            };
            Ok(names.into_iter().map(counts).collect())
        })
    }
}

impl DeliveryClaims for Memory {
    fn claim(&self, delivery: DeliveryId, owner: ClaimOwner, lease: Duration) -> Result<ClaimResult, JournalError> {
        self.with(|book| {
            let now = Instant::now();
            if book.read()?.settled(delivery) {
                return Ok(ClaimResult::Settled);
            }
            if book.claims.get(&delivery).is_some_and(|(holder, until)| *holder != owner && *until > now) {
                return Ok(ClaimResult::Held);
            }
            book.claims.insert(delivery, (owner, now + lease));
            Ok(ClaimResult::Claimed)
        })
    }
}

impl DeliveryStore for Memory {
    type Reader = Self;

    fn read(&self) -> Result<&Self, JournalError> {
        Ok(self)
    }

    fn body(&self, delivery: DeliveryId, max_bytes: usize) -> Result<StoredBody, JournalError> {
        DeliveryReader::body(self, delivery, max_bytes)
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), JournalError> {
        tokio::task::yield_now().await;
        let result = self.with(|book| {
            if book.failing_settles > 0 {
                book.failing_settles -= 1;
                return Err(JournalError::NoSpace);
            }
            assert!(!book.settled(settlement.delivery), "{settlement:?} was settled before");
            if let (SettlementResult::Retry { due, .. }, Some(row)) =
                (&settlement.result, book.rows.get_mut(&settlement.delivery))
            {
                row.pending.due = *due;
                row.pending.attempts += 1;
            }
            book.claims.remove(&settlement.delivery);
            book.settlements.push(settlement);
            Ok(())
        });
        self.0.1.notify_all();
        result
    }

    async fn hold(&self, channel: String, hold: StoredHold) -> Result<(), JournalError> {
        tokio::task::yield_now().await;
        self.with(|book| book.holds.push((channel, hold)));
        self.0.1.notify_all();
        Ok(())
    }

    fn request_shutdown(&self) {
        self.with(|book| book.doomed = true);
        self.0.1.notify_all();
    }
}
