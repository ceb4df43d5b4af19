//! Which characters people read easily, so that a text that is found is plain.

use super::alphabet::{Alphabet, CharacterRange};
use std::ops::ControlFlow;

/// Printable characters of ASCII, the most readable first.
const ASCII: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@#+=,;!?$%&*'\"()[]{}<>|~^`\\ ";

/// Characters beyond ASCII that most fonts have.
const FAMILIAR: &str = "éüöäßñçøåÉÜÖÄλσςωжяЖ中支あア한अא٣²½€–—…°·→\u{a0}\u{3000}";

/// Control characters that people know.
const CONTROLS: &str = "\n\t\r";

/// How many characters of an interval are looked at for a letter.
const MAX_TRIED: u32 = 64;

/// How plain a character is. The plainest is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plainness {
    /// A printable character of ASCII.
    Ascii,
    /// Another character that is not a control character.
    Visible,
    /// A line break or another control character.
    Control,
}

impl Plainness {
    pub(super) const ALL: [Self; 3] = [Self::Ascii, Self::Visible, Self::Control];

    fn of(character: char) -> Self {
        match character {
            ' '..='~' => Self::Ascii,
            _ if is_control(character) => Self::Control,
            _ => Self::Visible,
        }
    }
}

/// The most readable character of a class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Representative {
    pub(super) class: u32,
    pub(super) character: char,
    pub(super) plainness: Plainness,
}

/// Whether a text has no line break and no other control character.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(is_control)
}

fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// The most readable character of each class, the most readable first. A class of surrogates alone has no character.
pub(super) fn representatives(alphabet: &Alphabet) -> Vec<Representative> {
    let mut found = FoundCharacters { by_class: vec![None; alphabet.count()], order: Vec::new() };
    for character in ASCII.chars().chain(FAMILIAR.chars()) {
        found.offer(alphabet.class_of(character.into()), character);
    }
    let visible = |range| first_where(range, |character| !is_control(character));
    let letter = |range| visible(range).and_then(|range| first_where(range, char::is_alphanumeric));
    for pick in [&letter as &dyn Fn(CharacterRange) -> Option<CharacterRange>, &visible] {
        for interval in alphabet.intervals().filter(|interval| !found.has(interval.class)).collect::<Vec<_>>() {
            if let Some(character) = pick(interval.range).and_then(|range| char::from_u32(range.first)) {
                found.offer(interval.class, character);
            }
        }
    }
    for character in CONTROLS.chars() {
        found.offer(alphabet.class_of(character.into()), character);
    }
    for interval in alphabet.intervals() {
        if let Some(character) = first_where(interval.range, |_| true).and_then(|range| char::from_u32(range.first)) {
            found.offer(interval.class, character);
        }
    }
    found.order
}

struct FoundCharacters {
    by_class: Vec<Option<char>>,
    order: Vec<Representative>,
}

impl FoundCharacters {
    fn has(&self, class: u32) -> bool {
        self.by_class.get(class as usize).is_none_or(Option::is_some)
    }

    fn offer(&mut self, class: u32, character: char) {
        if let Some(place) = self.by_class.get_mut(class as usize)
            && place.is_none()
        {
            *place = Some(character);
            self.order.push(Representative { class, character, plainness: Plainness::of(character) });
        }
    }
}

/// The range from its first character that fits, if that is one of the first ones. Numbers of surrogates are skipped.
fn first_where(range: CharacterRange, fits: impl Fn(char) -> bool) -> Option<CharacterRange> {
    let surrogates = 0xD800..=0xDFFF_u32;
    let first = if surrogates.contains(&range.first) { surrogates.end() + 1 } else { range.first };
    let tried = (first..=range.last).take(MAX_TRIED as usize);
    let found = tried.filter_map(char::from_u32).try_for_each(|character| {
        if fits(character) { ControlFlow::Break(character) } else { ControlFlow::Continue(()) }
    });
    found.break_value().map(|character| CharacterRange { first: character.into(), last: range.last })
}
