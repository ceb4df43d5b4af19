//! A singular path into a JSON answer: `$.data.results[0]['status code']`. Singular queries of RFC 9535 without negative
//! indexes: a name or an index at a time.

use serde_json::Value;

/// One step.
#[derive(Debug, PartialEq, Eq)]
enum ResponsePathStep {
    Name(String),
    Index(usize),
}

/// The value at a path, where there is one. The path was found to be sound by [`is_valid`].
pub(super) fn at<'v>(path: &str, answer: &'v Value) -> Option<&'v Value> {
    steps(path)?.iter().try_fold(answer, |value, step| match step {
        ResponsePathStep::Name(name) => value.get(name),
        ResponsePathStep::Index(index) => value.get(index),
    })
}

/// Whether a path can be read.
pub(super) fn is_valid(path: &str) -> bool {
    steps(path).is_some()
}

fn steps(path: &str) -> Option<Vec<ResponsePathStep>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) =
            if let Some(name) = rest.strip_prefix('.') { word(name)? } else { bracket(rest)? };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

/// A name after a dot.
fn word(text: &str) -> Option<(ResponsePathStep, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let allowed = |letter: char| letter.is_alphanumeric() || letter == '_' || !letter.is_ascii();
    let starts_well = name.starts_with(|first: char| !first.is_ascii_digit());
    (starts_well && name.chars().all(allowed)).then(|| (ResponsePathStep::Name(name.to_owned()), rest))
}

/// A name in quotes, or an index, within brackets.
fn bracket(text: &str) -> Option<(ResponsePathStep, &str)> {
    let inner = text.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = inner.strip_prefix(quote) {
            let (name, rest) = quoted.split_once(quote)?;
            let rest = rest.strip_prefix(']')?;
            return (!name.contains('\\')).then(|| (ResponsePathStep::Name(name.to_owned()), rest));
        }
    }
    let (index, rest) = inner.split_once(']')?;
    let is_whole = index.bytes().all(|byte| byte.is_ascii_digit());
    if !is_whole || (index.len() > 1 && index.starts_with('0')) {
        return None;
    }
    Some((ResponsePathStep::Index(index.parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use super::{at, is_valid};
    use serde_json::json;

    #[test]
    fn names_and_indexes_are_followed() {
        let answer = json!({"data": {"results": [{"status code": 0, "码": "ok"}]}, "code": 7});
        assert_eq!(at("$.code", &answer), Some(&json!(7)));
        assert_eq!(at("$.data.results[0]['status code']", &answer), Some(&json!(0)));
        assert_eq!(at("$[\"data\"].results[0].码", &answer), Some(&json!("ok")));
        assert_eq!(at("$.data.results[1].x", &answer), None);
        assert_eq!(at("$", &answer), Some(&answer));
    }

    #[test]
    fn what_is_not_singular_is_refused() {
        for path in
            ["", "code", "$.", "$..code", "$.a[*]", "$.a[-1]", "$.a[01]", "$.a[0", "$['a", "$.a b", "$[?@.a]"]
        {
            assert!(!is_valid(path), "{path}");
        }
    }
}
