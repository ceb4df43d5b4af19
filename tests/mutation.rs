//! Small changes of rules: a folder a case, with its rules and what the report says of the changes.

use crate::prove::generator::{self, Random};
use crate::prove::mappings;
use expect_test::expect_file;
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::json::{self, ToJson};
use pointsman::model::{Destination, Target};
use pointsman::prove::Witness;
use pointsman::ruleset::{EntryPoint, RuleSet, VariantBuilder};
use pointsman::source::Sources;
use pointsman::suite::files::DiskFiles;
use pointsman::suite::mutation::{ChangeKind, MutationOptions, MutationReport, list_changes, mutate};
use pointsman::suite::report::{mutation_json, mutation_text};
use pointsman::suite::{self, TestOptions};
use pointsman::time::Timestamp;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new("tests/cases/mutation").join(name)
}

fn load(path: &Path) -> RuleSet {
    let loaded = RuleSet::load(&[path.to_owned()], None).expect("the folder can be read");
    loaded.rules.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn read(text: &str) -> Option<RuleSet> {
    let mut sources = Sources::default();
    sources.add("random.rules", text);
    RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None).rules
}

fn report(rules: &RuleSet, limit: usize) -> MutationReport {
    let options = MutationOptions { filter: None, limit };
    mutate(rules, &options, &DiskFiles, &mut |_, _| {}).unwrap_or_else(|failed| panic!("{:#?}", failed.results))
}

fn expect(path: &str, text: &str) {
    expect_file![format!("{}/tests/cases/mutation/{path}", env!("CARGO_MANIFEST_DIR"))].assert_eq(text);
}

/// The report of a case. Each test that it suggests passes, and notices its change.
fn says(name: &str) -> MutationReport {
    let rules = load(&folder(name));
    let found = report(&rules, 5_000);
    let text = anstream::adapter::strip_str(&mutation_text::render(&found)).to_string();
    expect(&format!("{name}/report.txt"), &text);
    let tests: Vec<&str> = found.survivors.iter().filter_map(|survivor| survivor.test.as_deref()).collect();
    let written = fs::read_to_string(folder(name).join("shop.rules")).expect("the rules");
    let more = read(&format!("{written}\n{}", tests.join("\n"))).expect("the suggested tests are rules");
    let run = suite::run(&more, &TestOptions::default(), &mut DiskFiles);
    assert_eq!(run.failed(), 0, "{:#?}", run.results);
    let left = report(&more, 5_000);
    let count = |report: &MutationReport| report.survivors.iter().filter(|each| each.test.is_some()).count();
    assert_eq!(count(&left), 0, "a suggested test does not notice its change: {:#?}", left.survivors);
    assert_eq!(left.equivalent.len(), found.equivalent.len());
    found
}

#[test]
fn every_kind_of_change_is_made() {
    let changes = list_changes(&load(&folder("kinds")));
    let lines: Vec<String> = changes
        .iter()
        .map(|change| format!("{}  {}: {}\n", change.location.line, change.kind.name(), mutation_text::said(change)))
        .collect();
    expect("kinds/changes.txt", &lines.concat());
    let made: BTreeSet<ChangeKind> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(made, ChangeKind::ALL.iter().copied().collect());
}

#[test]
fn a_boundary_that_no_test_holds_survives() {
    let found = says("boundary");
    assert_eq!((found.survivors.len(), found.equivalent.len()), (4, 1));
}

#[test]
fn the_order_of_routes_for_different_events_says_nothing() {
    says("equivalent_routes");
}

#[test]
fn a_value_that_is_never_asked_for_says_nothing() {
    let found = says("equivalent_values");
    assert_eq!(found.survivors, []);
}

#[test]
fn payloads_of_tests_lead_to_those_that_tell_rules_apart() {
    says("payloads");
}

#[test]
fn what_a_mute_uses_is_not_called_equivalent() {
    says("shared");
}

#[test]
fn what_no_test_reaches_survives() {
    says("unreached");
}

#[test]
fn rules_that_proofs_refuse_are_not_counted() {
    says("refused");
}

#[test]
fn sequences_count_as_tests() {
    says("sequence");
}

