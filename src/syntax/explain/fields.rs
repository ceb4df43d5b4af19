//! Statements of mappings and strings as VRL, Rego, Python and others write them.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::MAPPING;

pub(super) const MISTAKES: &[MistakeDetector] =
    &[new_name, dotted_field, label_alone, assigned_labels, called_with_bang, prefixed_string, body_as_text];

/// `z := $.a`
fn new_name(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let name = failure.index.checked_sub(1)?;
    let begins = failure.starts_line(name) || failure.word(name.checked_sub(1)?) == "{";
    let new = failure.found() == ":=" && begins && !MAPPING.contains(&failure.word(name));
    if !new || failure.declaration() != "mapping" || failure.block() == "labels" {
        return None;
    }
    let place = failure.range(name, failure.index);
    let finding = Diagnostic::new(&codes::SIGN, failure.here(), "a name is given to a value by `let … =`, found `:=`");
    Some(finding.rewrite(place, format!("let {} =", failure.word(name))))
}

/// `.link = $.url`, `.labels.team = "web"`
fn dotted_field(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let field = failure.word(failure.index + 1);
    let statement = failure.found() == "."
        && failure.touches(failure.index)
        && failure.starts_line(failure.index)
        && failure.declaration() == "mapping";
    if !statement || !failure.is_word(failure.index + 1) {
        return None;
    }
    let finding = failure.foreign_here(format!("a field of the event is set by its name, found `.{field}`"));
    if field == "labels" {
        return Some(finding.help("labels are set in a block: `labels { team = \"web\" }`"));
    }
    if MAPPING.contains(&field) {
        return Some(finding.suggest("leave the dot out", failure.here(), ""));
    }
    let place = failure.range(failure.index, failure.index + 1);
    Some(finding.suggest("a value of your own is named by `let`", place, format!("let {field}")))
}

/// `labels.team = "web"`, `labels["team"] = "web"`
fn label_alone(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let labels = failure.index.checked_sub(1)?;
    let statement = failure.word(labels) == "labels"
        && failure.starts_line(labels)
        && matches!(failure.found(), "." | "[")
        && failure.expects_any(&[Rule::assign, Rule::open_brace])
        && failure.declaration() == "mapping";
    if !statement {
        return None;
    }
    let line = failure.line_end(failure.index);
    let equals = (failure.index..line).find(|at| matches!(failure.word(*at), "=" | ":=" | ":"));
    let name = equals.and_then(|equals| equals.checked_sub(1)).map_or("", |last| failure.text(failure.index + 1, last));
    let finding = failure.unexpected_here("labels are set in a block of the mapping");
    let Some(equals) = equals else { return Some(finding.help("write `labels { team = $.team }`")) };
    let name = name.trim_end_matches(']').trim_matches('"');
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = if plain { name.to_owned() } else { format!("\"{name}\"") };
    let corrected = format!("labels {{ {name} = {} }}", failure.text(equals + 1, line));
    Some(finding.rewrite(failure.range(labels, line), corrected))
}

/// `labels = { team = "web" }`
fn assigned_labels(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let is_block = failure.found() == "{" && failure.before(1) == "=" && failure.before(2) == "labels";
    (is_block && failure.declaration() == "mapping").then(|| {
        let place = Span { start: failure.span_before(2).end, ..failure.span_before(1) };
        let finding = ParseFailure::unexpected(failure.span_before(1), "labels stand in a block, without `=`");
        finding.suggest("leave it out", place, "")
    })
}

/// The function that a function of another language is.
pub(in crate::syntax) fn function(name: &str) -> &str {
    match name {
        "to_string" | "str" | "tostring" | "toString" | "format" => "string",
        "to_int" | "to_float" | "int" | "float" | "to_number" | "tonumber" => "number",
        "downcase" | "lowercase" | "tolower" | "toLower" | "to_lower" | "ascii_downcase" => "lower",
        "upcase" | "uppercase" | "toupper" | "toUpper" | "to_upper" | "ascii_upcase" => "upper",
        "parse_timestamp" | "to_timestamp" | "timestamp" | "parse_time" => "time",
        "strip" | "strip_whitespace" => "trim",
        "length" | "size" => "len",
        "fromjson" | "from_json" | "json_parse" => "parse_json",
        other => other,
    }
}

/// `string!($.url)`
fn called_with_bang(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let name = failure.index.checked_sub(1)?;
    let calls = failure.found() == "!"
        && failure.is_word(name)
        && failure.touches(name)
        && failure.touches(failure.index)
        && failure.word(failure.index + 1) == "(";
    if !calls {
        return None;
    }
    let message = format!("a function is called without `!`, found `{}!`", failure.word(name));
    let place = failure.range(name, failure.index);
    let finding = ParseFailure::foreign(place, message).note("no function fails: its result is missing instead");
    Some(finding.rewrite(place, function(failure.word(name))))
}

/// `f"disk {$.host}"`, `$"disk {host}"`
fn prefixed_string(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    // As an arm's result, the letter is read as a value and the string as the pattern of the next arm.
    let is_prefixed = |prefix: &usize| {
        matches!(failure.word(*prefix), "f" | "F" | "fr" | "rf" | "s" | "b" | "u" | "t" | "R" | "$" | "@")
            && failure.touches(*prefix)
            && failure.kind(prefix + 1) == Some(TokenKind::String)
    };
    let prefix = [1, 2].into_iter().filter_map(|back| failure.index.checked_sub(back)).find(is_prefixed)?;
    let place = failure.span(prefix);
    let written = failure.word(prefix);
    let finding = ParseFailure::foreign(place, format!("a string has no `{written}` before it: `\"…\"` interpolates"));
    Some(if written == "R" { finding.rewrite(place, "r") } else { finding.suggest("leave it out", place, "") })
}

/// `body = r"{ "text": … }"`: the string ends at the first quote within it.
fn body_as_text(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let start = failure.line_start(failure.index);
    let text = (start..failure.index).find(|at| {
        let string = failure.word(*at).trim_start_matches('r');
        failure.kind(*at) == Some(TokenKind::String)
            && (string.starts_with("\"{") || string.starts_with("\"["))
            && failure.word(at.saturating_sub(1)) == "="
            && failure.word(at.saturating_sub(2)) == "body"
    })?;
    let place: Span = failure.span(text);
    (failure.declaration() == "channel").then(|| {
        ParseFailure::unexpected(place, "a body is JSON, not a string")
            .help("write it without quotes around it: `body = { \"text\": title }`")
    })
}
