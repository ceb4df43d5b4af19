//! Whether the arms of a match cover every value, and whether each arm can be chosen.

use crate::check::model;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::value::Type;

/// Reports uncovered values and arms that can never be chosen.
pub(crate) fn arms(
    _columns: &[Type],
    _ignore_case: bool,
    _arms: &[(Vec<Vec<model::Pattern>>, bool, Span)],
    _place: Span,
    _diagnostics: &mut Vec<Diagnostic>,
) {
}
