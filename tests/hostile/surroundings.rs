//! Folders, files and terminals.

use super::watched;
use crate::common::Folder;
use pointsman::ruleset::RuleSet;
use std::fs;
use std::path::Path;

/// What loading a path comes to, in words.
fn loaded(path: &Path) -> String {
    let path = path.to_owned();
    watched("a folder", move || match RuleSet::load(&[path], None) {
        Ok(loaded) => {
            let messages: Vec<&str> = loaded.diagnostics.iter().map(|finding| &*finding.message).collect();
            messages.join("\n")
        }
        Err(unreadable) => unreadable.to_string(),
    })
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_circles() {
    let folder = Folder::new();
    for name in ["a", "b", "c", "d"] {
        std::os::unix::fs::symlink(".", folder.join(name)).unwrap();
    }
    assert!(loaded(folder.path()).contains("no rule file"));
    folder.write("one.rules", "edition 1\nchannel c = stdout()\n");
    assert_eq!(loaded(folder.path()), "");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_opened() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("/dev/zero", folder.join("zero.rules")).unwrap();
    assert!(loaded(folder.path()).contains("no rule file"));
    assert!(loaded(&folder.join("zero.rules")).contains("not a regular file"));
    std::os::unix::fs::symlink("/nowhere", folder.join("nowhere.rules")).unwrap();
    assert!(loaded(folder.path()).contains("cannot read"));
}

#[test]
fn a_file_too_large_is_not_read() {
    let folder = Folder::new();
    let file = fs::File::create(folder.join("large.rules")).unwrap();
    file.set_len(1 << 30).unwrap();
    assert!(loaded(folder.path()).contains("has 1073741824 bytes"));
}

#[test]
fn bytes_that_are_no_text() {
    let folder = Folder::new();
    let mut bytes = b"edition 1\nchannel c = stdout() # ".to_vec();
    bytes.extend(vec![0xff; 1 << 20]);
    folder.write("bytes.rules", bytes);
    assert!(loaded(folder.path()).contains("not UTF-8: byte 0xFF"));
}

#[test]
fn tables_stay_beside_their_rules() {
    let folder = Folder::new();
    fs::create_dir(folder.join("below")).unwrap();
    folder.write("below/t.csv", "a,b\n1,2\n");
    let load = |path: &str| {
        let text = format!("edition 1\ntable t(a) -> b from \"{path}\"\n");
        folder.write("t.rules", text);
        loaded(folder.path())
    };
    for path in ["/etc/passwd", "../../etc/passwd", "/dev/zero", "below/../below/t.csv", "c:/t.csv", "..\\\\t.csv"] {
        assert!(load(path).contains("lies outside the folder"), "{path}");
    }
    assert!(load("below").contains("not a regular file"));
    assert!(!load("below/t.csv").contains("cannot be read"), "a folder below is no harm");
    assert!(!load("./below/t.csv").contains("lies outside"));
}

/// Nothing that a payload or a rule holds steers the terminal of the one who reads about it.
#[test]
fn terminals_are_not_steered() {
    let folder = Folder::new();
    folder.write("a.rules", TERMINAL);
    let steering = r#"{"a":"\u001b[31m\u202e","d":"\u001b]0;x\u0007\u009b","\u001b[5m":"x"}"#;
    folder.write("a.json", format!("{steering}\n{{\"k\":\"no\"}}\n{{\"\u{1b}\""));
    let (rules, payload) = ("a.rules", "a.json");
    for arguments in [
        ["check", rules].as_slice(),
        &["test", rules],
        &["test", "--format", "tap", rules],
        &["test", "--format", "junit", rules],
        &["run", "--rules", rules, "--mapping", "m", "--routing", "r", payload],
        &["run", "--rules", rules, "--mapping", "m\u{1b}[31m", payload],
        &["explain", "--rules", rules, "--mapping", "m", "--routing", "r", "--why-not", "r.a", payload],
    ] {
        let finished = folder.pointsman(arguments).finish();
        for text in [finished.stdout, finished.stderr] {
            let steers = |character: &char| {
                (character.is_control() && !"\r\n\t".contains(*character)) || *character == '\u{202e}'
            };
            assert_eq!(text.chars().find(steers), None, "{arguments:?}: {text:?}");
        }
    }
}

const TERMINAL: &str = r#"edition 1
mapping m {
  accept when $.k != "no"
  drop when $.d contains "\u001b" because "b\u001b[2J{$.d}"
  severity = Critical
  status = Firing
  title = $.a ?? "t"
  key = "k\u001b[31m"
  labels { ...$ }
}
channel s = stdout()
routing r {
  route a when title == "\u001b[31m" => s
  else => nothing because "\u009b31m"
}
test "n" { mapping m input {"a": "\u001b[31mx"} expect {title: "\u001b[32m"} }
test "o" { mapping m input {"a": a} cases a => title { "\u001b[31m" => "\u001b[33m" } }
"#;
