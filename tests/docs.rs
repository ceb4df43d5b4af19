//! The documentation: every example of the reference and of the code pages is checked, every command of the README is run,
//! and generated tables are up to date.

mod deploy;
mod missing;
mod page;

use crate::common::Folder;
use pointsman::diagnostic::DiagnosticLevel;
use pointsman::import::alertmanager::import;
use pointsman::ruleset::{LoadedRules, RuleSet, SampleFile};
use pointsman::source::Sources;
use pointsman::time::Timestamp;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

/// A fenced block: the words after the fence, the text, and the line of the fence.
struct Block {
    words: Vec<String>,
    text: String,
    line: usize,
    /// Whether only blank lines separate this block from the block before it.
    follows: bool,
}

#[test]
fn examples_of_the_reference_are_correct() {
    let blocks = blocks(&read("grammar/reference.md"));
    assert!(blocks.iter().filter(|block| block.is("rules")).count() >= 15, "examples are not found");
    examples("grammar/reference.md", &blocks, None);
}

#[test]
fn examples_of_the_page_for_users_of_alertmanager_are_correct() {
    let page = read("grammar/from-alertmanager.md");
    let blocks = blocks(&page);
    assert!(blocks.iter().filter(|block| block.is("rules")).count() >= 5, "examples are not found");
    examples("grammar/from-alertmanager.md", &blocks, None);
    let kinds: Vec<&str> = pointsman::channel::kinds().iter().map(|kind| kind.name).collect();
    let (_, receivers) = page.split_once("## Receivers").unwrap();
    let unnamed: Vec<_> = kinds.iter().filter(|kind| !receivers.contains(&format!("`{kind}`"))).collect();
    assert!(unnamed.is_empty(), "the section on receivers does not name {unnamed:?}");
}

/// Codes whose failing example cannot be on a page: bytes that are not UTF-8, files of many megabytes or rows, secrets.
const NO_EXAMPLE: [&str; 6] = ["E0027", "E0154", "E0156", "E0157", "E0158", "E0159"];

#[test]
fn examples_of_every_code_page_fail_and_are_fixed() {
    let folder = root().join("grammar/codes");
    let mut pages: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let mut problems = String::new();
    for page in pages {
        let code = page.file_stem().unwrap().to_str().unwrap().to_owned();
        let name = format!("grammar/codes/{code}.md");
        let text = fs::read_to_string(&page).unwrap();
        if !text.starts_with(&format!("# {code}: ")) {
            let _ = writeln!(problems, "{name}: does not begin with `# {code}: `");
        }
        let blocks = blocks(&text);
        let (fails, fixed): (Vec<&Block>, Vec<&Block>) =
            blocks.iter().filter(|block| block.is("rules") || block.is("yaml")).partition(|block| block.is_failing());
        if (fails.is_empty() || fixed.is_empty()) && !NO_EXAMPLE.contains(&&*code) {
            let _ = writeln!(problems, "{name}: expected an example that fails and one that is fixed");
        }
        problems += &check_examples(&name, &blocks, Some(&code));
        for block in blocks.iter().filter(|block| block.is("yaml")) {
            let mut sources = Sources::default();
            let file = sources.add(&name, &block.text);
            let (imported, found) = import(&sources, file, 2026);
            let codes: Vec<&str> = found.iter().map(|finding| finding.code.id).collect();
            let wanted: &[&str] = if block.is_failing() { &[&*code] } else { &[] };
            if codes != wanted || imported.is_none() != block.is_failing() {
                let _ = writeln!(problems, "{name}:{}: finds {codes:?}", block.line);
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn the_tables_of_the_reference_are_up_to_date() {
    let path = root().join("grammar/reference.md");
    let text = fs::read_to_string(&path).unwrap();
    let with_channels = between(&text, "channels", &pointsman::channel::reference());
    let whole = between(&with_channels, "functions", &functions());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &whole).unwrap();
    }
    assert!(
        whole == text || std::env::var_os("UPDATE_EXPECT").is_some(),
        "the tables of grammar/reference.md are out of date: run the tests with UPDATE_EXPECT=1"
    );
}

#[test]
fn the_table_of_metrics_is_up_to_date() {
    let path = root().join("grammar/metrics.md");
    let text = fs::read_to_string(&path).unwrap();
    let whole = between(&text, "metrics", &pointsman::gateway::metrics::reference());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &whole).unwrap();
    }
    assert!(
        whole == text || std::env::var_os("UPDATE_EXPECT").is_some(),
        "the table of grammar/metrics.md is out of date: run the tests with UPDATE_EXPECT=1"
    );
    for name in text.split('`').filter(|word| word.starts_with("pointsman_")) {
        let name = name.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_').next().unwrap();
        assert!(whole.contains(&format!("| `{name}` |")), "no metric is named {name}");
    }
}

