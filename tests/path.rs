//! The path language: the published compliance suite, cases of our own, refusals, limits.

use crate::arena;
use expect_test::expect_file;
use jsonpath_rust::JsonPath as _;
use pointsman::json::{self, ToJson, Value};
use pointsman::path::{BudgetExhausted, CompiledPath, NodeList, PathBudget, PathError, PathRoot};
use proptest::prelude::*;

/// Where the published suite lies, outside the project.
const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/jsonpath-cts/cts.json");

fn find<'v>(path: &CompiledPath, document: &'v Value<'v>) -> NodeList<'v> {
    path.find(document, document, &mut PathBudget::default()).expect("the budget suffices")
}

#[test]
fn the_published_compliance_suite_passes() {
    let Ok(bytes) = std::fs::read(SUITE) else {
        println!("SKIPPED: the JSONPath compliance suite is not at {SUITE}");
        return;
    };
    let suite = json::parse(&bytes, arena()).expect("the suite is JSON").root;
    let cases = suite.as_object().and_then(|suite| suite.get("tests")).and_then(Value::as_array).expect("tests");
    assert_eq!(cases.len(), 703);
    let failures: Vec<_> = cases.iter().filter_map(|case| failure(case).err()).collect();
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn failure(case: &Value<'_>) -> Result<(), String> {
    let case = case.as_object().expect("a case");
    let text = case.get("selector").and_then(Value::as_text).expect("a selector");
    let name = case.get("name").and_then(Value::as_text).expect("a name");
    let path = match (CompiledPath::parse(text), case.get("invalid_selector")) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(_)) => return Err(format!("{name}: {text} was taken")),
        (Err(invalid), None) => return Err(format!("{name}: {text} was refused: {invalid:?}")),
        (Ok(path), None) => path,
    };
    let document = case.get("document").expect("a document");
    let found = Value::Array(arena().collect(find(&path, document).into_iter().copied()));
    let expected: Vec<_> = match case.get("results") {
        Some(results) => results.as_array().expect("results").iter().collect(),
        None => case.get("result").into_iter().collect(),
    };
    if expected.contains(&&found) {
        return Ok(());
    }
    Err(format!("{name}: {text} gave {}", found.to_json()))
}

/// A path, and below it what is said of it, with carets under the place.
fn shown(text: &str, invalid: Option<&PathError>) -> String {
    let Some(PathError { range, message, help }) = invalid else { return format!("{text}\n  fine\n") };
    let blanks = text[..range.start].chars().count();
    let carets = text[range.clone()].chars().count().max(1);
    let help = help.as_ref().map(|help| format!("  help: {help}\n")).unwrap_or_default();
    format!("{text}\n{}{} {message}\n{help}", " ".repeat(blanks), "^".repeat(carets))
}

#[test]
fn refusals_name_the_place_and_the_mending() {
    let refused = |text: &str| match CompiledPath::parse(text) {
        Err(invalid) => shown(text, Some(&invalid)),
        Ok(_) => format!("{text}\n  TAKEN\n"),
    };
    let all: Vec<_> = include_str!("cases/path/refused.txt").lines().map(refused).collect();
    expect_file!["cases/path/refused.expected.txt"].assert_eq(&all.join("\n"));
}

#[test]
fn what_the_help_writes_is_a_path() {
    for text in include_str!("cases/path/refused.txt").lines() {
        let help = CompiledPath::parse(text).err().and_then(|invalid| invalid.help).unwrap_or_default();
        let Some(mended) = help.strip_prefix("write `").and_then(|help| help.strip_suffix('`')) else {
            continue;
        };
        if mended.starts_with(['$', '@']) {
            assert!(CompiledPath::parse(mended).is_ok(), "{text}: {mended}: {:?}", CompiledPath::parse(mended));
        }
    }
}

#[test]
fn costly_paths_are_told_from_cheap_ones() {
    let costly = |text: &str| shown(text, CompiledPath::parse(text).expect(text).costly().as_ref());
    let all: Vec<_> = include_str!("cases/path/costly.txt").lines().map(costly).collect();
    expect_file!["cases/path/costly.expected.txt"].assert_eq(&all.join("\n"));
}

#[test]
fn queries_give_their_nodes_in_order() {
    let mut document = &Value::Null;
    let mut cases = 0;
    for line in include_str!("cases/path/queries.txt").lines() {
        if let Some(text) = line.strip_prefix("document ") {
            document = json::parse(text.as_bytes(), arena()).expect(text).root;
        } else if let Some((path, expected)) = line.split_once(" => ") {
            let path = CompiledPath::parse(path).unwrap_or_else(|invalid| panic!("{}", shown(path, Some(&invalid))));
            let found = Value::Array(arena().collect(find(&path, document).into_iter().copied()));
            let expected = json::parse(expected.as_bytes(), arena()).expect(expected).root;
            assert_eq!(found.to_json(), found_as(expected, &found), "{line}");
            cases += 1;
        }
    }
    assert!(cases >= 80, "{cases}");
}

