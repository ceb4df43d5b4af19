//! The names of columns in the parameters of a family, where fields and defines have theirs.

use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::names::is_field;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Reports a column that has the name of something else, once.
pub(super) fn report(column: &str, taken: &str, place: Span, cx: &mut LoweringContext<'_>) {
    if cx.columns.as_mut().is_some_and(|columns| !columns.is_first_report(column)) {
        return;
    }
    let message = format!("the column `{column}` has the name of {taken}");
    let found = Diagnostic::new(&code::COLUMN_NAME, place, message).label("which of the two is meant?");
    cx.report(found.help("give the column another name in the header of the file"));
}

/// What else a name means in a parameter.
pub(super) fn taken(name: &str, cx: &LoweringContext<'_>) -> Option<&'static str> {
    if is_field(name) {
        Some("a field of the event")
    } else if cx.names.defines.find(name).is_some() {
        Some("a define")
    } else {
        None
    }
}
