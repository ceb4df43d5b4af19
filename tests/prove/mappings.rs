//! Proofs about mappings, compared with payloads: all of some few, and random ones.

use super::generator::Random;
use super::load;
use pointsman::prove::{PartProof, PayloadWitness};
use pointsman::ruleset::RuleSet;
use pointsman::source::Span;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What a campaign saw.
#[derive(Debug, Default)]
struct MappingReport {
    sets: usize,
    refused: BTreeMap<&'static str, usize>,
    met: usize,
    /// Parts that a payload meets, and no random one did.
    unseen: usize,
    never: usize,
    undecided: BTreeMap<String, usize>,
    examples: Vec<String>,
    wrong: Vec<String>,
}

#[test]
fn no_random_payload_meets_what_no_payload_can_meet() {
    let report = campaign(60, 120, 1);
    assert!(report.wrong.is_empty(), "{} wrong; the first:\n{}", report.wrong.len(), report.wrong[0]);
    assert!(report.never > 5 && report.met > 300, "{report:?}");
}

/// A campaign of another size: `SETS=300 EVENTS=5000 SEED=7 cargo test --test pointsman -- --ignored prove::mappings`. With
/// `FOLLOWED=1`, without functions that are not followed.
#[test]
#[ignore = "takes as long as it is told to"]
fn campaign_of_mappings_of_a_given_size() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let report = campaign(number("SETS", 300) as usize, number("EVENTS", 5_000) as usize, number("SEED", 1));
    println!(
        "{} mappings (refused: {:?}), {} parts met ({} of them by no random payload), {} never, undecided {:?}, {} false claims\n{}",
        report.sets,
        report.refused,
        report.met,
        report.unseen,
        report.never,
        report.undecided,
        report.wrong.len(),
        report.examples.join("\n")
    );
    assert!(report.wrong.is_empty(), "{}", report.wrong[0]);
}

fn campaign(sets: usize, payloads: usize, seed: u64) -> MappingReport {
    let mut report = MappingReport::default();
    let mut number = 0;
    while report.sets < sets {
        number += 1;
        assert!(number < 200 * sets as u64 + 200, "nearly all mappings are refused: {:?}", report.refused);
        let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let text = mapping(&mut random);
        let loaded = load("random.rules", &text);
        let Some(rules) = loaded.rules else {
            let code = loaded.diagnostics.iter().map(|found| found.code.id).find(|id| id.starts_with('E'));
            *report.refused.entry(code.unwrap_or("?")).or_default() += 1;
            continue;
        };
        report.sets += 1;
        compare(&rules, &text, payloads, &mut random, &mut report);
    }
    report
}

fn compare(rules: &RuleSet, text: &str, payloads: usize, random: &mut Random, report: &mut MappingReport) {
    let proofs = rules.prove_mappings();
    let (mut never, mut met): (BTreeSet<Span>, BTreeSet<Span>) = (BTreeSet::new(), BTreeSet::new());
    for (span, proof) in &proofs.parts {
        match proof {
            PartProof::Met(_) => _ = met.insert(*span),
            PartProof::Never => _ = never.insert(*span),
            PartProof::Undecided(reason) => {
                let count = report.undecided.entry(reason.to_string()).or_default();
                *count += 1;
                if *count <= 4 || std::env::var_os("EXAMPLES").is_some() {
                    report.examples.push(format!("{}\n{text}", rules.sources.text(*span)));
                }
            }
        }
    }
    report.met += met.len();
    report.never += never.len();
    let drops_all: BTreeSet<Span> =
        proofs.findings.iter().filter(|found| found.code.id == "W0077").map(|found| found.span).collect();
    let mut seen = BTreeSet::new();
    for _ in 0..payloads {
        let witness = payload_witness(random);
        let outcome = rules.payload_outcome(&witness, 0);
        let reached = outcome.held.iter().chain(&outcome.arms).copied();
        for span in reached {
            if never.contains(&span) {
                report.wrong.push(format!("{witness} meets `{}`\n{text}", rules.sources.text(span)));
                return;
            }
            seen.insert(span);
        }
        let is_kept = outcome.is_accepted && outcome.dropped.is_none() && rules.model.mappings[0].each.is_none();
        if is_kept && !drops_all.is_empty() {
            report.wrong.push(format!("{witness} is not dropped\n{text}"));
            return;
        }
    }
    report.unseen += met.difference(&seen).count();
}

