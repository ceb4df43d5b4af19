//! The state of a session: open texts, their rule sets, and the newest snapshot of each.

use super::client::ClientSupport;
use super::diagnostics::{DiagnosticWriter, PublishedDiagnostics};
use super::documents::{OpenDocument, OpenDocuments};
use super::features::{AnswerContext, FeatureNeeds};
use super::rule_sets::{SetRoots, Workspace, is_rule_text};
use super::snapshot::{CheckedState, RuleSetSnapshot};
use lsp_types::{PublishDiagnosticsParams, Uri};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rule sets with more lines of routings than this are not checked while their author types.
const MAX_LINES_AT_ONCE: usize = 5_000;

/// How long nobody must have typed before they are checked.
const TYPING_PAUSE: Duration = Duration::from_millis(200);

/// The state of a session.
pub(super) struct SessionState {
    pub(super) client: ClientSupport,
    pub(super) workspace: Workspace,
    documents: Arc<OpenDocuments>,
    /// The sets of each open rule file, by its revision-free key: its URI as the client wrote it.
    membership: BTreeMap<String, Vec<SetRoots>>,
    sets: BTreeMap<SetRoots, RuleSetState>,
    published: PublishedDiagnostics,
}

/// A rule set with an open text.
#[derive(Debug, Default)]
struct RuleSetState {
    /// Counts the changes.
    revision: u64,
    /// When the set is to be checked; none if that was done, or begun, since the last change.
    due: Option<Instant>,
    snapshot: Option<Arc<RuleSetSnapshot>>,
    /// The last one without errors.
    sound: Option<Arc<RuleSetSnapshot>>,
}

impl RuleSetState {
    fn fresh(&self) -> Option<&Arc<RuleSetSnapshot>> {
        self.snapshot.as_ref().filter(|snapshot| snapshot.revision == self.revision)
    }

    /// How long to wait for another key.
    fn pause(&self) -> Duration {
        let newest = self.sound.as_ref().and_then(|snapshot| snapshot.rules());
        let is_large = newest.is_some_and(|rules| rules.model.routing_lines().count() > MAX_LINES_AT_ONCE);
        if is_large { TYPING_PAUSE } else { Duration::ZERO }
    }
}

/// What a request is answered from.
pub(super) enum Readiness {
    /// Answer now.
    Ready(Box<AnswerContext>),
    /// A check is under way.
    Wait,
    /// It names a text that is not open, or not a rule file: the answer is `null`.
    Foreign,
}

impl SessionState {
    pub(super) fn new(client: ClientSupport, workspace: Workspace) -> Self {
        Self {
            client,
            workspace,
            documents: Arc::default(),
            membership: BTreeMap::new(),
            sets: BTreeMap::new(),
            published: PublishedDiagnostics::default(),
        }
    }

    /// The open texts, to change them. What was handed out before stays as it was.
    pub(super) fn documents_mut(&mut self) -> &mut OpenDocuments {
        Arc::make_mut(&mut self.documents)
    }

    pub(super) fn documents(&self) -> &OpenDocuments {
        &self.documents
    }

    /// Notes that a text changed; `now` decides when its sets are checked.
    pub(super) fn changed(&mut self, document: &OpenDocument, now: Instant) {
        let sets = match self.membership.get(document.uri.as_str()) {
            Some(sets) if !sets.is_empty() => sets.clone(),
            Some(_) | None => self.join(document),
        };
        if sets.is_empty() {
            // It may be a table or a sample of any set.
            let all: Vec<SetRoots> = self.sets.keys().cloned().collect();
            for roots in &all {
                self.touch(roots, now);
            }
        }
        for roots in &sets {
            self.touch(roots, now);
        }
    }

    /// Notes the sets of a text.
    fn join(&mut self, document: &OpenDocument) -> Vec<SetRoots> {
        let sets = self.workspace.sets_of(document);
        self.membership.insert(document.uri.as_str().to_owned(), sets.clone());
        sets
    }

    fn touch(&mut self, roots: &SetRoots, now: Instant) {
        let set = self.sets.entry(roots.clone()).or_default();
        set.revision += 1;
        set.due = Some(now + set.pause());
    }

