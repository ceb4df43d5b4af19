//! Finding the lines of a block that an event may hit, without trying them all.
//!
//! Each line is filed under the rarest thing that its condition requires: a text that a label or field must be, begin with
//! or hold, a bound of a number, a regex that is tried together with others, a condition that it shares with other
//! lines. What the index gives is a superset of the lines that hit. A [`LineGuard`] then says what else a line requires that
//! is known of the event already; whoever asks tries the condition of what is left, unless the guard says that nothing is.

mod guard;
mod number_index;
mod posting;
mod regex_index;
mod substring_index;
mod text_index;
mod text_pair_index;

pub use guard::{LineGuard, MOST_SHARED, SeverityStatusSet};
pub use number_index::{NumberBound, NumberIndex};
use posting::{Posting, Postings};
pub use regex_index::RegexIndex;
pub use substring_index::SubstringIndex;
pub use text_index::TextIndex;
pub use text_pair_index::TextPairIndex;

use super::{LabelId, NodeId};
use crate::model::EventField;

/// Lines that are filed under what a label or field is.
pub trait SourceIndex {
    /// The label or field; of two, the first.
    fn source(&self) -> TextSource;
}

/// The index of a block. Lists of lines are sorted, and what is filed under labels and fields is by [`SourceIndex::source`].
#[derive(Debug, Default)]
pub struct BlockIndex {
    /// Texts that a label or field must be.
    pub texts: Box<[TextIndex]>,
    /// Texts that two labels or fields must be, where one of them is too common.
    pub text_pairs: Box<[TextPairIndex]>,
    /// Texts that a label or field must begin with, or hold.
    pub substrings: Box<[SubstringIndex]>,
    /// Bounds of numbers.
    pub numbers: Box<[NumberIndex]>,
    /// Regexes that are tried together.
    pub regexes: Box<[RegexIndex]>,
    /// Conditions that several lines share, decided when they are first asked for.
    pub shared_conditions: Box<[NodeId]>,
    /// Shared conditions, by their numbers, under which lines are filed.
    pub condition_groups: Box<[(u8, Box<[u32]>)]>,
    /// Lines that are filed nowhere else, for each combination of severity and status.
    pub rest: [Box<[u32]>; SeverityStatusSet::COUNT],
    /// What each line requires that is quickly known.
    pub guards: Box<[LineGuard]>,
}

/// Where a text is found in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TextSource {
    /// A label.
    Label(LabelId),
    /// A field that holds text.
    Field(EventField),
}
