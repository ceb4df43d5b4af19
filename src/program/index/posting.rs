//! Lists of lines in one piece of memory.

/// A part of some [`Postings`]; a single line is held here itself, because most texts have one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    start: u32,
    count: u32,
}

/// Lists of lines in one piece.
#[derive(Debug, Default)]
pub(super) struct Postings {
    lines: Vec<u32>,
}

impl Postings {
    /// Adds a list.
    pub(super) fn add(&mut self, lines: &[u32]) -> Posting {
        if let [line] = lines {
            return Posting { start: *line, count: 1 };
        }
        let start = offset(self.lines.len());
        self.lines.extend_from_slice(lines);
        Posting { start, count: offset(lines.len()) }
    }

    /// The lines of a list.
    pub(super) fn of<'l>(&'l self, posting: &'l Posting) -> &'l [u32] {
        if posting.count == 1 {
            return std::slice::from_ref(&posting.start);
        }
        let start = posting.start as usize;
        self.lines.get(start..start + posting.count as usize).unwrap_or_default()
    }

    /// Frees memory that was reserved and not used.
    #[must_use]
    pub(super) fn shrunk(mut self) -> Self {
        self.lines.shrink_to_fit();
        self
    }
}

fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
