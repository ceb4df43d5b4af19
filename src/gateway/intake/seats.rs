//! How many connections there may be, all together and of one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections.
pub(super) struct Seats {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// A connection's place; free again when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    of: IpAddr,
}

impl Seats {
    /// So many in all, and so many of one address.
    #[must_use]
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, taken: Mutex::default() })
    }

    /// A place for a connection, where there is one.
    #[must_use]
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let of = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.most {
            return None;
        }
        let count = taken.of.entry(of).or_insert(0);
        if *count >= self.most_of_one {
            return None;
        }
        *count += 1;
        taken.all += 1;
        Some(Seat { seats: Arc::clone(self), of })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(count) = taken.of.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                taken.of.remove(&self.of);
            }
        }
    }
}

/// What counts as one address: of version 6 the first 64 bits, as one host has all the others.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::Seats;

    #[test]
    fn seats_are_counted_by_address_and_in_all_and_come_back() {
        let seats = Seats::new(3, 2);
        let take = |address: &str| seats.take(address.parse().unwrap());
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
