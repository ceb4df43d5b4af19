//! Rules for the code that the compiler does not check: imports between floors, sizes, documentation, code pages.
//!
//! Each rule is a function from a file to complaints. A sample proves that each rule can complain.

mod circles;
mod code;
mod names;

use code::code_only;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors, the lowest first. A module imports only from lower floors.
const FLOORS: &[&[&str]] = &[
    &["source", "text", "json", "time", "pattern", "mutant"],
    &["diagnostic", "event"],
    &["value", "path", "mask"],
    &["syntax", "function", "channel"],
    &["model"],
    &["check", "format", "program"],
    &["compile", "evaluate", "prove", "notification"],
    &["ruleset"],
    &["suite", "import", "reload"],
    &["gateway", "language_server"],
    &["cli"],
];

/// Outside crates that few modules keep to themselves, and where.
const KEPT: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["diagnostic"]),
    ("bumpalo", &["json"]),
    ("anstream", &["cli"]),
    ("indicatif", &["cli"]),
    ("similar", &["suite", "cli"]),
    ("strsim", &["diagnostic", "time"]),
    ("thiserror", &["channel", "ruleset", "reload", "gateway"]),
    ("jiff", &["time"]),
    ("regex", &["pattern"]),
    ("regex_automata", &["pattern"]),
    ("regex_syntax", &["pattern"]),
    ("ipnet", &["gateway", "pattern"]),
    ("pest", &["syntax"]),
    ("pest_derive", &["syntax"]),
    ("jsonpath_rust", &["path"]),
    ("sha2", &["function", "channel", "notification", "reload", "gateway"]),
    ("sha1", &["channel", "gateway"]),
    ("hmac", &["channel", "reload", "gateway"]),
    ("batsat", &["prove"]),
    ("base64", &["channel", "gateway", "cli"]),
    ("httpdate", &["channel", "gateway"]),
    ("zeroize", &["mask", "channel", "gateway"]),
    ("url", &["mask", "channel", "gateway", "cli"]),
    ("aho_corasick", &["program"]),
    ("csv", &["check", "ruleset"]),
    ("granit_parser", &["import"]),
    ("notify", &["reload"]),
    ("notify_debouncer_full", &["reload"]),
    ("arc_swap", &["reload", "gateway"]),
    ("flate2", &["reload", "gateway"]),
    ("rustix", &["ruleset", "reload", "gateway", "cli"]),
    ("tokio", &["gateway", "cli"]),
    ("tokio_rustls", &["gateway"]),
    ("rustls", &["gateway"]),
    ("axum", &["gateway"]),
    ("hyper", &["gateway"]),
    ("hyper_util", &["gateway"]),
    ("http_body_util", &["gateway"]),
    ("tower", &["gateway"]),
    ("reqwest", &["gateway"]),
    ("rusqlite", &["gateway"]),
    ("ulid", &["gateway", "cli"]),
    ("subtle", &["gateway"]),
    ("getrandom", &["reload", "gateway"]),
    ("prometheus_client", &["gateway"]),
    ("tracing", &["gateway"]),
    ("tracing_subscriber", &["gateway"]),
    ("toml", &["cli"]),
    ("lsp_server", &["language_server"]),
    ("lsp_types", &["language_server"]),
    ("clap", &["cli"]),
    ("unicode_width", &["format", "cli"]),
    ("quick_junit", &["suite"]),
];

/// Codes whose failing example cannot be on a page: bytes that are not UTF-8, files of many megabytes, secrets.
const NO_EXAMPLE: &[&str] = &["E0027", "E0154", "E0156", "E0157", "E0158", "E0159"];

const MOST_LINES_OF_A_FILE: usize = 500;
const MOST_LINES_OF_A_FUNCTION: usize = 60;

struct File {
    /// From `src/`, with `/`.
    name: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn files(folder: &str) -> Vec<File> {
    let folder = root().join(folder);
    let mut paths = Vec::new();
    below(&folder, &mut paths);
    let read = |path: PathBuf| File {
        name: path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(&path).unwrap(),
    };
    paths.into_iter().map(read).collect()
}

/// The code without its `#[cfg(test)]` module at the end.
fn without_tests(code: &str) -> &str {
    code.find("#[cfg(test)]\nmod tests {").map_or(code, |at| &code[..at])
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn module(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The offsets of `word` as a whole word.
fn places<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && (!after.is_some_and(is_word) || !word.ends_with(is_word))
    })
}

