//! Mistakes with a message of their own. Each is a function that looks at the words around the failure. The first that
//! recognises the mistake reports it.

use super::{MistakeDetector, ParseFailure, TokenKind, clipped};
use super::{
    choices, conditions, declarations, destinations, durations, fields, heartbeats, lines, mutes, operators, proves,
    schedules, statements, tools,
};
use crate::diagnostic::{Diagnostic, nearest};
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{COMPARISONS, DECLARATIONS, MAPPING, RESERVED, ROUTING, SIGNS, TEST, VALUES, foreign};
use crate::text::backticked_list;

/// The finding for a mistake that is known.
pub(super) fn known(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    const MISTAKES: &[MistakeDetector] = &[
        trailing_comma,
        edition,
        foreign_word,
        statement,
        declaration,
        greater_or_equal,
        less_or_equal,
        equals,
        colon,
        arrow,
        leading_match,
        chained,
        condition,
        reserved,
        arm,
        number,
    ];
    let apart = [
        mutes::MISTAKES,
        choices::MISTAKES,
        tools::MISTAKES,
        durations::MISTAKES,
        fields::MISTAKES,
        destinations::MISTAKES,
        heartbeats::MISTAKES,
        proves::MISTAKES,
        schedules::MISTAKES,
        conditions::MISTAKES,
        declarations::MISTAKES,
        lines::MISTAKES,
        statements::MISTAKES,
        operators::MISTAKES,
    ];
    apart.into_iter().flatten().chain(MISTAKES).find_map(|mistake| mistake(failure))
}

fn trailing_comma(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let ends = failure.kind(failure.index).is_none_or(|kind| kind == TokenKind::Close)
        || (failure.starts_line(failure.index) && RESERVED.contains(&failure.found()));
    if failure.before(1) != "," || !ends {
        return None;
    }
    let comma = failure.span_before(1);
    let message = format!("a list does not end in a comma, found `,` before `{}`", failure.found());
    Some(Diagnostic::new(&codes::TRAILING_COMMA, comma, message).suggest("remove the comma", comma, ""))
}

fn edition(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() == "edition" && failure.starts_line(failure.index) {
        let finding =
            Diagnostic::new(&codes::EDITION, failure.here(), "the edition stands once, in the first line of a file");
        return Some(finding.help("remove this line"));
    }
    (failure.before(1) == "edition" && failure.expects(Rule::integer)).then(|| {
        let message = format!("expected a number after `edition`, found `{}`", clipped(failure.found()));
        Diagnostic::new(&codes::EDITION, failure.here(), message).rewrite(failure.here(), "1")
    })
}

/// `if`, `elif`, `import` and their like, where they stand or as a name before what failed.
fn foreign_word(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let back = usize::from(!(failure.is(TokenKind::Word) && foreign(failure.found()).is_some()));
    let index = failure.index.checked_sub(back)?;
    let word = failure.word(index);
    let help = foreign(word)?;
    let begins =
        failure.starts_line(index) || matches!(failure.word(index.checked_sub(1)?), "else" | "}" | "{" | "=" | "=>");
    begins.then(|| {
        let finding = Diagnostic::new(&codes::FOREIGN, failure.span(index), format!("there is no `{word}` in rules"));
        let line = failure.starts_line(index) && failure.declaration() == "routing";
        finding.help(if line && matches!(word, "if" | "elif" | "elsif" | "elseif" | "case" | "switch") {
            "write a route with a name: `route NAME when … => channel`"
        } else {
            help
        })
    })
}

/// A line of a block whose first word does not begin a statement.
fn statement(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let (index, known): (usize, &[&str]) =
        if failure.expects_any(&[Rule::line, Rule::head, Rule::k_route, Rule::k_always]) {
            (failure.index, ROUTING)
        } else if failure.expects_any(&[Rule::expect, Rule::cases, Rule::input, Rule::subject]) {
            (failure.index, TEST)
        } else if failure.expects(Rule::assign)
            && failure.index.checked_sub(1).is_some_and(|index| failure.starts_line(index))
        {
            (failure.index - 1, MAPPING)
        } else {
            return None;
        };
    if failure.kind(index) != Some(TokenKind::Word)
        || !(failure.starts_line(index) || failure.word(index.checked_sub(1)?) == "{")
    {
        return None;
    }
    let word = failure.word(index);
    let unknown = !known.contains(&word) && !matches!(failure.found(), ":" | "=" | "==");
    if !unknown || RESERVED.contains(&word) && known.as_ptr() == MAPPING.as_ptr() {
        return None;
    }
    let finding = Diagnostic::new(
        &codes::UNKNOWN_STATEMENT,
        failure.span(index),
        format!("no statement here begins with `{word}`"),
    );
    Some(match nearest(word, known.iter().copied()) {
        Some(near) => finding.did_you_mean(failure.span(index), near),
        None => finding.help(format!("expected {}", backticked_list(known))),
    })
}

