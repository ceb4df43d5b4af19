//! What changes of letter case do to single characters, from the tables of the standard library.

use super::alphabet::{Alphabet, AlphabetBuilder, CharacterRange, KeyedAlphabet, LAST};
use crate::pattern::fold;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A change of each character to one or more characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CharacterMap {
    /// As [`fold`](crate::pattern::fold).
    Fold,
    /// As `str::to_lowercase` where no capital sigma ends a word.
    Lower,
    /// As `str::to_uppercase`.
    Upper,
}

/// The characters beyond this one do not change. A test holds it.
const LAST_WITH_CASE: u32 = 0x1_FFFF;

/// The last white space. A test holds it.
const LAST_WHITE_SPACE: u32 = 0x3000;

/// The characters that a map changes.
#[derive(Debug, Default)]
struct ChangedCharacters {
    /// What each changes to, in ascending order.
    forward: Vec<(u32, Box<[u32]>)>,
    /// The single characters that are results, with their origins, in ascending order.
    backward: Vec<(u32, u32)>,
    /// The characters that change to several characters.
    expanding: Vec<u32>,
}

static FOLDED: LazyLock<ChangedCharacters> = LazyLock::new(|| ChangedCharacters::of(CharacterMap::Fold));
static LOWERED: LazyLock<ChangedCharacters> = LazyLock::new(|| ChangedCharacters::of(CharacterMap::Lower));
static RAISED: LazyLock<ChangedCharacters> = LazyLock::new(|| ChangedCharacters::of(CharacterMap::Upper));

impl CharacterMap {
    /// What a character changes to.
    fn apply(self, character: char) -> Box<[u32]> {
        match self {
            Self::Fold => fold(character.encode_utf8(&mut [0; 4])).chars().map(u32::from).collect(),
            Self::Lower => character.to_lowercase().map(u32::from).collect(),
            Self::Upper => character.to_uppercase().map(u32::from).collect(),
        }
    }

    fn changed(self) -> &'static ChangedCharacters {
        match self {
            Self::Fold => &FOLDED,
            Self::Lower => &LOWERED,
            Self::Upper => &RAISED,
        }
    }

    /// The partition of characters by the classes of what they change to. A key has those classes in order.
    pub(super) fn preimage(self, inner: &Alphabet) -> KeyedAlphabet {
        let mut exceptions = self.exceptions(inner).into_iter().peekable();
        let mut builder = AlphabetBuilder::default();
        for interval in inner.intervals() {
            let mut next = interval.range.first;
            while let Some((character, key)) = exceptions.next_if(|(character, _)| *character <= interval.range.last) {
                if next < character {
                    builder.push(next, &[interval.class]);
                }
                builder.push(character, &key);
                next = character + 1;
            }
            if next <= interval.range.last {
                builder.push(next, &[interval.class]);
            }
        }
        builder.finish()
    }

    /// The characters whose change matters to a partition, in ascending order.
    fn exceptions(self, inner: &Alphabet) -> Vec<(u32, Box<[u32]>)> {
        let changed = self.changed();
        // Nearly all characters are in one class, and only what leaves or enters it can matter.
        let common = inner.class_of(LAST);
        let mut candidates: BTreeSet<u32> = changed.expanding.iter().copied().collect();
        for interval in inner.intervals().filter(|interval| interval.class != common) {
            candidates.extend(within(&changed.forward, interval.range, |(from, _)| *from).iter().map(|(from, _)| from));
            candidates.extend(within(&changed.backward, interval.range, |(to, _)| *to).iter().map(|(_, from)| from));
        }
        let key = |character: u32| -> Option<(u32, Box<[u32]>)> {
            let place = changed.forward.binary_search_by_key(&character, |(from, _)| *from).ok()?;
            let (_, result) = changed.forward.get(place)?;
            let key: Box<[u32]> = result.iter().map(|one| inner.class_of(*one)).collect();
            (*key != [inner.class_of(character)]).then_some((character, key))
        };
        candidates.into_iter().filter_map(key).collect()
    }
}

impl ChangedCharacters {
    fn of(map: CharacterMap) -> Self {
        let mut changed = Self::default();
        for character in (0..=LAST_WITH_CASE).filter_map(char::from_u32) {
            let result = map.apply(character);
            let number = u32::from(character);
            match *result {
                [same] if same == number => continue,
                [single] => changed.backward.push((single, number)),
                _ => changed.expanding.push(number),
            }
            changed.forward.push((number, result));
        }
        changed.backward.sort_unstable();
        changed
    }
}

/// The entries whose character is in a range.
fn within<T>(all: &[T], range: CharacterRange, character: impl Fn(&T) -> u32) -> &[T] {
    let start = all.partition_point(|entry| character(entry) < range.first);
    let end = all.partition_point(|entry| character(entry) <= range.last);
    all.get(start..end).unwrap_or_default()
}

