//! The known name that is nearest to an unknown one. It is fast enough for a hundred thousand candidates: their lengths and
//! letters exclude most of them before a distance is computed.

use std::borrow::Cow;
use strsim::{jaro_winkler, osa_distance};

/// Words of more bytes than this have no nearest name.
const LONGEST: usize = 128;

/// The least similarity of two words with a large distance, from 0 to 1.
const ALIKE: f64 = 0.9;

/// The candidate that `word` is most likely a misspelling of, or none if no candidate is near. Among equals, the first.
///
/// A candidate that differs only in letter case is the nearest. Next are the smallest number of typing errors, the same
/// parts in another order (`page_payments` for `payments_page`), a common beginning, and general similarity.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let wanted = MisspeltWord::new(word);
    let mut best: Option<(Nearness, &'c str)> = None;
    for candidate in candidates {
        if candidate == word || candidate.len() > 2 * LONGEST {
            continue;
        }
        let Some(nearness) = wanted.nearness(candidate) else { continue };
        if nearness == Nearness::Case {
            return Some(candidate);
        }
        if best.as_ref().is_none_or(|(nearest, _)| nearness < *nearest) {
            best = Some((nearness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How near a candidate is; smaller is nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// Another letter case, or a hyphen instead of an underscore.
    Case,
    /// The number of typing errors.
    Slips(usize),
    /// The same parts in another order.
    Parts,
    /// One begins with the other; the number of characters that follow.
    Beginning(usize),
    /// Similar as a whole; the difference in thousandths.
    Likeness(u16),
}

/// The misspelt word, prepared for many comparisons.
struct MisspeltWord<'w> {
    folded: Cow<'w, str>,
    length: usize,
    letters: u64,
    parts: Vec<String>,
}

impl<'w> MisspeltWord<'w> {
    fn new(word: &'w str) -> Self {
        let folded = fold(word);
        let (length, letters) = (folded.chars().count(), letters(&folded));
        let parts = parts(&folded);
        Self { folded, length, letters, parts }
    }

    fn nearness(&self, candidate: &str) -> Option<Nearness> {
        let folded = fold(candidate);
        if folded == self.folded {
            return Some(Nearness::Case);
        }
        let length = folded.chars().count();
        let slips = self.length.max(length).max(3) / 3;
        let differing = (self.letters ^ letters(&folded)).count_ones() as usize;
        if self.length.abs_diff(length) <= slips && differing <= 2 * slips {
            let distance = osa_distance(&self.folded, &folded);
            if distance <= slips {
                return Some(Nearness::Slips(distance));
            }
        }
        self.likeness(&folded, length, differing)
    }

    /// The nearness that a distance does not measure: reordered parts, shortened words, words that are similar as a whole.
    fn likeness(&self, folded: &str, length: usize, differing: usize) -> Option<Nearness> {
        if differing == 0 && self.length == length && self.parts.len() > 1 && parts(folded) == self.parts {
            return Some(Nearness::Parts);
        }
        let (shorter, longer) = (self.length.min(length), self.length.max(length));
        let begins = folded.starts_with(&*self.folded) || self.folded.starts_with(folded);
        if begins && shorter >= 3 {
            return Some(Nearness::Beginning(longer - shorter));
        }
        if shorter < 4 || differing > 4 || longer > 2 * shorter {
            return None;
        }
        let unlikeness = 1.0 - jaro_winkler(&self.folded, folded);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a likeness lies between 0 and 1, so its thousandths fit"
        )]
        (unlikeness < 1.0 - ALIKE).then_some(Nearness::Likeness((unlikeness * 1000.0) as u16))
    }
}

/// Converts to lower case, and hyphens to underscores.
fn fold(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase() && byte != b'-') {
        return Cow::Borrowed(word);
    }
    Cow::Owned(word.to_lowercase().replace('-', "_"))
}

/// The set of letters, one bit for each. A typing error changes at most two of the bits.
fn letters(word: &str) -> u64 {
    word.chars().fold(0, |set, letter| set | 1 << (u32::from(letter) & 63))
}

/// The parts of a compound name in a fixed order.
fn parts(word: &str) -> Vec<String> {
    let mut parts: Vec<String> = word.split(['_', '.', ' ']).map(str::to_owned).collect();
    parts.sort_unstable();
    parts
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let names = ["severity", "status", "title", "payments_page", "payments_chat", "Critical", "starts_at"];
        let cases = [
            ("sevrity", Some("severity")),
            ("SEVERITY", Some("severity")),
            ("stauts", Some("status")),
            ("critcal", Some("Critical")),
            ("Crit", Some("Critical")),
            ("page_payments", Some("payments_page")),
            ("payments-page", Some("payments_page")),
            ("started_at", Some("starts_at")),
            ("database", None),
            ("x", None),
            ("", None),
            ("title", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
    }

    #[test]
    fn other_scripts_and_long_words_are_no_trouble() {
        assert_eq!(nearest("数据裤", ["数据库", "网络"]), Some("数据库"));
        assert_eq!(nearest(&"a".repeat(1 << 20), ["a"]), None);
        assert_eq!(nearest("a", [&*"a".repeat(1 << 20)]), None);
    }

    #[test]
    fn a_hundred_thousand_candidates_are_no_trouble() {
        let names: Vec<String> = (0..100_000).map(|number| format!("team_{number:06}_page")).collect();
        assert_eq!(nearest("taem_099999_page", names.iter().map(String::as_str)), Some("team_099999_page"));
    }
}
