//! How much may be in use at once, in all and by one address: connections, or what senders without a key take.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts what is in use.
pub(in crate::gateway) struct AddressQuota {
    max_total: usize,
    max_per_address: usize,
    counts: Mutex<AddressCounts>,
}

#[derive(Default)]
struct AddressCounts {
    total: usize,
    by_address: HashMap<IpAddr, AddressCount>,
}

#[derive(Default)]
struct AddressCount {
    amount: usize,
    permits: usize,
}

/// The permit for what is in use; given back when dropped.
pub(in crate::gateway) struct QuotaPermit {
    quota: Arc<AddressQuota>,
    address: IpAddr,
    amount: usize,
}

impl AddressQuota {
    /// A quota for all addresses together and for each of them.
    #[must_use]
    pub(in crate::gateway) fn new(max_total: usize, max_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max_total, max_per_address, counts: Mutex::default() })
    }

    /// A permit for an amount, unless a limit is reached.
    #[must_use]
    pub(in crate::gateway) fn acquire(self: &Arc<Self>, address: IpAddr, amount: usize) -> Option<QuotaPermit> {
        let address = counted_address(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.add(&mut counts, address, amount) {
            return None;
        }
        counts.by_address.entry(address).or_default().permits += 1;
        Some(QuotaPermit { quota: Arc::clone(self), address, amount })
    }

    fn add(&self, counts: &mut AddressCounts, address: IpAddr, amount: usize) -> bool {
        let own = counts.by_address.get(&address).map_or(0, |count| count.amount);
        if amount > self.max_total - counts.total || amount > self.max_per_address - own {
            return false;
        }
        counts.total += amount;
        counts.by_address.entry(address).or_default().amount += amount;
        true
    }
}

impl QuotaPermit {
    /// Takes more, unless a limit is reached.
    #[must_use]
    pub(in crate::gateway) fn grow(&mut self, by: usize) -> bool {
        let mut counts = self.quota.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let grows = self.quota.add(&mut counts, self.address, by);
        if grows {
            self.amount += by;
        }
        grows
    }
}

impl Drop for QuotaPermit {
    fn drop(&mut self) {
        let mut counts = self.quota.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(self.amount);
        if let Some(count) = counts.by_address.get_mut(&self.address) {
            count.amount = count.amount.saturating_sub(self.amount);
            count.permits -= 1;
            if count.permits == 0 {
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
    use super::AddressQuota;

    #[test]
    fn connections_are_counted_by_address_and_in_all_until_they_end() {
        let limit = AddressQuota::new(3, 2);
        let take = |address: &str| limit.acquire(address.parse().unwrap(), 1);
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

    #[test]
    fn an_amount_grows_within_both_limits() {
        let bytes = AddressQuota::new(100, 60);
        let take = |address: &str| bytes.acquire(address.parse().unwrap(), 0).expect("nothing is there always");
        let (mut one, mut same, mut other) = (take("192.0.2.1"), take("192.0.2.1"), take("192.0.2.2"));
        assert!(one.grow(50) && !same.grow(11) && same.grow(10) && other.grow(40) && !other.grow(1));
        drop(one);
        assert!(same.grow(50) && !other.grow(1));
    }
}
