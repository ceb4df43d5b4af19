//! Conditions and values as other languages write them.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{COMPARISONS, RESERVED, VALUES};

pub(super) const MISTAKES: &[MistakeDetector] = &[
    upper_case, joined, negated, matcher, unequal, in_what, is_in, not_equal, with, regex, between, word, method, call,
    selector, series, question, sum,
];

fn condition(failure: &ParseFailure<'_>) -> bool {
    failure.expects_any(&[Rule::condition, Rule::quantifier])
}

/// `AND`, `IS NULL`
fn upper_case(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let lower = |index: usize| {
        let word = failure.word(index);
        let lower = word.to_ascii_lowercase();
        let known = RESERVED.contains(&&*lower)
            || matches!(&*lower, "starts" | "ends" | "with" | "ignore" | "case" | "because" | "note");
        let capitals = word.bytes().all(|byte| byte.is_ascii_uppercase());
        (known && (capitals || word != lower && !failure.starts_line(index))).then_some(lower)
    };
    lower(failure.index)?;
    let words: Vec<String> = (failure.index..).map_while(lower).collect();
    let last = failure.index + words.len() - 1;
    let corrected = words.join(" ").replace("is null", "is missing").replace("is not null", "is not missing");
    let message = format!("the words of the language are in lower case, found `{}`", failure.text(failure.index, last));
    let place = failure.range(failure.index, last);
    let pattern = failure.word(last + 1);
    if corrected.ends_with("like") && pattern.contains('%') && failure.kind(last + 1) == Some(TokenKind::String) {
        let corrected = format!("{corrected} {}", pattern.replace('%', "*"));
        return Some(ParseFailure::foreign(place, message).suggest(
            "any run of characters is `*`",
            failure.range(failure.index, last + 1),
            corrected,
        ));
    }
    Some(ParseFailure::foreign(place, message).rewrite(place, corrected))
}

/// `&&`, `||`
fn joined(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let found = failure.found();
    let joins_conditions = failure.expects_any(&[Rule::k_or, Rule::k_and]);
    let (means, corrected) = match found {
        "&&" | "&" => ("conditions are joined by words", "and"),
        "||" if !joins_conditions && failure.expects(Rule::coalesce) => ("a value to fall back on follows `??`", "??"),
        "||" if !joins_conditions && failure.expects_any(&[Rule::pattern, Rule::wildcard, Rule::order_sign]) => {
            ("patterns are alternatives by a single `|`", "|")
        }
        "||" => ("conditions are joined by words", "or"),
        _ => return None,
    };
    Some(failure.foreign_here(format!("{means}, found `{found}`")).rewrite(failure.here(), corrected))
}

/// `!x`
fn negated(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.found() == "!").then(|| {
        let blank = if failure.touches(failure.index) { "not " } else { "not" };
        failure.foreign_here("a condition is negated by a word, found `!`").suggest(
            "write `not`",
            failure.here(),
            blank,
        )
    })
}

/// The text of a string as a regular expression, if it holds no escape.
fn as_regex(string: &str) -> Option<String> {
    let inside = string.strip_prefix('r').unwrap_or(string).strip_prefix('"')?.strip_suffix('"')?;
    (string.starts_with('r') || !inside.contains('\\')).then(|| format!("/{}/", inside.replace('/', "\\/")))
}

/// `=~ "a|b"`
fn matcher(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = match failure.found() {
        "=~" => "matches",
        "!~" => "not matches",
        _ => return None,
    };
    let message = format!("a regex is tested by the word `{word}`, found `{}`", failure.found());
    let finding = failure.foreign_here(message);
    let Some(regex) = as_regex(failure.word(failure.index + 1)) else {
        return Some(finding.help(format!("write `{word} /…/`, with the regex between slashes")));
    };
    let blank = if failure.index.checked_sub(1).is_some_and(|before| failure.touches(before)) { " " } else { "" };
    let place = failure.range(failure.index, failure.index + 1);
    Some(finding.suggest("a regex stands between slashes", place, format!("{blank}{word} {regex}")))
}

fn unequal(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.found() == "<>")
        .then(|| failure.foreign_here("inequality is `!=`, found `<>`").rewrite(failure.here(), "!="))
}

