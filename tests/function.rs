//! The functions: every example in their documentation, and the tables in `cases/function`, through the crate's own parser,
//! checker and evaluator. A line of a table is two expressions with the same value, `upper("a") -> "A"`.

use crate::arena;
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::evaluate::{EvaluationContext, Observer};
use pointsman::event::{AlertStatus, Event, Labels, MessageGroup, Severity};
use pointsman::function::{self, EXAMPLE_PAYLOAD};
use pointsman::json;
use pointsman::ruleset::{EntryPoint, LoadedRules, RuleSet};
use pointsman::source::{Sources, Span};
use pointsman::time::Timestamp;
use pointsman::value::RuntimeValue;
use proptest::prelude::*;
use std::fs;

fn rules(declarations: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add("it.rules", &format!("edition 1\n{declarations}"));
    let LoadedRules { sources, diagnostics, rules, .. } =
        RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    rules.unwrap_or_else(|| panic!("{}", render(DiagnosticFormat::Human, &diagnostics, &sources)))
}

fn context() -> EvaluationContext<'static> {
    EvaluationContext::at(Timestamp::read("2026-03-07T02:00:00+08:00").unwrap())
}

/// Keeps what `keep` makes of the value of each `let`.
struct Lets<T> {
    keep: fn(&RuntimeValue<'_>) -> T,
    values: Vec<T>,
}

impl<T> Observer for Lets<T> {
    const LISTENS: bool = true;

