//! A run of the program, described step by step: what it is given, and what it must answer.

use super::PROGRAM;
use rustix::process::{Pid, Signal, kill_process};
use similar::TextDiff;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// A run that takes longer is ended.
const PATIENCE: Duration = Duration::from_mins(1);

/// A run of the program.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
    stdout: Option<String>,
    stderr: Option<String>,
    code: i32,
}

impl Run {
    /// A run in a folder, with an empty environment and without input.
    pub(super) fn new(folder: &Path) -> Self {
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder).env_clear().env("NO_COLOR", "1").stdin(Stdio::null());
        Self { command, input: Vec::new(), stdout: None, stderr: None, code: 0 }
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Removes a variable of the environment.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// What the program reads from its standard input.
    pub(crate) fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// What the program must write to its standard output.
    pub(crate) fn stdout(mut self, expected: impl Into<String>) -> Self {
        self.stdout = Some(expected.into());
        self
    }

    /// What the program must write to its standard error.
    pub(crate) fn stderr(mut self, expected: impl Into<String>) -> Self {
        self.stderr = Some(expected.into());
        self
    }

    /// The exit code with which it must end, which is 0 otherwise.
    pub(crate) fn code(mut self, expected: i32) -> Self {
        self.code = expected;
        self
    }

    /// The command, for a process that is not simply run to its end.
    pub(crate) fn command(self) -> Command {
        self.command
    }

    /// Runs the program to its end, and fails where it does not answer as expected.
    #[track_caller]
    pub(crate) fn run(self) -> Finished {
        let (stdout, stderr, code) = (self.stdout.clone(), self.stderr.clone(), self.code);
        let shown = format!("{:?}", self.command);
        let finished = self.finish();
        let differences = [
            stdout.and_then(|expected| difference("standard output", &expected, &finished.stdout)),
            stderr.and_then(|expected| difference("standard error", &expected, &finished.stderr)),
            (finished.code != Some(code)).then(|| {
                format!(
                    "exit code {:?}, expected {code}; it wrote\n{}{}",
                    finished.code, finished.stdout, finished.stderr
                )
            }),
        ];
        let differences: Vec<String> = differences.into_iter().flatten().collect();
        assert!(differences.is_empty(), "{shown}\n{}", differences.join("\n"));
        finished
    }

    /// Runs the program to its end, however it ends.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        if !self.input.is_empty() {
            self.command.stdin(Stdio::piped());
        }
        let mut child = self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(mut stdin) = child.stdin.take() {
            // A program that reads only part of its input closes the pipe.
            thread::spawn(move || stdin.write_all(&self.input));
        }
        let process = Pid::from_raw(child.id().cast_signed()).unwrap();
        let (ended, waits) = channel::<()>();
        thread::spawn(move || {
            if waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _ = kill_process(process, Signal::KILL);
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(ended);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let finished =
            Finished { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) };
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
        finished
    }
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    /// Its exit code, unless a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote to the standard output.
    pub(crate) stdout: String,
    /// What it wrote to the standard error.
    pub(crate) stderr: String,
}

fn difference(stream: &str, expected: &str, found: &str) -> Option<String> {
    let diff = TextDiff::from_lines(expected, found);
    (expected != found)
        .then(|| diff.unified_diff().context_radius(3).header(&format!("expected {stream}"), stream).to_string())
}

#[test]
#[should_panic(expected = "-pointsman 0.0.0")]
fn a_wrong_answer_is_shown_as_a_difference() {
    super::Folder::new().pointsman(["--version"]).stdout("pointsman 0.0.0\n").stderr("").run();
}

#[test]
#[should_panic(expected = "exit code Some(2), expected 0")]
fn a_wrong_exit_code_is_shown_with_what_was_written() {
    super::Folder::new().pointsman(["nonsense"]).run();
}
