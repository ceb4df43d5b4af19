//! Mutes and the conditions of silences: what they hold. The rules, the alerts and what is expected are in `cases/mute`.

use crate::arena;
use expect_test::expect_file;
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::evaluate::{EvaluationContext, HoldBudget, HoldFacts, Observer, SilentObserver, hold_facts};
use pointsman::event::{AlertStatus, Event, Labels, OutcomeKind, Severity};
use pointsman::json;
use pointsman::ruleset::{EntryPoint, RuleSet, SilenceCondition, SilenceSet};
use pointsman::source::Sources;
use pointsman::time::{DurationText, Timestamp};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// An observer that is shown every condition, so that the index is not used.
struct Listener;

impl Observer for Listener {
    const LISTENS: bool = true;
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/mute")
}

fn rules(text: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add("it.rules", text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    loaded.rules.unwrap_or_else(|| panic!("{}", render(DiagnosticFormat::Human, &loaded.diagnostics, &loaded.sources)))
}

/// The events that a mapping makes of the alerts of a file, one a line.
fn events(rules: &'static RuleSet, file: &str) -> Vec<&'static Event<'static>> {
    let context = EvaluationContext::at(at("2026-03-07T02:00:00+08:00"));
    let alerts: &'static str = std::fs::read_to_string(folder().join(file)).unwrap().leak();
    let event = |alert: &'static str| {
        let document = json::parse(alert.as_bytes(), arena()).unwrap();
        let outcomes = rules.evaluate(EntryPoint::Mapping("alarms", None), &document, &context, &mut SilentObserver);
        let OutcomeKind::Event(event) = outcomes.unwrap()[0].kind else { panic!("{alert} gives no event") };
        event
    };
    alerts.lines().map(event).collect()
}

fn at(text: &str) -> Timestamp {
    Timestamp::read(text).unwrap()
}

fn shown(rules: &RuleSet, facts: &HoldFacts<'_>) -> String {
    let name = |mute: usize| &*rules.program.mutes.all[mute].name;
    let mut said = String::new();
    for found in &facts.mutes {
        let same = found.same.as_ref().map_or(String::new(), |same| format!(", while one has {same:?}"));
        let _ = writeln!(said, "    held by {}: {}{same}", name(found.mute), found.because);
    }
    for found in &facts.sources {
        let _ = writeln!(said, "    source of {}: {:?}", name(found.mute), found.same);
    }
    said
}

