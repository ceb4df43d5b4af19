//! Globs over a whole string.
//!
//! A glob is split at its stars into runs. The first run must begin the text and the last must end it. Each run between them
//! is taken at the first place where it matches, which never prevents a later match. So nothing is tried twice: a run of
//! plain characters is found in linear time, and a run with `?` costs at most its own length for each place.

use super::required::{self, RequiredText};
use super::{Case, PatternError, within_limit};

/// A glob over a whole string: `*` is any run of characters, `?` is one, everything else is itself.
#[derive(Debug, Clone)]
pub struct Glob {
    text: Box<str>,
    case: Case,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    /// No star: the whole text.
    Whole(GlobSegment),
    /// The run that begins the text, the runs that follow in order, and the run that ends it.
    Starred(GlobSegment, Box<[GlobSegment]>, GlobSegment),
}

/// A part between two stars.
#[derive(Debug, Clone)]
struct GlobSegment {
    text: Box<str>,
    has_any: bool,
}

impl Glob {
    /// Reads a glob.
    ///
    /// # Errors
    /// If it is longer than 1 KiB.
    pub fn new(text: &str, case: Case) -> Result<Self, PatternError> {
        within_limit(text, "glob")?;
        Ok(Self { text: text.into(), case, shape: Shape::new(&case.fold(text)) })
    }

    /// The glob as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What a text must be or hold to match, the strictest condition first. The texts are folded if letter case is ignored.
    #[must_use]
    pub fn required(&self) -> Vec<RequiredText> {
        let runs: Vec<&str> = match &self.shape {
            Shape::Whole(run) => vec![&run.text],
            Shape::Starred(first, middle, last) => {
                [first].into_iter().chain(middle).chain([last]).map(|run| &*run.text).collect()
            }
        };
        required::of_glob(&runs)
    }

    /// Whether it matches the whole text.
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
        let middle = middle.split('*').filter(|run| !run.is_empty()).map(GlobSegment::new).collect();
        Self::Starred(GlobSegment::new(first), middle, GlobSegment::new(last))
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Whole(run) => run.strip_from_start(text) == Some(""),
            Self::Starred(first, middle, last) => {
                let rest = first.strip_from_start(text).and_then(|rest| last.strip_from_end(rest));
                rest.and_then(|rest| middle.iter().try_fold(rest, |rest, run| run.skip_past(rest))).is_some()
            }
        }
    }
}

impl GlobSegment {
    fn new(text: &str) -> Self {
        Self { text: text.into(), has_any: text.contains('?') }
    }

    /// The rest of the text after this run, which must begin it.
    fn strip_from_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.has_any {
            return text.strip_prefix(&*self.text);
        }
        let mut characters = text.chars();
        let fits =
            self.text.chars().all(|wanted| characters.next().is_some_and(|found| alike(wanted, found)));
        fits.then_some(characters.as_str())
    }

    /// The rest of the text before this run, which must end it.
    fn strip_from_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.has_any {
            return text.strip_suffix(&*self.text);
        }
        let mut characters = text.chars();
        let mut wanted = self.text.chars().rev();
        let fits = wanted.all(|wanted| characters.next_back().is_some_and(|found| alike(wanted, found)));
        fits.then_some(characters.as_str())
    }

    /// The rest of the text after the first place where this run matches.
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
