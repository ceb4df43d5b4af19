//! What can be refused is refused here: names, types, totality, arms, and the lints.

mod cover;
pub mod model;

use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use crate::syntax::tree;
use crate::time::Instant;

/// What `check` needs from outside: files that the rules name, and the date.
pub struct Surroundings<'s> {
    /// The text of every rule file.
    pub sources: &'s Sources,
    /// Reads a file that a rule names, relative to the rule file's folder: a table's CSV. The error is the reason.
    pub read: &'s dyn Fn(&std::path::Path) -> Result<String, String>,
    /// The date that warnings about past windows take; none: they are not given.
    pub at: Option<Instant>,
}

/// Checks all files as one rule set. The model holds every declaration that is sound; a set with an error in its
/// diagnostics must not be run.
pub fn check(
    _files: &[tree::File],
    _surroundings: &Surroundings<'_>,
    _diagnostics: &mut Vec<Diagnostic>,
) -> model::Model {
    todo!()
}
