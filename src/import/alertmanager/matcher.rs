//! Matchers: their two syntaxes, and what they match.

use crate::pattern::{Case, RegexPattern};

/// `team=~"payments|ledger"`. A missing label is the empty text.
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) test: MatcherTest,
}

/// What a matcher asks.
#[derive(Debug)]
pub(super) enum MatcherTest {
    Equal,
    Unequal,
    /// The whole value matches. The pattern is the value, as this language writes it.
    Matches(RegexPattern),
    MatchesNot(RegexPattern),
}

/// Why a matcher is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MatcherError {
    /// No label and operator: the text.
    Syntax(String),
    /// The regular expression is invalid, and why.
    Regex(String, String),
}

impl Matcher {
    /// # Errors
    /// If the value of `=~` or `!~` is not a regular expression.
    pub(super) fn new(label: &str, operator: &str, value: &str) -> Result<Self, MatcherError> {
        let regex = || {
            let written = rust_regex(value);
            RegexPattern::new(&written, "", Case::Sensitive)
                .map_err(|error| MatcherError::Regex(value.to_owned(), error.message))
        };
        let test = match operator {
            "=" => MatcherTest::Equal,
            "!=" => MatcherTest::Unequal,
            "=~" => MatcherTest::Matches(regex()?),
            _ => MatcherTest::MatchesNot(regex()?),
        };
        Ok(Self { label: label.to_owned(), value: value.to_owned(), test })
    }

    /// Whether a value matches; a missing one is empty.
    pub(super) fn fits(&self, value: &str) -> bool {
        match &self.test {
            MatcherTest::Equal => self.value == value,
            MatcherTest::Unequal => self.value != value,
            MatcherTest::Matches(regex) => regex.matches(value),
            MatcherTest::MatchesNot(regex) => !regex.matches(value),
        }
    }

    /// Whether it is `=` or `=~`.
    pub(super) fn is_positive(&self) -> bool {
        matches!(self.test, MatcherTest::Equal | MatcherTest::Matches(_))
    }
}

/// Reads `a="b", c=~"d"`, in braces or not.
///
/// # Errors
/// The first matcher that cannot be read.
pub(super) fn read(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let inner = text.trim();
    let inner = inner.strip_prefix('{').unwrap_or(inner);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    split(inner).iter().map(|part| one(part)).collect()
}

/// Splits at commas outside of quotes.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut quote, mut escaped) = (vec![String::new()], None, false);
    for letter in text.chars() {
        if letter == ',' && quote.is_none() {
            parts.push(String::new());
            continue;
        }
        if matches!(letter, '"' | '`') && !escaped {
            quote = match quote {
                None => Some(letter),
                Some(open) if open == letter => None,
                Some(open) => Some(open),
            };
        }
        escaped = letter == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn one(text: &str) -> Result<Matcher, MatcherError> {
    let refused = || MatcherError::Syntax(text.trim().to_owned());
    let text = text.trim();
    let (label, rest) = if text.starts_with('"') {
        let end = closing_quote(text).ok_or_else(refused)?;
        let (quoted, rest) = text.split_at_checked(end).ok_or_else(refused)?;
        (unquoted(quoted), rest.trim_start())
    } else {
        let at = text.find(['=', '!']).ok_or_else(refused)?;
        let (label, rest) = text.split_at_checked(at).ok_or_else(refused)?;
        (label.trim().to_owned(), rest)
    };
    let operator = ["=~", "!~", "!=", "="].into_iter().find(|each| rest.starts_with(each)).ok_or_else(refused)?;
    let value = rest.strip_prefix(operator).unwrap_or_default().trim();
    if label.is_empty() || label.contains(['"', '{', '}', ',']) {
        return Err(refused());
    }
    let is_raw = value.len() > 1 && value.starts_with('`') && value.ends_with('`');
    let value = match value {
        raw if is_raw => raw.trim_matches('`').to_owned(),
        quoted if quoted.starts_with('"') => {
            if closing_quote(quoted) != Some(quoted.len()) {
                return Err(refused());
            }
            unquoted(quoted)
        }
        bare if bare.contains('"') => return Err(refused()),
        bare => unescaped(bare),
    };
    Matcher::new(&label, operator, &value)
}

/// The end of a text in quotes, which begins with one.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if letter == '"' && !escaped {
            return Some(at + 1);
        }
        escaped = letter == '\\' && !escaped;
    }
    None
}

fn unquoted(text: &str) -> String {
    unescaped(text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text))
}

/// `\n`, `\"` and `\\` are escapes; any other backslash is itself.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some(plain @ ('"' | '\\')) => out.push(plain),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

/// The same regular expression where Go's syntax and ours differ: there, `\d`, `\w` and `\s` are ASCII, a brace that is not a
/// repetition is itself, and classes have no operators.
fn rust_regex(go: &str) -> String {
    let mut out = String::new();
    let mut letters = go.chars().peekable();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('d') if in_class => out.push_str("0-9"),
                Some('w') if in_class => out.push_str("0-9A-Za-z_"),
                Some('s') if in_class => out.push_str("\\t\\n\\x0C\\r "),
                Some('d') => out.push_str("[0-9]"),
                Some('D') => out.push_str("[^0-9]"),
                Some('w') => out.push_str("[0-9A-Za-z_]"),
                Some('W') => out.push_str("[^0-9A-Za-z_]"),
                Some('s') => out.push_str("[\\t\\n\\x0C\\r ]"),
                Some('S') => out.push_str("[^\\t\\n\\x0C\\r ]"),
                Some('/') => out.push_str("\\/"),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            '[' if in_class && letters.peek() == Some(&':') => out.push('['),
            '[' if in_class => out.push_str("\\["),
            '&' | '~' if in_class => out.extend(['\\', letter]),
            '[' => {
                in_class = true;
                out.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if letters.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if in_class && out.ends_with(':') => out.push(']'),
            ']' => {
                in_class = false;
                out.push(']');
            }
            '{' if !in_class && !is_repetition(&letters.clone().collect::<String>()) => out.push_str("\\{"),
            '/' => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
    out
}

/// Whether `2}`, `2,}` or `2,5}` follows a brace.
fn is_repetition(rest: &str) -> bool {
    rest.split_once('}').is_some_and(|(counts, _)| {
        let (low, high) = counts.split_once(',').unwrap_or((counts, ""));
        !low.is_empty() && [low, high].iter().all(|count| count.bytes().all(|digit| digit.is_ascii_digit()))
    })
}
