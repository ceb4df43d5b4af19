//! Lines of heartbeats that are nearly right.

use super::{MistakeDetector, ParseFailure, TokenKind, clipped};
use crate::diagnostic::{Diagnostic, nearest};
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::HEARTBEAT;
use crate::text::backticked;
use crate::time::corrected_duration;

pub(super) const MISTAKES: &[MistakeDetector] = &[sign, brackets, timeout, word];

fn is_here(failure: &ParseFailure<'_>) -> bool {
    failure.declaration() == "heartbeat"
}

/// `timeout = 5m`, `by = labels.cluster`, `timeout: 5m`
fn sign(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let index = (0..=2).filter_map(|back| failure.index.checked_sub(back)).find(|index| {
        let word = index.checked_sub(1).map_or("", |before| failure.word(before));
        matches!(failure.word(*index), "=" | ":") && matches!(word, "when" | "by" | "timeout")
    });
    let index = index.filter(|_| is_here(failure))?;
    let word = failure.word(index - 1);
    let place = Span { start: failure.span(index - 1).end, ..failure.span(index) };
    let message = format!("the line `{word}` of a heartbeat has no `{}`", failure.word(index));
    let finding = ParseFailure::unexpected(failure.span(index), message);
    Some(finding.suggest("write it without the sign", place, ""))
}

/// `by [labels.cluster]`
fn brackets(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !is_here(failure) || failure.before(1) != "by" || failure.found() != "[" {
        return None;
    }
    let close = failure.closer(failure.index)?;
    let inside = if close > failure.index + 1 { failure.text(failure.index + 1, close - 1) } else { return None };
    let finding = failure.unexpected_here("the values after `by` stand without brackets, found `[`");
    Some(finding.rewrite(failure.range(failure.index, close), inside))
}

/// `timeout 5min`, `timeout 5 m`
fn timeout(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !is_here(failure) || failure.before(1) != "timeout" || failure.starts_line(failure.index) {
        return None;
    }
    // A statement may follow on the same line.
    let next = failure.index + 1;
    let is_apart = failure.is(TokenKind::Number)
        && failure.is_word(next)
        && !failure.starts_line(next)
        && !HEARTBEAT.contains(&failure.word(next));
    let last = if is_apart { next } else { failure.index };
    let written = failure.text(failure.index, last);
    let place = failure.range(failure.index, last);
    let finding = ParseFailure::unexpected(place, format!("`{}` is not a duration", clipped(written)));
    Some(match corrected_duration(written.trim_matches('"')) {
        Some(corrected) => finding.rewrite(place, corrected),
        None => finding.help("a duration is `30s`, `10m`, `4h`, `7d` or `1h30m`"),
    })
}

/// `interval 5m`
fn word(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let index = failure.index.checked_sub(1)?;
    let begins = failure.kind(index) == Some(TokenKind::Word) && failure.starts_line(index);
    if !is_here(failure) || !begins || !failure.expects(Rule::assign) || HEARTBEAT.contains(&failure.word(index)) {
        return None;
    }
    let found = failure.word(index);
    let message = format!("no line of a heartbeat begins with `{found}`");
    let finding = Diagnostic::new(&codes::UNKNOWN_STATEMENT, failure.span(index), message);
    Some(match nearest(found, HEARTBEAT.iter().copied()) {
        Some(near) => finding.did_you_mean(failure.span(index), near),
        None => finding.help(format!("expected {}", backticked(HEARTBEAT).join(", "))),
    })
}