/// The modules in `crate::…` paths, including grouped imports.
fn named_modules(code: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for at in places(code, "crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut fresh = true;
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => fresh = true,
                    c if depth == 0 && fresh && is_word(c) => word.push(c),
                    c if depth == 0 && fresh && !c.is_whitespace() => fresh = false,
                    _ => {}
                }
                if (!fresh || character == ',') && !word.is_empty() {
                    named.push((line_of(code, at), std::mem::take(&mut word)));
                }
            }
            if !word.is_empty() {
                named.push((line_of(code, at), word));
            }
        } else {
            named.push((line_of(code, at), rest.chars().take_while(|c| is_word(*c)).collect()));
        }
    }
    named
}

/// The path of a file's module from the crate: `check/lint/mod.rs` is `["check", "lint"]`.
fn module_path(name: &str) -> Vec<&str> {
    let path = name.trim_end_matches(".rs");
    path.trim_end_matches("/mod").split('/').collect()
}

/// The top-level modules that `super::super::…` reaches. Inner modules count as the file itself.
fn climbed_modules(file: &File, code: &str) -> Vec<(usize, String)> {
    let depth = module_path(&file.name).len();
    let mut found = Vec::new();
    for at in places(code, "super::").filter(|at| !code[..*at].ends_with("super::")) {
        let rest = code[at..].trim_start_matches("super::");
        let steps = (code[at..].len() - rest.len()) / "super::".len();
        if steps >= depth {
            let words = rest.split(|c| !is_word(c)).filter(|word| !word.is_empty());
            // A group may have several.
            let count = if rest.starts_with('{') { usize::MAX } else { 1 };
            let end = rest.find(';').unwrap_or(rest.len());
            let words = words.take_while(|word| word.as_ptr() as usize - rest.as_ptr() as usize <= end);
            found.extend(words.take(count).map(|word| (line_of(code, at), word.to_owned())));
        }
    }
    found
}

fn wrong_floors(file: &File) -> Vec<String> {
    let own = module(&file.name);
    if matches!(own, "lib" | "main") {
        return Vec::new();
    }
    let Some(height) = floor(own) else { return vec![format!("{}: `{own}` stands on no floor", file.name)] };
    let code = code_only(&file.text);
    let wrong = named_modules(&code)
        .into_iter()
        .chain(climbed_modules(file, without_tests(&code)))
        .filter(|(_, named)| named != own && floor(named).is_some_and(|other| other >= height));
    wrong
        .map(|(line, named)| format!("{}:{line}: `{own}` imports `{named}`, which is not below it", file.name))
        .collect()
}

fn strayed_crates(file: &File) -> Vec<String> {
    let own = module(&file.name);
    let code = code_only(&file.text);
    let mut found = Vec::new();
    for (outside, keepers) in KEPT.iter().filter(|(_, keepers)| !keepers.contains(&own)) {
        for at in places(&code, outside).filter(|at| names_crate(&code, *at, outside)) {
            found.push(format!("{}:{}: `{outside}` is kept to {keepers:?}", file.name, line_of(&code, at)));
        }
    }
    found
}

/// Whether the word is the crate: it begins a path, or is imported alone.
fn names_crate(code: &str, at: usize, word: &str) -> bool {
    let (before, after) = (&code[..at], &code[at + word.len()..]);
    let within = before.strip_suffix("::").is_some_and(|before| before.ends_with(is_word));
    let whole = ["use ", "use ::", "use {", "extern crate "].iter().any(|head| before.ends_with(head));
    !within && (after.starts_with("::") || after.starts_with(" as ") || (whole && after.starts_with(';')))
}

fn oversized(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines > MOST_LINES_OF_A_FILE { vec![format!("{}: {lines} lines", file.name)] } else { Vec::new() }
}

fn undocumented(file: &File) -> Vec<String> {
    if file.text.trim_start().starts_with("//!") { Vec::new() } else { vec![format!("{}: no `//!`", file.name)] }
}