#[test]
fn commands_of_the_readme_print_the_shown_output() {
    page::run("README.md");
}

#[test]
fn commands_of_the_gateway_page_print_the_shown_output() {
    page::run("grammar/gateway.md");
}

#[test]
fn the_documented_settings_of_the_gateway_are_complete() {
    let path = root().join("grammar/gateway.md");
    let text = fs::read_to_string(&path).unwrap();
    let whole = between(&text, "settings", &pointsman::cli::settings_reference());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &whole).unwrap();
    }
    assert!(
        whole == text || std::env::var_os("UPDATE_EXPECT").is_some(),
        "the settings in grammar/gateway.md are out of date: run the tests with UPDATE_EXPECT=1"
    );
}

#[test]
fn the_documented_endpoints_of_the_gateway_are_complete() {
    let sources = ["intake/router.rs", "admin/mod.rs", "admin/pending.rs", "admin/records.rs", "admin/silences.rs"];
    let mut served = BTreeSet::new();
    for source in sources {
        let code = read(&format!("src/gateway/{source}"));
        for route in code.split(".route(").skip(1) {
            let (path, handlers) = route.trim_start().trim_start_matches('"').split_once("\",").unwrap();
            let handlers = handlers.split(';').next().unwrap();
            for method in ["get", "post"] {
                if handlers.contains(&format!("{method}(")) {
                    served.insert(format!("{} {path}", method.to_uppercase()));
                }
            }
        }
    }
    let page = read("grammar/gateway.md");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: BTreeSet<String> = cells
        .map(|(cell, _)| cell.to_owned())
        .filter(|cell| cell.starts_with("GET /") || cell.starts_with("POST /"))
        .collect();
    assert_eq!(listed, served, "left grammar/gateway.md, right what is served");
}

/// Checks all examples of a page, and panics with a list of the wrong ones.
fn examples(name: &str, blocks: &[Block], code: Option<&str>) {
    let problems = check_examples(name, blocks, code);
    assert!(problems.is_empty(), "{problems}");
}

fn check_examples(name: &str, blocks: &[Block], code: Option<&str>) -> String {
    let mut problems = String::new();
    let beside: Vec<&Block> = blocks.iter().filter(|block| block.is("csv")).collect();
    for block in blocks.iter().filter(|block| block.is("rules")) {
        let folder = Folder::new();
        for file in &beside {
            folder.write(&file.words[1], &file.text);
        }
        folder.write("example.rules", block.file());
        let mut loaded = RuleSet::load(&[folder.path().to_owned()], Timestamp::read("2026-11-20T12:00:00Z")).unwrap();
        loaded.prove();
        let samples: Vec<SampleFile> = blocks.iter().filter(|block| block.is_sample()).map(Block::sample).collect();
        if !samples.is_empty() {
            loaded.check_samples(&samples, Timestamp::read("2026-11-20T12:00:00Z").unwrap());
        }
        if let Some(problem) = block.judge(&loaded, code).or_else(|| block.test(&folder)) {
            let _ = writeln!(problems, "{name}:{}: {problem}", block.line);
        }
    }
    problems
}

