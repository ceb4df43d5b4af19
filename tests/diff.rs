//! Differences of rule sets. A case is a folder of `cases/diff` with `old.rules` and `new.rules`, or with the folders
//! `old` and `new`.

use crate::common::Folder;
use expect_test::expect_file;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/diff");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 12, "cases are not found");
    cases
}

/// The names of the old and the new rules of a case, which are copied.
fn copied(case: &Path, folder: &Folder) -> [&'static str; 2] {
    if case.join("old.rules").exists() {
        for name in ["old.rules", "new.rules"] {
            folder.write(name, fs::read(case.join(name)).unwrap());
        }
        return ["old.rules", "new.rules"];
    }
    for side in ["old", "new"] {
        for file in fs::read_dir(case.join(side)).unwrap().map(|entry| entry.unwrap().path()) {
            folder.write(&format!("{side}/{}", file.file_name().unwrap().to_str().unwrap()), fs::read(&file).unwrap());
        }
    }
    ["old", "new"]
}

#[test]
fn differences_have_the_expected_reports() {
    for case in cases() {
        let folder = Folder::new();
        let names = copied(&case, &folder);
        let diff = |words: &[&str]| folder.pointsman(["diff"]).args(names).args(words).stderr("").run().stdout;
        expect_file![case.join("report.txt")].assert_eq(&diff(&[]));
        expect_file![case.join("report.md")].assert_eq(&diff(&["--format", "markdown"]));
        let json: Value = serde_json::from_str(&diff(&["--format", "json"])).unwrap();
        let changes = json["edits"].as_array().unwrap().iter().any(|edit| edit["changes"] != Value::Array(Vec::new()));
        assert_eq!(json["routing"] == "different", changes, "{}", case.display());
    }
}

#[test]
fn rules_do_not_differ_from_themselves() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    let shown = Folder::new().pointsman(["diff", rules, rules, "--fail-on", "any,undecided"]).stderr("").run().stdout;
    assert_eq!(shown, "0 edited lines: every event that enters a routing goes to the same channels, which is proven\n");
}

#[test]
fn equivalent_rules_are_proven_equal() {
    for case in ["equivalent", "match", "same"] {
        let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/diff").join(case);
        let folder = Folder::new();
        let names = copied(&case, &folder);
        let shown = folder.pointsman(["diff"]).args(names).args(["--format", "json"]).run().stdout;
        let json: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(json["routing"], "equal", "{}: {shown}", case.display());
    }
}

const OLD: &str = "edition 1\nchannel page = stdout()\nchannel chat = stdout()\nrouting main {\n  \
                   route page when severity == Critical => page\n  else => chat\n}\n";

#[test]
fn failures_are_asked_for() {
    let folder = Folder::new().file("old.rules", OLD).file("new.rules", OLD.replace("=> page", "=> chat"));
    let diff = |old: &str, new: &str, what: &str, code: i32| {
        folder.pointsman(["diff", old, new, "--fail-on", what]).code(code).run().stderr
    };
    assert_eq!(
        diff("old.rules", "new.rules", "lost-critical,undecided,lost", 1),
        "error: `--fail-on lost-critical`: a channel loses Critical events, or may lose some\n\
         error: `--fail-on lost`: a channel loses events, or may lose some\n"
    );
    for what in ["any", "lost", "lost-critical", "undecided,lost"] {
        diff("old.rules", "new.rules", what, 1);
        diff("old.rules", "old.rules", what, 0);
    }
    diff("old.rules", "new.rules", "undecided", 0);
    folder.write("info.rules", OLD.replace("else => chat", "route i when severity == Info => page\n  else => chat"));
    diff("old.rules", "info.rules", "lost-critical", 0);
    diff("old.rules", "info.rules", "lost", 1);
    folder.pointsman(["diff", "old.rules"]).code(2).run();
    folder.pointsman(["diff", "old.rules", "no.rules"]).code(3).run();
}

/// An event that a mapping drops, refuses or lowers from Critical is lost.
#[test]
fn events_that_a_mapping_no_longer_makes_are_lost() {
    const MAPPED: &str = "edition 1\nchannel page = stdout()\nmapping m {\n  accept when $.kind == \"alert\"\n  \
                          drop when $.test == true because \"a test\"\n  \
                          severity = match $.level { \"1\" => Critical  \"2\" => Warning  else => Info }\n  \
                          status = Firing\n  title = \"alert\"\n  key = \"k\"\n}\nrouting main { else => page }\n";
    let folder = Folder::new().file("old.rules", MAPPED);
    let fails = |from: &str, to: &str, expected: [i32; 3]| {
        folder.write("new.rules", MAPPED.replace(from, to));
        for (what, code) in ["any", "lost", "lost-critical"].into_iter().zip(expected) {
            folder.pointsman(["diff", "old.rules", "new.rules", "--fail-on", what]).code(code).run();
        }
    };
    fails("$.test == true", "$.test == true or $.env == \"lab\"", [1, 1, 1]);
    fails("$.test == true", "$.test == true or $.level == \"2\"", [1, 1, 0]);
    fails("$.kind == \"alert\"", "$.kind == \"alert\" and $.level is not missing", [1, 1, 0]);
    fails("\"1\" => Critical", "\"1\" => Warning", [1, 1, 1]);
    fails("\"2\" => Warning", "\"2\" => Info", [1, 0, 0]);
    fails("\"2\" => Warning", "\"2\" | \"3\" => Warning", [1, 0, 0]);
}

