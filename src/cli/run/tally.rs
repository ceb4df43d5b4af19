//! The count at the end of a run.

use crate::event::Outcome;
use crate::text::plural;
use std::fmt;

/// How many payloads there were, and how many outcomes of each kind.
#[derive(Debug, Default)]
pub(super) struct OutcomeTally {
    payloads: usize,
    outcomes: [(&'static str, usize); NAMES.len()],
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
        let name = outcome.name();
        for (known, slot) in NAMES.into_iter().zip(&mut self.outcomes) {
            if known == name {
                *slot = (known, slot.1 + 1);
            }
        }
    }

    /// Adds other counts.
    pub(super) fn add(&mut self, other: &Self) {
        self.payloads += other.payloads;
        for (slot, (name, count)) in self.outcomes.iter_mut().zip(other.outcomes) {
            if count > 0 {
                *slot = (name, slot.1 + count);
            }
        }
    }

    /// Whether everything could be read.
    pub(super) fn has_no_failures(&self) -> bool {
        !self.outcomes.iter().any(|(name, count)| *count > 0 && ["unaccepted", "invalid"].contains(name))
    }
}

impl fmt::Display for OutcomeTally {
    /// `3 payloads: 5 sent, 1 dropped`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plural(self.payloads, "payload"))?;
        let counted = self.outcomes.iter().filter(|(_, count)| *count > 0);
        for (at, (name, count)) in counted.enumerate() {
            write!(f, "{} {count} {name}", if at == 0 { ":" } else { "," })?;
        }
        f.write_str("\n")
    }
}
