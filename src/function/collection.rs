//! Functions over values with parts, and over lists: `len`, `count`, `first`, `join`, `sort`, `present`.

use super::argument::{canonical, items, text};
use super::bounded_text::BoundedText;
use super::{ArgumentKind, Function, PLAIN, parameter};
use crate::json::{Arena, Number};
use crate::value::{RuntimeValue, ValueType};

pub(super) static LEN: Function = Function {
    name: "len",
    parameters: &[parameter("value", ArgumentKind::AnyOrLabels)],
    result: ValueType::NUMBER,
    may_be_missing: true,
    documentation: "The number of characters of a string, items of an array, members of an object, or labels of an \
                    event; missing for every other value. Use `count` for the nodes of a path.",
    examples: &[(r#"len("支付")"#, "2"), ("len($.list)", "3"), ("len($.labels)", "3"), ("len(12)", "missing")],
    call: len,
    ..PLAIN
};

pub(super) static COUNT: Function = Function {
    name: "count",
    parameters: &[parameter("nodes", ArgumentKind::Nodes)],
    result: ValueType::NUMBER,
    documentation: "The number of nodes that a path finds.",
    examples: &[("count($.list[*])", "3"), ("count($.empty[*])", "0")],
    call: |arguments, arena| {
        let items = arguments.first().and_then(|list| items(list, arena));
        items.map_or(RuntimeValue::Missing, |items| number(items.len()))
    },
    ..PLAIN
};

pub(super) static FIRST: Function = Function {
    name: "first",
    parameters: &[parameter("list", ArgumentKind::List)],
    result: ValueType::JSON,
    may_be_missing: true,
    documentation: "The first node that a path finds, or the first item of a list; missing if there is none.",
    examples: &[
        ("first($.list[*])", r#""a""#),
        ("first($.empty[*])", "missing"),
        (r#"first(split("a:b", ":"))"#, r#""a""#),
    ],
    call: |arguments, arena| {
        let items = arguments.first().and_then(|list| items(list, arena));
        items.and_then(|items| items.first().copied()).unwrap_or(RuntimeValue::Missing)
    },
    ..PLAIN
};

pub(super) static JOIN: Function = Function {
    name: "join",
    parameters: &[parameter("list", ArgumentKind::List), parameter("separator", ArgumentKind::Text)],
    reads_whole: true,
    documentation: "The nodes of a path, or the items of a list, as one string with the separator between them. Null is \
                    skipped, arrays and objects are their JSON text; the result is cut at 1 MiB.",
    examples: &[
        (r#"join($.list[*], ", ")"#, r#""a, b, c""#),
        (r#"join($.empty[*], ", ")"#, r#""""#),
        (r#"join(split("a b", " "), "-")"#, r#""a-b""#),
    ],
    call: join,
    ..PLAIN
};

pub(super) static SORT: Function = Function {
    name: "sort",
    parameters: &[parameter("list", ArgumentKind::List)],
    result: ValueType::ARRAY,
    reads_whole: true,
    documentation: "The nodes of a path, or the items of a list, in order: null, booleans, numbers by value, strings by \
                    their characters, then arrays and objects by their JSON text. So a key or a text of a list without an \
                    order is the same for every order.",
    examples: &[
        (r#"join(sort(split("web,prod,db", ",")), ",")"#, r#""db,prod,web""#),
        ("first(sort($.list[*]))", r#""a""#),
        (r#"key("k", sort(split("b,a", ",")))"#, r#"key("k", sort(split("a,b", ",")))"#),
        ("len(sort($.empty[*]))", "0"),
    ],
    call: |arguments, arena| {
        let items = arguments.first().and_then(|list| items(list, arena));
        items.map_or(RuntimeValue::Missing, |items| RuntimeValue::List(sorted(items, arena)))
    },
    ..PLAIN
};

pub(super) static PRESENT: Function = Function {
    name: "present",
    parameters: &[parameter("value", ArgumentKind::Any)],
    result: ValueType::JSON,
    takes_missing: true,
    may_be_missing: true,
    documentation: "The value, unless it is empty: null, `\"\"`, `[]` and `{}` become missing, so that `??` skips them.",
    examples: &[
        (r#"present("x")"#, r#""x""#),
        (r#"present("")"#, "missing"),
        ("present(null)", "missing"),
        ("present($.empty)", "missing"),
        ("present(0)", "0"),
        ("present(false)", "false"),
    ],
    call: |arguments, _| arguments.first().filter(|value| !value.is_empty()).copied().unwrap_or(RuntimeValue::Missing),
    ..PLAIN
};

/// What decides the place of an item in a sorted list. Values that are equal for a key, such as 1 and 1.0, are ordered by
/// their text, so that the result does not depend on their order either.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey<'a> {
    Nothing,
    Boolean(bool),
    Number(Number, String),
    Text(&'a str),
    Canonical(Vec<u8>),
}

impl<'a> SortKey<'a> {
    fn of(value: &RuntimeValue<'a>, arena: &'a Arena) -> Self {
        match value {
            RuntimeValue::Missing | RuntimeValue::Null => Self::Nothing,
            RuntimeValue::Boolean(truth) => Self::Boolean(*truth),
            RuntimeValue::Number(number) => Self::Number(*number, number.to_string()),
            RuntimeValue::Text(text) => Self::Text(text),
            RuntimeValue::Json(_)
            | RuntimeValue::List(_)
            | RuntimeValue::Labels(_)
            | RuntimeValue::Severity(_)
            | RuntimeValue::Status(_)
            | RuntimeValue::Time(_)
            | RuntimeValue::Regex(_) => {
                let mut bytes = Vec::new();
                canonical(value, arena, &mut bytes);
                Self::Canonical(bytes)
            }
        }
    }
}

fn sorted<'a>(items: &[RuntimeValue<'a>], arena: &'a Arena) -> &'a [RuntimeValue<'a>] {
    let mut keyed: Vec<_> = items.iter().map(|item| (SortKey::of(item, arena), item)).collect();
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    arena.collect(keyed.into_iter().map(|(_, item)| *item))
}

fn number<'a>(count: usize) -> RuntimeValue<'a> {
    RuntimeValue::Number(Number::Natural(count as u64))
}

fn len<'a>(arguments: &[RuntimeValue<'a>], _: &'a Arena) -> RuntimeValue<'a> {
    let of_json = |json: &crate::json::Value<'_>| {
        json.as_array().map(<[_]>::len).or_else(|| json.as_object().map(crate::json::Object::len))
    };
    let length = arguments.first().and_then(|value| match value {
        RuntimeValue::Text(text) => Some(text.chars().count()),
        RuntimeValue::Json(json) => of_json(json),
        RuntimeValue::List(items) => Some(items.len()),
        RuntimeValue::Labels(labels) => Some(labels.len()),
        RuntimeValue::Missing
        | RuntimeValue::Null
        | RuntimeValue::Boolean(_)
        | RuntimeValue::Number(_)
        | RuntimeValue::Severity(_)
        | RuntimeValue::Status(_)
        | RuntimeValue::Time(_)
        | RuntimeValue::Regex(_) => None,
    });
    length.map_or(RuntimeValue::Missing, number)
}

fn join<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> RuntimeValue<'a> {
    let items = arguments.first().and_then(|list| items(list, arena));
    let (Some(items), Some(separator)) = (items, text(arguments, 1)) else {
        return RuntimeValue::Missing;
    };
    let mut result = BoundedText::default();
    for (at, item) in items.iter().filter_map(|item| item.to_text(arena)).enumerate() {
        if !(at == 0 || result.push(separator)) || !result.push(item) {
            break;
        }
    }
    RuntimeValue::Text(arena.text(&result.finish()))
}
