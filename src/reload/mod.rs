//! Rule files that change while they are served: watching, reading a stable snapshot, building a candidate, and putting
//! it in the place of the one in force, or keeping the last good one.
//!
//! Events of the file system are a hint, never the truth: every trigger only says that the files ought to be read again,
//! and a slow poll that compares contents always runs. What is published was read twice with the same result, was built
//! completely, and is one immutable value behind one pointer.
//!
//! A trigger sets a mark in `triggers`, whose pure part is `debounce`; the thread of `worker` takes it and loads
//! (`loader`): a `view` of the rule files and of what the last build named, until two agree; a [`Snapshot`] of it for the
//! build; one store of a pointer. Whatever comes during a load is for the next. Reading three times what nobody touches
//! cannot make one change of several files: a link to a folder that is swapped can, and so can a `manifest`.

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

pub use digest::FingerprintKey;
pub use remote::remote_file_system;
pub use snapshot::{RuleSetHash, Snapshot};

use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use crate::time::Timestamp;
use arc_swap::ArcSwap;
use debounce::Debounce;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use triggers::ReloadTriggers;
use worker::{LoadHistory, ReloadWorker};

/// How files are watched and taken over.
#[derive(Debug, Clone)]
pub struct ReloadOptions {
    /// Rule files and folders, together one rule set.
    pub roots: Vec<PathBuf>,
    /// How often contents are compared whatever the watcher says; 10 s by default, 2 s in poll mode.
    pub poll: Option<Duration>,
    /// Do without a watcher.
    pub poll_only: bool,
    /// How long files must be quiet before they are read; 200 ms by default.
    pub quiet: Duration,
    /// How long after the first sign of a change they are read regardless; 2 s by default.
    pub max_delay: Duration,
    /// The pause between the two readings that must agree; 100 ms by default.
    pub settle: Duration,
    /// Whether a set without any rule may take the place of one with rules.
    pub allow_empty: bool,
    /// A file that lists the sha256 of every file; a set that does not match it is never loaded.
    pub manifest: Option<PathBuf>,
    /// Where the last good set is kept, for a start with bad rules.
    pub last_good: Option<PathBuf>,
    /// Start with the last good set where the rules are bad.
    pub start_with_last_good: bool,
    /// By what the fingerprints of secret files are made that count in the hash.
    pub fingerprint_key: FingerprintKey,
}

impl Default for ReloadOptions {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            poll: None,
            poll_only: false,
            quiet: Duration::from_millis(200),
            max_delay: Duration::from_secs(2),
            settle: Duration::from_millis(100),
            allow_empty: false,
            manifest: None,
            last_good: None,
            start_with_last_good: false,
            fingerprint_key: FingerprintKey::default(),
        }
    }
}

/// A built rule set in force.
#[derive(Debug)]
pub struct RuleSetVersion<T> {
    /// Strictly rising, from 1; it survives neither a restart nor needs to.
    pub generation: u64,
    /// SHA-256 over the sorted paths and contents of the files, tables and secret files included.
    pub hash: RuleSetHash,
    /// When it was published.
    pub loaded: Timestamp,
    /// What was built.
    pub value: T,
}

/// Where a load failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoadStage {
    /// The files could not be read, or did not hold still.
    Read,
    /// The rules hold an error.
    Check,
    /// A secret or a channel could not be made ready.
    Channels,
    /// A test of the set failed.
    Tests,
}

/// Why a candidate was not taken.
#[derive(Debug, Clone)]
pub struct LoadRejection {
    /// Where it failed.
    pub stage: LoadStage,
    /// One line for logs and status.
    pub message: String,
    /// What was found, with places in `sources`.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
}