const TEXTS: [&str; 18] = [
    "", "x", "y", "X", "pay", "pay-card", "PAY", "10", "10.0", "1e1", " 10", "9", "true", "[]", "null", "σ", "ς",
    "x\ny",
];
const GLOBS: [&str; 5] = ["pay*", "?", "*", "x*", "1*"];
const REGEXES: [&str; 7] = ["pay.*", "[a-z]+", "\\d+", "^x", "y$", ".*", "[^x]*"];
const NUMBERS: [&str; 7] = ["10", "9", "11.5", "-3", "0", "10.0", "1e1"];
const PATHS: [&str; 9] = ["$.a", "$.b", "$.a.b", "$.a.c", "$.c[0]", "$.c", "$.c[-1]", "$.a[\"d e\"]", "$.b.c.d"];
const INNER: [&str; 4] = ["@.x", "@.y", "@.y.z", "@"];

struct MappingGenerator<'r> {
    random: &'r mut Random,
    lets: usize,
    has_elements: bool,
    is_payload: bool,
    /// Whether all that the conditions ask is followed.
    is_followed: bool,
}

/// The text of a mapping.
pub(crate) fn mapping(random: &mut Random) -> String {
    let mut text = String::from(
        "edition 1\nchannel chat = stdout()\n\
         table tier(word) ignore case { \"pay\" | \"x\" => \"gold\"  starts with \"pay\" => \"silver\"  missing => \"none\"  else => missing }\n\
         mapping m {\n",
    );
    let has_elements = random.one_in(3);
    let mut set = MappingGenerator {
        random,
        lets: 0,
        has_elements,
        is_payload: true,
        is_followed: std::env::var_os("FOLLOWED").is_some(),
    };
    for _ in 0..set.random.below(3) {
        let condition = set.condition(2);
        let _ = writeln!(text, "  accept when {condition}");
    }
    if has_elements {
        let each = *set.random.pick(&["$.items[*]", "$.a.b[*]", "$.g[*].h[*]", "$.items[?@.x == \"x\"]", "$..h"]);
        let _ = writeln!(text, "  each {each}");
    }
    set.is_payload = false;
    for position in 0..set.random.below(3) {
        let value =
            if set.random.one_in(2) { set.value() } else { set.choice(&["\"x\"", "\"y\"", "missing", "10", "$.b"]) };
        let _ = writeln!(text, "  let l{position} = {value}");
        set.lets = position + 1;
    }
    for _ in 0..set.random.below(4) {
        let condition = set.condition(2);
        let _ = writeln!(text, "  drop when {condition} because \"no\"");
    }
    let severity = set.choice(&["Critical", "Warning", "Info"]);
    let status = if set.random.one_in(3) { "Firing".to_owned() } else { set.choice(&["Firing", "Resolved"]) };
    let title = set.choice(&["\"x\"", "\"y\"", "string($.a) ?? \"none\""]);
    let nested = set.choice(&["\"x\"", "missing", "tier($.b)"]);
    let label = format!("{} ?? {nested}", set.value());
    let _ = writeln!(
        text,
        "  severity = {severity}\n  status = {status}\n  title = {title}\n  key = \"k\"\n  labels {{ one = {label} }}\n}}"
    );
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\n', "\\n"))
}

