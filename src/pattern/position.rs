//! The part of a text in which a pattern or a piece of text must be found.

/// The part of a text that a regex must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchScope {
    /// The whole text: `matches`.
    Whole,
    /// Some part of the text: `finds`.
    Anywhere,
}

impl MatchScope {
    /// The operator, as rules write it.
    #[must_use]
    pub fn operator(self) -> &'static str {
        match self {
            Self::Whole => "matches",
            Self::Anywhere => "finds",
        }
    }
}

/// The position in a text at which a piece of text must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PiecePosition {
    /// `starts with`
    Start,
    /// `ends with`
    End,
    /// `contains`
    Anywhere,
}

impl PiecePosition {
    /// The operator, as rules write it.
    #[must_use]
    pub fn operator(self) -> &'static str {
        match self {
            Self::Start => "starts with",
            Self::End => "ends with",
            Self::Anywhere => "contains",
        }
    }

    /// Whether a text has the piece at this position.
    #[must_use]
    pub fn fits(self, text: &str, piece: &str) -> bool {
        match self {
            Self::Start => text.starts_with(piece),
            Self::End => text.ends_with(piece),
            Self::Anywhere => text.contains(piece),
        }
    }
}
