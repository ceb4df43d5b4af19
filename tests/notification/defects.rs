//! The laws are such that they find defects: each one that is built in on purpose fails at least one of them.

use std::process::{Command, Stdio};

/// The letters of the defects of the state machine in `src/mutant.rs`.
const DEFECTS: &[&str] = &["h", "i", "j", "k", "l", "m", "n"];

#[test]
fn each_defect_fails_a_law() {
    let laws = |defect: Option<&str>| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["notification::laws", "notification::hold_laws", "notification::heartbeats", "--test-threads=2"])
            .env("NOTIFICATION_CASES", "300");
        command.envs(defect.map(|letter| ("POINTSMAN_MUTANT", letter)));
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (is_kept, report) = laws(None);
    assert!(is_kept && report.contains("test notification::laws::ends ... ok"), "{report}");
    for defect in DEFECTS {
        let (is_kept, report) = laws(Some(defect));
        assert!(!is_kept && report.contains("FAILED"), "defect {defect} was not found: {report}");
    }
}
