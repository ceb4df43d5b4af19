//! Reads anything as a rule file: every diagnostic stands within the text.
#![cfg_attr(fuzzing, no_main)]

use pointsman::source::Sources;
use pointsman::syntax;

fn target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut sources = Sources::default();
    let file = sources.add("fuzz.rules", text);
    let mut diagnostics = Vec::new();
    let _ = syntax::parse(&sources, file, &mut diagnostics);
    for diagnostic in &diagnostics {
        assert!(text.get(diagnostic.span.range()).is_some(), "{diagnostic:?}");
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target(bytes));

#[cfg(not(fuzzing))]
fn main() {
    let mut seeds = pointsman_fuzz::files("rules", &[".rules"]);
    seeds.extend(pointsman_fuzz::files("tests/cases", &[".rules"]));
    seeds.push(b"edition 1\nmapping m { title = $.a ?? \"b {$.c}\" severity = Critical }\n".to_vec());
    pointsman_fuzz::run(target, seeds);
}