impl Block {
    fn is(&self, kind: &str) -> bool {
        self.words.first().is_some_and(|word| word == kind)
    }

    fn is_sample(&self) -> bool {
        self.words == ["json", "sample"]
    }

    fn sample(&self) -> SampleFile {
        SampleFile { name: "sample.json".to_owned(), bytes: self.text.clone().into_bytes() }
    }

    fn is_failing(&self) -> bool {
        self.words.get(1).is_some_and(|word| word == "fails")
    }

    /// The block as a complete rule file. Each condition of a block of conditions gets a name.
    fn file(&self) -> String {
        if self.words.get(1).is_none_or(|word| word != "conditions") {
            return self.text.clone();
        }
        let lines = self.text.lines().filter(|line| !line.trim().is_empty()).enumerate();
        lines.fold("edition 1\n".to_owned(), |file, (index, line)| {
            let letter = char::from(b'a' + u8::try_from(index).unwrap());
            file + &format!("define example_{letter}{letter}{letter} = {line}\n")
        })
    }

    fn judge(&self, loaded: &LoadedRules, page: Option<&str>) -> Option<String> {
        let found: Vec<String> =
            loaded.diagnostics.iter().map(|finding| format!("{}: {}", finding.code.id, finding.message)).collect();
        let ids: Vec<&str> = loaded.diagnostics.iter().map(|finding| finding.code.id).collect();
        let errors = loaded.diagnostics.iter().any(|finding| finding.level() == DiagnosticLevel::Error);
        if !self.is_failing() {
            let silent = page.is_none() || ids.is_empty();
            return (errors || !silent).then(|| format!("the example has findings: {found:#?}"));
        }
        let wanted = self.words.get(2).map(String::as_str).or(page);
        let as_wanted = match wanted {
            Some(code) => ids == [code],
            None => errors,
        };
        (!as_wanted).then(|| format!("wants {}, finds {found:#?}", wanted.unwrap_or("an error")))
    }

    /// The failure of the tests in an example, if any.
    fn test(&self, folder: &Folder) -> Option<String> {
        if self.is_failing() || !self.text.contains("\ntest \"") {
            return None;
        }
        let finished = folder.pointsman(["test", "."]).finish();
        (finished.code != Some(0)).then_some(finished.stdout)
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut follows = false;
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => {
                blocks.extend(open.take());
                follows = true;
            }
            (Some(words), None) => {
                let words = words.split_whitespace().map(str::to_owned).collect();
                open = Some(Block { words, text: String::new(), line: number, follows });
            }
            (None, Some(block)) => {
                block.text += line;
                block.text.push('\n');
            }
            (None, None) => follows &= line.trim().is_empty(),
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The text with the part between the two marks replaced.
fn between(text: &str, mark: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let start = text.find(&open).unwrap_or_else(|| panic!("no mark {mark}")) + open.len();
    let end = text.find(&close).unwrap_or_else(|| panic!("no closing mark {mark}"));
    format!("{}{table}{}", &text[..start], &text[end..])
}

/// The table of functions.
fn functions() -> String {
    let mut table = "| function | gives | example |\n|---|---|---|\n".to_owned();
    for function in pointsman::function::all() {
        let mut parameters: Vec<String> = Vec::new();
        for parameter in function.parameters {
            parameters.push(format!("{}{}", parameter.name, if parameter.optional { "?" } else { "" }));
        }
        if function.variadic {
            parameters.push("…".to_owned());
        }
        let example =
            function.examples.first().map_or(String::new(), |(call, result)| format!("`{call}` is `{result}`"));
        let cells =
            [format!("`{}({})`", function.name, parameters.join(", ")), function.documentation.to_owned(), example];
        let _ = writeln!(table, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    table
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}
