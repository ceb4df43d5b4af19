//! One attempt outside of any queue, for `pointsman send`.

use super::client::TruncatedResponse;
use super::clock;
use super::transport::{ChannelTransport, TransportResources};
use super::{Exchange, OutboundConfig};
use crate::channel::{
    DeliveryVerdict, FileSettings, HttpRequest, RequestContext, Setting, Transport, URL, is_credential_header,
};
use crate::gateway::served_rules::ServedChannel;
use crate::mask::{self, MASK, SecretMask};
use crate::time::Clock;
use std::sync::Arc;
use url::Url;

/// Headers whose values are shown, besides those that the rules write.
const PLAIN_HEADERS: &str = "content-type content-length date idempotency-key location pointsman-hops pointsman-replay \
                             retry-after server user-agent webhook-id webhook-timestamp";

/// Sends a body to a channel, once.
pub async fn send_once(
    channel: &ServedChannel,
    body: &[u8],
    options: &OutboundConfig,
    clock: &Arc<dyn Clock>,
) -> Exchange {
    let resources = TransportResources::new(options.clone(), Arc::clone(clock));
    let transport = ChannelTransport::new(channel.clone(), &resources);
    let Some(at) = clock::usable(clock.now()) else {
        let reason = "the clock shows no time that can be used".to_owned();
        return Exchange {
            request: String::new(),
            answer: reason.clone(),
            verdict: DeliveryVerdict::Refused { reason },
        };
    };
    let idempotency_key = format!("test-{}-{}", at.epoch_milliseconds(), channel.name);
    let attempt = RequestContext { body, idempotency_key: &idempotency_key, at, replay: false, hops: 1 };
    let report = transport.attempt(attempt).await;
    let request = match (&report.request, channel.kind.transport) {
        (Some(request), _) => request_text(channel, &transport.mask, request, &options.headers),
        (None, Transport::Http(_)) => "no request could be made".to_owned(),
        (None, Transport::File) => {
            format!("a line for `{}`", FileSettings::read(&channel.settings).path)
        }
        (None, Transport::Stdout) => "a line for the standard output".to_owned(),
        (None, Transport::Discard) => "nothing: the channel forgets what it gets".to_owned(),
    };
    let answer = match (&report.response, &report.verdict) {
        (Some(response), _) => response_text(&transport.mask, response),
        (None, DeliveryVerdict::Delivered) => match channel.kind.transport {
            Transport::Discard => "forgotten".to_owned(),
            Transport::Http(_) | Transport::File | Transport::Stdout => "written".to_owned(),
        },
        (None, DeliveryVerdict::Retry { reason, .. } | DeliveryVerdict::Refused { reason }) => reason.clone(),
    };
    Exchange { request, answer, verdict: report.verdict }
}

/// A request for people. The value of a header is shown if it is plain or the rules write it, and otherwise not at all.
fn request_text(
    channel: &ServedChannel,
    mask: &SecretMask,
    request: &HttpRequest,
    more: &[(String, String)],
) -> String {
    let mut text = format!("{} {}\n", request.method, address(channel, mask, request.url.expose()));
    for (name, value) in &request.headers {
        let is_shown = is_plain(name) || value.is_literal();
        let value = if is_shown { mask.text(value.expose()) } else { MASK.to_owned() };
        text.extend([name, ": ", &value, "\n"]);
    }
    let is_own = |name: &str| request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    for (name, value) in more.iter().filter(|(name, _)| !is_own(name)) {
        let value = if is_credential_header(name) { MASK.to_owned() } else { mask.text(value) };
        text.extend([name.as_str(), ": ", &value, "\n"]);
    }
    text.push('\n');
    text + &mask.text(&String::from_utf8_lossy(&request.body))
}

fn is_plain(name: &str) -> bool {
    PLAIN_HEADERS.split(' ').any(|plain| plain.eq_ignore_ascii_case(name))
}

