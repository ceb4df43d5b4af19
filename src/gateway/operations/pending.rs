//! What waits for channels or is to be delivered to them, and what operators drop of it.

use super::OperationError;
use super::names::check_channel;
use super::silences::words;
use crate::event::Severity;
use crate::gateway::journal::{DeliveryStore as _, DropCounts, Journal, OperatorDrop, PendingCount};
use crate::gateway::metrics::{DropLabels, Metrics};
use crate::gateway::served_rules::ServedRules;
use crate::notification::{DropScope, SeveritySet};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The word for ends among severities.
const RESOLVED: &str = "Resolved";

/// What is pending of a severity in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSummary {
    /// The channel.
    pub channel: String,
    /// `Critical`, `Warning`, `Info`; `Resolved` for ends, which cannot be dropped.
    pub severity: String,
    /// Alerts with news that waits to be notified.
    pub waiting: u64,
    /// Alerts of which undelivered messages tell; a repetition counts as one.
    pub in_messages: u64,
    /// Queued events of a channel that gets every event.
    pub events: u64,
    /// Since when the oldest of them is pending.
    pub oldest: Timestamp,
}

impl PendingSummary {
    fn of(count: PendingCount) -> Self {
        let PendingCount { channel, severity, waiting, in_messages, events, oldest } = count;
        let severity = severity.map_or(RESOLVED, Severity::name).to_owned();
        Self { channel, severity, waiting, in_messages, events, oldest }
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.waiting.saturating_add(self.in_messages).saturating_add(self.events)
    }

    /// Whether an operator can drop it.
    #[must_use]
    pub fn can_be_dropped(&self) -> bool {
        self.severity != RESOLVED
    }
}

/// What is pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingListing {
    /// When that was so.
    pub at: Timestamp,
    /// By channel and severity, the worst first and ends last.
    pub items: Vec<PendingSummary>,
}

/// Of which channel and severities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingSelection {
    /// The channel; all of them if it is not given.
    pub channel: Option<String>,
    /// The severities; all of them, and ends, if none is given.
    pub severities: Vec<String>,
}

impl PendingSelection {
    /// The query string of it, `channel=chat&severity=Info`.
    #[must_use]
    pub fn query(&self) -> String {
        let channel = self.channel.iter().map(|channel| ("channel", channel));
        let severities = self.severities.iter().map(|severity| ("severity", severity));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(channel.chain(severities)).finish()
    }

    /// Reads what [`PendingSelection::query`] writes.
    ///
    /// # Errors
    /// A parameter that is not known, or a channel that is given twice.
    pub fn from_query(query: &str) -> Result<Self, OperationError> {
        let mut selection = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "channel" if selection.channel.is_none() => selection.channel = Some(value.into_owned()),
                "severity" => selection.severities.push(value.into_owned()),
                "channel" => return Err(OperationError::invalid("`channel` is given twice")),
                _ => {
                    let message = format!("unknown parameter `{name}`: expected channel or severity");
                    return Err(OperationError::invalid(message));
                }
            }
        }
        Ok(selection)
    }
}

/// What is to be dropped of what is pending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PendingDropRequest {
    /// The channel.
    pub channel: String,
    /// The severities; all of them if none is given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<String>,
    /// Only what was pending at that time: RFC 3339, as a listing says. Without it, what is pending now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Why.
    pub because: String,
    /// Who.
    pub by: String,
}

/// What was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingDropResult {
    /// The channel.
    pub channel: String,
    /// Critical alerts and events.
    pub critical: u64,
    /// Those that are Warning.
    pub warning: u64,
    /// Those that are Info.
    pub info: u64,
    /// Queued ends of what was not sent.
    pub ends: u64,
    /// Deliveries that were under way, and stay.
    pub under_way: u64,
    /// Who, when and why.
    #[serde(flatten)]
    pub dropped: OperatorDrop,
}

/// What is pending now.
///
/// # Errors
/// An unknown channel or severity; a journal that cannot be read.
pub fn pending(
    journal: &Journal,
    served: Option<&ServedRules>,
    selection: &PendingSelection,
    now: Timestamp,
) -> Result<PendingListing, OperationError> {
    if let Some(channel) = &selection.channel {
        check_channel(journal, served, channel)?;
    }
    let severities = severities(&selection.severities)?;
    let at = now.max(journal.steady_now());
    let counts = journal.read()?.pending_counts(selection.channel.as_deref())?;
    let is_meant = |count: &PendingCount| match count.severity {
        Some(severity) => severities.contains(severity),
        None => selection.severities.is_empty(),
    };
    Ok(PendingListing { at, items: counts.into_iter().filter(is_meant).map(PendingSummary::of).collect() })
}

/// Drops what is pending in a channel and fires. What is dropped is not delivered, and nobody hears of its end; what becomes worse
/// is news again. Ends of what was told stay.
///
/// # Errors
/// An unknown channel or severity, no reason; a change that is not durable.
pub fn drop_pending(
    journal: &Journal,
    served: Option<&ServedRules>,
    metrics: &Metrics,
    request: &PendingDropRequest,
    now: Timestamp,
) -> Result<PendingDropResult, OperationError> {
    check_channel(journal, served, &request.channel)?;
    let because = words("because", &request.because, "say why, for those who look for the message")?;
    let by = words("by", &request.by, "name who drops it")?;
    let until = request.at.as_deref().map(read_time).transpose()?;
    let until = until.unwrap_or_else(|| now.max(journal.steady_now()));
    let scope = DropScope { severities: severities(&request.severities)?, until };
    let dropped = OperatorDrop { at: now, by, because };
    let counts = journal.drop_pending(&request.channel, scope, dropped.clone())?;
    let DropCounts { ends, under_way, .. } = counts;
    let [critical, warning, info] = Severity::ALL.map(|severity| counts.of(severity));
    for severity in Severity::ALL {
        let labels = DropLabels { channel: request.channel.clone(), severity: severity.name().to_owned() };
        metrics.dropped.get_or_create(&labels).inc_by(counts.of(severity));
    }
    let OperatorDrop { by, because, .. } = &dropped;
    tracing::warn!(
        channel = request.channel,
        by,
        because,
        critical,
        warning,
        info,
        ends,
        under_way,
        "pending notifications dropped by an operator"
    );
    Ok(PendingDropResult { channel: request.channel.clone(), critical, warning, info, ends, under_way, dropped })
}

/// Severities by name; all of them where none is given.
fn severities(names: &[String]) -> Result<SeveritySet, OperationError> {
    if names.is_empty() {
        return Ok(SeveritySet::ALL);
    }
    let read = |name: &String| {
        let found = Severity::ALL.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let fix = if name.eq_ignore_ascii_case(RESOLVED) { "ends are not dropped: " } else { "" };
            OperationError::invalid(format!("`{name}` is no severity to drop: {fix}expected Critical, Warning or Info"))
        })
    };
    names.iter().map(read).collect()
}

fn read_time(text: &str) -> Result<Timestamp, OperationError> {
    Timestamp::read(text).ok_or_else(|| {
        let example = "expected something like 2026-03-07T02:00:00+08:00";
        OperationError::invalid(format!("`at` is not a time: `{text}`; {example}"))
    })
}
