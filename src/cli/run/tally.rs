//! The count at the end of a run.

use crate::event::Outcome;
use crate::text::plural;
use std::fmt;

/// How many payloads there were, and how many outcomes of each kind.
#[derive(Debug, Default)]
pub(super) struct OutcomeTally {
    payloads: usize,
    outcomes: [usize; NAMES.len()],
}

/// The outcomes in the order in which they are counted.
const NAMES: [&str; 6] = ["sent", "event", "dropped", "empty", "unaccepted", "invalid"];

impl OutcomeTally {
    /// Counts a document, valid or not.
    pub(super) fn payload(&mut self) {
        self.payloads += 1;
    }

    /// Counts an outcome.
    pub(super) fn outcome(&mut self, outcome: &Outcome<'_>) {
        let position = NAMES.iter().position(|name| *name == outcome.name());
        if let Some(count) = position.and_then(|position| self.outcomes.get_mut(position)) {
            *count += 1;
        }
    }

    /// Adds other counts.
    pub(super) fn add(&mut self, other: &Self) {
        self.payloads += other.payloads;
        for (count, more) in self.outcomes.iter_mut().zip(other.outcomes) {
            *count += more;
        }
    }

    fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        NAMES.into_iter().zip(self.outcomes).filter(|(_, count)| *count > 0)
    }

    /// Whether everything could be read.
    pub(super) fn has_no_failures(&self) -> bool {
        !self.counts().any(|(name, _)| ["unaccepted", "invalid"].contains(&name))
    }
}

impl fmt::Display for OutcomeTally {
    /// `3 payloads: 5 sent, 1 dropped`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plural(self.payloads, "payload"))?;
        for (at, (name, count)) in self.counts().enumerate() {
            let end = if name == "event" && count != 1 { "s" } else { "" };
            write!(f, "{} {count} {name}{end}", if at == 0 { ":" } else { "," })?;
        }
        f.write_str("\n")
    }
}
