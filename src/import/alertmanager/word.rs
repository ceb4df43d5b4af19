//! Words for matchers, of which names of routes are made.

use super::condition;
use super::matcher::Matcher;
use super::name;
use super::value_form::{self, ValueForm};

/// The word for a matcher that asks for values.
pub(super) fn positive(matcher: &Matcher) -> Option<String> {
    if !matcher.is_positive() {
        return None;
    }
    Some(match condition::words(matcher) {
        Some(values) if values.len() < 3 => spoken(&values.join("-or-"), &matcher.label),
        Some(_) => matcher.label.clone(),
        None if matcher.value.is_empty() => format!("no-{}", matcher.label),
        None => match value_form::read(&matcher.value) {
            ValueForm::Globs(globs) if globs.len() < 3 => spoken(&globs.join("-or-"), &matcher.label),
            ValueForm::Words(_) | ValueForm::Globs(_) | ValueForm::Regex => matcher.label.clone(),
        },
    })
}

/// The value, with its label where it says nothing alone.
fn spoken(value: &str, label: &str) -> String {
    let says_nothing = matches!(value, "true" | "false" | "yes" | "no" | "on" | "off" | "1" | "0") || value.len() < 2;
    let value = name::name(value);
    if value.is_empty() {
        label.to_owned()
    } else if says_nothing {
        format!("{label}-{value}")
    } else {
        value
    }
}
