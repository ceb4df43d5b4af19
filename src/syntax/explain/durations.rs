//! Durations as they are written elsewhere: `5min`, `30 s`, `500ms`, `30s-10m`; and moments without their `+`.

use super::{MistakeDetector, ParseFailure, TokenKind, clipped};
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::time::{self, corrected_duration};

pub(super) const MISTAKES: &[MistakeDetector] = &[unit_apart, duration, moment];

const UNITS: &str = "a duration is whole numbers with the units `d`, `h`, `m` and `s`: `30s`, `1h30m`, `7d`";

fn is_parameter(failure: &ParseFailure<'_>) -> bool {
    matches!(failure.declaration(), "channel" | "integration")
}

/// `timeout = 5min`, `timeout = 30 s`, `wait = 30s-10m`
fn duration(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let found = failure.found();
    let unit = found.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    if !is_parameter(failure) || !failure.is(TokenKind::Number) || unit.len() == found.len() {
        return None;
    }
    if time::duration(found).is_some() {
        let message = format!("a duration within another value is written in quotes, found `{}`", clipped(found));
        return Some(failure.unexpected_here(message).rewrite(failure.here(), format!("\"{found}\"")));
    }
    if let Some((low, high)) = found.split_once('-')
        && time::duration(low).is_some()
        && time::duration(high).is_some()
    {
        let finding = failure.unexpected_here(format!("a range of durations is written with `..`, found `{found}`"));
        return Some(finding.rewrite(failure.here(), format!("{low}..{high}")));
    }
    if let Some(corrected) = corrected_duration(found) {
        let finding = failure.unexpected_here(format!("`{}` is not a duration", clipped(found)));
        return Some(finding.note(UNITS).rewrite(failure.here(), corrected));
    }
    let is_fraction = found.contains('.') && corrected_duration(&found.replace('.', "")).is_some();
    let is_duration = is_fraction || matches!(unit, "ms" | "us" | "ns" | "msec" | "millis" | "M" | "y");
    is_duration.then(|| failure.unexpected_here(format!("`{}` is not a duration", clipped(found))).help(UNITS))
}

/// `timeout = 30 s`: the unit was read as a word of its own.
fn unit_apart(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let is_apart = |number: &usize| {
        let whole = failure.word(*number).bytes().all(|byte| byte.is_ascii_digit());
        failure.kind(*number) == Some(TokenKind::Number)
            && whole
            && failure.kind(number + 1) == Some(TokenKind::Word)
            && !failure.starts_line(number + 1)
            && number.checked_sub(1).is_some_and(|before| failure.word(before) == "=")
    };
    if !is_parameter(failure) {
        return None;
    }
    let number = (1..=2).filter_map(|back| failure.index.checked_sub(back)).find(is_apart)?;
    let place = failure.range(number, number + 1);
    let written = failure.text(number, number + 1);
    let corrected = corrected_duration(written)?;
    let finding = ParseFailure::unexpected(place, format!("no blank stands within a duration, found `{written}`"));
    Some(finding.rewrite(place, corrected))
}

/// `expect waits until 3m`, `+0s..10m`: a moment without its `+`.
fn moment(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let is_here = matches!(failure.before(1), "until" | "..") && failure.expects(Rule::moment);
    let corrected = corrected_duration(failure.found().trim_matches('"')).filter(|_| is_here)?;
    let message = format!("a moment of a sequence begins with `+`, found `{}`", clipped(failure.found()));
    Some(failure.unexpected_here(message).rewrite(failure.here(), format!("+{corrected}")))
}
