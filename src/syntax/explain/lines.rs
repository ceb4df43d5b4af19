//! Lines of a routing whose parts are missing, doubled or in another order.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{COMPARISONS, MAPPING, SIGNS, VALUES};

pub(super) const MISTAKES: &[MistakeDetector] = &[
    nameless,
    also,
    after_else,
    condition_word,
    second_when,
    late_when,
    no_when,
    no_arrow,
    brace_after_arrow,
    comma_of_arms,
    member,
    brackets,
    quoted,
    and,
    no_reason,
    continued,
    of_a_mapping,
];

/// `route when …`
fn nameless(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let head = failure.before(1);
    let nameless = matches!(head, "route" | "always") && matches!(failure.found(), "when" | "=>" | "{" | "match");
    nameless.then(|| {
        let place = failure.span_before(1);
        ParseFailure::unexpected(place, format!("this `{head}` has no name"))
            .note("reports, tests and `explain` call a line by its name")
            .suggest("give it one", place.after(), " urgent")
    })
}

/// `route also a`
fn also(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.found() == "also" && failure.before(1) == "route").then(|| {
        let place = failure.span_before(1).to(failure.here());
        ParseFailure::unexpected(place, "`also` stands before `route`").suggest("turn them round", place, "also route")
    })
}

/// `else when …`, `else route b when …`, `else if …`
fn after_else(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.before(1) != "else" || !failure.expects_any(&[Rule::arrow, Rule::block]) {
        return None;
    }
    let else_ = failure.span_before(1);
    let finding =
        |place: Span| ParseFailure::unexpected(place, "`else` takes whatever is left, so it has no condition");
    Some(match failure.found() {
        "route" | "always" | "also" => {
            let place = Span { end: failure.here().start, ..else_ };
            finding(else_).suggest("lines are tried in their order, without a word between them", place, "")
        }
        "when" => finding(failure.here()).suggest("make it a route of its own", else_, "route other"),
        "if" => {
            finding(failure.here()).suggest("make it a route of its own", else_.to(failure.here()), "route other when")
        }
        _ => return None,
    })
}

/// `accept if …`, `route a where …`, `route a unless …`
fn condition_word(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !failure.expects(Rule::k_when) {
        return None;
    }
    let found = failure.found();
    let here = failure.here();
    let finding = ParseFailure::foreign(here, format!("a condition follows `when`, found `{found}`"));
    match found {
        "if" | "where" | "on" | "only" => Some(finding.rewrite(here, "when")),
        "unless" => {
            let last = failure.line_end(failure.index);
            let end = (failure.index..=last)
                .find(|at| matches!(failure.word(*at), "=>" | "because"))
                .map_or(last, |at| at.saturating_sub(1));
            if end <= failure.index {
                return Some(finding.help("write `when not (…)`"));
            }
            let corrected = format!("when not ({})", failure.text(failure.index + 1, end));
            Some(finding.suggest("write `when not (…)`", failure.range(failure.index, end), corrected))
        }
        _ => None,
    }
}

/// `route a when … when …`
fn second_when(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let second = failure.found() == "when" && failure.expects_any(&[Rule::k_and, Rule::k_or]);
    second.then(|| {
        let start = failure.line_start(failure.index);
        let first = (start..failure.index).find(|at| failure.word(*at) == "when");
        let finding = failure.unexpected_here("a second `when` in one line").suggest(
            "where both conditions must hold, write `and`",
            failure.here(),
            "and",
        );
        match first {
            Some(first) => finding.related(failure.span(first), "the first"),
            None => finding,
        }
    })
}

/// `route a => page when …`
fn late_when(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != "when"
        || failure.starts_line(failure.index)
        || !failure.expects_any(&[Rule::line, Rule::head, Rule::k_route])
    {
        return None;
    }
    let start = failure.line_start(failure.index);
    let arrow = (start..failure.index).find(|at| failure.word(*at) == "=>")?;
    let last = failure.line_end(failure.index);
    let condition = failure.text(failure.index, last);
    let target = failure.text(arrow, failure.index - 1);
    let finding = failure.unexpected_here("the condition of a line stands before its `=>`");
    Some(finding.suggest("turn them round", failure.range(arrow, last), format!("{condition} {target}")))
}

