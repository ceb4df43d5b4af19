//! Tests on strings whose strings cannot be listed: what they are known to hold.

use crate::model::{Comparator, Expression, Literal};
use crate::pattern::{self, Glob, Network, RegexPattern};
use std::collections::HashMap;
use std::sync::Arc;

/// Comparisons of a test with a literal or another test that one column may cost; past it, tests hold nothing but
/// themselves.
const MOST_COMPARISONS: usize = 1_000_000;

/// A test on strings.
#[derive(Debug, Clone)]
pub(super) enum StringTest {
    /// At least one glob fits; `starts with`, `ends with` and `contains` are globs where their text has no wildcard.
    Globs(Vec<Glob>),
    /// A piece of text with a wildcard character in it, which stands for itself.
    Piece(PiecePosition, Box<str>),
    /// A regex, over the whole string or anywhere in it.
    Regex(bool, Arc<RegexPattern>),
    /// An address in a network.
    Cidr(Box<[Network]>),
}

/// Where a piece of text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PiecePosition {
    /// `starts with`
    Start,
    /// `ends with`
    End,
    /// `contains`
    Anywhere,
}

impl StringTest {
    /// The test of a comparator, if it is one on strings whose text is written out. Globs without a wildcard are left
    /// out: they are literals.
    pub(super) fn new(test: &Comparator, ignore_case: bool) -> Option<Self> {
        match test {
            Comparator::Like(globs) => {
                let wild = globs.iter().filter(|glob| glob.text().contains(['*', '?']));
                let globs: Vec<Glob> = wild.filter_map(|wild| glob(wild.text(), ignore_case)).collect();
                (!globs.is_empty()).then_some(Self::Globs(globs))
            }
            Comparator::StartsWith(value) => Self::piece(PiecePosition::Start, value, ignore_case),
            Comparator::EndsWith(value) => Self::piece(PiecePosition::End, value, ignore_case),
            Comparator::Contains(value) => Self::piece(PiecePosition::Anywhere, value, ignore_case),
            Comparator::Matches(regex) => Some(Self::Regex(true, Arc::clone(regex))),
            Comparator::Finds(regex) => Some(Self::Regex(false, Arc::clone(regex))),
            Comparator::Cidr(networks) => Some(Self::Cidr(networks.clone())),
            Comparator::Equal(_)
            | Comparator::Less(_)
            | Comparator::LessOrEqual(_)
            | Comparator::Greater(_)
            | Comparator::GreaterOrEqual(_)
            | Comparator::In(_)
            | Comparator::Is(_)
            | Comparator::During(_) => None,
        }
    }

    fn piece(position: PiecePosition, value: &Expression, ignore_case: bool) -> Option<Self> {
        let Some(Literal::Text(text)) = value.literal() else { return None };
        let text = if ignore_case { pattern::fold(text) } else { text.as_ref().into() };
        if text.contains(['*', '?']) {
            return Some(Self::Piece(position, text.into()));
        }
        let as_glob = match position {
            PiecePosition::Start => format!("{text}*"),
            PiecePosition::End => format!("*{text}"),
            PiecePosition::Anywhere => format!("*{text}*"),
        };
        glob(&as_glob, false).map(|glob| Self::Globs(vec![glob]))
    }

    /// Whether every string passes.
    pub(super) fn is_total(&self) -> bool {
        match self {
            Self::Globs(globs) => globs.iter().any(|glob| glob.text().bytes().all(|byte| byte == b'*')),
            Self::Regex(whole, regex) => !whole && matches!(regex.pattern(), "" | ".*"),
            Self::Piece(..) | Self::Cidr(_) => false,
        }
    }

    /// What tells the test from others; equal keys mean equal tests.
    fn key(&self) -> String {
        match self {
            Self::Globs(globs) => {
                let mut texts: Vec<&str> = globs.iter().map(Glob::text).collect();
                texts.sort_unstable();
                texts.dedup();
                format!("like {texts:?}")
            }
            Self::Piece(position, text) => format!("piece {position:?} {text}"),
            // The parsed form holds the flags as well.
            Self::Regex(whole, regex) => match regex.hir() {
                Some(parsed) => format!("regex {whole} {parsed:?}"),
                None => format!("regex {whole} {:p}", Arc::as_ptr(regex)),
            },
            Self::Cidr(networks) => format!("cidr {networks:?}"),
        }
    }

