//! Observers of an evaluation: `explain`, coverage, the test runner. The silent observer costs nothing.

use crate::source::Span;
use crate::value::RuntimeValue;

/// How the attempt at a line of a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOutcome {
    /// Its condition was false.
    Skipped,
    /// It hit (for `always`: it ran).
    Hit,
    /// Its body declined.
    Declined,
}

/// Is called at each step of an evaluation. Every method does nothing by default.
pub trait Observer {
    /// Whether the observer needs the calls; a constant, so that calls of a silent one are compiled away.
    const LISTENS: bool;

    /// A mapping begins to read the payload.
    fn mapping(&mut self, _name: &str) {}

    /// An element of the payload is read, counted from 0.
    fn element(&mut self, _index: usize) {}

    /// The event of an element is routed.
    fn routed(&mut self, _index: usize) {}

    /// An arm of a `match` or of a table was chosen; `arm` is its place, `subjects` are the values.
    fn arm(&mut self, _arm: Span, _subjects: &[RuntimeValue<'_>]) {}

    /// A row of a CSV table was chosen, counted from 0; `None` if none fits.
    fn row(&mut self, _lookup: Span, _row: Option<usize>, _arguments: &[RuntimeValue<'_>]) {}

    /// A comparison or other leaf of a condition was tried. `subject` is the value on its left, `operand` the one on
    /// its right if it is an expression; `holds` is the result after negation.
    fn comparison(
        &mut self,
        _place: Span,
        _subject: &RuntimeValue<'_>,
        _operand: Option<&RuntimeValue<'_>>,
        _holds: bool,
    ) {
    }

    /// The time that the comparison which is reported next asks about, in the zone of its schedule.
    fn local_time(&mut self, _place: Span, _time: &dyn Fn() -> String) {}

    /// The comparison that is reported next could not hold because a value was missing or of the wrong type.
    fn mismatch(&mut self, _place: Span) {}

    /// A whole condition was decided: of `accept`, `drop`, or a route's line.
    fn condition(&mut self, _place: Span, _holds: bool) {}

    /// A field, let or label got its value.
    fn assigned(&mut self, _name: &str, _place: Span, _value: &RuntimeValue<'_>) {}

    /// A note was made.
    fn noted(&mut self, _note: &str) {}

    /// A line of a routing is tried. Lines nest: a block's lines come before the end of the line that holds it.
    fn enter(&mut self, _path: &str, _place: Span) {}

    /// The attempt ended.
    fn leave(&mut self, _path: &str, _end: LineOutcome) {}

    /// A family of channels has no member of that name.
    fn no_member(&mut self, _place: Span, _family: &str, _member: &RuntimeValue<'_>) {}

    /// A recovery goes where its firing went.
    fn followed(&mut self, _channels: &[&str]) {}
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SilentObserver;

impl Observer for SilentObserver {
    const LISTENS: bool = false;
}
