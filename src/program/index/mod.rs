//! Finding the lines of a block that an event may hit, without trying them all.
//!
//! Each line is filed under the rarest thing that its condition requires: a text that a label or field must be, begin with
//! or hold, a bound of a number, a regex that is tried together with others, a condition that it shares with other
//! lines. What the index gives is a superset of the lines that hit. A [`Guard`] then says what else a line requires that
//! is known of the event already; whoever asks tries the condition of what is left, unless the guard says that nothing is.

mod automaton;
mod bound;
mod guard;
mod pair;
mod pattern;
mod posting;
mod whole;

pub use automaton::Automaton;
pub use bound::{Bound, Bounds};
pub use guard::{Combinations, Guard, MOST_SHARED};
pub use pair::Pairs;
pub use pattern::Patterns;
use posting::{Posting, Postings};
pub use whole::Wholes;

use super::{LabelId, NodeId};
use crate::check::model::Field;

/// Lines that are filed under what a label or field is.
pub trait Filed {
    /// The label or field; of two, the first.
    fn source(&self) -> Source;
}

/// The index of a block. Lists of lines are sorted, and what is filed under labels and fields is by [`Filed::source`].
#[derive(Debug, Default)]
pub struct BlockIndex {
    /// Texts that a label or field must be.
    pub wholes: Box<[Wholes]>,
    /// Texts that two labels or fields must be, where one of them is too common.
    pub pairs: Box<[Pairs]>,
    /// Texts that a label or field must begin with, or hold.
    pub automata: Box<[Automaton]>,
    /// Bounds of numbers.
    pub bounds: Box<[Bounds]>,
    /// Regexes that are tried together.
    pub patterns: Box<[Patterns]>,
    /// Conditions that several lines share, decided when they are first asked for.
    pub shared: Box<[NodeId]>,
    /// Shared conditions, by their numbers, under which lines are filed.
    pub groups: Box<[(u8, Box<[u32]>)]>,
    /// Lines that are filed nowhere else, for each combination of severity and status.
    pub rest: [Box<[u32]>; Combinations::COUNT],
    /// What each line requires that is quickly known.
    pub guards: Box<[Guard]>,
}

/// Where a text is found in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A label.
    Label(LabelId),
    /// A field that holds text.
    Field(Field),
}
