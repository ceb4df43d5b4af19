//! Statements of mappings, arms, schedules and tests that are nearly right.

use super::declarations::YAML;
use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{COMPARISONS, MAPPING, SIGNS, VALUES};
use crate::time::Day;

pub(super) const MISTAKES: &[MistakeDetector] = &[
    dollar_member,
    bare_filter,
    colon_equals,
    colon_label,
    comma,
    spread,
    dotted_label,
    each_name,
    template,
    apart_path,
    dollar,
    dot,
    pipe,
    alternatives,
    negated_pattern,
    nothing_matched,
    time_range,
    day_or_time,
    unquoted,
    no_comma,
    result_condition,
];

/// `let host := $.host`
fn colon_equals(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.found() == ":=" && failure.expects(Rule::assign)).then(|| {
        Diagnostic::new(&codes::SIGN, failure.here(), "a value is given by `=`, found `:=`")
            .rewrite(failure.here(), "=")
    })
}

/// `labels:` and `labels { team: "web" }`
fn colon_label(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let name = failure.before(1);
    if failure.found() != ":" || !failure.expects(Rule::assign) {
        return None;
    }
    if name == "labels" {
        let finding = failure.foreign_here(format!("labels stand in braces, found `labels:`: {YAML}"));
        return Some(finding.help("write `labels { team = \"web\"  env = $.env }`"));
    }
    let message = format!("`{name}` gets its value by `=`, found `:`");
    Some(Diagnostic::new(&codes::SIGN, failure.here(), message).suggest("write `=`", failure.here(), " ="))
}

/// A comma between labels, arms, statements or lines.
fn comma(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != "," {
        return None;
    }
    let parts = match failure.block() {
        "labels" => "labels",
        _ if failure.expects_any(&[Rule::route_arm, Rule::arm, Rule::note, Rule::k_note]) => "arms",
        _ if failure.expects_any(&[Rule::field, Rule::let_, Rule::k_accept]) => "statements",
        _ => return None,
    };
    let message =
        format!("{parts} need no comma between them, found `,` after `{}`", super::clipped(failure.before(1)));
    let finding = Diagnostic::new(&codes::TRAILING_COMMA, failure.here(), message);
    Some(finding.suggest("remove the comma", failure.here(), ""))
}

/// `labels { $.labels }`
fn spread(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.is(TokenKind::Path) && failure.expects(Rule::spread)).then(|| {
        let message = format!("expected a label's name, found `{}`", failure.found());
        failure.unexpected_here(message).suggest(
            "to take all labels of an object, write `...` before it",
            failure.here().before(),
            "...",
        )
    })
}

/// `labels { app.kubernetes.io/name = … }`
fn dotted_label(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.block() != "labels" || !failure.expects(Rule::assign) || !matches!(failure.found(), "." | "/" | ":") {
        return None;
    }
    let last = failure.line_end(failure.index);
    let equals = (failure.index..=last).find(|at| failure.word(*at) == "=")?;
    let (first, last) = (failure.index.checked_sub(1)?, equals - 1);
    let name = failure.text(first, last);
    let finding = failure.unexpected_here(format!("a label whose name holds `{}` stands in quotes", failure.found()));
    Some(finding.rewrite(failure.range(first, last), format!("\"{name}\"")))
}

/// `each alert in $.alerts`, `each $.alerts[*] as alert`
fn each_name(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let first = failure.index + 1;
    if failure.before(2) == "each" && failure.found() == "in" && failure.is_word(failure.index - 1) {
        let place = failure.range(failure.index - 1, failure.index);
        let last = failure.operand_end(first);
        let path = failure.text(first, last);
        let items = if path.contains('*') || path.contains('?') { "" } else { "[*]" };
        return Some(
            ParseFailure::foreign(place, "`each` gives its element no name")
                .note("the element is `@`: its members are `@.name`")
                .suggest("leave it out", failure.range(failure.index - 1, last), format!("{path}{items}")),
        );
    }
    let named = failure.before(1) == "as" && failure.is(TokenKind::Word);
    let start = failure.line_start(failure.index);
    (named && failure.word(start) == "each").then(|| {
        let name = failure.span_before(1).to(failure.here());
        let with_blank = Span { start: failure.span_before(2).end, ..name };
        ParseFailure::foreign(name, "`each` gives its element no name")
            .note("the element is `@`: its members are `@.name`")
            .suggest("leave it out", with_blank, "")
    })
}