impl MappingGenerator<'_> {
    fn path(&mut self) -> String {
        if self.has_elements && !self.is_payload && self.random.one_in(2) {
            return (*self.random.pick(&INNER)).to_owned();
        }
        if !self.is_payload && self.lets > 0 && self.random.one_in(4) {
            return format!("l{}", self.random.below(self.lets));
        }
        if self.random.one_in(15) {
            return "header(\"x-h\")".to_owned();
        }
        (*self.random.pick(&PATHS)).to_owned()
    }

    fn value(&mut self) -> String {
        let path = self.path();
        match self.random.below(14) {
            0 => format!("trim({path})"),
            1 => format!("lower({path})"),
            2 => format!("upper({path})"),
            3 => format!("string({path})"),
            4 => format!("present({path})"),
            5 => format!("({path} ?? {})", self.path()),
            6 => format!("tier({path})"),
            7 if !self.is_followed => format!("slice({path}, 0, 1)"),
            _ => path,
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        if depth > 0 && self.random.one_in(2) {
            let word = *self.random.pick(&[" and ", " or "]);
            let parts: Vec<String> = (0..2 + self.random.below(2))
                .map(|_| match self.random.below(4) {
                    0 => format!("not ({})", self.condition(depth - 1)),
                    1 => format!("({})", self.condition(depth - 1)),
                    _ => self.leaf(),
                })
                .collect();
            return parts.join(word);
        }
        self.leaf()
    }

    fn leaf(&mut self) -> String {
        let value = self.value();
        let path = self.path();
        let case = if self.random.one_in(4) { " ignore case" } else { "" };
        match self.random.below(17) {
            0 | 1 => format!("{value} == {}{case}", self.text()),
            2 => format!("{value} != {}{case}", self.text()),
            3 => format!("{value} in [{}, {}]{case}", self.text(), self.text()),
            4 => format!("{value} like {}{case}", quoted(word(self.random, &GLOBS))),
            5 => format!("{value} starts with {}{case}", self.text()),
            6 => format!("{value} matches /{}/", self.random.pick(&REGEXES)),
            7..=9 => {
                let kind =
                    *self.random.pick(&["missing", "null", "empty", "string", "number", "boolean", "array", "object"]);
                format!("{path} is {}{kind}", self.random.pick(&["", "not "]))
            }
            10 => format!("{path} {} {}", self.random.pick(&["==", "<", ">=", "!="]), self.random.pick(&NUMBERS)),
            11 => format!("number({path}) {} {}", self.random.pick(&["==", "<", ">="]), self.random.pick(&NUMBERS)),
            12 => format!("{path} == {}", self.random.pick(&["true", "false"])),
            13 if !self.is_followed => {
                format!("len({path}) {} {}", self.random.pick(&["==", "<"]), self.random.below(4))
            }
            14 if !self.is_followed => format!("{path} == {}", self.path()),
            15 if !self.is_followed => format!("any $.c[*] == {}", self.text()),
            _ => format!("{value} finds /{}/", self.random.pick(&REGEXES)),
        }
    }

    fn text(&mut self) -> String {
        quoted(word(self.random, &TEXTS))
    }

    fn pattern(&mut self) -> String {
        match self.random.below(11) {
            0..=2 => self.text(),
            3 => format!("{} | {}", self.text(), self.text()),
            4 => format!("like {}", quoted(word(self.random, &GLOBS))),
            5 => format!("starts with {}", quoted(word(self.random, &["x", "pay", "1"]))),
            6 => format!("matches /{}/", self.random.pick(&REGEXES)),
            7 => (*self.random.pick(&["10", "< 10", ">= 9"])).to_owned(),
            8 => (*self.random.pick(&["true", "false"])).to_owned(),
            9 => "null".to_owned(),
            _ => "missing".to_owned(),
        }
    }

    fn choice(&mut self, results: &[&str]) -> String {
        let mut arms = String::new();
        let case = if self.random.one_in(4) { " ignore case" } else { "" };
        if self.random.one_in(4) {
            for _ in 0..=self.random.below(3) {
                let (one, two) = (self.pattern(), if self.random.one_in(3) { "_".to_owned() } else { self.pattern() });
                let _ = write!(arms, "{one}, {two} => {}\n    ", self.random.pick(results));
            }
            return format!(
                "match {}, {}{case} {{\n    {arms}else => {}\n  }}",
                self.value(),
                self.value(),
                results[0]
            );
        }
        for _ in 0..=self.random.below(4) {
            let pattern = self.pattern();
            let _ = write!(arms, "{pattern} => {}\n    ", self.random.pick(results));
        }
        format!("match {}{case} {{\n    {arms}else => {}\n  }}", self.value(), results[0])
    }
}

