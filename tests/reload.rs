//! Rule files that change while they are served: what editors, configuration maps, links and accidents do to a real
//! folder, and what must be in force after it.
//!
//! Unless a test says otherwise the poll is a minute away, so that what takes effect was noticed by events.

mod content;
mod editors;
mod folders;
mod links;
mod program;
mod unchanged;
mod waiting;

use crate::common;
use pointsman::reload::{
    LoadRejection, LoadStage, ReloadOptions, ReloadOutcome, ReloadReport, Reloader, Snapshot, WatchMethod, WatchMode,
};
use pointsman::ruleset::SystemClock;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const WATCHDOG: Duration = Duration::from_secs(30);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A folder whose rules lie in `rules` below it.
struct Folder(common::Folder);

impl Folder {
    fn new() -> Self {
        let folder = common::Folder::new();
        fs::create_dir(folder.join("rules")).unwrap();
        Self(folder)
    }

    /// With one rule file.
    fn with(text: &str) -> Self {
        Self(common::Folder::new().file("rules/r.rules", text))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        self.0.write(name, text);
    }

    fn options(&self) -> ReloadOptions {
        ReloadOptions {
            roots: vec![self.path("rules")],
            poll: Some(Duration::from_mins(1)),
            quiet: ms(40),
            settle: ms(30),
            ..ReloadOptions::default()
        }
    }

    /// By the poll alone.
    fn polled(&self) -> ReloadOptions {
        ReloadOptions { watch_method: WatchMethod::Poll, poll: Some(ms(60)), ..self.options() }
    }
}

/// The texts of all files, one after the other; a text with `BROKEN` is refused, one with `FOUNDER` panics, `table NAME` and `secret NAME` are read.
fn join(snapshot: &Snapshot) -> Result<String, LoadRejection> {
    let refuse = |message: String| LoadRejection {
        stage: LoadStage::Check,
        message,
        diagnostics: Vec::new(),
        sources: snapshot.sources().clone(),
    };
    let mut whole = String::new();
    for (_, file) in snapshot.sources().iter() {
        whole.push_str(file.text());
        let folder = Path::new(file.name()).parent().unwrap();
        for line in file.text().lines() {
            if let Some(name) = line.strip_prefix("table ") {
                whole.push_str(&snapshot.read(&folder.join(name)).map_err(refuse)?);
            } else if let Some(name) = line.strip_prefix("secret ") {
                whole.push_str(
                    &snapshot
                        .read_secret(&folder.join(name))
                        .map_err(|error| refuse(format!("{}; {}", error.reason, error.fix.unwrap_or_default())))?,
                );
            }
        }
    }
    assert!(!whole.contains("FOUNDER"), "a build that founders");
    if whole.contains("BROKEN") { Err(refuse("it is broken".to_owned())) } else { Ok(whole) }
}

/// A reloader under test.
struct Subject {
    reloader: Reloader<String>,
    builds: Arc<AtomicUsize>,
    outcomes: Arc<Mutex<Vec<&'static str>>>,
}

impl Subject {
    fn start(options: ReloadOptions) -> Self {
        Self::try_start(options).unwrap()
    }

    fn try_start(options: ReloadOptions) -> Result<Self, LoadRejection> {
        let (builds, outcomes) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, told) = (Arc::clone(&builds), Arc::clone(&outcomes));
        let build = Box::new(move |snapshot: &Snapshot| {
            counted.fetch_add(1, Ordering::SeqCst);
            join(snapshot)
        });
        let tell = Box::new(move |outcome: &ReloadOutcome<'_, String>| {
            told.lock().unwrap().push(match outcome {
                ReloadOutcome::Published(_) => "published",
                ReloadOutcome::Unchanged => "unchanged",
                ReloadOutcome::Restored => "restored",
                ReloadOutcome::Rejected(_) => "rejected",
                ReloadOutcome::RejectedAgain(_) => "rejected again",
            });
        });
        let reloader = Reloader::start(options, Arc::new(SystemClock), build, tell)?;
        let subject = Self { reloader, builds, outcomes };
        // The watches of the first load are new, and so followed by one more.
        subject.reloader.reload().ok();
        Ok(subject)
    }

    fn text(&self) -> String {
        self.reloader.current().value.clone()
    }

    fn builds(&self) -> usize {
        self.builds.load(Ordering::SeqCst)
    }

    /// The outcomes that were told so far, without those of requests that found nothing new.
    fn outcomes(&self) -> Vec<&'static str> {
        let told = self.outcomes.lock().unwrap();
        told.iter().copied().filter(|outcome| *outcome != "unchanged").collect()
    }

    fn generation(&self) -> u64 {
        self.reloader.current().generation
    }

    fn report(&self) -> ReloadReport {
        self.reloader.report().unwrap()
    }

    #[track_caller]
    fn until(&self, what: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !what(self) {
            assert!(
                began.elapsed() < WATCHDOG,
                "in force: {:?}; {:?}",
                self.text().chars().take(200).collect::<String>(),
                self.report()
            );
            std::thread::sleep(ms(5));
        }
    }

    #[track_caller]
    fn holds(&self, text: &str) {
        self.until(|subject| subject.text() == text);
    }

    #[track_caller]
    fn refuses(&self, words: &str) {
        self.until(|subject| subject.report().failure.is_some_and(|failure| failure.message.contains(words)));
    }

    #[track_caller]
    fn recovers(&self) {
        self.until(|subject| subject.report().failure.is_none());
    }
}

#[test]
fn this_machine_watches_by_events() {
    let folder = Folder::with("one");
    assert_eq!(Subject::start(folder.options()).report().watching, WatchMode::Events);
    let polled = Subject::start(folder.polled()).report().watching;
    assert_eq!(polled, WatchMode::Poll("it was requested".to_owned()));
}
