//! Reloading rule files that change while they are served: watching them, reading a stable snapshot, building a
//! candidate, and publishing it, or keeping the version in force.
//!
//! Events of the file system are only hints: every trigger means that the files should be read again, and a slow poll
//! that compares contents always runs. A published version was read twice with the same result and was built completely;
//! it is one immutable value behind one pointer.
//!
//! A trigger is recorded in `triggers`, whose pure part is `debounce`. The thread of `worker` takes it and loads with
//! `loader`: it reads a `view` of the rule files and of the files that the last build named, until two readings agree;
//! it makes a [`Snapshot`] for the build; it stores one pointer. Triggers that arrive during a load are for the next load.
//! A reading with the same contents as before is not a load: it is not counted or logged, and the same contents that fail
//! in the same way are counted and logged once. While nothing changes, events trigger at most one reading in two seconds.
//! Repeated reading cannot make a change of several files atomic: a swapped link to a folder can, and so can a
//! `manifest`.

mod access;
mod archive;
mod debounce;
mod digest;
mod last_good;
mod loader;
mod manifest;
mod remote;
mod secrets;
mod snapshot;
mod triggers;
mod view;
mod watcher;
mod worker;

pub use access::{ADMIN_TOKEN, RuleAccess};
pub use digest::FingerprintKey;
pub use loader::manifest_mismatch;
pub use remote::remote_file_system;
pub use snapshot::{RuleSetHash, Snapshot};

use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use crate::time::{Clock, Timestamp};
use arc_swap::ArcSwap;
use debounce::Debounce;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use triggers::{ReloadTriggers, WatcherCounts};
use worker::{LoadHistory, ReloadWorker};

/// How files are watched and reloaded.
#[derive(Debug, Clone)]
pub struct ReloadOptions {
    /// Rule files and folders; together they are one rule set.
    pub roots: Vec<PathBuf>,
    /// How often contents are compared in addition to events; 10 s by default, 2 s without a watcher.
    pub poll: Option<Duration>,
    /// How changes are detected.
    pub watch_method: WatchMethod,
    /// How long files must be quiet before they are read; 200 ms by default.
    pub quiet: Duration,
    /// How long after the first sign of a change files are read in any case; 2 s by default.
    pub max_delay: Duration,
    /// The pause between the two readings that must agree; 100 ms by default.
    pub settle: Duration,
    /// Whether a set without rule files may replace one with rule files.
    pub allow_empty: bool,
    /// A file that lists the sha256 of every file; a set that does not match it is never loaded.
    pub manifest: Option<PathBuf>,
    /// The file of the last good set, for a start with bad rules.
    pub last_good: Option<PathBuf>,
    /// Whether to start with the last good set if the rules are bad.
    pub start_with_last_good: bool,
    /// The key of the fingerprints of secret files, which count in the hash.
    pub fingerprint_key: FingerprintKey,
    /// The last generation before the start. The same rules keep it, and others get the next.
    pub past: Option<PastGeneration>,
    /// What the rules may read.
    pub access: RuleAccess,
}

/// A generation and the rules that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastGeneration {
    /// The generation.
    pub generation: u64,
    /// The hash of its rules.
    pub rules: RuleSetHash,
}

/// How changes of files are detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchMethod {
    /// By events of the system, and a slow poll.
    Events,
    /// By the poll alone.
    Poll,
}

impl Default for ReloadOptions {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            poll: None,
            watch_method: WatchMethod::Events,
            quiet: Duration::from_millis(200),
            max_delay: Duration::from_secs(2),
            settle: Duration::from_millis(100),
            allow_empty: false,
            manifest: None,
            last_good: None,
            start_with_last_good: false,
            fingerprint_key: FingerprintKey::default(),
            past: None,
            access: RuleAccess::default(),
        }
    }
}

/// A built rule set in force.
#[derive(Debug)]
pub struct RuleSetVersion<T> {
    /// Strictly increasing, from 1 or from the generation before the start.
    pub generation: u64,
    /// SHA-256 over the sorted paths and contents of the files, tables and secret files included.
    pub hash: RuleSetHash,
    /// When it was published.
    pub loaded: Timestamp,
    /// The built value.
    pub value: T,
}

/// Where a load failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoadStage {
    /// The files could not be read, or were unstable.
    Read,
    /// The rules contain an error.
    Check,
    /// A secret or a channel could not be prepared.
    Channels,
    /// A test of the set failed.
    Tests,
}

/// Why a candidate was rejected.
#[derive(Debug, Clone)]
pub struct LoadRejection {
    /// Where it failed.
    pub stage: LoadStage,
    /// One line for logs and status.
    pub message: String,
    /// The findings, with places in `sources`.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
}