fn forbidden_words(file: &File) -> Vec<String> {
    let code = code_only(&file.text);
    let in_code = ["todo!", "unimplemented!", "use super::*"];
    let in_text = ["TODO", "FIXME", "XXX"];
    let code_hits = in_code.iter().flat_map(|word| code.match_indices(word).map(|(at, _)| (line_of(&code, at), *word)));
    let text_hits = in_text.iter().flat_map(|word| places(&file.text, word).map(|at| (line_of(&file.text, at), *word)));
    code_hits.chain(text_hits).map(|(line, word)| format!("{}:{line}: `{word}`", file.name)).collect()
}

/// Functions longer than the limit. A function whose body is a single `match` may be longer.
fn long_functions(file: &File) -> Vec<String> {
    let code = code_only(&file.text);
    let code = without_tests(&code);
    let mut found = Vec::new();
    for at in places(code, "fn ") {
        let Some(open) = code[at..].find(['{', ';']).map(|open| at + open).filter(|at| code[*at..].starts_with('{'))
        else {
            continue;
        };
        let body = &code[open..closing(code, open)];
        let lines = body.matches('\n').count() + 1;
        let words = body.trim_start_matches(['{', '\n', ' ']);
        let single_match = statements(body) == 1 && (words.starts_with("match ") || words.starts_with("matches!("));
        if lines > MOST_LINES_OF_A_FUNCTION && !single_match {
            let name: String = code[at + 3..].chars().take_while(|c| is_word(*c)).collect();
            found.push(format!("{}:{}: `{name}` has {lines} lines", file.name, line_of(code, at)));
        }
    }
    found
}

fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, character) in code[open..].char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    code.len()
}

/// The number of lines at the outer depth of a body that begin a statement, without closing braces.
fn statements(body: &str) -> usize {
    let mut depth = 0usize;
    let mut count = 0;
    for line in body.lines() {
        let words = line.trim();
        if depth == 1 && !words.is_empty() && !words.starts_with(['}', ')', ']', '.']) {
            count += 1;
        }
        let count_of = |brackets: [char; 3]| line.matches(brackets).count();
        depth = (depth + count_of(['{', '(', '['])).saturating_sub(count_of(['}', ')', ']']));
    }
    count
}

#[track_caller]
fn assert_none(rule: fn(&File) -> Vec<String>, sample: (&str, &str)) {
    let sample = File { name: sample.0.to_owned(), text: sample.1.to_owned() };
    assert!(!rule(&sample).is_empty(), "the rule passes its own bad sample");
    let found: Vec<String> = files("src").iter().flat_map(rule).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn modules_import_from_floors_below() {
    assert_none(wrong_floors, ("syntax/tree.rs", "//! x\nuse crate::{source::{Span, FileId}, check::Model};\n"));
    assert_none(wrong_floors, ("time/mod.rs", "fn f() { crate::event::now() }"));
    assert_none(wrong_floors, ("time/mod.rs", "use {std::fmt, crate::event::Event};"));
    assert_none(wrong_floors, ("time/mod.rs", "use crate::{\n    json::{Value, Number},\n    r#event::Event,\n};"));
    assert_none(wrong_floors, ("time.rs", "use super::event::Event;"));
    assert_none(wrong_floors, ("time/zone/mod.rs", "use super::super::event::Event;"));
    assert_none(wrong_floors, ("time/zone.rs", "use super::super::{json, event::Event};"));
    assert_none(wrong_floors, ("attic.rs", "//! A module that nobody placed."));
}

#[test]
fn outside_crates_stay_in_their_module() {
    assert_none(strayed_crates, ("check/mod.rs", "use jiff::Timestamp;"));
    assert_none(strayed_crates, ("check/mod.rs", "use ::jiff::Timestamp;"));
    assert_none(strayed_crates, ("check/mod.rs", "use {std::fmt, jiff as clock};"));
    let apart = File { name: "check/mod.rs".into(), text: "use crate::pattern::regex::Regex; // regex::Regex".into() };
    assert_eq!(strayed_crates(&apart), Vec::<String>::new());
}

#[test]
fn files_are_short() {
    assert_none(oversized, ("a.rs", &"\n".repeat(501)));
}

#[test]
fn modules_say_what_they_are() {
    assert_none(undocumented, ("a.rs", "use std::fmt;\n"));
}

#[test]
fn nothing_is_left_for_later() {
    assert_none(forbidden_words, ("a.rs", concat!("// TO", "DO: write\n")));
    assert_none(forbidden_words, ("a.rs", "fn f() { todo!() }"));
    assert_none(forbidden_words, ("a.rs", "mod tests { use super::*; }"));
}

#[test]
fn functions_are_short() {
    let statements = "    let a = '{';\n".repeat(61);
    assert_none(long_functions, ("a.rs", &format!("fn long<'a>(a: &'a str) {{\n{statements}}}\n")));
    let arms = "        \"{\" => 1,\n".repeat(80);
    let single = File { name: "a.rs".into(), text: format!("fn f() {{\n    match a {{\n{arms}    }}\n}}\n") };
    assert_eq!(long_functions(&single), Vec::<String>::new());
}

// ---------------------------------------------------------------- code pages

/// Every `"E0000", "title"` in the sources.
fn constants() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for file in files("src").iter().filter(|file| !file.name.ends_with("tests.rs")) {
        for (at, _) in file.text.match_indices('"') {
            let rest = &file.text[at + 1..];
            let Some((id, after)) = rest.split_once('"') else { continue };
            let Some(title) = after.strip_prefix(',').map(str::trim_start).and_then(|after| after.strip_prefix('"'))
            else {
                continue;
            };
            if is_id(id)
                && let Some((title, _)) = title.split_once('"')
            {
                found.push((id.to_owned(), title.to_owned(), file.name.clone()));
            }
        }
    }
    found
}

