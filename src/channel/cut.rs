//! Cuts texts and bodies to the limits of the receiver. A cut never splits a character, and is marked by `…`.

use serde_json::Value;

/// Marks the place of a cut.
pub(super) const ELLIPSIS: char = '…';

/// A value within a limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Truncated<T> {
    pub(super) value: T,
    /// Whether anything was cut off.
    pub(super) was_cut: bool,
}

/// At most `most` characters (Unicode scalar values) of a text.
pub(super) fn characters(text: &str, most: usize) -> Truncated<String> {
    if text.char_indices().nth(most).is_none() {
        return Truncated { value: text.to_owned(), was_cut: false };
    }
    let mut value: String = text.chars().take(most.saturating_sub(1)).collect();
    value.push(ELLIPSIS);
    Truncated { value, was_cut: true }
}

/// At most `most` bytes of a text in UTF-8.
pub(super) fn bytes(text: &str, most: usize) -> Truncated<String> {
    if text.len() <= most {
        return Truncated { value: text.to_owned(), was_cut: false };
    }
    let mut value = String::new();
    if let Some(remaining) = most.checked_sub(ELLIPSIS.len_utf8()) {
        value.push_str(text.get(..text.floor_char_boundary(remaining)).unwrap_or_default());
        value.push(ELLIPSIS);
    }
    Truncated { value, was_cut: true }
}

/// How many bytes a body has on the wire.
pub(super) fn size(body: &Value) -> usize {
    // A JSON value can always be written.
    serde_json::to_vec(body).map_or(0, |bytes| bytes.len())
}

/// The body for a text. The text is cut so that the body has at most `most` bytes. Escapes can make any text longer on the
/// wire, so the longest text that fits is searched for.
pub(super) fn fitting(text: &str, most: usize, body: impl Fn(&str) -> Value) -> Truncated<Value> {
    let whole = body(text);
    if size(&whole) <= most {
        return Truncated { value: whole, was_cut: false };
    }
    let (mut fits, mut too_long) = (0, text.len());
    while too_long - fits > 1 {
        let middle = fits.midpoint(too_long);
        if size(&body(&bytes(text, middle).value)) <= most { fits = middle } else { too_long = middle }
    }
    Truncated { value: body(&bytes(text, fits).value), was_cut: true }
}

/// Cuts the texts of a body, and if that is not enough its lists and objects, until it has at most `most` bytes. Returns
/// whether anything was cut.
pub(super) fn shrink(body: &mut Value, most: usize) -> bool {
    if size(body) <= most {
        return false;
    }
    let mut longest = most / 4;
    while longest >= 16 {
        texts(body, longest);
        if size(body) <= most {
            return true;
        }
        longest /= 4;
    }
    let mut members = most / 16;
    while size(body) > most && members > 0 {
        collections(body, members);
        members /= 4;
    }
    if size(body) > most {
        *body = Value::Null;
    }
    true
}

fn texts(body: &mut Value, longest: usize) {
    match body {
        Value::String(text) if text.len() > longest => *text = bytes(text, longest).value,
        Value::Array(items) => items.iter_mut().for_each(|item| texts(item, longest)),
        Value::Object(members) => members.values_mut().for_each(|member| texts(member, longest)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn collections(body: &mut Value, most: usize) {
    match body {
        Value::Array(items) => {
            items.truncate(most);
            for item in items {
                collections(item, most);
            }
        }
        Value::Object(members) => {
            let mut left = most;
            members.retain(|name, _| {
                left = left.saturating_sub(1);
                left > 0 && name.len() <= 1024
            });
            members.values_mut().for_each(|member| collections(member, most));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Truncated, bytes, characters, fitting, shrink, size};
    use serde_json::json;

    #[test]
    fn characters_and_bytes_are_whole() {
        let cut = |value: &str, was_cut| Truncated { value: value.to_owned(), was_cut };
        assert_eq!(characters("告警恢复", 4), cut("告警恢复", false));
        assert_eq!(characters("告警恢复", 3), cut("告警…", true));
        assert_eq!(bytes("告警恢复", 12), cut("告警恢复", false));
        assert_eq!(bytes("告警恢复", 11), cut("告警…", true));
        assert_eq!(bytes("告警恢复", 2), cut("", true));
    }

    #[test]
    fn a_text_full_of_escapes_is_cut_until_its_body_fits() {
        for text in ["\n\"\\".repeat(5_000), "\u{1}".repeat(9_000), "😀".repeat(7_000)] {
            let body = fitting(&text, 20_000, |text| json!({ "text": text }));
            let size = size(&body.value);
            assert!(body.was_cut && size <= 20_000 && size > 3_000, "{size}");
        }
    }

    #[test]
    fn every_body_shrinks_to_the_limit() {
        let many: serde_json::Map<String, serde_json::Value> =
            (0..100_000).map(|at| (format!("label{at}"), json!("v"))).collect();
        let long_names: serde_json::Map<String, serde_json::Value> =
            (0..4).map(|at| (format!("{at}").repeat(500_000), json!(1))).collect();
        let bodies = [json!("x".repeat(3_000_000)), json!({ "a": many }), json!(long_names), json!(vec![1; 2_000_000])];
        for mut body in bodies {
            assert!(shrink(&mut body, 1 << 20));
            assert!(size(&body) <= 1 << 20);
        }
    }
}
