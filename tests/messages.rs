//! The reports of `check`: each rule set in `cases/syntax`, `cases/check` and `cases/lint` has its report beside it, and each
//! suggested edit is proved to fix its finding.
//!
//! A case is a file, or a folder if it needs several files.

use crate::kept::kept;
use expect_test::expect_file;
use pointsman::check::{self, CheckEnvironment};
use pointsman::diagnostic::{Diagnostic, DiagnosticFormat, DiagnosticLevel, Findings, Suggestion, render};
use pointsman::source::Sources;
use pointsman::syntax;
use pointsman::time::Timestamp;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A rule set: the name and the text of each file.
#[derive(Clone)]
struct Set {
    folder: PathBuf,
    files: Vec<(String, String)>,
}

impl Set {
    fn read(case: &Path) -> Self {
        let folder = case.parent().unwrap().to_owned();
        let files = if case.is_dir() { sorted(case) } else { vec![case.to_owned()] };
        let files = files.into_iter().filter(|file| is_rules(file)).map(|file| {
            let name = file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&file).unwrap())
        });
        Self { files: files.collect(), folder }
    }

    /// The findings of `check`.
    fn check(&self) -> (Sources, Vec<Diagnostic>) {
        let mut sources = Sources::default();
        let ids: Vec<_> = self.files.iter().map(|(name, text)| sources.add(name, text)).collect();
        let mut findings = Findings::default();
        let parse = |id| findings.add_with(|diagnostics| syntax::parse(&sources, id, diagnostics));
        let files: Vec<_> = ids.into_iter().map(parse).collect();
        let read = |path: &Path| {
            std::fs::read_to_string(self.folder.join(path)).map_err(|_| "there is no such file".to_owned())
        };
        let at = Timestamp::read("2026-11-20T12:00:00Z");
        let environment = CheckEnvironment { sources: &sources, read: &read, at };
        let (_, findings) = check::check(&files, &environment, findings);
        (sources, findings.finish().0)
    }

    /// The rule set after one edit.
    fn edited(&self, help: &Suggestion, sources: &Sources) -> Option<Self> {
        let (span, text) = help.edit.as_ref()?;
        let mut set = self.clone();
        let name = sources.name(*span);
        let (_, file) = set.files.iter_mut().find(|(file, _)| file == name)?;
        file.replace_range(span.range(), text);
        Some(set)
    }
}

fn is_rules(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rules")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn cases(stage: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(stage);
    let is_case = |path: &PathBuf| is_rules(path) || path.is_dir() && !path.ends_with("valid");
    sorted(&folder).into_iter().filter(is_case).collect()
}

fn broken() -> Vec<PathBuf> {
    ["syntax", "check", "lint"].into_iter().flat_map(cases).collect()
}

#[test]
fn broken_rule_sets_have_the_expected_reports() {
    assert!(broken().len() > 200, "cases are not found");
    for case in broken() {
        let (sources, found) = Set::read(&case).check();
        let mut snapshot = render(DiagnosticFormat::Human, &found, &sources);
        if case.parent().is_some_and(|folder| folder.ends_with("syntax")) {
            snapshot += &kept(&std::fs::read_to_string(&case).unwrap());
        }
        expect_file![case.with_extension("txt")].assert_eq(&snapshot);
    }
}

#[test]
fn correct_rule_sets_have_no_findings() {
    for case in cases("check/valid") {
        let (sources, found) = Set::read(&case).check();
        assert!(found.is_empty(), "{}:\n{}", case.display(), render(DiagnosticFormat::Human, &found, &sources));
    }
}

/// Whether a finding after an edit is the same as one before it, at the same position.
fn remains(before: &Diagnostic, after: &Diagnostic, help: &Suggestion) -> bool {
    let Some((place, text)) = &help.edit else { return true };
    let moved = |at: u32| if at >= place.end { at - (place.end - place.start) + text.len() as u32 } else { at };
    same(before, after) && (after.span.start == moved(before.span.start) || after.span.start == before.span.start)
}

fn same(one: &Diagnostic, two: &Diagnostic) -> bool {
    (one.code.id, &one.message) == (two.code.id, &two.message)
}

/// The first comment of a case in which a second mistake appears only when the first is fixed.
const ANOTHER: &str = "# one mistake behind another\n";

/// Every edit, applied alone, removes its finding and adds no syntax error.
#[test]
fn every_suggested_edit_fixes_its_finding() {
    let mut wrong = String::new();
    for case in broken() {
        let set = Set::read(&case);
        let (sources, found) = set.check();
        for finding in &found {
            for help in &finding.help {
                let Some(edited) = set.edited(help, &sources) else { continue };
                let (after_sources, after) = edited.check();
                let hidden = set.files.iter().any(|(_, text)| text.contains(ANOTHER));
                let is_new = |other: &&Diagnostic| {
                    let syntax = other.level() == DiagnosticLevel::Error && other.code.id < "E0030";
                    syntax && !hidden && !found.iter().any(|old| same(old, other))
                };
                let new: Vec<Diagnostic> = after.iter().filter(is_new).cloned().collect();
                if after.iter().any(|other| remains(finding, other, help)) || !new.is_empty() {
                    let place = sources.position(finding.span);
                    let name = case.file_name().unwrap().display();
                    let _ = writeln!(
                        wrong,
                        "== {name}:{}: {} {}\n   {}\n{}",
                        place.line,
                        finding.code.id,
                        finding.message,
                        help.text,
                        render(DiagnosticFormat::Human, &new, &after_sources),
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The style of messages: one line, lower case except for names, no full stop, backticks in pairs.
#[test]
fn messages_follow_the_style() {
    let mut wrong = String::new();
    for case in broken() {
        let (_, found) = Set::read(&case).check();
        for finding in &found {
            let helps = finding.help.iter().map(|help| &help.text);
            let related = finding.related.iter().map(|(_, words)| words);
            let all = [&finding.message, &finding.label].into_iter().chain(&finding.notes).chain(helps).chain(related);
            for text in all {
                let plain: String = text.split('`').step_by(2).collect();
                let capital = text.starts_with(|first: char| first.is_ascii_uppercase())
                    && !text
                        .split([' ', ',', ':'])
                        .next()
                        .is_some_and(|word| word.chars().skip(1).any(char::is_uppercase));
                let stop = text.ends_with('.') || text.ends_with('!');
                if capital || stop || plain.contains("::") || text.matches('`').count() % 2 == 1 {
                    let _ = writeln!(wrong, "{}: {text}", case.file_name().unwrap().display());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
