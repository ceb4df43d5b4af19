//! A DingTalk group robot. It answers 200 with an error code in the body, and blocks a robot that sends too fast.
//!
//! Sources: DingTalk open platform, "Custom robot access" (`open.dingtalk.com/document/robots/custom-robot-access`): the form
//! of a Markdown message, `at`, the signature, 20 messages a minute; "Robot error codes": `130101`, `410100`, `-1`, and
//! `460101` for a message of more than 20,000 bytes; `310000` for a wrong signature or keyword, `300005` and `400101` for a
//! token that is none, `400102` for a robot that was stopped help nobody who tries again. The gateway before it answers a
//! flood with `{"status":1111,"wait":5,"source":"x5","punish":"deny"}`, with or without an `errcode`
//! (`blog.csdn.net/jialiuyang/article/details/118615052`).

use super::answer;
use super::http::{Answer, Attempt, Http, Limits, Occasion, Rendered, Request, Unsendable, Verdict};
use super::settings::Settings;
use super::{Kind, Parameter, Takes, Transport, carry, chat, cut, delivery, signature};
use serde_json::json;
use std::time::Duration;

/// The kind.
pub(super) const KIND: Kind = Kind {
    name: "dingtalk",
    documentation: "A Markdown message of a DingTalk group robot. Success is status 200 and `errcode` 0; a message is cut at 20,000 bytes.",
    parameters: &[
        Parameter {
            name: "url",
            takes: Takes::Secret,
            required: true,
            documentation: "The robot's webhook URL; it carries the access token, so only a secret is taken.",
        },
        Parameter {
            name: "secret",
            takes: Takes::Secret,
            required: false,
            documentation: "The robot's signing secret (`SEC…`), where its security setting is a signature.",
        },
        delivery::MESSAGE,
        Parameter {
            name: "mention",
            takes: Takes::Text,
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
static HTTP: Http =
    Http { render, request, judge, limits: Limits { per_minute: Some(18), per_second: None } };

/// The most bytes of a message.
const MOST_BYTES: usize = 20_000;
/// A robot that sent too fast is blocked for ten minutes.
const BLOCKED: Duration = Duration::from_mins(10);

fn render(occasion: &Occasion<'_>) -> Rendered {
    let mut pieces = chat::pieces(occasion);
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
            "markdown": { "title": title, "text": format!("{}{mentions}", breaks(message)) },
            "at": { "atMobiles": mobiles, "isAtAll": everybody },
        })
    };
    let (body, was_cut) = cut::fitting(&message, MOST_BYTES, body);
    if was_cut {
        chat::note_cut(&mut pieces.notes);
    }
    Rendered { body, notes: pieces.notes }
}

/// A line ends where two blanks stand before its break; otherwise DingTalk joins it with the next.
fn breaks(message: &str) -> String {
    message.replace("  \n", "\n").replace('\n', "  \n")
}

fn request(settings: &Settings, attempt: &Attempt<'_>) -> Result<Request, Unsendable> {
    let mut request = carry::post(settings, attempt)?;
    if let Some(secret) = settings.text("secret") {
        let timestamp = carry::milliseconds(attempt);
        let sign = signature::sha256_base64(secret.as_bytes(), format!("{timestamp}\n{secret}").as_bytes());
        let query = format!("timestamp={timestamp}&sign={}", carry::encoded(&sign));
        request.url = super::Secret::new(carry::with_query(request.url.expose(), &query));
    }
    Ok(request)
}

fn judge(settings: &Settings, answer: &Answer<'_>) -> Verdict {
    if let Some(verdict) = answer::by_status(settings, answer) {
        return verdict;
    }
    let body = answer::json(answer);
    let Some(code) = answer::code(body.as_ref(), "errcode") else {
        return punished(body.as_ref()).unwrap_or_else(answer::unintelligible);
    };
    let words = answer::words(body.as_ref(), "errmsg").unwrap_or_default();
    let words = answer::said(settings, words);
    let reason = format!("errcode {code}: {words}");
    match code {
        0 => Verdict::Delivered,
        130_101 | 410_100 => Verdict::Retry { reason, after: Some(BLOCKED) },
        -1 => Verdict::Retry { reason, after: None },
        _ => Verdict::Refused { reason },
    }
}

/// What the gateway before DingTalk says where it lets nothing through.
fn punished(body: Option<&serde_json::Value>) -> Option<Verdict> {
    let punish = answer::words(body, "punish")?;
    let wait = answer::code(body, "wait").and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default();
    let reason = if punish == "deny" { "too many requests: denied" } else { "too many requests" };
    let after = Duration::from_secs(wait).clamp(Duration::from_secs(1), BLOCKED);
    Some(Verdict::Retry { reason: reason.to_owned(), after: Some(after) })
}
