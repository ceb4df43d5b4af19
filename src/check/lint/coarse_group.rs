//! `group_by` of a field that makes no groups: `key`, which is every alert's own, and `severity`, which changes.

use super::LintInput;
use crate::channel::notification::GROUP_BY;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::syntax::tree::{Declaration, Expression, ExpressionKind};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0042", "field that makes no groups");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    for item in input.items() {
        let Declaration::Channel(channel) = &item.kind else { continue };
        for given in channel.parameters.iter().filter(|given| &*given.name.text == GROUP_BY.name) {
            if let ExpressionKind::List(values) = &given.value.kind {
                diagnostics.extend(values.iter().filter_map(finding));
            }
        }
    }
}

fn finding(value: &Expression) -> Option<Diagnostic> {
    let ExpressionKind::Name(name) = &value.kind else { return None };
    let (message, label, help) = match &*name.text {
        "key" => (
            "every alert has a key of its own, so every alert is a group of its own",
            "is never shared",
            "leave `group_by` out to tell each alert by itself, or group by what alerts share, as in `[labels.cluster]`",
        ),
        "severity" => (
            "an alert stays in its group when its severity changes",
            "is the severity of the first firing",
            "leave it out: a message has the worst severity of its group, and a Critical does not wait",
        ),
        _ => return None,
    };
    Some(Diagnostic::new(&CODE, value.span, message).label(label).help(help))
}
