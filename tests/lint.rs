//! What the lints and the arms' totality say of rule text. A case is a file with the expected text beside it; the code
//! pages of both are run as well.

use expect_test::expect_file;
use pointsman::check::{self, Surroundings};
use pointsman::diagnostic::{Diagnostic, Format, render};
use pointsman::source::Sources;
use pointsman::syntax;
use pointsman::time::Instant;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn check(name: &str, text: &str) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let mut diagnostics = Vec::new();
    let tree = syntax::parse(&sources, file, &mut diagnostics);
    let read = |_: &Path| Err("there is no such file".to_owned());
    let at = Instant::read("2026-11-20T12:00:00Z");
    let surroundings = Surroundings { sources: &sources, read: &read, at };
    check::check(&[tree], &surroundings, &mut diagnostics);
    (sources, diagnostics)
}

fn codes(text: &str) -> Vec<&'static str> {
    let (_, found) = check("example.rules", text);
    found.iter().map(|diagnostic| diagnostic.code.id).collect()
}

#[test]
fn every_case_says_what_stands_beside_it() {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root().join("tests/cases/lint"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rules"))
        .collect();
    cases.sort();
    assert!(cases.len() > 10);
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let (sources, found) = check(name, &std::fs::read_to_string(&case).unwrap());
        expect_file![case.with_extension("txt")].assert_eq(&render(Format::Human, false, &found, &sources));
    }
}

#[test]
fn examples_of_the_pages_fail_and_are_mended() {
    let ours =
        |id: &str| matches!(id, "E0080" | "E0081") || id.starts_with("W00") && id > "W0001" && id < "W0030";
    let mut seen = 0;
    for code in check::codes().into_iter().filter(|code| ours(code.id)) {
        let example = |fence: &str| {
            let (_, rest) = code.page.split_once(fence).unwrap();
            rest.split_once("```").unwrap().0.to_owned()
        };
        assert_eq!(codes(&example("```rules fails\n")), [code.id], "{}", code.id);
        assert_eq!(codes(&example("```rules\n")), Vec::<&str>::new(), "{} mended", code.id);
        seen += 1;
    }
    assert!(seen >= 13);
}

#[test]
fn large_rule_sets_are_linted_in_time() {
    let mut text =
        String::from("edition 1\n\nchannel sre = stdout()\nchannel feed = stdout()\n\nrouting main {\n");
    for at in 0..4_000 {
        let word = if at % 2 == 0 { "route" } else { "also route" };
        writeln!(text, "  {word} r{at} when labels.service == \"s{at}\" => feed").unwrap();
    }
    text.push_str("  else => sre\n}\n");
    for at in 0..4_000 {
        writeln!(text, "define is_{at}x{} = labels.label{} == \"a\"", at * 7, at * 13).unwrap();
    }
    let start = std::time::Instant::now();
    let found = codes(&text);
    assert!(found.contains(&"W0012") && found.contains(&"W0002"));
    assert!(start.elapsed() < Duration::from_mins(1));
}
