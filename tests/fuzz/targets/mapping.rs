//! Maps any JSON by every mapping of the shipped rule sets: evaluation is total.
#![cfg_attr(fuzzing, no_main)]

use pointsman::evaluate::{Context, Silent};
use pointsman::json;
use pointsman::ruleset::{RuleSet, Subject};
use pointsman::time::Instant;
use std::path::Path;
use std::sync::LazyLock;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let loaded = RuleSet::load(&[project.join("rules")], None).expect("the shipped rules can be read");
    loaded.rules.expect("the shipped rules have no error")
});

fn target(bytes: &[u8]) {
    let Ok(document) = json::parse(bytes, &Arena::new()) else { return };
    let now = Instant::read("2026-11-20T12:00:00Z").expect("a time");
    let context = Context { now, open: &|_| Vec::new() };
    for mapping in &RULES.model.mappings {
        let subject = Subject::Mapping(&mapping.name, Some("shop_main"));
        let outcomes = RULES.evaluate(subject, &document, &context, &mut Silent).expect("names of the set");
        for outcome in outcomes {
            let json = serde_json::to_string(&outcome).expect("an outcome is JSON");
            assert!(json::parse(json.as_bytes(), &Arena::new()).is_ok(), "{json}");
        }
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target(bytes));

#[cfg(not(fuzzing))]
fn main() {
    let mut seeds = pointsman_fuzz::files("rules", &[".json"]);
    seeds.push(br#"{"status":"firing","alerts":[{"status":"firing","labels":{"severity":"P1"}}]}"#.to_vec());
    pointsman_fuzz::run(target, seeds);
}