/// An answer for people, with its plain headers.
fn response_text(mask: &SecretMask, response: &TruncatedResponse) -> String {
    let mut text = format!("{}\n", response.status);
    for (name, value) in &response.headers {
        if is_plain(name.as_str()) {
            let value = mask.text(&String::from_utf8_lossy(value.as_bytes()));
            text.extend([name.as_str(), ": ", &value, "\n"]);
        }
    }
    text.push('\n');
    text + &mask.text(&String::from_utf8_lossy(&response.body))
}

/// An address that the rules write is shown. Of any other address, only the scheme and the host are shown.
fn address(channel: &ServedChannel, mask: &SecretMask, address: &str) -> String {
    if let Some(Setting::Text(text)) = URL.spec.setting(&channel.settings)
        && text == address
    {
        return mask.text(address);
    }
    let url = Url::parse(address).ok();
    let host = url.as_ref().and_then(|url| Some(format!("{}://{}", url.scheme(), mask::host(url)?)));
    host.map_or_else(|| MASK.to_owned(), |host| format!("{host}/{MASK}"))
}

#[cfg(test)]
mod tests {
    use super::request_text;
    use crate::channel::{self, HttpRequest, NotificationPolicy, Secret, Setting, Settings};
    use crate::gateway::served_rules::ServedChannel;

    fn shown(url: Setting, request: &HttpRequest) -> String {
        let key = Setting::Headers(vec![("X-Key".to_owned(), Secret::new("canary2".to_owned()))]);
        let settings = Settings { entries: vec![("url".to_owned(), url), ("headers".to_owned(), key)] };
        let kind = channel::find("webhook").expect("a kind");
        let channel =
            ServedChannel { name: "hook".to_owned(), kind, settings, policy: NotificationPolicy::EVERY_EVENT };
        request_text(&channel, &channel.settings.mask(), request, &[])
    }

    #[test]
    fn no_part_of_a_secret_is_shown() {
        let url = "https://robot.example/send/0123456789abcdef?access_token=canary1";
        let header = |name: &str, value: &str| (name.to_owned(), Secret::new(value.to_owned()));
        let request = HttpRequest {
            method: "POST",
            url: Secret::new(format!("{url}&sign=canary3")),
            headers: vec![header("X-Key", "canary2"), header("Content-Type", "application/json")],
            body: b"{\"token\":\"canary1\"}".to_vec(),
        };
        assert_eq!(
            shown(Setting::Secret(Secret::new(url.to_owned())), &request),
            "POST https://robot.example/<secret>\nX-Key: <secret>\nContent-Type: application/json\n\n{\"token\":\"<secret>\"}"
        );
    }

    #[test]
    fn a_header_that_the_rules_write_is_shown_and_masks_nothing() {
        let literal = Secret::literal("production".to_owned());
        let headers = vec![("X-Environment".to_owned(), literal.clone())];
        let entries = vec![("headers".to_owned(), Setting::Headers(headers.clone()))];
        let kind = channel::find("webhook").expect("a kind");
        let (settings, policy) = (Settings { entries }, NotificationPolicy::EVERY_EVENT);
        let channel = ServedChannel { name: "hook".to_owned(), kind, settings, policy };
        let url = Secret::new("https://hooks.example/x".to_owned());
        let request = HttpRequest { method: "POST", url, headers, body: b"{\"env\":\"production\"}".to_vec() };
        let text = request_text(&channel, &channel.settings.mask(), &request, &[]);
        assert!(text.ends_with("X-Environment: production\n\n{\"env\":\"production\"}"), "{text}");
        assert_eq!(format!("{literal:?}"), "<secret>", "it still does not show itself");
    }

    #[test]
    fn an_address_that_the_rules_write_is_shown() {
        let url = "http://hooks.internal/alerts".to_owned();
        let request =
            HttpRequest { method: "PUT", url: Secret::new(url.clone()), headers: Vec::new(), body: Vec::new() };
        assert_eq!(shown(Setting::Text(url.clone()), &request), format!("PUT {url}\n\n"));
    }
}
