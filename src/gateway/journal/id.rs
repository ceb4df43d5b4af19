//! Ids of the journal's records.

use crate::notification::MessageId;
use crate::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// Names a push, accepted or refused. Ids rise with the time of their pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PushId(pub Ulid);

/// Names a delivery. Ids rise in the order of acceptance, and none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

/// Names a message of any channel. Ids rise with the times of their messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageUlid(pub Ulid);

/// Names one event of a push: `01J…-0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// The push.
    pub push: PushId,
    /// The position among the push's outcomes, from 0.
    pub index: u32,
}

impl DeliveryId {
    /// Less than every id that is given.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for PushId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl MessageUlid {
    /// The id of a message of a channel: its time, and a digest of its number. A transaction that is run again gives it the same.
    #[must_use]
    pub fn of(channel: i64, number: MessageId, at: Timestamp) -> Self {
        let mut hash = Sha256::new_with_prefix(channel.to_be_bytes());
        hash.update(number.0.to_be_bytes());
        let half = hash.finalize().first_chunk().copied().map_or(0, u128::from_be_bytes);
        Self(Ulid::from_parts(at.epoch_milliseconds().unsigned_abs(), half))
    }
}

impl fmt::Display for MessageUlid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MessageUlid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| format!("`{text}` names no message: expected something like 01KADZ3V9G0000000000000000");
        Ulid::from_string(text).map(Self).map_err(wrong)
    }
}

impl Serialize for MessageUlid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageUlid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.push, self.index)
    }
}

impl FromStr for EventId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` names no event: expected something like 01KADZ3V9G0000000000000000-0");
        let (push, index) = text.split_once('-').ok_or_else(wrong)?;
        let push = Ulid::from_string(push).map_err(|_| wrong())?;
        Ok(Self { push: PushId(push), index: index.parse().map_err(|_| wrong())? })
    }
}

impl Serialize for PushId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
