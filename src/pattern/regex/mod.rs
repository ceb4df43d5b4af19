//! Regular expressions of the `regex` crate. They have no look-around and no back-references, so matching takes linear
//! time.
//!
//! A pattern is parsed when it is created, which finds its errors, and compiled at the first test. Only a pattern that may
//! be too large is compiled when it is created, so that it can be refused.

mod dead;
mod error;
mod sample;
mod set;
mod size;

pub use set::{RegexPatternSet, RegexPredicate};

use super::required::{RegexRequirements, RequiredText};
use super::{Case, MatchScope, PatternError, within_limit};
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::hir::Hir;
use regex_syntax::hir::translate::TranslatorBuilder;
use std::sync::OnceLock;

/// The largest size of a compiled pattern, in bytes.
const LARGEST: usize = 256 * 1024;
/// The largest cache of one pattern's automaton, in bytes.
const LARGEST_CACHE: usize = 1024 * 1024;
/// How many patterns of a rule set may be compiled to measure their size. Each takes milliseconds.
pub const MAX_MEASURED: usize = 200;
/// The deepest nesting of groups.
const DEEPEST: u32 = 50;

/// A regular expression, compiled at its first test.
#[derive(Debug)]
pub struct RegexPattern {
    pattern: Box<str>,
    flags: Flags,
    groups: Box<[Box<str>]>,
    requirements: RegexRequirements,
    /// The pattern between `\A(?:` and `)\z`.
    whole: Box<str>,
    anchored: OnceLock<Option<regex::Regex>>,
    unanchored: OnceLock<Option<regex::Regex>>,
}

/// The flags, written as letters after the closing slash.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the syntax of regexes")]
struct Flags {
    ignore_case: bool,
    multi_line: bool,
    dot_matches_newline: bool,
    verbose: bool,
    swap_greed: bool,
}

impl RegexPattern {
    /// Parses a pattern; `flags` are any of `i m s x U u`.
    ///
    /// In the range of an error, the closing slash counts as one byte: the first flag is at the pattern's length plus one.
    ///
    /// # Errors
    /// If the pattern or a flag is invalid, or the pattern is longer than 1 KiB, nests deeper than 50, or compiles to
    /// more than 256 KiB.
    pub fn new(pattern: &str, flags: &str, case: Case) -> Result<Self, PatternError> {
        Self::new_measured(pattern, flags, case, &mut { MAX_MEASURED })
    }

    /// [`RegexPattern::new`] for one pattern of a rule set. `measured` is the number of patterns that may still be compiled
    /// to measure their size; it begins at [`MAX_MEASURED`].
    ///
    /// # Errors
    /// As [`RegexPattern::new`], and if the pattern must be measured and `measured` is zero.
    pub fn new_measured(pattern: &str, flags: &str, case: Case, measured: &mut usize) -> Result<Self, PatternError> {
        within_limit(pattern, "regex")?;
        let mut flags = Flags::read(flags, pattern.len() + 1)?;
        flags.ignore_case |= case.is_ignored();
        let mut parser = ParserBuilder::new().nest_limit(DEEPEST).ignore_whitespace(flags.verbose).build();
        let parsed = parser.parse_with_comments(pattern).map_err(|error| error::of_syntax(&error))?;
        let hir = flags.translator().build().translate(pattern, &parsed.ast);
        let hir = hir.map_err(|error| error::of_meaning(&error))?;

        // A comment at the end of the pattern would include the closing parenthesis.
        let open_comment = parsed.comments.last().is_some_and(|last| last.span.end.offset == pattern.len());
        let whole = format!(r"\A(?:{pattern}{})\z", if open_comment { "\n" } else { "" });
        let regex = Self {
            pattern: pattern.into(),
            flags,
            groups: names(&hir),
            requirements: RegexRequirements::of(&hir),
            whole: whole.into(),
            anchored: OnceLock::new(),
            unanchored: OnceLock::new(),
        };
        if size::estimate(&hir) > LARGEST {
            *measured = measured.checked_sub(1).ok_or_else(|| error::of_many(pattern))?;
            if regex.flags.compile(pattern, LARGEST).is_none() {
                return Err(error::of_size(pattern));
            }
        }
        Ok(regex)
    }

