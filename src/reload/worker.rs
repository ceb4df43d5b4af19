//! The thread that loads: takes signs, publishes candidates, and writes down what came of each attempt.

#![expect(clippy::disallowed_methods, reason = "versions are dated, and loads are timed")]

use super::load::{Candidate, Loader};
use super::signals::{Due, Signals};
use super::watcher::Watcher;
use super::{Attempt, Build, Options, Rejection, Report, Snapshot, Tell, Version, Watching, last_good};
use crate::mutant::Mutant;
use crate::time::Instant;
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The poll beside a watcher.
const SLOW_POLL: Duration = Duration::from_secs(10);
/// The poll without one.
const FAST_POLL: Duration = Duration::from_secs(2);
/// A set that was refused, and whose files stay as they are, is tried again after this: what refused it may lie outside.
const RETRY: Duration = Duration::from_mins(1);

/// What is known of the loads so far.
pub(super) struct Status<T> {
    known: Mutex<Known<T>>,
}

struct Known<T> {
    report: Option<Report>,
    versions: Vec<Published<T>>,
}

/// A version, and when another took its place.
struct Published<T> {
    version: Weak<Version<T>>,
    replaced: Option<std::time::Instant>,
}

impl<T> Status<T> {
    pub(super) fn report(&self) -> Option<Report> {
        let mut known = self.locked();
        known.versions.retain(|published| published.version.strong_count() > 0);
        let alive = known.versions.len();
        // They stand in the order of their publication.
        let oldest = known.versions.first().and_then(|published| Some(published.replaced?.elapsed()));
        known.report.clone().map(|report| Report { alive, oldest, ..report })
    }

    fn locked(&self) -> MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Known<T> {
    fn published(&mut self, version: &Arc<Version<T>>) {
        let now = std::time::Instant::now();
        for before in &mut self.versions {
            before.replaced.get_or_insert(now);
        }
        // Nobody may ever ask for the report, where versions that are gone are left out as well.
        self.versions.retain(|published| published.version.strong_count() > 0);
        self.versions.push(Published { version: Arc::downgrade(version), replaced: None });
    }
}

/// What the thread owns.
pub(super) struct Worker<T> {
    loader: Loader<T>,
    tell: Box<Tell<T>>,
    signals: Arc<Signals>,
    status: Arc<Status<T>>,
    current: Option<Arc<ArcSwap<Version<T>>>>,
    generation: u64,
    /// The texts in force, for the defect that takes files one by one.
    texts: BTreeMap<String, String>,
    failure: Option<Rejection>,
    refused: Option<std::time::Instant>,
    succeeded: Option<Instant>,
    not_kept: Option<String>,
}

/// What a worker shares with the reloader.
type Shared<T> = (Arc<ArcSwap<Version<T>>>, Arc<Status<T>>);

impl<T: Send + Sync> Worker<T> {
    pub(super) fn new(
        options: Options,
        build: Box<Build<T>>,
        tell: Box<Tell<T>>,
        signals: &Arc<Signals>,
    ) -> Self {
        let watcher = Watcher::new(options.poll_only, signals);
        let loader = Loader {
            options,
            build,
            signals: Arc::clone(signals),
            watcher,
            in_force: None,
            named: BTreeSet::new(),
            found: None,
        };
        Self {
            loader,
            tell,
            signals: Arc::clone(signals),
            status: Arc::new(Status { known: Mutex::new(Known { report: None, versions: Vec::new() }) }),
            current: None,
            generation: 0,
            texts: BTreeMap::new(),
            failure: None,
            refused: None,
            succeeded: None,
            not_kept: None,
        }
    }

    /// The first load, or what stands in for it.
    pub(super) fn start(&mut self) -> Result<Shared<T>, Rejection> {
        let began = std::time::Instant::now();
        match self.loader.load(Duration::ZERO) {
            Ok(Some(candidate)) => {
                self.succeeded = Some(now());
                self.publish(candidate);
            }
            Ok(None) => return Err(Rejection::read("nothing was loaded")),
            Err(rejection) => self.stand_in(rejection)?,
        }
        self.write_down(began.elapsed());
        self.wait_for_poll();
        let current = self.current.clone().ok_or_else(|| Rejection::read("nothing was loaded"))?;
        Ok((current, Arc::clone(&self.status)))
    }

    fn stand_in(&mut self, rejection: Rejection) -> Result<(), Rejection> {
        let options = &self.loader.options;
        let Some(path) = options.last_good.as_ref().filter(|_| options.start_with_last_good) else {
            return Err(rejection);
        };
        // What keeps the files from being loaded is what is to be mended; the archive is the makeshift.
        let both = |other: &Rejection| Rejection {
            message: format!("{}; and {}", rejection.message, other.message),
            ..rejection.clone()
        };
        let snapshot = last_good::load(path).map_err(|other| both(&other))?;
        let snapshot = snapshot.in_place_of(&options.roots, options.fingerprints);
        let value = self.loader.build(&snapshot).map_err(|other| both(&other))?;
        self.publish(Candidate { value, snapshot });
        (self.tell)(&Attempt::Rejected(&rejection));
        self.refuse(rejection);
        Ok(())
    }

