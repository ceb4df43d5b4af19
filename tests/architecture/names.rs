//! A type that another file can see has a name of its own.

use super::code::code_only;
use super::{File, files, without_tests};
use regex::Regex;
use std::collections::BTreeMap;

/// The stages at which the same noun may stand, in the order of their floors.
const STAGES: &[&str] = &["syntax/tree", "model", "program"];

/// The names that several visible types bear. The stages may share a noun with each other, and every subcommand has its
/// `Arguments`.
fn shared_names(files: &[File]) -> Vec<String> {
    let declaration = Regex::new(r"(?m)^\s*pub(?:\([^)]*\))? (?:struct|enum|trait|type|union) ([A-Z]\w*)").unwrap();
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files {
        let code = code_only(&file.text);
        for found in declaration.captures_iter(without_tests(&code)) {
            let is_subcommand = &found[1] == "Arguments" && file.name.starts_with("cli/");
            if !is_subcommand {
                places.entry(found[1].to_owned()).or_default().push(&file.name);
            }
        }
    }
    let is_stage = |place: &&str| STAGES.iter().any(|stage| place.starts_with(stage));
    let shared = places.into_iter().filter(|(_, places)| places.len() > 1 && !places.iter().all(is_stage));
    shared.map(|(name, places)| format!("`{name}` is declared in {}", places.join(", "))).collect()
}

fn file(name: &str, text: &str) -> File {
    File { name: name.to_owned(), text: text.to_owned() }
}

#[test]
fn visible_types_have_names_of_their_own() {
    let bad =
        [file("json/mod.rs", "pub struct Cursor;"), file("time.rs", "mod inner {\n    pub(super) enum Cursor {}\n}")];
    assert_eq!(shared_names(&bad), ["`Cursor` is declared in json/mod.rs, time.rs"]);
    let beside_a_stage = [file("json/mod.rs", "pub struct Route;"), file("model/route.rs", "pub struct Route;")];
    assert_eq!(shared_names(&beside_a_stage).len(), 1);
    let good = [
        file("syntax/tree.rs", "pub struct Route;"),
        file("model/route.rs", "pub struct Route;"),
        file("cli/check.rs", "pub(super) struct Arguments;\nstruct Cursor;"),
        file("cli/run/mod.rs", "pub(super) struct Arguments;\nstruct Cursor;"),
    ];
    assert_eq!(shared_names(&good), Vec::<String>::new());
    let found = shared_names(&files("src"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}
