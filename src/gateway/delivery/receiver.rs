//! Which receiver a channel sends to. Channels of one kind with the same address or key send to the same one: they share its
//! rate limit, and a wait that it asks for holds all of them.

use crate::channel::{ChannelKind, Settings, URL, flashduty};
use crate::gateway::journal::ReceiverDigest;
use crate::reload::FingerprintKey;

/// The receiver of a channel, where it has an address or a key. Its digest can be made with the key only, as the journal and
/// its backups hold it.
pub(super) fn receiver(kind: &ChannelKind, settings: &Settings, key: &FingerprintKey) -> Option<ReceiverDigest> {
    let named = [URL, flashduty::KEY].map(|parameter| parameter.read(settings));
    if named == [None, None] {
        return None;
    }
    let [url, own_key] = named.map(Option::unwrap_or_default);
    let digest = key.fingerprint(&[kind.name, url, own_key, flashduty::API_HOST.read(settings)]);
    let mut short = [0; 16];
    short.iter_mut().zip(digest).for_each(|(short, byte)| *short = byte);
    Some(ReceiverDigest(short))
}

#[cfg(test)]
mod tests {
    use super::receiver;
    use crate::channel::{Secret, Setting, Settings, find};
    use crate::reload::FingerprintKey;

    #[test]
    fn a_digest_can_be_made_with_the_key_only() {
        let of = |url: &str, key: &str| {
            let url = Setting::Secret(Secret::new(url.to_owned()));
            let settings = Settings { entries: vec![("url".to_owned(), url)] };
            receiver(find("dingtalk").expect("a kind"), &settings, &FingerprintKey::of(key)).expect("it has an address")
        };
        assert_eq!(of("https://a/?k=1", "key"), of("https://a/?k=1", "key"));
        assert_ne!(of("https://a/?k=1", "key"), of("https://a/?k=2", "key"));
        assert_ne!(of("https://a/?k=1", "key"), of("https://a/?k=1", "other"));
    }
}
