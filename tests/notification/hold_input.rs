//! What happens to a world of mutes and silences.

use pointsman::event::Severity;
use pointsman::notification::holds::SilenceEnd;

/// An event: what mutes look at are its kind and its site.
#[derive(Debug, Clone)]
pub(super) struct TestEvent {
    pub(super) alert: u32,
    pub(super) kind: u8,
    pub(super) site: u8,
    pub(super) firing: Option<Severity>,
    /// The channels that get it, by position.
    pub(super) routes: [bool; 2],
    /// The channels that get it as a copy.
    pub(super) copies: [bool; 2],
}

/// A mute. Kinds are bits.
#[derive(Debug, Clone)]
pub(super) struct TestMute {
    pub(super) when: u8,
    pub(super) at_night: bool,
    pub(super) whiles: Option<u8>,
    pub(super) until_after: u64,
    pub(super) channel: Option<&'static str>,
}

/// A silence of kinds.
#[derive(Debug, Clone)]
pub(super) struct TestSilence {
    pub(super) kinds: u8,
    pub(super) delay: u64,
    pub(super) lasts: u64,
    pub(super) channel: Option<&'static str>,
    pub(super) end: SilenceEnd,
}
