//! How many connections there may be, all together and of one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections.
pub(super) struct ConnectionLimit {
    max_total: usize,
    max_per_address: usize,
    counts: Mutex<ConnectionCounts>,
}

#[derive(Default)]
struct ConnectionCounts {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection's place; free again when dropped.
pub(super) struct ConnectionPermit {
    limit: Arc<ConnectionLimit>,
    address: IpAddr,
}

impl ConnectionLimit {
    /// So many in all, and so many of one address.
    #[must_use]
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { max_total: most, max_per_address: most_of_one, counts: Mutex::default() })
    }

    /// A place for a connection, where there is one.
    #[must_use]
    pub(super) fn acquire(self: &Arc<Self>, address: IpAddr) -> Option<ConnectionPermit> {
        let of = counted_address(address);
        let mut taken = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.total >= self.max_total {
            return None;
        }
        let count = taken.by_address.entry(of).or_insert(0);
        if *count >= self.max_per_address {
            return None;
        }
        *count += 1;
        taken.total += 1;
        Some(ConnectionPermit { limit: Arc::clone(self), address: of })
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut taken = self.limit.counts.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total = taken.total.saturating_sub(1);
        if let Some(count) = taken.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// What counts as one address: of version 6 the first 64 bits, as one host has all the others.
fn counted_address(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionLimit;

    #[test]
    fn seats_are_counted_by_address_and_in_all_and_come_back() {
        let seats = ConnectionLimit::new(3, 2);
        let take = |address: &str| seats.acquire(address.parse().unwrap());
        let first = take("2001:db8::1");
        let second = take("2001:db8::2");
        assert!(first.is_some() && second.is_some());
        assert!(take("2001:db8::3").is_none(), "one network of 64 bits is one sender");
        let third = take("192.0.2.1");
        assert!(third.is_some());
        assert!(take("192.0.2.2").is_none(), "there are three seats");
        drop(first);
        assert!(take("::ffff:192.0.2.1").is_some());
    }
}
