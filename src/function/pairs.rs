//! `pairs`: the object that a list of names and values stands for.

use super::argument::{items, text};
use super::{ArgumentKind, Function, PLAIN, optional, parameter};
use crate::json::{self, Arena};
use crate::text::{plural, quoted, shorten};
use crate::value::{RuntimeValue, ValueType};

/// How many characters of an item stand in a note.
const MAX_SHOWN: usize = 40;

pub(super) static PAIRS: Function = Function {
    name: "pairs",
    parameters: &[
        parameter("list", ArgumentKind::Items),
        parameter("name_or_separator", ArgumentKind::LiteralText),
        optional("value", ArgumentKind::LiteralText),
    ],
    result: ValueType::OBJECT,
    may_be_missing: true,
    reads_whole: true,
    documentation: "An object of the names and values in a list. With two texts, the items are objects, and the texts name \
                    the members that hold the name and the value. With one text, the items are strings, and the text \
                    separates the name from the value; blanks around both and blank items are skipped. A later item \
                    of the same name wins. Any other item is skipped, with a note; a value that is not a list gives \
                    missing.",
    examples: &[
        (r#"pairs(split("team:sre, env:prod", ","), ":").env"#, r#""prod""#),
        (r#"string(pairs(split("a=1,b=2,a=3", ","), "="))"#, r#""{{\"a\":\"3\",\"b\":\"2\"}}""#),
        (r#"pairs(parse_json("[{{\"tag\": \"team\", \"value\": \"sre\"}}]"), "tag", "value").team"#, r#""sre""#),
        (r#"pairs($.labels, ":")"#, "missing"),
    ],
    remark: Some(remark),
    call: pairs,
    ..PLAIN
};

/// How the items hold their names and values.
#[derive(Debug, Clone, Copy)]
enum PairForm<'a> {
    /// Objects, with the names of two members.
    Members(&'a str, &'a str),
    /// Strings, with a separator.
    Separator(&'a str),
}

/// What an item is.
enum PairItem<'a> {
    Pair(&'a str, json::Value<'a>),
    /// A string of blanks, as behind the last comma of `a:b,`.
    Blank,
    /// An item of another form.
    Odd,
}

impl<'a> PairForm<'a> {
    fn of(arguments: &[RuntimeValue<'a>]) -> Option<Self> {
        let first = text(arguments, 1)?;
        Some(text(arguments, 2).map_or(Self::Separator(first), |value| Self::Members(first, value)))
    }

    fn read(self, item: &RuntimeValue<'a>, arena: &'a Arena) -> PairItem<'a> {
        let pair = match self {
            Self::Separator(separator) => {
                let Some(text) = item.as_text() else { return PairItem::Odd };
                if text.trim().is_empty() {
                    return PairItem::Blank;
                }
                let parts = text.split_once(separator);
                parts.map(|(name, value)| (Some(name.trim()), json::Value::Text(value.trim())))
            }
            Self::Members(name, value) => {
                let object = item.as_json().and_then(json::Value::as_object);
                object.and_then(|object| Some((name_text(object.get(name)?, arena), *object.get(value)?)))
            }
        };
        match pair {
            Some((Some(name), value)) if !name.is_empty() => PairItem::Pair(name, value),
            Some(_) | None => PairItem::Odd,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Members(name, value) => format!("an object with `{name}` and `{value}`"),
            Self::Separator(separator) => format!("a string with `{separator}`"),
        }
    }
}

/// A name is a string or a number.
fn name_text<'a>(name: &json::Value<'a>, arena: &'a Arena) -> Option<&'a str> {
    match name {
        json::Value::Text(text) => Some(text),
        json::Value::Number(number) => Some(arena.text(&number.to_string())),
        json::Value::Null | json::Value::Boolean(_) | json::Value::Array(_) | json::Value::Object(_) => None,
    }
}

fn pairs<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> RuntimeValue<'a> {
    let list = arguments.first().and_then(|list| items(list, arena));
    let (Some(list), Some(form)) = (list, PairForm::of(arguments)) else { return RuntimeValue::Missing };
    let members = list.iter().filter_map(|item| match form.read(item, arena) {
        PairItem::Pair(name, value) => Some((name, value)),
        PairItem::Blank | PairItem::Odd => None,
    });
    let object = json::Object::of(members, arena);
    RuntimeValue::Json(arena.alloc(json::Value::Object(arena.alloc(object))))
}

/// Which items are skipped, and why.
fn remark<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> Option<String> {
    let (value, form) = (arguments.first()?, PairForm::of(arguments)?);
    let Some(list) = items(value, arena) else {
        return Some(format!("takes a list, found {}", described(value)));
    };
    let mut odd = list.iter().filter(|item| matches!(form.read(item, arena), PairItem::Odd));
    let first = odd.next()?;
    let count = odd.count() + 1;
    let number = list.len();
    Some(format!("skips {count} of {}: expected {}, found {}", plural(number, "item"), form.words(), described(first)))
}

fn described(value: &RuntimeValue<'_>) -> String {
    match value {
        RuntimeValue::Text(text) => quoted(&shorten(text, MAX_SHOWN)),
        RuntimeValue::Json(node) if node.as_array().is_some() => "an array".to_owned(),
        RuntimeValue::Json(_) | RuntimeValue::Labels(_) => "an object".to_owned(),
        RuntimeValue::List(_) => "a list".to_owned(),
        RuntimeValue::Missing => "nothing".to_owned(),
        RuntimeValue::Null
        | RuntimeValue::Boolean(_)
        | RuntimeValue::Number(_)
        | RuntimeValue::Severity(_)
        | RuntimeValue::Status(_)
        | RuntimeValue::Time(_)
        | RuntimeValue::Regex(_) => value.to_text(&Arena::new()).unwrap_or("null").to_owned(),
    }
}
