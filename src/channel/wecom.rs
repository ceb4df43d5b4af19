//! A WeCom group robot: no signature, 20 messages a minute, error codes in the body.
//!
//! Sources: WeCom developer centre, "Group robot configuration" (`developer.work.weixin.qq.com/document/path/91770`): the form
//! of a Markdown message, at most 4,096 bytes of UTF-8, `<@userid>`, 20 messages a minute; "Global error codes": `45009` for
//! too many calls, `45033` for too many at once, `-1` for a busy system, `93000` for an address that is no robot's, which no
//! retry mends.

use super::answer;
use super::http::{Answer, Http, Limits, Occasion, Rendered, Verdict};
use super::settings::Settings;
use super::{Kind, Parameter, Takes, Transport, carry, chat, cut, delivery};
use serde_json::json;
use std::time::Duration;

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "wecom",
    documentation: "A Markdown message of a WeCom group robot. Success is status 200 and `errcode` 0; a message is cut at 4,096 bytes.",
    parameters: &[
        Parameter {
            name: "url",
            takes: Takes::Secret,
            required: true,
            documentation: "The robot's webhook URL; it carries the robot's key, so only a secret is taken.",
        },
        delivery::MESSAGE,
        Parameter {
            name: "mention",
            takes: Takes::Text,
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
static HTTP: Http =
    Http { render, request: carry::post, judge, limits: Limits { per_minute: Some(18), per_second: None } };

/// The most bytes of a message's content.
const MOST_BYTES: usize = 4_096;
/// Whom a message mentions has to leave room for the message.
const MOST_MENTIONED: usize = 1_024;
/// The limit is one of a minute.
const A_MINUTE: Duration = Duration::from_mins(1);

fn render(occasion: &Occasion<'_>) -> Rendered {
    let mut pieces = chat::pieces(occasion);
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
    Rendered { body, notes: pieces.notes }
}

fn judge(settings: &Settings, answer: &Answer<'_>) -> Verdict {
    if let Some(verdict) = answer::by_status(settings, answer) {
        return verdict;
    }
    let body = answer::json(answer);
    let Some(code) = answer::code(body.as_ref(), "errcode") else { return answer::unintelligible() };
    let words = answer::words(body.as_ref(), "errmsg").unwrap_or_default();
    let words = answer::said(settings, words);
    let reason = format!("errcode {code}: {words}");
    match code {
        0 => Verdict::Delivered,
        45_009 | 45_033 => Verdict::Retry { reason, after: Some(A_MINUTE) },
        -1 => Verdict::Retry { reason, after: None },
        _ => Verdict::Refused { reason },
    }
}
