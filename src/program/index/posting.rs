//! Lists of lines, side by side.

/// A run of the lines of some [`Postings`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    start: u32,
    end: u32,
}

/// Lists of lines in one piece.
#[derive(Debug, Default)]
pub(super) struct Postings {
    lines: Vec<u32>,
}

impl Postings {
    /// Adds a list.
    pub(super) fn add(&mut self, lines: &[u32]) -> Posting {
        let start = offset(self.lines.len());
        self.lines.extend_from_slice(lines);
        Posting { start, end: offset(self.lines.len()) }
    }

    /// The lines of a list.
    #[must_use]
    pub(super) fn of(&self, posting: Posting) -> &[u32] {
        self.lines.get(posting.start as usize..posting.end as usize).unwrap_or_default()
    }

    /// Gives back what was reserved and not used.
    #[must_use]
    pub(super) fn shrunk(mut self) -> Self {
        self.lines.shrink_to_fit();
        self
    }
}

fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
