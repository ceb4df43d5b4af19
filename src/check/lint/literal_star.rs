//! `*` in a string that is compared letter by letter.

use super::VisitedNode;
use super::visit::{TreeNode, plain};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::source::Span;
use crate::syntax::tree::{Comparator, Comparison, Expression};
use crate::text::rule_string;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0004", "`*` that is compared as a letter");

pub(crate) fn check_node(seen: &VisitedNode<'_>, diagnostics: &mut Findings) {
    match seen.node {
        TreeNode::Comparison(comparison) => diagnostics.extend(compared(comparison)),
        TreeNode::Pattern { test: Comparator::Equal(value), span, .. } => {
            diagnostics.extend(pattern(value, span));
        }
        TreeNode::Expression(_)
        | TreeNode::Pattern { .. }
        | TreeNode::Template(_)
        | TreeNode::MatchSubject(_)
        | TreeNode::During(_) => {}
    }
}

fn compared(comparison: &Comparison) -> Option<Diagnostic> {
    let (star, all_plain) = match &comparison.test {
        Comparator::Equal(value) => (starred(value)?, true),
        Comparator::In(values) => (values.iter().find_map(starred)?, values.iter().all(|value| plain(value).is_some())),
        Comparator::Order(..) | Comparator::Text(_) | Comparator::Is(_) | Comparator::During(_) => {
            return None;
        }
    };
    let finding = found(star);
    if !all_plain {
        return Some(finding.help("compare by `like`, in which `*` is any run of characters"));
    }
    let like = if comparison.negated.is_some() { "not like" } else { "like" };
    let operator = comparison.negated.map_or(comparison.operator, |negated| negated.to(comparison.operator));
    Some(finding.suggest("compare by `like`, in which `*` is any run of characters", operator, like))
}

fn pattern(value: &Expression, span: Span) -> Option<Diagnostic> {
    let star = starred(value)?;
    Some(found(star).suggest("write `like`, in which `*` is any run of characters", span.before(), "like "))
}

fn found((text, span): (&str, Span)) -> Diagnostic {
    let text = rule_string(text);
    Diagnostic::new(&CODE, span, format!("`*` in `{text}` stands for itself here")).label("equal to these very letters")
}

/// A string with a `*` besides other characters; `"*"` alone may well be a value.
fn starred(value: &Expression) -> Option<(&str, Span)> {
    plain(value).filter(|(text, _)| text.contains('*') && text.len() > 1)
}