#[test]
fn a_limit_is_said_and_two_runs_say_the_same() {
    let rules = load(&folder("boundary"));
    let first = report(&rules, 3);
    let text = mutation_text::render(&first);
    assert!(text.contains("beyond the limit"), "{text}");
    assert_eq!(mutation_json::render(&report(&rules, 9)), mutation_json::render(&report(&rules, 9)));
}

/// A rule set with a test that passes, so that its changes are tried.
fn with_a_test(text: &str) -> Option<RuleSet> {
    let rules = read(text)?;
    let entry = rules.model.routings.first()?.name.clone();
    let outcome = rules.outcome(&Witness::default(), 0);
    let sent = match outcome.channels.join(", ") {
        none if none.is_empty() => "expect sent []".to_owned(),
        channels => format!("expect sent [{channels}]"),
    };
    read(&format!("{text}\ntest \"a plain event\" {{\n  routing {entry}\n  event {{ }}\n  {sent}\n}}\n"))
}

/// The routings that no other one calls: events enter there.
fn entries(rules: &RuleSet) -> Vec<usize> {
    let targets = rules.model.routing_lines().flat_map(|line| line.body.own_targets());
    let destinations = targets.flat_map(Target::destinations);
    let called: BTreeSet<usize> = destinations
        .filter_map(|destination| if let Destination::Routing(id) = destination { Some(*id) } else { None })
        .collect();
    (0..rules.model.routings.len()).filter(|routing| !called.contains(routing)).collect()
}

/// No random event tells the rules apart from those with a change that is called equivalent.
#[test]
fn random_events_find_no_difference_where_there_is_none() {
    let (mut sets, mut equivalent, mut seed) = (0, 0, 0);
    while sets < 6 {
        seed += 1;
        let mut random = Random::new(seed);
        let Some(rules) = with_a_test(&generator::rules(&mut random)) else { continue };
        sets += 1;
        let found = report(&rules, 25);
        let read = |_: &Path| Err("no tables".to_owned());
        let builder = VariantBuilder::new(&rules, &read);
        for change in &found.equivalent {
            equivalent += 1;
            let changed = builder.build(&change.edits).expect("it was checked");
            for _ in 0..300 {
                let event = generator::event(&mut random);
                for routing in entries(&rules) {
                    let channels =
                        |rules: &RuleSet| rules.outcome(&event, routing).channels.into_iter().collect::<BTreeSet<_>>();
                    let said = mutation_text::said(change);
                    assert_eq!(channels(&rules), channels(&changed), "seed {seed}: {said}: {event}");
                }
            }
        }
    }
    println!("{sets} sets, {equivalent} equivalent changes");
}

/// The like for random mappings and payloads.
#[test]
fn random_payloads_find_no_difference_of_random_mappings_where_there_is_none() {
    equivalent_mappings(10, 100, 1);
}

/// A campaign of another size: `SETS=100 EVENTS=60000 SEED=7 cargo test --test pointsman -- --ignored mutation::`.
#[test]
#[ignore = "takes as long as it is told to"]
fn campaign_of_changed_mappings_of_a_given_size() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    equivalent_mappings(number("SETS", 100) as usize, number("EVENTS", 300) as usize, number("SEED", 1));
}

fn equivalent_mappings(count: usize, payloads: usize, seed: u64) {
    let (mut sets, mut equivalent, mut survivors, mut number) = (0, 0, 0, 0);
    while sets < count {
        number += 1;
        let mut random = Random::new(seed.wrapping_mul(1_000_037).wrapping_add(number));
        let text = mappings::mapping(&mut random) + "routing main { else => chat }\n";
        let Some(rules) = with_a_test(&text) else { continue };
        sets += 1;
        let found = report(&rules, 25);
        let read = |_: &Path| Err("no tables".to_owned());
        let builder = VariantBuilder::new(&rules, &read);
        survivors += found.survivors.len();
        for change in &found.equivalent {
            equivalent += 1;
            let changed = builder.build(&change.edits).expect("it was checked");
            for round in 0..payloads {
                let payload = mappings::payload_witness(&mut random);
                let made = |rules: &RuleSet| rules.map_payload(&payload, 0, round % 2 == 1);
                let said = mutation_text::said(change);
                assert_eq!(made(&rules), made(&changed), "number {number}: {said}: {payload}\n{text}");
            }
        }
    }
    println!("{sets} sets, {equivalent} equivalent changes, {survivors} others");
}