    fn passes(&self, text: &str) -> bool {
        match self {
            Self::Globs(globs) => globs.iter().any(|glob| glob.fits(text)),
            Self::Piece(PiecePosition::Start, piece) => text.starts_with(&**piece),
            Self::Piece(PiecePosition::End, piece) => text.ends_with(&**piece),
            Self::Piece(PiecePosition::Anywhere, piece) => text.contains(&**piece),
            Self::Regex(true, regex) => regex.matches(text),
            Self::Regex(false, regex) => regex.finds(text),
            Self::Cidr(networks) => {
                let address = pattern::address(text);
                address.is_some_and(|address| networks.iter().any(|network| network.holds(address)))
            }
        }
    }

    /// Whether every string of `other` is known to pass. Different regexes are never compared, nor a regex with a glob.
    fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Globs(outer), Self::Globs(inner)) => {
                inner.iter().all(|inner| outer.iter().any(|outer| glob_holds(outer, inner)))
            }
            (Self::Cidr(outer), Self::Cidr(inner)) => {
                inner.iter().all(|inner| outer.iter().any(|outer| outer.covers(inner)))
            }
            (Self::Piece(PiecePosition::Start, outer), Self::Piece(PiecePosition::Start, inner)) => {
                inner.starts_with(&**outer)
            }
            (Self::Piece(PiecePosition::End, outer), Self::Piece(PiecePosition::End, inner)) => {
                inner.ends_with(&**outer)
            }
            (Self::Piece(PiecePosition::Anywhere, outer), Self::Piece(_, inner)) => inner.contains(&**outer),
            (Self::Regex(false, outer), Self::Regex(true, inner)) => {
                outer.pattern() == inner.pattern() && outer.hir() == inner.hir()
            }
            (Self::Globs(_) | Self::Piece(..) | Self::Regex(..) | Self::Cidr(_), _) => false,
        }
    }
}

/// A glob; under `ignore case` its letters are folded, as the literals of its column are.
fn glob(text: &str, ignore_case: bool) -> Option<Glob> {
    if ignore_case { Glob::new(&pattern::fold(text), false).ok() } else { Glob::new(text, false).ok() }
}

/// A glob holds another if it fits the other's text as it is written, for `*` then eats whatever stood for the other's
/// wildcards. A `?` might eat a `*`, which can be longer than one character, so such pairs are left alone.
fn glob_holds(outer: &Glob, inner: &Glob) -> bool {
    let comparable = !outer.text().contains('?') || !inner.text().contains('*');
    comparable && outer.fits(inner.text())
}

/// What a test holds: literals and tests of its column, by number.
#[derive(Debug, Default)]
pub(super) struct Containment {
    /// Numbers of literals.
    pub(super) texts: Vec<u32>,
    /// Numbers of tests, its own among them.
    pub(super) tests: Vec<u32>,
}

/// The different tests of a column.
#[derive(Debug, Default)]
pub(super) struct StringTests {
    all: Vec<StringTest>,
    by_key: HashMap<String, usize>,
    containments: Vec<Containment>,
}

impl StringTests {
    /// Takes in a test, unless an equal one is there.
    pub(super) fn add(&mut self, test: StringTest) {
        let next = self.all.len();
        if *self.by_key.entry(test.key()).or_insert(next) == next {
            self.all.push(test);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Finds out what each test holds, as long as that is cheap.
    pub(super) fn compute_containments(&mut self, texts: &[String]) {
        let cheap = self.all.len().saturating_mul(self.all.len() + texts.len()) <= MOST_COMPARISONS;
        let held = |(at, test): (u32, &StringTest)| Containment {
            texts: if cheap { numbers(texts, |text| test.passes(text)) } else { Vec::new() },
            tests: if cheap {
                let same_or_held =
                    |(other_at, other): (u32, &StringTest)| other_at == at || test.holds(other);
                (0..).zip(&self.all).filter(|pair| same_or_held(*pair)).map(|(at, _)| at).collect()
            } else {
                vec![at]
            },
        };
        self.containments = (0..).zip(&self.all).map(held).collect();
    }

    /// What a test of this column holds.
    pub(super) fn containment(&self, test: &StringTest) -> Option<&Containment> {
        self.by_key.get(&test.key()).and_then(|at| self.containments.get(*at))
    }
}

fn numbers(texts: &[String], passes: impl Fn(&str) -> bool) -> Vec<u32> {
    (0..).zip(texts).filter(|(_, text)| passes(text)).map(|(at, _)| at).collect()
}
