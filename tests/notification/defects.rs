//! The laws are such that they find defects: each one that is built in on purpose fails at least one of them.

use std::process::{Command, Stdio};

/// Defects of `src/mutant.rs` by their letters, and the laws that find them: those of the state machine, and of the journal that
/// keeps its records.
const DEFECTS: &[(&str, &str)] = &[
    ("h", "notification::laws::convergence"),
    ("i", "notification::laws::ends"),
    ("j", "notification::laws::urgency"),
    ("k", "notification::laws::mutes"),
    ("l", "notification::hold_laws::mutes_law"),
    ("m", "notification::hold_laws::mutes_law"),
    ("n", "notification::heartbeats::a_sender_is_absent"),
    ("o", "journal::notification::in_sqlite"),
    ("p", "journal::notification::in_sqlite"),
    ("q", "notification::laws::ends"),
];

/// How many cases of a law find most defects, and how many find one that those missed by chance: fewer than a law is run with by hand.
const CASES: [u32; 2] = [300, 3_000];

/// Whether these laws are kept in so many random cases, and what was reported.
fn are_kept(laws: &[&str], defect: Option<&str>, cases: u32) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(laws).arg("--test-threads=2").env("NOTIFICATION_CASES", cases.to_string());
    command.envs(defect.map(|letter| ("POINTSMAN_MUTANT", letter)));
    let output = command.stdin(Stdio::null()).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn each_defect_fails_a_law() {
    let laws: Vec<&str> = DEFECTS.iter().map(|(_, law)| *law).collect();
    let (is_kept, report) = are_kept(&laws, None, CASES[0]);
    assert!(is_kept && report.contains("test notification::laws::ends ... ok"), "{report}");
    for (defect, law) in DEFECTS {
        let mut reports = CASES.map(|cases| move || are_kept(&[law], Some(defect), cases)).into_iter();
        let is_found = reports.any(|report| matches!(report(), (false, report) if report.contains("FAILED")));
        assert!(is_found, "defect {defect} was not found");
    }
}
