//! A regex of which a part never matches: text after `$`, or before `^`.

use super::VisitedNode;
use super::visit::TreeNode;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::pattern::{Case, RegexPattern};
use crate::syntax::tree::{Comparator, ExpressionKind, RegexLiteral, TextTest};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0039", "regex that never matches");

pub(crate) fn check_node(seen: &VisitedNode<'_>, diagnostics: &mut Findings) {
    let regex = match seen.node {
        TreeNode::Comparison(comparison) => of_test(&comparison.test),
        TreeNode::Pattern { test, .. } => of_test(test),
        TreeNode::Expression(value) => {
            if let ExpressionKind::Regex(regex) = &value.kind {
                Some(regex)
            } else {
                None
            }
        }
        TreeNode::Template(_) | TreeNode::MatchSubject(_) | TreeNode::During(_) => None,
    };
    diagnostics.extend(regex.and_then(impossible));
}

fn of_test(test: &Comparator) -> Option<&RegexLiteral> {
    if let Comparator::Text(TextTest::Regex(_, regex)) = test { Some(regex) } else { None }
}

fn impossible(regex: &RegexLiteral) -> Option<Diagnostic> {
    let inner = regex.pattern.strip_prefix('^').unwrap_or(&regex.pattern);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    if !inner.contains(['^', '$']) || !has_dead_part(&regex.pattern, &regex.flags) {
        return None;
    }
    let finding = Diagnostic::new(&CODE, regex.span, "a part of this regex never matches")
        .label("text after `$`, the end, or before `^`, the beginning");
    let escaped = escaped(&regex.pattern);
    if has_dead_part(&escaped, &regex.flags) {
        return Some(finding.help("write `\\$` and `\\^` for the characters themselves"));
    }
    let written = format!("/{}/{}", escaped.replace('/', "\\/"), regex.flags);
    Some(finding.suggest("write `\\$` and `\\^` for the characters themselves", regex.span, written))
}

fn has_dead_part(pattern: &str, flags: &str) -> bool {
    RegexPattern::new(pattern, flags, Case::Sensitive).is_ok_and(|regex| regex.has_dead_part())
}

/// The pattern with a backslash before every `$` and `^` that is neither escaped, at an end, nor in a class.
fn escaped(pattern: &str) -> String {
    let last = pattern.chars().count().saturating_sub(1);
    let (mut out, mut is_escaped, mut in_class) = (String::new(), false, false);
    for (at, letter) in pattern.chars().enumerate() {
        let at_its_end = letter == '^' && at == 0 || letter == '$' && at == last;
        if matches!(letter, '$' | '^') && !is_escaped && !in_class && !at_its_end {
            out.push('\\');
        }
        match letter {
            '[' if !is_escaped => in_class = true,
            ']' if !is_escaped => in_class = false,
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
        out.push(letter);
    }
    out
}
