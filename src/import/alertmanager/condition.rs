//! Matchers as conditions. A missing label is the empty text there, so it is given that value where it matters.

use super::matcher::{Matcher, MatcherTest};
use super::value_form::{self, ValueForm};
use crate::text::rule_string;

/// The condition of a matcher; nothing if all values meet it.
pub(super) fn condition(matcher: &Matcher) -> Option<String> {
    let label = label(&matcher.label);
    let with_empty = format!("({label} ?? \"\")");
    let empty = |is_empty: bool| Some(format!("{label} is {}empty", if is_empty { "" } else { "not " }));
    match &matcher.test {
        MatcherTest::Equal | MatcherTest::Unequal if matcher.value.is_empty() => empty(matcher.is_positive()),
        MatcherTest::Equal => Some(format!("{label} == {}", rule_string(&matcher.value))),
        MatcherTest::Unequal => Some(format!("{label} != {}", rule_string(&matcher.value))),
        MatcherTest::Matches(regex) | MatcherTest::MatchesNot(regex) => {
            let is_positive = matcher.is_positive();
            let subject = if regex.matches("") { &with_empty } else { &label };
            let not = if is_positive { "" } else { "not " };
            match value_form::read(&matcher.value) {
                ValueForm::Words(words) => match words.as_slice() {
                    [word] if word.is_empty() => empty(is_positive),
                    [word] => {
                        Some(format!("{subject} {} {}", if is_positive { "==" } else { "!=" }, rule_string(word)))
                    }
                    several => Some(format!("{subject} {not}in {}", list(several))),
                },
                ValueForm::Globs(globs) => match globs.as_slice() {
                    [all] if all == "*" && is_positive => None,
                    [some] if some == "?*" => empty(!is_positive),
                    [glob] => Some(format!("{subject} {not}like {}", rule_string(glob))),
                    several => Some(format!("{subject} {not}like {}", list(several))),
                },
                ValueForm::Regex => Some(format!("{subject} {not}matches /{}/", regex.pattern())),
            }
        }
    }
}

/// The texts that a matcher asks a label to equal, if it asks for one of few, and none is empty.
pub(super) fn words(matcher: &Matcher) -> Option<Vec<String>> {
    let words = match &matcher.test {
        MatcherTest::Equal => vec![matcher.value.clone()],
        MatcherTest::Matches(_) => match value_form::read(&matcher.value) {
            ValueForm::Words(words) => words,
            ValueForm::Globs(_) | ValueForm::Regex => return None,
        },
        MatcherTest::Unequal | MatcherTest::MatchesNot(_) => return None,
    };
    words.iter().all(|word| !word.is_empty()).then_some(words)
}

/// The conditions of matchers, each once.
pub(super) fn conditions<'m>(matchers: impl IntoIterator<Item = &'m Matcher>) -> Vec<String> {
    let mut conditions: Vec<String> = Vec::new();
    for condition in matchers.into_iter().filter_map(condition) {
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    conditions
}

/// `labels.team`, or `labels["app.kubernetes.io/name"]`
pub(super) fn label(name: &str) -> String {
    let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if is_name { format!("labels.{name}") } else { format!("labels[{}]", crate::text::quoted(name)) }
}

/// `["a", "b"]`
pub(super) fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| rule_string(text)).collect();
    format!("[{}]", texts.join(", "))
}