fn is_id(id: &str) -> bool {
    id.len() == 5 && id.starts_with(['E', 'W']) && id[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// What is wrong with a page.
fn page_faults(id: &str, title: &str, page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if page.lines().next() != Some(&format!("# {id}: {title}")) {
        faults.push(format!("{id}: the first line is not `# {id}: {title}`"));
    }
    let fences: Vec<&str> = page.lines().filter(|line| line.starts_with("```rules")).collect();
    let is_foreign = page.contains("```yaml fails\n") && page.contains("```yaml\n");
    if fences != ["```rules fails", "```rules"] && !is_foreign && !NO_EXAMPLE.contains(&id) {
        faults.push(format!("{id}: expected a failing and a fixed example, found {fences:?}"));
    }
    for (_, example) in page.match_indices("```rules").map(|(at, _)| page[at..].split_once('\n').unwrap_or_default()) {
        if !example.starts_with("edition 1\n") && !matches!(id, "E0001" | "E0002" | "E0003" | "E0021" | "W0001") {
            faults.push(format!("{id}: an example does not begin with `edition 1`"));
        }
    }
    let prose = page.split("```").next().unwrap_or_default();
    if prose.split_whitespace().count() < 15 {
        faults.push(format!("{id}: no explanation"));
    }
    faults
}

#[test]
fn every_code_has_its_page() {
    assert!(!page_faults("E0001", "a", "# E0001: b\n").is_empty());
    let mut titles: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut faults = Vec::new();
    for (id, title, file) in constants() {
        if let Some((_, first)) = titles.insert(id.clone(), (title.clone(), file.clone())) {
            faults.push(format!("{id}: given in {first} and in {file}"));
        }
        let page = fs::read_to_string(root().join("grammar/codes").join(format!("{id}.md"))).unwrap_or_default();
        faults.extend(page_faults(&id, &title, &page));
    }
    for entry in fs::read_dir(root().join("grammar/codes")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().replace(".md", "");
        if !titles.contains_key(&name) {
            faults.push(format!("{name}: a page without a constant"));
        }
    }
    assert!(titles.len() > 10, "the constants are not found where they are looked for");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The codes in a file must be in the order of their numbers.
#[test]
fn codes_are_sorted() {
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    for (id, _, file) in constants() {
        if let Some(before) = last.insert(file.clone(), id.clone())
            && before.starts_with(&id[..1])
        {
            assert!(before < id, "{file}: {before} stands before {id}");
        }
    }
}
