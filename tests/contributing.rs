//! The pages for contributors: their paths exist, their links are valid, and the changelog has a section for the version.

use std::fs;
use std::path::{Path, PathBuf};

/// Pages whose links are followed.
const PAGES: [&str; 7] = [
    "README.md",
    "CHANGELOG.md",
    ".github/CONTRIBUTING.md",
    ".github/SECURITY.md",
    "grammar/README.md",
    "grammar/editors/README.md",
    "grammar/from-alertmanager.md",
];

/// The beginnings of paths that are checked.
const FOLDERS: [&str; 7] = ["src/", "tests/", "grammar/", "rules/", ".ci/", ".deploy/", ".github/"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// The texts between backticks outside fences, each with the text after it.
fn code_spans(text: &str) -> Vec<(&str, &str)> {
    let mut spans = Vec::new();
    for line in text.lines() {
        let parts: Vec<(usize, &str)> = line.match_indices('`').collect();
        for pair in parts.chunks_exact(2) {
            let (open, close) = (pair[0].0, pair[1].0);
            spans.push((&line[open + 1..close], &line[close + 1..]));
        }
    }
    spans
}

/// The paths in a code span, which is a path or a command.
fn paths(span: &str) -> impl Iterator<Item = &str> {
    let is_path = |word: &&str| FOLDERS.iter().any(|folder| word.starts_with(folder));
    span.split_whitespace().filter(is_path)
}

/// Paths on a page that do not exist, and names in brackets that do not occur in the file before them.
fn wrong_paths(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (span, after) in code_spans(text) {
        for path in paths(span) {
            if !root().join(path).exists() {
                wrong.push(format!("`{path}` does not exist"));
                continue;
            }
            let Some((name, _)) = after.strip_prefix(" (`").and_then(|after| after.split_once('`')) else {
                continue;
            };
            if !fs::read_to_string(root().join(path)).is_ok_and(|file| file.contains(name)) {
                wrong.push(format!("`{path}` does not contain `{name}`"));
            }
        }
    }
    wrong
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let letters = heading.trim().to_lowercase();
    let kept = letters.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Links within the repository that are broken.
fn wrong_links(page: &str, text: &str) -> Vec<String> {
    let folder = root().join(page).parent().map(Path::to_owned).unwrap_or_default();
    let mut wrong = Vec::new();
    for rest in text.split("](").skip(1) {
        let link = rest.split(')').next().unwrap_or_default();
        if link.contains("://") {
            continue;
        }
        let (file, section) = link.split_once('#').unwrap_or((link, ""));
        let target = if file.is_empty() { root().join(page) } else { folder.join(file) };
        let sections = fs::read_to_string(&target).unwrap_or_default();
        let mut headings = sections.lines().filter(|line| line.starts_with('#'));
        if !target.exists()
            || !(section.is_empty() || headings.any(|line| anchor(line.trim_start_matches('#')) == section))
        {
            wrong.push(format!("{page}: `{link}` leads nowhere"));
        }
    }
    wrong
}

#[test]
fn paths_in_the_guide_exist() {
    assert_eq!(wrong_paths("see `src/nowhere.rs`").len(), 1);
    assert_eq!(wrong_paths("see `src/lib.rs` (`no_such_name`)").len(), 1);
    assert_eq!(wrong_paths("see `cargo test --manifest-path tests/nowhere.toml`").len(), 1);
    let guide = read(".github/CONTRIBUTING.md");
    let count = code_spans(&guide).into_iter().flat_map(|(span, _)| paths(span)).count();
    assert!(count > 50, "only {count} paths are found");
    assert_eq!(wrong_paths(&guide), Vec::<String>::new());
}

#[test]
fn links_are_valid() {
    assert_eq!(wrong_links("README.md", "[a](nowhere.md) [b](README.md#no-such-section)").len(), 2);
    for page in PAGES {
        assert_eq!(wrong_links(page, &read(page)), Vec::<String>::new());
    }
}

#[test]
fn the_changelog_has_a_section_for_the_version() {
    let changelog = read("CHANGELOG.md");
    let sections: Vec<&str> = changelog.lines().filter(|line| line.starts_with("## ")).collect();
    let version = format!("## [{}] - ", env!("CARGO_PKG_VERSION"));
    assert_eq!(sections.first(), Some(&"## [Unreleased]"));
    assert!(sections.get(1).is_some_and(|section| section.starts_with(&version)), "{sections:?} lacks {version}");
}
