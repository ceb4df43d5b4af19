//! Texts of numbers as sets of strings.

use crate::json::Number;
use crate::pattern::language::{StringSet, TextFunction};
use crate::pattern::{Case, MatchScope, RegexPattern};

/// The sign that a number has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberSign {
    /// Not below zero.
    Positive,
    /// Below zero.
    Negative,
    /// Any.
    Any,
}

/// All texts that hold a number of a sign, after some functions, and perhaps others: numbers that are too large for a float.
pub(super) fn numbers(sign: NumberSign, functions: &[TextFunction]) -> Option<StringSet> {
    // A number with a minus may be zero, also because it is too small for a float.
    let minus = match sign {
        NumberSign::Positive | NumberSign::Any => "-?",
        NumberSign::Negative => "-",
    };
    set(&format!(r"\s*{minus}(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\s*"), functions)
}

/// The JSON of all numbers as it is written, and other texts: a small whole number has no exponent.
pub(super) fn json_numbers() -> Option<StringSet> {
    set(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|-?[1-9](?:\.[0-9]+)?e(?:-[1-9][0-9]*|\+?[1-9][0-9]+)", &[])
}

/// Texts that are the JSON of numbers as it is written: some of all.
pub(super) fn plain_json_numbers() -> Option<StringSet> {
    set(r"0|-?[1-9][0-9]{0,17}|-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,3}[1-9]|-?[1-9][0-9]{0,8}\.0|-?[1-9]e[2-9][0-9]", &[])
}

/// Texts that certainly hold a number, after some functions.
pub(super) fn plain_numbers(functions: &[TextFunction]) -> Option<StringSet> {
    set(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?", functions)
}

/// Sets of numbers between two others, in plain digits: some of all of them.
pub(super) fn between(before: Option<Number>, after: Option<Number>, functions: &[TextFunction]) -> Vec<StringSet> {
    let digits = |number: Number| number.float().abs().floor().to_string().len();
    let mut patterns = Vec::new();
    let is_positive = |number: Number| number >= Number::from(0_u64);
    match (before, after) {
        (Some(before), None) if is_positive(before) => {
            patterns.push(format!("[1-9][0-9]{{{},}}", digits(before)));
            patterns.extend(with_exponent("", digits(before)));
        }
        (Some(_) | None, None) => patterns.push("0|[1-9][0-9]*".to_owned()),
        (None, Some(after)) if is_positive(after) => patterns.push("-[1-9][0-9]*".to_owned()),
        (None, Some(after)) => {
            patterns.push(format!("-[1-9][0-9]{{{},}}", digits(after)));
            patterns.extend(with_exponent("-", digits(after)));
        }
        (Some(before), Some(after)) if is_positive(before) => {
            let (fewest, most) = (digits(before), digits(after).saturating_sub(2));
            if fewest <= most {
                patterns.push(format!("[1-9][0-9]{{{fewest},{most}}}"));
            }
            let whole = before.float().floor().to_string();
            if Some(before) == whole.parse().ok() {
                patterns.push(format!(r"{whole}\.0*1"));
            }
        }
        (Some(_), Some(_)) => {}
    }
    patterns.iter().filter_map(|pattern| set(pattern, functions)).collect()
}

/// Numbers with an exponent, beyond those with some digits.
fn with_exponent(sign: &str, digits: usize) -> Option<String> {
    (1..=9).contains(&digits).then(|| format!("{sign}[1-9][eE](?:[{digits}-9]|[1-9][0-9])"))
}

/// Some spellings of one number.
pub(super) fn equal(number: Number, functions: &[TextFunction]) -> Option<StringSet> {
    let text = number.integer().map_or_else(|| number.to_string(), |integer| integer.to_string());
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let more = if is_whole { r"(?:\.0+)?(?:[eE]\+?0+)?" } else { "0*" };
    let text = text.replace('.', r"\.").replace('+', r"\+");
    set(&format!(r"\s*{text}{more}\s*"), functions)
}

fn set(pattern: &str, functions: &[TextFunction]) -> Option<StringSet> {
    let regex = RegexPattern::new(pattern, "", Case::Sensitive).ok()?;
    let set = StringSet::regex(&regex, MatchScope::Whole);
    Some(functions.iter().rev().fold(set, |set, function| set.after(*function)))
}
