//! A WeCom group robot: no signature, 20 messages a minute, error codes in the body.
//!
//! Sources: WeCom developer centre, "Group robot configuration" (`developer.work.weixin.qq.com/document/path/91770`): the form
//! of a Markdown message, at most 4,096 bytes of UTF-8, `<@userid>`, 20 messages a minute; "Global error codes": `45009` for
//! too many calls, `45033` for too many at once, `-1` for a busy system, `93000` for an address that is no robot's, which no
//! retry mends.

use super::http::{DeliveryVerdict, HttpAdapter, HttpResponse, RateLimits, RenderContext, RenderedBody};
use super::response;
use super::settings::Settings;
use super::{ChannelKind, ParameterKind, ParameterSpec, Transport, chat, cut, delivery, http_request};
use serde_json::json;
use std::time::Duration;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "wecom",
    documentation: "A Markdown message of a WeCom group robot. Success is status 200 and `errcode` 0; a message is cut at 4,096 bytes.",
    parameters: &[
        ParameterSpec {
            name: "url",
            takes: ParameterKind::Secret,
            required: true,
            documentation: "The robot's webhook URL; it carries the robot's key, so only a secret is taken.",
        },
        delivery::MESSAGE,
        ParameterSpec {
            name: "mention",
            takes: ParameterKind::Text,
            required: false,
            documentation: "Whom a firing Critical event mentions: user ids with commas between them; nobody by default.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate("The most messages a minute; 18 by default, as WeCom allows 20 for each robot."),
    ],
    transport: Transport::Http(&HTTP),
};

/// How it speaks HTTP.
static HTTP: HttpAdapter = HttpAdapter {
    render,
    request: http_request::post,
    judge,
    limits: RateLimits { per_minute: Some(18), per_second: None },
};

/// The most bytes of a message's content.
const MOST_BYTES: usize = 4_096;
/// Whom a message mentions has to leave room for the message.
const MOST_MENTIONED: usize = 1_024;
/// The limit is one of a minute.
const A_MINUTE: Duration = Duration::from_mins(1);

fn render(occasion: &RenderContext<'_>) -> RenderedBody {
    let mut pieces = chat::message_parts(occasion);
    let mut mentions = String::new();
    for name in chat::mentioned(occasion) {
        let mention = format!(" <@{}>", name.replace(['<', '>'], ""));
        if mentions.len() + mention.len() <= MOST_MENTIONED {
            mentions.push_str(&mention);
        }
    }
    let mentions = if mentions.is_empty() { mentions } else { format!("\n\n{}", mentions.trim()) };
    let room = MOST_BYTES - mentions.len();
    let message = if pieces.is_own {
        let (text, was_cut) = cut::bytes(&chat::without_mentions(&pieces.text), room);
        if was_cut {
            chat::note_cut(&mut pieces.notes);
        }
        text
    } else {
        chat::markdown(&mut pieces, "#### ", room)
    };
    let body = json!({ "msgtype": "markdown", "markdown": { "content": format!("{message}{mentions}") } });
    RenderedBody { body, notes: pieces.notes }
}

fn judge(settings: &Settings, answer: &HttpResponse<'_>) -> DeliveryVerdict {
    if let Some(verdict) = response::by_status(settings, answer) {
        return verdict;
    }
    let body = response::json(answer);
    let Some(code) = response::integer_member(body.as_ref(), "errcode") else {
        return response::unexpected_body();
    };
    let words = response::text_member(body.as_ref(), "errmsg").unwrap_or_default();
    let words = response::redacted_message(settings, words);
    let reason = format!("errcode {code}: {words}");
    match code {
        0 => DeliveryVerdict::Delivered,
        45_009 | 45_033 => DeliveryVerdict::Retry { reason, after: Some(A_MINUTE) },
        -1 => DeliveryVerdict::Retry { reason, after: None },
        _ => DeliveryVerdict::Refused { reason },
    }
}
