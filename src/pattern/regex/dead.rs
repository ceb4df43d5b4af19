//! Parts of a regex that can never match, because an anchor stands where text must be.

use regex_syntax::hir::{Hir, HirKind, Look};

/// Whether some part never matches: text follows the end, or precedes the beginning. An alternative counts as well.
pub(super) fn has_dead_part(hir: &Hir) -> bool {
    let in_sequence = if let HirKind::Concat(parts) = hir.kind() { is_dead(parts) } else { false };
    in_sequence || hir.kind().subs().iter().any(has_dead_part)
}

fn is_dead(parts: &[Hir]) -> bool {
    let consumes = |part: &Hir| part.properties().minimum_len().is_some_and(|length| length > 0);
    let (mut ended, mut begun) = (false, false);
    for part in parts {
        let (first, last) = (part.properties().look_set_prefix(), part.properties().look_set_suffix());
        if ended && consumes(part) || begun && first.contains(Look::Start) {
            return true;
        }
        begun |= consumes(part);
        ended |= last.contains(Look::End);
    }
    false
}
