//! How functions read their arguments.

use crate::json::Arena;
use crate::value::RuntimeValue;

/// The string at that position of the arguments.
pub(super) fn text<'a>(arguments: &[RuntimeValue<'a>], at: usize) -> Option<&'a str> {
    arguments.get(at)?.as_text()
}

/// The number at that position of the arguments, without its fraction.
#[expect(clippy::cast_possible_truncation, reason = "an integer is exact, and a float is cut as is wanted")]
pub(super) fn whole(arguments: &[RuntimeValue<'_>], at: usize) -> Option<i64> {
    let Some(RuntimeValue::Number(number)) = arguments.get(at) else { return None };
    Some(match number.integer() {
        Some(integer) => integer.clamp(i64::MIN.into(), i64::MAX.into()) as i64,
        None => number.float() as i64,
    })
}

/// The items of a list, wherever it comes from; nothing if the value is not a list.
pub(super) fn items<'a>(value: &RuntimeValue<'a>, arena: &'a Arena) -> Option<&'a [RuntimeValue<'a>]> {
    if let RuntimeValue::List(items) = value {
        return Some(items);
    }
    Some(arena.collect(value.as_json()?.as_array()?.iter().map(RuntimeValue::of_json)))
}

/// Appends bytes that are the same for equal values and differ for others, *missing* included.
pub(super) fn canonical<'a>(value: &RuntimeValue<'a>, arena: &'a Arena, out: &mut Vec<u8>) {
    match value {
        RuntimeValue::Missing => out.push(b'm'),
        // Constants and times are not strings, so they differ from strings of the same letters.
        RuntimeValue::Severity(_) | RuntimeValue::Status(_) | RuntimeValue::Time(_) | RuntimeValue::Regex(_) => {
            out.push(b'c');
            value.to_json(arena).canonical(out);
        }
        RuntimeValue::Json(json) => json.canonical(out),
        RuntimeValue::Null
        | RuntimeValue::Boolean(_)
        | RuntimeValue::Number(_)
        | RuntimeValue::Text(_)
        | RuntimeValue::List(_)
        | RuntimeValue::Labels(_) => value.to_json(arena).canonical(out),
    }
}