/// What follows `in`: `("a", "b")`, `"a"`, `labels.team`.
fn in_what(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.before(1) != "in" || !failure.expects(Rule::k_cidr) {
        return None;
    }
    let here = failure.here();
    let index = failure.index;
    if failure.found() == "(" {
        let close = failure.closer(index)?;
        let inside = failure.text(index + 1, close - 1);
        let place = failure.range(index, close);
        let finding = ParseFailure::unexpected(here, "a list stands in square brackets, found `(`");
        return Some(finding.suggest("write `[` and `]`", place, format!("[{inside}]")));
    }
    (failure.kind(index) == Some(TokenKind::String)).then(|| {
        let finding = ParseFailure::unexpected(here, format!("a list stands in brackets, found `{}`", failure.found()));
        finding.suggest("write `[` and `]`", here, format!("[{}]", failure.found()))
    })
}

/// `x is in [..]`, `x is like ".."`, `x is == y`
fn is_in(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let operators = ["in", "like", "matches", "finds", "contains", "equal", "equals"];
    let after_is = |word: &str, is: &str| is == "is" && (operators.contains(&word) || word == "==" || word == "!=");
    let back = if after_is(failure.found(), failure.before(1)) {
        0
    } else if after_is(failure.before(1), failure.before(2)) {
        1
    } else {
        return None;
    };
    let index = failure.index - back;
    let word = failure.word(index);
    let is = failure.span(index - 1);
    let corrected = if matches!(word, "equal" | "equals") { "==" } else { word };
    let message = format!("`is` asks for a kind, as in `is missing`; before `{word}` it is left out");
    Some(ParseFailure::unexpected(is, message).rewrite(failure.range(index - 1, index), corrected))
}

/// `x not == y`, `x not "y"`
fn not_equal(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.before(1) != "not" || failure.index < 2 || failure.expects_any(&[Rule::condition, Rule::quantifier]) {
        return None;
    }
    let not = failure.index - 1;
    let value = matches!(failure.kind(failure.index), Some(TokenKind::String | TokenKind::Number));
    if failure.found() == "==" {
        let place = failure.range(not, failure.index);
        let finding = ParseFailure::unexpected(place, "inequality is `!=`, found `not ==`");
        return Some(finding.rewrite(place, "!="));
    }
    value.then(|| {
        let finding = ParseFailure::unexpected(
            failure.span(not),
            format!("expected an operator between `not` and `{}`", failure.found()),
        );
        finding.suggest("to say that the two differ, write `!=`", failure.span(not), "!=")
    })
}

/// `starts "a"`
fn with(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let after = matches!(failure.before(1), "starts" | "ends") && failure.expects(Rule::k_with);
    after.then(|| {
        let place = failure.span_before(1);
        ParseFailure::unexpected(place, format!("expected `with` after `{}`", failure.before(1))).suggest(
            "write `with`",
            place.after(),
            " with",
        )
    })
}

/// `matches "…"`, `== /…/`
fn regex(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let here = failure.here();
    let before = failure.before(1);
    if failure.is(TokenKind::String) && failure.expects(Rule::regex) {
        let finding =
            ParseFailure::unexpected(here, format!("a regex stands between slashes, found `{}`", failure.found()));
        return Some(match as_regex(failure.found()) {
            Some(regex) => finding.rewrite(here, regex),
            None => finding.help("write `/…/`; of all characters `/` alone is escaped beyond the regex itself"),
        });
    }
    let compares = matches!(before, "==" | "!=" | "like" | "contains" | "with");
    (failure.is(TokenKind::Regex) && compares).then(|| {
        let word = if before == "!=" { "not finds" } else { "finds" };
        // `starts with` and `ends with` are two tokens.
        let first = failure.index - if before == "with" { 2 } else { 1 };
        let finding =
            ParseFailure::unexpected(here, format!("a regex is tested by `finds` or `matches`, found `{before}`"));
        finding
            .note("`finds` looks for it anywhere, `matches` wants the whole string to fit")
            .rewrite(failure.range(first, failure.index - 1), word)
    })
}

