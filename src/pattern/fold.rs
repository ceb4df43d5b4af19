//! The meaning of `ignore case`, except in regexes.

use std::borrow::Cow;

/// Converts a text to Unicode lower case, for comparisons that ignore case.
///
/// Every character is converted alone, so a part of a text folds to a part of the folded text. Both small sigmas fold to
/// one, because the small form of a capital sigma depends on the next character.
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

/// Whether a text folds to `folded`, which is folded already.
#[must_use]
pub fn folds_to(text: &str, folded: &str) -> bool {
    text.eq_ignore_ascii_case(folded) || (!text.is_ascii() && fold(text) == folded)
}

/// Applies a function to the folded text. A short ASCII text is folded without an allocation.
pub(super) fn with_folded<R>(text: &str, apply: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0_u8; 256];
    if text.is_ascii()
        && let Some(bytes) = buffer.get_mut(..text.len())
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
