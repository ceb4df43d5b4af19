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

/// The key of the fingerprints of secrets, without which they cannot be guessed. By default it is new in every process; a
/// gateway stores one, so that the hash of a rule set is the same after a restart.
#[derive(Clone, Copy)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// The key that is derived from a secret text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(of(text.as_bytes()))
    }

    /// The fingerprint of a secret in parts, none of which holds a zero byte.
    #[must_use]
    pub fn fingerprint(&self, parts: &[&str]) -> [u8; 32] {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return of(&self.0) };
        let whole = parts.iter().fold(mac, |mac, part| mac.chain_update(part).chain_update([0]));
        whole.finalize().into_bytes().into()
    }
}

impl Default for FingerprintKey {
    fn default() -> Self {
        static PROCESS_KEY: OnceLock<[u8; 32]> = OnceLock::new();
        Self(*PROCESS_KEY.get_or_init(|| {
            let mut key = [0; 32];
            // Without randomness the key is all zeros; only the secrecy of fingerprints depends on it.
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

/// A fingerprint that can be made with the key only.
pub(super) fn of_secret(bytes: &[u8], key: &FingerprintKey) -> ContentDigest {
    Hmac::<Sha256>::new_from_slice(&key.0)
        .map_or_else(|_| of(&key.0), |mac| mac.chain_update(bytes).finalize().into_bytes().into())
}
