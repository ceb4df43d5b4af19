//! What `check` says of broken rule sets, and that it says nothing of sound ones. A case is a file, or a folder where
//! other files are needed beside it; the expected text lies beside the case.

use expect_test::expect_file;
use pointsman::check::{self, Surroundings, model::Model};
use pointsman::diagnostic::{Diagnostic, Format, render};
use pointsman::source::Sources;
use pointsman::syntax;
use std::path::{Path, PathBuf};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/check")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The rule files of a case: itself, or those in its folder.
fn rule_files(case: &Path) -> Vec<PathBuf> {
    let files = if case.is_dir() { sorted(case) } else { vec![case.to_owned()] };
    files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rules")).collect()
}

fn check(case: &Path) -> (Sources, Vec<Diagnostic>, Model) {
    let root = case.parent().unwrap();
    let mut sources = Sources::default();
    for file in rule_files(case) {
        let text = std::fs::read_to_string(&file).unwrap();
        sources.add(file.strip_prefix(root).unwrap().to_str().unwrap(), &text);
    }
    let mut diagnostics = Vec::new();
    let ids: Vec<_> = sources.iter().map(|(id, _)| id).collect();
    let files: Vec<_> = ids.into_iter().map(|id| syntax::parse(&sources, id, &mut diagnostics)).collect();
    let read = |path: &Path| {
        std::fs::read_to_string(root.join(path)).map_err(|_| "there is no such file".to_owned())
    };
    let surroundings = Surroundings { sources: &sources, read: &read, at: None };
    let model = check::check(&files, &surroundings, &mut diagnostics);
    (sources, diagnostics, model)
}

#[test]
fn broken_rule_sets_are_told_what_is_wrong() {
    for case in sorted(&cases()) {
        if case.ends_with("valid") || rule_files(&case).is_empty() {
            continue;
        }
        let (sources, diagnostics, _) = check(&case);
        assert!(!diagnostics.is_empty(), "{} is taken for sound", case.display());
        expect_file![case.with_extension("txt")].assert_eq(&render(
            Format::Human,
            false,
            &diagnostics,
            &sources,
        ));
    }
}

#[test]
fn sound_rule_sets_pass_without_a_word() {
    for case in sorted(&cases().join("valid")).into_iter().filter(|case| !rule_files(case).is_empty()) {
        let (sources, diagnostics, _) = check(&case);
        let said = render(Format::Human, false, &diagnostics, &sources);
        assert!(diagnostics.is_empty(), "{}:\n{said}", case.display());
    }
}

/// The fenced blocks of a page: what stands behind the first three backquotes, and the text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (inside, line.strip_prefix("```")) {
            (false, Some(info)) => blocks.push((info.to_owned(), String::new())),
            (true, None) => {
                let text = &mut blocks.last_mut().unwrap().1;
                text.push_str(line);
                text.push('\n');
            }
            (false, None) | (true, Some(_)) => {}
        }
        inside ^= line.starts_with("```");
    }
    blocks
}

fn check_text(text: &str, blocks: &[(String, String)]) -> (String, Vec<&'static str>) {
    let mut sources = Sources::default();
    let id = sources.add("page.rules", text);
    let mut diagnostics = Vec::new();
    let files = [syntax::parse(&sources, id, &mut diagnostics)];
    let read = |path: &Path| {
        let wanted = format!("csv {}", path.display());
        let block = blocks.iter().find(|(info, _)| *info == wanted);
        block.map(|(_, text)| text.clone()).ok_or_else(|| "there is no such file".to_owned())
    };
    let surroundings = Surroundings { sources: &sources, read: &read, at: None };
    check::check(&files, &surroundings, &mut diagnostics);
    let codes = diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
    (render(Format::Human, false, &diagnostics, &sources), codes)
}

#[test]
fn the_examples_of_the_pages_fail_and_pass() {
    let mut wrong = String::new();
    let is_ours = |id: &str| id == "W0030" || ("E0030".."E0160").contains(&id);
    for code in check::codes().into_iter().filter(|code| is_ours(code.id)) {
        let blocks = blocks(code.page);
        for (info, text) in &blocks {
            let (said, codes) = check_text(text, &blocks);
            let is_right = match info.as_str() {
                "rules fails" => codes == [code.id],
                "rules" => codes.is_empty(),
                _ => true,
            };
            if !is_right {
                wrong += &format!("== {} {info}: {codes:?}\n{said}\n", code.id);
            }
        }
        if !blocks.iter().any(|(info, _)| info == "rules fails") {
            wrong += &format!("== {} has no failing example\n", code.id);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_set_without_one_of_its_words_is_checked_to_the_end() {
    let text = std::fs::read_to_string(cases().join("valid/values.rules")).unwrap();
    let words: Vec<(usize, &str)> = text
        .split(' ')
        .scan(0, |at, word| Some((std::mem::replace(at, *at + word.len() + 1), word)))
        .collect();
    for (at, word) in words.into_iter().filter(|(_, word)| !word.is_empty()).step_by(3) {
        let without = format!("{}{}", &text[..at], &text[at + word.len()..]);
        let (said, codes) = check_text(&without, &[]);
        assert!(codes.len() < 20, "without `{word}` at {at}, one word makes many findings:\n{said}");
    }
}
