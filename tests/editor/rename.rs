//! Every name of the shipped sets can be given another one, and back.

use super::{from_disk, shipped_sources, single};
use pointsman::ruleset::RuleSet;
use pointsman::ruleset::editor::{
    FilePlace, NameChange, NameKind, NamePlace, NameRole, RenameEdit, RuleNames, edited, renamable_at, rule_names,
};
use pointsman::source::{FileId, Sources};
use pointsman::suite::{self, TestFiles, TestOptions};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Tables with renamed columns, above those of the disk.
#[derive(Default)]
struct EditedTables(RefCell<BTreeMap<PathBuf, String>>);

impl EditedTables {
    fn read(&self, path: &Path) -> Result<String, String> {
        self.0.borrow().get(path).cloned().map_or_else(|| from_disk(path), Ok)
    }

    fn apply(&self, edits: &[RenameEdit]) {
        for edit in edits {
            if let FilePlace::Other(path, range) = &edit.place {
                let mut text = self.read(path).unwrap();
                text.replace_range(range.clone(), &edit.text);
                self.0.borrow_mut().insert(path.clone(), text);
            }
        }
    }
}

impl TestFiles for EditedTables {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    fn write(&mut self, _: &Path, _: &[u8]) -> Result<(), String> {
        Err("no snapshot is written".to_owned())
    }
}

/// A name that is renamed, by its place among all uses, which renaming does not change.
fn renamable_names(names: &RuleNames) -> Vec<(usize, String)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (position, each) in names.uses.iter().enumerate() {
        let offset = each.span.range().start;
        if let Ok((_, id)) = renamable_at(names, each.span.file, offset)
            && seen.insert(id)
        {
            found.push((position, names.declarations[id].name.to_string()));
        }
    }
    found
}

fn rename(sources: &Sources, position: usize, new: &str, tables: &EditedTables) -> Result<Sources, String> {
    let names = rule_names(sources);
    let place = names.uses[position].span;
    let read = |path: &Path| tables.read(path);
    let change = NameChange { sources, names: &names, read: &read };
    let edits = change.edits(place.file, place.range().start, new).map_err(|refusal| refusal.to_string())?;
    tables.apply(&edits);
    Ok(edited(sources, &edits))
}

fn texts(sources: &Sources) -> Vec<(String, String)> {
    sources.iter().map(|(_, file)| (file.name().to_owned(), file.text().to_owned())).collect()
}

fn assert_passes(sources: &Sources, tables: &mut EditedTables, what: &str) {
    let loaded = RuleSet::from_sources(sources.clone(), &|path| tables.read(path), None);
    let found: Vec<&String> = loaded.diagnostics.iter().map(|finding| &finding.message).collect();
    assert!(loaded.rules.is_some(), "{what}: {found:#?}");
    let report = suite::run(&loaded.rules.unwrap(), &TestOptions::default(), tables);
    let failed: Vec<String> =
        report.results.iter().filter(|result| !result.passed()).map(suite::TestResult::name).collect();
    assert!(failed.is_empty(), "{what}: {failed:#?}");
}

/// Renames all of these at once; the edits of different names do not overlap.
fn rename_all(sources: &Sources, new: &[(usize, String)], tables: &EditedTables) -> Sources {
    let names = rule_names(sources);
    let read = |path: &Path| tables.read(path);
    let change = NameChange { sources, names: &names, read: &read };
    let edits = |(position, new): &(usize, String)| {
        let place = names.uses[*position].span;
        change.replacements(place.file, place.range().start, new).unwrap()
    };
    let mut edits: Vec<RenameEdit> = new.iter().flat_map(edits).collect();
    // Several columns of one table: the last first, so that the places of the others stay.
    edits.sort_by_key(|edit| match &edit.place {
        FilePlace::Other(_, range) => std::cmp::Reverse(range.start),
        FilePlace::Rules(_) => std::cmp::Reverse(0),
    });
    tables.apply(&edits);
    edited(sources, &edits)
}

#[test]
fn every_name_of_the_shipped_sets_can_be_changed_and_changed_back() {
    let before = shipped_sources("");
    let names = rule_names(&before);
    assert!(names.broken_files.is_empty());
    let old = renamable_names(&names);
    let new: Vec<(usize, String)> = old.iter().map(|(position, name)| (*position, format!("{name}_z"))).collect();
    let mut tables = EditedTables::default();
    let renamed = rename_all(&before, &new, &tables);
    assert_passes(&renamed, &mut tables, "with other names");
    let kinds: BTreeSet<NameKind> = names.declarations.iter().map(|each| each.kind).collect();
    assert!(kinds.len() >= 12, "{kinds:?}");
    assert!(old.len() > 200, "{}", old.len());
    let back = rename_all(&renamed, &old, &tables);
    assert_eq!(texts(&back), texts(&before));
    for (path, text) in tables.0.borrow().iter() {
        assert_eq!(*text, from_disk(path).unwrap());
    }
}

