//! Where the condition of the events stands that an edit changes.

use super::rule_sets::Side;
use crate::source::Span;

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionPart {
    /// In which rule set it is written.
    pub side: Side,
    /// Where. Several are parts that do not all hold.
    pub spans: Vec<Span>,
    /// Of an arm of a match, what is matched; nothing of a condition.
    pub subjects: Vec<Span>,
    /// Whether it does not hold.
    pub is_negated: bool,
}
