//! Reads anything as a rule file, checks it, and runs it where it is sound: every diagnostic stands within the text, every
//! finding can be rendered, every mapping and routing comes to an end, and the index decides as the walk over all lines.
#![cfg_attr(fuzzing, no_main)]

use pointsman::diagnostic::{self, DiagnosticFormat};
use pointsman::evaluate::{EvaluationContext, Observer, SilentObserver};
use pointsman::json::{self, Arena, ToJson};
use pointsman::ruleset::{EntryPoint, RuleSet};
use pointsman::source::Sources;
use pointsman::suite;
use pointsman::time::Timestamp;

const PAYLOAD: &[u8] = br#"{"status":"firing","level":"P1","severity":"warning","queue":"orders","waiting":1200,
    "labels":{"team":"payments","severity":"P2","alertname":"CPU","service":"mysql-1"},"commonLabels":{"env":"prod"},
    "alerts":[{"status":"firing","labels":{"severity":"critical","alertname":"CPU"},"startsAt":"2026-03-07T02:00:00Z"},
              {"status":"resolved","labels":{"severity":7},"annotations":{"message":"m"}}, 3]}"#;

/// Tests of the mutated rules find no files.
struct NoFiles;

impl suite::TestFiles for NoFiles {
    fn read(&self, _: &std::path::Path) -> Result<Vec<u8>, String> {
        Err("there are no files".to_owned())
    }

    fn write(&mut self, _: &std::path::Path, _: &[u8]) -> Result<(), String> {
        Err("there are no files".to_owned())
    }
}

/// Is shown every line of a routing, so that none is left to an index.
struct Listening;

impl Observer for Listening {
    const LISTENS: bool = true;
}

fn target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut sources = Sources::default();
    sources.add("fuzz.rules", text);
    let now = Timestamp::read("2026-03-07T12:00:00Z").expect("a time");
    let table = |_: &std::path::Path| Ok("service,env,team\ncheckout,prod,payments\n*,*,sre\n".to_owned());
    let loaded = RuleSet::from_sources(sources, &table, Some(now));
    for diagnostic in &loaded.diagnostics {
        assert!(text.get(diagnostic.span.range()).is_some(), "{diagnostic:?}");
    }
    for format in [DiagnosticFormat::Human, DiagnosticFormat::Short, DiagnosticFormat::Json, DiagnosticFormat::Sarif] {
        let rendered = diagnostic::render(format, &loaded.diagnostics, &loaded.sources);
        let unsafe_for_terminals = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
        assert!(!rendered.contains(unsafe_for_terminals), "a control character reaches the terminal: {rendered:?}");
    }
    if let Some(rules) = &loaded.rules {
        evaluate(rules, now);
    }
}

fn evaluate(rules: &RuleSet, now: Timestamp) {
    let arena = Arena::new();
    let document = json::parse(PAYLOAD, &arena).expect("JSON");
    let context = EvaluationContext { open: &|_| vec!["sre".to_owned()], ..EvaluationContext::at(now) };
    let routing = rules.model.routings.first().map(|routing| &*routing.name);
    for mapping in &rules.model.mappings {
        let subject = EntryPoint::Mapping(&mapping.name, routing);
        let outcomes = rules.evaluate(subject, &document, &context, &mut SilentObserver).expect("a mapping of the set");
        let walked = rules.evaluate(subject, &document, &context, &mut Listening).expect("the same mapping");
        let json = outcomes.to_json();
        assert_eq!(json, walked.to_json());
        assert!(json::parse(json.as_bytes(), &Arena::new()).is_ok(), "{json}");
    }
    let report = suite::run(rules, &suite::TestOptions::default(), &mut NoFiles);
    let _ = suite::report::text::render(&report);
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target(bytes));

#[cfg(not(fuzzing))]
fn main() {
    let mut seeds = pointsman_fuzz::files("rules", &[".rules"]);
    seeds.extend(pointsman_fuzz::files("tests/cases", &[".rules"]));
    seeds.extend(pointsman_fuzz::files("src/cli/starter", &[".rules"]));
    seeds.retain(|seed| std::str::from_utf8(seed).is_ok());
    seeds.push(b"edition 1\nmapping m { title = $.a ?? \"b {$.c}\" severity = Critical }\n".to_vec());
    if std::env::args().nth(1).as_deref() == Some("truncations") {
        return truncations(&seeds);
    }
    pointsman_fuzz::run(target, seeds);
}

/// Instead of random inputs: every seed cut off at every byte (`-- truncations`).
#[cfg(not(fuzzing))]
fn truncations(seeds: &[Vec<u8>]) {
    let mut inputs = 0;
    for seed in seeds {
        (0..=seed.len()).for_each(|end| target(&seed[..end]));
        inputs += seed.len() + 1;
    }
    println!("{inputs} truncations of {} seeds: no failure", seeds.len());
}
