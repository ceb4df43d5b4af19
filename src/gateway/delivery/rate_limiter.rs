//! Rate limits of destinations. Pure, except for the register that channels share.
//!
//! Each request of the last minute and second is remembered, so that no window of that length ever holds more than the limit.
//! A bucket that refills would let through nearly twice as many after a quiet time, and chat robots block the sender for
//! that. Channels with the same receiver share its limit.

use crate::channel::{ChannelKind, RATE, RateLimits, Settings, Transport};
use crate::gateway::journal::ReceiverDigest;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// At most so many requests in any window of that length.
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
        // A limit that was lowered may be exceeded by earlier requests.
        let over = self.begun.len().checked_sub(self.limit);
        over.and_then(|over| self.begun.get(over)).map_or(now, |at| at.saturating_add(self.milliseconds))
    }
}

/// A wait of all requests, for which a receiver asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReceiverHold {
    /// No request begins before this moment.
    pub(super) until: u64,
    /// What the receiver said.
    pub(super) reason: Arc<str>,
}

/// The moment from which on there is room for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetryAt(pub(super) u64);

/// The limits of one destination, with its latest requests.
#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    windows: Vec<RateWindow>,
    hold: Option<ReceiverHold>,
}

impl RateLimiter {
    /// Limits without any request yet.
    pub(super) fn new(limits: RateLimits) -> Self {
        let windows = [RateWindow::new(limits.per_minute, 60_000), RateWindow::new(limits.per_second, 1_000)];
        Self { windows: windows.into_iter().flatten().collect(), hold: None }
    }

    /// Lets no request begin before the hold is over; whether nothing held them so far.
    pub(super) fn hold(&mut self, now: u64, hold: ReceiverHold) -> bool {
        let is_first = self.held(now).is_none();
        if self.hold.as_ref().is_none_or(|known| known.until < hold.until) {
            self.hold = Some(hold);
        }
        is_first
    }

    /// What holds all requests now.
    pub(super) fn held(&self, now: u64) -> Option<&ReceiverHold> {
        self.hold.as_ref().filter(|hold| hold.until > now)
    }

    /// Applies these limits too: the stricter ones hold.
    fn restrict(&mut self, limits: RateLimits) {
        for window in Self::new(limits).windows {
            match self.windows.iter_mut().find(|mine| mine.milliseconds == window.milliseconds) {
                Some(mine) => mine.limit = mine.limit.min(window.limit),
                None => self.windows.push(window),
            }
        }
    }

    /// Counts a request that begins now.
    ///
    /// # Errors
    /// There is no room now.
    pub(super) fn take(&mut self, now: u64) -> Result<(), RetryAt> {
        let held_until = self.held(now).map_or(now, |hold| hold.until);
        let free_at = self.windows.iter_mut().map(|window| window.next_free(now)).fold(held_until, u64::max);
        if free_at > now {
            return Err(RetryAt(free_at));
        }
        self.windows.iter_mut().for_each(|window| window.begun.push_back(now));
        Ok(())
    }
}

/// The limits of a destination, shared by its channels.
pub(super) type SharedRateLimiter = Arc<Mutex<RateLimiter>>;

/// The limits of all destinations.
#[derive(Debug, Default)]
pub(super) struct RateLimiters {
    known: Mutex<HashMap<ReceiverDigest, Weak<Mutex<RateLimiter>>>>,
}

impl RateLimiters {
    /// The limits of a channel's destination; those of one without a receiver are its own.
    pub(super) fn join(
        &self,
        kind: &'static ChannelKind,
        settings: &Settings,
        receiver: Option<ReceiverDigest>,
    ) -> SharedRateLimiter {
        let limits = limits(kind, settings);
        let Some(receiver) = receiver else {
            return Arc::new(Mutex::new(RateLimiter::new(limits)));
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, rate| rate.strong_count() > 0);
        if let Some(shared) = known.get(&receiver).and_then(Weak::upgrade) {
            shared.lock().unwrap_or_else(PoisonError::into_inner).restrict(limits);
            return shared;
        }
        let shared = Arc::new(Mutex::new(RateLimiter::new(limits)));
        known.insert(receiver, Arc::downgrade(&shared));
        shared
    }
}

