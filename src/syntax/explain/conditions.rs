//! Conditions on labels, times and schedules as other languages write them.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{COMPARISONS, RESERVED, VALUES};

pub(super) const MISTAKES: &[MistakeDetector] = &[
    label_with_slash,
    found_in,
    dollar_field,
    colon,
    equal_by_is,
    one_of_texts,
    exists,
    exists_before,
    outside,
    unless,
    other_case,
];

/// `title is "x"`, `title is not 5`
fn equal_by_is(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let negated = failure.before(1) == "not" && failure.before(2) == "is";
    let is_value = matches!(failure.kind(failure.index), Some(TokenKind::String | TokenKind::Number | TokenKind::Path));
    if !is_value || !(negated || failure.before(1) == "is") {
        return None;
    }
    let place = failure.range(failure.index.checked_sub(if negated { 2 } else { 1 })?, failure.index - 1);
    let sign = if negated { "!=" } else { "==" };
    let message = format!("`is` asks for a kind of value; equality is `{sign}`");
    Some(ParseFailure::foreign(place, message).rewrite(place, sign))
}

/// `title contains any ["x", "y"]`
fn one_of_texts(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let test = match failure.before(1) {
        "with" => failure.text(failure.index.checked_sub(2)?, failure.index - 1),
        test => test,
    };
    let is_list = matches!(failure.found(), "any" | "all" | "[");
    if !is_list || !matches!(test, "contains" | "starts with" | "ends with") {
        return None;
    }
    let message = format!("`{test}` takes one text, found `{}`", failure.found());
    Some(failure.unexpected_here(message).help(format!(
        "join several by `or`, as in `title {test} \"a\" or title {test} \"b\"`, or write a regex: `title finds /a|b/`"
    )))
}

/// `labels.app.kubernetes.io/name`
fn label_with_slash(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let before = failure.index.checked_sub(1)?;
    if !failure.found().starts_with('/') || !failure.touches(before) {
        return None;
    }
    let first = failure.operand(before);
    let value = failure.text(first, before);
    let dot = value.match_indices('.').find(|(dot, _)| value.get(..*dot).is_some_and(holds_names))?.0;
    let (labels, name) = (value.get(..dot)?, value.get(dot + 1..)?);
    let start = failure.tokens.get(failure.index)?.start;
    let rest = failure.text.get(start..)?;
    let length = rest.find(|next: char| !(next.is_ascii_alphanumeric() || "._-/".contains(next))).unwrap_or(rest.len());
    let corrected = format!("{labels}[\"{name}{}\"]", rest.get(..length)?);
    let from = failure.span(first);
    let end = u32::try_from(failure.base + start + length).unwrap_or(u32::MAX);
    let finding = failure.unexpected_here("a label whose name holds `/` stands in brackets and quotes");
    Some(finding.rewrite(Span { end, ..from }, corrected))
}

/// Whether a value is labels or their like, whose members have any names.
fn holds_names(value: &str) -> bool {
    ["labels", "Labels", "annotations", "Annotations", "tags"].iter().any(|end| value.ends_with(end))
}

/// `"team" in labels`
fn found_in(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.before(1) != "in" || !failure.expects(Rule::k_cidr) {
        return None;
    }
    let negated = failure.before(2) == "not";
    let left = failure.index.checked_sub(if negated { 3 } else { 2 })?;
    let name = failure.word(left).strip_prefix('"')?.strip_suffix('"')?;
    if !matches!(failure.kind(failure.index), Some(TokenKind::Word | TokenKind::Path)) {
        return None;
    }
    let last = failure.operand_end(failure.index);
    let value = failure.text(failure.index, last);
    let place = failure.range(left, last);
    if !holds_names(value) {
        let not = if negated { "not " } else { "" };
        let finding = failure.unexpected_here(format!("`in` asks for a list in brackets, found `{value}`"));
        let corrected = format!("{value} {not}contains {}", failure.word(left));
        return Some(finding.suggest("to look for text within a value, name the value first", place, corrected));
    }
    let word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let label = if word { format!("{value}.{name}") } else { format!("{value}[\"{name}\"]") };
    let test = if negated { "is missing" } else { "is not missing" };
    let finding = failure.unexpected_here(format!("`in` asks for a list in brackets, found `{value}`"));
    Some(finding.suggest("a label that is there is not missing", place, format!("{label} {test}")))
}

/// `$labels.team`, `$severity` over an event
fn dollar_field(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let over_event = matches!(failure.declaration(), "define" | "routing");
    let sign = failure.index.checked_sub(1)?;
    if !over_event || failure.before(1) != "$" || !failure.touches(sign) || !failure.is(TokenKind::Word) {
        return None;
    }
    let found = failure.found();
    let message = format!("fields of the event are named without `$`, found `${found}`");
    let place = failure.range(sign, failure.index);
    Some(ParseFailure::foreign(place, message).rewrite(place, found))
}

/// Whether a comparison could begin at the failure, within its line.
fn may_compare(failure: &ParseFailure<'_>) -> bool {
    failure.expects_any(COMPARISONS) && !failure.starts_line(failure.index)
}