    /// Finds the sets of all open texts again, as after a change of files or settings, and checks all of them. Returns the sets
    /// that are no longer open.
    pub(super) fn regroup(&mut self, now: Instant) -> Vec<SetRoots> {
        let documents: Vec<Arc<OpenDocument>> = self.documents.iter().cloned().collect();
        let before = std::mem::take(&mut self.membership);
        for document in &documents {
            let found = self.join(document);
            // A file that was a rule file stays one until it is closed, even if its first line is being written anew.
            if let (true, Some(known)) = (found.is_empty(), before.get(document.uri.as_str())) {
                self.membership.insert(document.uri.as_str().to_owned(), known.clone());
            }
        }
        let open: BTreeSet<SetRoots> = self.membership.values().flatten().cloned().collect();
        let closed: Vec<SetRoots> = self.sets.keys().filter(|roots| !open.contains(roots)).cloned().collect();
        self.sets.retain(|roots, _| open.contains(roots));
        for roots in &open {
            self.touch(roots, now);
            self.hasten(roots, now);
        }
        closed
    }

    /// Does not wait for another key.
    fn hasten(&mut self, roots: &SetRoots, now: Instant) {
        if let Some(set) = self.sets.get_mut(roots) {
            set.due = set.due.map(|_| now);
        }
    }

    /// When the next set is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.sets.values().filter_map(|set| set.due).min()
    }

    /// The sets that are due. Their checks count as begun.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<CheckedState> {
        let mut due = Vec::new();
        for (roots, set) in &mut self.sets {
            if set.due.is_some_and(|due| due <= now) {
                set.due = None;
                due.push(CheckedState { roots: roots.clone(), revision: set.revision, texts: self.documents.texts() });
            }
        }
        due
    }

    /// Takes the result of a check, unless the set changed meanwhile. Returns what to publish.
    pub(super) fn checked(&mut self, snapshot: &Arc<RuleSetSnapshot>) -> Vec<PublishDiagnosticsParams> {
        let Some(set) = self.sets.get_mut(&snapshot.roots) else { return Vec::new() };
        if set.revision != snapshot.revision {
            return Vec::new();
        }
        set.snapshot = Some(Arc::clone(snapshot));
        if snapshot.rules().is_some() {
            set.sound = Some(Arc::clone(snapshot));
        }
        let is_found_set = self.workspace.is_found(&snapshot.roots);
        let (documents, client) = (&*self.documents, self.client);
        let writer = DiagnosticWriter { snapshot, documents, client, is_found_set };
        self.published.update(&writer)
    }

    /// Whether the state is still the newest one of the set.
    pub(super) fn is_newest(&self, roots: &SetRoots, revision: u64) -> bool {
        self.sets.get(roots).is_some_and(|set| set.revision == revision)
    }

    /// What to publish after a set is closed.
    pub(super) fn forget(&mut self, roots: &SetRoots) -> Vec<PublishDiagnosticsParams> {
        self.published.forget(roots, &self.documents)
    }

    /// What a request for a text, or for all of them, is answered from.
    pub(super) fn readiness(&self, uri: Option<&Uri>, needs: FeatureNeeds) -> Readiness {
        let document = match uri.map(|uri| self.documents.get(uri)) {
            Some(None) => return Readiness::Foreign,
            Some(Some(document)) => Some(Arc::clone(document)),
            None => None,
        };
        let of_document = document.as_ref().and_then(|document| self.membership.get(document.uri.as_str()));
        let roots = of_document.and_then(|sets| sets.first());
        let set = roots.and_then(|roots| self.sets.get(roots));
        if let (Some(document), None) = (&document, set)
            && (needs != FeatureNeeds::Text || !is_rule_text(document))
        {
            return Readiness::Foreign;
        }
        let mut waited = set.map_or_else(|| self.sets.values().collect(), |set| vec![set]);
        waited.retain(|set| set.fresh().is_none());
        if needs != FeatureNeeds::Text && !waited.is_empty() {
            return Readiness::Wait;
        }
        Readiness::Ready(Box::new(AnswerContext {
            client: self.client,
            documents: Arc::clone(&self.documents),
            is_found_set: roots.is_some_and(|roots| self.workspace.is_found(roots)),
            snapshot: set.and_then(|set| set.snapshot.clone()),
            sound: set.and_then(|set| set.sound.clone()),
            document,
            all: self.sets.values().filter_map(|set| set.snapshot.clone()).collect(),
            effects: RefCell::default(),
        }))
    }
}
