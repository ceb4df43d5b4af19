//! What a reader has to know of the numbers: what was not played, and what a journal does not tell.

use super::RuleSetRehearsal;
use super::playing::PlayedPushes;
use crate::cli::listing::grouped;
use crate::cli::local_time::LocalTime;
use crate::gateway::operations::RecordCount;
use crate::time::DurationText;
use std::time::Duration;

/// What is never known.
const ALWAYS: &str = "outages, refused messages, ended pauses and drops of that time are not played: every channel takes \
                      its messages at once; tables are as they are now";

const DAY: Duration = Duration::from_hours(24);

/// The notes, each a sentence without a full stop.
pub(super) fn notes(played: &PlayedPushes, rehearsals: &[RuleSetRehearsal], time: &LocalTime) -> Vec<String> {
    let begin = time.clock(&played.since.to_string());
    let mut notes = Vec::new();
    if played.pushes == 0 {
        notes.push("the journal has no push of this time".to_owned());
        return notes;
    }
    if played.since > played.asked_since {
        notes.push(format!("the oldest push of the journal was received at {begin}: the rehearsal begins there"));
    }
    let covered = played.until.saturating_duration_since(played.since);
    if covered < DAY {
        let covered = DurationText(Duration::from_secs(covered.as_secs()));
        notes.push(format!("the rehearsal covers {covered}: the numbers are those of that time"));
    }
    let lone = rehearsals.iter().map(|one| one.report.events.lone_recoveries).max().unwrap_or(0);
    let lone = match lone {
        0 => String::new(),
        count => format!(", and its recovery is not told: {} had no firing", counted(count, "recovery", "recoveries")),
    };
    notes.push(format!("what fired before {begin} is new when it fires again{lone}"));
    notes.extend(played_actions(played));
    notes.extend(left_out(played));
    for RuleSetRehearsal { rules, report } in rehearsals {
        for refused in &report.refused {
            let pushes = counted(refused.pushes, "push", "pushes");
            notes.push(format!("{rules}: refuses {pushes} of `{}`: {}", refused.integration, refused.reason));
        }
    }
    notes.push(ALWAYS.to_owned());
    notes
}

/// What operators did and is played.
fn played_actions(played: &PlayedPushes) -> Option<String> {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let silences = (played.silences > 0).then(|| counted(count(played.silences), "silence", "silences"));
    let pauses = (played.pauses > 0).then(|| counted(count(played.pauses), "pause in force", "pauses in force"));
    let all: Vec<String> = silences.into_iter().chain(pauses).collect();
    (!all.is_empty()).then(|| format!("played as they were: {}", all.join(" and ")))
}

fn left_out(played: &PlayedPushes) -> Vec<String> {
    let mut notes = Vec::new();
    let RecordCount { count, is_complete } = played.quarantined;
    if count > 0 {
        let more = if is_complete { "" } else { "more than " };
        let bodies = counted(count, "refused body", "refused bodies");
        notes.push(format!("left out: {more}{bodies} of this time, see `pointsman quarantine list`"));
    }
    if played.replays > 0 {
        let replays = counted(played.replays, "replay", "replays");
        notes.push(format!("left out: {replays} of pushes that the journal has"));
    }
    if played.damaged > 0 {
        notes.push(format!("left out: {}", counted(played.damaged, "damaged push", "damaged pushes")));
    }
    notes
}

/// `1 push`, `1,204 pushes`
fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(count)) }
}
