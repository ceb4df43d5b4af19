//! Reads a line as a path and runs it: it is refused at a place within it, or ends within its budget; and JSON never
//! panics either.
#![cfg_attr(fuzzing, no_main)]

use pointsman::json::{self, Value};
use pointsman::path::{Budget, Path};
use std::sync::LazyLock;

const DOCUMENT: &str =
    r#"{"a":[1,{"b":"x","c":[[[[2]]],null]}],"b":{"a":{"a":{"a":"a.*"}}},"c":"(","limit":50}"#;

static ROOT: LazyLock<Value<'static>> =
    LazyLock::new(|| json::parse(DOCUMENT.as_bytes(), &Arena::new()).expect("JSON").root);

fn target(bytes: &[u8]) {
    let _ = json::parse(bytes, &Arena::new());
    let _ = json::documents(bytes, &Arena::new()).count();
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = match Path::parse(text) {
        Ok(path) => path,
        Err(invalid) => {
            assert!(text.get(invalid.range.clone()).is_some(), "{invalid:?}");
            assert_ne!(invalid.message, "this path cannot be read");
            return;
        }
    };
    let _ = path.costly();
    let root: &'static Value<'static> = &ROOT;
    let mut budget = Budget { visits: 20_000, kept: 1_000 };
    let found = path.find(root, root, &mut budget);
    if path.is_singular() && found.is_ok() {
        assert_eq!(found.ok().and_then(|nodes| nodes.first().copied()), path.get(root, root));
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target(bytes));

#[cfg(not(fuzzing))]
fn main() {
    let lines = pointsman_fuzz::lines("tests/cases/path", &[".txt"]);
    let paths = lines.iter().map(|line| line.split(|byte| *byte == b'>').next().unwrap_or(line));
    let seeds = paths.map(|path| path.strip_suffix(b" =").unwrap_or(path).to_vec()).collect();
    pointsman_fuzz::run(target, seeds);
}
