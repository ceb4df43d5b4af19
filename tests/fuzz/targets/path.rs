//! Reads a line as a path and runs it: it is refused at a place within it, or ends within its budget; and what it is said to
//! look at is all that it looks at.
#![cfg_attr(fuzzing, no_main)]

use pointsman::json::{self, Arena, Projection, Value};
use pointsman::path::{CompiledPath, PathBudget};

const DOCUMENT: &str = r#"{"a":[1,{"b":"x","c":[[[[2]]],null]}],"b":{"a":{"a":{"a":"a.*"}}},"c":"(","limit":50}"#;

fn target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = match CompiledPath::parse(text) {
        Ok(path) => path,
        Err(invalid) => {
            assert!(text.get(invalid.range.clone()).is_some(), "{invalid:?}");
            assert_ne!(invalid.message, "this path cannot be read");
            return;
        }
    };
    let _ = path.costly();
    let arena = Arena::new();
    let root = json::parse(DOCUMENT.as_bytes(), &arena).expect("JSON").root;
    let found = found(&path, root);
    if path.is_singular() && found.is_some() {
        let single = found.as_ref().and_then(|nodes| nodes.first().copied());
        assert_eq!(single, path.get(root, root));
    }
    let mut reach = Projection::default();
    path.project(&mut reach, &Projection::whole());
    path.project_payload(&mut reach);
    let part = json::parse_projected(DOCUMENT.as_bytes(), &reach, &arena).expect("JSON").root;
    // What is passed over costs nothing, so the part may be found within a budget that all of it exceeds.
    if found.is_some() {
        assert_eq!(found, self::found(&path, part));
    }
}

/// The nodes of a path; nothing where the budget runs out.
fn found<'v>(path: &CompiledPath, root: &'v Value<'v>) -> Option<Vec<&'v Value<'v>>> {
    let mut budget = PathBudget { visits: 20_000, kept: 1_000 };
    path.find(root, root, &mut budget).ok().map(|nodes| nodes.to_vec())
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
