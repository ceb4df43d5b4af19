//! Lines of a `prove` that are nearly right.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::{Diagnostic, nearest};
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{PROVE, TEST};

pub(super) const MISTAKES: &[MistakeDetector] = &[word];

/// How a line of a `prove` is written.
pub(super) const FORM: &str = "a line of `prove` is `routing main`, `when labels.team == \"web\"`, `at 2026-03-07T02:00:00+08:00` or `expect sent includes any [page, chat]`";

/// Whether a line of a `prove` may begin at the failure.
pub(super) fn begins_line(failure: &ParseFailure<'_>) -> bool {
    failure.declaration() == "prove"
        && failure.expects_any(&[Rule::prove_when, Rule::k_when])
        && failure.expects_any(&[Rule::expect, Rule::k_expect])
}

/// `wehn severity == Critical`, `event { … }`
fn word(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !begins_line(failure) || !failure.starts_line(failure.index) || !failure.is(TokenKind::Word) {
        return None;
    }
    let found = failure.found();
    let message = format!("no line of `prove` begins with `{found}`");
    let finding = Diagnostic::new(&codes::UNKNOWN_STATEMENT, failure.here(), message);
    Some(match found {
        "if" | "where" | "given" | "for" => finding.rewrite(failure.here(), "when"),
        "assert" | "should" | "then" => finding.rewrite(failure.here(), "expect"),
        _ if TEST.contains(&found) => finding.help(
            "a `prove` is about all events that its `when` meets, and a `test` about those that it gives: put it in one",
        ),
        _ => match nearest(found, PROVE.iter().copied()) {
            Some(near) => finding.did_you_mean(failure.here(), near),
            None => finding.help(FORM),
        },
    })
}
