//! Finding the lines of a block that an event may hit, without trying them all.
//!
//! Each line is indexed under the rarest thing that its condition requires: a text that a label or field must be, begin
//! with or contain, a bound of a number, a regex that is tried together with others, or a condition that it shares with
//! other lines. The index gives a superset of the lines that hit. A [`LineGuard`] then tests requirements that are
//! already known. The condition of a remaining line is evaluated, unless the guard says that nothing else is required.

mod guard;
mod number_index;
mod posting;
mod regex_index;
mod substring_index;
mod text_index;
mod text_pair_index;

pub use guard::{LineGuard, MAX_SHARED, SeverityStatusSet};
pub use number_index::{NumberBound, NumberIndex};
use posting::{Posting, Postings};
pub use regex_index::RegexIndex;
pub use substring_index::SubstringIndex;
pub use text_index::TextIndex;
pub use text_pair_index::{CasedTextSource, TextPairIndex};

use super::{LabelId, NodeId};
use crate::model::EventField;

/// An index of lines by a label or field.
pub trait SourceIndex {
    /// The label or field; of two, the first.
    fn source(&self) -> TextSource;
}

/// The index of a block. Lists of lines are sorted, and indexes of labels and fields are sorted by
/// [`SourceIndex::source`].
#[derive(Debug, Default)]
pub struct BlockIndex {
    /// Texts that a label or field must be.
    pub texts: Box<[TextIndex]>,
    /// Texts that two labels or fields must be, where one of them is too common.
    pub text_pairs: Box<[TextPairIndex]>,
    /// Texts that a label or field must begin with, or contain.
    pub substrings: Box<[SubstringIndex]>,
    /// Bounds of numbers.
    pub numbers: Box<[NumberIndex]>,
    /// Regexes that are tried together.
    pub regexes: Box<[RegexIndex]>,
    /// Conditions that several lines share, decided at their first use.
    pub shared_conditions: Box<[NodeId]>,
    /// Lines that are indexed under shared conditions, by the numbers of these.
    pub condition_groups: Box<[(u8, Box<[u32]>)]>,
    /// Lines that no other index has, for each combination of severity and status.
    pub rest: [Box<[u32]>; SeverityStatusSet::COUNT],
    /// The guard of each line.
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
