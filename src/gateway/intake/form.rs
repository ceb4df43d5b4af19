//! Forms, as classic Cloud Monitor sends its callbacks: a JSON object of the fields.
//!
//! Every value stays a string, as a form does not say which of them are numbers. A repeated field becomes an array of its
//! values, in order. Percent escapes that are not UTF-8 become U+FFFD.

use super::Refusal;
use serde_json::{Map, Value};

/// The most fields of a form.
pub(super) const MAX_FIELDS: usize = 1_000;

/// A form as the JSON of its fields, in the order of the form.
///
/// # Errors
/// Where it has no fields or too many, or is JSON that was sent as a form.
pub(super) fn to_json(form: &[u8]) -> Result<Vec<u8>, Refusal> {
    if looks_like_json(form.trim_ascii()) {
        return Err(Refusal::JsonSentAsForm);
    }
    let mut fields: Vec<(String, Value)> = Vec::new();
    let mut positions = std::collections::HashMap::new();
    for (count, (name, value)) in url::form_urlencoded::parse(form.trim_ascii()).enumerate() {
        if count >= MAX_FIELDS {
            return Err(Refusal::InvalidForm(format!("the form has more than {MAX_FIELDS} fields")));
        }
        let value = Value::String(value.into_owned());
        let position = *positions.entry(name.clone().into_owned()).or_insert(fields.len());
        match fields.get_mut(position) {
            None => fields.push((name.into_owned(), value)),
            Some((_, Value::Array(values))) => values.push(value),
            Some((_, first)) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    if fields.is_empty() {
        return Err(Refusal::InvalidForm("the form has no fields".to_owned()));
    }
    let object: Map<String, Value> = fields.into_iter().collect();
    serde_json::to_vec(&object).map_err(|_| Refusal::InvalidForm("the form cannot be written as JSON".to_owned()))
}

/// Whether a body is JSON, although its `Content-Type` says form: `curl --data` says so if no header says otherwise.
fn looks_like_json(body: &[u8]) -> bool {
    let begins = body.first().is_some_and(|first| matches!(first, b'{' | b'['));
    let ends = body.last().is_some_and(|last| matches!(last, b'}' | b']'));
    begins && (ends || !body.contains(&b'='))
}
