//! A glob that is written like a regular expression, a pattern of SQL, or a list of a shell.

use super::VisitedNode;
use super::visit::TreeNode;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::pattern::{Case, RegexPattern};
use crate::source::Span;
use crate::syntax::tree::{Comparator, StringLiteral, TextTest};
use crate::text::rule_string;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0036", "glob that looks like another kind of pattern");

pub(crate) fn check_node(seen: &VisitedNode<'_>, diagnostics: &mut Findings) {
    match seen.node {
        TreeNode::Comparison(comparison) => {
            // Up to the operator, which stands before the globs; `not` stays.
            globs(&comparison.test, Some(comparison.operator), diagnostics);
        }
        TreeNode::Pattern { test, span, .. } => globs(test, Some(span.before()), diagnostics),
        TreeNode::Expression(_) | TreeNode::Template(_) | TreeNode::MatchSubject(_) | TreeNode::During(_) => {}
    }
}

fn globs(test: &Comparator, operator: Option<Span>, diagnostics: &mut Findings) {
    let Comparator::Text(TextTest::Like(globs)) = test else { return };
    let alone = operator.filter(|_| globs.len() == 1);
    diagnostics.extend(globs.iter().filter_map(|glob| foreign(glob, alone)));
}

/// The pattern that a glob was likely meant as.
enum ForeignPattern {
    /// `web%`
    Sql(String),
    /// `a*|b*`, `{a,b}*`
    Alternatives(Vec<String>),
    /// `db-[0-9]+`
    Regex,
}

/// `operator` begins what a condition with another operator replaces; none where the glob stands in a list.
fn foreign(glob: &StringLiteral, operator: Option<Span>) -> Option<Diagnostic> {
    let text = &*glob.value;
    let shown = rule_string(text);
    let finding = |what: &str, label: &str| {
        Diagnostic::new(&CODE, glob.span, format!("the glob `{shown}` looks like {what}")).label(label)
    };
    Some(match read(text)? {
        ForeignPattern::Sql(globbed) => finding("a pattern of SQL", "`%` stands for itself").suggest(
            "`*` is any run of characters",
            glob.span,
            rule_string(&globbed),
        ),
        ForeignPattern::Alternatives(parts) => {
            let list: Vec<String> = parts.iter().map(|part| rule_string(part)).collect();
            let list = list.join(", ");
            let list = if operator.is_some() { format!("[{list}]") } else { list };
            finding("a list of globs", "stands for itself: a glob has only `*` and `?`").suggest(
                "write a list",
                glob.span,
                list,
            )
        }
        ForeignPattern::Regex => {
            let finding = finding("a regex", "stands for itself: a glob has only `*` and `?`");
            let help = "write a regex";
            let is_regex = RegexPattern::new(text, "", Case::Sensitive).is_ok() && !text.contains(['\n', '/']);
            match operator.filter(|_| is_regex) {
                Some(operator) => finding.suggest(help, operator.to(glob.span), format!("matches /{text}/")),
                None => finding.help("ask in a condition of its own: `… matches /…/`"),
            }
        }
    })
}

fn read(text: &str) -> Option<ForeignPattern> {
    if is_regex(text) {
        return Some(ForeignPattern::Regex);
    }
    if let Some(parts) = alternatives(text) {
        return Some(ForeignPattern::Alternatives(parts));
    }
    if text.contains('*') {
        return None;
    }
    let (middle, begins) = text.strip_prefix('%').map_or((text, ""), |rest| (rest, "*"));
    // `90%` is a percentage.
    let is_percentage = middle.trim_end_matches('%').ends_with(|last: char| last.is_ascii_digit() || last == ' ');
    let stripped = middle.strip_suffix('%').filter(|_| !is_percentage);
    let (middle, ends) = stripped.map_or((middle, ""), |rest| (rest, "*"));
    let is_around = !begins.is_empty() || !ends.is_empty();
    let is_sql = is_around && !middle.is_empty() && !middle.contains('%');
    is_sql.then(|| ForeignPattern::Sql(format!("{begins}{middle}{ends}")))
}

/// Whether a glob has what only a regex means: a class of a range, an escaped class, an anchor, `.+`.
fn is_regex(text: &str) -> bool {
    let anchored = text.starts_with('^') || (text.ends_with('$') && text.contains(['^', '[', '\\', '(']));
    let quantified = [".+", "]+", ")+", "(?:", "\\d", "\\w", "\\.", ".*$"].iter().any(|sign| text.contains(sign));
    anchored || quantified && !text.contains(":\\") || text.starts_with(".*") || has_range(text) || is_group(text)
}

/// `[0-9]`, `[a-z]`, `[^…]`
fn has_range(text: &str) -> bool {
    let classes = text.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(inside, _)| inside);
    classes.into_iter().any(is_class)
}

/// Whether the text between brackets is a class that begins with a range. `[web-prod]` is a word in brackets.
fn is_class(inside: &str) -> bool {
    let letters: Vec<char> = inside.trim_start_matches('^').chars().collect();
    let mut rest = letters.as_slice();
    while let [first, '-', last, more @ ..] = rest {
        let kinds = [char::is_ascii_digit, char::is_ascii_lowercase, char::is_ascii_uppercase];
        if first >= last || !kinds.iter().any(|is_kind| is_kind(first) && is_kind(last)) {
            return false;
        }
        rest = more;
    }
    rest.len() < letters.len() && !rest.iter().any(char::is_ascii_alphabetic) || inside.starts_with('^')
}

/// `(a|b)` around a part of the text.
fn is_group(text: &str) -> bool {
    let inside = text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside);
    inside.is_some_and(|inside| inside.contains('|') && !inside.contains(' '))
}

/// The parts of `a*|b*` or `{a,b}*`.
fn alternatives(text: &str) -> Option<Vec<String>> {
    let usable = |parts: &[String]| parts.len() > 1 && parts.iter().all(|part| !part.is_empty() && !part.contains(' '));
    if let Some((before, rest)) = text.split_once('{')
        && let Some((inside, after)) = rest.split_once('}')
        && inside.contains(',')
    {
        let parts: Vec<String> = inside.split(',').map(|part| format!("{before}{part}{after}")).collect();
        return (usable(&parts) && !after.contains(['{', '}'])).then_some(parts);
    }
    let parts: Vec<String> = text.split('|').map(str::to_owned).collect();
    usable(&parts).then_some(parts)
}
