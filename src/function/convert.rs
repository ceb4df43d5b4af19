//! Functions that read one kind of value out of another: `number`, `string`, `parse_json`, `capture`.

use super::argument::text;
use super::{ArgumentKind, Function, PLAIN, parameter};
use crate::json::{self, Arena, Number};
use crate::value::{RuntimeValue, ValueType};

pub(super) static NUMBER: Function = Function {
    name: "number",
    parameters: &[parameter("value", ArgumentKind::Any)],
    result: ValueType::NUMBER,
    may_be_missing: true,
    documentation: "The number itself, or the number in a string, written as in JSON; blanks around it are ignored. \
                    Any other value gives missing.",
    examples: &[
        (r#"number("12")"#, "12"),
        (r#"number(" -0.5 ")"#, "-0.5"),
        ("number(90)", "90"),
        (r#"number("90%")"#, "missing"),
        (r#"number("")"#, "missing"),
        ("number(true)", "missing"),
    ],
    call: number,
    ..PLAIN
};

pub(super) static STRING: Function = Function {
    name: "string",
    parameters: &[parameter("value", ArgumentKind::Any)],
    reads_whole: true,
    documentation: "A string as it is, a constant's name, a time as RFC 3339 in UTC, and the JSON text of everything \
                    else; null is missing.",
    examples: &[
        ("string(12)", r#""12""#),
        ("string(true)", r#""true""#),
        (r#"string("x")"#, r#""x""#),
        ("string(null)", "missing"),
        ("string($.list)", r#""[\"a\",\"b\",\"c\"]""#),
    ],
    call: |arguments, arena| {
        let text = arguments.first().and_then(|value| value.to_text(arena));
        text.map_or(RuntimeValue::Missing, RuntimeValue::Text)
    },
    ..PLAIN
};

pub(super) static PARSE_JSON: Function = Function {
    name: "parse_json",
    parameters: &[parameter("value", ArgumentKind::Any)],
    result: ValueType::JSON,
    may_be_missing: true,
    documentation: "The value that a string of JSON holds, missing if it is not JSON; a value that is not a string \
                    is returned as it is.",
    examples: &[
        (r#"parse_json("12")"#, "12"),
        (r#"string(parse_json("[1, 2]"))"#, r#""[1,2]""#),
        (r#"parse_json("{{")"#, "missing"),
        ("parse_json(true)", "true"),
    ],
    call: parse_json,
    ..PLAIN
};

pub(super) static CAPTURE: Function = Function {
    name: "capture",
    parameters: &[
        parameter("text", ArgumentKind::Text),
        parameter("regex", ArgumentKind::Regex),
        parameter("group", ArgumentKind::LiteralText),
    ],
    may_be_missing: true,
    documentation: "The text of a named group in the first match of the regex; missing if nothing matches, or if \
                    the group is not part of the match.",
    examples: &[
        (r#"capture("db-7:5432", /(?<host>[a-z0-9-]+):(?<port>[0-9]+)/, "port")"#, r#""5432""#),
        (r#"capture("db-7", /:(?<port>[0-9]+)/, "port")"#, "missing"),
    ],
    call: capture,
    ..PLAIN
};

fn number<'a>(arguments: &[RuntimeValue<'a>], _: &'a Arena) -> RuntimeValue<'a> {
    if let Some(number @ RuntimeValue::Number(_)) = arguments.first() {
        return *number;
    }
    let read = text(arguments, 0).and_then(|text| text.trim().parse::<Number>().ok());
    read.map_or(RuntimeValue::Missing, RuntimeValue::Number)
}

fn parse_json<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> RuntimeValue<'a> {
    match text(arguments, 0) {
        Some(text) => match json::parse(text.as_bytes(), arena) {
            Ok(document) => RuntimeValue::of_json(document.root),
            Err(_) => RuntimeValue::Missing,
        },
        None => arguments.first().copied().unwrap_or(RuntimeValue::Missing),
    }
}

fn capture<'a>(arguments: &[RuntimeValue<'a>], _: &'a Arena) -> RuntimeValue<'a> {
    let (Some(subject), Some(RuntimeValue::Regex(regex)), Some(group)) =
        (text(arguments, 0), arguments.get(1), text(arguments, 2))
    else {
        return RuntimeValue::Missing;
    };
    regex.capture(subject, group).map_or(RuntimeValue::Missing, RuntimeValue::Text)
}
