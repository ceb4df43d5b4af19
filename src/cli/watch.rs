//! `pointsman watch`: checks and tests a rule set again after every save.
//!
//! The files are read as a gateway reads them: until two readings agree. Files that tests name are watched too.

use super::exit::Exit;
use super::rule_paths::RulePathArguments;
use super::terminal::Terminal;
use super::{check, clock};
use crate::diagnostic::{self, Diagnostic, visible_line};
use crate::reload::{LoadRejection, LoadStage, ReloadOptions, ReloadOutcome, Reloader, RuleSetVersion, Snapshot};
use crate::ruleset::{LoadedRules, ProofSummary, Proofs, RuleSet, SystemClock};
use crate::source::{Sources, Span};
use crate::suite::{self, TestFiles, TestReport, report};
use clap::Args;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Check and test a rule set, again after every save, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulePathArguments,
    /// Exit after this many rounds
    #[arg(long, hide = true, value_name = "COUNT")]
    rounds: Option<usize>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman watch                  the rules in this folder and below
  pointsman watch rules/arms       the rules below one folder

Every round shows the results of `check` and `test`, and how long each took. \
Tables, and payloads that tests name, are watched too.

Exit codes:
  3  a path could not be read at the start

Ctrl-C ends the program by a signal.";

/// Shorter than in a gateway, because a person waits for the result of a save.
const QUIET: Duration = Duration::from_millis(100);
/// The pause before rules that are not texts at the start are read again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// The results for one state of the files.
#[derive(Debug)]
struct WatchRound {
    loaded: LoadedRules,
    proofs: Option<ProofSummary>,
    checked: Duration,
    tests: Option<TimedReport>,
}

/// A test report, and how long the tests took.
#[derive(Debug)]
struct TimedReport {
    report: TestReport,
    duration: Duration,
}

/// A failure that was shown. A poll finds it again until the files change.
#[derive(Debug, PartialEq, Eq)]
struct ShownFailure {
    stage: LoadStage,
    message: String,
    /// The codes and the places of its findings.
    findings: Vec<(&'static str, Span)>,
}

impl From<&LoadRejection> for ShownFailure {
    fn from(rejection: &LoadRejection) -> Self {
        let findings = rejection.diagnostics.iter().map(|finding| (finding.code.id, finding.span)).collect();
        Self { stage: rejection.stage, message: rejection.message.clone(), findings }
    }
}

/// A message of the watching thread.
enum WatchMessage {
    Round(Arc<RuleSetVersion<WatchRound>>),
    Unchanged,
    Rejected(LoadRejection),
}

/// Checks and tests until the output is closed.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let (sender, messages) = channel();
    let reloader = start(arguments, &sender, terminal)?;
    follow(&messages, arguments.rounds.unwrap_or(usize::MAX), terminal);
    drop(reloader);
    Ok(Exit::Success)
}

/// Starts to watch, as soon as the rules are texts.
fn start(
    arguments: &Arguments,
    sender: &Sender<WatchMessage>,
    terminal: &mut Terminal,
) -> Result<Reloader<WatchRound>, Exit> {
    let options = ReloadOptions { roots: arguments.rules.roots(), quiet: QUIET, ..ReloadOptions::default() };
    let mut shown = None;
    loop {
        let sender = sender.clone();
        let tell = move |attempt: &ReloadOutcome<'_, WatchRound>| {
            let message = match attempt {
                ReloadOutcome::Published(version) => WatchMessage::Round(Arc::clone(version)),
                ReloadOutcome::Unchanged | ReloadOutcome::Restored => WatchMessage::Unchanged,
                ReloadOutcome::Rejected(rejection) | ReloadOutcome::RejectedAgain(rejection) => {
                    WatchMessage::Rejected((*rejection).clone())
                }
            };
            // The receiver is gone only when the program ends.
            let _ = sender.send(message);
        };
        let build = |snapshot: &Snapshot| Ok(round(snapshot));
        match Reloader::start(options.clone(), Arc::new(SystemClock), Box::new(build), Box::new(tell)) {
            Ok(reloader) => return Ok(reloader),
            Err(rejection) if rejection.diagnostics.is_empty() => {
                return Err(terminal.fail(&rejection.message));
            }
            Err(rejection) => {
                let failure = Some(ShownFailure::from(&rejection));
                if shown != failure {
                    show_rejection(&rejection, terminal);
                    shown = failure;
                }
                if terminal.out.is_closed() {
                    return Err(Exit::Success);
                }
                thread::sleep(RETRY_PAUSE);
            }
        }
    }
}

