//! `same key` in a mute: two alerts have different keys.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{EventField, ExpressionKind};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0045", "value that two alerts do not share");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let sources = input.model.mutes.iter().filter_map(|mute| mute.source.as_ref());
    for value in sources.flat_map(|source| &source.same) {
        if !matches!(value.value.kind, ExpressionKind::Field(EventField::Key)) {
            continue;
        }
        let message = "every alert has a key of its own, so no source has the key of the alert that is held";
        let finding = Diagnostic::new(&CODE, value.value.span, message).label("is hardly ever shared");
        diagnostics.push(finding.help("name what both alerts share, as in `same labels.cluster, labels.node`"));
    }
}
