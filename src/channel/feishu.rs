//! A Feishu or Lark group robot. Errors come as a code in the body, the rate limit as code 99991400.
//!
//! Sources: Feishu open platform, "Custom bot usage guide" (`open.feishu.cn/document/client-docs/bot-v3/add-custom-bot`): cards,
//! the signature in the body, at most 20 KB a request, 100 messages a minute and 5 a second, `integer_member` (formerly `StatusCode`)
//! 0, `11232` for too many messages (at full hours above all), `19021` for a wrong signature, `19022` for an address that is
//! not allowed, `19024` for a missing keyword, `9499` for a body that is none; "Send message": `230020` for too many messages
//! in one group; "Frequency control": 429 or 400 with code `99991400` and the seconds to wait in
//! `x-ogw-ratelimit-reset`; "Card header": the colours of a template.

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::response;
use super::settings::Settings;
use super::{
    ChannelKind, ParameterKind, ParameterSpec, Transport, chat, cut, delivery, http_request, signature,
};
use serde_json::json;
use std::time::Duration;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "feishu",
    documentation: "An interactive card of a Feishu or Lark group robot, coloured by severity. Success is status 200 and `code` 0; a request is cut at 20 KB.",
    parameters: &[
        ParameterSpec {
            name: "url",
            takes: ParameterKind::Secret,
            required: true,
            documentation: "The robot's webhook URL; it carries the robot's key, so only a secret is taken.",
        },
        ParameterSpec {
            name: "secret",
            takes: ParameterKind::Secret,
            required: false,
            documentation: "The robot's signing secret, where signature verification is on.",
        },
        delivery::MESSAGE,
        ParameterSpec {
            name: "mention",
            takes: ParameterKind::Text,
            required: false,
            documentation: "Whom a firing Critical event mentions: open ids (`ou_…`) with commas between them, or `\"all\"`; nobody by default.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate(
            "The most messages a minute; 90 by default, as Feishu allows 100 for each robot (and 5 a second, which are kept as well).",
        ),
    ],
    transport: Transport::Http(&HTTP),
};

/// How it speaks HTTP.
static HTTP: HttpAdapter =
    HttpAdapter { render, request, judge, limits: RateLimits { per_minute: Some(90), per_second: Some(5) } };

/// The most bytes of a body, with room for time and signature within 20 KB.
const MOST_BYTES: usize = 19_800;
/// How long a robot that is limited waits where the answer does not say: the limit is no failure of the far side, and holds for
/// all messages.
const RATE_LIMIT_WAIT: Duration = Duration::from_secs(10);

fn render(occasion: &RenderContext<'_>) -> RenderedBody {
    let mut pieces = chat::message_parts(occasion);
    let mentions: String =
        chat::mentioned(occasion).into_iter().take(50).filter_map(mention).collect::<Vec<_>>().join(" ");
    let template = match chat::status_word(occasion.event) {
        "Critical" => "red",
        "Warning" => "orange",
        "Resolved" => "green",
        _ => "blue",
    };
    let card = |text: &str| {
        let mut elements = Vec::new();
        if !text.is_empty() {
            elements.push(json!({ "tag": "div", "text": text_element(text, pieces.is_own) }));
        }
        if !pieces.labels.is_empty() {
            let lines: Vec<String> =
                pieces.labels.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            elements.push(json!({ "tag": "div", "text": text_element(&lines.join("\n"), false) }));
        }
        if let Some(link) = &pieces.link {
            let open = json!({ "tag": "button", "text": text_element("Open", false), "type": "default", "url": link });
            elements.push(json!({ "tag": "action", "actions": [open] }));
        }
        if !mentions.is_empty() {
            elements.push(json!({ "tag": "div", "text": { "tag": "lark_md", "content": mentions } }));
        }
        json!({
            "msg_type": "interactive",
            "card": {
                "config": { "wide_screen_mode": true },
                "header": { "template": template, "title": text_element(&pieces.heading, false) },
                "elements": elements,
            },
        })
    };
    let (body, was_cut) = cut::fitting(pieces.text.trim(), MOST_BYTES, card);
    if was_cut {
        chat::note_cut(&mut pieces.notes);
    }
    RenderedBody { body, notes: pieces.notes }
}

/// Plain text, in which nothing is marked up; the text of the rules is Markdown, in which no tag mentions anyone.
fn text_element(text: &str, is_own: bool) -> serde_json::Value {
    if is_own {
        json!({ "tag": "lark_md", "content": chat::without_mentions(text) })
    } else {
        json!({ "tag": "plain_text", "content": text })
    }
}

/// A mention by an open id, or of everybody.
fn mention(id: &str) -> Option<String> {
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    is_id.then(|| format!("<at id={id}></at>"))
}

/// The signature is a member of the body, and belongs to the attempt.
fn request(settings: &Settings, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
    let mut request = http_request::post(settings, attempt)?;
    let Some(secret) = settings.text("secret") else { return Ok(request) };
    let broken = |_| RequestBuildError("the stored body is not JSON".to_owned());
    let mut body: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(attempt.body).map_err(broken)?;
    let timestamp = http_request::seconds(attempt).to_string();
    let sign = signature::sha256_base64(format!("{timestamp}\n{secret}").as_bytes(), b"");
    body.insert("timestamp".to_owned(), timestamp.into());
    body.insert("sign".to_owned(), sign.into());
    request.body = serde_json::to_vec(&body).map_err(broken)?;
    Ok(request)
}

fn judge(settings: &Settings, answer: &HttpResponse<'_>) -> DeliveryVerdict {
    let body = response::json(answer);
    let body = body.as_ref();
    let code =
        response::integer_member(body, "code").or_else(|| response::integer_member(body, "StatusCode"));
    let words = response::text_member(body, "msg").or_else(|| response::text_member(body, "StatusMessage"));
    let reason = |code: i64| {
        format!("code {code}: {}", response::redacted_message(settings, words.unwrap_or_default()))
    };
    match code {
        // A rate limit comes with status 400, too.
        Some(code @ (99_991_400 | 11_232 | 230_020)) => DeliveryVerdict::Retry {
            reason: reason(code),
            after: rate_limit_wait(answer).or(Some(RATE_LIMIT_WAIT)),
        },
        Some(_) | None => match (response::by_status(settings, answer), code) {
            (Some(DeliveryVerdict::Retry { reason, after }), _) => {
                DeliveryVerdict::Retry { reason, after: rate_limit_wait(answer).or(after) }
            }
            (Some(verdict), _) => verdict,
            (None, Some(0)) => DeliveryVerdict::Delivered,
            (None, Some(code)) => DeliveryVerdict::Refused { reason: reason(code) },
            (None, None) => response::unexpected_body(),
        },
    }
}

/// How many seconds the limit lasts.
fn rate_limit_wait(answer: &HttpResponse<'_>) -> Option<Duration> {
    let seconds = (answer.header)("x-ogw-ratelimit-reset")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(response::LONGEST_WAIT))
}
