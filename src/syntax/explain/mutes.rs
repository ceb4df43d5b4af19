//! Mutes: their clauses in another order, those that are absent, and words of other tools.

use super::{MistakeDetector, ParseFailure, TokenKind, clipped, found};
use crate::diagnostic::{Diagnostic, nearest};
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::time::corrected_duration;

pub(super) const MISTAKES: &[MistakeDetector] = &[
    no_name,
    block,
    brackets,
    foreign,
    after_before_duration,
    duration,
    no_after,
    reason_as_value,
    no_same,
    no_because,
    misspelt,
    order,
];

/// How a mute is written.
pub(super) const FORM: &str = "a mute is `mute NAME in CHANNEL when CONDITION while CONDITION same VALUE until 5m after because \"…\"`; `in`, `while` and `until` may be left out";

/// What begins `until … after`.
const AFTER: &[Rule] = &[Rule::mute_after, Rule::k_until];

/// The words that begin the clauses, in their order.
const CLAUSES: [&str; 6] = ["in", "when", "while", "same", "until", "because"];

fn in_mute(failure: &ParseFailure<'_>) -> bool {
    failure.declaration() == "mute"
}

/// `mute when labels.a == "b"`
fn no_name(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let begins = failure.before(1) == "mute" && failure.index.checked_sub(1).is_some_and(|at| failure.starts_line(at));
    let absent = begins && failure.expects(Rule::name) && CLAUSES.contains(&failure.found());
    absent.then(|| {
        let message = format!("a mute has a name, found `{}`", failure.found());
        failure.unexpected_here(message).help("name it by what it holds: `mute behind_node when …`")
    })
}

/// `mute name { … }`, `mute name = …`
fn block(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let sign = matches!(failure.found(), "{" | "=" | ":");
    let begins = failure.expects(Rule::k_when) && sign && in_mute(failure);
    begins.then(|| {
        let message = format!("a mute is one sentence without braces, found `{}`", failure.found());
        failure.unexpected_here(message).help(FORM)
    })
}

/// `in [chat, page]`, `same [labels.cluster]`
fn brackets(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let what = match failure.before(1) {
        "in" if failure.before(2) != "not" && failure.expects(Rule::name) => "channels of a mute",
        "same" => "values after `same`",
        _ => return None,
    };
    if !in_mute(failure) || failure.found() != "[" {
        return None;
    }
    let close = failure.closer(failure.index)?;
    let place = failure.range(failure.index, close);
    let inside = failure.text(failure.index + 1, close - 1);
    let finding = ParseFailure::unexpected(failure.here(), format!("the {what} stand without brackets, found `[`"));
    Some(if close > failure.index + 1 { finding.suggest("leave them out", place, inside) } else { finding.help(FORM) })
}

/// `source_matchers`, `equal` and their like.
fn foreign(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !in_mute(failure) || !failure.is(TokenKind::Word) {
        return None;
    }
    let word = failure.found();
    let (clause, rule, help) = match word {
        "equal" | "equals" | "on" | "matching" | "by" => (
            "same",
            Rule::k_same,
            "after `same` stand the values that both alerts share: `same labels.cluster, labels.node`",
        ),
        "target_matchers" | "target_match" | "target_match_re" | "target" | "matchers" | "where" | "if" => {
            ("when", Rule::k_when, "`when` says which alerts are held: `when labels.alert == \"PodDown\"`")
        }
        "source_matchers" | "source_match" | "source_match_re" | "source" | "inhibited_by" | "unless" => (
            "while",
            Rule::k_while,
            "`while` says which other alert has to fire: `while labels.alert == \"NodeDown\" same labels.node`",
        ),
        "reason" | "comment" | "why" => {
            ("because", Rule::k_because, "`because` says why: `because \"its node is down\"`")
        }
        _ => return None,
    };
    let finding = failure.foreign_here(format!("there is no `{word}` in a mute"));
    Some(if failure.expects(rule) && failure.word(failure.index + 1) != ":" {
        finding.rewrite(failure.here(), clause)
    } else {
        finding.help(help)
    })
}

/// `until after 5m`, `for 5m`
fn after_before_duration(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !in_mute(failure) {
        return None;
    }
    let is_after = failure.before(1) == "until" && failure.found() == "after";
    let is_for = matches!(failure.found(), "for" | "after") && failure.expects_any(AFTER);
    let duration = failure.kind(failure.index + 1) == Some(TokenKind::Number);
    if !duration || !(is_after || is_for) {
        return None;
    }
    let written = failure.word(failure.index + 1);
    let first = if is_after { failure.index.saturating_sub(1) } else { failure.index };
    let place = failure.range(first, failure.index + 1);
    let message = format!("a mute goes on `until {written} after`, found `{}`", failure.text(first, failure.index + 1));
    let follows = failure.word(failure.index + 2) == "after";
    let place = if follows { failure.range(first, failure.index + 2) } else { place };
    Some(ParseFailure::unexpected(place, message).rewrite(place, format!("until {written} after")))
}

