//! How often a destination may be asked. Pure but for the register, which several channels share.
//!
//! Requests of the last minute and second are remembered one by one, so that no span of that length ever holds more than
//! the limit: a bucket that refills would let nearly twice as many through after a quiet time, for which chat robots
//! block the sender. Channels with the same address or key ask the same robot, and share its limit.

use crate::channel::{ChannelKind, RateLimits, Settings, Transport};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// At most so many requests in any span of that length.
#[derive(Debug)]
struct RateWindow {
    limit: usize,
    milliseconds: u64,
    begun: VecDeque<u64>,
}

impl RateWindow {
    fn new(limit: Option<u32>, milliseconds: u64) -> Option<Self> {
        let limit = usize::try_from(limit?).unwrap_or(usize::MAX).max(1);
        Some(Self { limit, milliseconds, begun: VecDeque::new() })
    }

    /// When there is room; now at the earliest.
    fn next_free(&mut self, now: u64) -> u64 {
        while self.begun.front().is_some_and(|at| at.saturating_add(self.milliseconds) <= now) {
            self.begun.pop_front();
        }
        // A limit that was lowered may leave more behind than it allows.
        let over = self.begun.len().checked_sub(self.limit);
        over.and_then(|over| self.begun.get(over)).map_or(now, |at| at.saturating_add(self.milliseconds))
    }
}

/// The limits of one destination, with what was asked of it.
#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    windows: Vec<RateWindow>,
}

impl RateLimiter {
    /// Nothing asked so far.
    pub(super) fn new(limits: RateLimits) -> Self {
        let spans = [RateWindow::new(limits.per_minute, 60_000), RateWindow::new(limits.per_second, 1_000)];
        Self { windows: spans.into_iter().flatten().collect() }
    }

    /// Keeps to the stricter of the limits so far and these.
    fn restrict(&mut self, limits: RateLimits) {
        for span in Self::new(limits).windows {
            match self.windows.iter_mut().find(|mine| mine.milliseconds == span.milliseconds) {
                Some(mine) => mine.limit = mine.limit.min(span.limit),
                None => self.windows.push(span),
            }
        }
    }

    /// Counts a request that begins now, or says when one may.
    ///
    /// # Errors
    /// The moment from which on there is room.
    pub(super) fn take(&mut self, now: u64) -> Result<(), u64> {
        let room = self.windows.iter_mut().map(|span| span.next_free(now)).max().unwrap_or(now);
        if room > now {
            return Err(room);
        }
        self.windows.iter_mut().for_each(|span| span.begun.push_back(now));
        Ok(())
    }
}

/// A destination's limits, shared by the channels that ask it.
pub(super) type SharedRateLimiter = Arc<Mutex<RateLimiter>>;

/// A destination: its kind, and a keyed hash of its address or key, as the secret itself stays where it is.
type RateLimitKey = (&'static str, u64);

/// All destinations that are asked.
#[derive(Debug, Default)]
pub(super) struct RateLimiters {
    hasher: RandomState,
    known: Mutex<HashMap<RateLimitKey, Weak<Mutex<RateLimiter>>>>,
}

impl RateLimiters {
    /// The limits of a channel's destination.
    pub(super) fn join(&self, kind: &'static ChannelKind, settings: &Settings) -> SharedRateLimiter {
        let limits = limits(kind, settings);
        let address = ["url", "key"].map(|name| settings.text(name));
        if address == [None, None] {
            return Arc::new(Mutex::new(RateLimiter::new(limits)));
        }
        let identity = (kind.name, self.hasher.hash_one((address, settings.text("api_host"))));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, rate| rate.strong_count() > 0);
        if let Some(shared) = known.get(&identity).and_then(Weak::upgrade) {
            shared.lock().unwrap_or_else(PoisonError::into_inner).restrict(limits);
            return shared;
        }
        let shared = Arc::new(Mutex::new(RateLimiter::new(limits)));
        known.insert(identity, Arc::downgrade(&shared));
        shared
    }
}

/// What the rules say, or what the kind knows of the far side.
fn limits(kind: &ChannelKind, settings: &Settings) -> RateLimits {
    let of_kind = match kind.transport {
        Transport::Http(http) => http.limits,
        Transport::File | Transport::Stdout | Transport::Discard => RateLimits::default(),
    };
    let asked = settings.number("rate").map(|rate| u32::try_from(rate).unwrap_or(u32::MAX));
    RateLimits { per_minute: asked.or(of_kind.per_minute), per_second: of_kind.per_second }
}

#[cfg(test)]
mod tests {
    use super::{RateLimiter, RateLimiters};
    use crate::channel::{RateLimits, Secret, Setting, Settings, find};

    fn settings(url: &str, rate: u64) -> Settings {
        let url = Setting::Secret(Secret::new(url.to_owned()));
        Settings { entries: vec![("url".to_owned(), url), ("rate".to_owned(), Setting::Number(rate))] }
    }

    #[test]
    fn no_minute_ever_holds_more_than_the_limit() {
        let mut rate = RateLimiter::new(RateLimits { per_minute: Some(18), per_second: Some(5) });
        let mut begun = Vec::new();
        for now in (0..400_000).step_by(10) {
            if rate.take(now).is_ok() {
                begun.push(now);
            }
        }
        for span in begun.windows(19) {
            assert!(span[18] - span[0] >= 60_000);
        }
        for span in begun.windows(6) {
            assert!(span[5] - span[0] >= 1_000);
        }
        assert_eq!(begun.len(), 18 * 7, "and what is allowed is used");
    }

    #[test]
    fn who_must_wait_hears_until_when() {
        let mut rate = RateLimiter::new(RateLimits { per_minute: Some(1), per_second: None });
        assert_eq!(rate.take(5_000), Ok(()));
        assert_eq!(rate.take(6_000), Err(65_000));
        assert_eq!(rate.take(65_000), Ok(()));
    }

    #[test]
    fn channels_with_one_address_share_its_limit_and_others_do_not() {
        let kind = find("dingtalk").unwrap();
        let rates = RateLimiters::default();
        let join = |url, rate| rates.join(kind, &settings(url, rate));
        let (one, same, other) =
            (join("https://a/?k=1", 2), join("https://a/?k=1", 1), join("https://a/?k=2", 2));
        assert_eq!(one.lock().unwrap().take(0), Ok(()));
        assert_eq!(same.lock().unwrap().take(0), Err(60_000), "the stricter of both limits holds");
        assert_eq!(other.lock().unwrap().take(0), Ok(()));
        drop((one, same));
        assert_eq!(
            join("https://a/?k=1", 5).lock().unwrap().take(0),
            Ok(()),
            "and is forgotten with its channels"
        );
    }
}
