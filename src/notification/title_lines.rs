//! The alerts of a message by title, as its description lists them: the worst and newest first, equal titles on one line.

use crate::event::Severity;
use crate::text::plural;
use crate::time::Timestamp;
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many titles are listed.
const MAX_LINES: usize = 10;

/// The order of alerts in lists: what fires first, then the worst, then the newest, then in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AlertRank {
    pub(super) is_over: bool,
    pub(super) severity: Reverse<Severity>,
    pub(super) at: Reverse<Timestamp>,
    pub(super) number: usize,
}

/// The titles of a message, with how many alerts have each. Of titles that are not listed only digests are kept.
#[derive(Debug, Default)]
pub(super) struct TitleLines {
    counts: BTreeMap<TitleDigest, usize>,
    /// The first of the alerts with each title, as far as they are listed.
    listed: BTreeMap<AlertRank, (TitleDigest, String)>,
}

/// The lines, and of how many alerts they tell.
pub(super) struct TitleList {
    pub(super) lines: Vec<String>,
    pub(super) counted: usize,
}

/// The first half of SHA-256 over a title and the word before it.
type TitleDigest = [u8; 16];

impl TitleLines {
    /// Adds an alert.
    pub(super) fn add(&mut self, rank: AlertRank, title: &str) {
        let digest = digest(rank, title);
        *self.counts.entry(digest).or_default() += 1;
        let known = self.listed.iter().find(|(_, (known, _))| *known == digest).map(|(rank, _)| *rank);
        let is_full = self.listed.len() >= MAX_LINES;
        let is_first = match known {
            Some(known) => rank < known,
            None => !is_full || self.listed.last_key_value().is_some_and(|(last, _)| rank < *last),
        };
        if !is_first {
            return;
        }
        if let Some(known) = known {
            self.listed.remove(&known);
        } else if is_full {
            self.listed.pop_last();
        }
        self.listed.insert(rank, (digest, title.to_owned()));
    }

    /// `- Warning: disk full (37 alerts)`
    pub(super) fn list(&self) -> TitleList {
        let mut list = TitleList { lines: Vec::with_capacity(self.listed.len()), counted: 0 };
        for (rank, (digest, title)) in &self.listed {
            let count = self.counts.get(digest).copied().unwrap_or(1);
            list.counted += count;
            let alerts = match count {
                0 | 1 => String::new(),
                count => format!(" ({})", plural(count, "alert")),
            };
            list.lines.push(format!("- {}: {title}{alerts}", word(*rank)));
        }
        list
    }
}

fn word(rank: AlertRank) -> &'static str {
    if rank.is_over { "resolved" } else { rank.severity.0.name() }
}

fn digest(rank: AlertRank, title: &str) -> TitleDigest {
    let mut hash = Sha256::new_with_prefix(word(rank));
    hash.update([0]);
    hash.update(title);
    let mut half = [0; 16];
    half.iter_mut().zip(hash.finalize()).for_each(|(byte, from)| *byte = from);
    half
}
