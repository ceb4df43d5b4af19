//! Maps any JSON by every mapping of the shipped rule sets: evaluation is total, and reading what a mapping looks at gives
//! what reading everything gives.
#![cfg_attr(fuzzing, no_main)]

use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::json::{self, Arena, Document, ToJson};
use pointsman::ruleset::{EntryPoint, RuleSet};
use pointsman::time::Timestamp;
use std::path::Path;
use std::sync::LazyLock;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let loaded = RuleSet::load(&[project.join("rules")], None).expect("the shipped rules can be read");
    loaded.rules.expect("the shipped rules have no error")
});

fn target(bytes: &[u8]) {
    let (whole, part) = (Arena::new(), Arena::new());
    let all = json::parse(bytes, &whole);
    for mapping in &RULES.model.mappings {
        let subject = EntryPoint::Mapping(&mapping.name, Some("shop_main"));
        match (&all, RULES.read(subject, bytes, &part)) {
            (Ok(all), Ok(some)) => assert_eq!(outcomes(subject, all), outcomes(subject, &some)),
            (Err(refusal), Err(other)) => assert_eq!(*refusal, other),
            (all, some) => panic!("{}: {all:?} but {some:?}", mapping.name),
        }
    }
}

fn outcomes(subject: EntryPoint<'_>, document: &Document<'_>) -> String {
    let context = EvaluationContext::at(Timestamp::read("2026-11-20T12:00:00Z").expect("a time"));
    let outcomes = RULES.evaluate(subject, document, &context, &mut SilentObserver).expect("names of the set");
    let json = outcomes.to_json();
    let read: serde_json::Value = serde_json::from_str(&json).expect("an outcome is JSON");
    assert_eq!(json, read.to_string(), "it is written as serde_json writes it");
    json
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target(bytes));

#[cfg(not(fuzzing))]
fn main() {
    let mut seeds = pointsman_fuzz::files("rules", &[".json"]);
    seeds.push(br#"{"status":"firing","alerts":[{"status":"firing","labels":{"severity":"P1"}}]}"#.to_vec());
    pointsman_fuzz::run(target, seeds);
}
