//! A choice between two values as other languages write it: `c ? a : b`, `a if c else b`.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::syntax::words::SIGNS;

pub(super) const MISTAKES: &[MistakeDetector] = &[ternary, conditional];

/// The parts of a choice, each as its first and last token.
struct Choice {
    condition: (usize, usize),
    then: (usize, usize),
    other: (usize, usize),
}

/// `$.level == "P1" ? Critical : Warning`
fn ternary(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let sign = at_depth(failure, failure.index, |word| word == "?")?;
    if failure.touches(sign) && failure.word(sign + 1) == "." {
        return None;
    }
    let colon = at_depth(failure, sign + 1, |word| word == ":")?;
    let choice = Choice {
        condition: (value_start(failure, sign)?, sign.checked_sub(1)?),
        then: (sign + 1, colon - 1),
        other: (colon + 1, value_end(failure, colon + 1)?),
    };
    let place = failure.range(choice.condition.0, choice.other.1);
    report(failure, &choice, ParseFailure::foreign(failure.span(sign), "there is no `… ? … : …`"), place)
}

/// `Critical if $.level == "P1" else Warning`
fn conditional(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let before = failure.index.checked_sub(1)?;
    let word = [failure.index, before].into_iter().find(|at| failure.word(*at) == "if" && !failure.starts_line(*at))?;
    if matches!(failure.word(word.checked_sub(1)?), "else" | "=" | "=>" | "{" | "}") {
        return None;
    }
    let other = at_depth(failure, word + 1, |word| word == "else").filter(|at| failure.word(at + 1) != "=>")?;
    let choice = Choice {
        condition: (word + 1, other - 1),
        then: (value_start(failure, word)?, word - 1),
        other: (other + 1, value_end(failure, other + 1)?),
    };
    let place = failure.range(choice.then.0, choice.other.1);
    report(failure, &choice, ParseFailure::foreign(failure.span(word), "there is no `… if … else …`"), place)
}

fn report(
    failure: &ParseFailure<'_>,
    choice: &Choice,
    finding: Diagnostic,
    place: crate::source::Span,
) -> Option<Diagnostic> {
    let text = |(first, last): (usize, usize)| (first <= last).then(|| failure.text(first, last));
    let (condition, then, other) = (text(choice.condition)?, text(choice.then)?, text(choice.other)?);
    Some(match (then, other) {
        ("true", "false") => finding.suggest("a condition is true or false by itself", place, condition),
        ("false", "true") => {
            finding.suggest("a condition is true or false by itself", place, format!("not ({condition})"))
        }
        _ => match as_match(failure, choice.condition, then, other) {
            Some(corrected) => finding.suggest("choose a value by `match`", place, corrected),
            None => {
                finding.help(format!("choose a value by `match`: `match x {{ \"a\" => {then}  else => {other} }}`"))
            }
        },
    })
}

/// The choice as a `match` over the subject of the condition.
fn as_match(failure: &ParseFailure<'_>, (first, last): (usize, usize), then: &str, other: &str) -> Option<String> {
    if (first..=last).any(|at| matches!(failure.word(at), "and" | "or" | "&&" | "||" | "not" | "!")) {
        return None;
    }
    let Some(sign) = (first..=last).find(|at| SIGNS.contains(&failure.word(*at))) else {
        let subject = failure.text(first, last);
        return Some(if subject == then {
            format!("{subject} ?? {other}")
        } else {
            format!("match {subject} {{ missing => {other}  else => {then} }}")
        });
    };
    let subject = failure.text(first, sign.checked_sub(1)?);
    let value = (sign < last).then(|| failure.text(sign + 1, last))?;
    let arms =
        |pattern: &str, then: &str, other: &str| format!("match {subject} {{ {pattern} => {then}  else => {other} }}");
    Some(match failure.word(sign) {
        "==" => arms(value, then, other),
        "!=" => arms(value, other, then),
        "is" if value == "missing" => arms("missing", then, other),
        "is" | "during" => return None,
        operator => arms(&format!("{operator} {value}"), then, other),
    })
}

/// The first token from `from` on, on its line and outside further brackets, whose word fits.
fn at_depth(failure: &ParseFailure<'_>, from: usize, fits: fn(&str) -> bool) -> Option<usize> {
    let last = failure.line_end(from);
    let mut at = from;
    while at <= last {
        if fits(failure.word(at)) {
            return Some(at);
        }
        at = match failure.kind(at)?.depth_change() {
            1 => failure.closer(at)? + 1,
            -1 => return None,
            _ => at + 1,
        };
    }
    None
}

/// The first token of the value or condition that goes on at `end`.
fn value_start(failure: &ParseFailure<'_>, end: usize) -> Option<usize> {
    let mut at = end;
    let mut depth = 0_isize;
    loop {
        let before = at.checked_sub(1)?;
        depth -= failure.kind(before)?.depth_change();
        let begins = matches!(failure.word(before), "=" | "=>" | "when" | "and" | "or" | "," | ":" | "because");
        if depth < 0 || depth == 0 && (begins || failure.starts_line(at)) {
            return (at < end).then_some(at);
        }
        at = before;
    }
}

/// The last token of the value that begins at `start`.
fn value_end(failure: &ParseFailure<'_>, start: usize) -> Option<usize> {
    failure.kind(start).filter(|kind| !matches!(kind, TokenKind::Close))?;
    let last = failure.condition_end(start);
    let joined = (start..last).find(|at| matches!(failure.word(at + 1), "and" | "or"));
    Some(joined.unwrap_or(last))
}
