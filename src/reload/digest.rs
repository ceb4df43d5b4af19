//! Fingerprints of contents.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::OnceLock;

/// SHA-256 of a content, or its keyed form for a secret.
pub(super) type ContentDigest = [u8; 32];

pub(super) fn of(bytes: &[u8]) -> ContentDigest {
    Sha256::digest(bytes).into()
}

/// What keeps the fingerprints of secrets from being guessed. By default it lives in this process alone; a gateway hands in
/// one that it keeps, so that the hash of a rule set is the same after a restart.
#[derive(Clone, Copy)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// The key that a secret text gives.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(of(text.as_bytes()))
    }
}

impl Default for FingerprintKey {
    fn default() -> Self {
        static PROCESS_KEY: OnceLock<[u8; 32]> = OnceLock::new();
        Self(*PROCESS_KEY.get_or_init(|| {
            let mut key = [0; 32];
            // A system without randomness serves no secret: the key then is that of nobody, and the rest still holds.
            let _ = getrandom::fill(&mut key);
            key
        }))
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<key>")
    }
}

/// A fingerprint that only who has the key can make.
pub(super) fn of_secret(bytes: &[u8], key: &FingerprintKey) -> ContentDigest {
    Hmac::<Sha256>::new_from_slice(&key.0)
        .map_or_else(|_| of(&key.0), |mac| mac.chain_update(bytes).finalize().into_bytes().into())
}
