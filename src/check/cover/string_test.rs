//! Tests on strings whose strings cannot be listed: which literals and other tests they are known to contain.

use crate::model::{Expression, Literal, TextTest};
use crate::pattern::{self, Case, Glob, MatchScope, Network, PiecePosition, RegexPattern};
use std::collections::HashMap;
use std::sync::Arc;

/// How many comparisons of a test with a literal or another test one column may cost. Past it, a test contains nothing
/// but itself.
const MAX_COMPARISONS: usize = 1_000_000;

/// A test on strings.
#[derive(Debug, Clone)]
pub(super) enum StringTest {
    /// At least one glob fits; `starts with`, `ends with` and `contains` are globs where their text has no wildcard.
    Globs(Vec<Glob>),
    /// A piece of text with a wildcard character in it, which stands for itself.
    Piece(PiecePosition, Box<str>),
    /// A regex.
    Regex(MatchScope, Arc<RegexPattern>),
    /// An address in a network.
    Cidr(Box<[Network]>),
}

impl StringTest {
    /// A test, if its text is written out. Globs without a wildcard are left out: they are literals.
    pub(super) fn new(test: &TextTest, case: Case) -> Option<Self> {
        match test {
            TextTest::Like(globs) => {
                let wild = globs.iter().filter(|glob| glob.text().contains(['*', '?']));
                let globs: Vec<Glob> = wild.filter_map(|wild| glob(wild.text(), case)).collect();
                (!globs.is_empty()).then_some(Self::Globs(globs))
            }
            TextTest::Piece(position, value) => Self::piece(*position, value, case),
            TextTest::Regex(scope, regex) => Some(Self::Regex(*scope, Arc::clone(regex))),
            TextTest::Cidr(networks) => Some(Self::Cidr(networks.clone())),
        }
    }

    fn piece(position: PiecePosition, value: &Expression, case: Case) -> Option<Self> {
        let Some(Literal::Text(text)) = value.literal() else { return None };
        let text = case.fold(text);
        if text.contains(['*', '?']) {
            return Some(Self::Piece(position, text.into()));
        }
        let as_glob = match position {
            PiecePosition::Start => format!("{text}*"),
            PiecePosition::End => format!("*{text}"),
            PiecePosition::Anywhere => format!("*{text}*"),
        };
        glob(&as_glob, Case::Sensitive).map(|glob| Self::Globs(vec![glob]))
    }

    /// Whether every string passes.
    pub(super) fn is_total(&self) -> bool {
        match self {
            Self::Globs(globs) => globs.iter().any(|glob| glob.text().bytes().all(|byte| byte == b'*')),
            Self::Regex(MatchScope::Anywhere, regex) => matches!(regex.pattern(), "" | ".*"),
            Self::Regex(MatchScope::Whole, _) | Self::Piece(..) | Self::Cidr(_) => false,
        }
    }

    /// Equal keys mean equal tests.
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
            Self::Regex(scope, regex) => match regex.hir() {
                Some(parsed) => format!("{scope:?} {parsed:?}"),
                None => format!("{scope:?} {:p}", Arc::as_ptr(regex)),
            },
            Self::Cidr(networks) => format!("cidr {networks:?}"),
        }
    }

    fn passes(&self, text: &str) -> bool {
        match self {
            Self::Globs(globs) => globs.iter().any(|glob| glob.fits(text)),
            Self::Piece(position, piece) => position.fits(text, piece),
            Self::Regex(scope, regex) => regex.fits(*scope, text),
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
            (Self::Piece(position, outer), Self::Piece(other, inner))
                if position == other || *position == PiecePosition::Anywhere =>
            {
                position.fits(inner, outer)
            }
            (Self::Regex(MatchScope::Anywhere, outer), Self::Regex(MatchScope::Whole, inner)) => {
                outer.pattern() == inner.pattern() && outer.hir() == inner.hir()
            }
            (Self::Globs(_) | Self::Piece(..) | Self::Regex(..) | Self::Cidr(_), _) => false,
        }
    }
}

/// A glob; under `ignore case` its letters are folded, as the literals of its column are.
fn glob(text: &str, case: Case) -> Option<Glob> {
    Glob::new(&case.fold(text), Case::Sensitive).ok()
}

/// A glob contains another if it fits the other's text as written: its `*` then fits whatever the other's wildcards
/// fit. A `?` would fit a `*`, which can stand for more than one character, so such pairs are not compared.
fn glob_holds(outer: &Glob, inner: &Glob) -> bool {
    let comparable = !outer.text().contains('?') || !inner.text().contains('*');
    comparable && outer.fits(inner.text())
}

/// What a test contains: literals and tests of its column, by number.
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
    /// Adds a test, unless an equal one is there.
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

    /// Computes what each test contains, unless that is too much work.
    pub(super) fn compute_containments(&mut self, texts: &[String]) {
        let cheap = self.all.len().saturating_mul(self.all.len() + texts.len()) <= MAX_COMPARISONS;
        let held = |(at, test): (u32, &StringTest)| Containment {
            texts: if cheap { numbers(texts, |text| test.passes(text)) } else { Vec::new() },
            tests: if cheap {
                let same_or_held = |(other_at, other): (u32, &StringTest)| other_at == at || test.holds(other);
                (0..).zip(&self.all).filter(|pair| same_or_held(*pair)).map(|(at, _)| at).collect()
            } else {
                vec![at]
            },
        };
        self.containments = (0..).zip(&self.all).map(held).collect();
    }

    /// What a test of this column contains.
    pub(super) fn containment(&self, test: &StringTest) -> Option<&Containment> {
        self.by_key.get(&test.key()).and_then(|at| self.containments.get(*at))
    }
}

fn numbers(texts: &[String], passes: impl Fn(&str) -> bool) -> Vec<u32> {
    (0..).zip(texts).filter(|(_, text)| passes(text)).map(|(at, _)| at).collect()
}