/// `x between a and b`
fn between(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != "between" || failure.index == 0 {
        return None;
    }
    let finding = failure.foreign_here("there is no `between`: two comparisons are joined by `and`");
    let first = failure.operand(failure.index - 1);
    let value = failure.text(first, failure.index - 1);
    let (low_index, high_index) = (failure.index + 1, failure.index + 3);
    let connective = failure.word(failure.index + 2);
    if !connective.eq_ignore_ascii_case("and") {
        return Some(finding.help(format!("write `{value} >= … and {value} <= …`")));
    }
    let (low, high) = (failure.word(low_index), failure.word(high_index));
    let corrected = format!("{value} >= {low} and {value} <= {high}");
    Some(finding.suggest("write them out", failure.range(first, high_index), corrected))
}

/// An operator of another language that is a word.
fn word(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let after_value = failure.expects_any(COMPARISONS) && !failure.starts_line(failure.index);
    if !after_value || !failure.is(TokenKind::Word) {
        return None;
    }
    let found = failure.found();
    let corrected = match &*found.to_ascii_lowercase().replace(['_', '-'], "") {
        "startswith" | "hasprefix" | "beginswith" | "begins" => "starts with",
        "endswith" | "hassuffix" => "ends with",
        "equals" | "equal" | "eq" => "==",
        "notequals" | "ne" | "neq" => "!=",
        "gt" => ">",
        "gte" | "ge" => ">=",
        "lt" => "<",
        "lte" | "le" => "<=",
        "includes" | "has" | "contain" => "contains",
        "notin" => "not in",
        _ => return None,
    };
    let finding = failure.foreign_here(format!("there is no operator `{found}`"));
    Some(finding.rewrite(failure.here(), corrected))
}

/// The operator or function for a method or a function of another language, given the value and the argument.
fn rewritten(name: &str, value: &str, argument: &str) -> Option<String> {
    Some(match &*name.to_ascii_lowercase().replace('_', "") {
        "startswith" | "hasprefix" => format!("{value} starts with {argument}"),
        "endswith" | "hassuffix" => format!("{value} ends with {argument}"),
        "contains" | "includes" | "indexof" => format!("{value} contains {argument}"),
        "matches" | "match" | "test" => format!("{value} finds {}", as_regex(argument)?),
        "equals" => format!("{value} == {argument}"),
        "like" => format!("{value} like {argument}"),
        "tolowercase" | "tolower" | "lower" | "downcase" | "lowerascii" => format!("lower({value})"),
        "touppercase" | "toupper" | "upper" | "upcase" | "upperascii" => format!("upper({value})"),
        "trim" | "strip" => format!("trim({value})"),
        "length" | "size" | "len" => format!("len({value})"),
        _ => return None,
    })
}

/// `labels.get("team", "none")` as a path: the member, and what there is in its place where it is missing.
fn member(value: &str, arguments: &str) -> String {
    let (name, default) = arguments.split_once(',').unwrap_or((arguments, ""));
    let (name, default) = (name.trim(), default.trim());
    let bare = name.trim_matches('"');
    let plain = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let path = if plain { format!("{value}.{bare}") } else { format!("{value}[{name}]") };
    if default.is_empty() { path } else { format!("{path} ?? {default}") }
}

/// `labels.team.startsWith("pay")`
fn method(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != "(" || failure.index == 0 || !failure.touches(failure.index - 1) {
        return None;
    }
    let first = failure.operand(failure.index - 1);
    let (value, name) = failure.text(first, failure.index - 1).rsplit_once('.')?;
    let close = failure.closer(failure.index)?;
    let argument = if close > failure.index + 1 { failure.text(failure.index + 1, close - 1) } else { "" };
    let message = format!("a value has no methods, found `.{name}(…)`");
    let finding = ParseFailure::foreign(failure.span_before(1), message);
    if matches!(name, "get" | "Get" | "getOrDefault" | "value") && argument.starts_with('"') {
        return Some(finding.rewrite(failure.range(first, close), member(value, argument)));
    }
    Some(match rewritten(name, value, argument) {
        Some(corrected) => finding.rewrite(failure.range(first, close), corrected),
        None => finding.help(format!("call a function with the value, as in `lower({value})`")),
    })
}

/// `contains(title, "disk")`
fn call(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let name = failure.found();
    let called = matches!(name, "contains" | "like" | "matches" | "match" | "in" | "is")
        && failure.word(failure.index + 1) == "("
        && condition(failure);
    if !called {
        return None;
    }
    let close = failure.closer(failure.index + 1)?;
    let (value, argument) = failure.text(failure.index + 2, close - 1).split_once(',')?;
    let finding = failure.foreign_here(format!("`{name}` stands between two values, not before them"));
    let corrected = rewritten(name, value.trim(), argument.trim())?;
    Some(finding.rewrite(failure.range(failure.index, close), corrected))
}

