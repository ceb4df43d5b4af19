//! A regex that says no more than a word, a glob, `starts with`, `ends with` or `contains` would.

use super::VisitedNode;
use super::visit::TreeNode;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::pattern::{Case, MatchScope};
use crate::source::Span;
use crate::syntax::tree::{Comparator, Comparison, RegexLiteral, TextTest};
use crate::text::rule_string;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0005", "regex where a simpler test would do");

pub(crate) fn check_node(seen: &VisitedNode<'_>, diagnostics: &mut Findings) {
    match seen.node {
        TreeNode::Comparison(comparison) => diagnostics.extend(compared(comparison)),
        TreeNode::Pattern { test, span, case } => diagnostics.extend(pattern(test, span, case)),
        TreeNode::Expression(_) | TreeNode::Template(_) | TreeNode::MatchSubject(_) | TreeNode::During(_) => {}
    }
}

fn compared(comparison: &Comparison) -> Option<Diagnostic> {
    let (regex, simple) = simple(&comparison.test)?;
    let negated = comparison.negated.is_some();
    let simpler = match simple {
        SimplerTest::Equal(text) if negated => format!("!= {}", rule_string(&text)),
        SimplerTest::Equal(text) => format!("== {}", rule_string(&text)),
        SimplerTest::OneOf(texts) => format!("{}in [{}]", not(negated), list(&texts, ", ")),
        SimplerTest::Test(operator, text) => format!("{}{operator} {}", not(negated), rule_string(&text)),
    };
    let case = if &*regex.flags == "i" && comparison.ignore_case.is_none() { " ignore case" } else { "" };
    let start = comparison.negated.map_or(comparison.operator, |negated| negated.to(comparison.operator));
    Some(found(regex, start.to(regex.span), format!("{simpler}{case}")))
}

fn pattern(test: &Comparator, span: Span, case: Case) -> Option<Diagnostic> {
    let (regex, plainer) = simple(test)?;
    if &*regex.flags == "i" && case == Case::Sensitive {
        return None;
    }
    let simpler = match plainer {
        SimplerTest::Equal(word) => rule_string(&word),
        SimplerTest::OneOf(words) => list(&words, " | "),
        SimplerTest::Test(operator, word) => format!("{operator} {}", rule_string(&word)),
    };
    Some(found(regex, span, simpler))
}

fn found(regex: &RegexLiteral, test: Span, simpler: String) -> Diagnostic {
    Diagnostic::new(&CODE, regex.span, "this regex says no more than simpler words would")
        .label(format!("the same as `{simpler}`{}", exception(regex)))
        .suggest("write it without a regex", test, simpler)
}

/// Of which texts a regex says something else than the simpler test. Where it cannot be told, it may.
fn exception(regex: &RegexLiteral) -> &'static str {
    let has_wildcard = regex.pattern.contains(".*");
    // These two letters have relatives beyond ASCII in a regex, and not under `ignore case`.
    let is_folded = |letter: char| matches!(letter, 'k' | 'K' | 's' | 'S') || !letter.is_ascii();
    let folds = &*regex.flags == "i" && regex.pattern.chars().any(is_folded);
    match (has_wildcard, folds) {
        (false, false) => "",
        (true, false) => ", but for texts with line breaks, which `.` does not match",
        (false, true) => ", but for letters such as `ſ`, which a regex takes for `s`",
        (true, true) => ", but for texts with line breaks and letters such as `ſ`",
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "not " } else { "" }
}

fn list(texts: &[String], between: &str) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| rule_string(text)).collect();
    quoted.join(between)
}

/// The test that a regex could be replaced by.
enum SimplerTest {
    Equal(String),
    OneOf(Vec<String>),
    /// An operator and its text.
    Test(&'static str, String),
}

fn simple(test: &Comparator) -> Option<(&RegexLiteral, SimplerTest)> {
    let Comparator::Text(TextTest::Regex(scope, regex)) = test else { return None };
    if !matches!(&*regex.flags, "" | "i") {
        return None;
    }
    read(&regex.pattern, *scope == MatchScope::Whole).map(|simple| (regex, simple))
}

fn read(pattern: &str, whole: bool) -> Option<SimplerTest> {
    let (body, from_start) = anchored(pattern.strip_prefix('^'), pattern, whole);
    let unescaped_end = body.ends_with('$') && !body.ends_with("\\$");
    let (body, to_end) = anchored(body.strip_suffix('$').filter(|_| unescaped_end), body, whole);
    if from_start
        && to_end
        && let Some(texts) = alternatives(body)
    {
        return Some(SimplerTest::OneOf(texts));
    }
    let pieces: Vec<String> = pieces(body)?;
    let open_start = !from_start || pieces.first().is_some_and(String::is_empty) && pieces.len() > 1;
    let open_end = !to_end || pieces.last().is_some_and(String::is_empty) && pieces.len() > 1;
    let inner: Vec<&String> = pieces.iter().filter(|piece| !piece.is_empty()).collect();
    match inner.as_slice() {
        [] => None,
        [only] => Some(match (open_start, open_end) {
            (false, false) => SimplerTest::Equal((*only).clone()),
            (false, true) => SimplerTest::Test("starts with", (*only).clone()),
            (true, false) => SimplerTest::Test("ends with", (*only).clone()),
            (true, true) => SimplerTest::Test("contains", (*only).clone()),
        }),
        several if several.iter().all(|piece| !piece.contains(['*', '?'])) => {
            let middle: Vec<&str> = several.iter().map(|piece| piece.as_str()).collect();
            let star = |open: bool| if open { "*" } else { "" };
            Some(SimplerTest::Test("like", format!("{}{}{}", star(open_start), middle.join("*"), star(open_end))))
        }
        _ => None,
    }
}

fn anchored<'p>(stripped: Option<&'p str>, pattern: &'p str, whole: bool) -> (&'p str, bool) {
    stripped.map_or((pattern, whole), |stripped| (stripped, true))
}

/// `a|b|c`, in parentheses or not, of plain words.
fn alternatives(body: &str) -> Option<Vec<String>> {
    let grouped = body.strip_prefix("(?:").or_else(|| body.strip_prefix('(')).and_then(|rest| rest.strip_suffix(')'));
    let texts: Vec<String> = grouped.unwrap_or(body).split('|').map(literal).collect::<Option<_>>()?;
    (texts.len() > 1 && texts.iter().all(|text| !text.is_empty())).then_some(texts)
}

/// The plain texts between every `.*`.
fn pieces(body: &str) -> Option<Vec<String>> {
    body.split(".*").map(literal).collect()
}

/// The text that a regex without operators stands for.
fn literal(regex: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = regex.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(
                characters
                    .next()
                    .filter(|escaped| escaped.is_ascii_punctuation() && *escaped != '<' && *escaped != '>')?,
            ),
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => return None,
            plain => text.push(plain),
        }
    }
    Some(text)
}