fn declaration(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = failure.found();
    let top = failure.expects_any(&[Rule::EOI, Rule::file, Rule::mapping, Rule::routing, Rule::channel]);
    if !top || !failure.is(TokenKind::Word) || !failure.starts_line(failure.index) {
        return None;
    }
    let finding =
        Diagnostic::new(&codes::UNKNOWN_DECLARATION, failure.here(), format!("no declaration begins with `{word}`"));
    Some(match nearest(word, DECLARATIONS.iter().copied()) {
        Some(near) => finding.did_you_mean(failure.here(), near),
        None => finding.help(format!("expected {}", backticked_list(DECLARATIONS))),
    })
}

/// `x => 90` where a comparison is meant.
fn greater_or_equal(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let operand = |index: usize| {
        let capital = failure.word(index).starts_with(|first: char| first.is_ascii_uppercase());
        matches!(failure.kind(index), Some(TokenKind::Number))
            || (failure.kind(index) == Some(TokenKind::Word) && capital)
    };
    let at = if failure.before(1) == "=>"
        && failure.expects_any(&[Rule::to_routing, Rule::name, Rule::target])
        && operand(failure.index)
    {
        failure.span_before(1)
    } else if failure.before(2) == "=>"
        && matches!(failure.found(), "=>" | "{" | "and" | "or")
        && !failure.starts_line(failure.index)
        && operand(failure.index.saturating_sub(1))
    {
        failure.span_before(2)
    } else if failure.found() == "=>"
        && failure.expects_any(&[Rule::column, Rule::wildcard, Rule::order_sign])
        && operand(failure.index + 1)
    {
        failure.here()
    } else {
        return None;
    };
    let finding = Diagnostic::new(&codes::SIGN, at, "`=>` leads to a result; greater or equal is `>=`");
    Some(finding.rewrite(at, ">="))
}

fn less_or_equal(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let next = failure.span(failure.index + 1);
    let here = failure.here();
    (failure.found() == "=" && failure.word(failure.index + 1) == "<" && here.end == next.start).then(|| {
        let both = here.to(next);
        Diagnostic::new(&codes::SIGN, both, "less or equal is `<=`, found `=<`").rewrite(both, "<=")
    })
}

/// `=` for `==`, and the reverse.
fn equals(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let here = failure.here();
    if failure.found() == "="
        && matches!(failure.before(2), "=" | "==")
        && failure.index.checked_sub(1).is_some_and(|index| failure.starts_line(index))
    {
        let place = failure.span_before(2).after();
        let message = format!("expected a value after `{}`", failure.before(2));
        let next = format!("`{}` begins the next line", failure.before(1));
        let finding = Diagnostic::new(&codes::UNEXPECTED, place, message).related(failure.span_before(1), next);
        return Some(finding.help("a value is, for example, `$.title` in a mapping, or `labels.team` in a routing"));
    }
    if failure.found() == "=" && (failure.expects_any(COMPARISONS) || failure.expects(Rule::coalesce)) {
        let finding = Diagnostic::new(&codes::ASSIGN, here, "`=` gives a name its value; `==` compares");
        return Some(finding.rewrite(here, "=="));
    }
    if matches!(failure.found(), "==" | "===") && failure.expects(Rule::assign) {
        let finding = Diagnostic::new(&codes::SIGN, here, "`==` compares; a field or a name gets its value by `=`");
        return Some(finding.rewrite(here, "="));
    }
    if failure.found() == "=" && failure.expects(Rule::colon) {
        let finding = Diagnostic::new(&codes::SIGN, here, "a member of an object is written `name: value`, found `=`");
        return Some(finding.rewrite(here, ":"));
    }
    (failure.found() == "=" && failure.before(1) == "==").then(|| {
        let both = failure.span_before(1).to(here);
        Diagnostic::new(&codes::SIGN, both, "equality is `==`, found `===`").rewrite(both, "==")
    })
}

fn colon(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let here = failure.here();
    if failure.found() != ":" {
        return None;
    }
    if failure.expects(Rule::assign) {
        let finding = Diagnostic::new(&codes::SIGN, here, "a value is given by `=`, found `:`");
        return Some(finding.suggest("write `=`", here, " ="));
    }
    failure.expects(Rule::arrow).then(|| {
        Diagnostic::new(&codes::NO_ARROW, here, "a pattern leads to its result by `=>`, found `:`").suggest(
            "write `=>`",
            here,
            " =>",
        )
    })
}

