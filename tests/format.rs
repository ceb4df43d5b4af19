//! The formatter: cases with their formatted text, and what holds for every rule file: same tokens and comments, same
//! findings, and nothing changes when a formatted text is formatted again.

use crate::prove::generator::Random;
use expect_test::expect_file;
use pointsman::format::{FormatError, format};
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use pointsman::syntax::{ConcreteToken, TokenPlace, concrete_tokens};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder whose names end so.
fn below(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            below(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// The shipped rule files.
fn shipped() -> Vec<(String, String)> {
    texts("rules")
}

pub(crate) fn texts(folder: &str) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    below(&root().join(folder), ".rules", &mut paths);
    let text = |path: PathBuf| Some((path.display().to_string(), fs::read_to_string(path).ok()?));
    paths.into_iter().filter_map(text).collect()
}

/// The blocks of rules in the pages.
pub(crate) fn blocks() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md")];
    below(&root().join("grammar"), ".md", &mut paths);
    let mut blocks = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("\n```") {
            if let Some((words, rules)) = part.split_once('\n').filter(|(words, _)| words.starts_with("rules")) {
                blocks.push((format!("{} {words}", path.display()), rules.to_owned() + "\n"));
            }
        }
    }
    blocks
}

/// Everything that parses: shipped files, cases of other tests, blocks of the pages.
fn corpus() -> Vec<(String, String)> {
    let all = shipped().into_iter().chain(texts("tests/cases")).chain(blocks());
    let parsing: Vec<_> = all.filter(|(_, text)| concrete_tokens(text).is_some()).collect();
    assert!(parsing.len() > 500, "{} texts", parsing.len());
    parsing
}

fn formatted(name: &str, text: &str) -> String {
    format(text).unwrap_or_else(|error| panic!("{name}: {error:?}\n{text}"))
}

/// What the formatter promises of a text.
fn assert_formatted(name: &str, text: &str, formatted: &str) {
    let visible = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(visible(text), visible(formatted), "{name}: something but blanks changed");
    assert_eq!(format(formatted).as_deref(), Ok(formatted), "{name}: the second run changes something");
    assert!(formatted.lines().all(|line| line.trim_end() == line), "{name}: blanks at the end of a line");
    assert!(formatted.is_empty() || formatted.ends_with('\n') && !formatted.ends_with("\n\n"), "{name}: {formatted:?}");
}

#[test]
fn cases_have_the_expected_form() {
    let mut paths = Vec::new();
    below(&root().join("tests/cases/format"), ".rules", &mut paths);
    assert!(paths.len() >= 8);
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let formatted = formatted(&path.display().to_string(), &text);
        assert_formatted(&path.display().to_string(), &text, &formatted);
        expect_file![path.with_extension("formatted")].assert_eq(&formatted);
    }
}

#[test]
fn shipped_files_are_formatted() {
    let unformatted: Vec<String> =
        shipped().into_iter().filter(|(name, text)| formatted(name, text) != *text).map(|(name, _)| name).collect();
    assert!(unformatted.is_empty(), "run `pointsman fmt rules`: {unformatted:#?}");
}

#[test]
fn blanks_change_and_nothing_else() {
    for (name, text) in corpus() {
        let formatted = formatted(&name, &text);
        assert_formatted(&name, &text, &formatted);
        assert_eq!(findings(&text), findings(&formatted), "{name}: other findings");
    }
}

/// The findings of a text alone, each with the words that it points at.
fn findings(text: &str) -> Vec<(String, String)> {
    let mut sources = Sources::default();
    sources.add("a.rules", text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("there are no files".to_owned()), None);
    let of = |span| loaded.sources.text(span).split_whitespace().collect::<String>();
    // Lines and columns stand in few messages, and may change.
    loaded.diagnostics.iter().map(|finding| (finding.code.id.to_owned(), of(finding.span))).collect()
}

