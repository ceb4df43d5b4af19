//! `label_lines`: labels as text, one line for each.

use super::argument::{text, whole};
use super::bounded_text::BoundedText;
use super::{ArgumentKind, Function, PLAIN, optional, parameter};
use crate::json::{self, Arena, ToJson};
use crate::value::RuntimeValue;

pub(super) static LABEL_LINES: Function = Function {
    name: "label_lines",
    parameters: &[
        parameter("labels", ArgumentKind::AnyOrLabels),
        parameter("form", ArgumentKind::LiteralText),
        optional("most", ArgumentKind::LiteralNumber),
    ],
    may_be_missing: true,
    reads_whole: true,
    documentation: "Labels as text, one line for each. In the form, `{name}` and `{value}` are the label's, `{{` and `}}` are \
                    braces. Past `most` labels one more line says how many were left out; the result is cut at 1 MiB.",
    examples: &[
        (r#"label_lines($.labels, "- {name}: {value}")"#, r#""- team: sre\n- env: prod\n- zone: b""#),
        (r#"label_lines($.labels, "{name}={value}", 1)"#, r#""team=sre\n… and 2 more""#),
        (r#"label_lines("x", "{name}")"#, "missing"),
    ],
    call: label_lines,
    ..PLAIN
};

fn label_lines<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> RuntimeValue<'a> {
    let labels = arguments.first().and_then(|labels| entries(labels, arena));
    let (Some(labels), Some(form)) = (labels, text(arguments, 1)) else {
        return RuntimeValue::Missing;
    };
    let most = whole(arguments, 2).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let form: Vec<FormPiece<'_>> = pieces(form).collect();
    let mut result = BoundedText::default();
    for (at, (name, value)) in labels.iter().take(most).enumerate() {
        if !(at == 0 || result.push("\n")) || !push_line(&mut result, &form, name, value) {
            break;
        }
    }
    if let Some(left_out) = labels.len().checked_sub(most).filter(|count| *count > 0) {
        result.push(&format!("{}… and {left_out} more", if most == 0 { "" } else { "\n" }));
    }
    RuntimeValue::Text(arena.text(&result.finish()))
}

fn push_line(result: &mut BoundedText, form: &[FormPiece<'_>], name: &str, value: &str) -> bool {
    form.iter().all(|piece| match piece {
        FormPiece::Text(text) => result.push(text),
        FormPiece::Name => result.push(name),
        FormPiece::Value => result.push(value),
        FormPiece::Unknown => true,
    })
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
