//! Who watches an evaluation: `explain`, coverage, the test runner. A silent observer costs nothing.

use crate::source::Span;
use crate::value::Value;

/// How the attempt at a line of a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// Its condition was false.
    Skipped,
    /// It hit (for `always`: it ran).
    Hit,
    /// Its body declined.
    Declined,
}

/// Hears what an evaluation does. Every method has a silent default.
pub trait Observer {
    /// Whether anybody listens; a constant, so that a silent evaluation compiles to nothing.
    const LISTENS: bool;

    /// An arm of a `match` or a row of a table was chosen; `arm` is its place, `subjects` what it was chosen for.
    fn arm(&mut self, _arm: Span, _subjects: &[Value<'_>]) {}

    /// A comparison or other leaf of a condition was tried. `subject` is the value on its left; `holds` the result after
    /// negation.
    fn comparison(&mut self, _place: Span, _subject: &Value<'_>, _holds: bool) {}

    /// A comparison was false because its operand was missing or of the wrong type, not because of its value.
    fn mismatch(&mut self, _place: Span) {}

    /// A field, let or label got its value.
    fn assigned(&mut self, _name: &str, _place: Span, _value: &Value<'_>) {}

    /// A line of a routing is tried. Lines nest: a block's lines come before the end of the line that holds it.
    fn enter(&mut self, _path: &str, _place: Span) {}

    /// The attempt ended.
    fn leave(&mut self, _path: &str, _end: LineEnd) {}
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    const LISTENS: bool = false;
}