/// `{{ .Labels.host }}` and `{host}` outside a string
fn template(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let here = failure.here();
    if failure.found() != "{" || failure.before(1) == "match" || !failure.expects_any(VALUES) {
        return None;
    }
    let double = failure.word(failure.index + 1) == "{";
    let close = failure.closer(failure.index)?;
    let member = failure.text(failure.index + 1 + usize::from(double), close.checked_sub(1 + usize::from(double))?);
    let member = member.rsplit(['.', ' ', '$']).next().unwrap_or_default().trim();
    let finding = ParseFailure::foreign(here, "outside a string a value stands without braces");
    let place = failure.range(failure.index, close);
    let payload = failure.declaration() == "mapping";
    let plain = !member.is_empty() && member.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Some(match (plain && double, payload) {
        (true, true) => {
            finding.suggest("name where the payload holds it, for example", place, format!("@.labels.{member}"))
        }
        (true, false) => finding.suggest("read it from the event, for example", place, format!("labels.{member}")),
        (false, _) => {
            finding.help("write a path, such as `@.labels.host`, or a string, such as `\"{@.labels.host} is down\"`")
        }
    })
}

/// `tags[tag == "team"]`
fn bare_filter(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let sign = failure.word(failure.index + 1);
    let is_filter = failure.before(1) == "[" && failure.is(TokenKind::Word) && failure.expects(Rule::string);
    (is_filter && matches!(sign, "==" | "!=" | "<" | "<=" | ">" | ">=")).then(|| {
        let finding = failure.unexpected_here("a filter begins with `?`, and its node is `@`");
        finding.suggest("write the filter out", failure.here().before(), "?@.")
    })
}

/// `($.a ?? $.b).c`, `given .c`, `given [0]`
fn apart_path(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let before = failure.index.checked_sub(1)?;
    let segment = matches!(failure.found(), "." | "[") && failure.expects(Rule::coalesce);
    if !segment || failure.starts_line(failure.index) {
        return None;
    }
    let is_value = matches!(failure.kind(before), Some(TokenKind::Word | TokenKind::Path | TokenKind::Close));
    let touches = failure.touches(before);
    if touches && failure.before(1) == ")" {
        let finding = failure.unexpected_here(format!("a path follows a name or a call, found `{}`", failure.found()));
        return Some(finding.help("name the value first: `let given = …`, then `given.name`"));
    }
    (is_value && !touches).then(|| {
        let blank = Span { start: failure.span_before(1).end, end: failure.here().start, ..failure.here() };
        let finding = failure
            .unexpected_here(format!("a path is written without blanks, found one before `{}`", failure.found()));
        finding.suggest("remove the blank", blank, "")
    })
}

/// `link = $host.url`: the sign alone is a value, and what follows it was read as the next field.
fn dollar_member(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let name = failure.index.checked_sub(1)?;
    let sign = name.checked_sub(1).filter(|sign| failure.word(*sign) == "$" && failure.touches(*sign))?;
    if failure.declaration() != "mapping" || !failure.expects(Rule::assign) || !failure.is_word(name) {
        return None;
    }
    let place = failure.range(sign, name);
    let written = failure.text(sign, name);
    let finding = ParseFailure::foreign(place, format!("a member of the payload follows `$.`, found `{written}`"));
    Some(finding.rewrite(place, format!("$.{}", failure.word(name))))
}

/// `${host}`, `$HOST`, `$host`
fn dollar(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.before(1) != "$" || !failure.touches(failure.index.checked_sub(1)?) {
        return None;
    }
    let (name, last) = match failure.found() {
        "{" => (failure.word(failure.index + 1), failure.closer(failure.index)?),
        word if failure.is(TokenKind::Word) => (word, failure.index),
        _ => return None,
    };
    let place = failure.range(failure.index - 1, last);
    let written = failure.text(failure.index - 1, last);
    if matches!(failure.declaration(), "channel" | "integration") {
        let finding =
            ParseFailure::foreign(place, format!("an environment variable is read by `env`, found `{written}`"));
        return Some(finding.rewrite(place, format!("env(\"{name}\")")));
    }
    let finding = ParseFailure::foreign(place, format!("a member of the payload follows `$.`, found `{written}`"));
    Some(finding.rewrite(place, format!("$.{name}")))
}

/// Whether a word names a field of the event that a mapping sets.
fn is_field(word: &str) -> bool {
    MAPPING.contains(&word) && !matches!(word, "accept" | "each" | "let" | "drop")
}