/// `{team="pay"}`
fn selector(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != "{" || !matches!(failure.before(1), "when" | "and" | "or" | "not") {
        return None;
    }
    let close = failure.closer(failure.index)?;
    let finding = failure.foreign_here("a condition is written out, found a selector in braces");
    let mut conditions = Vec::new();
    let mut at = failure.index + 1;
    while at + 2 < close {
        let value = failure.word(at + 2);
        let right = match failure.word(at + 1) {
            "=" | "==" => format!("== {value}"),
            "!=" => format!("!= {value}"),
            "=~" => format!("matches {}", as_regex(value)?),
            "!~" => format!("not matches {}", as_regex(value)?),
            _ => break,
        };
        conditions.push(format!("labels.{} {right}", failure.word(at)));
        at += 4;
    }
    if conditions.is_empty() {
        return Some(finding.help("write it as `labels.team == \"pay\" and labels.env == \"prod\"`"));
    }
    Some(finding.suggest("write it out", failure.range(failure.index, close), conditions.join(" and ")))
}

/// `rate(errors[5m])`
fn series(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let span = failure.is(TokenKind::Number)
        && failure.before(1) == "["
        && failure.word(failure.index + 1) == "]"
        && failure.found().ends_with(['s', 'm', 'h', 'd', 'w']);
    span.then(|| {
        let place = failure.range(failure.index - 1, failure.index + 1);
        ParseFailure::foreign(place, format!("a rule sees one alert and no time series, found `[{}]`", failure.found()))
            .help("compute it where the alert is raised; here, compare what the alert carries, as in `number(labels.value) > 90`")
    })
}

/// `a ? b : c`, `a ? b`, `$?.a`
fn question(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != "?" {
        return None;
    }
    let here = failure.here();
    let last = failure.line_end(failure.index);
    if failure.word(failure.index + 1) == "." && failure.touches(failure.index) {
        let finding = ParseFailure::foreign(here, "a path needs no `?`: what is not there is missing, and no mistake");
        return Some(finding.suggest("leave it out", here, ""));
    }
    if (failure.index..=last).any(|at| failure.word(at) == ":") {
        let finding = ParseFailure::foreign(here, "there is no `… ? … : …`");
        return Some(if condition(failure) || failure.expects_any(&[Rule::k_and, Rule::k_or]) {
            finding.help("a condition is true or false by itself: leave out what follows `?`")
        } else {
            finding.help("choose a value by `match x { \"a\" => …  else => … }`")
        });
    }
    failure
        .expects(Rule::coalesce)
        .then(|| ParseFailure::foreign(here, "a value to fall back on follows `??`, found `?`").rewrite(here, "??"))
}

/// `$.host + " is down"`
fn sum(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let after_value = failure.expects(Rule::coalesce) || failure.expects_any(VALUES);
    if !matches!(failure.found(), "+" | "*" | "/" | "-" | "%") || !after_value || failure.starts_line(failure.index) {
        return None;
    }
    let here = failure.here();
    let found = failure.found();
    let first = failure.operand(failure.index.checked_sub(1)?);
    let last = failure.line_end(failure.index);
    let mut joined = String::new();
    for at in (first..=last).step_by(2) {
        let text = failure.word(at);
        match failure.kind(at) {
            Some(TokenKind::String) => joined += text.strip_prefix('"')?.strip_suffix('"')?,
            Some(TokenKind::Path | TokenKind::Word) => joined.extend(["{", text, "}"]),
            _ => joined.clear(),
        }
        let next = failure.word(at + 1);
        if at < last && next != "+" || joined.is_empty() {
            let finding = ParseFailure::foreign(here, format!("there is no arithmetic, found `{found}`"));
            return Some(finding.help("values are put into a string by `{…}`, as in `\"{$.host} is down\"`"));
        }
    }
    let finding = ParseFailure::foreign(here, "strings are not added: a string holds its values in `{…}`");
    Some(finding.suggest("write one string", failure.range(first, last), format!("\"{joined}\"")))
}
