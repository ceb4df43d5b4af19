//! Fingerprints of contents.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::sync::OnceLock;

/// SHA-256 of a content, or its keyed form for a secret.
pub(super) type Digest = [u8; 32];

pub(super) fn of(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// A fingerprint that only this process can make.
pub(super) fn of_secret(bytes: &[u8]) -> Digest {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut key = [0; 32];
        // A system without randomness serves no secret: the key then is that of nobody, and the rest still holds.
        let _ = getrandom::fill(&mut key);
        key
    });
    Hmac::<Sha256>::new_from_slice(key)
        .map_or_else(|_| of(key), |mac| mac.chain_update(bytes).finalize().into_bytes().into())
}

/// Small letters, as `sha256sum` writes them.
pub(super) fn hex(digest: &Digest) -> String {
    super::Hash(*digest).to_string()
}
