//! Functions over strings: `lower`, `upper`, `trim`, `replace`, `split`, `slice`.

use super::argument::{text, whole};
use super::bounded_text::BoundedText;
use super::{ArgumentKind, Function, MAX_PARTS, PLAIN, optional, parameter};
use crate::json::Arena;
use crate::value::{RuntimeValue, ValueType};

pub(super) static LOWER: Function = Function {
    name: "lower",
    parameters: &[parameter("text", ArgumentKind::Text)],
    documentation: "The text in lower case, by Unicode.",
    examples: &[(r#"lower("P1")"#, r#""p1""#), (r#"lower("ÄÖ")"#, r#""äö""#), ("lower(missing)", "missing")],
    call: |arguments, arena| map(arguments, arena, str::to_lowercase),
    ..PLAIN
};

pub(super) static UPPER: Function = Function {
    name: "upper",
    parameters: &[parameter("text", ArgumentKind::Text)],
    documentation: "The text in upper case, by Unicode.",
    examples: &[(r#"upper("p1")"#, r#""P1""#), (r#"upper("straße")"#, r#""STRASSE""#)],
    call: |arguments, arena| map(arguments, arena, str::to_uppercase),
    ..PLAIN
};

pub(super) static TRIM: Function = Function {
    name: "trim",
    parameters: &[parameter("text", ArgumentKind::Text)],
    documentation: "The text without the blanks and line ends around it.",
    examples: &[(r#"trim("  P1\n")"#, r#""P1""#), (r#"trim(" ")"#, r#""""#)],
    call: |arguments, _| text(arguments, 0).map_or(RuntimeValue::Missing, |text| RuntimeValue::Text(text.trim())),
    ..PLAIN
};

pub(super) static REPLACE: Function = Function {
    name: "replace",
    parameters: &[
        parameter("text", ArgumentKind::Text),
        parameter("old", ArgumentKind::Text),
        parameter("new", ArgumentKind::Text),
    ],
    documentation: "The text with every `old` in it replaced by `new`; an empty `old` replaces nothing. The result is \
                    cut at 1 MiB.",
    examples: &[
        (r#"replace("a.b.c", ".", "-")"#, r#""a-b-c""#),
        (r#"replace("aaa", "aa", "b")"#, r#""ba""#),
        (r#"replace("abc", "", "-")"#, r#""abc""#),
    ],
    call: replace,
    ..PLAIN
};

pub(super) static SPLIT: Function = Function {
    name: "split",
    parameters: &[parameter("text", ArgumentKind::Text), parameter("separator", ArgumentKind::Text)],
    result: ValueType::ARRAY,
    documentation: "The parts of the text between the separators; an empty separator leaves the text whole. Past \
                    10,000 parts the last one keeps the rest.",
    examples: &[
        (r#"join(split("a,b,,c", ","), "|")"#, r#""a|b||c""#),
        (r#"first(split("db-1.example.com", "."))"#, r#""db-1""#),
        (r#"len(split("", ","))"#, "1"),
    ],
    call: split,
    ..PLAIN
};

pub(super) static SLICE: Function = Function {
    name: "slice",
    parameters: &[
        parameter("text", ArgumentKind::Text),
        parameter("from", ArgumentKind::Number),
        optional("to", ArgumentKind::Number),
    ],
    documentation: "The characters of the text from position `from`, counted from 0, to just before position `to`, or to \
                    the end. A negative position counts from the end; a position beyond an end means that end.",
    examples: &[
        (r#"slice("checkout", 0, 5)"#, r#""check""#),
        (r#"slice("支付失败", 2)"#, r#""失败""#),
        (r#"slice("checkout", -3)"#, r#""out""#),
        (r#"slice("checkout", 5, 2)"#, r#""""#),
        (r#"slice("checkout", 0, 100)"#, r#""checkout""#),
    ],
    call: slice,
    ..PLAIN
};

fn map<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena, change: impl FnOnce(&str) -> String) -> RuntimeValue<'a> {
    text(arguments, 0).map_or(RuntimeValue::Missing, |text| RuntimeValue::Text(arena.text(&change(text))))
}

fn replace<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> RuntimeValue<'a> {
    let (Some(text), Some(old), Some(new)) = (text(arguments, 0), text(arguments, 1), text(arguments, 2)) else {
        return RuntimeValue::Missing;
    };
    if old.is_empty() || !text.contains(old) {
        return RuntimeValue::Text(text);
    }
    let mut result = BoundedText::default();
    for (at, part) in text.split(old).enumerate() {
        if !(at == 0 || result.push(new)) || !result.push(part) {
            break;
        }
    }
    RuntimeValue::Text(arena.text(&result.finish()))
}

fn split<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> RuntimeValue<'a> {
    let (Some(text), Some(separator)) = (text(arguments, 0), text(arguments, 1)) else {
        return RuntimeValue::Missing;
    };
    if separator.is_empty() {
        return RuntimeValue::List(arena.slice(&[RuntimeValue::Text(text)]));
    }
    let parts: Vec<RuntimeValue<'a>> = text.splitn(MAX_PARTS, separator).map(RuntimeValue::Text).collect();
    RuntimeValue::List(arena.slice(&parts))
}

fn slice<'a>(arguments: &[RuntimeValue<'a>], _: &'a Arena) -> RuntimeValue<'a> {
    let (Some(text), Some(from)) = (text(arguments, 0), whole(arguments, 1)) else {
        return RuntimeValue::Missing;
    };
    let to = whole(arguments, 2);
    let start = byte_position(text, from);
    let end = to.map_or(text.len(), |to| byte_position(text, to));
    text.get(start..end.max(start)).map_or(RuntimeValue::Missing, RuntimeValue::Text)
}

/// The byte where the character at that position begins; a negative position counts from the end.
fn byte_position(text: &str, position: i64) -> usize {
    let count = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    let mut places = text.char_indices().map(|(place, _)| place);
    if position >= 0 { places.nth(count).unwrap_or(text.len()) } else { places.nth_back(count - 1).unwrap_or(0) }
}
