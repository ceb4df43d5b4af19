//! The parts of a chat message about an event. Each kind lays them out and escapes them in its own way.
//!
//! Anybody who can raise an alert can choose its title, description and labels. They are shown as text, also where the
//! rules put them into a message of their own: mentions and hidden characters are disabled here, and each kind makes them
//! [text](super::markup) in its markup. What the rules write is markup.

use super::cut::{self, Truncated};
use super::delivery;
use super::http::{RenderContext, TextOrigin, TextSegment};
use super::markup;
use crate::event::{AlertStatus, Event, Severity};
use crate::text::one_line;
use std::borrow::Cow;

/// How many labels are shown.
pub(super) const MAX_LABELS: usize = 10;
/// How many characters of a title are shown.
const LONGEST_TITLE: usize = 256;
/// How many characters of a label's name and of its value are shown.
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 200;
/// The most characters of a link; a longer one is not shown.
const LONGEST_LINK: usize = 1_000;
/// Longer texts are cut before their kind cuts them further. No kind has a larger limit. In bytes.
const LONGEST_TEXT: usize = 32 << 10;

/// The parts.
#[derive(Debug)]
pub(super) struct MessageParts {
    /// `🔴 [Critical] checkout is down`, one line.
    pub(super) heading: String,
    /// The text of the rules, or the event's description; empty if there is none.
    pub(super) text: String,
    /// Whether the rules wrote `text`. Neither labels nor a link are added then.
    pub(super) is_own: bool,
    /// The first labels.
    pub(super) labels: Vec<(String, String)>,
    /// The link, an `http` or `https` URL without characters that end a link in Markdown.
    pub(super) link: Option<String>,
    /// What was left out or cut.
    pub(super) notes: Vec<String>,
}

/// The parts of the message about an event; `escaped` writes a text of the payload after a part of the message of the rules.
pub(super) fn message_parts(context: &RenderContext<'_>, escaped: impl Fn(&str, &str) -> String) -> MessageParts {
    let event = context.event;
    let mut notes = Vec::new();
    let title = cut::characters(&line(event.title), LONGEST_TITLE);
    if title.was_cut {
        notes.push(format!("the title was cut to {LONGEST_TITLE} characters"));
    }
    let own = own_message(context, escaped);
    let text = own.as_deref().or(event.description).unwrap_or_default();
    let text = noted(cut::bytes(text, LONGEST_TEXT), &mut notes);
    let is_own = own.is_some();
    let labels = if is_own { Vec::new() } else { labels(event) };
    let link = event.link.filter(|_| !is_own).and_then(|link| {
        let safe = self::link(link);
        if safe.is_none() {
            notes.push("the link is not shown: it is not an HTTP address, names a user, or is too long".to_owned());
        }
        safe
    });
    MessageParts {
        heading: format!("{} [{}] {}", emoji(event), status_word(event), title.value),
        text: clean(&text),
        is_own,
        labels,
        link,
        notes,
    }
}

/// The message that the rules write, in which what comes from the payload is text.
fn own_message(context: &RenderContext<'_>, escaped: impl Fn(&str, &str) -> String) -> Option<String> {
    let whole = context.text(&delivery::MESSAGE)?;
    let Some(segments) = &context.message else { return Some(whole.to_owned()) };
    let mut message = String::with_capacity(whole.len());
    let mut is_open = false;
    for TextSegment { text, origin } in segments {
        let text = match origin {
            TextOrigin::Rules => Cow::Borrowed(text.as_str()),
            TextOrigin::Payload => Cow::Owned(escaped(tail(&message), text)),
        };
        // A bracket that a value closes is not the beginning of a link, whatever follows.
        if is_open && text.starts_with(['(', '[', ':']) {
            message.push(' ');
        }
        if !text.is_empty() {
            is_open = *origin == TextOrigin::Payload && text.ends_with(']');
        }
        message.push_str(&text);
    }
    Some(message)
}

/// The end of a message, as much as can matter to what follows.
fn tail(message: &str) -> &str {
    message.get(message.floor_char_boundary(message.len().saturating_sub(LONGEST_LINK))..).unwrap_or_default()
}

/// What is left of a message. If it was cut, that is noted.
pub(super) fn noted<T>(message: Truncated<T>, notes: &mut Vec<String>) -> T {
    if message.was_cut {
        note_cut(notes);
    }
    message.value
}

/// Adds the note that the message was cut, once.
fn note_cut(notes: &mut Vec<String>) {
    const NOTE: &str = "the message was cut to what the chat takes";
    if !notes.iter().any(|note| note == NOTE) {
        notes.push(NOTE.to_owned());
    }
}