#[test]
fn a_comment_between_any_two_tokens_stays_there() {
    for (name, text) in shipped() {
        let tokens = concrete_tokens(&text).unwrap();
        for own_line in [false, true] {
            let mut commented = String::new();
            let mut count = 0;
            for (at, token) in tokens.iter().enumerate() {
                commented += &text[token.range.clone()];
                if tokens.get(at + 1).is_none_or(|next| !next.is_glued) {
                    commented += &format!("{}# {count}.\n", if own_line { "\n" } else { " " });
                    count += 1;
                }
            }
            let formatted = formatted(&name, &commented);
            assert_formatted(&name, &commented, &formatted);
            let is_number = |line: &&str| line.trim_end_matches('.').parse::<usize>().is_ok();
            let numbers: Vec<&str> =
                formatted.lines().filter_map(|line| line.rsplit("# ").next()).filter(is_number).collect();
            let expected: Vec<String> = (0..count).map(|number| format!("{number}.")).collect();
            assert_eq!(numbers, expected, "{name}");
        }
    }
}

/// Of schedules a line break before times means something, and CR LF is kept, so texts with these are left out.
#[test]
fn other_blanks_give_the_same_text() {
    let mut random = Random::new(7);
    for (name, text) in corpus().into_iter().filter(|(name, text)| {
        !text.contains('\r') && !text.contains("schedule ") && (name.contains("/rules/") || text.len() < 400)
    }) {
        let Some(varied) = varied(&text, &mut random) else { continue };
        assert_eq!(formatted(&name, &varied), formatted(&name, &text), "{name}\n{varied}");
    }
}

/// The text with other blanks wherever the style does not keep them. None where comments hold code together.
fn varied(text: &str, random: &mut Random) -> Option<String> {
    let tokens = concrete_tokens(text)?;
    let mut out = String::new();
    let mut end = 0;
    for (at, token) in tokens.iter().enumerate() {
        let gap = &text[end..token.range.start];
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        out += if is_kept(gap, before, token) { gap } else { [" ", "\n", "\t ", "\n   ", "  "][random.below(4)] };
        out += &text[token.range.clone()];
        end = token.range.end;
    }
    Some(out + &text[end..])
}

/// Whether the style keeps line breaks here: behind the brace of a block, between items, and around comments.
fn is_kept(gap: &str, before: Option<&ConcreteToken>, token: &ConcreteToken) -> bool {
    let opens_block = before.is_none_or(|before| matches!(before.place, TokenPlace::OpensBlock(_)));
    token.is_glued
        || opens_block
        || token.begins.is_some()
        || token.place == TokenPlace::Closes
        || gap.contains('#')
        || before.is_some_and(|before| before.place == TokenPlace::OpensList)
}

#[test]
fn one_more_item_changes_one_line() {
    for (name, text) in shipped() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let is_item = line.contains(" = ") && (line.starts_with("channel ") || line.starts_with("  let "));
            let ends = lines.get(at + 1).is_none_or(|next| !next.starts_with("    "));
            if !is_item || !ends || !matches!(line.chars().last(), Some(')' | '"')) {
                continue;
            }
            let added = if line.starts_with("channel") { "channel zz = stdout()" } else { "  let zz = 1" };
            let mut longer = lines.clone();
            longer.insert(at + 1, added);
            let Ok(formatted) = format(&(longer.join("\n") + "\n")) else { continue };
            let changed = formatted.lines().filter(|line| !lines.contains(line)).count();
            assert!(changed <= 1, "{name}:{at}\n{formatted}");
        }
    }
}

#[test]
fn line_ends_and_marks_are_kept() {
    assert_eq!(
        format("edition 1\r\n\r\n\r\n\r\nchannel  a=stdout( )\r\n").unwrap(),
        "edition 1\r\n\r\n\r\nchannel a = stdout()\r\n"
    );
    assert_eq!(format("edition 1\r\nchannel  a=stdout( )\n").unwrap(), "edition 1\nchannel a = stdout()\n");
    assert_eq!(format("\u{feff}edition 1").unwrap(), "\u{feff}edition 1\n");
    assert_eq!(format("").unwrap(), "");
    assert_eq!(format("edition 1\nchannel = stdout()"), Err(FormatError::Unparsed));
}
