//! What a string may be tested against: regular expressions, globs and networks, each with its limits.

use std::net::IpAddr;
use std::ops::Range;

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The offending bytes of the pattern's text.
    pub range: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// A way to mend it, where one is known.
    pub help: Option<String>,
}

/// A compiled regular expression with its text.
#[derive(Debug)]
pub struct Regex {}

impl Regex {
    /// Compiles a pattern; `flags` are any of `i m s x U u`.
    ///
    /// # Errors
    /// Where the pattern or a flag is bad, the pattern is longer than 1 KiB, nests deeper than 50, or compiles to more
    /// than 256 KiB.
    pub fn new(_pattern: &str, _flags: &str, _ignore_case: bool) -> Result<Self, Invalid> {
        todo!()
    }

    /// The pattern as written, without slashes.
    #[must_use]
    pub fn pattern(&self) -> &str {
        todo!()
    }

    /// Whether it fits the whole text.
    #[must_use]
    pub fn matches(&self, _text: &str) -> bool {
        todo!()
    }

    /// Whether it fits somewhere in the text.
    #[must_use]
    pub fn finds(&self, _text: &str) -> bool {
        todo!()
    }

    /// The text of a named group of the first fit.
    #[must_use]
    pub fn capture<'t>(&self, _text: &'t str, _group: &str) -> Option<&'t str> {
        todo!()
    }

    /// The names of its groups.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        todo!()
    }
}

/// A glob over a whole string: `*` is any run of characters, `?` is one, everything else is itself.
#[derive(Debug, Clone)]
pub struct Glob {}

impl Glob {
    /// Reads a glob.
    ///
    /// # Errors
    /// Where it is longer than 1 KiB.
    pub fn new(_text: &str, _ignore_case: bool) -> Result<Self, Invalid> {
        todo!()
    }

    /// The glob as written.
    #[must_use]
    pub fn text(&self) -> &str {
        todo!()
    }

    /// Whether it fits the whole text.
    #[must_use]
    pub fn fits(&self, _text: &str) -> bool {
        todo!()
    }
}

/// A network, `10.0.0.0/8` or `2001:db8::/32`; an address alone is a network of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {}

impl Network {
    /// Reads a network.
    ///
    /// # Errors
    /// Where it is none, or host bits are set (the help names the network that is meant).
    pub fn new(_text: &str) -> Result<Self, Invalid> {
        todo!()
    }

    /// Whether it holds the address.
    #[must_use]
    pub fn holds(&self, _address: IpAddr) -> bool {
        todo!()
    }
}

/// Reads `10.0.0.7`, `10.0.0.7:9100`, `[2001:db8::1]:9100`, `2001:db8::1`.
#[must_use]
pub fn address(_text: &str) -> Option<IpAddr> {
    todo!()
}

/// Unicode lower-casing, as `ignore case` compares.
#[must_use]
pub fn fold(_text: &str) -> std::borrow::Cow<'_, str> {
    todo!()
}
