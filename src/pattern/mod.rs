//! Patterns for texts: regular expressions, globs and networks, each with limits.
//!
//! [`language`] has patterns as sets of texts, in which it searches for texts that some patterns match and others do not.
//!
//! Errors in a pattern are found when it is created; a test against a text cannot fail. Automata are built at the first
//! test, because a rule set may have very many patterns and a process may test few of them.

mod case;
mod fold;
mod glob;
pub mod language;
mod network;
mod position;
mod regex;
mod required;

pub use case::Case;
pub use fold::{fold, folds_to};
pub use glob::Glob;
pub use network::{Network, address};
pub use position::{MatchScope, PiecePosition};
pub use regex::{MAX_MEASURED, RegexPattern, RegexPatternSet, RegexPredicate};
pub use required::{RequiredPosition, RequiredText};

use std::ops::Range;

/// The longest pattern, in bytes.
pub const LONGEST: usize = 1024;

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// The bytes of the pattern's text that are wrong.
    pub range: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// How to fix it, if that is known.
    pub help: Option<String>,
}

impl PatternError {
    fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None }
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// Refuses a text that is longer than [`LONGEST`]. The range of the error is the text past the limit.
fn within_limit(text: &str, kind: &str) -> Result<(), PatternError> {
    if text.len() <= LONGEST {
        return Ok(());
    }
    let message = format!("the {kind} is {} bytes long; at most {LONGEST} are allowed", text.len());
    Err(PatternError::new(LONGEST..text.len(), message).help("split it into several conditions, or use a table"))
}
