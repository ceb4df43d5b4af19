//! A DingTalk group robot. It answers 200 with an error code in the body, and blocks a robot that sends too fast.
//!
//! Sources: DingTalk open platform, "Custom robot access" (`open.dingtalk.com/document/robots/custom-robot-access`): the form
//! of a Markdown message, `at`, the signature, 20 messages a minute; "Robot error codes": `130101`, `410100`, `-1`, and
//! `460101` for a message of more than 20,000 bytes; `310000` for a wrong signature or keyword, `300005` and `400101` for a
//! token that is none, `400102` for a robot that was stopped help nobody who tries again. The gateway before it answers a
//! flood with `{"status":1111,"wait":5,"source":"x5","punish":"deny"}`, with or without an `errcode`
//! (`blog.csdn.net/jialiuyang/article/details/118615052`).

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
    name: "dingtalk",
    documentation: "A Markdown message of a DingTalk group robot. Success is status 200 and `errcode` 0; a message is cut at 20,000 bytes.",
    parameters: &[
        ParameterSpec {
            name: "url",
            takes: ParameterKind::Secret,
            required: true,
            documentation: "The robot's webhook URL; it carries the access token, so only a secret is taken.",
        },
        ParameterSpec {
            name: "secret",
            takes: ParameterKind::Secret,
            required: false,
            documentation: "The robot's signing secret (`SEC…`), where its security setting is a signature.",
        },
        delivery::MESSAGE,
        ParameterSpec {
            name: "mention",
            takes: ParameterKind::Text,
            required: false,
            documentation: "Whom a firing Critical event mentions: mobile numbers with commas between them, or `\"all\"`; nobody by default.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate(
            "The most messages a minute; 18 by default, as DingTalk allows 20 for each robot and then blocks it for ten minutes.",
        ),
    ],
    transport: Transport::Http(&HTTP),
};

/// How it speaks HTTP.
static HTTP: HttpAdapter =
    HttpAdapter { render, request, judge, limits: RateLimits { per_minute: Some(18), per_second: None } };

/// The most bytes of a message.
const MOST_BYTES: usize = 20_000;
/// A robot that sent too fast is blocked for ten minutes.
const BLOCKED_FOR: Duration = Duration::from_mins(10);

fn render(occasion: &RenderContext<'_>) -> RenderedBody {
    let mut pieces = chat::message_parts(occasion);
    let who = chat::mentioned(occasion);
    let everybody = who.contains(&"all");
    let mobiles: Vec<&str> = who.into_iter().filter(|name| *name != "all").take(50).collect();
    // A mobile number is mentioned only where it stands in the text as well.
    let mentions: Vec<String> = mobiles.iter().map(|mobile| format!("@{mobile}")).collect();
    let mentions = mentions.join(" ");
    let message = if pieces.is_own {
        chat::without_mentions(&pieces.text)
    } else {
        chat::markdown(&mut pieces, "#### ", MOST_BYTES)
    };
    let title = chat::in_markdown(&pieces.heading);
    let body = |message: &str| {
        let mentions = if mentions.is_empty() { String::new() } else { format!("\n\n{mentions}") };
        json!({
            "msgtype": "markdown",
            "markdown": { "title": title, "text": format!("{}{mentions}", hard_breaks(message)) },
            "at": { "atMobiles": mobiles, "isAtAll": everybody },
        })
    };
    let (body, was_cut) = cut::fitting(&message, MOST_BYTES, body);
    if was_cut {
        chat::note_cut(&mut pieces.notes);
    }
    RenderedBody { body, notes: pieces.notes }
}

/// A line ends where two blanks stand before its break; otherwise DingTalk joins it with the next.
fn hard_breaks(message: &str) -> String {
    message.replace("  \n", "\n").replace('\n', "  \n")
}

fn request(settings: &Settings, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
    let mut request = http_request::post(settings, attempt)?;
    if let Some(secret) = settings.text("secret") {
        let timestamp = http_request::milliseconds(attempt);
        let sign = signature::sha256_base64(secret.as_bytes(), format!("{timestamp}\n{secret}").as_bytes());
        let query = format!("timestamp={timestamp}&sign={}", http_request::encoded(&sign));
        request.url = super::Secret::new(http_request::with_query(request.url.expose(), &query));
    }
    Ok(request)
}

fn judge(settings: &Settings, answer: &HttpResponse<'_>) -> DeliveryVerdict {
    if let Some(verdict) = response::by_status(settings, answer) {
        return verdict;
    }
    let body = response::json(answer);
    let Some(code) = response::integer_member(body.as_ref(), "errcode") else {
        return blocked(body.as_ref()).unwrap_or_else(response::unexpected_body);
    };
    let words = response::text_member(body.as_ref(), "errmsg").unwrap_or_default();
    let words = response::redacted_message(settings, words);
    let reason = format!("errcode {code}: {words}");
    match code {
        0 => DeliveryVerdict::Delivered,
        130_101 | 410_100 => DeliveryVerdict::Retry { reason, after: Some(BLOCKED_FOR) },
        -1 => DeliveryVerdict::Retry { reason, after: None },
        _ => DeliveryVerdict::Refused { reason },
    }
}

/// What the gateway before DingTalk says where it lets nothing through.
fn blocked(body: Option<&serde_json::Value>) -> Option<DeliveryVerdict> {
    let punish = response::text_member(body, "punish")?;
    let wait = response::integer_member(body, "wait")
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or_default();
    let reason = if punish == "deny" { "too many requests: denied" } else { "too many requests" };
    let after = Duration::from_secs(wait).clamp(Duration::from_secs(1), BLOCKED_FOR);
    Some(DeliveryVerdict::Retry { reason: reason.to_owned(), after: Some(after) })
}
