//! Sets of strings as automata, and searches for a text that is in some sets and not in others.
//!
//! A [`StringSet`] has the texts that one test of the rules accepts, exactly as the evaluator decides it: a regex, a glob, a
//! piece of text, literals, networks, a number of characters, and each of these behind `lower`, `upper`, `trim` or
//! `ignore case`. [`search()`] finds a shortest text, with plain characters if there is such a text, or shows that there is
//! none, or reaches a limit. [`conflict()`] finds a small number of sets that exclude each other.
//!
//! The automata read characters, not bytes. The characters are divided into classes that all sets of a search treat alike, so
//! a search tries one character of each class. Automata become deterministic only as far as a search needs. A step sees the
//! characters on both sides, so anchors and word boundaries are exact.
//!
//! Limits are counted and never timed, and the order of a search does not depend on hashes, so a result is the same on every
//! machine.

mod addresses;
mod alphabet;
mod automaton;
mod casing;
mod conflict;
mod explorer;
mod limits;
mod look;
mod nfa;
mod nfa_builder;
mod readable;
mod search;
mod states;
mod walker;
mod words;

#[cfg(test)]
mod tests;

pub use conflict::conflict;
pub use limits::{LONGEST_COUNTED, SearchCharacters, SearchLimit, SearchLimits, StepCounter};
pub use readable::is_plain;
pub use search::{Conflict, SearchResult, search};

use super::regex::parse_with_flags;
use super::{Case, MatchScope, Network, PiecePosition, RegexPattern, fold};
use automaton::{Automaton, ChangedTexts, LengthRange};
use casing::CharacterMap;
use ipnet::IpNet;
use nfa::{Nfa, NfaScope};
use nfa_builder::{NfaBuilder, NodeResult};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use walker::Walker;
use words::WordTree;

/// A set of texts. Copies share one automaton, which is built at the first search.
///
/// Sets are equal, ordered and hashed by what they were made of, so answers can be kept by sets. Equal sets have the same
/// texts; sets with the same texts need not be equal.
#[derive(Debug, Clone)]
pub struct StringSet(Arc<SetData>);

#[derive(Debug)]
struct SetData {
    source: SetSource,
    automaton: OnceLock<Result<Automaton, SearchLimit>>,
}

/// What a set was made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum SetSource {
    /// A regex with its flags in its text.
    Regex { text: Box<str>, scope: MatchScope },
    /// Texts without repetitions, in ascending order.
    Words(Box<[Box<str>]>),
    /// Any of some globs.
    Globs(Box<[Box<str>]>),
    /// A text that has a piece.
    Piece { position: PiecePosition, text: Box<str> },
    /// An address of some networks.
    Networks(Box<[IpNet]>),
    /// A number of characters.
    Length { min: u32, max: Option<u32> },
    /// The texts that are in a set once a function changed them.
    Preimage(TextFunction, StringSet),
}

/// A function that changes a text before it is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextFunction {
    /// `lower`: `str::to_lowercase`, where the small form of a capital sigma depends on the text around it.
    Lower,
    /// `upper`: `str::to_uppercase`
    Upper,
    /// `trim`: `str::trim`
    Trim,
    /// `ignore case`: [`fold`]
    Fold,
}

impl StringSet {
    /// The texts that a regex matches as a whole, or in which it finds a match.
    #[must_use]
    pub fn regex(regex: &RegexPattern, scope: MatchScope) -> Self {
        Self::new(SetSource::Regex { text: regex.with_flags(MatchScope::Anywhere).into(), scope })
    }

    /// The texts that equal one of some literals: `==` and `in`.
    #[must_use]
    pub fn literals<'l>(literals: impl IntoIterator<Item = &'l str>, case: Case) -> Self {
        let words = sorted(literals.into_iter().map(|literal| case.fold(literal)));
        Self::new(SetSource::Words(words)).with_case(case)
    }

    /// The texts that one of some globs matches: `like`.
    #[must_use]
    pub fn globs<'g>(globs: impl IntoIterator<Item = &'g str>, case: Case) -> Self {
        let texts = sorted(globs.into_iter().map(|glob| case.fold(glob)));
        Self::new(SetSource::Globs(texts)).with_case(case)
    }

    /// The texts that have a piece at a position: `starts with`, `ends with` and `contains`.
    #[must_use]
    pub fn piece(position: PiecePosition, text: &str, case: Case) -> Self {
        Self::new(SetSource::Piece { position, text: (*case.fold(text)).into() }).with_case(case)
    }

    /// The texts that are an address of one of some networks: `in cidr`. An IPv4 address may have a port, an IPv6 address in
    /// brackets too.
    #[must_use]
    pub fn networks(networks: &[Network]) -> Self {
        let mut networks: Vec<IpNet> = networks.iter().map(Network::net).collect();
        networks.sort_unstable();
        networks.dedup();
        Self::new(SetSource::Networks(networks.into()))
    }

    /// The texts with at least `min` and at most `max` characters, as `len` counts them. None if a number is above
    /// [`LONGEST_COUNTED`].
    #[must_use]
    pub fn length(min: u32, max: Option<u32>) -> Option<Self> {
        let is_counted = min <= LONGEST_COUNTED && max.is_none_or(|max| max <= LONGEST_COUNTED);
        is_counted.then(|| Self::new(SetSource::Length { min, max }))
    }

    /// The texts that are in this set once a function changed them.
    #[must_use]
    pub fn after(&self, function: TextFunction) -> Self {
        Self::new(SetSource::Preimage(function, self.clone()))
    }

    /// The texts of the set in ascending order, if it was made of literals and its case counts.
    #[must_use]
    pub fn words(&self) -> Option<&[Box<str>]> {
        if let SetSource::Words(words) = &self.0.source { Some(words) } else { None }
    }

    /// Whether a text is in the set.
    ///
    /// # Errors
    /// If the pattern is too large, or the test needs more steps than `limits` allow.
    pub fn holds(&self, text: &str, limits: &SearchLimits) -> Result<bool, SearchLimit> {
        if let Some(words) = self.words() {
            return Ok(words.binary_search_by(|word| (**word).cmp(text)).is_ok());
        }
        let mut walker = Walker::new(self.automaton()?)?;
        let holds = walker.holds(text, limits.steps);
        limits.counter.add(walker.work());
        holds
    }

    fn new(source: SetSource) -> Self {
        Self(Arc::new(SetData { source, automaton: OnceLock::new() }))
    }

    /// The texts that are in this set once their case is as comparisons see it.
    fn with_case(self, case: Case) -> Self {
        if case.is_ignored() { self.after(TextFunction::Fold) } else { self }
    }

    /// The literals whose case is ignored, folded.
    fn folded_words(&self) -> Option<&[Box<str>]> {
        if let SetSource::Preimage(TextFunction::Fold, inner) = &self.0.source { inner.words() } else { None }
    }

    fn automaton(&self) -> Result<&Automaton, SearchLimit> {
        self.0.automaton.get_or_init(|| self.0.source.automaton()).as_ref().map_err(|limit| *limit)
    }
}

