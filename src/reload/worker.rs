//! The thread that loads: it takes triggers, publishes candidates, and records the result of each load.

#![expect(clippy::disallowed_methods, reason = "versions are dated, and loads are timed")]

use super::debounce::LoadCause;
use super::loader::{CandidateLoader, ReloadCandidate};
use super::triggers::{DueLoad, ReloadTriggers};
use super::watcher::FolderWatcher;
use super::{
    BuildCallback, LoadRejection, LoadStage, OutcomeCallback, ReloadOptions, ReloadOutcome, ReloadReport, RuleSetHash,
    RuleSetVersion, Snapshot, WatchMode, last_good,
};
use crate::mutant::Mutant;
use crate::ruleset::files::RuleFileError;
use crate::time::{Clock, Timestamp};
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// The interval of the poll with a watcher.
const SLOW_POLL: Duration = Duration::from_secs(10);
/// The interval of the poll without a watcher.
const FAST_POLL: Duration = Duration::from_secs(2);
/// A rejected set whose files do not change is tried again after this time, because the cause may lie outside the files.
const RETRY: Duration = Duration::from_mins(1);

/// The results of the loads so far.
pub(super) struct LoadHistory<T> {
    records: Mutex<LoadRecords<T>>,
}

struct LoadRecords<T> {
    report: Option<ReloadReport>,
    versions: Vec<PublishedVersion<T>>,
}

/// A version, and when another replaced it.
struct PublishedVersion<T> {
    version: Weak<RuleSetVersion<T>>,
    replaced: Option<std::time::Instant>,
}

impl<T> LoadHistory<T> {
    pub(super) fn report(&self) -> Option<ReloadReport> {
        let mut records = self.locked();
        records.versions.retain(|published| published.version.strong_count() > 0);
        let alive = records.versions.len();
        // Versions are in the order of their publication.
        let oldest = records.versions.first().and_then(|published| Some(published.replaced?.elapsed()));
        records.report.clone().map(|report| ReloadReport { versions_in_use: alive, oldest_in_use: oldest, ..report })
    }

    fn locked(&self) -> MutexGuard<'_, LoadRecords<T>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> LoadRecords<T> {
    fn add_version(&mut self, version: &Arc<RuleSetVersion<T>>) {
        let now = std::time::Instant::now();
        for before in &mut self.versions {
            before.replaced.get_or_insert(now);
        }
        // Also removed here, because the report may never be asked for.
        self.versions.retain(|published| published.version.strong_count() > 0);
        self.versions.push(PublishedVersion { version: Arc::downgrade(version), replaced: None });
    }
}

/// The state of the thread.
pub(super) struct ReloadWorker<T> {
    loader: CandidateLoader<T>,
    clock: Arc<dyn Clock>,
    on_outcome: Box<OutcomeCallback<T>>,
    triggers: Arc<ReloadTriggers>,
    history: Arc<LoadHistory<T>>,
    current: Option<Arc<ArcSwap<RuleSetVersion<T>>>>,
    generation: u64,
    failure: Option<LoadFailure>,
    attempted: Timestamp,
    succeeded: Option<Timestamp>,
    last_good_error: Option<String>,
}

/// Whether a load found something that the one before did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoadNews {
    Some,
    None,
}

/// A failure that lasts until a load succeeds.
struct LoadFailure {
    rejection: LoadRejection,
    /// What was read then; nothing if only another load can tell whether it changed.
    read: Option<Result<RuleSetHash, RuleFileError>>,
    /// When the same load was last tried.
    tried: std::time::Instant,
    /// When the first failure since the last success was.
    since: Timestamp,
}

impl LoadFailure {
    /// Whether another rejection says the same about the same files. The reasons of unreadable files are complete, and
    /// unstable files are never the same.
    fn is_same(&self, other: &LoadRejection, read: Option<&Result<RuleSetHash, RuleFileError>>) -> bool {
        let is_same_reason = (self.rejection.stage, &self.rejection.message) == (other.stage, &other.message);
        is_same_reason && (other.stage == LoadStage::Read || self.read.as_ref() == read)
    }
}

/// What a worker shares with the reloader.
type WorkerHandles<T> = (Arc<ArcSwap<RuleSetVersion<T>>>, Arc<LoadHistory<T>>);

