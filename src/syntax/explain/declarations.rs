//! Declarations that are nearly right, and files of another kind.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::{Diagnostic, nearest};
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{DECLARATIONS, MAPPING, ROUTING, TEST, other_tool};
use crate::text::backticked_list;

pub(super) const MISTAKES: &[MistakeDetector] =
    &[yaml, edition, sign_at_the_top, elsewhere, define, family, channel, positional, zone, column, reading, assertion];

/// The end of the finding about YAML, which is reported once in a file.
pub(in crate::syntax) const YAML: &str = "rules are not YAML";

/// `receiver: page`, `- match:`
fn yaml(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let item = failure.found() == "-" && failure.starts_line(failure.index);
    let line = failure.expects_any(&[Rule::line, Rule::head, Rule::k_route, Rule::EOI, Rule::file, Rule::k_define]);
    let member =
        failure.is(TokenKind::Word) && failure.starts_line(failure.index) && failure.word(failure.index + 1) == ":";
    if !(item && !failure.expects(Rule::number) || member && line) {
        return None;
    }
    let written = if member { failure.text(failure.index, failure.index + 1) } else { failure.found() };
    let place = if member { failure.range(failure.index, failure.index + 1) } else { failure.here() };
    let finding = ParseFailure::foreign(place, format!("no line begins with `{written}`: {YAML}"));
    let finding = match other_tool(failure.found()) {
        Some(tool) => finding.note(tool.fact).help(tool.instead),
        None => finding,
    };
    Some(match failure.declaration() {
        "routing" => finding.help("a line of a routing is `route NAME when labels.team == \"pay\" => channel`"),
        "mapping" => {
            finding.help("a statement of a mapping is `title = $.title ?? \"alert\"` or `labels { team = \"web\" }`")
        }
        _ => finding.help("a routing tree is `routing main { route NAME when … => channel  else => channel }`"),
    })
}

/// `channel team_chat[team] = …`, `channel team_chat[team] in "a"`
fn family(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.declaration() != "channel" {
        return None;
    }
    if failure.found() == "=" && failure.before(1) == "]" && failure.expects(Rule::k_from) {
        let finding = failure.unexpected_here("a family of channels says where its members come from, found `=`");
        return Some(finding.help("write `from \"teams.csv\"` or `in [\"a\", \"b\"]` before it"));
    }
    let is_alone = failure.before(1) == "in" && failure.before(2) == "]" && failure.is(TokenKind::String);
    is_alone.then(|| {
        let found = failure.found();
        let message = format!("the members of a family are a list, found `{found}`");
        failure.unexpected_here(message).rewrite(failure.here(), format!("[{found}]"))
    })
}

/// `edition = 1`, `version 1`, `Edition 1`
fn edition(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.before(1) == "edition" && matches!(failure.found(), "=" | ":") {
        let place = Span { start: failure.span_before(1).end, ..failure.here() };
        let message = format!("expected a number after `edition`, found `{}`", failure.found());
        let finding = Diagnostic::new(&codes::EDITION, failure.here(), message);
        let blank = if failure.touches(failure.index) { " " } else { "" };
        return Some(finding.suggest("write `edition 1`", place, blank));
    }
    let message = format!("a file begins with `edition 1`, found `{}`", failure.found());
    let misspelt = failure.index == 0
        && failure.kind(1) == Some(TokenKind::Number)
        && nearest(failure.found(), ["edition"]).is_some();
    if misspelt {
        return Some(Diagnostic::new(&codes::EDITION, failure.here(), message).did_you_mean(failure.here(), "edition"));
    }
    let version = matches!(failure.found(), "version" | "apiVersion" | "schema" | "syntax");
    (version && failure.index == 0).then(|| {
        let finding = Diagnostic::new(&codes::EDITION, failure.here(), message);
        let last = failure.line_end(0);
        finding.rewrite(failure.range(0, last), "edition 1")
    })
}

fn top(failure: &ParseFailure<'_>) -> bool {
    failure.expects_any(&[Rule::EOI, Rule::file, Rule::k_define])
}

/// `{ … }` and the like where a declaration should begin
fn sign_at_the_top(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let sign = matches!(
        failure.kind(failure.index),
        Some(TokenKind::Open | TokenKind::Sign | TokenKind::String | TokenKind::Number | TokenKind::Path)
    );
    if !top(failure) || !sign || !failure.starts_line(failure.index) || failure.expects(Rule::coalesce) {
        return None;
    }
    let message = format!("no declaration begins with `{}`", super::clipped(failure.found()));
    let finding = Diagnostic::new(&codes::UNKNOWN_DECLARATION, failure.here(), message);
    let json = failure.found() == "{" && failure.kind(failure.index + 1) == Some(TokenKind::String);
    let finding = finding.help(format!("expected {}", backticked_list(DECLARATIONS)));
    Some(if json {
        finding.note("this looks like JSON; payloads stand in files of their own, or in the `input` of a test")
    } else {
        finding
    })
}

