//! A Slack incoming webhook, or what speaks its protocol (Mattermost, Rocket.Chat).
//!
//! Sources: Slack developer docs, "Sending messages using incoming webhooks" (200 with `ok`; the errors `invalid_payload`,
//! `channel_is_archived`, `no_service` and others come with 400, 403, 404 or 410, `rollup_error` with 500), "Rate limits" (one
//! message a second, 429 with `Retry-After`), "Formatting message text" (`&`, `<` and `>` are escaped), "Legacy secondary
//! attachments" (colour, title, text, fields), which Mattermost and Rocket.Chat show as well.

use super::cut::{self, Truncated};
use super::http::{
    DeliveryVerdict, HttpAdapter, HttpChannel, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::http_request::{self, Endpoint};
use super::{Audience, ChannelKind, Transport, chat, delivery, markup, response};
use serde_json::json;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "slack",
    documentation: "A message to a Slack incoming webhook, coloured by severity. Success is status 200; a text is cut at 3,000 characters.",
    parameters: &[
        http_request::URL.spec,
        delivery::MESSAGE,
        delivery::TIMEOUT.spec,
        delivery::RETRY_FOR.spec,
        delivery::CONCURRENCY.spec,
        delivery::rate(PER_MINUTE, "The most messages a minute. The default is Slack's limit for one webhook."),
    ],
    audience: Audience::People,
    transport: Transport::Http(&HttpAdapter {
        render,
        open: |settings| Ok(Box::new(Slack { endpoint: Endpoint::read(settings)? })),
        limits: RateLimits { per_minute: Some(PER_MINUTE), per_second: Some(1) },
    }),
};

const PER_MINUTE: u32 = 60;

/// The most characters of a text, escapes included.
const MAX_CHARACTERS: usize = 3_000;

fn render(context: &RenderContext<'_>) -> RenderedBody {
    let in_own = |before: &str, text: &str| escaped(&markup::as_text(before, text), usize::MAX).value;
    let mut parts = chat::message_parts(context, in_own);
    // Other servers with this protocol read Markdown everywhere.
    let shown = |text: &str| escaped(&markup::as_text("", text), MAX_CHARACTERS);
    let color = match chat::status_word(context.event) {
        "Critical" => "#d72b2b",
        "Warning" => "#f2a03d",
        "Resolved" => "#2eb67d",
        _ => "#3a7bd5",
    };
    let heading = shown(&parts.heading).value;
    let text = parts.text.trim();
    let text = if parts.is_own { own_markup(text, MAX_CHARACTERS) } else { shown(text) };
    let text = chat::noted(text, &mut parts.notes);
    let fields = parts.labels.iter().map(|(name, value)| {
        json!({
            "title": shown(name).value,
            "value": shown(value).value,
            "short": true,
        })
    });
    let mut attachment = if parts.is_own {
        json!({ "color": color, "fallback": heading, "text": text, "mrkdwn_in": ["text"] })
    } else {
        let fields = fields.collect::<Vec<_>>();
        json!({ "color": color, "fallback": heading, "title": heading, "text": text, "fields": fields })
    };
    if let (Some(link), Some(members)) = (&parts.link, attachment.as_object_mut()) {
        members.insert("title_link".to_owned(), link.as_str().into());
    }
    RenderedBody { body: json!({ "attachments": [attachment] }), notes: parts.notes }
}

/// Markup that the rules wrote, in at most `most` characters. Links stay, mentions (`<!here>`, `<@U1>`, `<#C1>`) are text. A
/// cut leaves no half of a link or an escape.
fn own_markup(text: &str, most: usize) -> Truncated<String> {
    let mut safe = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '<' if matches!(letters.peek(), Some('!' | '@' | '#')) => safe.push_str("&lt;"),
            other => safe.push(other),
        }
    }
    if safe.char_indices().nth(most).is_none() {
        return Truncated { value: safe, was_cut: false };
    }
    let mut value: String = safe.chars().take(most.saturating_sub(1)).collect();
    for (opens, closes) in [('<', '>'), ('&', ';')] {
        if let Some(at) = value.rfind(opens)
            && !value.get(at..).unwrap_or_default().contains(closes)
        {
            value.truncate(at);
        }
    }
    value.push(cut::ELLIPSIS);
    Truncated { value, was_cut: true }
}

/// A text whose `&`, `<` and `>` are characters, in at most `most` characters of its escaped form.
fn escaped(text: &str, most: usize) -> Truncated<String> {
    let length = |letter: char| match letter {
        '&' => 5,
        '<' | '>' => 4,
        _ => 1,
    };
    let was_cut = text.chars().map(length).sum::<usize>() > most;
    let mut remaining = if was_cut { most.saturating_sub(1) } else { most };
    let fitting = text.chars().take_while(|letter| {
        let left = remaining.checked_sub(length(*letter));
        remaining = left.unwrap_or(0);
        left.is_some()
    });
    let mut value = fitting.collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if was_cut {
        value.push(cut::ELLIPSIS);
    }
    Truncated { value, was_cut }
}

struct Slack {
    endpoint: Endpoint,
}

impl HttpChannel for Slack {
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
        Ok(self.endpoint.post(attempt))
    }

    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        if let Some(verdict) = response::by_status(&self.endpoint.mask, answer) {
            return verdict;
        }
        if answer.body.trim_ascii_start().starts_with(b"<") {
            return response::unexpected_body();
        }
        // Slack answers `ok`; Rocket.Chat answers with an object that says whether the message was taken.
        let body = response::json(answer);
        let is_false = |name| body.as_ref().and_then(|body| body.get(name)?.as_bool()) == Some(false);
        if !is_false("ok") && !is_false("success") {
            return DeliveryVerdict::Delivered;
        }
        let error = response::text_member(body.as_ref(), "error").unwrap_or_default();
        let error = response::message(&self.endpoint.mask, error);
        DeliveryVerdict::Refused { reason: format!("refused: {error}") }
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, own_markup};

    #[test]
    fn links_of_the_rules_stay_and_mentions_do_not() {
        let shown = |text: &str, most| own_markup(text, most).value;
        assert_eq!(shown("<https://a.example|open> <!here>", 99), "<https://a.example|open> &lt;!here>");
        assert_eq!(shown("see <https://a.example|open> now", 12), "see …");
        assert_eq!(shown("a &amp; b and more", 6), "a …");
        assert_eq!(shown("a & b and more", 6), "a …");
    }

    #[test]
    fn an_escape_at_the_end_counts_in_full() {
        let shown = |text: &str| escaped(text, 6).value;
        assert_eq!(shown("abcdef"), "abcdef");
        assert_eq!(shown("abcdefg"), "abcde…");
        assert_eq!(shown("abcde&"), "abcde…");
        assert_eq!(shown("a&"), "a&amp;");
        assert_eq!(shown("ab&"), "ab…");
    }
}
