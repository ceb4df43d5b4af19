//! `pointsman watch`: checks and tests a rule set again whenever it is saved.
//!
//! The files are read as a gateway reads them: twice, until they hold still. What tests name is part of what is watched.

use super::exit::Exit;
use super::terminal::Terminal;
use super::{check, clock};
use crate::diagnostic::{self, Diagnostic, DiagnosticFormat};
use crate::reload::{LoadRejection, ReloadOptions, ReloadOutcome, Reloader, RuleSetVersion, Snapshot};
use crate::ruleset::{LoadedRules, RuleSet};
use crate::source::Sources;
use crate::suite::{self, TestFiles, TestReport, report};
use clap::Args;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Checks and tests a rule set, again after every save, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Rule files, and folders that are searched for `*.rules`; all of them together are one rule set
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// End after so many rounds
    #[arg(long, hide = true, value_name = "COUNT")]
    rounds: Option<usize>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman watch                  the rules in this folder and below
  pointsman watch rules/arms       one rule set of several

Every round shows what `check` and `test` would, and how long each took. Tables, and payloads that
tests name, are watched too.

Exit codes: 3 a path could not be read at the start; Ctrl-C ends the program as a signal does";

/// A short pause suits a person who has just saved.
const QUIET: Duration = Duration::from_millis(100);
/// How often rules that are no text at the start are looked at again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// What came of one state of the files.
#[derive(Debug)]
struct WatchRound {
    loaded: LoadedRules,
    checked: Duration,
    tests: Option<(TestReport, Duration)>,
}

/// What the watching thread says.
enum WatchMessage {
    Round(Arc<RuleSetVersion<WatchRound>>),
    Unchanged,
    Rejected(LoadRejection),
}

/// Checks and tests until nobody reads any more.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    let (sender, messages) = channel();
    let reloader = match start(arguments, &sender, terminal) {
        Ok(reloader) => reloader,
        Err(exit) => return exit,
    };
    follow(&messages, arguments.rounds.unwrap_or(usize::MAX), terminal);
    drop(reloader);
    Exit::Success
}

/// Starts, as soon as the rules are texts.
fn start(
    arguments: &Arguments,
    sender: &Sender<WatchMessage>,
    terminal: &mut Terminal,
) -> Result<Reloader<WatchRound>, Exit> {
    let options = ReloadOptions { roots: arguments.paths.clone(), quiet: QUIET, ..ReloadOptions::default() };
    let mut shown = String::new();
    loop {
        let sender = sender.clone();
        let tell = move |attempt: &ReloadOutcome<'_, WatchRound>| {
            let message = match attempt {
                ReloadOutcome::Published(version) => WatchMessage::Round(Arc::clone(version)),
                ReloadOutcome::Unchanged => WatchMessage::Unchanged,
                ReloadOutcome::Rejected(rejection) => WatchMessage::Rejected((*rejection).clone()),
            };
            // Whoever listened has ended, and the program with it.
            let _ = sender.send(message);
        };
        let build = |snapshot: &Snapshot| Ok(round(snapshot));
        match Reloader::start(options.clone(), Box::new(build), Box::new(tell)) {
            Ok(reloader) => return Ok(reloader),
            Err(rejection) if rejection.diagnostics.is_empty() => {
                terminal.error(&rejection.message);
                return Err(Exit::Failed);
            }
            Err(rejection) => {
                if shown != rejection.message {
                    show_rejection(&rejection, terminal);
                    shown.clone_from(&rejection.message);
                }
                if terminal.out.is_closed() {
                    return Err(Exit::Success);
                }
                thread::sleep(RETRY_PAUSE);
            }
        }
    }
}

/// Checks, and tests what can be tested.
fn round(snapshot: &Snapshot) -> WatchRound {
    let began = Instant::now();
    let read = |path: &Path| snapshot.read(path);
    let mut loaded = RuleSet::from_sources(snapshot.sources().clone(), &read, Some(clock::at(None)));
    if let Some(rules) = &loaded.rules {
        loaded.diagnostics.extend(rules.check_parameters());
    }
    let checked = began.elapsed();
    let began = Instant::now();
    let test = |rules| suite::run(rules, &suite::TestOptions::default(), &mut RecordingFiles(snapshot));
    let tests = loaded.rules.as_ref().map(test).map(|report| (report, began.elapsed()));
    WatchRound { loaded, checked, tests }
}

/// The files of tests, by which the snapshot learns what to watch.
struct RecordingFiles<'s>(&'s Snapshot);

impl TestFiles for RecordingFiles<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.read_sample(path)
    }

    fn write(&mut self, _path: &Path, _bytes: &[u8]) -> Result<(), String> {
        Err("watching writes nothing".to_owned())
    }
}

fn follow(messages: &Receiver<WatchMessage>, rounds: usize, terminal: &mut Terminal) {
    let mut rejected = String::new();
    let mut shown = 0;
    while shown < rounds && !terminal.out.is_closed() {
        let Ok(message) = messages.recv() else { return };
        match message {
            WatchMessage::Round(version) => {
                show(&version, terminal);
                rejected.clear();
            }
            WatchMessage::Unchanged if rejected.is_empty() => continue,
            WatchMessage::Unchanged => {
                terminal.out.print("the files are as they were before\n");
                rejected.clear();
            }
            // A poll may find the same again.
            WatchMessage::Rejected(rejection) if rejection.message == rejected => continue,
            WatchMessage::Rejected(rejection) => {
                show_rejection(&rejection, terminal);
                rejected = rejection.message;
            }
        }
        shown += 1;
        // The stream remembers its error, and the loop ends.
        let _ = terminal.out.flush();
    }
}

fn show(version: &RuleSetVersion<WatchRound>, terminal: &mut Terminal) {
    let WatchRound { loaded, checked, tests } = &version.value;
    show_diagnostics(&loaded.diagnostics, &loaded.sources, terminal);
    let mut line = format!(
        "generation {}: {} in {}",
        version.generation,
        check::summary(loaded).trim_end(),
        shown(*checked)
    );
    let mut fine = loaded.rules.is_some();
    if let Some((report, took)) = tests {
        let (passed, failed) = (report.passed(), report.failed());
        if failed > 0 {
            let text = report::text::render(report);
            let plain = || anstream::adapter::strip_str(&text).to_string();
            let text = if terminal.out.color() { text.clone() } else { plain() };
            terminal.out.print(&text);
            fine = false;
        }
        // Writing to a string does not fail.
        let _ = write!(line, "; tests: {passed} passed, {failed} failed in {}", shown(*took));
    }
    line += if fine { "\n" } else { "; still watching\n" };
    terminal.out.print(&line);
}

fn show_rejection(rejection: &LoadRejection, terminal: &mut Terminal) {
    show_diagnostics(&rejection.diagnostics, &rejection.sources, terminal);
    terminal.out.print(&format!("{}; still watching\n", visible(&rejection.message)));
    // The stream remembers its error.
    let _ = terminal.out.flush();
}

fn show_diagnostics(diagnostics: &[Diagnostic], sources: &Sources, terminal: &mut Terminal) {
    let text = diagnostic::render(DiagnosticFormat::Human, terminal.out.color(), diagnostics, sources);
    terminal.out.print(&text);
}

/// File names are a user's text: escape sequences in them are shown, not sent.
fn visible(text: &str) -> String {
    let escaped = |character: char| {
        if character.is_control() { character.escape_default().to_string() } else { character.to_string() }
    };
    text.chars().map(escaped).collect()
}

fn shown(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}
