//! When mutes began and ceased to hold alerts, for those who count it.

use crate::notification::AlertId;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A change of what mutes hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldChange {
    /// When.
    pub at: Timestamp,
    /// The channel.
    pub channel: String,
    /// The mutes that held the alert when its hold began.
    pub mutes: BTreeSet<String>,
    /// What happened.
    pub kind: HoldChangeKind,
}

/// What happened to a held alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldChangeKind {
    /// Its hold began.
    Begun,
    /// The hold ended, and the alert fires still.
    Outlasted,
    /// The alert was over while it was held.
    Over,
}

/// The alerts that are held, and the changes since they were last taken.
#[derive(Debug, Default)]
pub(super) struct HoldLog {
    held: BTreeMap<AlertId, BTreeMap<String, BTreeSet<String>>>,
    changes: Vec<HoldChange>,
}

impl HoldLog {
    /// Whether an alert is noted as held in a channel.
    pub(super) fn is_held(&self, alert: AlertId, channel: &str) -> bool {
        self.held.get(&alert).is_some_and(|channels| channels.contains_key(channel))
    }

    /// A hold begins.
    pub(super) fn begin(&mut self, at: Timestamp, alert: AlertId, channel: &str, mutes: BTreeSet<String>) {
        self.held.entry(alert).or_default().insert(channel.to_owned(), mutes.clone());
        self.changes.push(HoldChange { at, channel: channel.to_owned(), mutes, kind: HoldChangeKind::Begun });
    }

    /// A hold ends, and the alert fires still.
    pub(super) fn release(&mut self, at: Timestamp, alert: AlertId, channel: &str) {
        let Some(channels) = self.held.get_mut(&alert) else { return };
        let Some(mutes) = channels.remove(channel) else { return };
        if channels.is_empty() {
            self.held.remove(&alert);
        }
        self.changes.push(HoldChange { at, channel: channel.to_owned(), mutes, kind: HoldChangeKind::Outlasted });
    }

    /// An alert is over.
    pub(super) fn end(&mut self, at: Timestamp, alert: AlertId) {
        let held = self.held.remove(&alert).unwrap_or_default();
        let over = |(channel, mutes)| HoldChange { at, channel, mutes, kind: HoldChangeKind::Over };
        self.changes.extend(held.into_iter().map(over));
    }

    /// The changes since they were last taken, in order.
    pub(super) fn take(&mut self) -> Vec<HoldChange> {
        std::mem::take(&mut self.changes)
    }
}
