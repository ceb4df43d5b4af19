//! How functions look at their arguments.

use crate::json::Arena;
use crate::value::Value;

/// The string at that position of the arguments.
pub(super) fn text<'a>(arguments: &[Value<'a>], at: usize) -> Option<&'a str> {
    match arguments.get(at)? {
        Value::Text(text) => Some(text),
        Value::Missing
        | Value::Null
        | Value::Boolean(_)
        | Value::Number(_)
        | Value::Json(_)
        | Value::List(_)
        | Value::Severity(_)
        | Value::Status(_)
        | Value::Time(_)
        | Value::Labels(_)
        | Value::Regex(_) => None,
    }
}

/// The number at that position of the arguments, without its fraction.
#[expect(clippy::cast_possible_truncation, reason = "an integer is exact, and a float is cut as is wanted")]
pub(super) fn whole(arguments: &[Value<'_>], at: usize) -> Option<i64> {
    let Some(Value::Number(number)) = arguments.get(at) else { return None };
    Some(match number.integer() {
        Some(integer) => integer.clamp(i64::MIN.into(), i64::MAX.into()) as i64,
        None => number.float() as i64,
    })
}

/// The items of a list, wherever the list comes from; nothing where it is none.
pub(super) fn items<'a>(value: &Value<'a>, arena: &'a Arena) -> Option<&'a [Value<'a>]> {
    match value {
        Value::List(items) => Some(items),
        Value::Json(json) => Some(arena.gather(json.as_array()?.iter().map(Value::of_json))),
        Value::Missing
        | Value::Null
        | Value::Boolean(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Severity(_)
        | Value::Status(_)
        | Value::Time(_)
        | Value::Labels(_)
        | Value::Regex(_) => None,
    }
}

/// Appends bytes that are the same for equal values and differ for others, *missing* included.
pub(super) fn canonical<'a>(value: &Value<'a>, arena: &'a Arena, out: &mut Vec<u8>) {
    match value {
        Value::Missing => out.push(b'm'),
        // Constants and times are no strings, so they are set apart from the strings of the same letters.
        Value::Severity(_) | Value::Status(_) | Value::Time(_) | Value::Regex(_) => {
            out.push(b'c');
            value.to_json(arena).canonical(out);
        }
        Value::Json(json) => json.canonical(out),
        Value::Null
        | Value::Boolean(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Labels(_) => value.to_json(arena).canonical(out),
    }
}
