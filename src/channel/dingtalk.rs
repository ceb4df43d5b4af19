//! A DingTalk group robot. It answers 200 with an error code in the body, and blocks a robot that sends too fast.
//!
//! Sources: DingTalk open platform, "Custom robot access" (`open.dingtalk.com/document/robots/custom-robot-access`): the form
//! of a Markdown message, `at`, the signature, 20 messages a minute; "Robot error codes": `130101`, `410100`, `-1`, and
//! `460101` for a message of more than 20,000 bytes. A retry cannot help with `310000` (wrong signature or keyword), `300005`
//! and `400101` (invalid token) or `400102` (stopped robot). The gateway in front of it answers too many requests with `{"status":1111,"wait":5,"source":"x5","punish":"deny"}`, with or without an `errcode`
//! (`blog.csdn.net/jialiuyang/article/details/118615052`).

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpChannel, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::http_request::{self, Endpoint};
use super::parameter::ParameterSpec;
use super::settings::Secret;
use super::{Audience, ChannelKind, Transport, chat, cut, delivery, response, signature};
use serde_json::json;
use std::time::Duration;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "dingtalk",
    documentation: "A Markdown message of a DingTalk group robot. Success is status 200 and `errcode` 0; a message is cut at 20,000 bytes.",
    parameters: &[
        http_request::URL.spec,
        ParameterSpec {
            documentation: "The robot's signing secret (`SEC…`), if its security setting is a signature.",
            ..http_request::SIGNING_SECRET.spec
        },
        delivery::MESSAGE,
        ParameterSpec {
            documentation: "Whom a firing Critical event mentions: mobile numbers with commas between them, or `\"all\"`.",
            ..delivery::MENTION
        },
        delivery::TIMEOUT.spec,
        delivery::RETRY_FOR.spec,
        delivery::CONCURRENCY.spec,
        delivery::rate(
            PER_MINUTE,
            "The most messages a minute. DingTalk allows 20 for each robot and then blocks it for ten minutes.",
        ),
    ],
    audience: Audience::People,
    transport: Transport::Http(&HttpAdapter {
        render,
        open: |settings| Ok(Box::new(DingTalk { endpoint: Endpoint::read(settings)? })),
        limits: RateLimits { per_minute: Some(PER_MINUTE), per_second: None },
    }),
};

const PER_MINUTE: u32 = 18;

/// The most bytes of a message.
const MAX_BYTES: usize = 20_000;
/// A robot that sent too fast is blocked for ten minutes.
const BLOCKED_FOR: Duration = Duration::from_mins(10);

fn render(context: &RenderContext<'_>) -> RenderedBody {
    let mut parts = chat::message_parts(context, chat::in_markdown);
    let names = chat::mentioned(context);
    let everybody = names.contains(&"all");
    let mobiles: Vec<&str> = names.into_iter().filter(|name| *name != "all").take(50).collect();
    // A mobile number is mentioned only if it is in the text too.
    let mentions: Vec<String> = mobiles.iter().map(|mobile| format!("@{mobile}")).collect();
    let mentions = mentions.join(" ");
    let message =
        if parts.is_own { chat::without_mentions(&parts.text) } else { chat::markdown(&mut parts, "#### ", MAX_BYTES) };
    let title = chat::in_markdown("", &parts.heading);
    let body = |message: &str| {
        let mentions = if mentions.is_empty() { String::new() } else { format!("\n\n{mentions}") };
        json!({
            "msgtype": "markdown",
            "markdown": { "title": title, "text": format!("{}{mentions}", hard_breaks(message)) },
            "at": { "atMobiles": mobiles, "isAtAll": everybody },
        })
    };
    let body = chat::noted(cut::fitting(&message, MAX_BYTES, body), &mut parts.notes);
    RenderedBody { body, notes: parts.notes }
}

/// Puts two blanks before each line break. Without them DingTalk joins a line with the next.
fn hard_breaks(message: &str) -> String {
    message.replace("  \n", "\n").replace('\n', "  \n")
}

struct DingTalk {
    endpoint: Endpoint,
}

impl HttpChannel for DingTalk {
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
        let mut request = self.endpoint.post(attempt);
        if let Some(secret) = self.endpoint.signing_secret.as_ref().map(Secret::expose) {
            let timestamp = http_request::milliseconds(attempt);
            let message = format!("{timestamp}\n{secret}");
            let sign = signature::sha256_base64(secret.as_bytes(), message.as_bytes());
            let query = format!("timestamp={timestamp}&sign={}", http_request::encoded(&sign));
            request.url = Secret::new(http_request::with_query(request.url.expose(), &query));
        }
        Ok(request)
    }

    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        if let Some(verdict) = response::by_status(&self.endpoint.mask, answer) {
            return verdict;
        }
        let body = response::json(answer);
        let Some(code) = response::integer_member(body.as_ref(), "errcode") else {
            return blocked(body.as_ref()).unwrap_or_else(response::unexpected_body);
        };
        let message = response::text_member(body.as_ref(), "errmsg").unwrap_or_default();
        let reason = format!("errcode {code}: {}", response::message(&self.endpoint.mask, message));
        match code {
            0 => DeliveryVerdict::Delivered,
            130_101 | 410_100 => DeliveryVerdict::Retry { reason, after: Some(BLOCKED_FOR) },
            -1 => DeliveryVerdict::Retry { reason, after: None },
            _ => DeliveryVerdict::Refused { reason },
        }
    }
}

/// The verdict on an answer of the gateway in front of DingTalk, which lets no request through.
fn blocked(body: Option<&serde_json::Value>) -> Option<DeliveryVerdict> {
    let punish = response::text_member(body, "punish")?;
    let wait =
        response::integer_member(body, "wait").and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default();
    let reason = if punish == "deny" { "too many requests: denied" } else { "too many requests" };
    let after = Duration::from_secs(wait).clamp(Duration::from_secs(1), BLOCKED_FOR);
    Some(DeliveryVerdict::Retry { reason: reason.to_owned(), after: Some(after) })
}
