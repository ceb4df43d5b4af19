//! Tests: what they name, and the shapes of what they expect.

use crate::check::model;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree;

/// Reports what is wrong with a test.
pub(crate) fn check(
    _test: &tree::Test,
    _item: Span,
    _model: &model::Model,
    _diagnostics: &mut Vec<Diagnostic>,
) {
}