/// The like for the payloads of a shipped mapping, with values changed at random.
#[test]
fn random_payloads_find_no_difference_where_there_is_none() {
    let rules = load(Path::new("rules/arms"));
    let found = report(&rules, 60);
    assert!(!found.equivalent.is_empty());
    let read = |_: &Path| Err("no tables".to_owned());
    let builder = VariantBuilder::new(&rules, &read);
    let mut random = Random::new(7);
    let mut payloads = Vec::new();
    for entry in fs::read_dir("rules/arms/samples").expect("a folder") {
        let text = fs::read_to_string(entry.expect("a file").path()).unwrap_or_default();
        payloads.extend(serde_json::from_str::<serde_json::Value>(&text));
    }
    payloads.sort_by_key(ToString::to_string);
    for change in &found.equivalent {
        let changed = builder.build(&change.edits).expect("it was checked");
        for _ in 0..100 {
            let mut payload = random.pick(&payloads).clone();
            scramble(&mut payload, &mut random);
            let outcomes = |rules: &RuleSet| mapped(rules, &payload);
            assert_eq!(outcomes(&rules), outcomes(&changed), "{}: {payload}", mutation_text::said(change));
        }
    }
}

const VALUES: [&str; 10] = ["P1", "p2", "P5", "page", "", " ", "resolved", "firing", "odd", "critical"];

fn scramble(value: &mut serde_json::Value, random: &mut Random) {
    match value {
        serde_json::Value::Object(members) => members.values_mut().for_each(|member| scramble(member, random)),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| scramble(item, random)),
        scalar if random.one_in(5) => {
            *scalar = if random.one_in(4) { serde_json::Value::Null } else { (*random.pick(&VALUES)).into() };
        }
        _ => {}
    }
}

fn mapped(rules: &RuleSet, payload: &serde_json::Value) -> Vec<String> {
    let bytes = payload.to_string();
    let arena = json::Arena::new();
    let document = json::parse(bytes.as_bytes(), &arena).expect("it is JSON");
    let context = EvaluationContext::at(Timestamp::read("2026-01-01T00:00:00Z").expect("a time"));
    let entry = EntryPoint::Mapping("arms", None);
    let outcomes = rules.evaluate(entry, &document, &context, &mut SilentObserver).expect("the mapping is known");
    let text = |outcome: &pointsman::event::Outcome<'_>| {
        let mut bytes = Vec::new();
        outcome.write(&mut bytes);
        String::from_utf8(bytes).expect("JSON is UTF-8")
    };
    outcomes.iter().map(text).collect()
}

#[test]
fn a_filter_tries_what_its_tests_and_statements_reach() {
    let rules = read(FILTERED).expect("rules");
    let places = |filter: &str| {
        let options = MutationOptions { filter: Some(filter.to_owned()), limit: 5_000 };
        let found = mutate(&rules, &options, &DiskFiles, &mut |_, _| {}).expect("the tests pass");
        let owners: BTreeSet<String> = found.survivors.iter().map(|each| each.change.owner.clone()).collect();
        (owners.into_iter().collect::<Vec<_>>().join(" "), found.killed > 0)
    };
    // A sequence is asked about the routing that it evaluates, and not about the mapping and the other routing.
    assert_eq!(places("over time"), (String::new(), true));
    assert_eq!(places("by itself"), ("m".to_owned(), true));
    let (owners, kills) = places("proven");
    assert!(owners.contains("other.") && kills, "{owners}");
}

const FILTERED: &str = r#"edition 1
channel page = stdout()
channel chat = stdout()
mapping m {
  severity = match $.level { "high" => Critical  else => Warning }
  status   = Firing
  title    = "x"
  key      = key("m", $.id)
}
routing main { route page when severity == Critical => page  else => chat }
routing other { route team when labels.team == "a" => page  else => chat }
test "by itself" { mapping m  input { level: "high" }  expect { severity: Critical } }
test "over time" { routing main  +0s event { severity: Critical }  expect notified page { severity: Critical } }
prove "proven" { routing main  when severity == Critical  expect sent includes [page] }
"#;
