//! Where a line leads: channels that come from a value, words of other tools for "nowhere", lines without a head.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{RESERVED, ROUTING, SIGNS};

pub(super) const MISTAKES: &[MistakeDetector] =
    &[named_match, nowhere, from_value, match_among_channels, headless, arm_with_subject, comma_between_arms];

/// `route match when …`
fn named_match(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let named = matches!(failure.before(1), "route" | "always")
        && failure.found() == "match"
        && matches!(failure.word(failure.index + 1), "when" | "=>" | "match");
    named.then(|| {
        Diagnostic::new(&codes::RESERVED, failure.here(), "`match` is a word of the language and cannot be a name")
            .suggest("choose another name, such as `match_`", failure.here(), "match_")
    })
}

fn names_channels(failure: &ParseFailure<'_>) -> bool {
    failure.expects_any(&[Rule::destination, Rule::to_routing, Rule::target, Rule::k_routing])
}

/// `=> null`, `=> none`
fn nowhere(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let nothing = matches!(failure.found(), "null" | "none" | "missing" | "false" | "[]");
    (nothing && failure.before(1) == "=>" && names_channels(failure)).then(|| {
        failure
            .foreign_here(format!("a line that sends nothing says so, found `{}`", failure.found()))
            .note("the reason is shown with every alert that ends here")
            .rewrite(failure.here(), "nothing because \"…\"")
    })
}

/// `=> labels.team`, `=> chat_of(labels.team)`, `=> "{labels.team}_chat"`
fn from_value(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let leads = |first: usize| first.checked_sub(1).is_some_and(|at| matches!(failure.word(at), "=>" | ","));
    let template = failure.is(TokenKind::String) && failure.found().contains('{') && names_channels(failure);
    let first = if template {
        failure.index
    } else {
        // A call after an arm's channel was read as the pattern of the next arm.
        let name = called_channel(failure).or(failure.index.checked_sub(1))?;
        let goes_on = match failure.word(name + 1) {
            "(" => true,
            // `team_chat.payments` is a member that is written with a dot.
            "." => failure.word(name) == "labels" || failure.word(name + 3) == ".",
            "[" => failure.word(name) == "labels",
            _ => false,
        };
        Some(failure.operand(name)).filter(|_| goes_on && failure.touches(name))?
    };
    if !matches!(failure.declaration(), "routing" | "integration") || !leads(first) {
        return None;
    }
    let last = failure.operand_end(first);
    let value = failure.text(first, last);
    let place = failure.range(first, last);
    let key = if template { "labels.team" } else { value };
    Some(
        ParseFailure::unexpected(place, format!("a channel stands here by its name, and `{value}` is a value")).help(
            format!(
                "a family of channels gives a member for each value: `channel team_chat[team] in [\"pay\", \"web\"] = …`, then `=> team_chat[{key}]`"
            ),
        ),
    )
}

/// The channel of an arm that is called, in the lines above the failure: `"web" => chat_of(labels.team)`
fn called_channel(failure: &ParseFailure<'_>) -> Option<usize> {
    if !failure.expects(Rule::arrow) || failure.expects_any(&[Rule::k_when, Rule::block]) {
        return None;
    }
    let start = failure.line_start(failure.index.checked_sub(1)?);
    (start..failure.index)
        .find(|at| failure.word(*at) == "=>" && failure.is_word(at + 1) && failure.word(at + 2) == "(")
        .map(|arrow| arrow + 1)
}

/// `=> page, match labels.team { … }`
fn match_among_channels(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.found() == "match" && names_channels(failure)).then(|| {
        failure
            .unexpected_here("`match` stands in the head of a line, not among its channels")
            .help("give it a line of its own: `also route NAME match labels.team { \"web\" => chat  else => decline }`")
    })
}

/// `labels.team: "web" => chat`, `severity == Critical => page`: a line without `route NAME when`
fn headless(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let first = failure.index + usize::from(failure.found() == "when");
    let line = failure.line_end(failure.index);
    let begins = failure.expects_any(&[Rule::line, Rule::head, Rule::k_route])
        && failure.starts_line(failure.index)
        && !ROUTING.contains(&failure.found())
        && matches!(failure.kind(first), Some(TokenKind::Word | TokenKind::Path));
    let arrow = (first..=line).find(|at| matches!(failure.word(*at), "=>" | "->")).filter(|_| begins)?;
    let sign = failure.operand_end(first) + 1;
    if sign >= arrow || !(failure.word(sign) == ":" || SIGNS.contains(&failure.word(sign))) {
        return None;
    }
    let subject = failure.word(sign.checked_sub(1)?);
    let plain = subject.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = if plain && !RESERVED.contains(&subject) { subject } else { "urgent" };
    let condition = match failure.word(sign) {
        ":" => format!("{} == {}", failure.text(first, sign - 1), failure.text(sign + 1, arrow.checked_sub(1)?)),
        _ => failure.text(first, arrow - 1).to_owned(),
    };
    let message = format!("a line of a routing begins with `route NAME when`, found `{}`", failure.found());
    let place = failure.range(failure.index, arrow - 1);
    Some(failure.unexpected_here(message).rewrite(place, format!("route {name} when {condition}")))
}

/// `labels.team: "web" => chat` as an arm
fn arm_with_subject(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let first = failure.operand(failure.index.checked_sub(1)?);
    let arm = failure.expects(Rule::arrow)
        && !failure.expects_any(&[Rule::k_when, Rule::block, Rule::open_brace])
        && failure.starts_line(first)
        && matches!(failure.kind(first), Some(TokenKind::Word | TokenKind::Path))
        && failure.word(first) != "else";
    let sign = matches!(failure.found(), ":" | "==" | "=" | "is");
    let value =
        matches!(failure.kind(failure.index + 1), Some(TokenKind::String | TokenKind::Number | TokenKind::Word));
    if !arm || !sign || !value || !matches!(failure.word(failure.index + 2), "=>" | "->") {
        return None;
    }
    let place = Span { end: failure.span(failure.index + 1).start, ..failure.span(first) };
    let message = format!("an arm begins with the value alone, found `{}`", failure.text(first, failure.index));
    Some(ParseFailure::unexpected(failure.range(first, failure.index), message).suggest(
        "leave out what `match` names already",
        place,
        "",
    ))
}

/// `"web" => page,` before the next arm
fn comma_between_arms(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let comma = failure.index.checked_sub(1)?;
    let next = failure.starts_line(failure.index)
        && (failure.is(TokenKind::String) || failure.found() == "else")
        && failure.word(comma) == ","
        && (names_channels(failure) || failure.expects_any(&[Rule::column, Rule::pattern, Rule::wildcard]));
    next.then(|| {
        let place = failure.span(comma);
        let message =
            format!("arms need no comma between them, found `,` before `{}`", super::clipped(failure.found()));
        Diagnostic::new(&codes::TRAILING_COMMA, place, message).suggest("remove the comma", place, "")
    })
}