/// A random payload, with texts that the rules name more often than others.
pub(crate) fn payload_witness(random: &mut Random) -> PayloadWitness {
    let mut members = Map::new();
    for name in ["a", "b", "c", "items", "g", "h"] {
        if random.one_in(4) {
            continue;
        }
        let value = match name {
            "items" => array(random, 2),
            "g" => json!([{ "h": array(random, 2) }]),
            "h" => object(random, 1),
            _ => value(random, 3),
        };
        members.insert(name.to_owned(), value);
    }
    let payload = if random.one_in(20) { value(random, 2) } else { Value::Object(members) };
    let mut headers = BTreeMap::new();
    if random.one_in(2) {
        headers.insert("x-h".to_owned(), (*random.pick(&TEXTS)).to_owned());
    }
    PayloadWitness { payload, headers, path_suffix: None, at: None }
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 0 { 12 } else { 8 }) {
        0..=3 => Value::from(*random.pick(&TEXTS)),
        4 => serde_json::from_str(word(random, &NUMBERS)).unwrap(),
        5 => Value::from(random.one_in(2)),
        6 => Value::Null,
        7 => json!(random.below(20)),
        8 | 9 => array(random, depth - 1),
        _ => object(random, depth - 1),
    }
}

fn array(random: &mut Random, depth: usize) -> Value {
    Value::Array(
        (0..random.below(3))
            .map(|_| if random.one_in(2) { object(random, depth) } else { value(random, depth) })
            .collect(),
    )
}

fn object(random: &mut Random, depth: usize) -> Value {
    let mut members = Map::new();
    for name in ["b", "c", "d", "d e", "x", "y", "z"] {
        if random.one_in(3) {
            members.insert(name.to_owned(), value(random, depth.saturating_sub(1)));
        }
    }
    Value::Object(members)
}

/// Every payload of two values out of some few, compared with every verdict.
#[test]
fn verdicts_are_those_of_all_small_payloads() {
    let values = small_values();
    for seed in 0..40 {
        let text = small_mapping(seed);
        let loaded = load("small.rules", &text);
        let Some(rules) = loaded.rules else { continue };
        let mut met: BTreeSet<Span> = BTreeSet::new();
        for one in &values {
            for two in &values {
                let mut members = Map::new();
                members.extend(one.iter().map(|one| ("a".to_owned(), one.clone())));
                members.extend(two.iter().map(|two| ("b".to_owned(), two.clone())));
                let (payload, headers) = (Value::Object(members), BTreeMap::new());
                let outcome =
                    rules.payload_outcome(&PayloadWitness { payload, headers, path_suffix: None, at: None }, 0);
                met.extend(outcome.held);
                met.extend(outcome.arms);
            }
        }
        for (span, proof) in rules.prove_mappings().parts {
            let part = rules.sources.text(span);
            let is_met = matches!(proof, PartProof::Met(_));
            assert_eq!(is_met, met.contains(&span), "`{part}` is {proof:?}, seed {seed}\n{text}");
            assert!(!matches!(proof, PartProof::Undecided(_)), "`{part}` is {proof:?}, seed {seed}\n{text}");
        }
    }
}

fn small_values() -> Vec<Option<Value>> {
    let scalars = [
        json!("x"),
        json!("y"),
        json!(""),
        json!("10"),
        json!(" 10"),
        json!("10.0"),
        json!("9"),
        json!("11"),
        json!("z"),
        json!(10),
        json!(9),
        json!(11),
        json!(true),
        json!(false),
        json!(null),
    ];
    let mut all = vec![None, Some(json!([])), Some(json!({})), Some(json!({ "c": "x" }))];
    for scalar in &scalars {
        all.push(Some(scalar.clone()));
    }
    for inner in
        [json!("x"), json!("y"), json!(""), json!("1"), json!(10), json!(9), json!(null), json!([]), json!(true)]
    {
        all.push(Some(json!([inner])));
        all.push(Some(json!({ "b": inner })));
    }
    all
}

