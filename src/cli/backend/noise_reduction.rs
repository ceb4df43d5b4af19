//! What is asked for about noise reduction: silences, heartbeats, and what a rehearsal plays.

use super::{BackendResult, OperationsBackend, escaped, get, now, post, read};
use crate::gateway::journal::Journal;
use crate::gateway::operations::{
    self, AffectedCount, EndSilenceRequest, ExtendSilenceRequest, ForgetRequest, ListingPage, OperationError,
    PreviewSilenceRequest, PushSelection, RulesRecord, SenderSummary, SilencePreview, SilenceRequest, SilenceSelection,
    SilenceSummary, StoredPushPage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl OperationsBackend {
    /// A page of stored pushes, the oldest first.
    pub(in crate::cli) fn stored_pushes(&self, selection: &PushSelection) -> BackendResult<StoredPushPage> {
        self.ask(
            |client| read(client.get(&format!("/api/v1/pushes?{}", selection.query()))?),
            |journal| {
                operations::check_names(journal, None, &selection.pushes)?;
                operations::stored_pushes(journal, selection, now())
            },
        )
    }

    /// The files of the rules in force; of those that were in force last, if no gateway runs.
    pub(in crate::cli) fn last_rules(&self) -> BackendResult<RulesRecord> {
        self.ask(|client| get(client, &["rules", "archive"]), operations::last_rules)
    }

    /// Asks for something about silences by a request.
    fn silence_request<R: Serialize, T: DeserializeOwned>(
        &self,
        resource: &str,
        request: &R,
        journal: impl FnOnce(&Journal) -> Result<T, OperationError>,
    ) -> BackendResult<T> {
        self.ask(|client| post(client, &format!("silences{resource}"), request), journal)
    }

    pub(in crate::cli) fn preview_silence(&self, request: &PreviewSilenceRequest) -> BackendResult<SilencePreview> {
        self.silence_request("/preview", request, |journal| operations::preview_silence(journal, None, request))
    }

    pub(in crate::cli) fn add_silence(&self, request: &SilenceRequest) -> BackendResult<SilenceSummary> {
        self.silence_request("", request, |journal| operations::add_silence(journal, None, request))
    }

    pub(in crate::cli) fn extend_silence(
        &self,
        id: &str,
        request: &ExtendSilenceRequest,
    ) -> BackendResult<SilenceSummary> {
        let resource = format!("/{}/extend", escaped(id));
        self.silence_request(&resource, request, |journal| operations::extend_silence(journal, id, request))
    }

    pub(in crate::cli) fn end_silence(&self, id: &str, request: &EndSilenceRequest) -> BackendResult<SilenceSummary> {
        let resource = format!("/{}/end", escaped(id));
        self.silence_request(&resource, request, |journal| operations::end_silence(journal, id, request))
    }

    pub(in crate::cli) fn silence(&self, id: &str) -> BackendResult<SilenceSummary> {
        self.ask(|client| get(client, &["silences", id]), |journal| operations::silence(journal, id))
    }

    pub(in crate::cli) fn silences(&self, selection: &SilenceSelection) -> BackendResult<ListingPage<SilenceSummary>> {
        let path = || format!("/api/v1/silences?{}", selection.query());
        self.ask(|client| read(client.get(&path())?), |journal| operations::silences(journal, selection))
    }

    /// The senders of heartbeats.
    pub(in crate::cli) fn heartbeats(&self) -> BackendResult<ListingPage<SenderSummary>> {
        self.ask(|client| get(client, &["heartbeats"]), |journal| operations::heartbeats(journal, None))
    }

    /// Forgets a sender.
    pub(in crate::cli) fn forget_sender(&self, request: &ForgetRequest) -> BackendResult<AffectedCount> {
        self.ask(
            |client| post(client, "heartbeats/forget", request),
            |journal| operations::forget_sender(journal, request),
        )
    }
}
