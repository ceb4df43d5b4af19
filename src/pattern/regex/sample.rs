//! A simple text that a regex matches, as an example for people.

use super::RegexPattern;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The longest sample, in bytes.
const LONGEST: usize = 80;

/// The largest number of parts that are written. It also ends repetitions of empty parts, which add no text.
const MAX_PARTS: usize = 1000;

impl RegexPattern {
    /// A short text that the regex matches as a whole, or none if a simple search finds none.
    #[must_use]
    pub fn sample(&self) -> Option<String> {
        let mut sample = Sample { text: String::new(), parts: 0 };
        sample.write(&self.hir()?)?;
        // Anchors and word boundaries were ignored, so the text must be tested.
        self.matches(&sample.text).then_some(sample.text)
    }
}

struct Sample {
    text: String,
    parts: usize,
}

impl Sample {
    fn write(&mut self, hir: &Hir) -> Option<()> {
        self.parts += 1;
        if self.parts > MAX_PARTS || self.text.len() > LONGEST {
            return None;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(std::str::from_utf8(&literal.0).ok()?),
            HirKind::Class(class) => self.text.push(member(class)?),
            HirKind::Repetition(repetition) => {
                (0..repetition.min).try_for_each(|_| self.write(&repetition.sub))?;
            }
            HirKind::Capture(capture) => self.write(&capture.sub)?,
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.write(part))?,
            HirKind::Alternation(parts) => self.write(parts.first()?)?,
        }
        (self.text.len() <= LONGEST).then_some(())
    }
}

/// The most readable character of a class: a small letter, else a digit, a blank, a hyphen, or its first character.
fn member(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect(),
    };
    let holds = |letter: &char| ranges.iter().any(|(first, last)| (first..=last).contains(&letter));
    ('a'..='z').chain('0'..='9').chain([' ', '-']).find(holds).or(ranges.first().map(|range| range.0))
}

#[cfg(test)]
mod tests {
    use super::RegexPattern;
    use crate::pattern::Case;

    #[test]
    fn a_sample_fits() {
        let sample = |pattern, flags| RegexPattern::new(pattern, flags, Case::Sensitive).expect("a regex").sample();
        for (pattern, flags, expected) in [
            ("replica(tion)? lag", "i", "replica lag"),
            (r"^\d{3}-(prod|test)$", "", "000-prod"),
            (r"disk .* full", "", "disk  full"),
            ("[A-F]+", "", "A"),
            ("", "", ""),
        ] {
            assert_eq!(sample(pattern, flags).as_deref(), Some(expected), "{pattern}");
        }
        assert_eq!(sample(r"x\Bx\b-", ""), Some("xx-".to_owned()));
    }

    #[test]
    fn no_sample_where_it_is_not_simple() {
        let sample = |pattern| RegexPattern::new(pattern, "", Case::Sensitive).expect("a regex").sample();
        assert_eq!(sample("a$b"), None);
        assert_eq!(sample("(?:abcdefghij){9}"), None);
    }
}