/// `route a severity == Critical => page`
fn no_when(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !failure.expects(Rule::k_when)
        || !failure.expects_any(&[Rule::arrow, Rule::block])
        || failure.starts_line(failure.index)
    {
        return None;
    }
    let operand = matches!(
        failure.kind(failure.index),
        Some(TokenKind::Word | TokenKind::Path | TokenKind::String | TokenKind::Number)
    ) || failure.found() == "(";
    let last = failure.line_end(failure.index);
    let compares =
        (failure.index..=last).take_while(|at| failure.word(*at) != "=>").any(|at| SIGNS.contains(&failure.word(at)));
    let calls = failure.word(failure.index) == "during" || (failure.index..=last).any(|at| failure.word(at) == "=>");
    (operand && (compares || calls)).then(|| {
        let message = format!("expected `when` before the condition, found `{}`", failure.found());
        failure.unexpected_here(message).suggest("write `when`", failure.here().before(), "when ")
    })
}

/// `route a when … page`
fn no_arrow(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let complete = failure.expects(Rule::arrow)
        && failure.expects_any(&[Rule::block, Rule::open_brace])
        && failure.declaration() == "routing";
    let last_on_line = failure.is(TokenKind::Word)
        && !failure.starts_line(failure.index)
        && (failure.index == failure.line_end(failure.index)
            || failure.word(failure.index + 1) == ","
            || failure.kind(failure.index + 1) == Some(TokenKind::Close));
    let sign = failure.found() == "=";
    if !complete || !(last_on_line || sign) || matches!(failure.found(), "when" | "match" | "ignore" | "not" | "is") {
        return None;
    }
    if sign && failure.expects_any(COMPARISONS) {
        return None;
    }
    let message = if sign {
        "what a line leads to follows `=>`, found `=`".to_owned()
    } else {
        format!("expected `=>` before the channel, found `{}`", failure.found())
    };
    let finding = Diagnostic::new(&codes::NO_ARROW, failure.here(), message);
    Some(if sign {
        finding.rewrite(failure.here(), "=>")
    } else {
        finding.suggest("write `=>`", failure.here().before(), "=> ")
    })
}

fn names_channels(failure: &ParseFailure<'_>) -> bool {
    failure.expects_any(&[Rule::destination, Rule::to_routing, Rule::target])
}

/// `=> { … }`
fn brace_after_arrow(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.found() == "{" && failure.before(1) == "=>" && names_channels(failure)).then(|| {
        let place = Span { end: failure.here().start, ..failure.span_before(1) };
        ParseFailure::unexpected(failure.span_before(1), "a block follows the line without `=>`").suggest(
            "leave `=>` out",
            place,
            "",
        )
    })
}

/// `match labels.team { "a" => page, "b" => chat }`: after a comma, another channel is expected.
fn comma_of_arms(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let words = ["else", "missing", "null", "like", "matches", "finds", "contains", "starts", "ends", "in", "_"];
    let is_pattern = matches!(failure.kind(failure.index), Some(TokenKind::String | TokenKind::Number))
        || words.contains(&failure.found())
        || failure.found().starts_with(['<', '>']);
    let last = failure.line_end(failure.index);
    let is_arm = is_pattern && (failure.index..=last).any(|at| failure.word(at) == "=>");
    let is_channel = names_channels(failure) || failure.expects(Rule::name);
    (failure.before(1) == "," && is_channel && is_arm && failure.declaration() == "routing").then(|| {
        let comma = failure.span_before(1);
        let message =
            format!("arms need no comma between them, found `,` before `{}`", super::clipped(failure.found()));
        Diagnostic::new(&codes::TRAILING_COMMA, comma, message).suggest("remove the comma", comma, "")
    })
}

/// `=> team_chat [labels.team]`, `=> team_chat.payments`
fn member(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let before = failure.index.checked_sub(1)?;
    let begins = matches!(failure.before(2), "=>" | "," | "[" | "channel") && failure.before(1) != "labels";
    if !begins || failure.kind(before) != Some(TokenKind::Word) || failure.starts_line(failure.index) {
        return None;
    }
    if failure.found() == "[" && !failure.touches(before) {
        let blank = Span { start: failure.span_before(1).end, end: failure.here().start, ..failure.here() };
        let finding = failure.unexpected_here("a member of a family follows its name without a blank, found `[`");
        return Some(finding.suggest("remove the blank", blank, ""));
    }
    let next = failure.index + 1;
    let is_dotted = failure.found() == "." && failure.touches(before) && failure.kind(next) == Some(TokenKind::Word);
    is_dotted.then(|| {
        let message = format!("a member of a family stands in brackets, found `.{}`", failure.word(next));
        let corrected = format!("[\"{}\"]", failure.word(next));
        failure.unexpected_here(message).rewrite(failure.range(failure.index, next), corrected)
    })
}

