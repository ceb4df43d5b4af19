//! The keys that open push URLs, hashed.
//!
//! A key is looked up by its SHA-256 with a pepper of this process. So neither the duration of a lookup nor the memory of
//! the map reveals anything about a key. Built once for each version of the rules.

use crate::channel::integration::KEYS;
use crate::gateway::served_rules::ServedRules;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Makes the hashes of one process differ from those of another.
#[derive(Clone)]
pub(super) struct KeyPepper([u8; 32]);

impl KeyPepper {
    /// A random pepper; none if the system has no random numbers, and then no key opens anything.
    #[must_use]
    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    fn hash(&self, key: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.0).chain_update(key).finalize().into()
    }
}

/// Which integration a key opens.
pub(super) struct IntegrationKeys {
    pepper: KeyPepper,
    by_hash: HashMap<[u8; 32], usize>,
}

impl IntegrationKeys {
    /// The keys of all integrations. Empty keys open nothing.
    #[must_use]
    pub(super) fn new(served: &ServedRules, pepper: KeyPepper) -> Self {
        let mut by_hash = HashMap::new();
        for (position, integration) in served.integrations.iter().enumerate() {
            for key in KEYS.read(&integration.settings) {
                if !key.expose().is_empty() {
                    by_hash.entry(pepper.hash(key.expose().as_bytes())).or_insert(position);
                }
            }
        }
        Self { pepper, by_hash }
    }

    /// The position of the integration that a key opens.
    #[must_use]
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        self.by_hash.get(&self.pepper.hash(key)).copied()
    }
}
