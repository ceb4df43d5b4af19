//! The configuration of the journal.

use std::path::PathBuf;
use std::time::Duration;

/// Where the journal is and how much it keeps.
#[derive(Debug, Clone)]
pub struct JournalConfig {
    /// The state directory. It is made where it does not exist, and locked while the journal is open.
    pub directory: PathBuf,
    /// How long settled pushes are kept; 7 days by default. What is not delivered yet is never removed.
    pub keep_for: Duration,
    /// How many bytes the journal may have before the oldest settled pushes go; 8 GiB by default.
    pub keep_bytes: u64,
    /// How many undelivered deliveries there may be before pushes are refused with 503; 2,000,000 by default.
    pub most_pending: u64,
    /// How many bytes of undelivered bodies; 4 GiB by default.
    pub most_pending_bytes: u64,
    /// How many refused payloads are kept; 10,000 by default, and at most 256 MiB.
    pub most_quarantined: u64,
    /// How long dead letters are kept; 30 days by default.
    pub keep_dead_for: Duration,
    /// How much space must be free for pushes to be accepted; the larger of 1 GiB and 5 % by default.
    pub least_free: Option<u64>,
    /// Whose the state directory may be.
    pub owner: DirectoryOwner,
}

/// Whose a state directory may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryOwner {
    /// The user of this process, or root: for a gateway.
    ThisUserOrRoot,
    /// Anybody, if this process belongs to root: for a command that reads the journal of a gateway with its own user.
    AnybodyForRoot,
}

impl Default for JournalConfig {
    /// The folder `state`, with the limits that the fields name.
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            directory: PathBuf::from("state"),
            keep_for: 7 * DAY,
            keep_bytes: 8 << 30,
            most_pending: 2_000_000,
            most_pending_bytes: 4 << 30,
            most_quarantined: 10_000,
            keep_dead_for: 30 * DAY,
            least_free: None,
            owner: DirectoryOwner::ThisUserOrRoot,
        }
    }
}
