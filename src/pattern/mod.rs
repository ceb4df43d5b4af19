//! Patterns for strings: regular expressions, globs and networks, each with its limits.
//!
//! A pattern is validated when it is made, so that matching cannot fail. Expensive parts are built at the first match, because
//! a rule set may hold very many patterns of which a process needs few.

mod case;
mod fold;
mod glob;
mod network;
mod position;
mod regex;
mod required;

pub use case::Case;
pub use fold::{fold, folds_to};
pub use glob::Glob;
pub use network::{Network, address};
pub use position::{MatchScope, PiecePosition};
pub use regex::{MOST_MEASURED, RegexPattern, RegexPatternSet, RegexPredicate};
pub use required::{RequiredPosition, RequiredText};

use std::ops::Range;

/// The longest pattern, in bytes.
pub const LONGEST: usize = 1024;

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// The offending bytes of the pattern's text.
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

/// Refuses a text that is longer than [`LONGEST`]. The error is at the text after the limit.
fn within_limit(text: &str, kind: &str) -> Result<(), PatternError> {
    if text.len() <= LONGEST {
        return Ok(());
    }
    let message = format!("the {kind} is {} bytes long; at most {LONGEST} are allowed", text.len());
    Err(PatternError::new(LONGEST..text.len(), message)
        .help("split it into several conditions, or use a table"))
}
