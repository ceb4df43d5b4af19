//! What `ignore case` means for everything except regexes.

use std::borrow::Cow;

/// Unicode lower-casing, as `ignore case` compares.
///
/// Every character is lowered by itself, so that a folded part of a text is a part of the folded text. Both small sigmas
/// become the same letter, because the lower case of a capital sigma depends on the next letter.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Owned(text.chars().flat_map(char::to_lowercase).map(unite_sigmas).collect())
}

fn unite_sigmas(character: char) -> char {
    if character == 'ς' { 'σ' } else { character }
}

/// Whether folding a folded text changes nothing.
#[must_use]
pub fn folds_to(text: &str, folded: &str) -> bool {
    text.eq_ignore_ascii_case(folded) || (!text.is_ascii() && fold(text) == folded)
}

/// The result of `apply` for the folded text. A short ASCII text is folded without a heap allocation.
pub(super) fn with_folded<R>(text: &str, apply: impl FnOnce(&str) -> R) -> R {
    let mut room = [0_u8; 256];
    if text.is_ascii()
        && let Some(bytes) = room.get_mut(..text.len())
    {
        bytes.copy_from_slice(text.as_bytes());
        bytes.make_ascii_lowercase();
        if let Ok(folded) = std::str::from_utf8(bytes) {
            return apply(folded);
        }
    }
    apply(&fold(text))
}

#[cfg(test)]
mod tests {
    use super::{fold, with_folded};
    use std::borrow::Cow;

    #[test]
    fn parts_fold_as_the_whole_does() {
        assert_eq!(fold("ΟΔΟΣ ΑΒ"), format!("{}{}", fold("ΟΔΟΣ"), fold(" ΑΒ")));
        assert_eq!(fold("ὀδος"), fold("ὈΔΟΣ"));
        assert!(matches!(fold("plain-text_1"), Cow::Borrowed(_)));
        assert_eq!(fold("ÄÖ"), "äö");
    }

    #[test]
    fn long_and_short_texts_fold_alike() {
        let long = "Ab".repeat(300);
        assert_eq!(with_folded(&long, str::to_owned), fold(&long));
        assert_eq!(with_folded("AbC", str::to_owned), "abc");
    }
}