/// `.alerts`
fn dot(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let begins = failure.found() == "."
        && (failure.expects_any(VALUES) || failure.expects(Rule::condition))
        && failure.touches(failure.index);
    begins.then(|| {
        let member = failure.word(failure.index + 1);
        if failure.declaration() != "mapping" && is_field(member) {
            let message = format!("fields of the event are named without a dot, found `.{member}`");
            return ParseFailure::foreign(failure.here(), message).suggest("leave it out", failure.here(), "");
        }
        let sign = if failure.declaration() == "mapping" { "$" } else { "labels" };
        let corrected = format!("{sign}.{member}");
        let place = failure.range(failure.index, failure.index + 1);
        ParseFailure::foreign(place, format!("a path begins with `$` or `@`, found `.{member}`"))
            .rewrite(place, corrected)
    })
}

/// `$.message | ascii_downcase`
fn pipe(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != "|" || !failure.expects(Rule::coalesce) || failure.starts_line(failure.index) {
        return None;
    }
    let first = failure.operand(failure.index.checked_sub(1)?);
    let value = failure.text(first, failure.index - 1);
    let name = failure.word(failure.index + 1);
    let finding = failure.foreign_here("there are no pipes: a function is called with its value");
    let function = match name {
        "ascii_downcase" | "tolower" | "toLower" | "downcase" | "lowercase" => "lower",
        "ascii_upcase" | "toupper" | "toUpper" | "upcase" | "uppercase" => "upper",
        "length" | "size" => "len",
        "tonumber" | "int" | "float" => "number",
        "tostring" => "string",
        "fromjson" => "parse_json",
        "default" => {
            return Some(finding.help(format!("a value to fall back on follows `??`: `{value} ?? \"…\"`")));
        }
        other => other,
    };
    if failure.kind(failure.index + 1) != Some(TokenKind::Word) || failure.line_end(failure.index) != failure.index + 1
    {
        return Some(finding.help(format!("write `{function}({value})`")));
    }
    let corrected = format!("{function}({value})");
    Some(finding.rewrite(failure.range(first, failure.index + 1), corrected))
}

fn pattern(failure: &ParseFailure<'_>) -> bool {
    failure.expects_any(&[Rule::pattern, Rule::wildcard, Rule::order_sign, Rule::arm, Rule::route_arm])
}

/// `"a" or "b" => …`
fn alternatives(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let joins =
        matches!(failure.found(), "or" | "||") && failure.expects(Rule::arrow) && !failure.expects(Rule::k_when);
    let condition = failure.expects_any(&[Rule::k_or, Rule::k_and]);
    (joins && !condition).then(|| {
        let message = format!("patterns are alternatives by `|`, found `{}`", failure.found());
        failure.foreign_here(message).rewrite(failure.here(), "|")
    })
}

/// `== "a" => …`, `not "a" => …`
fn negated_pattern(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if !pattern(failure) || failure.expects_any(&[Rule::condition, Rule::equal]) {
        return None;
    }
    let here = failure.here();
    match failure.found() {
        "==" | "=" => {
            let place = Span { end: failure.span(failure.index + 1).start, ..here };
            let finding = ParseFailure::unexpected(
                here,
                format!("a pattern stands without its sign, found `{}`", failure.found()),
            );
            Some(finding.note("a pattern that is a value means equality").suggest("leave the sign out", place, ""))
        }
        "!=" | "not" | "is" | "when" => {
            let message = format!("a pattern is never a negation or a condition, found `{}`", failure.found());
            Some(
                ParseFailure::unexpected(here, message)
                    .help("give what it leaves out an arm of its own above, and take the rest with `else`"),
            )
        }
        _ => None,
    }
}

/// `match { … }`
fn nothing_matched(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.found() == "{" && failure.before(1) == "match").then(|| {
        ParseFailure::unexpected(failure.span_before(1), "`match` needs the value that its arms are about").help(
            "write `match $.level { \"high\" => Critical  else => Warning }`; conditions stand in routes, not in arms",
        )
    })
}

/// `09:00-18:00`, `fri 22:00-mon 06:00`
fn time_range(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.declaration() != "schedule" || !failure.is(TokenKind::Number) {
        return None;
    }
    let found = failure.found();
    if let Some((from, to)) = found.split_once('-')
        && from.contains(':')
        && (to.contains(':') || Day::new(to).is_ok())
    {
        let corrected = format!("{from}..{to}");
        let finding = failure.unexpected_here(format!("a range is written with `..`, found `{found}`"));
        return Some(finding.rewrite(failure.here(), corrected));
    }
    let digits: String = found.chars().take_while(char::is_ascii_digit).collect();
    let rest = found.get(digits.len()..).unwrap_or_default();
    let hour: u32 = digits.parse().ok().filter(|hour| *hour <= 24)?;
    let hour = match rest {
        "pm" if hour < 12 => hour + 12,
        "" | "am" | "pm" | "h" => hour,
        _ => return None,
    };
    let corrected = format!("{hour:02}:00");
    let finding = failure.unexpected_here(format!("a time has hours and minutes, found `{found}`"));
    Some(finding.rewrite(failure.here(), corrected))
}

