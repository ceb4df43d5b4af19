//! A WeCom group robot: no signature, 20 messages a minute, error codes in the body.
//!
//! Sources: WeCom developer centre, "Group robot configuration" (`developer.work.weixin.qq.com/document/path/91770`): the form
//! of a Markdown message, at most 4,096 bytes of UTF-8, `<@userid>`, 20 messages a minute; "Global error codes": `45009` for
//! too many calls, `45033` for too many at once, `-1` for a busy system, `93000` for an address without a robot, with which
//! no retry can help.

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpChannel, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::http_request::{self, Endpoint};
use super::{Audience, ChannelKind, Transport, chat, cut, delivery, response};
use serde_json::json;
use std::time::Duration;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "wecom",
    documentation: "A Markdown message of a WeCom group robot. Success is status 200 and `errcode` 0; a message is cut at 4,096 bytes.",
    parameters: &[
        http_request::URL.spec,
        delivery::MESSAGE,
        delivery::MENTION,
        delivery::TIMEOUT.spec,
        delivery::RETRY_FOR.spec,
        delivery::CONCURRENCY.spec,
        delivery::rate(PER_MINUTE, "The most messages a minute. WeCom allows 20 for each robot."),
    ],
    audience: Audience::People,
    transport: Transport::Http(&HttpAdapter {
        render,
        open: |settings| Ok(Box::new(WeCom { endpoint: Endpoint::read(settings)? })),
        limits: RateLimits { per_minute: Some(PER_MINUTE), per_second: None },
    }),
};

const PER_MINUTE: u32 = 18;

/// The most bytes of a message's content.
const MAX_BYTES: usize = 4_096;
/// The most bytes of the mentions, so that the message has room.
const MAX_MENTIONED: usize = 1_024;
/// The receiver counts messages by the minute.
const A_MINUTE: Duration = Duration::from_mins(1);

fn render(context: &RenderContext<'_>) -> RenderedBody {
    let mut parts = chat::message_parts(context, chat::in_markdown);
    let mut mentions = String::new();
    for name in chat::mentioned(context) {
        let mention = format!(" <@{}>", name.replace(['<', '>'], ""));
        if mentions.len() + mention.len() <= MAX_MENTIONED {
            mentions.push_str(&mention);
        }
    }
    let mentions = if mentions.is_empty() { mentions } else { format!("\n\n{}", mentions.trim()) };
    let remaining = MAX_BYTES - mentions.len();
    let message = if parts.is_own {
        chat::noted(cut::bytes(&chat::without_mentions(&parts.text), remaining), &mut parts.notes)
    } else {
        chat::markdown(&mut parts, "#### ", remaining)
    };
    let body = json!({ "msgtype": "markdown", "markdown": { "content": format!("{message}{mentions}") } });
    RenderedBody { body, notes: parts.notes }
}

struct WeCom {
    endpoint: Endpoint,
}

impl HttpChannel for WeCom {
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
        Ok(self.endpoint.post(attempt))
    }

    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        if let Some(verdict) = response::by_status(&self.endpoint.mask, answer) {
            return verdict;
        }
        let body = response::json(answer);
        let Some(code) = response::integer_member(body.as_ref(), "errcode") else {
            return response::unexpected_body();
        };
        let message = response::text_member(body.as_ref(), "errmsg").unwrap_or_default();
        let reason = format!("errcode {code}: {}", response::message(&self.endpoint.mask, message));
        match code {
            0 => DeliveryVerdict::Delivered,
            45_009 | 45_033 => DeliveryVerdict::Retry { reason, after: Some(A_MINUTE) },
            -1 => DeliveryVerdict::Retry { reason, after: None },
            _ => DeliveryVerdict::Refused { reason },
        }
    }
}