/// Conditions for which the small payloads are all cases that there are.
fn small_mapping(seed: u64) -> String {
    let mut random = Random::new(seed + 501);
    let leaf = |random: &mut Random| {
        let path = *random.pick(&["$.a", "$.a", "$.b"]);
        match random.below(13) {
            0 => format!("{path} == \"{}\"", random.pick(&["x", "y"])),
            1 => format!("{path} in [\"x\", \"10\"]"),
            2 => format!("{path} is {}", random.pick(&["missing", "null", "empty", "string"])),
            3 => format!("{path} is {}", random.pick(&["number", "boolean", "array", "object"])),
            4 => format!("{path} {} 10", random.pick(&["==", "<", ">="])),
            5 => format!("number({path}) == 10"),
            6 => format!("trim({path}) == \"10\""),
            7 => format!("{path}.b == \"x\""),
            8 => format!("{path}.b is {}", random.pick(&["missing", "string"])),
            9 => format!("{path}[0] == \"x\""),
            10 => format!("{path} == {}", random.pick(&["true", "false"])),
            11 => format!("{path} starts with \"1\""),
            _ => format!("{path} != \"x\""),
        }
    };
    let condition = |random: &mut Random| {
        let word = *random.pick(&[" and ", " or "]);
        let parts: Vec<String> = (0..=random.below(2))
            .map(|_| if random.one_in(4) { format!("not ({})", leaf(random)) } else { leaf(random) })
            .collect();
        parts.join(word)
    };
    let pattern = |random: &mut Random| {
        (*random.pick(&["\"x\"", "\"y\"", "10", "< 10", "missing", "null", "true", "starts with \"1\"", "\"\""]))
            .to_owned()
    };
    let mut text = String::from("edition 1\nchannel chat = stdout()\nmapping m {\n");
    for _ in 0..random.below(3) {
        let _ = writeln!(text, "  accept when {}", condition(&mut random));
    }
    for _ in 0..random.below(3) {
        let _ = writeln!(text, "  drop when {} because \"no\"", condition(&mut random));
    }
    let choice = |random: &mut Random, results: &[&str]| {
        let mut arms = String::new();
        for _ in 0..=random.below(3) {
            let _ = write!(arms, "{} => {}  ", pattern(random), random.pick(results));
        }
        format!("match {} {{ {arms} else => {} }}", random.pick(&["$.a", "$.b", "$.a.b", "$.a ?? $.b"]), results[0])
    };
    let severity = choice(&mut random, &["Warning", "Critical"]);
    let status = choice(&mut random, &["Firing", "Resolved"]);
    let title = choice(&mut random, &["\"one\"", "\"two\""]);
    let _ = writeln!(text, "  severity = {severity}\n  status = {status}\n  title = {title}\n  key = \"k\"\n}}");
    text
}

/// Nothing that is said never to be met is met by a recorded payload, and the shipped mappings have no findings.
#[test]
fn recorded_payloads_meet_nothing_that_no_payload_can_meet() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let loaded = RuleSet::load(std::slice::from_ref(&root), None).unwrap();
    let rules = loaded.rules.expect("the shipped rules hold no error");
    let proofs = rules.prove_mappings();
    let found: Vec<&str> = proofs.findings.iter().map(|found| &*found.message).collect();
    assert!(found.is_empty(), "{found:?}");
    let never: BTreeSet<Span> =
        proofs.parts.iter().filter(|(_, proof)| matches!(proof, PartProof::Never)).map(|(span, _)| *span).collect();
    let mut files = Vec::new();
    json_files(&root, &mut files);
    let recorded = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    if recorded.is_dir() {
        json_files(&recorded, &mut files);
    } else {
        println!("skipped: there are no recorded samples");
    }
    assert!(files.len() > 10, "samples are not found");
    for file in files {
        let Ok(payload) = serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()) else { continue };
        let witness = PayloadWitness { payload, headers: BTreeMap::new(), path_suffix: None, at: None };
        for mapping in 0..rules.model.mappings.len() {
            let outcome = rules.payload_outcome(&witness, mapping);
            for span in outcome.held.iter().chain(&outcome.arms) {
                assert!(!never.contains(span), "{} meets `{}`", file.display(), rules.sources.text(*span));
            }
        }
    }
}

fn json_files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

fn word(random: &mut Random, words: &[&'static str]) -> &'static str {
    let word: &&str = random.pick(words);
    word
}