/// A line of a block at the top of the file.
fn elsewhere(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = failure.found();
    if !top(failure) || !failure.starts_line(failure.index) || DECLARATIONS.contains(&word) {
        return None;
    }
    let (what, form) = if ROUTING.contains(&word) {
        ("a line of a routing", "routing main { … }")
    } else if MAPPING.contains(&word) {
        ("a statement of a mapping", "mapping name { … }")
    } else if TEST.contains(&word) {
        ("a statement of a test", "test \"name\" { … }")
    } else {
        return None;
    };
    let message = format!("`{word}` is {what} and stands within one");
    let finding = Diagnostic::new(&codes::UNKNOWN_DECLARATION, failure.here(), message);
    Some(finding.help(format!("put it between the braces of `{form}`")))
}

/// `define prod when …`
fn define(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let found = failure.found();
    let after = failure.before(2) == "define" && failure.expects(Rule::assign);
    (after && matches!(found, "when" | "as" | "is" | "if")).then(|| {
        Diagnostic::new(&codes::SIGN, failure.here(), format!("a define gets its value by `=`, found `{found}`"))
            .rewrite(failure.here(), "=")
    })
}

/// `channel page stdout()`, `channel page = stdout`
fn channel(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.before(2) == "channel" && failure.expects(Rule::assign) && failure.is(TokenKind::Word) {
        let message = format!("expected `=` between a channel and its kind, found `{}`", failure.found());
        let finding = failure.unexpected_here(message);
        return Some(finding.suggest("write `=`", failure.here().before(), "= "));
    }
    let kind = failure.before(2) == "=" && failure.before(4) == "channel" && failure.found() != "(";
    let fresh = failure.kind(failure.index).is_none() || failure.starts_line(failure.index);
    (kind && fresh).then(|| {
        let place = failure.span_before(1);
        ParseFailure::unexpected(place, format!("the kind of a channel has parentheses, found `{}`", failure.before(1)))
            .suggest("write them, with the channel's parameters in them", place.after(), "()")
    })
}

/// `webhook(env("HOOK"))`
fn positional(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let value = matches!(failure.before(1), "env" | "secret_file") && failure.found() == "(";
    if !value || !failure.expects(Rule::assign) || failure.declaration() != "channel" {
        return None;
    }
    let name = match failure.before(3) {
        "flashduty" => "key",
        "file" => "path",
        _ => "url",
    };
    let place = failure.span_before(1);
    Some(
        ParseFailure::unexpected(place, format!("a parameter has a name, found `{}` alone", failure.before(1)))
            .suggest(format!("write `{name} =` before it"), place.before(), format!("{name} = ")),
    )
}

/// `schedule noon { … }`
fn zone(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.before(2) == "schedule" && failure.found() == "{").then(|| {
        let name = failure.span_before(1);
        failure.unexpected_here("a schedule says in which time zone it is meant").suggest(
            "name the zone",
            name.after(),
            " in \"Asia/Shanghai\"",
        )
    })
}

/// `table team(service) from "teams.csv"`
fn column(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.found() == "from" && failure.expects(Rule::column_arrow)).then(|| {
        failure.unexpected_here("a table from a file names the column that it gives, by `->`").suggest(
            "name the column",
            failure.here().before(),
            "-> team ",
        )
    })
}

/// `mapping web => page` in an integration
fn reading(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = matches!(failure.before(1), "mapping" | "map" | "use");
    (word && failure.declaration() == "integration" && failure.is(TokenKind::Word)).then(|| {
        let place = Span { end: failure.here().start, ..failure.span_before(1) };
        let message = format!(
            "an integration names its mappings alone, found `{}` before `{}`",
            failure.before(1),
            failure.found()
        );
        ParseFailure::unexpected(failure.span_before(1), message).suggest("leave the word out", place, "")
    })
}

/// `assert …`
fn assertion(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let statement = failure.expects_any(&[Rule::expect, Rule::k_expect]) && failure.starts_line(failure.index);
    let corrected = match failure.found() {
        "assert" | "should" | "then" | "expects" | "want" => "expect",
        "payload" | "body" | "json" => "input",
        "alert" => "event",
        _ => return None,
    };
    statement.then(|| {
        let message = format!("no statement of a test begins with `{}`", failure.found());
        Diagnostic::new(&codes::UNKNOWN_STATEMENT, failure.here(), message).rewrite(failure.here(), corrected)
    })
}
