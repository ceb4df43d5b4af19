//! How functions look at their arguments.

use crate::json;
use crate::value::Value;
use std::borrow::Cow;

/// The string at that position of the arguments.
pub(super) fn text<'v, 'a>(arguments: &'v [Value<'a>], at: usize) -> Option<&'v Cow<'a, str>> {
    match arguments.get(at)? {
        Value::Text(text) => Some(text),
        Value::Missing
        | Value::Null
        | Value::Boolean(_)
        | Value::Number(_)
        | Value::Json(_)
        | Value::Parsed(_)
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

/// A part of a text, borrowed where the text is.
pub(super) fn part<'a>(
    text: &Cow<'a, str>,
    choose: impl for<'t> FnOnce(&'t str) -> Option<&'t str>,
) -> Value<'a> {
    let part = match text {
        Cow::Borrowed(text) => choose(text).map(Cow::Borrowed),
        Cow::Owned(text) => choose(text).map(|part| Cow::Owned(part.to_owned())),
    };
    part.map_or(Value::Missing, Value::Text)
}

/// The items of a list, wherever the list comes from; nothing where it is none.
pub(super) fn items<'v, 'a>(value: &'v Value<'a>) -> Option<Cow<'v, [Value<'a>]>> {
    match value {
        Value::List(items) => Some(Cow::Borrowed(items)),
        Value::Json(json) => Some(json.as_array()?.iter().map(Value::borrowed).collect()),
        Value::Parsed(json) => Some(json.as_array()?.iter().cloned().map(Value::owned).collect()),
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

/// The value as a string: a string is itself, everything else its JSON text; no value is none.
pub(super) fn as_text<'a>(value: &Value<'a>) -> Option<Cow<'a, str>> {
    match value {
        Value::Missing | Value::Null => None,
        Value::Boolean(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Text(text) => Some(text.clone()),
        Value::Json(json) => Some(json_text(json)),
        Value::Parsed(json) => Some(Cow::Owned(json_text(json).into_owned())),
        Value::List(_) | Value::Labels(_) => Some(Cow::Owned(as_json(value).to_json())),
        Value::Severity(severity) => Some(Cow::Borrowed(severity.name())),
        Value::Status(status) => Some(Cow::Borrowed(status.name())),
        Value::Time(instant) => Some(Cow::Owned(instant.to_string())),
        Value::Regex(regex) => Some(Cow::Borrowed(regex.pattern())),
    }
}

fn json_text<'j>(json: &'j json::Value<'_>) -> Cow<'j, str> {
    json.as_text().map_or_else(|| Cow::Owned(json.to_json()), Cow::Borrowed)
}

/// The value as JSON, for lists and labels, whose items have no JSON text of their own.
fn as_json<'v>(value: &'v Value<'_>) -> json::Value<'v> {
    match value {
        Value::Missing | Value::Null => json::Value::Null,
        Value::Boolean(truth) => json::Value::Boolean(*truth),
        Value::Number(number) => json::Value::Number(*number),
        Value::Json(json) => (*json).clone(),
        Value::Parsed(json) => (**json).clone(),
        Value::List(items) => json::Value::Array(items.iter().map(as_json).collect()),
        Value::Labels(labels) => {
            let text = |text| json::Value::Text(Cow::Borrowed(text));
            json::Value::Object(
                labels.iter().map(|(name, value)| (Cow::Borrowed(name), text(value))).collect(),
            )
        }
        Value::Text(_) | Value::Severity(_) | Value::Status(_) | Value::Time(_) | Value::Regex(_) => {
            json::Value::Text(as_text(value).unwrap_or_default())
        }
    }
}

/// Appends bytes that are the same for equal values and differ for others, *missing* included.
pub(super) fn canonical(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Missing => out.push(b'm'),
        // Constants and times are no strings, so they are set apart from the strings of the same letters.
        Value::Severity(_) | Value::Status(_) | Value::Time(_) | Value::Regex(_) => {
            out.push(b'c');
            as_json(value).canonical(out);
        }
        Value::Json(json) => json.canonical(out),
        Value::Parsed(json) => json.canonical(out),
        Value::Null
        | Value::Boolean(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Labels(_) => as_json(value).canonical(out),
    }
}