impl PartialEq for StringSet {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.source == other.0.source
    }
}

impl Eq for StringSet {}

impl PartialOrd for StringSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for StringSet {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.source.cmp(&other.0.source) }
    }
}

impl Hash for StringSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.source.hash(state);
    }
}

impl SetSource {
    fn automaton(&self) -> Result<Automaton, SearchLimit> {
        Ok(match self {
            Self::Regex { text, scope } => Automaton::Nfa(regex(text, *scope)?),
            Self::Words(words) => Automaton::Words(WordTree::new(words.iter().map(AsRef::as_ref))),
            Self::Globs(globs) => Automaton::Nfa(any_glob(globs)?),
            Self::Piece { position, text } => Automaton::Nfa(piece(*position, text)?),
            Self::Networks(networks) => Automaton::Nfa(addresses::automaton(networks)?),
            Self::Length { min, max } => Automaton::Length(LengthRange::new(*min, *max)),
            Self::Preimage(function, inner) => Automaton::Changed(function.preimage(inner.clone())?),
        })
    }
}

impl TextFunction {
    /// A text after the function.
    #[must_use]
    pub fn apply(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Trim => text.trim().to_owned(),
            Self::Fold => fold(text).into_owned(),
        }
    }

    fn preimage(self, inner: StringSet) -> Result<ChangedTexts, SearchLimit> {
        match self {
            Self::Lower => ChangedTexts::lower(inner),
            Self::Upper => ChangedTexts::of_characters(inner, CharacterMap::Upper),
            Self::Trim => ChangedTexts::trim(inner),
            Self::Fold => ChangedTexts::of_characters(inner, CharacterMap::Fold),
        }
    }
}

/// Texts in ascending order, each once.
fn sorted<'t>(texts: impl Iterator<Item = Cow<'t, str>>) -> Box<[Box<str>]> {
    let mut texts: Vec<Box<str>> = texts.map(|text| (*text).into()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts.into()
}

fn regex(text: &str, scope: MatchScope) -> Result<Nfa, SearchLimit> {
    let hir = parse_with_flags(text).ok_or(SearchLimit::PatternSize)?;
    let mut builder = NfaBuilder::default();
    let accept = builder.accept()?;
    let start = builder.hir(&hir, accept)?;
    Ok(builder.finish(
        start,
        match scope {
            MatchScope::Whole => NfaScope::WHOLE,
            MatchScope::Anywhere => NfaScope::ANYWHERE,
        },
    ))
}

fn any_glob(globs: &[Box<str>]) -> Result<Nfa, SearchLimit> {
    let mut builder = NfaBuilder::default();
    let accept = builder.accept()?;
    let starts: Result<Vec<u32>, SearchLimit> = globs.iter().map(|text| glob(&mut builder, text, accept)).collect();
    let start = builder.split(starts?)?;
    Ok(builder.finish(start, NfaScope::WHOLE))
}

fn glob(builder: &mut NfaBuilder, text: &str, next: u32) -> NodeResult {
    text.chars().rev().try_fold(next, |next, character| match character {
        '*' => builder.any_of(vec![alphabet::CharacterRange::ALL], next),
        '?' => builder.any(next),
        other => builder.text(other.encode_utf8(&mut [0; 4]), next),
    })
}

fn piece(position: PiecePosition, text: &str) -> Result<Nfa, SearchLimit> {
    let mut builder = NfaBuilder::default();
    let accept = builder.accept()?;
    let start = builder.text(text, accept)?;
    let scope = match position {
        PiecePosition::Start => NfaScope { from_start: true, to_end: false },
        PiecePosition::End => NfaScope { from_start: false, to_end: true },
        PiecePosition::Anywhere => NfaScope::ANYWHERE,
    };
    Ok(builder.finish(start, scope))
}
