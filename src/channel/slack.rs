//! A Slack incoming webhook, or what speaks its protocol (Mattermost, Rocket.Chat).
//!
//! Sources: Slack developer docs, "Sending messages using incoming webhooks" (200 with `ok`; the errors `invalid_payload`,
//! `channel_is_archived`, `no_service` and others come with 400, 403, 404 or 410, `rollup_error` with 500), "Rate limits" (one
//! message a second, 429 with `Retry-After`), "Formatting message text" (`&`, `<` and `>` are escaped), "Legacy secondary
//! attachments" (colour, title, text, fields), which Mattermost and Rocket.Chat show as well.

use super::http::{DeliveryVerdict, HttpAdapter, HttpResponse, RateLimits, RenderContext, RenderedBody};
use super::response;
use super::settings::Settings;
use super::{ChannelKind, ParameterKind, ParameterSpec, Transport, chat, cut, delivery, http_request};
use serde_json::json;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "slack",
    documentation: "A message to a Slack incoming webhook, coloured by severity. Success is status 200; a text is cut at 3,000 characters.",
    parameters: &[
        ParameterSpec {
            name: "url",
            takes: ParameterKind::Secret,
            required: true,
            documentation: "The webhook URL; whoever knows it can post, so only a secret is taken.",
        },
        delivery::MESSAGE,
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate("The most messages a minute; 60 by default, which is Slack's limit for one webhook."),
    ],
    transport: Transport::Http(&HTTP),
};

/// How it speaks HTTP.
static HTTP: HttpAdapter = HttpAdapter {
    render,
    request: http_request::post,
    judge,
    limits: RateLimits { per_minute: Some(60), per_second: Some(1) },
};

/// The most characters of a text, escapes included.
const MOST_CHARACTERS: usize = 3_000;

fn render(occasion: &RenderContext<'_>) -> RenderedBody {
    let mut pieces = chat::message_parts(occasion);
    let color = match chat::status_word(occasion.event) {
        "Critical" => "#d72b2b",
        "Warning" => "#f2a03d",
        "Resolved" => "#2eb67d",
        _ => "#3a7bd5",
    };
    let (heading, _) = escaped(&pieces.heading, MOST_CHARACTERS);
    let (text, was_cut) = escaped(pieces.text.trim(), MOST_CHARACTERS);
    if was_cut {
        chat::note_cut(&mut pieces.notes);
    }
    let fields = pieces.labels.iter().map(|(name, value)| {
        json!({
            "title": escaped(name, MOST_CHARACTERS).0,
            "value": escaped(value, MOST_CHARACTERS).0,
            "short": true,
        })
    });
    let attachment = if pieces.is_own {
        json!({ "color": color, "fallback": heading, "text": text, "mrkdwn_in": ["text"] })
    } else {
        json!({
            "color": color,
            "fallback": heading,
            "title": heading,
            // An empty link is none.
            "title_link": pieces.link.as_deref().unwrap_or_default(),
            "text": text,
            "fields": fields.collect::<Vec<_>>(),
        })
    };
    RenderedBody { body: json!({ "attachments": [attachment] }), notes: pieces.notes }
}

/// A text whose `&`, `<` and `>` are characters, in at most `most` characters of its escaped form.
fn escaped(text: &str, most: usize) -> (String, bool) {
    let length = |letter: char| match letter {
        '&' => 5,
        '<' | '>' => 4,
        _ => 1,
    };
    let mut room = most.saturating_sub(1);
    let fitting = text.chars().take_while(|letter| {
        let left = room.checked_sub(length(*letter));
        room = left.unwrap_or(0);
        left.is_some()
    });
    let count = fitting.count();
    let (text, was_cut) = if count < text.chars().count() {
        cut::characters(text, count + 1)
    } else {
        (text.to_owned(), false)
    };
    (text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"), was_cut)
}

fn judge(settings: &Settings, answer: &HttpResponse<'_>) -> DeliveryVerdict {
    if let Some(verdict) = response::by_status(settings, answer) {
        return verdict;
    }
    if answer.body.trim_ascii_start().starts_with(b"<") {
        return response::unexpected_body();
    }
    // Slack says `ok`; Rocket.Chat answers with an object that says whether it went well.
    let body = response::json(answer);
    let says_no = |name| body.as_ref().and_then(|body| body.get(name)?.as_bool()) == Some(false);
    if !says_no("ok") && !says_no("success") {
        return DeliveryVerdict::Delivered;
    }
    let words = response::text_member(body.as_ref(), "error").unwrap_or_default();
    DeliveryVerdict::Refused { reason: format!("refused: {}", response::redacted_message(settings, words)) }
}
