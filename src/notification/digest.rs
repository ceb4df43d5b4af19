//! The ids of alerts and groups: digests, so that records have a fixed size and the order of ids tells nothing.

use super::message_event::NamedValue;
use super::record::{AlertId, GroupId};
use sha2::{Digest, Sha256};

impl AlertId {
    /// The alert that a key of an integration names.
    #[must_use]
    pub fn of(integration: Option<&str>, key: &str) -> Self {
        Self(digest(b"alert", [integration.unwrap_or_default(), key]))
    }
}

impl GroupId {
    /// The group of these values of `group_by`, in the order of the parameter.
    #[must_use]
    pub fn of_values(values: &[NamedValue]) -> Self {
        Self(digest(b"group", values.iter().map(|value| &*value.value)))
    }

    /// The group of an alert that stands alone.
    #[must_use]
    pub fn of_alert(alert: AlertId) -> Self {
        Self(alert.0)
    }
}

/// The first half of SHA-256 over parts with their lengths.
pub(super) fn digest<P: AsRef<[u8]>>(kind: &[u8], parts: impl IntoIterator<Item = P>) -> [u8; 16] {
    let mut hash = Sha256::new_with_prefix(kind);
    for part in parts {
        let part = part.as_ref();
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let mut half = [0; 16];
    half.iter_mut().zip(hash.finalize()).for_each(|(byte, from)| *byte = from);
    half
}