    /// The pattern as written, without slashes.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The pattern with its flags: patterns with equal ones match the same texts.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("/{}/{}", self.pattern, self.flags.letters())
    }

    /// Whether the pattern matches the whole text, or somewhere in it.
    #[must_use]
    pub fn fits(&self, scope: MatchScope, text: &str) -> bool {
        match scope {
            MatchScope::Whole => self.matches(text),
            MatchScope::Anywhere => self.finds(text),
        }
    }

    /// Whether the pattern matches the whole text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if let Some(fits) = self.requirements.decide(text) {
            return fits;
        }
        let compiled = self.anchored.get_or_init(|| self.flags.compile(&self.whole, 2 * LARGEST));
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// Whether the pattern matches somewhere in the text.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        self.anywhere().is_some_and(|regex| regex.is_match(text))
    }

    /// The text of a named group in the first match.
    #[must_use]
    pub fn capture<'t>(&self, text: &'t str, group: &str) -> Option<&'t str> {
        Some(self.anywhere()?.captures(text)?.name(group)?.as_str())
    }

    /// The names of the groups.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        self.groups.iter().map(AsRef::as_ref).collect()
    }

    /// The parsed form, for analysis of the texts that the pattern matches.
    #[must_use]
    pub fn hir(&self) -> Option<Hir> {
        let mut parser = ParserBuilder::new().nest_limit(DEEPEST).ignore_whitespace(self.flags.verbose).build();
        let ast = parser.parse(&self.pattern).ok()?;
        self.flags.translator().build().translate(&self.pattern, &ast).ok()
    }

    /// Whether some part can never match, because text follows `$` or precedes `^`.
    #[must_use]
    pub fn has_dead_part(&self) -> bool {
        self.hir().is_some_and(|hir| dead::has_dead_part(&hir))
    }

    /// Necessary conditions for a match of the whole text, or somewhere in it; the strictest first.
    #[must_use]
    pub fn required(&self, scope: MatchScope) -> Vec<RequiredText> {
        self.requirements.all(scope)
    }

    /// The pattern with its flags in its text, for a match of the whole text or somewhere in it.
    pub(super) fn with_flags(&self, scope: MatchScope) -> String {
        let pattern = match scope {
            MatchScope::Whole => &self.whole,
            MatchScope::Anywhere => &self.pattern,
        };
        match self.flags.letters().as_str() {
            "" => pattern.to_string(),
            letters => format!("(?{letters}){pattern}"),
        }
    }

    fn anywhere(&self) -> Option<&regex::Regex> {
        self.unanchored.get_or_init(|| self.flags.compile(&self.pattern, 2 * LARGEST)).as_ref()
    }
}

/// The parsed form of a pattern with its flags in its text, as [`RegexPattern::with_flags`] writes it.
pub(super) fn parse_with_flags(text: &str) -> Option<Hir> {
    regex_syntax::ParserBuilder::new().nest_limit(DEEPEST + 1).build().parse(text).ok()
}

impl Flags {
    fn read(text: &str, start: usize) -> Result<Self, PatternError> {
        let mut flags = Self::default();
        for (at, letter) in text.char_indices() {
            match letter {
                'i' => flags.ignore_case = true,
                'm' => flags.multi_line = true,
                's' => flags.dot_matches_newline = true,
                'x' => flags.verbose = true,
                'U' => flags.swap_greed = true,
                // Unicode is always on.
                'u' => {}
                _ => return Err(error::of_flag(letter, start + at)),
            }
            if text.get(..at).is_some_and(|before| before.contains(letter)) {
                return Err(error::of_repeated_flag(letter, start + at));
            }
        }
        Ok(flags)
    }

    /// The letters of the flags that are set.
    fn letters(self) -> String {
        let all = [
            ('i', self.ignore_case),
            ('m', self.multi_line),
            ('s', self.dot_matches_newline),
            ('x', self.verbose),
            ('U', self.swap_greed),
        ];
        all.into_iter().filter(|(_, is_set)| *is_set).map(|(letter, _)| letter).collect()
    }

    fn translator(self) -> TranslatorBuilder {
        let mut builder = TranslatorBuilder::new();
        builder
            .case_insensitive(self.ignore_case)
            .multi_line(self.multi_line)
            .dot_matches_new_line(self.dot_matches_newline)
            .swap_greed(self.swap_greed);
        builder
    }

    fn compile(self, pattern: &str, limit: usize) -> Option<regex::Regex> {
        regex::RegexBuilder::new(pattern)
            .case_insensitive(self.ignore_case)
            .multi_line(self.multi_line)
            .dot_matches_new_line(self.dot_matches_newline)
            .ignore_whitespace(self.verbose)
            .swap_greed(self.swap_greed)
            .size_limit(limit)
            .dfa_size_limit(LARGEST_CACHE)
            .nest_limit(DEEPEST + 1)
            .build()
            .ok()
    }
}

/// The names of all groups, in the order of their opening parentheses.
fn names(hir: &Hir) -> Box<[Box<str>]> {
    let mut found = Vec::new();
    collect_names(hir, &mut found);
    found.into()
}

fn collect_names(hir: &Hir, found: &mut Vec<Box<str>>) {
    if let regex_syntax::hir::HirKind::Capture(capture) = hir.kind() {
        found.extend(capture.name.clone());
    }
    for part in hir.kind().subs() {
        collect_names(part, found);
    }
}
