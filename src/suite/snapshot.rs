//! Snapshots: every outcome of a payload, exactly, one JSON object a line in the form of `run`.
//!
//! Places within a snapshot are relative to the test's folder, so that it reads the same from wherever the tests are
//! started.

use super::case_run::CaseRun;
use super::expectation::{ExpectationChecker, ExpectationResult};
use super::failure::TestFailure;
use super::files::TestFiles;
use super::observed_outcome::numbered_list;
use crate::check::stays_below;
use crate::event::{Outcome, OutcomeKind as Came, RuleReason};
use crate::json::{Arena, ToJson};
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

/// The line of an outcome, its places as seen from the folder.
pub(super) fn snapshot_line(outcome: &Outcome<'_>, folder: &str) -> String {
    let arena = Arena::new();
    let seen = |at: &str| arena.text(&relative(at, folder));
    let mut outcome = outcome.clone();
    match &mut outcome.kind {
        Came::Routed(_, decision) => {
            let reasons = decision.reasons.iter().map(|reason| RuleReason { at: seen(reason.at), ..*reason });
            decision.reasons = arena.collect(reasons);
        }
        Came::Dropped(reason) => reason.at = seen(reason.at),
        Came::Unaccepted(refusals) => {
            for refusal in refusals {
                refusal.at = seen(refusal.at);
            }
        }
        Came::Event(_) | Came::Empty | Came::Invalid { .. } => {}
    }
    outcome.to_json()
}

/// `path` as seen from `folder`.
fn relative(path: &str, folder: &str) -> String {
    let folders: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let shared = folders.iter().zip(&parts).take_while(|(left, right)| left == right).count();
    let up = std::iter::repeat_n("..", folders.len() - shared);
    up.chain(parts.into_iter().skip(shared)).collect::<Vec<_>>().join("/")
}

/// A line a member, so that a diff shows the member that differs.
fn pretty(lines: &str) -> String {
    let line = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => line.to_owned(),
    };
    lines.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn places_are_seen_from_the_folder_of_the_test() {
        assert_eq!(relative("rules/arms/arms.rules:3", "rules/arms"), "arms.rules:3");
        assert_eq!(relative("rules/main.rules:3", "rules/arms"), "../main.rules:3");
        assert_eq!(relative("main.rules:3", ""), "main.rules:3");
    }
}
