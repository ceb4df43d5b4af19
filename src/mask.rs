//! The one mask of secrets. It takes them out of every text that a person may read, since an answer or an error can repeat
//! what it was sent.

use crate::text::one_line;
use std::ops::Range;
use url::Url;
use zeroize::Zeroizing;

/// The text that replaces a secret.
pub const MASK: &str = "<secret>";

/// The shortest value in the address of a secret URL that is masked by itself.
const SHORTEST_VALUE: usize = 4;
/// The shortest other part of a secret that is masked by itself. Shorter parts are common words of addresses.
const SHORTEST_PART: usize = 8;

/// The secrets of a channel, with those of their parts that are secret by themselves.
#[derive(Clone, Default)]
pub struct SecretMask {
    parts: Vec<Zeroizing<String>>,
}

impl SecretMask {
    /// Adds a secret of at least `shortest` bytes. Its parts are added whatever its length.
    pub fn add(&mut self, secret: &str, shortest: usize) {
        self.add_part(secret, shortest);
        let encoded = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
        self.add_part(&encoded.replace('+', "%20"), shortest);
        let url = Url::parse(secret).ok();
        let host = url.as_ref().and_then(Url::host_str);
        for part in secret.split(['/', '?', '&', '=', ' ']) {
            // The host of an address is shown everywhere.
            if host.is_none_or(|host| part.split(':').next() != Some(host)) {
                self.add_part(part, SHORTEST_PART);
            }
        }
        let Some(url) = url else { return };
        url.path_segments().into_iter().flatten().for_each(|part| self.add_part(part, SHORTEST_PART));
        url.query_pairs().for_each(|(_, value)| self.add_part(&value, SHORTEST_VALUE));
        url.query().into_iter().chain(url.password()).for_each(|part| self.add_part(part, SHORTEST_VALUE));
    }

    fn add_part(&mut self, part: &str, shortest: usize) {
        if part.len() >= shortest.max(1) && !self.parts.iter().any(|known| known.as_str() == part) {
            self.parts.push(Zeroizing::new(part.to_owned()));
        }
    }

    /// The text without secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for secret in self.secrets_in(text) {
            masked.push_str(text.get(from..secret.start).unwrap_or_default());
            masked.push_str(MASK);
            from = secret.end;
        }
        masked.push_str(text.get(from..).unwrap_or_default());
        masked
    }

    /// The text without secrets and control characters, in one line of at most `most` characters.
    #[must_use]
    pub fn line(&self, text: &str, most: usize) -> String {
        let line = one_line(&self.text(text));
        let mut shown = line.chars().filter(|character| !character.is_control());
        let mut short: String = shown.by_ref().take(most).collect();
        if shown.next().is_some() {
            short.pop();
            short.push('…');
        }
        short
    }

    /// Where secrets stand, in order. Secrets that overlap are one place, so that no rest of either stays.
    fn secrets_in(&self, text: &str) -> Vec<Range<usize>> {
        let found = self.parts.iter().flat_map(|part| text.match_indices(part.as_str()));
        let mut found: Vec<Range<usize>> = found.map(|(at, part)| at..at + part.len()).collect();
        found.sort_by_key(|place| place.start);
        found.dedup_by(|next, place| {
            let overlaps = next.start < place.end;
            if overlaps {
                place.end = place.end.max(next.end);
            }
            overlaps
        });
        found
    }
}

impl std::fmt::Debug for SecretMask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

/// The part of an address that is never secret: the host, and the port if it is not the default.
#[must_use]
pub fn host(url: &Url) -> Option<String> {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}{port}", url.host_str()?))
}

#[cfg(test)]
mod tests {
    use super::SecretMask;

    fn mask(secrets: &[&str]) -> SecretMask {
        let mut mask = SecretMask::default();
        for secret in secrets {
            mask.add(secret, 1);
        }
        mask
    }

    #[test]
    fn no_part_of_a_secret_address_stays() {
        let url = "https://user:pass@robot.example/send/0123456789abcdef?access_token=canary1&id=c%2Fd%20e";
        let mask = mask(&[url]);
        for (text, expected) in [
            (url, "<secret>"),
            ("no such token canary1!", "no such token <secret>!"),
            ("at /send/0123456789abcdef", "at /send/<secret>"),
            ("not pass, id c/d e", "not <secret>, id <secret>"),
            ("asked robot.example for it", "asked robot.example for it"),
        ] {
            assert_eq!(mask.text(text), expected);
        }
    }

    #[test]
    fn secrets_that_overlap_leave_nothing() {
        assert_eq!(mask(&["xabc", "abcdef"]).text("-xabcdef-"), "-<secret>-");
        assert_eq!(mask(&["abc"]).text("abcabc"), "<secret><secret>");
        assert_eq!(mask(&["", "s"]).text("its"), "it<secret>");
        assert_eq!(mask(&["Bearer abcdefgh"]).text("got abcdefgh"), "got <secret>");
        assert_eq!(mask(&["a b/c"]).text("got a%20b%2Fc"), "got <secret>");
    }

    #[test]
    fn a_line_is_short_and_holds_no_control_character() {
        let mask = mask(&["canary"]);
        assert_eq!(mask.line("a\r\n\tb\u{7} canary", 40), "a b <secret>");
        assert_eq!(mask.line("abcdef", 6), "abcdef");
        assert_eq!(mask.line("abcdefg", 6), "abcde…");
        assert_eq!(format!("{mask:?}"), "<secret>");
    }
}
