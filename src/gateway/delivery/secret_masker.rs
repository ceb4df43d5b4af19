//! Texts from which a channel's secrets are taken out before anybody sees them: an answer or an error may repeat what it
//! was sent.

use super::client::TruncatedResponse;
use crate::channel::{HttpRequest, Setting, Settings};
use url::Url;

/// What stands in the place of a secret.
const MASK: &str = "…";
/// Shorter secrets would mask half of any text, and are none.
const SHORTEST_SECRET: usize = 4;
/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 1_000;
/// Headers whose values say nothing of anybody.
const PLAIN_HEADERS: [&str; 8] = [
    "content-type",
    "content-length",
    "date",
    "idempotency-key",
    "location",
    "retry-after",
    "server",
    "webhook-id",
];

/// Takes secrets out of texts.
pub(super) struct SecretMasker<'s> {
    settings: &'s Settings,
    /// The longest first, as one may be part of another.
    secrets: Vec<String>,
}

impl<'s> SecretMasker<'s> {
    /// Knows the secrets of a channel, and the parts of those that are addresses.
    pub(super) fn of(settings: &'s Settings) -> Self {
        let mut secrets = Vec::new();
        for (_, setting) in &settings.entries {
            match setting {
                Setting::Secret(secret) => add_secret(secret.expose(), &mut secrets),
                Setting::Secrets(list) => {
                    for secret in list {
                        add_secret(secret.expose(), &mut secrets);
                    }
                }
                Setting::Headers(list) => {
                    for (_, secret) in list {
                        add_secret(secret.expose(), &mut secrets);
                    }
                }
                Setting::Text(_)
                | Setting::Number(_)
                | Setting::Numbers(_)
                | Setting::Boolean(_)
                | Setting::Duration(_) => {}
            }
        }
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { settings, secrets }
    }

    /// The text without secrets.
    pub(super) fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK))
    }

    /// A reason without secrets, short and on one line.
    pub(super) fn reason(&self, reason: &str) -> String {
        let line = self.text(reason);
        let shown = |character: char| if character.is_control() { ' ' } else { character };
        let mut short: String = line.chars().take(LONGEST_REASON).map(shown).collect();
        if short.len() < line.len() {
            short.push('…');
        }
        short
    }

    /// A request for people.
    pub(super) fn request(&self, request: &HttpRequest) -> String {
        let mut text = format!("{} {}\n", request.method, self.address(request.url.expose()));
        for (name, value) in &request.headers {
            let plain = PLAIN_HEADERS.contains(&name.to_ascii_lowercase().as_str());
            let value = if plain { self.text(value.expose()) } else { MASK.to_owned() };
            text.push_str(&format_header(name, &value));
        }
        text.push('\n');
        text + &self.text(&String::from_utf8_lossy(&request.body))
    }

    /// An answer for people.
    pub(super) fn response(&self, response: &TruncatedResponse) -> String {
        let mut text = format!("{}\n", response.status);
        for (name, value) in &response.headers {
            if PLAIN_HEADERS.contains(&name.as_str()) {
                text.push_str(&format_header(
                    name.as_str(),
                    &self.text(&String::from_utf8_lossy(value.as_bytes())),
                ));
            }
        }
        text.push('\n');
        text + &self.text(&String::from_utf8_lossy(&response.body))
    }

    /// An address that the rules wrote is shown; of one that is secret or was put together, only where it leads.
    fn address(&self, address: &str) -> String {
        if let Some(Setting::Text(text)) = self.settings.get("url")
            && text == address
        {
            return self.text(address);
        }
        let Ok(url) = Url::parse(address) else { return MASK.to_owned() };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}/{MASK}", url.scheme(), url.host_str().unwrap_or(MASK))
    }
}

fn format_header(name: &str, value: &str) -> String {
    format!("{name}: {value}\n")
}

/// A secret, and what of an address is secret: its path and the values of its query.
fn add_secret(secret: &str, secrets: &mut Vec<String>) {
    let mut keep = |part: &str| {
        if part.len() >= SHORTEST_SECRET {
            secrets.push(part.to_owned());
        }
    };
    keep(secret);
    if let Ok(url) = Url::parse(secret) {
        url.path_segments().into_iter().flatten().filter(|part| part.len() >= 16).for_each(&mut keep);
        url.query_pairs().for_each(|(_, value)| keep(&value));
        url.query().into_iter().for_each(&mut keep);
        url.password().into_iter().for_each(&mut keep);
    }
}

#[cfg(test)]
mod tests {
    use super::SecretMasker;
    use crate::channel::{HttpRequest, Secret, Setting, Settings};

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn no_part_of_a_secret_is_shown() {
        let url = "https://robot.example/send/0123456789abcdef?access_token=canary1";
        let headers = vec![("X-Key".to_owned(), secret("canary2"))];
        let settings = Settings {
            entries: vec![
                ("url".to_owned(), Setting::Secret(secret(url))),
                ("headers".to_owned(), Setting::Headers(headers.clone())),
            ],
        };
        let request = HttpRequest {
            method: "POST",
            url: secret(&format!("{url}&sign=canary3")),
            headers: [headers, vec![("Content-Type".to_owned(), secret("application/json"))]].concat(),
            body: b"{\"token\":\"canary1\"}".to_vec(),
        };
        let masked = SecretMasker::of(&settings);
        let shown = masked.request(&request);
        assert_eq!(
            shown,
            "POST https://robot.example/…\nX-Key: …\nContent-Type: application/json\n\n{\"token\":\"…\"}"
        );
        let reason = masked.reason(&format!("bad key canary2\nat {url} {}", "x".repeat(3_000)));
        assert!(reason.starts_with("bad key … at … xxx"), "{reason}");
        assert!(reason.chars().count() <= 1_001);
        assert!(!masked.text("at /send/0123456789abcdef").contains("0123"));
    }

    #[test]
    fn an_address_that_the_rules_wrote_is_shown() {
        let url = "http://hooks.internal/alerts";
        let settings = Settings { entries: vec![("url".to_owned(), Setting::Text(url.to_owned()))] };
        let request = HttpRequest { method: "PUT", url: secret(url), headers: Vec::new(), body: Vec::new() };
        assert_eq!(SecretMasker::of(&settings).request(&request), format!("PUT {url}\n\n"));
    }
}
