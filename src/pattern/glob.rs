//! Globs over a whole text.
//!
//! The stars split a glob into segments. The first segment must begin the text and the last must end it. Each segment
//! between them is matched at its earliest position, which leaves the most text for the next. So there is no backtracking:
//! a segment without `?` is found in linear time, and one with `?` costs at most its own length at each position.

use super::required::{self, RequiredText};
use super::{Case, PatternError, within_limit};

/// A glob over a whole text: `*` matches any characters, `?` matches one, and every other character matches itself.
#[derive(Debug, Clone)]
pub struct Glob {
    text: Box<str>,
    case: Case,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    /// Without a star: the whole text.
    Whole(GlobSegment),
    /// The segments that begin the text, follow in order, and end it.
    Starred(GlobSegment, Box<[GlobSegment]>, GlobSegment),
}

/// The text between two stars.
#[derive(Debug, Clone)]
struct GlobSegment {
    text: Box<str>,
    has_any: bool,
}

impl Glob {
    /// Reads a glob.
    ///
    /// # Errors
    /// If the glob is longer than 1 KiB.
    pub fn new(text: &str, case: Case) -> Result<Self, PatternError> {
        within_limit(text, "glob")?;
        Ok(Self { text: text.into(), case, shape: Shape::new(&case.fold(text)) })
    }

    /// The glob as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Necessary conditions for a match, the strictest first. Their texts are folded if case is ignored.
    #[must_use]
    pub fn required(&self) -> Vec<RequiredText> {
        let segments: Vec<&str> = match &self.shape {
            Shape::Whole(segment) => vec![&segment.text],
            Shape::Starred(first, middle, last) => {
                [first].into_iter().chain(middle).chain([last]).map(|segment| &*segment.text).collect()
            }
        };
        required::of_glob(&segments)
    }

    /// Whether the glob matches the whole text.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        self.case.with_folded(text, |folded| self.shape.fits(folded))
    }
}

impl Shape {
    fn new(text: &str) -> Self {
        let (Some((first, rest)), Some((_, last))) = (text.split_once('*'), text.rsplit_once('*')) else {
            return Self::Whole(GlobSegment::new(text));
        };
        let middle = rest.strip_suffix(last).unwrap_or_default();
        let middle = middle.split('*').filter(|segment| !segment.is_empty()).map(GlobSegment::new).collect();
        Self::Starred(GlobSegment::new(first), middle, GlobSegment::new(last))
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Whole(segment) => segment.strip_from_start(text) == Some(""),
            Self::Starred(first, middle, last) => {
                let rest = first.strip_from_start(text).and_then(|rest| last.strip_from_end(rest));
                rest.and_then(|rest| middle.iter().try_fold(rest, |rest, segment| segment.skip_past(rest))).is_some()
            }
        }
    }
}

impl GlobSegment {
    fn new(text: &str) -> Self {
        Self { text: text.into(), has_any: text.contains('?') }
    }

    /// The rest of a text that begins with this segment.
    fn strip_from_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.has_any {
            return text.strip_prefix(&*self.text);
        }
        let mut characters = text.chars();
        let fits = self.text.chars().all(|wanted| characters.next().is_some_and(|found| alike(wanted, found)));
        fits.then_some(characters.as_str())
    }

    /// The beginning of a text that ends with this segment.
    fn strip_from_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.has_any {
            return text.strip_suffix(&*self.text);
        }
        let mut characters = text.chars();
        let mut wanted = self.text.chars().rev();
        let fits = wanted.all(|wanted| characters.next_back().is_some_and(|found| alike(wanted, found)));
        fits.then_some(characters.as_str())
    }

    /// The rest of a text after the first match of this segment.
    fn skip_past<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.has_any {
            return text.split_once(&*self.text).map(|(_, rest)| rest);
        }
        let mut characters = text.chars();
        loop {
            if let Some(rest) = self.strip_from_start(characters.as_str()) {
                return Some(rest);
            }
            characters.next()?;
        }
    }
}

fn alike(wanted: char, found: char) -> bool {
    wanted == '?' || wanted == found
}