/// `labels.team: "web"`
fn colon(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    if failure.found() != ":" || !may_compare(failure) {
        return None;
    }
    let place = Span { start: failure.span_before(1).end, ..failure.here() };
    let finding = Diagnostic::new(&codes::SIGN, failure.here(), "a comparison is written `==`, found `:`");
    Some(finding.suggest("write `==`", place, " =="))
}

/// The kind that a word of another language asks for.
fn presence(word: &str) -> Option<&'static str> {
    Some(match &*word.to_ascii_lowercase() {
        "exists" | "exist" | "defined" | "present" | "isset" | "isnotnull" => "is not missing",
        "absent" | "undefined" | "isnull" => "is missing",
        "isempty" => "is empty",
        _ => return None,
    })
}

/// `labels.team exists`
fn exists(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let negated = failure.before(1) == "not";
    if !negated && !may_compare(failure) || !failure.is(TokenKind::Word) || failure.word(failure.index + 1) == "(" {
        return None;
    }
    let test = presence(failure.found())?;
    let (first, corrected) = match test {
        _ if !negated => (failure.index, test),
        "is missing" => (failure.index - 1, "is not missing"),
        "is not missing" => (failure.index - 1, "is missing"),
        _ => (failure.index - 1, "is not empty"),
    };
    let place = failure.range(first, failure.index);
    let finding =
        ParseFailure::foreign(place, format!("there is no operator `{}`", failure.text(first, failure.index)));
    Some(finding.rewrite(place, corrected))
}

/// `exists labels.team`
fn exists_before(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = failure.index.checked_sub(1)?;
    let operand = matches!(failure.kind(failure.index), Some(TokenKind::Word | TokenKind::Path));
    if !operand || !may_compare(failure) || failure.operand(word) != word {
        return None;
    }
    let test = presence(failure.before(1))?;
    let last = failure.operand_end(failure.index);
    let place = failure.range(word, last);
    let message = format!("a test follows its value, found `{}` before it", failure.before(1));
    let corrected = format!("{} {test}", failure.text(failure.index, last));
    Some(ParseFailure::foreign(failure.span(word), message).rewrite(place, corrected))
}

/// `outside office`, `starts_at within office`
fn outside(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = |index: usize| {
        Some(match failure.word(index) {
            "outside" => "not during",
            "inside" | "within" => "during",
            _ => return None,
        })
    };
    if failure.found() == "in" && failure.expects_any(&[Rule::condition, Rule::quantifier]) {
        let name = failure.is_word(failure.index + 1) && !failure.starts_line(failure.index + 1);
        let finding = failure.foreign_here("a schedule is asked by `during`, found `in`");
        return name.then(|| finding.rewrite(failure.here(), "during"));
    }
    let (index, corrected) = match word(failure.index) {
        Some(corrected) if may_compare(failure) => (failure.index, corrected),
        _ => (failure.index.checked_sub(1)?, word(failure.index.checked_sub(1)?)?),
    };
    let name = failure.kind(index + 1) == Some(TokenKind::Word) && !failure.starts_line(index + 1);
    if !name || failure.starts_line(index) || RESERVED.contains(&failure.word(index + 1)) {
        return None;
    }
    let place = failure.span(index);
    let message = format!("a schedule is asked by `during`, found `{}`", failure.word(index));
    Some(ParseFailure::foreign(place, message).rewrite(place, corrected))
}

/// `labels.team == "web" unless severity == Info`
fn unless(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let follows = failure.expects_any(&[Rule::k_and, Rule::k_or]) && !failure.starts_line(failure.index);
    if failure.found() != "unless" || !follows || failure.expects(Rule::k_when) {
        return None;
    }
    let finding = failure.foreign_here("an exception follows `and not`, found `unless`");
    let last = failure.condition_end(failure.index);
    if last <= failure.index {
        return Some(finding.rewrite(failure.here(), "and not"));
    }
    let corrected = format!("and not ({})", failure.text(failure.index + 1, last));
    Some(finding.suggest("write `and not (…)`", failure.range(failure.index, last), corrected))
}

/// `NOT labels.team == "web"`, `Not x`: a reserved word in capitals was read as a constant.
fn other_case(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let index = failure.index.checked_sub(1)?;
    let word = failure.word(index);
    let lower = word.to_ascii_lowercase();
    let negates = matches!(&*lower, "not" | "any" | "all" | "none" | "match" | "during");
    let operand = failure.expects_any(VALUES) || may_compare(failure) || failure.expects(Rule::coalesce);
    if word == lower || !negates || !operand || failure.touches(index) && failure.found() != "(" {
        return None;
    }
    let place = failure.span(index);
    let message = format!("the words of the language are in lower case, found `{word}`");
    let blank = if failure.touches(index) { " " } else { "" };
    Some(ParseFailure::foreign(place, message).suggest(format!("write `{lower}`"), place, format!("{lower}{blank}")))
}