/// `until 5min after`, `until 5 m after`, `until "5m" after`
fn duration(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !in_mute(failure) || !failure.expects(Rule::duration) {
        return None;
    }
    let is_apart = failure.is(TokenKind::Number)
        && failure.is_word(failure.index + 1)
        && failure.word(failure.index + 1) != "after";
    let last = if is_apart { failure.index + 1 } else { failure.index };
    let (place, written) = (failure.range(failure.index, last), failure.text(failure.index, last));
    let message = format!("expected a duration such as `5m` after `until`, found `{}`", clipped(written));
    let finding = ParseFailure::unexpected(place, message);
    let corrected = corrected_duration(written.trim_matches('"'));
    Some(match corrected {
        Some(corrected) => finding.rewrite(place, corrected),
        None => finding.help("a duration is whole numbers with the units `d`, `h`, `m` and `s`: `30s`, `1h30m`"),
    })
}

/// `until 5m because "…"`
fn no_after(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let absent = in_mute(failure) && failure.expects(Rule::k_after);
    absent.then(|| {
        let place = failure.span_before(1);
        let message =
            format!("a mute goes on until so long after its last source ended, found `until {}`", failure.before(1));
        let place = place.after();
        ParseFailure::unexpected(place, message).suggest("write `after`", place, " after")
    })
}

/// `same because "…"`, `same labels.a, because "…"`: `because` was read as a value.
fn reason_as_value(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !in_mute(failure) || !failure.is(TokenKind::String) || failure.before(1) != "because" {
        return None;
    }
    match failure.before(2) {
        "same" => {
            let finding =
                ParseFailure::unexpected(failure.span_before(1), "expected a value after `same`, found `because`");
            Some(finding.help("name what both alerts share: `same labels.cluster, labels.node`"))
        }
        "," => {
            let comma = failure.span_before(2);
            let message = "a list does not end in a comma, found `,` before `because`";
            Some(Diagnostic::new(&codes::TRAILING_COMMA, comma, message).suggest("remove the comma", comma, ""))
        }
        _ => None,
    }
}

/// `while labels.alert == "NodeDown" because "…"`
fn no_same(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let ends = failure.kind(failure.index).is_none() || matches!(failure.found(), "because" | "until");
    let absent = in_mute(failure) && failure.expects(Rule::k_same) && ends;
    absent.then(|| {
        let place = failure.span_before(1).after();
        ParseFailure::unexpected(place, "`while` does not say which values both alerts share")
            .note("without them, one such alert would hold all others, of every cluster and node")
            .help("write them after `same`: `same labels.cluster, labels.node`")
    })
}

/// A mute that ends without its reason.
fn no_because(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let ends = failure.kind(failure.index).is_none() || failure.starts_line(failure.index) && failure.may_begin();
    let absent = in_mute(failure) && failure.expects(Rule::k_because) && ends;
    absent.then(|| {
        let place = failure.span_before(1).after();
        ParseFailure::unexpected(place, "the mute does not say why it holds alerts")
            .note("whoever asks why nothing came is shown these words")
            .suggest("say why", place, " because \"…\"")
    })
}

/// `whlie labels.alert == "NodeDown"`
fn misspelt(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let expected: Vec<&str> = [
        (Rule::k_in, "in"),
        (Rule::k_when, "when"),
        (Rule::k_while, "while"),
        (Rule::k_same, "same"),
        (Rule::k_until, "until"),
        (Rule::k_after, "after"),
        (Rule::k_because, "because"),
    ]
    .into_iter()
    .filter_map(|(rule, word)| failure.expects(rule).then_some(word))
    .collect();
    if !in_mute(failure) || !failure.is(TokenKind::Word) {
        return None;
    }
    let near = nearest(failure.found(), expected)?;
    let message = format!("no clause of a mute begins with `{}`", clipped(failure.found()));
    Some(failure.unexpected_here(message).did_you_mean(failure.here(), near))
}

/// A clause where another one stands.
fn order(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = failure.found();
    let misplaced = in_mute(failure)
        && CLAUSES.contains(&word)
        && failure.index > 1
        && failure.expects_any(&[
            Rule::k_when,
            Rule::k_because,
            Rule::mute_source,
            Rule::k_same,
            Rule::EOI,
            Rule::file,
        ])
        && !failure.expects(Rule::name);
    misplaced.then(|| {
        let before = clipped(failure.before(1));
        let finding = Diagnostic::new(
            &codes::UNEXPECTED,
            failure.here(),
            format!("the clauses of a mute have an order, found {} after `{before}`", found(failure)),
        );
        finding.help(FORM)
    })
}
