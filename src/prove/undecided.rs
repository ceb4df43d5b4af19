//! Why a question is not decided.

use super::effort::ProofEffort;
use crate::pattern::language::SearchLimit;
use std::fmt;

/// Why it is not known whether an event exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UndecidedReason {
    /// A search for a text reached a limit.
    Search(SearchLimit),
    /// A number and a pattern are tested on the same text.
    NumberAndPattern,
    /// Two values that must differ have few texts.
    FewTexts,
    /// Only an event of more labels could meet its conditions.
    ManyLabels(u64),
    /// Schedules have too many moments together.
    Moments,
    /// The conditions have too many combinations.
    Conflicts(usize),
    /// Too many lines take events of the line, one after the other.
    Rounds(usize),
    /// An event was found, and the evaluator does not send it there: a value is made by a function that is not followed.
    NotFollowed,
    /// A payload was found, and it does not meet the part.
    Unmet,
    /// The routing is called in too many ways.
    CallPaths(usize),
    /// Events enter a routing that only one of two rule sets has.
    OtherRoutings,
    /// What chooses the elements of two mappings is not the same.
    OtherElements,
    /// Two mappings may refuse the same payload for different reasons.
    OtherReasons,
    /// All questions together used up what they may use.
    Effort(ProofEffort),
}

impl fmt::Display for UndecidedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Search(SearchLimit::States(limit)) => {
                write!(f, "its patterns need more than {limit} states together; test them in separate routes")
            }
            Self::Search(SearchLimit::Steps(limit)) => {
                write!(f, "its patterns need more than {limit} steps together; test them in separate routes")
            }
            Self::Search(SearchLimit::Characters(limit)) => {
                write!(f, "only a text of more than {limit} characters could match its patterns")
            }
            Self::Search(SearchLimit::Words(limit)) => {
                write!(f, "more than {limit} texts would have to be tried; split the list")
            }
            Self::Search(SearchLimit::PatternSize) => {
                f.write_str("one of its patterns is too large; write a shorter one")
            }
            Self::NumberAndPattern => {
                f.write_str("a number and a pattern are tested on the same text; test the number alone")
            }
            Self::FewTexts => f.write_str("two values must differ that may have few texts"),
            Self::ManyLabels(limit) => write!(f, "only an event of more than {limit} labels could meet its conditions"),
            Self::Moments => f.write_str("its schedules have too many boundaries together; use fewer in one condition"),
            Self::Conflicts(limit) => {
                write!(f, "its conditions have more than {limit} conflicts; split them into separate routes")
            }
            Self::Rounds(limit) => write!(f, "more than {limit} lines take its events one after the other"),
            Self::NotFollowed => f.write_str("a value in its conditions is made by a function that is not followed"),
            Self::Unmet => f.write_str("no payload was found that meets all that leads to it"),
            Self::CallPaths(limit) => write!(f, "its routing is called in more than {limit} ways"),
            Self::OtherRoutings => f.write_str("events enter a routing that only one of the rule sets has"),
            Self::OtherElements => f.write_str("`each` changed, so elements cannot be paired"),
            Self::OtherReasons => f.write_str("a payload may be refused for another reason"),
            Self::Effort(effort) => write!(
                f,
                "the rule set needs more than {} steps in all; `--effort {}` allows twice as many",
                effort.steps(),
                effort.twice()
            ),
        }
    }
}
