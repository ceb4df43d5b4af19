//! Random patterns and texts.

use super::{CASES, FUNCTIONS, POSITIONS, Tested};
use crate::pattern::MatchScope;
use std::fmt::Write;

/// The characters of random texts.
pub(super) const CHARACTERS: &str = "abAéİςΣ\n _1-";

const LITERALS: [&str; 14] = ["a", "b", "A", "é", "İ", "ς", "Σ", r"\n", "_", "1", "-", "ab", r"\x20", "k"];
const CLASSES: [&str; 16] = [
    ".",
    r"\w",
    r"\W",
    r"\d",
    r"\s",
    r"\S",
    "[ab]",
    "[^a]",
    "[^a\\n]",
    r"\pL",
    r"\p{Lu}",
    "[a-c1]",
    r"[^\w]",
    "(?s:.)",
    "[A-Zé]",
    r"(?-u:\w)",
];
const ASSERTIONS: [&str; 12] =
    ["^", "$", r"\A", r"\z", r"\b", r"\B", "(?m:^)", "(?m:$)", r"(?-u:\b)", r"\b{start}", r"\b{end-half}", "(?mR:$)"];
const REPETITIONS: [&str; 8] = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{2,}"];
const FLAGS: [&str; 8] = ["", "", "", "i", "s", "m", "x", "isU"];

/// A source of random values, the same for the same seed.
pub(super) struct Generator {
    state: u64,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Splitmix64.
    fn below(&mut self, count: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % count as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub(super) fn text(&mut self) -> String {
        let characters: Vec<char> = CHARACTERS.chars().chain("σβ\r\u{301}z9".chars()).collect();
        (0..self.below(9)).map(|_| self.pick(&characters)).collect()
    }

    fn regex(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 6 } else { 12 }) {
            0..=2 => self.pick(&LITERALS).to_owned(),
            3 | 4 => self.pick(&CLASSES).to_owned(),
            5 => self.pick(&ASSERTIONS).to_owned(),
            6..=8 => (0..2 + self.below(2)).map(|_| self.regex(depth - 1)).collect(),
            9 => {
                let branches: Vec<String> = (0..2 + self.below(2)).map(|_| self.regex(depth - 1)).collect();
                format!("(?:{})", branches.join("|"))
            }
            10 => format!("(?:{}){}", self.regex(depth - 1), self.pick(&REPETITIONS)),
            _ => format!("(?{}:{})", self.pick(&["i", "s", "m", "-i", "R"]), self.regex(depth - 1)),
        }
    }

    /// A random set. None if the project refuses the pattern.
    pub(super) fn tested(&mut self) -> Option<Tested> {
        let case = self.pick(&CASES);
        let piece: String = self.text().chars().take(3).collect();
        let tested = match self.below(9) {
            0 => Tested::piece(self.pick(&POSITIONS), &piece, case),
            1 => Tested::literals(&[&piece, "a", "bA"], case),
            2 => {
                let glob: String = (0..4).map(|_| self.pick(&["*", "?", "a", "b", "Σ", "é", "İ", "\n"])).collect();
                Tested::like(&[&glob, &piece], case)
            }
            3 => {
                let min = u32::try_from(self.below(4)).unwrap();
                Tested::length(min, self.pick(&[None, Some(min), Some(min + 2)]))
            }
            _ => {
                let scope = self.pick(&[MatchScope::Whole, MatchScope::Anywhere]);
                let (pattern, flags) = (self.regex(3), self.pick(&FLAGS));
                Tested::try_regex(&pattern, flags, scope, case)?
            }
        };
        Some(if self.below(5) == 0 { tested.after(self.pick(&FUNCTIONS)) } else { tested })
    }

    /// Spellings of an address, and texts that are nearly one.
    pub(super) fn addresses(&mut self) -> Vec<String> {
        let octets: Vec<String> =
            (0..4).map(|_| self.pick(&["10", "1", "2", "3", "0", "192", "168", "255", "129"]).to_owned()).collect();
        let dotted = octets.join(".");
        let port = self.pick(&["", "", ":80", ":", ":65535", ":65536", ":0009", ":9x"]);
        let zone = self.pick(&["", "", "%", "%eth0", "%a\nb:c", "%]"]);
        let is_mapped = self.below(3) == 0;
        let start: &[&str] = if is_mapped { &["0", "0", "0", "0", "0"] } else { &[] };
        let mut groups: Vec<String> = start.iter().map(|&group| group.to_owned()).collect();
        if is_mapped {
            groups.push(self.pick(&["ffff", "FFFF", "fffe"]).to_owned());
        }
        while groups.len() < 8 {
            groups.push(
                self.pick(&["0", "0", "0000", "1", "ffff", "a01", "203", "2001", "db8", "fe80", "0A01", "8000"])
                    .to_owned(),
            );
        }
        if self.below(3) == 0 {
            groups.truncate(6);
            groups.push(dotted.clone());
        }
        let whole = groups.join(":");
        let from = self.below(groups.len());
        let to = from + self.below(groups.len() + 1 - from);
        let left_out = format!("{}::{}", groups[..from].join(":"), groups[to..].join(":"));
        let mapped = format!("::{}:{dotted}", self.pick(&["ffff", "FFFF", "0"]));
        let mut texts = vec![format!("{dotted}{port}"), format!("{dotted}{zone}")];
        for version_6 in [whole, left_out, mapped] {
            texts.push(format!("{version_6}{zone}"));
            texts.push(format!("[{version_6}{zone}]{port}"));
        }
        let mut broken = self.pick(&["", "x"]).to_owned();
        write!(broken, "{}", texts[self.below(texts.len())]).unwrap();
        let places: Vec<usize> = broken.char_indices().map(|(place, _)| place).collect();
        broken.remove(self.pick(&places));
        texts.push(broken);
        texts
    }
}
