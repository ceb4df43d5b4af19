//! Names that rules take, out of those of a configuration.

use crate::syntax;
use std::collections::BTreeSet;

/// The longest name that is made of words.
const MAX_LENGTH: usize = 48;

/// As [`whole`], of a length that people read.
pub(super) fn name(text: &str) -> String {
    let name = whole(text);
    let cut = name.get(..MAX_LENGTH).unwrap_or(&name);
    // Half a word says less than none.
    let end = if cut.len() < name.len() { cut.rfind(['-', '_']).unwrap_or(cut.len()) } else { cut.len() };
    cut.get(..end).unwrap_or(cut).trim_end_matches(['-', '_']).to_owned()
}

/// A name of letters, digits, `_` and `-` that begins with a letter; empty if nothing is left.
fn whole(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            _ if letter.is_ascii_alphanumeric() || letter == '_' => out.push(letter),
            _ if out.ends_with(['-', '_']) || out.is_empty() => {}
            _ => out.push('-'),
        }
    }
    let out = out.trim_end_matches(['-', '_']).to_owned();
    if out.starts_with(|letter: char| letter.is_ascii_digit()) { format!("n{out}") } else { out }
}

/// The name of a channel, which begins with a small letter.
pub(super) fn channel(receiver: &str) -> String {
    let name = whole(receiver);
    let mut letters = name.chars();
    let first: String = letters.next().into_iter().map(|letter| letter.to_ascii_lowercase()).collect();
    allowed(&format!("{first}{}", letters.as_str()), "receiver")
}

/// The name, with a word after it where it is one of the language, or in its place where there is none.
pub(super) fn allowed(name: &str, word: &str) -> String {
    match name {
        "" => word.to_owned(),
        reserved if syntax::is_reserved(reserved) => format!("{reserved}-{word}"),
        other => other.to_owned(),
    }
}

/// The name, with a number where it is taken.
pub(super) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    candidate
}
