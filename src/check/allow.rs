//! `allow CODE because "…"`: warnings that an author has answered. Errors cannot be silenced, since no later stage could
//! run what they refuse.

use crate::check::code;
use crate::diagnostic::{Code, Diagnostic, Level, nearest};
use crate::syntax::tree::{Allow, File};

/// Takes out what is silenced, and reports every `allow` that has nothing to silence.
pub(super) fn apply(files: &[File], known: &[&'static Code], diagnostics: &mut Vec<Diagnostic>) {
    let allows: Vec<&Allow> = files.iter().flat_map(|file| &file.allows).collect();
    if allows.is_empty() {
        return;
    }
    let mut used = vec![false; allows.len()];
    diagnostics.retain(|diagnostic| !is_silenced(diagnostic, &allows, &mut used));
    let has_errors = diagnostics.iter().any(|diagnostic| diagnostic.level() == Level::Error);
    for (allow, used) in allows.into_iter().zip(used) {
        if let Some(diagnostic) = unknown(allow, known) {
            diagnostics.push(diagnostic);
        } else if !used && !has_errors {
            diagnostics.push(idle(allow));
        }
    }
}

fn is_silenced(diagnostic: &Diagnostic, allows: &[&Allow], used: &mut [bool]) -> bool {
    if diagnostic.level() == Level::Error {
        return false;
    }
    let mut silenced = false;
    for (allow, used) in allows.iter().zip(used) {
        if *allow.code.text == *diagnostic.code.id && allow.covers.covers(diagnostic.span) {
            *used = true;
            silenced = true;
        }
    }
    silenced
}

fn unknown(allow: &Allow, known: &[&'static Code]) -> Option<Diagnostic> {
    let name = &allow.code;
    let warnings = known.iter().filter(|code| code.level() == Level::Warning);
    if warnings.clone().any(|code| *code.id == *name.text) {
        return None;
    }
    if let Some(error) = known.iter().find(|code| *code.id == *name.text) {
        let message = format!("`{}` ({}) is an error, which cannot be silenced", error.id, error.title);
        return Some(
            Diagnostic::new(&code::UNKNOWN_CODE, name.span, message)
                .help("mend what it reports, and leave the `allow` out"),
        );
    }
    let diagnostic =
        Diagnostic::new(&code::UNKNOWN_CODE, name.span, format!("there is no warning `{}`", name.text));
    Some(match nearest(&name.text, warnings.map(|code| code.id)) {
        Some(near) => diagnostic.suggest(format!("did you mean `{near}`?"), name.span, near),
        None => diagnostic,
    })
}

fn idle(allow: &Allow) -> Diagnostic {
    let message = format!("this `allow` silences nothing: there is no `{}` here", allow.code.text);
    Diagnostic::new(&code::IDLE_ALLOW, allow.span, message).suggest("leave it out", allow.span, "")
}