/// What no line of a routing shows: senders that go elsewhere, mutes, and absences that nobody hears of.
#[test]
fn declarations_that_may_take_events_from_channels_count_as_lost() {
    const SERVED: &str = "edition 1\nchannel page = stdout()\nchannel chat = stdout(repeat = \"4h\")\n\
                          mapping m { severity = Critical  status = Firing  title = \"x\"  key = \"k\" }\n\
                          mapping n { severity = Warning  status = Firing  title = \"x\"  key = \"k\" }\n\
                          routing main { else => page, chat }\n\
                          integration shop { keys = [env(\"KEY\")]  m, n => routing main }\n\
                          heartbeat beat { when labels.a == \"b\"  timeout 5m  title = \"none\"  => routing main }\n";
    const MUTE: &str = "mute quiet in chat when severity == Critical because \"quiet\"\n";
    let folder = Folder::new().file("old.rules", SERVED).file("muted.rules", SERVED.to_owned() + MUTE);
    let fails = |old: &str, new: String, code: i32| {
        folder.write("new.rules", &new);
        for what in ["lost", "lost-critical"] {
            folder.pointsman(["diff", old, "new.rules", "--fail-on", what]).code(code).run();
        }
    };
    fails("old.rules", SERVED.replace("m, n => routing main", "m, n => chat"), 1);
    fails("old.rules", SERVED.replace("m, n => routing main", "m => routing main"), 1);
    fails("old.rules", SERVED.replace("integration shop", "integration other"), 1);
    fails("old.rules", SERVED.replace("timeout 5m", "timeout 1h"), 1);
    fails("old.rules", SERVED.to_owned() + MUTE, 1);
    fails("muted.rules", SERVED.to_owned() + &MUTE.replace("Critical", "Warning"), 1);
    fails("old.rules", "edition 1\n".to_owned(), 1);
    fails("muted.rules", SERVED.to_owned(), 0);
    fails("old.rules", SERVED.replace("env(\"KEY\")", "env(\"OTHER\")"), 0);
    fails("old.rules", SERVED.replace("repeat = \"4h\"", "repeat = \"never\""), 0);
}

#[test]
fn recorded_events_are_counted() {
    let event = |severity: &str, title: &str| {
        format!("{{\"severity\":\"{severity}\",\"title\":\"{title}\",\"key\":\"k\",\"labels\":{{}}}}\n")
    };
    let events = event("Critical", "disk full") + &event("Info", "hello") + &event("Critical", "no answer");
    let new = OLD.replace("=> page", "=> chat");
    let folder = Folder::new().file("old.rules", OLD).file("new.rules", new).file("events.ndjson", events);
    let words = ["diff", "old.rules", "new.rules", "--events", "events.ndjson"];
    let shown = folder.pointsman(words).stderr("").run().stdout;
    let expected = "2 of 3 recorded documents change:\n  \
                    Critical: 2 events, lost by `page`, gained by `chat`; the first is events.ndjson:1: disk full\n";
    assert!(shown.contains(expected), "{shown}");
    folder.write("events.ndjson", "[1]");
    let refused = folder.pointsman(words).code(2).run().stderr;
    assert!(refused.contains("events.ndjson:1: this is not an event"), "{refused}");
}

#[test]
fn revisions_are_read_through_git() {
    let folder = Folder::new().file("rules/old.rules", OLD);
    let git = |words: &[&str]| {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
        let done = Command::new("git").current_dir(folder.path()).args(who).args(words).output();
        assert!(done.as_ref().is_ok_and(|done| done.status.success()), "{done:?}");
    };
    git(&["init", "--quiet", "--initial-branch", "main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "first"]);
    folder.write("rules/old.rules", OLD.replace("=> page", "=> chat"));
    let here = folder.pointsman(["diff", "--git", "main", "--rules", "rules"]).stderr("").run().stdout;
    assert!(here.contains("changed `main.page` at rules/old.rules:5"), "{here}");
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "second"]);
    let two = folder.pointsman(["diff", "--git", "main~1", "main"]).stderr("").run().stdout;
    assert_eq!(here, two);
    let same = folder.pointsman(["diff", "--git", "main"]).stderr("").run().stdout;
    assert!(same.starts_with("0 edited lines: every event"), "{same}");
    let unknown = folder.pointsman(["diff", "--git", "nowhere"]).code(2).run().stderr;
    assert!(unknown.contains("git knows no revision `nowhere`"), "{unknown}");
    let nothing = folder.pointsman(["diff", "--git", "main", "--rules", "elsewhere"]).code(3).run().stderr;
    assert!(nothing.contains("no rule file"), "{nothing}");
    let missing = folder.pointsman(["diff", "--git", "main"]).env("PATH", "/nowhere").code(3).run().stderr;
    assert!(missing.contains("the program `git` is not there"), "{missing}");
}
