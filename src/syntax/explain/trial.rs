//! One token more, less or elsewhere: an edit after which the rest of the line parses is the likely fix of a mistake that no
//! detector knows.

use super::{ParseFailure, TokenKind, clipped, position};
use crate::diagnostic::Suggestion;
use crate::source::Span;
use crate::syntax::grammar::{Grammar, Rule};
use crate::syntax::words::{DECLARATIONS, RESERVED};
use pest::Parser as _;

/// How many bytes may be parsed again for one failure: a longer declaration gets fewer trials, and a very long one none.
const MAX_TRIED: usize = 1 << 15;

/// What may be absent, with the rule that expects it. Commas have no rule of their own.
const INSERTED: &[(Rule, &str)] = &[
    (Rule::arrow, "=>"),
    (Rule::assign, "="),
    (Rule::colon, ":"),
    (Rule::column_arrow, "->"),
    (Rule::k_when, "when"),
    (Rule::k_because, "because"),
    (Rule::k_else, "else"),
    (Rule::k_note, "note"),
    (Rule::k_ignore, "ignore"),
    (Rule::ignore_case, "ignore"),
    (Rule::k_case, "case"),
    (Rule::k_with, "with"),
    (Rule::k_from, "from"),
    (Rule::k_in, "in"),
    (Rule::k_for, "for"),
    (Rule::k_every, "every"),
    (Rule::k_until, "until"),
    (Rule::k_after, "after"),
    (Rule::k_while, "while"),
    (Rule::k_same, "same"),
    (Rule::k_file, "file"),
    (Rule::k_expect, "expect"),
    (Rule::k_input, "input"),
    (Rule::k_sent, "sent"),
    (Rule::sent, "sent"),
    (Rule::k_nothing, "nothing"),
    (Rule::k_let, "let"),
    (Rule::k_and, "and"),
    (Rule::coalesce, "??"),
    (Rule::equal, "=="),
    (Rule::k_match, "match"),
];

/// An edit of one or two tokens.
struct Trial {
    start: usize,
    end: usize,
    replacement: String,
    advice: String,
}

/// The first edit after which the parse gets past the line of the failure.
pub(super) fn fix(failure: &ParseFailure<'_>) -> Option<Suggestion> {
    let most = MAX_TRIED / failure.text.len().max(1);
    let trial = trials(failure).into_iter().take(most).find(|trial| helps(failure, trial))?;
    let place = |at: usize| u32::try_from(failure.base + at).unwrap_or(u32::MAX);
    let span = Span { start: place(trial.start), end: place(trial.end), ..failure.here() };
    Some(Suggestion { text: trial.advice, edit: Some((span, trial.replacement)) })
}

/// Whether the parse fails beyond the line, or not at all, after an edit.
fn helps(failure: &ParseFailure<'_>, trial: &Trial) -> bool {
    let (Some(before), Some(after)) = (failure.text.get(..trial.start), failure.text.get(trial.end..)) else {
        return false;
    };
    let edited = [before, trial.replacement.as_str(), after].concat();
    let line = failure.line_end(failure.index);
    // What begins the next line is still a part of this one where it cannot stand there.
    let Some(next) = failure.tokens.get(line + 1) else { return Grammar::parse(Rule::file, &edited).is_ok() };
    let limit = (next.start + trial.replacement.len()).saturating_sub(trial.end - trial.start);
    match Grammar::parse(Rule::file, &edited) {
        Ok(_) => true,
        Err(error) => position(&error) > limit,
    }
}

/// The edits to try, the likeliest first.
fn trials(failure: &ParseFailure<'_>) -> Vec<Trial> {
    let index = failure.index;
    let Some(found) = failure.tokens.get(index) else { return Vec::new() };
    let mut trials = Vec::new();
    let written = failure.found();
    let edit =
        |start: usize, end: usize, replacement: String, advice: String| Trial { start, end, replacement, advice };
    if found.kind == TokenKind::Word && !RESERVED.contains(&written) {
        let corrected = format!("\"{written}\"");
        trials.push(edit(found.start, found.end, corrected, "a string stands in quotes".into()));
    }
    let blank =
        |at: usize| if failure.text.get(..at).is_some_and(|text| text.ends_with([' ', '\n'])) { "" } else { " " };
    for sign in inserted(failure) {
        let advice = format!("write `{sign}` before `{}`", clipped(written));
        let before = index.checked_sub(1).and_then(|before| failure.tokens.get(before));
        trials.push(match before.filter(|_| sign == ",") {
            Some(before) => edit(before.end, before.end, ",".into(), advice),
            None => edit(found.start, found.start, format!("{}{sign} ", blank(found.start)), advice),
        });
    }
    for first in [index.checked_sub(1), Some(index)].into_iter().flatten() {
        trials.extend(swap(failure, first));
    }
    trials.push(edit(found.start, found.end, String::new(), format!("remove `{}`", clipped(written))));
    for sign in inserted(failure) {
        let text = if sign.starts_with(|first: char| first.is_ascii_alphabetic()) {
            format!("{sign} ")
        } else {
            sign.to_owned()
        };
        let advice = format!("write `{sign}` in the place of `{}`", clipped(written));
        trials.push(edit(found.start, found.end, text, advice));
    }
    let is_needed = RESERVED.contains(&failure.before(1)) || DECLARATIONS.contains(&failure.before(1));
    if let Some(before) = index.checked_sub(1).and_then(|before| failure.tokens.get(before)).filter(|_| !is_needed) {
        let advice = format!("remove `{}`", clipped(failure.before(1)));
        trials.push(edit(before.start, before.end, String::new(), advice));
    }
    trials
}

/// What could be absent before the failure.
fn inserted(failure: &ParseFailure<'_>) -> impl Iterator<Item = &'static str> {
    let expected = INSERTED.iter().filter(|(rule, _)| failure.expects(*rule)).map(|(_, sign)| *sign);
    [","].into_iter().chain(expected)
}

/// Two neighbours the other way round.
fn swap(failure: &ParseFailure<'_>, first: usize) -> Option<Trial> {
    let (one, two) = (failure.tokens.get(first)?, failure.tokens.get(first + 1)?);
    let brackets = [one, two].iter().any(|token| token.kind.depth_change() != 0);
    if two.starts_line || brackets {
        return None;
    }
    let between = failure.text.get(one.end..two.start)?;
    let replacement = format!("{}{between}{}", failure.word(first + 1), failure.word(first));
    let advice = format!("turn them round: `{}`", clipped(&replacement));
    Some(Trial { start: one.start, end: two.end, replacement, advice })
}
