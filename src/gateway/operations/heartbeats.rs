//! The senders of heartbeats: which are heard, and which are absent.

use super::{AffectedCount, ListingPage, OperationError};
use crate::gateway::journal::{DeliveryStore as _, Journal, SenderStatus};
use crate::gateway::served_rules::ServedRules;
use crate::notification::{HeartbeatTerms, Sender};
use crate::text::shorten;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A sender of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderSummary {
    /// The heartbeat.
    pub heartbeat: String,
    /// The values of `by` that tell the sender, in their order.
    #[serde(default)]
    pub by: Vec<SenderValue>,
    /// When it was heard last; of a heartbeat without `by` that was never heard, when it began.
    pub heard: Timestamp,
    /// When it was heard last before its absence, while it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_since: Option<Timestamp>,
    /// After how many seconds without a beat it is absent; nothing where no rules are in force, or they no longer have the
    /// heartbeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

/// A value that tells a sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderValue {
    /// The name of the label, the field or the define.
    pub name: String,
    /// The value.
    pub value: String,
}

impl SenderSummary {
    pub(in crate::gateway) fn of(SenderStatus { sender, record }: SenderStatus) -> Self {
        let value = |value: crate::notification::NamedValue| SenderValue { name: value.name, value: value.value };
        Self {
            heartbeat: sender.heartbeat,
            by: sender.values.into_iter().map(value).collect(),
            heard: record.heard_at,
            absent_since: record.absence.map(|absence| absence.since),
            timeout_seconds: None,
        }
    }

    /// The same with the timeout of its heartbeat.
    fn with_timeout(self, terms: &[HeartbeatTerms]) -> Self {
        let own = terms.iter().find(|terms| terms.name == self.heartbeat);
        Self { timeout_seconds: own.map(|terms| terms.timeout.as_secs()), ..self }
    }

    /// What tells the sender: `cluster "a", node "n7"`.
    #[must_use]
    pub fn values(&self) -> String {
        let values = self.by.iter().map(|value| format!("{} {}", value.name, crate::text::quoted(&value.value)));
        values.collect::<Vec<_>>().join(", ")
    }
}

/// Which sender is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetRequest {
    /// The heartbeat.
    pub heartbeat: String,
    /// The values of `by`, in their order.
    #[serde(default)]
    pub values: Vec<String>,
}

/// The senders of all heartbeats, absent ones first, then by heartbeat and values.
///
/// # Errors
/// A journal that cannot be read.
pub fn heartbeats(
    journal: &Journal,
    served: Option<&ServedRules>,
) -> Result<ListingPage<SenderSummary>, OperationError> {
    let terms = served.map(|served| served.rules.heartbeat_terms()).unwrap_or_default();
    let senders = journal.read()?.senders()?.into_iter();
    let mut items: Vec<SenderSummary> = senders.map(|sender| SenderSummary::of(sender).with_timeout(&terms)).collect();
    items.sort_by_key(|sender| sender.absent_since.is_none());
    Ok(ListingPage::complete(items))
}

/// How many characters of a name an error repeats.
const MAX_NAME: usize = 200;

/// Forgets a sender. If it is absent, its absence is over.
///
/// # Errors
/// No such sender; a change that is not durable.
pub fn forget_sender(journal: &Journal, request: &ForgetRequest) -> Result<AffectedCount, OperationError> {
    let known = journal.read()?.senders()?;
    let is_it = |sender: &Sender| {
        sender.heartbeat == request.heartbeat
            && sender.values.iter().map(|value| &value.value).eq(request.values.iter())
    };
    let Some(found) = known.iter().find(|known| is_it(&known.sender)) else {
        let has_any = known.iter().any(|known| known.sender.heartbeat == request.heartbeat);
        let name = shorten(&request.heartbeat, MAX_NAME);
        return Err(OperationError::NotFound(if has_any {
            format!(
                "the heartbeat `{name}` knows no sender with these values: `pointsman heartbeats` lists those it knows"
            )
        } else {
            format!("the heartbeat `{name}` knows no sender: `pointsman heartbeats` lists those that were heard")
        }));
    };
    let is_known = journal.forget_sender(&found.sender)?;
    Ok(AffectedCount { affected: u64::from(is_known) })
}