/// `=> [page, sre]`
fn brackets(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != "[" || !names_channels(failure) {
        return None;
    }
    let close = failure.closer(failure.index)?;
    let inside = if close > failure.index + 1 { failure.text(failure.index + 1, close - 1) } else { return None };
    let finding = failure.unexpected_here("channels are listed without brackets, found `[`");
    Some(finding.rewrite(failure.range(failure.index, close), inside))
}

/// `=> "page"`, `sent ["page"]`, `during "office"`, `channel "page"`
fn quoted(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let name = failure.found().strip_prefix('"')?.strip_suffix('"')?;
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !name.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let wanted = failure.expects_any(&[Rule::name, Rule::destination, Rule::to_routing, Rule::target]);
    if !wanted || failure.expects_any(VALUES) || failure.starts_line(failure.index) {
        return None;
    }
    let begins = match failure.before(1) {
        "during" | "schedule" => "a schedule is named",
        "channel" => "a channel is named",
        "routing" => "a routing is named",
        "mapping" => "a mapping is named",
        "integration" => "an integration is named",
        "route" | "always" => "a route is named",
        _ if names_channels(failure) || failure.block() == "sent" || failure.declaration() == "test" => {
            "a channel is named"
        }
        _ => "a name stands",
    };
    let finding = failure.unexpected_here(format!("{begins} without quotes, found `{}`", failure.found()));
    if failure.word(failure.index + 1) == "{" && failure.before(1) == "channel" {
        return Some(finding.help(format!("write `channel {name} = …`, as in `channel {name} = stdout()`")));
    }
    Some(if is_name {
        finding.rewrite(failure.here(), name)
    } else {
        finding.help("a name holds letters, digits, `_` and `-`")
    })
}

/// `=> page and sre`
fn and(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let joins = matches!(failure.found(), "and" | "&" | "&&" | "+" | ";" | "|")
        && failure.expects_any(&[Rule::line, Rule::head, Rule::k_route])
        && !failure.starts_line(failure.index);
    joins.then(|| {
        let message = format!("channels are listed with `,`, found `{}`", failure.found());
        let place = Span { start: failure.span_before(1).end, ..failure.here() };
        failure.unexpected_here(message).rewrite(place, ",")
    })
}

/// `nothing` and `drop` without `because`
fn no_reason(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !failure.expects(Rule::k_because) {
        return None;
    }
    let start = failure.line_start(failure.index.saturating_sub(1));
    let word = if failure.before(1) == "nothing" { "nothing" } else { failure.word(start) };
    if !matches!(word, "nothing" | "drop" | "allow") {
        return None;
    }
    let fresh = failure.starts_line(failure.index)
        || failure.kind(failure.index).is_none_or(|kind| matches!(kind, TokenKind::Close | TokenKind::String));
    if !fresh {
        return None;
    }
    let last = failure.span_before(1);
    let finding = |place| {
        ParseFailure::unexpected(place, format!("`{word}` says why: expected `because` and a reason"))
            .note("the reason is shown with every alert that ends here")
    };
    Some(if failure.is(TokenKind::String) && !failure.starts_line(failure.index) {
        finding(failure.here()).suggest("write `because`", failure.here().before(), "because ")
    } else {
        finding(last.after()).suggest("give the reason", last.after(), " because \"…\"")
    })
}

/// `=> page continue`
fn continued(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = matches!(failure.found(), "continue" | "stop" | "break" | "final" | "next");
    (word && failure.declaration() == "routing" && !failure.starts_line(failure.index)).then(|| {
        let finding = failure.foreign_here(format!("a line does not end in `{}`", failure.found()));
        let start = failure.line_start(failure.index);
        if failure.found() == "continue" && failure.word(start) == "route" && failure.line_end(start) == failure.index {
            let corrected = format!("also {}", failure.text(start, failure.index - 1));
            finding.suggest(
                "the search goes on after a line that begins with `also`",
                failure.range(start, failure.index),
                corrected,
            )
        } else {
            finding.help("`route` ends the search where it hits; `also route` goes on")
        }
    })
}

/// `drop` in a routing
fn of_a_mapping(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let line = failure.expects_any(&[Rule::line, Rule::head, Rule::k_route]) && failure.starts_line(failure.index);
    let found = failure.found();
    if !line || !MAPPING.contains(&found) || failure.word(failure.index + 1) == ":" {
        return None;
    }
    let message = format!("`{found}` is a statement of a mapping, not a line of a routing");
    let finding = Diagnostic::new(&codes::UNKNOWN_STATEMENT, failure.here(), message);
    Some(if found == "drop" {
        finding.help("write `route NAME when … => nothing because \"…\"`")
    } else {
        finding.help("a routing reads the event that a mapping has made")
    })
}
