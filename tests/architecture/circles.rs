//! No module imports itself by way of others. A module and those inside it belong together and make no circle.

use super::code::code_only;
use super::{File, files, module_path, without_tests};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Which modules each module imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn imports(files: &[File]) -> Imports {
    let files: BTreeMap<String, &File> = files
        .iter()
        .filter(|file| !matches!(&*file.name, "lib.rs" | "main.rs"))
        .map(|file| (module_path(&file.name).join("::"), file))
        .collect();
    let is_inside = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"));
    let mut imports = Imports::new();
    for (module, file) in &files {
        let named = named_paths(file).into_iter().filter_map(|path| nearest_module(&files, &absolute(module, &path)?));
        let others = named.filter(|other| other != module && !is_inside(other, module) && !is_inside(module, other));
        imports.insert(module.clone(), others.collect());
    }
    imports
}

/// The paths that a file imports or names in full.
fn named_paths(file: &File) -> Vec<Vec<String>> {
    static IMPORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\buse ([^;]+);").unwrap());
    static NAMED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?:^|[^:\w])(\w+(?:::\w+)+)").unwrap());
    let code = code_only(&file.text);
    let code = without_tests(&code);
    let mut paths = Vec::new();
    for found in IMPORT.captures_iter(code) {
        expand(Vec::new(), &found[1], &mut paths);
    }
    let rest = IMPORT.replace_all(code, " ");
    paths.extend(NAMED.captures_iter(&rest).map(|found| found[1].split("::").map(str::to_owned).collect()));
    paths
}

/// The paths of a tree of imports such as `super::{a, b::{self, C}}`.
fn expand(mut before: Vec<String>, tree: &str, paths: &mut Vec<Vec<String>>) {
    let (head, group) = tree.trim().split_once('{').map_or((tree, None), |(head, group)| (head, Some(group)));
    let head = head.split(" as ").next().unwrap_or_default();
    before.extend(head.split("::").map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned));
    let Some(group) = group.and_then(|group| group.trim_end().strip_suffix('}')) else {
        paths.push(before);
        return;
    };
    let mut depth = 0;
    let is_separator = |character: char| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    };
    for part in group.split(is_separator).filter(|part| !part.trim().is_empty()) {
        expand(before.clone(), part, paths);
    }
}

/// A path of a module's code, from the root of the crate; one that begins with a word may be a module inside it.
fn absolute(module: &str, path: &[String]) -> Option<Vec<String>> {
    let mut words = path.iter().map(String::as_str).peekable();
    let mut base: Vec<&str> = module.split("::").collect();
    if words.next_if_eq(&"crate").is_some() {
        base.clear();
    } else {
        words.next_if_eq(&"self");
        while words.next_if_eq(&"super").is_some() {
            base.pop()?;
        }
    }
    Some(base.into_iter().chain(words).map(str::to_owned).collect())
}

/// The innermost module that a path leads through.
fn nearest_module(files: &BTreeMap<String, &File>, path: &[String]) -> Option<String> {
    (1..=path.len()).rev().map(|length| path[..length].join("::")).find(|module| files.contains_key(module))
}

/// The circles, each with the imports that make it.
fn circles(files: &[File]) -> Vec<String> {
    let imports = imports(files);
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|module| (module.as_str(), reached_from(&imports, module))).collect();
    let mut found = Vec::new();
    for (module, reach) in &reached {
        let circle: Vec<&str> = reach.iter().copied().filter(|other| reached[other].contains(module)).collect();
        // A circle is reported once, by its first module.
        if circle.first() == Some(module) {
            let inside = |from: &&str| {
                let from = (*from).to_owned();
                let to: Vec<&str> = circle.iter().copied().filter(|to| imports[&from].contains(*to)).collect();
                format!("{from} imports {}", to.join(", "))
            };
            found.push(circle.iter().map(inside).collect::<Vec<_>>().join("; "));
        }
    }
    found
}

/// The modules that a module imports, directly or by way of others.
fn reached_from<'i>(imports: &'i Imports, module: &str) -> BTreeSet<&'i str> {
    let mut reached = BTreeSet::new();
    let mut left: Vec<&str> = imports[module].iter().map(String::as_str).collect();
    while let Some(next) = left.pop() {
        if reached.insert(next) {
            left.extend(imports[next].iter().map(String::as_str));
        }
    }
    reached
}

fn samples(texts: &[(&str, &str)]) -> Vec<File> {
    texts.iter().map(|(name, text)| File { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}

#[test]
fn imports_make_no_circle() {
    let bad = samples(&[
        ("json/mod.rs", "mod reader;\nmod writer;\nmod number;"),
        ("json/reader.rs", "use super::{number::{self, Number}, Arena};\nuse std::fmt;"),
        ("json/number.rs", "fn f() { crate::json::writer::write() }"),
        ("json/writer.rs", "use crate::json::reader::Reader as Other;"),
    ]);
    assert_eq!(
        circles(&bad),
        ["json::number imports json::writer; json::reader imports json::number; json::writer imports json::reader"]
    );
    let good = samples(&[
        ("json/mod.rs", "mod reader;\nmod number;\npub use reader::Reader;"),
        ("json/reader.rs", "use super::number::Number;\n// use super::Reader;"),
        ("json/number.rs", "use super::Reader;\n#[cfg(test)]\nmod tests {\n    use crate::json::reader::Reader;\n}"),
    ]);
    assert_eq!(circles(&good), Vec::<String>::new());
    let found = circles(&files("src"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}
