//! What findings of a code have in common, for those who show them.

use super::{code, cover, lint, proof_code};
use crate::diagnostic::DiagnosticCode;

/// Whether what findings of a code mark does nothing, so that it could be removed. Editors show it faded.
#[must_use]
pub fn marks_unneeded(found: &DiagnosticCode) -> bool {
    let codes = [
        &code::UNREACHABLE_LINE,
        &cover::NEVER_CHOSEN,
        &code::DUPLICATE_ROW,
        &proof_code::UNREACHABLE_LINE,
        &proof_code::UNREACHABLE_ARM,
        &proof_code::SHADOWED_LINE,
    ];
    lint::is_unused(found) || codes.iter().any(|known| known.id == found.id)
}

/// Whether findings of a code say that nothing declares a name. It may be declared in a file that was not read.
#[must_use]
pub fn is_unknown_name(found: &DiagnosticCode) -> bool {
    let codes = [
        &code::UNKNOWN_CHANNEL,
        &code::UNKNOWN_ROUTING,
        &code::UNKNOWN_MAPPING,
        &code::UNKNOWN_SCHEDULE,
        &code::UNKNOWN_NAME,
        &code::UNKNOWN_FUNCTION,
    ];
    codes.iter().any(|known| known.id == found.id)
}
