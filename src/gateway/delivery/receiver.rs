//! Which receiver a channel sends to. Channels of one kind with the same address or key send to the same one: they share its
//! rate limit, and a wait that it asks for holds all of them.

use crate::channel::{ChannelKind, Settings, URL, flashduty};
use crate::gateway::journal::ReceiverDigest;
use sha2::{Digest as _, Sha256};

/// The receiver of a channel, where it has an address or a key.
pub(super) fn receiver(kind: &ChannelKind, settings: &Settings) -> Option<ReceiverDigest> {
    let named = [URL, flashduty::KEY].map(|parameter| parameter.read(settings));
    if named == [None, None] {
        return None;
    }
    let mut digest = Sha256::new().chain_update(kind.name);
    for part in named.into_iter().chain([Some(flashduty::API_HOST.read(settings))]) {
        // No address holds the separator, and none is empty.
        digest.update([0]);
        digest.update(part.unwrap_or_default());
    }
    let mut short = [0; 16];
    short.iter_mut().zip(digest.finalize()).for_each(|(short, byte)| *short = byte);
    Some(ReceiverDigest(short))
}
