//! What channels that gather messages were told, and pauses of channels.

use super::{BackendResult, OperationsBackend, escaped, get, now, post, read};
use crate::gateway::journal::{GroupSummary, MessageSummary, PausedChannel};
use crate::gateway::metrics::Metrics;
use crate::gateway::operations::{
    self, ListingPage, MessageDetail, PauseRequest, PendingDropRequest, PendingDropResult, PendingListing,
    PendingSelection, RecordSelection, ResumeRequest,
};

impl OperationsBackend {
    pub(in crate::cli) fn messages(&self, selection: &RecordSelection) -> BackendResult<ListingPage<MessageSummary>> {
        self.select("messages", selection, operations::messages)
    }

    /// A message with a page of its alerts.
    pub(in crate::cli) fn message(&self, id: &str, after: Option<&str>) -> BackendResult<MessageDetail> {
        self.ask(
            |client| {
                let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
                read(client.get(&format!("/api/v1/messages/{}{after}", escaped(id)))?)
            },
            |journal| operations::message(journal, id, after),
        )
    }

    pub(in crate::cli) fn groups(&self, selection: &RecordSelection) -> BackendResult<ListingPage<GroupSummary>> {
        self.select("groups", selection, operations::groups)
    }

    /// The channels that are paused.
    pub(in crate::cli) fn pauses(&self) -> BackendResult<ListingPage<PausedChannel>> {
        self.ask(|client| get(client, &["channels", "pauses"]), operations::pauses)
    }

    /// What is pending.
    pub(in crate::cli) fn pending(&self, selection: &PendingSelection) -> BackendResult<PendingListing> {
        self.ask(
            |client| read(client.get(&format!("/api/v1/pending?{}", selection.query()))?),
            |journal| operations::pending(journal, None, selection, now()),
        )
    }

    /// Drops what is pending.
    pub(in crate::cli) fn drop_pending(&self, request: &PendingDropRequest) -> BackendResult<PendingDropResult> {
        self.ask(
            |client| post(client, "pending/drop", request),
            // Nobody asks for the metrics of a command.
            |journal| operations::drop_pending(journal, None, &Metrics::default(), request, now()),
        )
    }

    pub(in crate::cli) fn pause_channel(&self, request: &PauseRequest) -> BackendResult<PausedChannel> {
        self.ask(
            |client| post(client, "channels/pause", request),
            |journal| operations::pause_channel(journal, None, request, now()),
        )
    }

    pub(in crate::cli) fn resume_channel(&self, request: &ResumeRequest) -> BackendResult<PausedChannel> {
        self.ask(
            |client| post(client, "channels/resume", request),
            |journal| operations::resume_channel(journal, None, request, now()),
        )
    }
}