    fn assigned(&mut self, name: &str, _: Span, value: &RuntimeValue<'_>) {
        if name.starts_with("value_") {
            self.values.push((self.keep)(value));
        }
    }
}

/// What `keep` makes of the values of expressions over a payload.
fn values<T>(expressions: &[&str], payload: &str, keep: fn(&RuntimeValue<'_>) -> T) -> Vec<T> {
    let lets: Vec<String> =
        expressions.iter().enumerate().map(|(at, text)| format!("  let value_{at} = {text}\n")).collect();
    let lets = lets.concat();
    let fields = "  severity = Warning\n  status = Firing\n  title = \"t\"\n  key = \"k\"\n";
    let rules = rules(&format!("mapping m {{\n{fields}{lets}}}\n"));
    let document = json::parse(payload.as_bytes(), arena()).unwrap();
    let mut lets = Lets { keep, values: Vec::new() };
    rules.evaluate(EntryPoint::Mapping("m", None), &document, &context(), &mut lets).unwrap();
    assert_eq!(lets.values.len(), expressions.len());
    lets.values
}

fn shown(value: &RuntimeValue<'_>) -> String {
    format!("{value:?}")
}

/// The lines of a table, and its payload: the line that begins with `payload `, or else that of the examples.
fn table(text: &str) -> (Vec<&str>, &str) {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (payloads, lines): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("payload "));
    (lines, payloads.first().map_or(EXAMPLE_PAYLOAD, |line| &line["payload ".len()..]))
}

fn sides(line: &str) -> (&str, &str) {
    line.rsplit_once(" -> ").expect(line)
}

fn assert_equal_sides(lines: &[(&str, &str)], payload: &str) {
    let sides: Vec<&str> = lines.iter().flat_map(|(left, right)| [*left, *right]).collect();
    let values = values(&sides, payload, shown);
    for (line, values) in lines.iter().zip(values.chunks(2)) {
        assert_eq!(values[0], values[1], "{line:?}");
        assert_eq!(values[0] == shown(&RuntimeValue::Missing), line.1 == "missing", "{line:?}");
    }
}

#[test]
fn every_example_holds() {
    for function in function::all() {
        assert!(!function.documentation.is_empty() && !function.examples.is_empty(), "{}", function.name);
        assert!(function.examples.iter().all(|(text, _)| text.contains(function.name)), "{}", function.name);
    }
    let examples: Vec<(&str, &str)> = function::all().iter().flat_map(|function| function.examples).copied().collect();
    assert_equal_sides(&examples, EXAMPLE_PAYLOAD);
}

#[test]
fn functions_are_in_alphabetical_order() {
    let names: Vec<&str> = function::all().iter().map(|function| function.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(function::find("upper").is_some() && function::find("").is_none());
}

#[test]
fn both_sides_of_each_line_are_equal() {
    for name in ["text", "collection", "convert", "hash"] {
        let text = fs::read_to_string(format!("tests/cases/function/{name}.txt")).unwrap();
        let (lines, payload) = table(&text);
        assert_equal_sides(&lines.into_iter().map(sides).collect::<Vec<_>>(), payload);
    }
}

/// The lines of `event.txt` read the labels of an event, so a channel evaluates them.
#[test]
fn both_sides_of_each_line_over_an_event_are_equal() {
    let text = fs::read_to_string("tests/cases/function/event.txt").unwrap();
    for line in table(&text).0 {
        let (left, right) = sides(line);
        let rules = rules(&format!(
            "channel c = webhook(url = \"https://a.example\", body = {{ \"left\": {left}, \"right\": {right} }})\n"
        ));
        let event = Event {
            severity: Severity::Critical,
            status: AlertStatus::Firing,
            title: "t",
            key: "k",
            description: None,
            labels: *labels(),
            starts_at: None,
            ends_at: None,
            link: None,
            source: "m",
            integration: None,
            notes: &[],
        };
        let body = rules.render(0, &event, MessageGroup::SingleEvent, &context()).unwrap().body;
        assert_eq!(body.get("left"), body.get("right"), "{line:?}");
        assert_eq!(body.get("left").is_none(), right == "missing", "{line:?}");
    }
}

#[test]
fn every_key_of_the_list_is_different() {
    let text = fs::read_to_string("tests/cases/function/different_keys.txt").unwrap();
    let (keys, payload) = table(&text);
    let values = values(&keys, payload, shown);
    let different: std::collections::BTreeSet<&String> = values.iter().collect();
    assert_eq!(different.len(), keys.len(), "{values:#?}");
    assert!(values.iter().all(|value| value.starts_with("Text")), "{values:#?}");
}

#[test]
fn what_a_payload_makes_is_bounded() {
    let payload = serde_json::json!({
        "short": "ä".repeat(2_000), "middle": "ä".repeat(5_000), "long": "ä".repeat(50_000),
        "labels": (0..50_000).map(|at| (format!("{at:050}"), "v".into())).collect::<serde_json::Map<_, _>>(),
    });
    let payload = payload.to_string();
    let length = |value: &RuntimeValue<'_>| match value {
        RuntimeValue::Text(text) => text.len(),
        other => panic!("{other:?}"),
    };
    // Each has the budget of an evaluation for itself.
    for text in [
        r#"replace($.short, "ä", $.short)"#,
        r#"join(split($.middle, "ä"), $.middle)"#,
        r#"label_lines($.labels, "{name}{value}")"#,
    ] {
        assert_eq!(values(&[text], &payload, length), [function::LONGEST], "{text}");
    }
    let parts = values(&[r#"len(split($.long, "ä"))"#], &payload, shown);
    assert_eq!(parts, values(&[&function::MAX_PARTS.to_string()], "{}", shown));
}

fn leak(text: &str) -> &'static json::Value<'static> {
    json::parse(arena().text(text).as_bytes(), arena()).unwrap().root
}

fn labels() -> &'static Labels<'static> {
    arena().alloc(Labels::of([("team", "sre"), ("env", "prod"), ("zone", "b")], arena()))
}

fn any_value() -> impl Strategy<Value = RuntimeValue<'static>> {
    prop_oneof![
        Just(RuntimeValue::Missing),
        Just(RuntimeValue::Null),
        any::<bool>().prop_map(RuntimeValue::Boolean),
        any::<i64>().prop_map(|number| RuntimeValue::Number(number.into())),
        (-5_i64..5).prop_map(|number| RuntimeValue::Number(number.into())),
        (-1e20_f64..1e20).prop_map(|number| RuntimeValue::Number(json::Number::Float(number))),
        "\\PC{0,12}".prop_map(|text| RuntimeValue::Text(arena().text(&text))),
        "[0-9{}\\[\\]\",:. name]{0,12}".prop_map(|text| RuntimeValue::Text(arena().text(&text))),
        Just(RuntimeValue::List(&[RuntimeValue::Null, RuntimeValue::Missing, RuntimeValue::Boolean(true)])),
        Just(RuntimeValue::Json(leak(EXAMPLE_PAYLOAD))),
        Just(RuntimeValue::Severity(Severity::Info)),
        Just(RuntimeValue::Labels(labels())),
    ]
}

proptest! {
    #[test]
    fn no_function_panics(arguments in prop::collection::vec(any_value(), 0..5)) {
        for function in function::all() {
            let _ = (function.call)(&arguments, arena());
        }
    }

    #[test]
    fn slices_are_those_of_characters(text in "[aé值]{0,8}", from in 0_usize..10, to in 0_usize..10) {
        let expected: String = text.chars().skip(from).take(to.saturating_sub(from)).collect();
        let number = |number: usize| RuntimeValue::Number((number as u64).into());
        let found = (function::find("slice").unwrap().call)(&[RuntimeValue::Text(&text), number(from), number(to)], arena());
        prop_assert!(matches!(found, RuntimeValue::Text(text) if text == expected));
    }
}
