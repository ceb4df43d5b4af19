//! JSONPath (RFC 9535): parsed by jsonpath-rust, checked for well-typedness, lowered to segments of our own, and run
//! within a budget of work.

use crate::json::Value;

/// What a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// `$`: the payload.
    Payload,
    /// `@`: the element of `each`.
    Element,
}

/// A compiled path.
#[derive(Debug)]
pub struct Path {}

/// Why a text is no path, or none that a rule may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The offending bytes of the path's text.
    pub range: std::ops::Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// A way to mend it, where one is known.
    pub help: Option<String>,
}

/// The work that the paths of one payload may do.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Nodes that may still be visited.
    pub visits: usize,
    /// Nodes that may still be kept.
    pub kept: usize,
}

impl Default for Budget {
    /// 200,000 nodes visited and 10,000 kept for each payload.
    fn default() -> Self {
        Self { visits: 200_000, kept: 10_000 }
    }
}

/// The budget ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted;

impl Path {
    /// Reads a path that begins with `$` or `@`.
    ///
    /// # Errors
    /// Where the text is no well-typed RFC 9535 query, is longer than 1 KiB, or nests functions deeper than 3.
    pub fn parse(_text: &str) -> Result<Self, Invalid> {
        todo!()
    }

    /// What it starts from.
    #[must_use]
    pub fn root(&self) -> Root {
        todo!()
    }

    /// Whether names and indices are all it has.
    #[must_use]
    pub fn is_singular(&self) -> bool {
        todo!()
    }

    /// Whether its text is `$` or `@` alone.
    #[must_use]
    pub fn is_root(&self) -> bool {
        todo!()
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        todo!()
    }

    /// Why it could cost more than a payload should: several descendant segments, a product of wildcards, a filter that
    /// reads `$` by a path that is not singular, a regex taken from the document.
    #[must_use]
    pub fn costly(&self) -> Option<Invalid> {
        todo!()
    }

    /// The node of a singular path; nothing where the path is not singular.
    #[must_use]
    pub fn get<'v>(&self, _payload: &'v Value<'v>, _element: &'v Value<'v>) -> Option<&'v Value<'v>> {
        todo!()
    }

    /// All nodes, in the order of RFC 9535.
    ///
    /// # Errors
    /// Where the budget runs out.
    pub fn find<'v>(
        &self,
        _payload: &'v Value<'v>,
        _element: &'v Value<'v>,
        _budget: &mut Budget,
    ) -> Result<Vec<&'v Value<'v>>, Exhausted> {
        todo!()
    }
}