/// The result of a load.
#[derive(Debug)]
pub enum ReloadOutcome<'a, T> {
    /// A new version is in force.
    Published(&'a Arc<RuleSetVersion<T>>),
    /// A request found the files of the version in force.
    Unchanged,
    /// After a failure, the files are again those of the version in force.
    Restored,
    /// The version in force stays.
    Rejected(&'a LoadRejection),
    /// A request found what was rejected before, for the same reason.
    RejectedAgain(&'a LoadRejection),
}

/// The state of reloading.
#[derive(Debug, Clone)]
pub struct ReloadReport {
    /// The generation in force.
    pub generation: u64,
    /// Its hash.
    pub hash: RuleSetHash,
    /// When it was published.
    pub loaded: Timestamp,
    /// When files were last read for a load, or found to be those in force.
    pub attempted: Timestamp,
    /// When a load last succeeded, even if nothing had changed.
    pub succeeded: Option<Timestamp>,
    /// How long the last load took.
    pub duration: Duration,
    /// Why the last good set could not be written, if it could not.
    pub last_good_error: Option<String>,
    /// Why the last load failed, if it did.
    pub failure: Option<LoadRejection>,
    /// When the first of the failures since the last success was.
    pub failing_since: Option<Timestamp>,
    /// How changes are detected.
    pub watching: WatchMode,
    /// How many errors the watcher had.
    pub watcher_errors: u64,
    /// How often the watcher lost events.
    pub rescans: u64,
    /// How many versions are still in use, including the one in force.
    pub versions_in_use: usize,
    /// How long ago the oldest version in use was replaced; nothing if only the one in force is in use.
    pub oldest_in_use: Option<Duration>,
}

/// How changes are detected at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchMode {
    /// By events of the system, and a slow poll.
    Events,
    /// By the poll alone, for this reason.
    Poll(String),
}

/// Builds a value from a snapshot, or rejects it.
pub type BuildCallback<T> = dyn Fn(&Snapshot) -> Result<T, LoadRejection> + Send + Sync;

/// Called after every load with its result. Reading files that are the same as before is not a load, unless somebody asked
/// for it.
pub type OutcomeCallback<T> = dyn Fn(&ReloadOutcome<'_, T>) + Send + Sync;

/// Keeps a value that is built from files up to date.
pub struct Reloader<T> {
    current: Arc<ArcSwap<RuleSetVersion<T>>>,
    triggers: Arc<ReloadTriggers>,
    history: Arc<LoadHistory<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + Sync + 'static> Reloader<T> {
    /// Loads for the first time, and then watches in its own thread until the reloader is dropped.
    ///
    /// `on_outcome` is also called for this first load, unless it fails.
    ///
    /// # Errors
    /// If the first load fails and no last good set can replace it.
    pub fn start(
        options: ReloadOptions,
        clock: Arc<dyn Clock>,
        build: Box<BuildCallback<T>>,
        on_outcome: Box<OutcomeCallback<T>>,
    ) -> Result<Self, LoadRejection> {
        let at_most = if crate::mutant::Mutant::NoDebounceCap.is_on() { Duration::MAX } else { options.max_delay };
        let triggers = Arc::new(ReloadTriggers::new(Debounce::new(options.quiet, at_most)));
        let mut worker = ReloadWorker::new(options, clock, build, on_outcome, &triggers);
        let (current, history) = worker.start()?;
        let thread = thread::Builder::new().name("reload".to_owned()).spawn(move || worker.run());
        let thread = thread.map_err(|error| LoadRejection::read(format!("cannot start a thread: {error}")))?;
        Ok(Self { current, triggers, history, thread: Some(thread) })
    }

    /// The version in force. Take it once for a push and pass it on.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSetVersion<T>> {
        self.current.load_full()
    }

    /// Requests a load without waiting for it.
    pub fn trigger(&self) {
        self.triggers.request();
    }

    /// Waits for a load that begins after this call, and returns the generation in force.
    ///
    /// # Errors
    /// If that load fails.
    pub fn reload(&self) -> Result<u64, LoadRejection> {
        let ended = |_| Err(LoadRejection::read("reloading has ended"));
        self.triggers.request_and_wait().recv().unwrap_or_else(ended)
    }

    /// The state of reloading.
    #[must_use]
    pub fn report(&self) -> Option<ReloadReport> {
        let WatcherCounts { errors: watcher_errors, rescans } = self.triggers.counts();
        self.history.report().map(|report| ReloadReport { watcher_errors, rescans, ..report })
    }
}

impl<T> Drop for Reloader<T> {
    fn drop(&mut self) {
        self.triggers.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already reported.
            let _ = thread.join();
        }
    }
}
