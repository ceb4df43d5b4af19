//! A condition on the label `severity` where the event's own severity is meant.

use super::VisitedNode;
use super::visit::{TreeNode, label, plain};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::event::Severity;
use crate::syntax::tree::{Comparator, Comparison, ComparisonSubject, Declaration, Expression};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0008", "condition on the label `severity`");

pub(crate) fn check_node(seen: &VisitedNode<'_>, diagnostics: &mut Findings) {
    if !matches!(seen.item.kind, Declaration::Routing(_) | Declaration::Define(_) | Declaration::Mute(_)) {
        return;
    }
    match seen.node {
        TreeNode::Comparison(comparison) => diagnostics.extend(compared(comparison)),
        TreeNode::MatchSubject(value) if is_severity(value) => {
            diagnostics.push(found(value).suggest("match the event's severity", value.span, "severity"));
        }
        TreeNode::Expression(_)
        | TreeNode::Pattern { .. }
        | TreeNode::Template(_)
        | TreeNode::MatchSubject(_)
        | TreeNode::During(_) => {}
    }
}

fn compared(comparison: &Comparison) -> Option<Diagnostic> {
    let ComparisonSubject::Value(subject) = &comparison.subject else { return None };
    if !is_severity(subject) || matches!(comparison.test, Comparator::Is(_)) {
        return None;
    }
    let finding = found(subject);
    let help = "ask for the event's severity, which the mapping has worked out";
    let Comparator::Equal(value) = &comparison.test else { return Some(finding.help(help)) };
    let Some(severity) = plain(value).and_then(|(text, _)| meant(text)) else {
        return Some(finding.help(help));
    };
    let operator = if comparison.negated.is_some() { "!=" } else { "==" };
    let replaced = subject.span.to(comparison.ignore_case.unwrap_or(value.span));
    Some(finding.suggest(help, replaced, format!("severity {operator} {severity}")))
}

fn found(subject: &Expression) -> Diagnostic {
    Diagnostic::new(&CODE, subject.span, "`labels.severity` is the sender's word, not the event's severity")
        .label("differs from sender to sender, and may be missing")
}

fn is_severity(value: &Expression) -> bool {
    label(value) == Some("severity")
}

fn meant(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "critical" | "fatal" => Some(Severity::Critical),
        "warning" | "warn" => Some(Severity::Warning),
        "info" | "information" | "notice" => Some(Severity::Info),
        _ => None,
    }
}