impl<T: Send + Sync> ReloadWorker<T> {
    pub(super) fn new(
        options: ReloadOptions,
        clock: Arc<dyn Clock>,
        build: Box<BuildCallback<T>>,
        on_outcome: Box<OutcomeCallback<T>>,
        triggers: &Arc<ReloadTriggers>,
    ) -> Self {
        let watcher = FolderWatcher::new(options.watch_method, triggers);
        let attempted = clock.now();
        let loader = CandidateLoader {
            options,
            build,
            triggers: Arc::clone(triggers),
            watcher,
            in_force: None,
            referenced: BTreeSet::new(),
            last_read: None,
        };
        Self {
            loader,
            clock,
            on_outcome,
            triggers: Arc::clone(triggers),
            history: Arc::new(LoadHistory { records: Mutex::new(LoadRecords { report: None, versions: Vec::new() }) }),
            current: None,
            generation: 0,
            failure: None,
            attempted,
            succeeded: None,
            last_good_error: None,
        }
    }

    /// Runs the first load; if it fails, loads the last good set, if that is allowed.
    pub(super) fn start(&mut self) -> Result<WorkerHandles<T>, LoadRejection> {
        let began = std::time::Instant::now();
        match self.loader.load(Duration::ZERO) {
            Ok(Some(candidate)) => {
                self.succeeded = Some(self.clock.now());
                self.publish(candidate);
            }
            Ok(None) => return Err(LoadRejection::read("nothing was loaded")),
            Err(rejection) => self.start_with_last_good(rejection)?,
        }
        self.update_report(began.elapsed());
        self.schedule_poll();
        let current = self.current.clone().ok_or_else(|| LoadRejection::read("nothing was loaded"))?;
        Ok((current, Arc::clone(&self.history)))
    }

    fn start_with_last_good(&mut self, rejection: LoadRejection) -> Result<(), LoadRejection> {
        let options = &self.loader.options;
        let Some(path) = options.last_good.as_ref().filter(|_| options.start_with_last_good) else {
            return Err(rejection);
        };
        // The stage is that of the files: they are what the operator must fix.
        let both = |other: &LoadRejection| LoadRejection {
            message: format!("{}; and {}", rejection.message, other.message),
            ..rejection.clone()
        };
        let snapshot = last_good::load(path).map_err(|other| both(&other))?;
        let snapshot = snapshot.with_roots(&options.roots, &options.access, options.fingerprint_key);
        let value = self.loader.build(&snapshot).map_err(|other| both(&other))?;
        self.publish(ReloadCandidate { value, snapshot });
        self.record_failure(rejection, LoadCause::Request);
        Ok(())
    }

    /// Loads whenever a load is due, until it must stop.
    pub(super) fn run(mut self) {
        while let Some(due) = self.triggers.next() {
            self.attempt(&due);
            self.schedule_poll();
            for waiter in due.waiters {
                // The caller may be gone.
                let failure = self.failure.as_ref().map(|failure| failure.rejection.clone());
                let _ = waiter.send(failure.map_or(Ok(self.generation), Err));
            }
        }
    }

    fn attempt(&mut self, due: &DueLoad) {
        let began = std::time::Instant::now();
        let found = self.find(due);
        if self.triggers.is_stopped() {
            return;
        }
        match (found, due.cause) {
            (LoadNews::Some, _) => self.triggers.note_news(),
            (LoadNews::None, LoadCause::Change) => self.triggers.note_idle(),
            (LoadNews::None, LoadCause::Request | LoadCause::Poll) => {}
        }
        self.update_report(began.elapsed());
    }

    /// Loads, unless the files are those of a load that failed.
    fn find(&mut self, due: &DueLoad) -> LoadNews {
        let is_old_failure = self.failure.as_ref().is_some_and(|failure| failure.tried.elapsed() < RETRY);
        if due.cause != LoadCause::Request && is_old_failure && self.loader.is_unchanged() {
            return LoadNews::None;
        }
        let loaded = self.loader.load(due.settle_deadline);
        self.attempted = self.clock.now();
        match loaded {
            Ok(Some(candidate)) => {
                self.record_success();
                if Mutant::FileByFile.is_on() {
                    self.publish_file_by_file(&candidate.snapshot);
                }
                self.publish(candidate);
                LoadNews::Some
            }
            Ok(None) => {
                let is_restored = self.failure.is_some();
                self.record_success();
                if is_restored {
                    (self.on_outcome)(&ReloadOutcome::Restored);
                    return LoadNews::Some;
                }
                if due.cause == LoadCause::Request {
                    (self.on_outcome)(&ReloadOutcome::Unchanged);
                }
                LoadNews::None
            }
            Err(_) if self.triggers.is_stopped() => LoadNews::None,
            Err(rejection) => self.record_failure(rejection, due.cause),
        }
    }