fn arrow(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let here = failure.here();
    if failure.found() == "->" && failure.expects(Rule::arrow) {
        let finding = Diagnostic::new(&codes::SIGN, here, "a result or a channel follows `=>`, found `->`");
        return Some(finding.rewrite(here, "=>"));
    }
    (failure.found() == "=>" && failure.expects(Rule::column_arrow)).then(|| {
        let finding = Diagnostic::new(&codes::SIGN, here, "the column of a table from a file follows `->`, found `=>`");
        finding.rewrite(here, "->")
    })
}

fn leading_match(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let begins =
        failure.found() == "match" && failure.expects_any(&[Rule::condition, Rule::quantifier, Rule::reference]);
    begins.then(|| {
        let here = failure.here();
        let finding = Diagnostic::new(&codes::LEADING_MATCH, here, "a condition does not begin with `match`");
        let brace = (failure.index..failure.tokens.len()).find(|at| failure.word(*at) == "{");
        match brace.and_then(|brace| failure.closer(brace)) {
            Some(close) => {
                let corrected = format!("({})", failure.text(failure.index, close));
                finding.suggest("put it in parentheses", failure.range(failure.index, close), corrected)
            }
            None => finding.help("put the whole `match … { … }` in parentheses: `when (match x { … }) == y`"),
        }
    })
}

fn chained(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let joins = failure.expects_any(&[Rule::k_and, Rule::k_or]);
    let compares = failure.expects_any(COMPARISONS);
    (joins && !compares && SIGNS.contains(&failure.found())).then(|| {
        let message = format!("a comparison cannot be followed by another, found `{}`", failure.found());
        let finding = Diagnostic::new(&codes::CHAINED, failure.here(), message);
        if failure.found() == "during" {
            return finding.suggest(
                "the time of evaluation is a condition of its own",
                failure.here().before(),
                "and ",
            );
        }
        let last = failure.index.saturating_sub(1);
        let middle = failure.text(failure.operand(last), last);
        finding.suggest("write both comparisons", failure.here().before(), format!("and {middle} "))
    })
}

/// A condition where a result, a field or a label needs a value.
fn condition(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let found = failure.found();
    let after = failure.expects(Rule::coalesce)
        && !failure.expects_any(&[Rule::k_and, Rule::k_or])
        && !failure.expects_any(COMPARISONS)
        && (SIGNS.contains(&found) || matches!(found, "and" | "or" | "not"));
    let before = matches!(found, "not" | "any" | "all" | "none")
        && failure.expects_any(VALUES)
        && !failure.expects(Rule::quantifier);
    (after || before).then(|| {
        let message = format!("a value is needed here, found `{found}`, which makes it a condition");
        Diagnostic::new(&codes::CONDITION, failure.here(), message).help("put the condition in parentheses: `(a == b)`")
    })
}

fn reserved(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let found = failure.found();
    let named = failure.expects_any(&[Rule::name, Rule::destination, Rule::to_routing]) || failure.expects_any(VALUES);
    if !named || !RESERVED.contains(&found) || failure.offending_token() != failure.index {
        return None;
    }
    let here = failure.here();
    let finding =
        Diagnostic::new(&codes::RESERVED, here, format!("`{found}` is a word of the language and cannot be a name"));
    Some(if failure.expects(Rule::name) {
        let other = format!("{found}_");
        finding.suggest(format!("choose another name, such as `{other}`"), here, other)
    } else {
        finding.help(format!("after a dot any word may stand, as in `labels.{found}`"))
    })
}

/// A pattern that is not followed by `=>`.
fn arm(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !failure.expects(Rule::arrow) || failure.expects_any(&[Rule::block, Rule::k_when, Rule::open_brace]) {
        return None;
    }
    let before = failure.span_before(1);
    let place = Span { start: before.end, ..before };
    let message = format!("expected `=>` after `{}`, found {}", clipped(failure.before(1)), super::found(failure));
    let finding = Diagnostic::new(&codes::NO_ARROW, failure.here(), message);
    Some(finding.suggest("write `=>` and what follows from it", place, " =>"))
}

fn number(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let found = failure.found();
    if !failure.is(TokenKind::Number) || !failure.expects_any(&[Rule::number, Rule::reference]) {
        return None;
    }
    let finding = Diagnostic::new(&codes::NUMBER, failure.here(), format!("`{}` is not a number", clipped(found)));
    Some(if found.contains(':') || found.matches('-').count() > 1 {
        finding.help("write a time as `time(\"2026-03-07T02:00:00+08:00\")`")
    } else {
        finding.help("a number is written as in JSON: `90`, `-1`, `0.5`, `1e3`, without leading zeros or a unit")
    })
}