    /// Loads whenever it is due, until it is time to end.
    pub(super) fn run(mut self) {
        while let Some(due) = self.signals.next() {
            self.attempt(&due);
            self.wait_for_poll();
            for waiter in due.waiters {
                // Who asked may have gone.
                let _ = waiter.send(self.failure.clone().map_or(Ok(self.generation), Err));
            }
        }
    }

    fn attempt(&mut self, due: &Due) {
        let began = std::time::Instant::now();
        let is_old_failure = self.refused.is_some_and(|refused| refused.elapsed() < RETRY);
        if !due.signs && is_old_failure && self.loader.is_as_before() {
            return self.write_down(began.elapsed());
        }
        match self.loader.load(due.until) {
            Ok(Some(candidate)) => {
                self.succeed();
                self.one_by_one(&candidate.snapshot);
                self.publish(candidate);
            }
            Ok(None) => {
                self.succeed();
                (self.tell)(&Attempt::Unchanged);
            }
            Err(_) if self.signals.is_stopped() => return,
            Err(rejection) => {
                (self.tell)(&Attempt::Rejected(&rejection));
                self.refuse(rejection);
            }
        }
        self.write_down(began.elapsed());
    }

    fn succeed(&mut self) {
        (self.failure, self.refused) = (None, None);
        self.succeeded = Some(now());
    }

    fn refuse(&mut self, rejection: Rejection) {
        self.failure = Some(rejection);
        self.refused = Some(std::time::Instant::now());
    }

    /// The one store by which a candidate becomes the version in force. It is kept before that: whoever dies in between
    /// and starts with the last good set must not go back behind what already decided something.
    fn publish(&mut self, Candidate { value, snapshot }: Candidate<T>) {
        self.not_kept = None;
        if let Some(path) = &self.loader.options.last_good
            && self.failure.is_none()
        {
            let kept = last_good::keep(path, &snapshot.archive());
            let failed = |error| format!("cannot keep the last good rule set `{}`: {error}", path.display());
            self.not_kept = kept.err().map(failed);
        }
        self.generation += 1;
        let hash = snapshot.hash();
        let version = Arc::new(Version { generation: self.generation, hash, loaded: now(), value });
        self.status.locked().published(&version);
        match &self.current {
            Some(current) => current.store(Arc::clone(&version)),
            None => self.current = Some(Arc::new(ArcSwap::new(Arc::clone(&version)))),
        }
        self.loader.in_force = Some((hash, snapshot.named().into_keys().collect()));
        if Mutant::FileByFile.is_on() {
            self.texts = texts(&snapshot);
        }
        (self.tell)(&Attempt::Published(&version));
    }

    fn write_down(&self, took: Duration) {
        let Some(current) = &self.current else { return };
        let version = current.load();
        let mut known = self.status.locked();
        known.report = Some(Report {
            generation: version.generation,
            hash: version.hash,
            loaded: version.loaded,
            attempted: now(),
            succeeded: self.succeeded,
            took,
            not_kept: self.not_kept.clone(),
            failure: self.failure.clone(),
            watching: self.loader.watcher.watching(),
            watcher_errors: 0,
            rescans: 0,
            alive: 0,
            oldest: None,
        });
    }

    fn wait_for_poll(&self) {
        if Mutant::WatchFiles.is_on() {
            return;
        }
        let usual = match self.loader.watcher.watching() {
            Watching::Events => SLOW_POLL,
            Watching::Poll(_) => FAST_POLL,
        };
        self.signals.poll_after(self.loader.options.poll.unwrap_or(usual));
    }

    /// A defect: each changed file is taken over by itself.
    fn one_by_one(&mut self, whole: &Snapshot) {
        let after = texts(whole);
        let changed: Vec<_> =
            after.iter().filter(|(name, text)| self.texts.get(*name) != Some(*text)).collect();
        if !Mutant::FileByFile.is_on() || changed.len() < 2 {
            return;
        }
        let mut mixed = self.texts.clone();
        for (name, text) in changed {
            mixed.insert(name.clone(), text.clone());
            let snapshot = whole.with_sources(&mixed);
            if let Ok(value) = self.loader.build(&snapshot) {
                self.publish(Candidate { value, snapshot });
            }
            self.signals.pause(self.loader.options.settle);
        }
    }
}

fn texts(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let texts = snapshot.sources().iter().map(|(_, file)| (file.name().to_owned(), file.text().to_owned()));
    texts.collect()
}

/// The wall clock, for display alone; before 1970 is 1970.
fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_epoch_milliseconds(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