/// Checks the rules, and runs their tests if they contain no error.
fn round(snapshot: &Snapshot) -> WatchRound {
    let began = Instant::now();
    let read = |path: &Path| snapshot.read(path);
    let mut loaded = RuleSet::from_sources(snapshot.sources().clone(), &read, Some(clock::at(None)));
    if let Some(rules) = &loaded.rules {
        loaded.diagnostics.extend(rules.check_parameters());
    }
    let known = |rules| Proofs::knowing(suite::known_events(rules, &RecordingFiles(snapshot)));
    let proofs = loaded.rules.as_ref().map(known).and_then(|mut known| loaded.prove_with(&mut known));
    let checked = began.elapsed();
    let began = Instant::now();
    let test = |rules| suite::run(rules, &suite::TestOptions::default(), &mut RecordingFiles(snapshot));
    let tests = loaded.rules.as_ref().map(test);
    let tests = tests.map(|report| TimedReport { report, duration: began.elapsed() });
    WatchRound { loaded, proofs, checked, tests }
}

/// Reads the files of tests through the snapshot, which then watches them.
struct RecordingFiles<'s>(&'s Snapshot);

impl TestFiles for RecordingFiles<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.read_sample(path)
    }

    fn write(&mut self, _path: &Path, _bytes: &[u8]) -> Result<(), String> {
        Err("`watch` does not write files".to_owned())
    }
}

fn follow(messages: &Receiver<WatchMessage>, rounds: usize, terminal: &mut Terminal) {
    let mut rejected = None;
    let mut shown = 0;
    while shown < rounds && !terminal.out.is_closed() {
        let Ok(message) = messages.recv() else { return };
        match message {
            WatchMessage::Round(version) => {
                show(&version, terminal);
                rejected = None;
            }
            WatchMessage::Unchanged if rejected.is_none() => continue,
            WatchMessage::Unchanged => {
                terminal.out.print("the files are the same as before\n");
                rejected = None;
            }
            WatchMessage::Rejected(rejection) => {
                let failure = Some(ShownFailure::from(&rejection));
                if rejected == failure {
                    continue;
                }
                show_rejection(&rejection, terminal);
                rejected = failure;
            }
        }
        shown += 1;
        // The stream remembers its error, and the loop ends.
        let _ = terminal.out.flush();
    }
}

fn show(version: &RuleSetVersion<WatchRound>, terminal: &mut Terminal) {
    let WatchRound { loaded, proofs, checked, tests } = &version.value;
    show_diagnostics(&loaded.diagnostics, &loaded.sources, terminal);
    let mut line = format!(
        "generation {}: {} in {}",
        version.generation,
        check::summary(loaded, proofs.as_ref()).trim_end(),
        shown(*checked)
    );
    let mut fine = loaded.rules.is_some();
    if let Some(TimedReport { report, duration }) = tests {
        let (passed, failed) = (report.passed(), report.failed());
        if failed > 0 {
            terminal.out.print_styled(&report::text::render(report));
            fine = false;
        }
        // Writing to a string does not fail.
        let _ = write!(line, "; tests: {passed} passed, {failed} failed in {}", shown(*duration));
    }
    line += if fine { "\n" } else { "; still watching\n" };
    terminal.out.print(&line);
}

fn show_rejection(rejection: &LoadRejection, terminal: &mut Terminal) {
    show_diagnostics(&rejection.diagnostics, &rejection.sources, terminal);
    terminal.out.print(&format!("{}; still watching\n", visible_line(&rejection.message)));
    // The stream remembers its error.
    let _ = terminal.out.flush();
}

fn show_diagnostics(diagnostics: &[Diagnostic], sources: &Sources, terminal: &mut Terminal) {
    let text = diagnostic::render(terminal.out.human_format(), diagnostics, sources);
    terminal.out.print(&text);
}

fn shown(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::ShownFailure;
    use crate::reload::{LoadRejection, LoadStage};
    use crate::ruleset::source_text::add_rule_file;
    use crate::source::Sources;
    use std::path::Path;

    fn failure(bytes: &[u8]) -> ShownFailure {
        let mut sources = Sources::default();
        let finding = add_rule_file(&mut sources, Path::new("a.rules"), Ok(bytes.to_vec())).expect("it is not UTF-8");
        let message = finding.message.clone();
        ShownFailure::from(&LoadRejection { stage: LoadStage::Read, message, diagnostics: vec![finding], sources })
    }

    #[test]
    fn a_failure_that_moved_is_another_one() {
        assert_eq!(failure(b"edition 1\n\xff"), failure(b"edition 1\n\xff"));
        assert_eq!(failure(b"\xff").message, failure(b"edition 1\n\xff").message);
        assert_ne!(failure(b"\xff"), failure(b"edition 1\n\xff"));
    }
}
