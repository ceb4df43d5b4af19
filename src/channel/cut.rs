//! Texts and bodies within the limits of the far side. A cut never splits a character, and shows itself by `…`.

use serde_json::Value;

/// What stands where something was cut off.
const ELLIPSIS: char = '…';

/// At most `most` characters (Unicode scalar values) of a text, and whether it was cut.
pub(super) fn characters(text: &str, most: usize) -> (String, bool) {
    if text.char_indices().nth(most).is_none() {
        return (text.to_owned(), false);
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push(ELLIPSIS);
    (cut, true)
}

/// At most `most` bytes of a text in UTF-8, and whether it was cut.
pub(super) fn bytes(text: &str, most: usize) -> (String, bool) {
    if text.len() <= most {
        return (text.to_owned(), false);
    }
    let Some(room) = most.checked_sub(ELLIPSIS.len_utf8()) else { return (String::new(), true) };
    let mut cut = text.get(..text.floor_char_boundary(room)).unwrap_or_default().to_owned();
    cut.push(ELLIPSIS);
    (cut, true)
}

/// How many bytes a body has on the wire.
pub(super) fn size(body: &Value) -> usize {
    // A JSON value can always be written.
    serde_json::to_vec(body).map_or(0, |bytes| bytes.len())
}

/// The body for a text, the text cut so that the body has at most `most` bytes; whether it was cut. Escapes make a text
/// longer on the wire by as much as they please, so the longest that fits is searched for.
pub(super) fn fitting(text: &str, most: usize, body: impl Fn(&str) -> Value) -> (Value, bool) {
    let whole = body(text);
    if size(&whole) <= most {
        return (whole, false);
    }
    let (mut fits, mut too_long) = (0, text.len());
    while too_long - fits > 1 {
        let middle = fits.midpoint(too_long);
        if size(&body(&bytes(text, middle).0)) <= most { fits = middle } else { too_long = middle }
    }
    (body(&bytes(text, fits).0), true)
}

/// Cuts the texts of a body, and where that is not enough its lists and objects, until it has at most `most` bytes.
/// Whether anything was cut.
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
        Value::String(text) if text.len() > longest => *text = bytes(text, longest).0,
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
    use super::{bytes, characters, fitting, shrink, size};
    use serde_json::json;

    #[test]
    fn characters_and_bytes_are_whole() {
        assert_eq!(characters("告警恢复", 4), ("告警恢复".to_owned(), false));
        assert_eq!(characters("告警恢复", 3), ("告警…".to_owned(), true));
        assert_eq!(bytes("告警恢复", 12), ("告警恢复".to_owned(), false));
        assert_eq!(bytes("告警恢复", 11), ("告警…".to_owned(), true));
        assert_eq!(bytes("告警恢复", 2), (String::new(), true));
    }

    #[test]
    fn a_text_full_of_escapes_is_cut_until_its_body_fits() {
        for text in ["\n\"\\".repeat(5_000), "\u{1}".repeat(9_000), "😀".repeat(7_000)] {
            let (body, cut) = fitting(&text, 20_000, |text| json!({ "text": text }));
            assert!(cut && size(&body) <= 20_000 && size(&body) > 3_000, "{}", size(&body));
        }
    }

    #[test]
    fn whatever_a_body_is_made_of_it_shrinks() {
        let many: serde_json::Map<String, serde_json::Value> =
            (0..100_000).map(|at| (format!("label{at}"), json!("v"))).collect();
        let long_names: serde_json::Map<String, serde_json::Value> =
            (0..4).map(|at| (format!("{at}").repeat(500_000), json!(1))).collect();
        let bodies = [
            json!("x".repeat(3_000_000)),
            json!({ "a": many }),
            json!(long_names),
            json!(vec![1; 2_000_000]),
        ];
        for mut body in bodies {
            assert!(shrink(&mut body, 1 << 20));
            assert!(size(&body) <= 1 << 20);
        }
    }
}
