//! Snapshots: every outcome of a payload exactly, one line each.

use super::case_run::CaseRun;
use super::expectation::{ExpectationChecker, ExpectationResult};
use super::failure::TestFailure;
use super::observed_outcome::numbered_list;
use super::test_files::TestFiles;
use crate::check::stays_below;
use crate::syntax::tree::StringLiteral;
use serde_json::Value;

/// What became of a snapshot.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SnapshotComparison {
    /// It was right.
    Same,
    /// It was written anew.
    Written,
}

/// Compares the outcomes with a snapshot; with `update`, writes it where it differs.
pub(super) fn compare(
    judge: &ExpectationChecker,
    file: &StringLiteral,
    update: bool,
    files: &mut dyn TestFiles,
) -> Result<SnapshotComparison, Box<TestFailure>> {
    let path = judge.case_runner.plan.test.folder.join(&*file.value);
    let actual = lines(judge.run, judge.outcome);
    let stored = files.read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if stored.as_ref().is_ok_and(|stored| equal(stored, &actual)) {
        return Ok(SnapshotComparison::Same);
    }
    if update {
        if !stays_below(&file.value) {
            let failure = judge.failure(format!(
                "`{}` lies outside the folder of this test, so it is not written",
                file.value
            ));
            return Err(Box::new(
                failure
                    .help("name a file beside the rules: `expect snapshot \"samples/push.expected.json\"`"),
            ));
        }
        let unwritten = |reason| judge.failure(format!("cannot write `{}`: {reason}", file.value));
        return files
            .write(&path, actual.as_bytes())
            .map(|()| SnapshotComparison::Written)
            .map_err(|why| Box::new(unwritten(why)));
    }
    mismatch(judge, file, stored, &actual).map(|()| SnapshotComparison::Same)
}

fn mismatch(
    judge: &ExpectationChecker,
    file: &StringLiteral,
    stored: Result<String, String>,
    actual: &str,
) -> ExpectationResult {
    let help = "if the outcomes are right, write the snapshot with `pointsman test --update`";
    let failure = match stored {
        Err(reason) => {
            let failure = judge.failure(format!("cannot read the snapshot `{}`: {reason}", file.value));
            failure.actual(numbered_list(&judge.run.outcomes))
        }
        Ok(stored) => {
            let failure = judge.failure(format!("the outcomes differ from the snapshot `{}`", file.value));
            failure.diff_lines(&pretty(&stored), &pretty(actual))
        }
    };
    Err(Box::new(failure.help(help)))
}

/// Line ends and a last empty line do not count.
fn equal(stored: &str, actual: &str) -> bool {
    stored.trim_end().lines().eq(actual.trim_end().lines())
}

/// A line an outcome.
fn lines(attempt: &CaseRun, outcome: Option<usize>) -> String {
    let chosen =
        attempt.outcomes.iter().enumerate().filter(|(at, _)| outcome.is_none_or(|number| number == *at));
    chosen.flat_map(|(_, one)| [one.snapshot_line.as_str(), "\n"]).collect()
}

/// A line a member, so that a diff shows the member that differs.
fn pretty(lines: &str) -> String {
    let line = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => line.to_owned(),
    };
    lines.lines().map(line).collect::<Vec<_>>().join("\n")
}
