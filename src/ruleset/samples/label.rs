//! Labels that rules read, and that no event of the samples has.

use super::seen::Seen;
use crate::check::sample_code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::mention::{ExpressionOwner, ModelMentions};
use crate::ruleset::RuleSet;
use crate::source::Span;
use crate::text::plural;
use std::collections::{BTreeMap, BTreeSet};

/// One finding for each such label, at the first place that reads it. Labels of absences do not come from samples.
pub(super) fn findings(rules: &RuleSet, mentions: &ModelMentions<'_>, seen: &Seen<'_>) -> Vec<Diagnostic> {
    if seen.labels.is_empty() {
        return Vec::new();
    }
    let heartbeats = &rules.model.heartbeats;
    let own = heartbeats.iter().flat_map(|heartbeat| heartbeat.labels.iter().map(|(name, _)| &**name));
    let by = heartbeats.iter().flat_map(|heartbeat| heartbeat.by.iter().map(|value| &*value.name));
    let of_absences: BTreeSet<&str> = own.chain(by).collect();
    let mut places: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for (owner, name, span) in &mentions.labels {
        let is_read = !matches!(owner, ExpressionOwner::Mapping(_) | ExpressionOwner::Table(_));
        if is_read && !seen.labels.contains_key(*name) && !of_absences.contains(name) {
            places.entry(name).or_default().push(*span);
        }
    }
    places.iter().filter_map(|(name, spans)| finding(name, spans, seen)).collect()
}

fn finding(name: &str, spans: &[Span], seen: &Seen<'_>) -> Option<Diagnostic> {
    let (first, others) = spans.split_first()?;
    let message = format!("no event of the samples has the label `{name}`");
    let found = Diagnostic::new(&sample_code::ABSENT_LABEL, *first, message).label("is always missing");
    let found = match others.len() {
        0 => found,
        more => found.note(format!("it is read at {}", plural(more, "more place"))),
    };
    Some(match nearest(name, seen.labels.keys().map(|name| &**name)) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found,
    })
}