/// What an attempt came to.
#[derive(Debug)]
pub enum ReloadOutcome<'a, T> {
    /// A new version is in force.
    Published(&'a Arc<RuleSetVersion<T>>),
    /// The files are those in force.
    Unchanged,
    /// The version in force stays.
    Rejected(&'a LoadRejection),
}

/// What is known of the loads so far.
#[derive(Debug, Clone)]
pub struct ReloadReport {
    /// The generation in force.
    pub generation: u64,
    /// Its hash.
    pub hash: RuleSetHash,
    /// When it was published.
    pub loaded: Timestamp,
    /// When files were last read for a load.
    pub attempted: Timestamp,
    /// When a load last succeeded, whether it changed anything or not.
    pub succeeded: Option<Timestamp>,
    /// How long the last load took.
    pub duration: Duration,
    /// Why the last good set could not be kept on disk, if it could not.
    pub last_good_error: Option<String>,
    /// Why the last attempt failed, unless it succeeded.
    pub failure: Option<LoadRejection>,
    /// Whether events of the file system are watched, or contents polled alone, and why.
    pub watching: WatchMode,
    /// Errors of the watcher so far.
    pub watcher_errors: u64,
    /// How often the watcher lost events so far.
    pub rescans: u64,
    /// Versions that are still used by something, the one in force included.
    pub versions_in_use: usize,
    /// For how long the oldest of them has not been in force any more; nothing where only the one in force is used.
    pub oldest_in_use: Option<Duration>,
}

/// How changes are noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchMode {
    /// By the system's events, and a slow poll besides.
    Events,
    /// By the poll alone, and why.
    Poll(String),
}

/// Builds a value from a snapshot; what it refuses is never published.
pub type BuildCallback<T> = dyn Fn(&Snapshot) -> Result<T, LoadRejection> + Send + Sync;

/// Hears of every attempt, after it is over; it cannot fail any more.
pub type OutcomeCallback<T> = dyn Fn(&ReloadOutcome<'_, T>) + Send + Sync;

/// Keeps a value built from files in step with them.
pub struct Reloader<T> {
    current: Arc<ArcSwap<RuleSetVersion<T>>>,
    triggers: Arc<ReloadTriggers>,
    history: Arc<LoadHistory<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + Sync + 'static> Reloader<T> {
    /// Loads for the first time, and watches from then on in a thread of its own until the reloader is dropped.
    ///
    /// `tell` hears of this first load, too, unless nothing came of it: then the error says so.
    ///
    /// # Errors
    /// Where the first load fails and no last good set may stand in.
    pub fn start(
        options: ReloadOptions,
        build: Box<BuildCallback<T>>,
        tell: Box<OutcomeCallback<T>>,
    ) -> Result<Self, LoadRejection> {
        let at_most =
            if crate::mutant::Mutant::NoDebounceCap.is_on() { Duration::MAX } else { options.max_delay };
        let signals = Arc::new(ReloadTriggers::new(Debounce::new(options.quiet, at_most)));
        let mut worker = ReloadWorker::new(options, build, tell, &signals);
        let (current, status) = worker.start()?;
        let thread = thread::Builder::new().name("reload".to_owned()).spawn(move || worker.run());
        let thread =
            thread.map_err(|error| LoadRejection::read(format!("no thread can be started: {error}")))?;
        Ok(Self { current, triggers: signals, history: status, thread: Some(thread) })
    }

    /// The version in force. Take it once for a push and pass it on.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSetVersion<T>> {
        self.current.load_full()
    }

    /// Asks for a load without waiting.
    pub fn trigger(&self) {
        self.triggers.request();
    }

    /// Waits for a load that begins after this call, and says which generation is in force then.
    ///
    /// # Errors
    /// Where that load fails.
    pub fn reload(&self) -> Result<u64, LoadRejection> {
        let ended = |_| Err(LoadRejection::read("reloading has ended"));
        self.triggers.request_and_wait().recv().unwrap_or_else(ended)
    }

    /// What is known of the loads so far.
    #[must_use]
    pub fn report(&self) -> Option<ReloadReport> {
        let (watcher_errors, rescans) = self.triggers.counts();
        self.history.report().map(|report| ReloadReport { watcher_errors, rescans, ..report })
    }
}

impl<T> Drop for Reloader<T> {
    fn drop(&mut self) {
        self.triggers.stop();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}