#[test]
fn each_name_of_a_set_can_be_changed_by_itself() {
    let before = shipped_sources("standard");
    let tables = EditedTables::default();
    for (position, old) in renamable_names(&rule_names(&before)) {
        let renamed = rename(&before, position, &format!("{old}_z"), &tables);
        let renamed = renamed.unwrap_or_else(|refusal| panic!("`{old}`: {refusal}"));
        assert_ne!(texts(&renamed), texts(&before));
        assert_eq!(texts(&rename(&renamed, position, &old, &tables).unwrap()), texts(&before), "{old}");
    }
}

const SHOP: &str = r#"edition 1

## Who is told of a payment.
channel pay = stdout()
channel rest = stdout()
define urgent = severity == Critical
mapping shop {
  let host = $.host
  severity = Critical
  status = Firing
  title = "on {host}"
  key = key("shop", host)
  labels { host = host }
}
routing main {
  route page when urgent and source == "shop" {
    route team_a when labels.host == "a" => pay
    else => rest
  }
  else => rest
}
test "paths" {
  mapping shop
  input { "host": name }
  cases name => source { "a" => "shop" }
}
test "routes" {
  routing main
  event { severity: Critical, source: "shop", labels: { host: "a" } }
  expect via main.page.team_a
  expect sent [pay]
}
"#;

fn place_of(sources: &Sources, word: &str) -> (FileId, usize) {
    let (id, file) = sources.iter().next().unwrap();
    (id, file.text().find(word).unwrap())
}

fn renamed(word: &str, new: &str) -> Result<String, String> {
    let sources = single(SHOP);
    let names = rule_names(&sources);
    let (file, offset) = place_of(&sources, word);
    let change = NameChange { sources: &sources, names: &names, read: &from_disk };
    let edits = change.edits(file, offset, new).map_err(|refusal| refusal.to_string())?;
    Ok(edited(&sources, &edits).iter().next().unwrap().1.text().to_owned())
}

#[test]
fn uses_in_paths_strings_and_tests_are_changed_too() {
    assert_eq!(renamed("pay = stdout", "cash").unwrap(), SHOP.replace("pay", "cash").replace("cashment", "payment"));
    assert_eq!(renamed("team_a when", "squad").unwrap(), SHOP.replace("team_a", "squad"));
    assert_eq!(renamed("page.team", "wake").unwrap(), SHOP.replace("page", "wake"));
    let shop = SHOP.replace("mapping shop", "mapping boutique").replace("\"shop\"", "\"boutique\"");
    assert_eq!(renamed("shop {", "boutique").unwrap(), shop.replace("key(\"boutique\"", "key(\"shop\""));
    assert_eq!(
        renamed("name }", "node").unwrap(),
        SHOP.replace("name }", "node }").replace("cases name", "cases node")
    );
    assert_eq!(renamed("routes\"", "a \"b\" {c}").unwrap(), SHOP.replace("\"routes\"", r#""a \"b\" {c}""#));
}

#[test]
fn a_rename_that_would_clash_is_refused_with_the_reason() {
    let refusal = |word: &str, new: &str| renamed(word, new).unwrap_err();
    assert_eq!(
        refusal("pay = stdout", "all2 "),
        "`all2 ` is not a name: names consist of letters, digits, `_` and inner hyphens, and begin with a letter or `_`"
    );
    assert_eq!(refusal("pay = stdout", "any"), "`any` is a word of the language");
    assert_eq!(refusal("urgent", "title"), "`title` is a field of the event");
    assert_eq!(refusal("rest = stdout", "pay"), "there is already a channel named `pay`, at main.rules:4");
    assert_eq!(refusal("host == \"a\"", "node"), "`host` is a label: payloads and samples bring its name, too");
    assert_eq!(refusal("Critical", "Worst"), "there is no name that the rules declare");
    assert!(refusal("urgent", "Urgent").starts_with("with this name,"), "{}", refusal("urgent", "Urgent"));
}

#[test]
fn names_in_rules_that_do_not_parse_are_not_lost() {
    let sources = single(&format!("{SHOP}routing night {{\n  route x when => pay\n  else => pay\n}}\n"));
    let names = rule_names(&sources);
    assert_eq!(names.broken_files.len(), 1);
    let (file, offset) = place_of(&sources, "pay = stdout");
    let change = NameChange { sources: &sources, names: &names, read: &from_disk };
    let refusal = change.edits(file, offset, "cash").unwrap_err();
    assert!(refusal.to_string().contains("in rules that do not parse"), "{refusal}");
    let (file, offset) = place_of(&sources, "team_a when");
    assert_eq!(change.edits(file, offset, "squad").unwrap().len(), 2);
}

#[test]
fn every_use_leads_to_its_declaration() {
    let sources = single(SHOP);
    let names = rule_names(&sources);
    for each in &names.uses {
        let Some((id, declaration)) = names.declared_at(each.span.file, each.span.range().start) else { continue };
        let NamePlace::Rules(place) = &declaration.place else { panic!("{declaration:?}") };
        assert_eq!(sources.text(*place), sources.text(each.span), "{}", names.path(id));
        let declares =
            names.uses.iter().filter(|other| other.meaning == each.meaning && other.role == NameRole::Declares);
        assert_eq!(declares.count(), 1, "{declaration:?}");
    }
    let route = names.declarations.iter().position(|each| &*each.name == "team_a").unwrap();
    assert_eq!(names.path(route), "main.page.team_a");
}
