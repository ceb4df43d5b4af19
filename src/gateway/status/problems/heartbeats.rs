//! Senders that must be heard and are not.

use super::StatusProblem;
use super::StatusProblemLevel::Warning;
use crate::gateway::operations::SenderSummary;
use crate::notification::MAX_SENDERS;

/// How many senders a problem names.
const MAX_NAMED: usize = 3;

/// The absent senders of one heartbeat.
pub(super) fn absent(senders: &[SenderSummary]) -> Vec<StatusProblem> {
    let mut names: Vec<&str> = senders.iter().map(|sender| &*sender.heartbeat).collect();
    names.dedup();
    names.into_iter().map(|name| of_heartbeat(name, senders)).collect()
}

/// Heartbeats that know as many senders as one may.
pub(super) fn full(heartbeats: &[String]) -> impl Iterator<Item = StatusProblem> {
    heartbeats.iter().map(|name| {
        StatusProblem::new(Warning, "heartbeat", format!("heartbeat {name}")).says(
            format!("it knows {MAX_SENDERS} senders, as many as one may: further ones are not watched"),
            "name values in `by` that few senders tell apart, or forget senders that are gone: `pointsman heartbeats forget NAME VALUE`",
        )
    })
}

fn of_heartbeat(name: &str, senders: &[SenderSummary]) -> StatusProblem {
    let own: Vec<&SenderSummary> = senders.iter().filter(|sender| sender.heartbeat == name).collect();
    let first = own.iter().filter_map(|sender| sender.absent_since).min().map(|since| since.to_string());
    let values: Vec<String> = own.iter().map(|sender| sender.values()).filter(|values| !values.is_empty()).collect();
    let summary = if values.is_empty() {
        "nothing is heard of its sender".to_owned()
    } else {
        let more = values.len().saturating_sub(MAX_NAMED);
        let named = values.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join("; ");
        if more > 0 {
            format!("nothing is heard of {named} and {more} more")
        } else {
            format!("nothing is heard of {named}")
        }
    };
    StatusProblem::new(Warning, "heartbeat", format!("heartbeat {name}"))
        .since(first.as_ref())
        .says(summary, "look at the sender; one that is gone for good: `pointsman heartbeats forget NAME VALUE`")
}