/// What a character is to a capital sigma near it. `str::to_lowercase` ends a word with another small sigma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SigmaRole {
    /// It ends a word.
    Other,
    /// A letter with case.
    Cased,
    /// It is skipped.
    Ignorable,
    /// The capital sigma itself, a letter with case.
    Sigma,
}

impl SigmaRole {
    /// The role with a number, as the keys of [`sigma_roles`] have it.
    pub(super) fn of_number(number: u32) -> Self {
        let all = [Self::Cased, Self::Ignorable, Self::Sigma];
        all.into_iter().find(|role| *role as u32 == number).unwrap_or(Self::Other)
    }
}

/// The partition of characters by their roles. A key has the role's number.
pub(super) fn sigma_roles() -> &'static KeyedAlphabet {
    &ROLES
}

/// The standard library does not show its tables of letters with case and of ignorable characters, but its results tell.
static ROLES: LazyLock<KeyedAlphabet> = LazyLock::new(|| {
    let mut builder = AlphabetBuilder::default();
    for block in 0..=LAST >> 16 {
        let numbers = (block << 16)..=(block << 16 | 0xFFFF);
        let characters: Vec<char> = numbers.filter_map(char::from_u32).collect();
        // The sigma ends no word if a letter follows the character and is reached, or if the character has case.
        let followed = are_final(&characters, 'b');
        let alone = are_final(&characters, ' ');
        for ((character, followed), alone) in characters.iter().zip(followed).zip(alone) {
            let role = match (character, followed, alone) {
                ('Σ', ..) => SigmaRole::Sigma,
                (_, true, _) => SigmaRole::Other,
                (_, false, true) => SigmaRole::Ignorable,
                (_, false, false) => SigmaRole::Cased,
            };
            // Surrogates are not characters, so they may join what is before them.
            builder.push((*character).into(), &[role as u32]);
        }
    }
    builder.finish()
});

static WHITE_SPACE: LazyLock<KeyedAlphabet> = LazyLock::new(|| {
    let mut builder = AlphabetBuilder::default();
    for character in (0..=LAST_WHITE_SPACE + 1).filter_map(char::from_u32) {
        builder.push(character.into(), &[character.is_whitespace().into()]);
    }
    builder.finish()
});

/// The partition of characters into white space and others. A key has whether a character is white space, as 0 or 1.
pub(super) fn white_space() -> &'static KeyedAlphabet {
    &WHITE_SPACE
}

/// Whether a sigma ends a word before each of the characters and a last character.
fn are_final(characters: &[char], last: char) -> Vec<bool> {
    let text: String = characters.iter().flat_map(|character| ['\0', 'a', 'Σ', *character, last]).collect();
    let lower: Vec<char> = text.to_lowercase().chars().collect();
    let result = |window: &[char]| match window {
        ['\0', 'a', 'ς'] => Some(true),
        ['\0', 'a', 'σ'] => Some(false),
        _ => None,
    };
    lower.windows(3).filter_map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::{CharacterMap, LAST_WITH_CASE, SigmaRole, sigma_roles, white_space};
    use crate::pattern::fold;

    #[test]
    fn later_characters_have_no_case() {
        for character in (LAST_WITH_CASE + 1..=char::MAX.into()).filter_map(char::from_u32) {
            for map in [CharacterMap::Fold, CharacterMap::Lower, CharacterMap::Upper] {
                assert_eq!(*map.apply(character), [u32::from(character)], "{character:?}");
            }
        }
    }

    #[test]
    fn folding_a_folded_text_changes_nothing() {
        for character in (0..=LAST_WITH_CASE).filter_map(char::from_u32) {
            let once = fold(character.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(fold(&once), once, "{character:?}");
        }
    }

    #[test]
    fn roles_of_characters_near_a_sigma() {
        let role = |character: char| {
            let roles = sigma_roles();
            SigmaRole::of_number(roles.key(roles.alphabet.class_of(character.into()))[0])
        };
        for (characters, expected) in [
            ("aZéßςⅧ", SigmaRole::Cased),
            ("'.:\u{301}\u{ad}ʰ", SigmaRole::Ignorable),
            (" 1-中\u{0}", SigmaRole::Other),
            ("Σ", SigmaRole::Sigma),
        ] {
            for character in characters.chars() {
                assert_eq!(role(character), expected, "{character:?}");
            }
        }
    }

    #[test]
    fn white_space_is_that_of_the_standard_library() {
        let spaces = white_space();
        for character in '\0'..=char::MAX {
            let is_space = spaces.key(spaces.alphabet.class_of(character.into())) == [1];
            assert_eq!(is_space, character.is_whitespace(), "{character:?}");
        }
    }
}
