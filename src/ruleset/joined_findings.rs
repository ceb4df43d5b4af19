//! Joins the findings of `check` and of proofs, so that one mistake is reported once.
//!
//! A comparison that can never hold is a warning of `check`, which says how to write it. Where it keeps all events from a
//! line, the line is an error of proofs. The error stays, and takes what the warning says.

use crate::check::{self, proof_code};
use crate::diagnostic::{Diagnostic, DiagnosticLevel};
use crate::source::Span;

/// Removes from both what the other says better.
pub(super) fn join(checked: &mut Vec<Diagnostic>, proved: &mut Vec<Diagnostic>) {
    proved.retain_mut(|finding| {
        let is_known = finding.code.id == proof_code::ACCEPTS_NOTHING.id
            && checked.iter().any(|warning| check::accepts_nothing(warning.code) && touches(finding, warning.span));
        if is_known {
            return false;
        }
        let warnings = checked.iter().filter(|warning| check::never_holds(warning.code));
        let Some(warning) = warnings.into_iter().find(|warning| touches(finding, warning.span)).cloned() else {
            return true;
        };
        if finding.level() == DiagnosticLevel::Warning {
            return false;
        }
        checked.retain(|other| other.code.id != warning.code.id || other.span != warning.span);
        take(finding, warning);
        true
    });
}

/// Whether a place is within one of those that a finding names.
fn touches(finding: &Diagnostic, place: Span) -> bool {
    let is_around = |span: Span| span.file == place.file && span.start <= place.start && place.end <= span.end;
    is_around(finding.span) || finding.related.iter().any(|(span, _)| is_around(*span))
}

/// Gives an error what a warning says.
fn take(finding: &mut Diagnostic, warning: Diagnostic) {
    let why = if warning.label.is_empty() { String::new() } else { format!(": {}", warning.label) };
    finding.notes.insert(0, format!("{}{why}", warning.message));
    finding.notes.extend(warning.notes);
    finding.help.splice(0..0, warning.help);
}
