//! Claims of deliveries. They are kept in memory, as one process has the database: after its end no claim is left.

use crate::gateway::journal::{ClaimOwner, DeliveryId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

struct Claim {
    owner: ClaimOwner,
    until: Instant,
}

/// The claims that were made and not released.
#[derive(Default)]
pub(super) struct ClaimTable {
    claims: Mutex<HashMap<DeliveryId, Claim>>,
}

impl ClaimTable {
    fn claims(&self) -> MutexGuard<'_, HashMap<DeliveryId, Claim>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims a delivery; whether no other owner holds it.
    pub(super) fn claim(&self, delivery: DeliveryId, owner: ClaimOwner, now: Instant, lease: Duration) -> bool {
        let mut claims = self.claims();
        if claims.get(&delivery).is_some_and(|claim| claim.owner != owner && claim.until > now) {
            return false;
        }
        claims.insert(delivery, Claim { owner, until: now + lease });
        true
    }

    /// Releases claims, of any owner.
    pub(super) fn release(&self, deliveries: &[DeliveryId]) {
        if !deliveries.is_empty() {
            let mut claims = self.claims();
            for delivery in deliveries {
                claims.remove(delivery);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "leases begin at some moment")]
mod tests {
    use super::ClaimTable;
    use crate::gateway::journal::{ClaimOwner, DeliveryId};
    use std::time::{Duration, Instant};

    #[test]
    fn a_claim_holds_until_its_lease_ends_or_it_is_released() {
        let (table, start, lease) = (ClaimTable::default(), Instant::now(), Duration::from_secs(10));
        let [one, other] = [ClaimOwner::generate(), ClaimOwner::generate()];
        let delivery = DeliveryId(1);
        let claim = |owner, after| table.claim(delivery, owner, start + Duration::from_secs(after), lease);
        assert!(claim(one, 0) && !claim(other, 9));
        assert!(claim(one, 9), "its owner renews it");
        assert!(!claim(other, 18) && claim(other, 19), "another gets it once the lease is over");
        table.release(&[delivery]);
        assert!(claim(one, 19));
    }
}
