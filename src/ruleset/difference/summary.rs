//! The changes of all edits, by channel and by severity.

use super::LineEdit;
use crate::event::Severity;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a channel loses or gains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryChange {
    /// The channel.
    pub channel: Box<str>,
    /// `loses` or `gains`.
    pub verb: &'static str,
    /// The severities of the events.
    pub severities: Vec<&'static str>,
    /// The conditions of the events: one of them holds.
    pub when: Vec<String>,
}

/// What changes for the events of a severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeveritySummary {
    /// The severity.
    pub severity: &'static str,
    /// How many edited lines change where such events go.
    pub edits: usize,
    /// The channels that lose some.
    pub lost: Vec<Box<str>>,
    /// The channels that gain some.
    pub gained: Vec<Box<str>>,
}

/// A channel, and whether it loses or gains.
type ChannelVerb = (Box<str>, &'static str);

pub(super) fn channels(edits: &[LineEdit]) -> Vec<DeliveryChange> {
    let mut all: BTreeMap<ChannelVerb, (BTreeSet<&'static str>, Vec<String>)> = BTreeMap::new();
    for edit in edits {
        for change in &edit.changes {
            let lost = change.lost.iter().map(|channel| (channel.clone(), "loses"));
            let gained = change.gained.iter().map(|channel| (channel.clone(), "gains"));
            for key in lost.chain(gained) {
                let (severities, when) = all.entry(key).or_default();
                severities.extend(change.severities.iter().copied());
                for condition in &edit.when {
                    if !when.contains(condition) {
                        when.push(condition.clone());
                    }
                }
            }
        }
    }
    let summary = |((channel, verb), (severities, when)): (ChannelVerb, (BTreeSet<&'static str>, Vec<String>))| {
        let severities = worst_first().filter(|name| severities.contains(name)).collect();
        DeliveryChange { channel, verb, severities, when }
    };
    all.into_iter().map(summary).collect()
}

pub(super) fn severities(edits: &[LineEdit]) -> Vec<SeveritySummary> {
    let summary = |severity: &'static str| {
        let with = |edit: &&LineEdit| edit.changes.iter().any(|change| change.severities.contains(&severity));
        let changes = || edits.iter().flat_map(|edit| &edit.changes).filter(|each| each.severities.contains(&severity));
        let set = |channels: BTreeSet<&Box<str>>| channels.into_iter().cloned().collect();
        let edits = edits.iter().filter(with).count();
        (edits > 0).then(|| SeveritySummary {
            severity,
            edits,
            lost: set(changes().flat_map(|change| &change.lost).collect()),
            gained: set(changes().flat_map(|change| &change.gained).collect()),
        })
    };
    worst_first().filter_map(summary).collect()
}

fn worst_first() -> impl Iterator<Item = &'static str> {
    let mut all = Severity::ALL;
    all.sort_unstable();
    all.into_iter().rev().map(Severity::name)
}