/// The names that the message mentions, which commas separate. Only a firing `Critical` event mentions anybody.
pub(super) fn mentioned<'c>(context: &'c RenderContext<'_>) -> Vec<&'c str> {
    let event = context.event;
    let is_urgent = event.severity == Severity::Critical && event.status == AlertStatus::Firing;
    let all = context.text(&delivery::MENTION).filter(|_| is_urgent).unwrap_or_default();
    all.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// `Critical`, or `Resolved` for a recovery.
pub(super) fn status_word(event: &Event<'_>) -> &'static str {
    match event.status {
        AlertStatus::Firing => event.severity.name(),
        AlertStatus::Resolved => event.status.name(),
    }
}

fn emoji(event: &Event<'_>) -> char {
    match (event.status, event.severity) {
        (AlertStatus::Resolved, _) => '🟢',
        (AlertStatus::Firing, Severity::Critical) => '🔴',
        (AlertStatus::Firing, Severity::Warning) => '🟠',
        (AlertStatus::Firing, Severity::Info) => '🔵',
    }
}

fn labels(event: &Event<'_>) -> Vec<(String, String)> {
    let short = |text: &str, most| cut::characters(&line(text), most).value;
    let labels = event.labels.iter().take(MAX_LABELS);
    labels.map(|(name, value)| (short(name, LONGEST_NAME), short(value, LONGEST_VALUE))).collect()
}

/// A link that cannot leave its place in a message.
fn link(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok()?;
    // In `https://bank.example@evil.example/`, what looks like the host is the name of a user.
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let mut safe = String::with_capacity(url.as_str().len());
    for letter in url.as_str().chars() {
        match letter {
            '(' => safe.push_str("%28"),
            ')' => safe.push_str("%29"),
            '|' => safe.push_str("%7C"),
            '<' => safe.push_str("%3C"),
            '>' => safe.push_str("%3E"),
            '*' => safe.push_str("%2A"),
            '`' => safe.push_str("%60"),
            '\'' => safe.push_str("%27"),
            other => safe.push(other),
        }
    }
    (safe.len() <= LONGEST_LINK).then_some(safe)
}

/// One line.
fn line(text: &str) -> String {
    // The end of a very long title is never shown, so it is not read.
    let head = text.get(..text.floor_char_boundary(LONGEST_TEXT)).unwrap_or_default();
    one_line(&clean(head))
}

/// A text without control characters and without words that mention everybody in some chat.
fn clean(text: &str) -> String {
    let kept = |letter: &char| match letter {
        '\n' | '\t' => true,
        // Characters that change the direction of writing can make a text look like another.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => false,
        other => !other.is_control(),
    };
    let mut clean = String::with_capacity(text.len());
    let text: String = text.chars().filter(kept).collect();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('@') {
        clean.push_str(before);
        clean.push('@');
        if mentions(after) {
            clean.push('\u{200B}');
        }
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// Whether what follows an `@` is a word for everybody.
fn mentions(after: &str) -> bool {
    ["all", "channel", "here", "everyone", "所有人"]
        .iter()
        .any(|word| after.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
}

/// A text in the Markdown of DingTalk, WeCom and Feishu, after another part of a message. Tags and mentions (`<@id>`,
/// `<font …>`) are text, too.
pub(super) fn in_markdown(before: &str, text: &str) -> String {
    let text = markup::as_text(before, text);
    let mut safe = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let opens = |next: char| !next.is_whitespace() && !next.is_ascii_digit() && next != '=';
        let is_tag = letter == '<' && letters.peek().copied().is_some_and(opens);
        safe.push(if is_tag { markup::full_width(letter) } else { letter });
    }
    safe
}

/// Markdown that the rules wrote, in which nothing mentions anybody: `<@id>` and `<at …>` are broken up, links stay.
pub(super) fn without_mentions(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let after = text.get(at + letter.len_utf8()..).unwrap_or_default();
        let is_tag = |tag: &str| after.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
        let is_mention = letter == '<' && ["@", "at", "/at", "!"].into_iter().any(is_tag);
        safe.push(if is_mention { markup::full_width(letter) } else { letter });
    }
    safe
}

/// A Markdown message of at most `most` bytes: heading, text, labels, link. If it is too long, the text is cut first.
pub(super) fn markdown(parts: &mut MessageParts, heading: &str, most: usize) -> String {
    let heading = format!("{heading}{}", in_markdown("", &parts.heading));
    let mut tail = String::new();
    for (name, value) in &parts.labels {
        let line = format!("\n> {}  ", in_markdown("", &format!("{name}: {value}")));
        if tail.len() + line.len() > most / 3 {
            note_cut(&mut parts.notes);
            break;
        }
        tail.push_str(&line);
    }
    if !tail.is_empty() {
        tail.insert(0, '\n');
    }
    if let Some(link) = &parts.link {
        tail.extend(["\n\n[", link, "](", link, ")"]);
    }
    let remaining = most.saturating_sub(heading.len() + tail.len() + 2);
    let text = noted(cut::bytes(&in_markdown("", parts.text.trim()), remaining), &mut parts.notes);
    let between = if text.is_empty() { "" } else { "\n\n" };
    noted(cut::bytes(&format!("{heading}{between}{text}{tail}"), most), &mut parts.notes)
}

#[cfg(test)]
mod tests {
    use super::{clean, in_markdown, link};

    #[test]
    fn mentions_of_everybody_are_broken_up() {
        assert_eq!(clean("@all @All, a@b.example @所有人"), "@\u{200B}all @\u{200B}All, a@b.example @\u{200B}所有人");
        assert_eq!(clean("a\u{202E}b\u{0}c\r\nd"), "abc\nd");
    }

    #[test]
    fn tags_of_a_title_are_text() {
        assert_eq!(in_markdown("", "<@boss> 5 < 6 <= 7 <font color=\"x\">"), "＜@boss> 5 < 6 <= 7 ＜font color=\"x\">");
    }

    #[test]
    fn a_link_stays_in_its_place() {
        assert_eq!(link("https://a.example/x(1)|y>").as_deref(), Some("https://a.example/x%281%29%7Cy%3E"));
        assert_eq!(link("javascript:alert(1)"), None);
        assert_eq!(link("https://bank.example@evil.example/"), None);
        assert_eq!(link("https://:secret@evil.example/"), None);
        assert_eq!(link(&format!("https://a.example/{}", "x".repeat(2_000))), None);
    }
}