    fn record_success(&mut self) {
        self.failure = None;
        self.succeeded = Some(self.clock.now());
    }

    /// Reports a failure, unless it was reported before and nobody asked.
    fn record_failure(&mut self, rejection: LoadRejection, cause: LoadCause) -> LoadNews {
        let read = self.loader.last_read.clone();
        let before = self.failure.take();
        let is_known = before.as_ref().is_some_and(|failure| failure.is_same(&rejection, read.as_ref()));
        match (is_known, cause) {
            (false, _) => (self.on_outcome)(&ReloadOutcome::Rejected(&rejection)),
            (true, LoadCause::Request) => (self.on_outcome)(&ReloadOutcome::RejectedAgain(&rejection)),
            (true, LoadCause::Change | LoadCause::Poll) => {}
        }
        let since = before.map_or_else(|| self.clock.now(), |failure| failure.since);
        self.failure = Some(LoadFailure { rejection, read, tried: std::time::Instant::now(), since });
        if is_known { LoadNews::None } else { LoadNews::Some }
    }

    /// Puts a candidate in force by one store. The last good set is written before that: after a crash in between, a start
    /// with the last good set must not go back to rules older than those that already decided something.
    fn publish(&mut self, ReloadCandidate { value, snapshot }: ReloadCandidate<T>) {
        self.last_good_error = None;
        if let Some(path) = &self.loader.options.last_good
            && self.failure.is_none()
        {
            let saved = last_good::save(path, &snapshot.archive());
            let failed = |error| format!("cannot write the last good rule set `{}`: {error}", path.display());
            self.last_good_error = saved.err().map(failed);
        }
        let hash = snapshot.hash();
        let past = self.loader.options.past.take();
        self.generation = match past {
            Some(past) if past.rules == hash => past.generation,
            Some(past) => past.generation + 1,
            None => self.generation + 1,
        };
        let version = Arc::new(RuleSetVersion { generation: self.generation, hash, loaded: self.clock.now(), value });
        self.history.locked().add_version(&version);
        match &self.current {
            Some(current) => current.store(Arc::clone(&version)),
            None => self.current = Some(Arc::new(ArcSwap::new(Arc::clone(&version)))),
        }
        self.loader.in_force = Some((hash, snapshot.referenced().into_keys().collect()));
        (self.on_outcome)(&ReloadOutcome::Published(&version));
    }

    fn update_report(&self, duration: Duration) {
        let Some(current) = &self.current else { return };
        let version = current.load();
        let mut records = self.history.locked();
        records.report = Some(ReloadReport {
            generation: version.generation,
            hash: version.hash,
            loaded: version.loaded,
            attempted: self.attempted,
            succeeded: self.succeeded,
            duration,
            last_good_error: self.last_good_error.clone(),
            failure: self.failure.as_ref().map(|failure| failure.rejection.clone()),
            failing_since: self.failure.as_ref().map(|failure| failure.since),
            watching: self.loader.watcher.watch_mode(),
            watcher_errors: 0,
            rescans: 0,
            versions_in_use: 0,
            oldest_in_use: None,
        });
    }

    fn schedule_poll(&self) {
        let usual = match self.loader.watcher.watch_mode() {
            WatchMode::Events => SLOW_POLL,
            WatchMode::Poll(_) => FAST_POLL,
        };
        self.triggers.poll_after(self.loader.options.poll.unwrap_or(usual));
    }

    /// The defect [`Mutant::FileByFile`]: from the last good set on, each changed file is published by itself.
    fn publish_file_by_file(&mut self, whole: &Snapshot) {
        let path = self.loader.options.last_good.as_deref();
        let Some(before) = path.and_then(|path| last_good::load(path).ok()) else { return };
        let (mut mixed, after) = (texts(&before), texts(whole));
        for (name, text) in after {
            if mixed.insert(name, text.clone()) == Some(text) {
                continue;
            }
            let snapshot = whole.with_sources(&mixed);
            if let Ok(value) = self.loader.build(&snapshot) {
                self.publish(ReloadCandidate { value, snapshot });
            }
            self.triggers.pause(self.loader.options.settle);
        }
    }
}

fn texts(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let texts = snapshot.sources().iter().map(|(_, file)| (file.name().to_owned(), file.text().to_owned()));
    texts.collect()
}
