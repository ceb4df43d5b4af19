//! Reading only the parts of a payload that rules use gives the same outcomes and errors as reading all of it.

use crate::arena;
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::json::{self, Projection, ToJson};
use pointsman::ruleset::{EntryPoint, RuleSet};
use pointsman::source::Sources;
use pointsman::time::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt::Write;
use std::path::PathBuf;

/// The outcomes of a payload, read in both ways.
fn outcomes(rules: &RuleSet, subject: EntryPoint<'_>, bytes: &[u8], read_all: bool) -> Result<String, String> {
    let read = if read_all { json::parse(bytes, arena()) } else { rules.read(subject, bytes, arena()) };
    let document = read.map_err(|invalid| format!("{invalid:?}"))?;
    let context = EvaluationContext::at(Timestamp::read("2026-03-07T02:00:00+08:00").unwrap());
    let outcomes = rules.evaluate(subject, &document, &context, &mut SilentObserver).unwrap();
    let written = outcomes.to_json();
    let read: serde_json::Value = serde_json::from_str(&written).expect("an outcome is JSON");
    assert_eq!(written, read.to_string(), "it is written as serde_json writes it");
    Ok(written)
}

fn agree(rules: &RuleSet, bytes: &[u8]) {
    let mappings = rules.model.mappings.iter().map(|mapping| EntryPoint::Mapping(&mapping.name, None));
    let integrations = rules.model.integrations.iter().map(|each| EntryPoint::Integration(&each.name));
    for subject in mappings.chain(integrations) {
        let (part, all) = (outcomes(rules, subject, bytes, false), outcomes(rules, subject, bytes, true));
        assert_eq!(part, all, "{subject:?} on {}", String::from_utf8_lossy(bytes));
    }
}

fn loaded(text: &str) -> Option<RuleSet> {
    let mut sources = Sources::default();
    sources.add("it.rules", text);
    RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None).rules
}

/// Names that both paths and payloads use, so that paths find values.
const NAMES: [&str; 8] = ["a", "b", "c", "alerts", "labels", "status", "x y", "é"];

