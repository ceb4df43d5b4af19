//! The warnings: a lint a file.

use crate::check::{Surroundings, model};
use crate::diagnostic::Diagnostic;
use crate::syntax::tree;

/// Runs every lint.
pub(crate) fn run(
    _files: &[tree::File],
    _model: &model::Model,
    _surroundings: &Surroundings<'_>,
    _diagnostics: &mut Vec<Diagnostic>,
) {
}
