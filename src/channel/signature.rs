//! HMAC-SHA256 in Base64, as receivers verify it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The HMAC-SHA256 of a message in Base64. A key may have any length (RFC 2104), the empty one included.
pub(super) fn sha256_base64(key: &[u8], message: &[u8]) -> String {
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| String::new(),
        |mut hmac| {
            hmac.update(message);
            STANDARD.encode(hmac.finalize().into_bytes())
        },
    )
}

/// The bytes of a text in Base64.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
