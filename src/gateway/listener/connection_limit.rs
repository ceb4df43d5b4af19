//! How many connections may be open, in all and of one address.

use crate::gateway::config::ListenerLimits;
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

/// The permit of a connection; given back when dropped.
pub(super) struct ConnectionPermit {
    limit: Arc<ConnectionLimit>,
    address: IpAddr,
}

impl ConnectionLimit {
    /// The limits of a listener: connections in all, and of one address.
    #[must_use]
    pub(super) fn new(limits: &ListenerLimits) -> Arc<Self> {
        let (max_total, max_per_address) = (limits.connections, limits.connections_of_one);
        Arc::new(Self { max_total, max_per_address, counts: Mutex::default() })
    }

    /// A permit for a connection, unless a limit is reached.
    #[must_use]
    pub(super) fn acquire(self: &Arc<Self>, address: IpAddr) -> Option<ConnectionPermit> {
        let address = counted_address(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.total >= self.max_total {
            return None;
        }
        let count = counts.by_address.entry(address).or_insert(0);
        if *count >= self.max_per_address {
            return None;
        }
        *count += 1;
        counts.total += 1;
        Some(ConnectionPermit { limit: Arc::clone(self), address })
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.limit.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        if let Some(count) = counts.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&self.address);
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
    use crate::gateway::config::ListenerLimits;

    #[test]
    fn connections_are_counted_by_address_and_in_all_until_they_end() {
        let limits = ListenerLimits { connections: 3, connections_of_one: 2, ..ListenerLimits::default() };
        let limit = ConnectionLimit::new(&limits);
        let take = |address: &str| limit.acquire(address.parse().unwrap());
        let first = take("2001:db8::1");
        let second = take("2001:db8::2");
        assert!(first.is_some() && second.is_some());
        assert!(take("2001:db8::3").is_none(), "one network of 64 bits is one sender");
        let third = take("192.0.2.1");
        assert!(third.is_some());
        assert!(take("192.0.2.2").is_none(), "three are allowed");
        drop(first);
        assert!(take("::ffff:192.0.2.1").is_some());
    }
}
