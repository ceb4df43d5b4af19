//! The groups of a channel that made the most messages. However many groups there are, only so many are counted at a time: then
//! those with the fewest messages are forgotten.

use super::report::ReasonCounts;
use crate::notification::GroupId;
use crate::suite::timeline::DeliveredMessage;
use crate::text::shorten;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many groups of a channel are counted at a time.
const MAX_GROUPS: usize = 50_000;
/// How many characters of a title or of values are kept.
const MAX_LABEL: usize = 120;

/// The messages of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupTally {
    /// Its values, or the title of its alert.
    pub(super) label: String,
    pub(super) messages: u64,
    pub(super) reasons: ReasonCounts,
}

/// The messages of the groups of a channel.
#[derive(Debug, Default)]
pub(super) struct LoudestGroups {
    groups: BTreeMap<GroupId, GroupTally>,
}

impl LoudestGroups {
    /// Counts a message of one group. One of a storm counts for none.
    pub(super) fn note(&mut self, message: &DeliveredMessage) {
        let [group] = message.groups.as_slice() else { return };
        let tally =
            self.groups.entry(*group).or_insert_with(|| GroupTally { label: label(message), ..GroupTally::default() });
        tally.messages += 1;
        tally.reasons.note(message.reason);
        if self.groups.len() > MAX_GROUPS {
            self.forget();
        }
    }

    /// The loudest, the first first.
    pub(super) fn loudest(self, most: usize) -> Vec<GroupTally> {
        let mut groups: Vec<(GroupId, GroupTally)> = self.groups.into_iter().collect();
        groups.sort_by(|(one, first), (other, second)| {
            (Reverse(first.messages), &first.label, one).cmp(&(Reverse(second.messages), &second.label, other))
        });
        groups.into_iter().take(most).map(|(_, tally)| tally).collect()
    }

    fn forget(&mut self) {
        let fewest = self.groups.values().map(|tally| tally.messages).min().unwrap_or(0);
        self.groups.retain(|_, tally| tally.messages > fewest);
    }
}

/// `cluster a, node n7`, or the title of an alert that stands alone.
fn label(message: &DeliveredMessage) -> String {
    let values: Vec<String> = message.values.iter().map(|value| format!("{} {}", value.name, value.value)).collect();
    let text = if values.is_empty() { message.message.event.title.clone() } else { values.join(", ") };
    shorten(&text, MAX_LABEL)
}
