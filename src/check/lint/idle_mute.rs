//! A mute whose `when` asks for everything that its `while` asks for: whatever it could hold is a source, and a source is not
//! held.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::Expression;
use std::collections::HashSet;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0047", "mute that holds nothing");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let sources = input.environment.sources;
    let words = |part: &Expression| sources.text(part.span).split_whitespace().collect::<Vec<_>>().join(" ");
    for mute in &input.model.mutes {
        let Some(source) = &mute.source else { continue };
        let asked: HashSet<String> = mute.when.conjuncts().iter().map(words).collect();
        if !source.condition.conjuncts().iter().all(|part| asked.contains(&words(part))) {
            continue;
        }
        let message = format!("every alert that meets the `when` of `{}` also meets its `while`", mute.name);
        let finding = Diagnostic::new(&CODE, mute.when.span, message).label("is held by nothing");
        diagnostics.push(
            finding
                .related(
                    source.condition.span,
                    "an alert that meets this is a source of the mute, and a source is not held",
                )
                .help("let `when` look at what is held alone, and `while` at what holds it"),
        );
    }
}
