//! `label_lines`: labels as text, one line for each.

use super::argument::{text, whole};
use super::bounded_text::BoundedText;
use super::{ArgumentKind, Function, PLAIN, optional, parameter};
use crate::json::{self, Arena, ToJson};
use crate::value::RuntimeValue;
use std::borrow::Cow;

/// The name of the function.
pub(crate) const NAME: &str = "label_lines";

pub(super) static LABEL_LINES: Function = Function {
    name: NAME,
    parameters: &[
        parameter("labels", ArgumentKind::AnyOrLabels),
        parameter("form", ArgumentKind::LiteralText),
        optional("most", ArgumentKind::LiteralNumber),
    ],
    may_be_missing: true,
    reads_whole: true,
    documentation: "Labels as text, one line for each. In the form, `{name}` and `{value}` are the label's, `{{` and `}}` are \
                    braces. Line breaks in names and values become blanks. Past `most` labels one more line says how many were left out; the result is cut at 1 MiB.",
    examples: &[
        (r#"label_lines($.labels, "- {name}: {value}")"#, r#""- team: sre\n- env: prod\n- zone: b""#),
        (r#"label_lines($.labels, "{name}={value}", 1)"#, r#""team=sre\n… and 2 more""#),
        (r#"label_lines("x", "{name}")"#, "missing"),
    ],
    call: label_lines,
    ..PLAIN
};

fn label_lines<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> RuntimeValue<'a> {
    let mut result = BoundedText::default();
    match lines(arguments, arena, |part| result.push(part.text())) {
        Some(()) => RuntimeValue::Text(arena.text(&result.finish())),
        None => RuntimeValue::Missing,
    }
}

/// A part of the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinePart<'t> {
    /// Words of the form, and line breaks.
    Form(Cow<'t, str>),
    /// The name or the value of a label, on one line.
    Label(Cow<'t, str>),
}

impl LinePart<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Form(text) | Self::Label(text) => text,
        }
    }
}

/// The parts of what `label_lines` makes of its arguments, cut like it; nothing if that is missing.
pub(crate) fn label_line_parts<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> Option<Vec<LinePart<'a>>> {
    let (mut parts, mut room) = (Vec::new(), super::LONGEST);
    lines(arguments, arena, |part| {
        let left = room.checked_sub(part.text().len());
        room = left.unwrap_or(0);
        parts.extend(left.map(|_| part));
        left.is_some()
    })?;
    Some(parts)
}

/// Gives every part to `add`, until it returns that it takes no more.
fn lines<'a>(
    arguments: &[RuntimeValue<'a>],
    arena: &'a Arena,
    mut add: impl FnMut(LinePart<'a>) -> bool,
) -> Option<()> {
    let labels = entries(arguments.first()?, arena)?;
    let form: Vec<FormPiece<'a>> = pieces(text(arguments, 1)?).collect();
    let most = whole(arguments, 2).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let own = |text: &'static str| LinePart::Form(Cow::Borrowed(text));
    for (at, (name, value)) in labels.iter().take(most).enumerate() {
        if !(at == 0 || add(own("\n"))) || !add_line(&form, name, value, &mut add) {
            break;
        }
    }
    if let Some(left_out) = labels.len().checked_sub(most).filter(|count| *count > 0) {
        let more = format!("{}… and {left_out} more", if most == 0 { "" } else { "\n" });
        add(LinePart::Form(Cow::Owned(more)));
    }
    Some(())
}

fn add_line<'a>(
    form: &[FormPiece<'a>],
    name: &'a str,
    value: &'a str,
    add: &mut impl FnMut(LinePart<'a>) -> bool,
) -> bool {
    form.iter().all(|piece| match piece {
        FormPiece::Text(text) => add(LinePart::Form(Cow::Borrowed(text))),
        FormPiece::Name => add(LinePart::Label(in_one_line(name))),
        FormPiece::Value => add(LinePart::Label(in_one_line(value))),
        FormPiece::Unknown => true,
    })
}

/// A label must not begin a line of its own, in which it could read as a heading or another label.
fn in_one_line(text: &str) -> Cow<'_, str> {
    const BREAKS: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    if text.contains(BREAKS) { Cow::Owned(text.replace("\r\n", " ").replace(BREAKS, " ")) } else { Cow::Borrowed(text) }
}

/// Names and values of labels, or of an object's members.
fn entries<'a>(value: &RuntimeValue<'a>, arena: &'a Arena) -> Option<Vec<(&'a str, &'a str)>> {
    if let RuntimeValue::Labels(labels) = value {
        return Some(labels.iter().collect());
    }
    members(value.as_json()?, arena)
}

fn members<'a>(json: &json::Value<'a>, arena: &'a Arena) -> Option<Vec<(&'a str, &'a str)>> {
    let text = |value: &json::Value<'a>| match value {
        json::Value::Null => "",
        json::Value::Text(text) => text,
        json::Value::Boolean(_) | json::Value::Number(_) | json::Value::Array(_) | json::Value::Object(_) => {
            arena.text(&value.to_json())
        }
    };
    Some(json.as_object()?.iter().map(|(name, value)| (name, text(value))).collect())
}

/// A piece of a form.
#[derive(Debug, Clone, Copy)]
enum FormPiece<'f> {
    Text(&'f str),
    Name,
    Value,
    /// Braces around another name.
    Unknown,
}

/// Splits a form at its braces. A brace without its partner is text.
fn pieces(form: &str) -> impl Iterator<Item = FormPiece<'_>> {
    let mut rest = form;
    std::iter::from_fn(move || {
        let brace = rest.find(['{', '}']).filter(|at| *at > 0).unwrap_or(rest.len());
        let (piece, behind) = if rest.starts_with(['{', '}']) {
            braces(rest)?
        } else {
            let (text, behind) = rest.split_at_checked(brace)?;
            (FormPiece::Text(text), behind)
        };
        rest = behind;
        (!matches!(piece, FormPiece::Text(""))).then_some(piece)
    })
}

/// The first piece of a text that begins with a brace, and the rest.
fn braces(text: &str) -> Option<(FormPiece<'_>, &str)> {
    if text.starts_with("{{") || text.starts_with("}}") {
        let (brace, _) = text.split_at_checked(1)?;
        return Some((FormPiece::Text(brace), text.get(2..)?));
    }
    let inside = text.strip_prefix('{').and_then(|inside| inside.split_once('}'));
    Some(match inside {
        Some(("name", behind)) => (FormPiece::Name, behind),
        Some(("value", behind)) => (FormPiece::Value, behind),
        Some((_, behind)) => (FormPiece::Unknown, behind),
        None => {
            let (brace, behind) = text.split_at_checked(1)?;
            (FormPiece::Text(brace), behind)
        }
    })
}