#[test]
fn events_meet_mutes_and_are_their_sources() {
    let text = std::fs::read_to_string(folder().join("mutes.rules")).unwrap();
    let rules: &'static RuleSet = Box::leak(Box::new(rules(&text)));
    let mut said = String::new();
    for mute in &rules.program.mutes.all {
        let channels = mute.channels.as_ref().map_or("all channels".to_owned(), |names| names.join(", "));
        let until = DurationText(mute.until_after());
        let (waits, asks) = (mute.has_while(), mute.asks_schedule());
        let _ = writeln!(
            said,
            "{} ({}): in {channels}, while {waits}, until {until} after, asks {asks}",
            mute.name, mute.location
        );
        assert!(mute.covers(r#"team_chat["web"]"#));
    }
    for time in ["2026-03-07T02:00:00+08:00", "2026-03-07T03:00:00+08:00"] {
        let context = EvaluationContext::at(at(time));
        let _ = writeln!(said, "\n{time}; changes at {}", rules.program.next_hold_change(context.now).unwrap());
        for event in events(rules, "alerts.jsonl") {
            let facts = rules.hold_facts(event, &context, &mut SilentObserver);
            let _ = write!(said, "  {}\n{}", event.title, shown(rules, &facts));
            assert_eq!(facts, rules.hold_facts(event, &context, &mut Listener));
        }
    }
    expect_file![folder().join("facts.txt")].assert_eq(&said);
}

#[test]
fn many_mutes_are_found_by_an_index() {
    let text = std::fs::read_to_string(folder().join("mutes.rules")).unwrap();
    let mutes: String = (0..60)
        .map(|at| {
            let when = match at % 4 {
                0 => format!("labels.alert == \"PodDown\" and labels.node == \"n{}\"", at % 9),
                1 => format!("labels.node starts with \"n{}\"", at % 9),
                2 => "severity == Warning and labels.cluster == \"a\"".to_owned(),
                _ => format!("not labels.job == \"batch{at}\" and is_night"),
            };
            let source = if at % 3 == 0 { "labels.alert == \"NodeDown\"" } else { "severity == Critical" };
            format!("mute more{at} when {when} while {source} same labels.cluster because \"{{labels.node}}\"\n")
        })
        .collect::<Vec<_>>()
        .concat();
    let rules: &'static RuleSet = Box::leak(Box::new(rules(&format!("{text}{mutes}"))));
    assert!(rules.program.mutes.whens.index.is_some() && rules.program.mutes.whiles.index.is_some());
    let context = EvaluationContext::at(at("2026-03-07T02:30:00+08:00"));
    let mut found = 0;
    for event in events(rules, "alerts.jsonl") {
        let facts = rules.hold_facts(event, &context, &mut SilentObserver);
        assert_eq!(facts, rules.hold_facts(event, &context, &mut Listener), "{}", event.title);
        found += facts.mutes.len() + facts.sources.len();
    }
    assert!(found > 100, "{found}");
}

#[test]
fn a_condition_of_a_silence_needs_no_rules() {
    let text = std::fs::read_to_string(folder().join("mutes.rules")).unwrap();
    let rules: &'static RuleSet = Box::leak(Box::new(rules(&text)));
    let texts = std::fs::read_to_string(folder().join("conditions.txt")).unwrap();
    let mut said = String::new();
    let mut conditions = Vec::new();
    for text in texts.lines() {
        let _ = writeln!(said, "{text}");
        match SilenceCondition::parse(text) {
            Ok(condition) => {
                let held = events(rules, "alerts.jsonl").into_iter().filter(|event| condition.matches(event));
                let held: Vec<&str> = held.map(|event| event.title).collect();
                let labels: Vec<&str> = condition.labels().collect();
                let _ = writeln!(said, "  labels {labels:?}; holds {held:?}\n");
                assert_eq!(condition.text(), text);
                conditions.push(condition);
            }
            Err(refused) => {
                let _ = writeln!(said, "{}", render(DiagnosticFormat::Human, &refused.diagnostics, &refused.sources));
            }
        }
    }
    expect_file![folder().join("conditions.expected.txt")].assert_eq(&said);
    // Enough of them for an index.
    let many = || conditions.iter().cycle().take(conditions.len() * 12);
    let set = SilenceSet::read(many().map(SilenceCondition::text));
    assert!(set.refused().is_empty());
    for event in events(rules, "alerts.jsonl") {
        let one_by_one: Vec<usize> =
            many().enumerate().filter(|(_, condition)| condition.matches(event)).map(|(at, _)| at).collect();
        assert_eq!(set.matches(event, &mut HoldBudget::default()), one_by_one, "{}", event.title);
    }
}

#[test]
fn a_long_condition_is_refused() {
    let long = format!("title == \"{}\"", "a".repeat(20_000));
    let refused = SilenceCondition::parse(&long).unwrap_err();
    assert_eq!(refused.diagnostics[0].code.id, "E0027");
    let deep = format!("{}true == true{}", "(".repeat(200), ")".repeat(200));
    assert_eq!(SilenceCondition::parse(&deep).unwrap_err().diagnostics[0].code.id, "E0004");
}

#[test]
fn long_values_are_kept_short() {
    let text = std::fs::read_to_string(folder().join("mutes.rules")).unwrap();
    let rules: &'static RuleSet = Box::leak(Box::new(rules(&text)));
    let long: &'static str = "n".repeat(100_000).leak();
    let payload = format!(r#"{{"title": "x", "alert": "PodDown", "cluster": "a", "node": "{long}"}}"#);
    let document = json::parse(payload.leak().as_bytes(), arena()).unwrap();
    let context = EvaluationContext::at(at("2026-03-07T02:00:00+08:00"));
    let outcomes = rules.evaluate(EntryPoint::Mapping("alarms", None), &document, &context, &mut SilentObserver);
    let OutcomeKind::Event(event) = outcomes.unwrap()[0].kind else { panic!("no event") };
    let facts = rules.hold_facts(event, &context, &mut SilentObserver);
    let behind = &facts.mutes[0];
    let (name, value) = &behind.same.as_ref().unwrap()[1];
    assert!(*name == "node" && value.starts_with("sha256:") && value.len() == 71, "{value}");
    assert!(behind.because.starts_with("its node nnn") && behind.because.chars().count() == 1_001);
}

#[test]
fn what_mutes_and_silences_read_for_a_payload_is_bounded() {
    let mute = |number| format!("mute m{number} when description matches /[a-z]+{number} in chat$/ because \"x\"\n");
    let mutes = (0..20).map(mute).collect::<Vec<String>>().concat();
    let text = format!(
        "edition 1\nchannel chat = stdout()\nrouting main {{ else => chat }}\n{mutes}mute whole when description matches /[n]+/ because \"y\"\n"
    );
    let rules: &'static RuleSet = Box::leak(Box::new(rules(&text)));
    let long = "n".repeat(1 << 20);
    let arena = arena();
    let event = Event {
        severity: Severity::Warning,
        status: AlertStatus::Firing,
        title: "t",
        key: "k",
        description: Some(&long),
        labels: Labels::of([], arena),
        starts_at: None,
        ends_at: None,
        link: None,
        source: "s",
        integration: None,
        notes: &[],
    };
    let context = EvaluationContext::at(at("2026-03-07T02:00:00+08:00"));
    let mut budget = HoldBudget::default();
    let mut held = 0;
    while !budget.is_spent() {
        assert!(held < 128, "each event reads a megabyte at least");
        let facts = hold_facts(&rules.program, &event, &context, &mut budget, &mut SilentObserver);
        assert_eq!(facts.mutes.len(), usize::from(!budget.is_spent()));
        held += 1;
    }
    let set = SilenceSet::read(["severity == Warning"]);
    assert_eq!(set.matches(&event, &mut HoldBudget::default()), [0]);
    // Nothing is held beyond the budget, however little it reads.
    assert!(set.matches(&event, &mut budget).is_empty());
    assert_eq!(hold_facts(&rules.program, &event, &context, &mut budget, &mut SilentObserver), HoldFacts::default());
}

/// The conditions that the help of silences shows can be read.
#[test]
fn conditions_of_the_help_are_conditions() {
    let mut shown = 0;
    for command in [&["silence"][..], &["silence", "add"], &["silence", "preview"]] {
        let help = std::process::Command::new(env!("CARGO_BIN_EXE_pointsman")).args(command).arg("--help").output();
        let help = String::from_utf8(help.unwrap().stdout).unwrap();
        for line in help.lines().filter(|line| line.contains("pointsman silence")) {
            let Some(condition) = line.split('\'').nth(1) else { continue };
            assert!(SilenceCondition::parse(condition).is_ok(), "{line}");
            shown += 1;
        }
    }
    assert!(shown >= 5, "the help shows {shown} conditions");
}
