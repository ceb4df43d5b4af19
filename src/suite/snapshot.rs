//! Snapshots: every outcome of a payload exactly, one line each.

use super::SnapshotMode;
use super::case_run::CaseRun;
use super::expectation::{ExpectationChecker, ExpectationResult};
use super::failure::TestFailure;
use super::observed_outcome::numbered_list;
use super::test_files::TestFiles;
use crate::check::stays_below;
use crate::syntax::tree::StringLiteral;
use serde_json::Value;

/// The result of a comparison that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SnapshotComparison {
    /// The snapshot matches.
    Same,
    /// The snapshot was written.
    Written,
}

/// Compares the outcomes with a snapshot.
pub(super) fn compare(
    checker: &ExpectationChecker,
    file: &StringLiteral,
    mode: SnapshotMode,
    files: &mut dyn TestFiles,
) -> Result<SnapshotComparison, Box<TestFailure>> {
    let path = checker.case_runner.plan.test.folder.join(&*file.value);
    let actual = lines(checker.run, checker.outcome);
    let stored = files.read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if stored.as_ref().is_ok_and(|stored| equal(stored, &actual)) {
        return Ok(SnapshotComparison::Same);
    }
    if mode == SnapshotMode::Write {
        if !stays_below(&file.value) {
            let failure =
                checker.failure(format!("`{}` is outside the folder of this test, so it is not written", file.value));
            return Err(Box::new(
                failure.help("name a file beside the rules: `expect snapshot \"samples/push.expected.json\"`"),
            ));
        }
        let unwritable = |reason| checker.failure(format!("cannot write `{}`: {reason}", file.value));
        return files
            .write(&path, actual.as_bytes())
            .map(|()| SnapshotComparison::Written)
            .map_err(|reason| Box::new(unwritable(reason)));
    }
    mismatch(checker, file, stored, &actual).map(|()| SnapshotComparison::Same)
}

fn mismatch(
    checker: &ExpectationChecker,
    file: &StringLiteral,
    stored: Result<String, String>,
    actual: &str,
) -> ExpectationResult {
    let help = "if the outcomes are right, write the snapshot with `pointsman test --update`";
    let failure = match stored {
        Err(reason) => {
            let failure = checker.failure(format!("cannot read the snapshot `{}`: {reason}", file.value));
            failure.actual(numbered_list(&checker.run.outcomes))
        }
        Ok(stored) => {
            let failure = checker.failure(format!("the outcomes differ from the snapshot `{}`", file.value));
            failure.diff_lines(&pretty(&stored), &pretty(actual))
        }
    };
    Err(Box::new(failure.help(help)))
}

/// Ignores differences of line ends, and empty lines at the end.
fn equal(stored: &str, actual: &str) -> bool {
    stored.trim_end().lines().eq(actual.trim_end().lines())
}

/// One line per outcome.
fn lines(run: &CaseRun, outcome: Option<usize>) -> String {
    let chosen = run.outcomes.iter().enumerate().filter(|(at, _)| outcome.is_none_or(|number| number == *at));
    chosen.flat_map(|(_, one)| [one.snapshot_line.as_str(), "\n"]).collect()
}

/// One line per member, so that a diff shows the members that differ.
fn pretty(lines: &str) -> String {
    let line = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => line.to_owned(),
    };
    lines.lines().map(line).collect::<Vec<_>>().join("\n")
}