/// The limits of the rules, or of the kind of channel.
pub(super) fn limits(kind: &ChannelKind, settings: &Settings) -> RateLimits {
    let of_kind = match kind.transport {
        Transport::Http(http) => http.limits,
        Transport::File | Transport::Stdout | Transport::Discard => RateLimits::NONE,
    };
    let asked = RATE.read(settings).map(|rate| u32::try_from(rate).unwrap_or(u32::MAX));
    RateLimits { per_minute: asked.or(of_kind.per_minute), per_second: of_kind.per_second }
}

#[cfg(test)]
mod tests {
    use super::{RateLimiter, RateLimiters, ReceiverHold, RetryAt};
    use crate::channel::{RateLimits, Secret, Setting, Settings, find};
    use crate::gateway::delivery::receiver::receiver;
    use crate::reload::FingerprintKey;
    use std::sync::Arc;

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
        for window in begun.windows(19) {
            assert!(window[18] - window[0] >= 60_000);
        }
        for window in begun.windows(6) {
            assert!(window[5] - window[0] >= 1_000);
        }
        assert_eq!(begun.len(), 18 * 7, "and what is allowed is used");
    }

    #[test]
    fn a_request_that_must_wait_gets_the_time() {
        let mut rate = RateLimiter::new(RateLimits { per_minute: Some(1), per_second: None });
        assert_eq!(rate.take(5_000), Ok(()));
        assert_eq!(rate.take(6_000), Err(RetryAt(65_000)));
        assert_eq!(rate.take(65_000), Ok(()));
    }

    #[test]
    fn a_hold_is_for_all_requests_and_the_longest_counts() {
        let mut rate = RateLimiter::new(RateLimits::NONE);
        let hold = |until| ReceiverHold { until, reason: "too fast".into() };
        assert!(rate.hold(0, hold(600)) && !rate.hold(10, hold(900)) && !rate.hold(20, hold(700)));
        assert_eq!(rate.take(899), Err(RetryAt(900)));
        assert_eq!((rate.take(900), rate.held(900)), (Ok(()), None));
        assert!(rate.hold(901, hold(1_000)), "another one is new");
    }

    #[test]
    fn channels_with_one_address_share_its_limit_and_others_do_not() {
        let kind = find("dingtalk").unwrap();
        let rates = RateLimiters::default();
        let key = FingerprintKey::of("key");
        let join_with = |kind, settings: &Settings| rates.join(kind, settings, receiver(kind, settings, &key));
        let join = |url, rate| join_with(kind, &settings(url, rate));
        let (one, same, other) = (join("https://a/?k=1", 2), join("https://a/?k=1", 1), join("https://a/?k=2", 2));
        assert_eq!(one.lock().unwrap().take(0), Ok(()));
        assert_eq!(same.lock().unwrap().take(0), Err(RetryAt(60_000)), "the stricter of both limits holds");
        assert_eq!(other.lock().unwrap().take(0), Ok(()));
        drop((one, same));
        assert_eq!(join("https://a/?k=1", 5).lock().unwrap().take(0), Ok(()), "and is forgotten with its channels");
        let own_key = ("key".to_owned(), Setting::Secret(Secret::new("k".to_owned())));
        let host = ("api_host".to_owned(), Setting::Text("https://api.flashcat.cloud".to_owned()));
        let join = |entries| join_with(find("flashduty").unwrap(), &Settings { entries });
        assert!(
            Arc::ptr_eq(&join(vec![own_key.clone()]), &join(vec![own_key, host])),
            "the default host, written or not"
        );
    }
}
