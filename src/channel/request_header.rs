//! The headers of pushes that rules may read: none that proves who the sender is, since what rules read is stored.

use super::header::is_header_name;

/// The most headers that the mappings of an integration may read.
pub const MAX_HEADERS_READ: usize = 16;
/// The longest value of a header that rules read, in bytes.
pub const LONGEST_HEADER: usize = 1 << 10;
/// The longest path behind the name of an integration, decoded, in bytes.
pub const LONGEST_PATH_SUFFIX: usize = 256;

/// Words in the names of headers that hold credentials. `authorization`, `x-integration-key` and the own header of every
/// scheme of signatures are among them.
const CREDENTIAL_WORDS: &[&str] = &["auth", "cookie", "credential", "key", "password", "secret", "signature", "token"];

/// Why rules may not read a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderRefusal {
    /// No header has such a name.
    NotAName,
    /// Headers with this word in their names hold credentials.
    Credential(&'static str),
}

/// Why rules may not read the header of this name; nothing if they may.
#[must_use]
pub fn header_refusal(name: &str) -> Option<HeaderRefusal> {
    if !is_header_name(name) {
        return Some(HeaderRefusal::NotAName);
    }
    let name = name.to_ascii_lowercase();
    CREDENTIAL_WORDS.iter().find(|word| name.contains(**word)).map(|word| HeaderRefusal::Credential(word))
}

#[cfg(test)]
mod tests {
    use super::{HeaderRefusal, header_refusal};

    #[test]
    fn the_header_of_every_scheme_and_every_key_is_refused() {
        let signed =
            "x-hub-signature-256 X-Gitlab-Token x-grafana-alerting-signature Stripe-Signature webhook-signature";
        let keys = "x-signature authorization Proxy-Authorization cookie X-Integration-Key cf-webhook-auth X-API-KEY";
        for name in signed.split(' ').chain(keys.split(' ')) {
            assert!(matches!(header_refusal(name), Some(HeaderRefusal::Credential(_))), "{name}");
        }
        for name in ["X-GitHub-Event", "ce-type", "x-amz-sns-message-type", "Sentry-Hook-Resource", "webhook-id"] {
            assert_eq!(header_refusal(name), None, "{name}");
        }
        for name in ["", "a b", "a:b", "ä", "a\n"] {
            assert_eq!(header_refusal(name), Some(HeaderRefusal::NotAName), "{name}");
        }
    }
}
