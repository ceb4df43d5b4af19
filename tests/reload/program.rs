//! `pointsman watch` as people start it.

use super::Folder;
use crate::common::Run;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

const RULES: &str = r#"edition 1
mapping m {
  severity = Warning
  status   = Firing
  title    = $.title ?? "none"
  key      = "k"
}
test "the title" {
  mapping m
  input file "sample.json"
  expect { title: "disk full" }
}
"#;

fn watch(folder: &Folder, arguments: &[&str]) -> Run {
    folder.0.pointsman_in("rules", ["watch"]).args(arguments)
}

/// The program at work; the watchdog of a test that hangs is that of whoever runs the tests.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut child = watch(folder, arguments).command().stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What is written up to a line that holds these words.
    fn until(&mut self, words: &str) -> String {
        let mut text = String::new();
        for line in &mut self.lines {
            text += &(line.unwrap() + "\n");
            if text.lines().last().is_some_and(|line| line.contains(words)) {
                return text;
            }
        }
        panic!("no line holds {words:?}:\n{text}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_save_is_checked_and_tested() {
    let folder = Folder::with(RULES);
    folder.write("rules/sample.json", r#"{"title": "disk full"}"#);
    let mut program = Program::start(&folder, &[]);
    let text = program.until("generation 1: ");
    assert!(text.contains("checked 1 file: 1 mapping, 0 routes, 1 test, "), "{text}");
    assert!(text.contains("; tests: 1 passed, 0 failed in "), "{text}");
    assert!(text.trim_end().ends_with(" ms"), "{text}");

    folder.write("rules/r.rules", &RULES.replace("Firing", "Burning"));
    let text = program.until("generation 2: ");
    assert!(text.contains("Burning") && text.contains("error[") && text.contains("--> r.rules:4"), "{text}");
    assert!(text.trim_end().ends_with("; still watching"), "{text}");

    folder.write("rules/r.rules", RULES);
    program.until("generation 3: ");

    // What a test names is watched, too.
    folder.write("rules/sample.json", r#"{"title": "disk empty"}"#);
    let text = program.until("generation 4: ");
    assert!(text.contains("disk empty") && text.contains("0 passed, 1 failed"), "{text}");
    assert!(text.trim_end().ends_with("; still watching"), "{text}");

    std::fs::remove_file(folder.path("rules/r.rules")).unwrap();
    program.until("no rule file below `.`: rule files end in `.rules`; still watching");
}

#[test]
fn rules_that_are_no_text_are_waited_for() {
    let folder = Folder::new();
    std::fs::write(folder.path("rules/r.rules"), b"\xff").unwrap();
    let mut program = Program::start(&folder, &["--rounds", "1"]);
    program.until("is not UTF-8: byte 0xFF stands here; still watching");
    folder.write("rules/sample.json", r#"{"title": "disk full"}"#);
    folder.write("rules/r.rules", RULES);
    program.until("generation 1: ");
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_path_that_is_not_there_ends_it() {
    let folder = Folder::new();
    let told = watch(&folder, &["missing"]).code(3).run().stderr;
    assert!(told.starts_with("error: cannot read `missing`: "), "{told}");
}