/// The text of what is expected, as the found value writes it where the two are equal (`0` and `-0.0`).
fn found_as(expected: &Value<'_>, found: &Value<'_>) -> String {
    if expected == found { found.to_json() } else { expected.to_json() }
}

#[test]
fn a_singular_path_is_found_without_a_budget() {
    let document = json::parse(br#"{"a": [{"b": 1}], "e": {"b": 2}}"#, arena()).expect("JSON").root;
    let element = document.as_object().and_then(|object| object.get("e")).expect("a member");
    let get = |text: &str| CompiledPath::parse(text).expect(text).get(document, element).map(ToJson::to_json);
    assert_eq!(get("$.a[0].b"), Some("1".to_owned()));
    assert_eq!(get("@.b"), Some("2".to_owned()));
    assert_eq!(get("$.a[*].b"), None);
    let path = CompiledPath::parse("@").expect("a path");
    assert!(path.is_root() && path.is_singular() && path.root() == PathRoot::Element && path.text() == "@");
    assert!(!CompiledPath::parse("$..a").expect("a path").is_singular());
}

/// A budget that small documents can use up.
const SMALL: PathBudget = PathBudget { visits: 200_000, kept: 10_000 };

/// The work that a path does on a document, and whether that was enough.
fn work(text: &str, document: &Value<'_>) -> (usize, Result<usize, BudgetExhausted>) {
    let mut budget = SMALL.clone();
    let found = CompiledPath::parse(text).expect(text).find(document, document, &mut budget).map(|nodes| nodes.len());
    (SMALL.visits - budget.visits, found)
}

#[test]
fn an_explosion_ends_within_the_budget() {
    let nested = format!("{}{}", "[".repeat(127), "]".repeat(127));
    let nested = json::parse(nested.as_bytes(), arena()).expect("127 levels").root;
    assert_eq!(work("$..*", nested).1, Ok(126));
    assert_eq!(work("$..*..*", nested).1, Ok(7_875));
    assert_eq!(work("$..*..*..*..*", nested).1, Err(BudgetExhausted));
    assert_eq!(work("$[?count(@..*..*..*..*) > 3]", nested).1, Err(BudgetExhausted));

    let text = format!("[{}]", vec!["[0,0]"; 3_000].join(","));
    let wide = json::parse(text.as_bytes(), arena()).expect("JSON").root;
    assert_eq!(work("$[*,*,*,*][*,*,*,*]", wide).1, Err(BudgetExhausted));
    let (visits, found) = work("$[?count($..*) == 9000]", wide);
    assert!(found == Ok(3_000) && visits < 30_000, "{visits} {found:?}");
}

#[test]
fn large_values_and_regexes_from_the_document_count_as_work() {
    let big = "x".repeat(100_000);
    let text = format!("{{\"a\":\"{big}\",\"b\":\"{big}\",\"n\":[{}]}}", vec!["1"; 1_000].join(","));
    let document = json::parse(text.as_bytes(), arena()).expect("JSON").root;
    assert_eq!(work("$.n[?$.a == $.b]", document).1, Err(BudgetExhausted));
    assert_eq!(work("$.n[?length($.a) == 1]", document).1, Err(BudgetExhausted));
    assert_eq!(work("$.n[?search($.a, 'y')]", document).1, Err(BudgetExhausted));
    let patterns: Vec<_> = (0..1_000).map(|n| format!("\"a{n}\"")).collect();
    let document = format!("[{}]", patterns.join(","));
    let document = json::parse(document.as_bytes(), arena()).expect("JSON").root;
    assert_eq!(work("$[?match('a', @)]", document).1, Err(BudgetExhausted));
    assert_eq!(work("$[?match(@, $[0])]", document).1, Ok(1));
}

#[test]
fn a_spent_budget_stays_spent() {
    let document = json::parse(b"[1,2,3]", arena()).expect("JSON").root;
    let path = CompiledPath::parse("$[*]").expect("a path");
    let mut budget = PathBudget { visits: 100, kept: 4 };
    assert_eq!(path.find(document, document, &mut budget).map(|nodes| nodes.len()), Ok(3));
    assert_eq!(path.find(document, document, &mut budget), Err(BudgetExhausted));
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let texts = [
        "$.".to_owned() + &"a".repeat(1_100),
        "$[?".to_owned() + &"(".repeat(900),
        "$".to_owned() + &"[?@".repeat(300),
        "$[?".to_owned() + &"!".repeat(900),
        "$[?".to_owned() + &"length(".repeat(140),
        "$[?".to_owned() + &"count(@[?".repeat(100),
        "$".to_owned() + &"[".repeat(1_000),
        "$[".to_owned() + &"\"\\".repeat(400),
    ];
    for text in texts {
        assert!(CompiledPath::parse(&text).is_err(), "{text}");
    }
    let nested = format!("{}{}", "[".repeat(127), "]".repeat(127));
    let nested = json::parse(nested.as_bytes(), arena()).expect("127 levels").root;
    let deep = format!("${}", "[?$".repeat(31) + &".*".repeat(126) + &"]".repeat(31));
    assert_eq!(work(&deep, nested).1, Ok(1));
    assert_eq!(work(&("$".to_owned() + &"..*".repeat(120)), nested).1, Err(BudgetExhausted));
    assert!(CompiledPath::parse(&("$".to_owned() + &"[*,*]".repeat(200))).expect("a path").costly().is_some());
    let long = "$".to_owned() + &".*".repeat(511);
    let document = json::parse(b"[[[[]]]]", arena()).expect("JSON").root;
    assert_eq!(work(&long, document).1, Ok(0));
}

/// Documents small enough that most random paths find something.
fn any_document() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-3_i64..4).prop_map(Into::into),
        "[ab]{0,2}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Paths among those that the crate evaluates rightly: no filter directly on `@` within a filter, no function of nodes,
