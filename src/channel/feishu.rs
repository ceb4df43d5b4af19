//! A Feishu or Lark group robot. Errors come as a code in the body, the rate limit as code 99991400.
//!
//! Sources: Feishu open platform, "Custom bot usage guide" (`open.feishu.cn/document/client-docs/bot-v3/add-custom-bot`): cards,
//! the signature in the body, at most 20 KB a request, 100 messages a minute and 5 a second, `code` (formerly `StatusCode`)
//! 0, `11232` for too many messages (at full hours above all), `19021` for a wrong signature, `19022` for an address that is
//! not allowed, `19024` for a missing keyword, `9499` for an invalid body; "Send message": `230020` for too many messages
//! in one group; "Frequency control": 429 or 400 with code `99991400` and the seconds to wait in
//! `x-ogw-ratelimit-reset`; "Card header": the colours of a template.

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpChannel, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::http_request::{self, Endpoint};
use super::parameter::ParameterSpec;
use super::settings::Secret;
use super::{Audience, ChannelKind, Transport, chat, cut, delivery, markup, response, signature};
use serde_json::json;
use std::time::Duration;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "feishu",
    documentation: "An interactive card of a Feishu or Lark group robot, coloured by severity. Success is status 200 and `code` 0; a request is cut at 20 KB.",
    parameters: &[
        http_request::URL.spec,
        http_request::SIGNING_SECRET.spec,
        delivery::MESSAGE,
        ParameterSpec {
            documentation: "Whom a firing Critical event mentions: open ids (`ou_…`) with commas between them, or `\"all\"`.",
            ..delivery::MENTION
        },
        delivery::TIMEOUT.spec,
        delivery::RETRY_FOR.spec,
        delivery::CONCURRENCY.spec,
        delivery::rate(
            PER_MINUTE,
            "The most messages a minute. Feishu allows 100 for each robot, and 5 a second, which are kept too.",
        ),
    ],
    audience: Audience::People,
    transport: Transport::Http(&HttpAdapter {
        render,
        open: |settings| Ok(Box::new(Feishu { endpoint: Endpoint::read(settings)? })),
        limits: RateLimits { per_minute: Some(PER_MINUTE), per_second: Some(5) },
    }),
};

const PER_MINUTE: u32 = 90;

/// The most bytes of a body, with room for time and signature within 20 KB.
const MAX_BYTES: usize = 19_800;
/// How long a robot waits that is limited, if the answer does not say. The limit is not a failure of the receiver, and it
/// concerns all messages.
const RATE_LIMIT_WAIT: Duration = Duration::from_secs(10);

fn render(context: &RenderContext<'_>) -> RenderedBody {
    let mut parts = chat::message_parts(context, chat::in_markdown);
    let mentions: String =
        chat::mentioned(context).into_iter().take(50).filter_map(mention).collect::<Vec<_>>().join(" ");
    let template = match chat::status_word(context.event) {
        "Critical" => "red",
        "Warning" => "orange",
        "Resolved" => "green",
        _ => "blue",
    };
    let card = |text: &str| {
        let mut elements = Vec::new();
        if !text.is_empty() {
            // The text of the rules is Markdown, in which no tag mentions anyone.
            let own = || json!({ "tag": "lark_md", "content": chat::without_mentions(text) });
            elements.push(json!({ "tag": "div", "text": if parts.is_own { own() } else { plain_text(text) } }));
        }
        if !parts.labels.is_empty() {
            let lines: Vec<String> = parts.labels.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            elements.push(json!({ "tag": "div", "text": plain_text(&lines.join("\n")) }));
        }
        if let Some(link) = &parts.link {
            let open = json!({ "tag": "button", "text": plain_text("Open"), "type": "default", "url": link });
            elements.push(json!({ "tag": "action", "actions": [open] }));
        }
        if !mentions.is_empty() {
            elements.push(json!({ "tag": "div", "text": { "tag": "lark_md", "content": mentions } }));
        }
        json!({
            "msg_type": "interactive",
            "card": {
                "config": { "wide_screen_mode": true },
                "header": { "template": template, "title": plain_text(&parts.heading) },
                "elements": elements,
            },
        })
    };
    let body = chat::noted(cut::fitting(parts.text.trim(), MAX_BYTES, card), &mut parts.notes);
    RenderedBody { body, notes: parts.notes }
}

/// A text without markup. Addresses in it become links.
fn plain_text(text: &str) -> serde_json::Value {
    json!({ "tag": "plain_text", "content": markup::without_users("", text) })
}

/// A mention by an open id, or of everybody.
fn mention(id: &str) -> Option<String> {
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    is_id.then(|| format!("<at id={id}></at>"))
}

struct Feishu {
    endpoint: Endpoint,
}

impl HttpChannel for Feishu {
    /// The signature is a member of the body, and belongs to the attempt.
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
        let mut request = self.endpoint.post(attempt);
        let Some(secret) = self.endpoint.signing_secret.as_ref().map(Secret::expose) else { return Ok(request) };
        let mut body: serde_json::Map<String, serde_json::Value> = response::stored(attempt)?;
        let timestamp = http_request::seconds(attempt).to_string();
        let sign = signature::sha256_base64(format!("{timestamp}\n{secret}").as_bytes(), b"");
        body.insert("timestamp".to_owned(), timestamp.into());
        body.insert("sign".to_owned(), sign.into());
        request.body = serde_json::Value::from(body).to_string().into_bytes();
        Ok(request)
    }

    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        let body = response::json(answer);
        let body = body.as_ref();
        let code = response::integer_member(body, "code").or_else(|| response::integer_member(body, "StatusCode"));
        let message = response::text_member(body, "msg").or_else(|| response::text_member(body, "StatusMessage"));
        let mask = &self.endpoint.mask;
        let reason = |code| format!("code {code}: {}", response::message(mask, message.unwrap_or_default()));
        // A rate limit can come with status 400.
        if let Some(code @ (99_991_400 | 11_232 | 230_020)) = code {
            let after = rate_limit_wait(answer).or(Some(RATE_LIMIT_WAIT));
            return DeliveryVerdict::Retry { reason: reason(code), after };
        }
        match (response::by_status(mask, answer), code) {
            (Some(DeliveryVerdict::Retry { reason, after }), _) => {
                DeliveryVerdict::Retry { reason, after: rate_limit_wait(answer).or(after) }
            }
            (Some(verdict), _) => verdict,
            (None, Some(0)) => DeliveryVerdict::Delivered,
            (None, Some(code)) => DeliveryVerdict::Refused { reason: reason(code) },
            (None, None) => response::unexpected_body(),
        }
    }
}

/// How many seconds the limit lasts.
fn rate_limit_wait(answer: &HttpResponse<'_>) -> Option<Duration> {
    let seconds = (answer.header)("x-ogw-ratelimit-reset")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(response::LONGEST_WAIT))
}