/// `during 09:00..18:00`
fn day_or_time(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    (failure.before(1) == "during" && failure.is(TokenKind::Number)).then(|| {
        failure.unexpected_here(format!("`during` names a schedule, found `{}`", failure.found())).help(
            "declare one: `schedule office in \"Asia/Shanghai\" { mon..fri 09:00..18:00 }`, then write `during office`",
        )
    })
}

/// `test routes { … }`, `from teams.csv`
fn unquoted(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let wants = failure.expects_any(&[Rule::string, Rule::fixed])
        && failure.is(TokenKind::Word)
        && !failure.starts_line(failure.index)
        && matches!(failure.before(1), "test" | "from" | "file" | "snapshot" | "because" | "note" | "like");
    if !wants || failure.expects_any(&[Rule::json_word, Rule::name]) {
        return None;
    }
    let last = (failure.index..=failure.line_end(failure.index))
        .take_while(|at| !matches!(failure.word(*at), "{" | "}" | "=>" | "->" | ")" | "]" | "," | "="))
        .last()?;
    let unquoted = failure.text(failure.index, last);
    let message = format!("expected a string in quotes after `{}`, found `{unquoted}`", failure.before(1));
    let place = failure.range(failure.index, last);
    Some(ParseFailure::unexpected(place, message).rewrite(place, format!("\"{unquoted}\"")))
}

/// `{ a: 1 b: 2 }`, `["a" "b"]`, `f(a b)`
fn no_comma(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let list = failure.expects_any(&[Rule::close_bracket, Rule::close_paren]);
    let json = failure.expects(Rule::close_brace) && failure.expected.len() <= 2;
    let begins = matches!(
        failure.kind(failure.index),
        Some(TokenKind::Word | TokenKind::String | TokenKind::Number | TokenKind::Path | TokenKind::Open)
    );
    let ends = failure
        .index
        .checked_sub(1)
        .and_then(|before| failure.kind(before))
        .is_some_and(|kind| !matches!(kind, TokenKind::Open | TokenKind::Sign));
    let joins = matches!(failure.found(), "and" | "or" | "not") || failure.touches(failure.index.checked_sub(1)?);
    (begins && ends && (list || json) && !joins).then(|| {
        let message = format!(
            "expected `,` between `{}` and `{}`",
            super::clipped(failure.before(1)),
            super::clipped(failure.found())
        );
        failure.unexpected_here(message).rewrite(failure.span_before(1).after(), ",")
    })
}

/// A condition where a value is needed.
fn result_condition(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let found = failure.found();
    let after = failure.expects(Rule::coalesce)
        && !failure.expects_any(&[Rule::k_and, Rule::k_or])
        && !failure.expects_any(COMPARISONS);
    if !after || failure.starts_line(failure.index) {
        return None;
    }
    if found == "or" {
        let last = failure.line_end(failure.index);
        let compares = (failure.index..=last).any(|at| SIGNS.contains(&failure.word(at)));
        return (!compares).then(|| {
            Diagnostic::new(
                &codes::CONDITION,
                failure.here(),
                "`or` joins conditions; a value to fall back on follows `??`",
            )
            .rewrite(failure.here(), "??")
        });
    }
    if !SIGNS.contains(&found) || found == "==" && failure.word(failure.index + 1) == "=" {
        return None;
    }
    let first = failure.operand(failure.index.checked_sub(1)?);
    let last = failure.line_end(failure.index);
    let is_one_condition = (failure.index..=last).all(|at| {
        !matches!(failure.word(at), "?" | "note" | "=>" | "}" | "{" | "else" | "=") && failure.kind(at).is_some()
    });
    let depth: isize = (first..=last).filter_map(|at| failure.kind(at)).map(TokenKind::depth_change).sum();
    let message = format!("a value is needed here, found `{found}`, which makes it a condition");
    let finding = Diagnostic::new(&codes::CONDITION, failure.here(), message);
    let question = (failure.index..=last).any(|at| failure.word(at) == "?");
    if question {
        return Some(failure.foreign_here("there is no `… ? … : …`").help(format!(
            "choose the value by `match {} {{ \"a\" => …  else => … }}`",
            failure.text(first, failure.index - 1)
        )));
    }
    (is_one_condition && depth == 0).then(|| {
        let corrected = format!("({})", failure.text(first, last));
        finding.suggest("a condition that is a value stands in parentheses", failure.range(first, last), corrected)
    })
}