/// one selector behind `..`.
fn any_path() -> impl Strategy<Value = String> {
    let step = || prop_oneof![Just(".a"), Just(".b"), Just("[\"c\"]"), Just("[0]"), Just("[-1]")];
    let single = proptest::collection::vec(step(), 1..3).prop_map(|steps| format!("@{}", steps.concat()));
    let literal = prop_oneof![Just("1"), Just("'a'"), Just("null"), Just("true"), Just("-2"), Just("$.a")];
    let operator = prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let atom = prop_oneof![
        single.clone(),
        single.clone().prop_map(|path| format!("!{path}")),
        (single.clone(), operator, literal)
            .prop_map(|(path, operator, literal)| format!("{path} {operator} {literal}")),
        single.clone().prop_map(|path| format!("match({path}, 'a.?')")),
        single.clone().prop_map(|path| format!("length({path}) == 1")),
    ];
    let condition = (atom.clone(), atom, 0..4).prop_map(|(left, right, kind)| match kind {
        0 => format!("{left} && {right}"),
        1 => format!("{left} || {right}"),
        2 => format!("!({left} || {right})"),
        _ => left,
    });
    let segment = prop_oneof![
        4 => step().prop_map(str::to_owned),
        2 => prop_oneof![Just(".*"), Just("[*]"), Just("..a"), Just("..*"), Just("..[0]"), Just("[1:]"), Just("[::-1]"), Just("[:-1]"), Just("['a','b']"), Just("[0,1]")].prop_map(str::to_owned),
        2 => condition.prop_map(|condition| format!("[?{condition}]")),
    ];
    proptest::collection::vec(segment, 0..4).prop_map(|segments| format!("${}", segments.concat()))
}

proptest! {
    #[test]
    fn the_two_evaluators_agree(document in any_document(), text in any_path()) {
        let theirs = document.query(&text).expect("the crate takes it");
        let theirs: Vec<_> = theirs.into_iter().map(|node| Value::of(node, arena())).collect();
        let own = Value::of(&document, arena());
        let path = CompiledPath::parse(&text).expect("we take it");
        let nodes: Vec<_> = find(&path, &own).into_iter().copied().collect();
        prop_assert_eq!(nodes.to_json(), theirs.to_json(), "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in r#"[$@]([.\[\]()?!*,:'"\\ab0-9é“\n=<>&| $@-]|\.\.|\[\?|count\(|length\(|match\(|&&|==|\\u00e9){0,24}"#) {
        check_anything(&text);
    }

    #[test]
    fn no_damaged_path_makes_it_panic(text in any_path(), cut in 0_usize..60, put in "[\\[\\]().?!'\"=&| é*-]{0,2}") {
        let at = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
        check_anything(&format!("{}{put}{}", &text[..at], &text[at..]));
        check_anything(&format!("{}{put}", &text[..at]));
    }
}

/// A text is either refused at a place within it, or can be run.
fn check_anything(text: &str) {
    match CompiledPath::parse(text) {
        Err(invalid) => {
            assert!(text.get(invalid.range.clone()).is_some(), "{text}: {invalid:?}");
            assert_ne!(invalid.message, "this path cannot be read", "{text}");
        }
        Ok(path) => {
            let document = json::parse(br#"{"a": [1, {"b": "x"}], "b": {"a": null}}"#, arena()).expect("JSON").root;
            let _ = path.find(document, document, &mut PathBudget::default());
        }
    }
}