/// JSON text, some of it unusual or invalid.
fn payload() -> impl Strategy<Value = String> {
    let scalar = select(vec![
        "null",
        "true",
        "0",
        "1.0",
        "-7",
        "1e400",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\"",
        "\"b\"",
        "\"resolved\"",
        r#""\u0061""#,
        r#""\ud83d\ude00""#,
        r#""\ud800""#,
        r#""\x""#,
        "[]",
        "{}",
        "01",
        r#""{\"a\":{\"b\":1}}""#,
        "\"2026-03-07T02:00:00Z\"",
    ]);
    let scalar = prop_oneof![12 => scalar.prop_map(str::to_owned), 1 => Just("[".repeat(130))];
    scalar.prop_recursive(6, 64, 6, |inner| {
        let escaped = prop_oneof![Just(r"\u0061"), Just(r"labels\u0020")];
        let name = prop_oneof![9 => select(&NAMES[..]), 1 => escaped];
        let member = (name, inner.clone()).prop_map(|(name, value)| format!("\"{name}\": {value}"));
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// A payload with elements and labels where the mappings expect them.
fn likely() -> impl Strategy<Value = String> {
    (payload(), payload(), payload(), payload()).prop_map(|(a, labels, b, c)| {
        format!(
            r#"{{"status": {c}, "alerts": [{{"labels": {{"a": "x", "b": {labels}}}, "a": {a}}}, {b}], "b": {b}, "labels": {labels}}}"#
        )
    })
}

fn segment() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        8 => select(&["a", "b", "c", "alerts", "labels", "status"][..]).prop_map(|name| format!(".{name}")),
        1 => Just("['x y']".to_owned()),
        1 => Just("[0]".to_owned()),
        1 => Just("[-1]".to_owned()),
    ]
}

fn singular() -> impl Strategy<Value = String> + Clone {
    let root = select(&["$", "@"][..]);
    (root, proptest::collection::vec(segment(), 0..4)).prop_map(|(root, segments)| root.to_owned() + &segments.concat())
}

fn plural() -> impl Strategy<Value = String> + Clone {
    let spread = select(vec![
        "[*]",
        ".*",
        "[1:]",
        "[::-1]",
        "..a",
        "..*",
        "['a','b']",
        "[?@.a]",
        "[?@.a == $.b]",
        "[?@ == 'a']",
        "[?length(@.labels) > 1]",
        "[?count(@.*) > 1]",
        "[?match(@.a, 'a.*')]",
        "[?!@.b && @.a != 1]",
        "[?@.labels[?@.a]]",
        "[?value(@..a) == 1]",
    ]);
    let parts = (singular(), spread, proptest::collection::vec(segment(), 0..3));
    parts.prop_map(|(begin, spread, end)| format!("{begin}{spread}{}", end.concat()))
}

/// Paths over lets and calls.
fn over_value() -> impl Strategy<Value = String> + Clone {
    let base = select(vec!["within", "early", "late", "parse_json($.b)", "present(@.labels)"]);
    let segments = proptest::collection::vec(segment(), 0..3);
    let spread = select(vec![
        "[*]",
        ".*",
        "..a",
        "[1:]",
        "['a','b']",
        "[?@.a]",
        "[?@.a == $.b]",
        "[?count(@.*) > 1]",
        "[?@ == 'a']",
    ]);
    let form = select(vec!["first(_)", "count(_)", "join(_, \",\")", "pairs(_, \"a\", \"b\")", "pairs(_, \":\").a"]);
    (base, segments.clone(), spread, segments, form).prop_map(|(base, begin, spread, end, form)| {
        form.replace('_', &format!("{base}{}{spread}{}", begin.concat(), end.concat()))
    })
}

/// Every kind of expression that reads a payload.
fn value() -> impl Strategy<Value = String> + Clone {
    let one = singular();
    let list = plural();
    prop_oneof![
        4 => one.clone(),
        1 => one.clone().prop_map(|path| format!("present({path})")),
        1 => one.clone().prop_map(|path| format!("len({path})")),
        1 => one.clone().prop_map(|path| format!("key(\"k\", {path})")),
        1 => one.clone().prop_map(|path| format!("label_lines({path}, r\"{{name}}={{value}}\")")),
        1 => one.clone().prop_map(|path| format!("parse_json({path})")),
        1 => list.clone().prop_map(|path| format!("first({path})")),
        1 => list.clone().prop_map(|path| format!("count({path})")),
        1 => list.clone().prop_map(|path| format!("join({path}, \",\")")),
        1 => (one.clone(), one.clone()).prop_map(|(left, right)| format!("{left} ?? {right}")),
        1 => Just("within.a.b ?? within[0].c".to_owned()),
        3 => over_value(),
        1 => (one.clone(), one).prop_map(|(subject, found)| {
            format!("match {subject} {{ \"a\" | \"b\" => {found}  null => \"n\"  missing => \"m\"  else => \"e\" }}")
        }),
    ]
}

fn condition() -> impl Strategy<Value = String> + Clone {
    let test = select(vec![
        "is array",
        "is object",
        "is empty",
        "is null",
        "is missing",
        "== \"a\"",
        "== $.b",
        "!= 1",
        "in [\"a\", $.c]",
        "contains \"a\"",
        "> 0",
        "like \"a*\"",
        "is not string",
    ]);
    let one = (singular(), test.clone()).prop_map(|(path, test)| format!("{path} {test}"));
    let list = (select(&["any", "all", "none"][..]), plural(), test)
        .prop_map(|(quantifier, path, test)| format!("{quantifier} {path} {test}"));
    prop_oneof![2 => one, 1 => list]
}

/// How a mapping begins: what it accepts, what it names before `each`, and what `each` walks over.
fn opening() -> impl Strategy<Value = String> {
    let early = prop_oneof![
        2 => singular(),
        1 => singular().prop_map(|path| format!("parse_json({path})")),
        1 => (singular(), singular()).prop_map(|(left, right)| format!("{left} ?? {right}")),
        1 => Just("match $.status { \"resolved\" => $.alerts  else => $.labels }".to_owned()),
    ];
    let over = prop_oneof![
        2 => plural().prop_map(|path| path.replacen('@', "$", 1)),
        1 => select(vec!["early[*]", "early.alerts[*]", "early.a[?@.b != $.c]", "early..a"]).prop_map(str::to_owned),
    ];
    let accept = prop_oneof![
        condition().prop_map(|condition| condition.replace('@', "$")),
        select(vec!["early.a is array", "any early[*] is object", "early is not empty"]).prop_map(str::to_owned),
    ];
    (early, over, accept, any::<[bool; 2]>()).prop_map(|(early, over, accept, [accepts, has_each])| {
        let early = early.replace('@', "$");
        let accept = if accepts { format!("accept when {accept}") } else { String::new() };
        let each = if has_each { format!("each {over}") } else { String::new() };
        format!("let early = {early}\n{accept}\n{each}")
    })
}

/// Two mappings of one integration.
fn rule_text() -> impl Strategy<Value = String> {
    let mapping =
        (opening().boxed(), singular(), proptest::collection::vec(value().boxed(), 5), condition(), any::<bool>());
    (mapping.clone(), mapping).prop_map(|(first, second)| {
        let mut text = "edition 1\n".to_owned();
        for (name, (opening, late, values, drop, drops)) in [("m", first), ("n", second)] {
            let drop = if drops { format!("drop when {drop} because \"it\"") } else { String::new() };
            // A let cannot be read above its line.
            let within = values[0].replace("within", "late");
            write!(
                text,
                "mapping {name} {{\n{opening}\nlet late = {late}\nlet within = {within}\n{drop}\nseverity = Warning\n\
                 status = match $.status {{ \"resolved\" => Resolved  else => Firing }}\n\
                 title = \"t {{@.a.b}} {{$.labels}}\"\nkey = present(string({})) ?? \"k\"\n\
                 labels {{ ...@.labels\n one = string({})\n two = string({})\n three = string({}) }}\n}}\n",
                values[1], values[2], values[3], values[4]
            )
            .unwrap();
        }
        text + "channel c = discard()\nintegration i { keys = [env(\"K\")] m, n => c }\n"
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_projection_gives_the_same_outcomes(
        texts in proptest::collection::vec(rule_text(), 8),
        payloads in proptest::collection::vec(prop_oneof![payload(), likely()], 8),
    ) {
        // `check` refuses rules with a path that is too expensive or a line that is unreachable.
        let mut sets = texts.iter().filter_map(|text| loaded(text));
        let rules = sets.next();
        prop_assume!(rules.is_some());
        for payload in payloads {
            agree(rules.as_ref().unwrap(), payload.as_bytes());
        }
    }

    #[test]
    fn a_projection_gives_the_same_errors(
        payload in likely(),
        at in any::<prop::sample::Index>(),
        byte in select(&b"\"\\{}[],:0e- \n\xff\x00u"[..]),
    ) {
        let mut bytes = payload.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut reach = Projection::default();
        reach.member("alerts").every().member("labels").select_all();
        for reach in [Projection::default(), reach] {
            let part = json::parse_projected(&bytes, &reach, arena()).map(|document| document.repeated);
            prop_assert_eq!(part, json::parse(&bytes, arena()).map(|document| document.repeated));
        }
    }
}

#[test]
fn the_shipped_rules_read_what_they_need() {
    let text = |path: PathBuf| std::fs::read(path).unwrap();
    for set in ["alertmanager", "arms", "cloudmonitor", "prometheus"] {
        let folder = PathBuf::from("rules").join(set);
        let rules = RuleSet::load(std::slice::from_ref(&folder), None).unwrap().rules.unwrap();
        let samples = std::fs::read_dir(folder.join("samples")).into_iter().flatten();
        let samples = samples.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let samples: Vec<_> = samples.map(text).collect();
        assert!(!samples.is_empty(), "{set}");
        for sample in samples {
            agree(&rules, &sample);
        }
    }
}

#[test]
fn an_alert_storm_exhausts_the_same_budget() {
    let rules = loaded(
        "edition 1\nmapping m {\n  each $.alerts[*]\n  severity = Warning\n  status = Firing\n  \
         title = \"{count($.alerts[*].labels.*)} {@.a}\"\n  key = \"k\"\n  labels { ...$.labels }\n}\n",
    );
    let alert = format!(r#"{{"a": "{}", "b": [1, 2, 3], "labels": {{"a": 1, "b": 2, "c": {{}}}}}}"#, "x".repeat(300));
    let alerts = vec![alert; 1_000].join(",");
    let payload = format!(r#"{{"labels": {{"a": "{}"}}, "alerts": [{alerts}]}}"#, "y".repeat(50_000));
    agree(&rules.unwrap(), payload.as_bytes());
}
