//! A disk with less room than has to be left free.

/// What is missing, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk of the state directory has {} MiB free for pushes, and they are accepted from {} MiB on",
    .free >> 20, .least.div_ceil(1 << 20)
)]
pub struct DiskShortage {
    /// What is free, with what the store can use again.
    pub free: u64,
    /// What has to be.
    pub least: u64,
}

impl DiskShortage {
    /// How to fix it.
    pub const FIX: &str = "make room there, or start the gateway with a lower `--least-free`";

    /// Says in the log that pushes are refused.
    pub(super) fn warn(self) {
        tracing::warn!("pushes are refused: {self}; {}", Self::FIX);
    }
}
