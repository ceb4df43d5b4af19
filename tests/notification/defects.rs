//! The laws are such that they find defects: each one that is built in on purpose fails at least one of them.

use std::process::{Command, Stdio};

/// The laws of the state machine, and those of the journal that keeps its records.
const LAWS: &[&str] = &["notification::laws", "notification::hold_laws", "notification::heartbeats"];
const JOURNAL: &[&str] = &["journal::notification"];

/// Defects of `src/mutant.rs` by their letters, and the laws that find them.
const DEFECTS: &[(&str, &[&str])] = &[
    ("h", LAWS),
    ("i", LAWS),
    ("j", LAWS),
    ("k", LAWS),
    ("l", LAWS),
    ("m", LAWS),
    ("n", LAWS),
    ("o", JOURNAL),
    ("p", JOURNAL),
    ("q", LAWS),
];

/// Whether these laws are kept, and what was reported.
fn laws(laws: &[&str], defect: Option<&str>) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(laws).arg("--test-threads=2").env("NOTIFICATION_CASES", "300");
    command.envs(defect.map(|letter| ("POINTSMAN_MUTANT", letter)));
    let output = command.stdin(Stdio::null()).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn each_defect_fails_a_law() {
    let (is_kept, report) = laws(&[LAWS, JOURNAL].concat(), None);
    assert!(is_kept && report.contains("test notification::laws::ends ... ok"), "{report}");
    assert!(report.contains("messages_are_those_of_the_state_machine"), "{report}");
    for (defect, names) in DEFECTS {
        let (is_kept, report) = laws(names, Some(defect));
        assert!(!is_kept && report.contains("FAILED"), "defect {defect} was not found: {report}");
    }
}
