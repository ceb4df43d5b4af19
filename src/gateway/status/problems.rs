//! What needs a look: problems, derived from the rest of a status by one pure function, the worst first.
//!
//! Each problem says what is wrong and what to do. Times are not part of its texts, so that a reader shows them in a zone
//! of its own.

mod channels;
mod heartbeats;
mod rules;
mod senders;

use self::StatusProblemLevel::Failing;
use super::{ChannelSummary, FullDisk, GatewayStatus};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusProblemLevel {
    /// Alerts do not arrive, or changed rules are not in force.
    Failing,
    /// It works, but somebody should look.
    Warning,
}

/// Something that needs a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusProblem {
    /// How bad it is.
    pub level: StatusProblemLevel,
    /// Its kind, for programs: `stopping`, `disk`, `certificate`, `rules`, `blocked`, `failing`, `held`, `removed`, `dead`, `waiting`,
    /// `keys`, `refused`, `heartbeat`, `last_good`, `warning`, `versions`.
    pub kind: String,
    /// What has it: `channel page`, `integration shop`, `rules`.
    pub subject: String,
    /// Since when it lasts, if that is known.
    #[serde(default)]
    pub since: Option<String>,
    /// When it last happened, if it is something that happens again and again.
    #[serde(default)]
    pub latest: Option<String>,
    /// When the gateway tries again by itself.
    #[serde(default)]
    pub next: Option<String>,
    /// What is wrong.
    pub summary: String,
    /// What to do.
    pub fix: String,
}

impl StatusProblem {
    fn new(level: StatusProblemLevel, kind: &str, subject: impl Into<String>) -> Self {
        Self {
            level,
            kind: kind.to_owned(),
            subject: subject.into(),
            since: None,
            latest: None,
            next: None,
            summary: String::new(),
            fix: String::new(),
        }
    }

    fn since(mut self, since: Option<&String>) -> Self {
        self.since = since.cloned();
        self
    }

    fn latest(mut self, latest: Option<&String>) -> Self {
        self.latest = latest.cloned();
        self
    }

    fn next(mut self, next: Option<&String>) -> Self {
        self.next = next.cloned();
        self
    }

    fn says(mut self, summary: impl Into<String>, fix: impl Into<String>) -> Self {
        (self.summary, self.fix) = (summary.into(), fix.into());
        self
    }
}

/// The problems of a status at a moment, the worst first. What the status already says about problems is not read.
#[must_use]
pub fn problems(status: &GatewayStatus, now: Timestamp) -> Vec<StatusProblem> {
    let roots = status.rules.roots.join(" ");
    let mut found: Vec<StatusProblem> = stopping(status).into_iter().collect();
    found.extend(disk(status));
    found.extend(certificate(status));
    found.extend(rules::reload(&status.rules, &roots));
    // Where more waits, more people wait.
    let mut channels: Vec<&ChannelSummary> = status.channels.iter().collect();
    channels.sort_by_key(|channel| std::cmp::Reverse(channel.pending));
    found.extend(channels.iter().filter_map(|channel| channels::delivery(channel, &roots, now)));
    found.extend(channels.iter().filter_map(|channel| channels::dead_letters(channel)));
    let senders = status.rejected_senders.iter();
    found.extend(senders.filter_map(|sender| senders::wrong_key(sender, &status.integrations, now)));
    found.extend(status.integrations.iter().filter_map(|integration| senders::refusals(integration, now)));
    found.extend(heartbeats::absent(&status.absent_senders));
    found.extend(heartbeats::full(&status.full_heartbeats));
    found.extend(rules::warnings(&status.rules));
    found.sort_by_key(|problem| problem.level);
    found
}

fn stopping(status: &GatewayStatus) -> Option<StatusProblem> {
    let problem = StatusProblem::new(Failing, "stopping", "gateway").says(
        "it is shutting down and accepts no pushes; senders repeat them",
        "start it again with `pointsman serve`; waiting deliveries continue then",
    );
    (!status.accepting).then_some(problem)
}

fn disk(status: &GatewayStatus) -> Option<StatusProblem> {
    let FullDisk { reason, fix } = status.disk.as_ref()?;
    Some(StatusProblem::new(Failing, "disk", "gateway").says(format!("pushes are refused: {reason}"), fix))
}

fn certificate(status: &GatewayStatus) -> Option<StatusProblem> {
    let reason = status.certificate.as_ref()?;
    Some(StatusProblem::new(Failing, "certificate", "gateway").says(
        format!("the certificate on the disk is not served, the one before it stays: {reason}"),
        "fix the files; they are read again within 10 s",
    ))
}

/// `1 push was`, `2 pushes were`
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Whether a time is after another; also where there is no other.
fn is_newer(time: &str, other: Option<&String>) -> bool {
    match (Timestamp::read(time), other.and_then(|other| Timestamp::read(other))) {
        (Some(time), Some(other)) => time > other,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// How many seconds ago a time was.
fn age(time: Option<&String>, now: Timestamp) -> Option<i64> {
    let then = Timestamp::read(time?)?;
    Some((now.epoch_milliseconds() - then.epoch_milliseconds()).max(0) / 1_000)
}

/// A number of seconds in its largest unit: `12 s`, `4 min`.
#[must_use]
pub fn duration(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
