//! How many alert keys of a channel are in memory, and which of them.
//!
//! A key takes several times its length. So the windows of all channels share a number of keys and of bytes: where many
//! channels have a large backlog, each has a smaller window.

/// The most keys in memory.
const MAX_KEYS: usize = 4_096;
/// The bytes of keys in memory from which on no other key is added.
const MAX_KEY_BYTES: usize = 1 << 20;
/// The most keys of all channels together, as far as each has a few.
const ALL_KEYS: usize = 65_536;
/// The bytes of the keys of all channels together, as far as each has a few.
const ALL_KEY_BYTES: usize = 8 << 20;

/// How large a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WindowSize {
    /// The most keys.
    pub(super) keys: usize,
    /// The bytes of keys from which on no other key is added.
    pub(super) key_bytes: usize,
}

impl WindowSize {
    /// The window of one of so many channels.
    pub(super) fn of_one(channels: usize) -> Self {
        let part = |whole: usize| whole / channels.max(1);
        Self { keys: part(ALL_KEYS).clamp(64, MAX_KEYS), key_bytes: part(ALL_KEY_BYTES).clamp(16 << 10, MAX_KEY_BYTES) }
    }
}

/// Which deliveries a full window prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowPreference {
    /// Those that it has, of which all are due: the others are read when these are settled.
    Oldest,
    /// New ones: those that it has may be what the receiver fails on.
    Newest,
}
