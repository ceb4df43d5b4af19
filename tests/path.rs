//! The path language: the published compliance suite, cases of our own, refusals, limits.

use pointsman::json::{self, Value};
use pointsman::path::{Budget, Path};

/// Where the published suite lies, outside the project.
const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/jsonpath-cts/cts.json");

fn find<'v>(path: &Path, document: &'v Value<'v>) -> Vec<&'v Value<'v>> {
    path.find(document, document, &mut Budget::default()).expect("the budget suffices")
}

#[test]
fn the_published_compliance_suite_passes() {
    let Ok(bytes) = std::fs::read(SUITE) else {
        println!("SKIPPED: the JSONPath compliance suite is not at {SUITE}");
        return;
    };
    let suite = json::parse(&bytes).expect("the suite is JSON").root;
    let cases =
        suite.as_object().and_then(|suite| suite.get("tests")).and_then(Value::as_array).expect("tests");
    assert_eq!(cases.len(), 703);
    let failures: Vec<_> = cases.iter().filter_map(|case| failure(case).err()).collect();
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn failure(case: &Value<'_>) -> Result<(), String> {
    let case = case.as_object().expect("a case");
    let text = case.get("selector").and_then(Value::as_text).expect("a selector");
    let name = case.get("name").and_then(Value::as_text).expect("a name");
    let path = match (Path::parse(text), case.get("invalid_selector")) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(_)) => return Err(format!("{name}: {text} was taken")),
        (Err(invalid), None) => return Err(format!("{name}: {text} was refused: {invalid:?}")),
        (Ok(path), None) => path,
    };
    let document = case.get("document").expect("a document");
    let found = Value::Array(find(&path, document).into_iter().cloned().collect());
    let expected: Vec<_> = match case.get("results") {
        Some(results) => results.as_array().expect("results").iter().collect(),
        None => case.get("result").into_iter().collect(),
    };
    if expected.contains(&&found) {
        return Ok(());
    }
    Err(format!("{name}: {text} gave {}", found.to_json()))
}
