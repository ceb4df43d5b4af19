//! Payloads.

use super::{load, outcomes, watched};
use crate::arena;
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::json::{self, Arena};
use pointsman::path::{CompiledPath, PathBudget};
use pointsman::ruleset::EntryPoint;
use pointsman::time::Timestamp;

/// A mapping with these lines, and what is required besides.
fn rules(lines: &str) -> String {
    let mut text = format!("edition 1\nmapping m {{\n{lines}\n");
    for (field, value) in [("severity", "Critical"), ("status", "Firing"), ("title", "\"t\""), ("key", "\"k\"")] {
        if !lines.lines().any(|line| line.starts_with(&format!("{field} ="))) {
            text += &format!("{field} = {value}\n");
        }
    }
    text + "}\n"
}

/// The outcomes of a payload by a mapping with these lines.
fn mapped(name: &'static str, lines: &str, payload: impl Into<Vec<u8>>) -> Vec<String> {
    let (text, payload) = (rules(lines), payload.into());
    watched(name, move || {
        let loaded = load(&text);
        let messages: Vec<_> = loaded.diagnostics.iter().map(|finding| finding.message.clone()).collect();
        let rules = loaded.rules.unwrap_or_else(|| panic!("{messages:?}"));
        outcomes(&rules, &payload)
    })
}

fn list(element: &str, count: usize) -> String {
    format!("[{}]", vec![element; count].join(","))
}

#[test]
fn depth() {
    let title = "title = $.a ?? \"x\"";
    for (name, depth, fits) in [("127", 127, true), ("128", 128, false), ("100,000", 100_000, false)] {
        for (open, close) in [("[", "]"), ("{\"a\":[", "]}")] {
            let depth = depth / open.matches(['[', '{']).count();
            let outcome = mapped(name, title, open.repeat(depth) + &close.repeat(depth)).remove(0);
            let is_deeper = !fits && depth * open.matches(['[', '{']).count() > 127;
            assert_eq!(outcome.starts_with("invalid"), is_deeper, "{name}: {outcome}");
        }
        let outcome = mapped(name, title, "[".repeat(depth)).remove(0);
        assert!(outcome.starts_with("invalid"), "{outcome}");
    }
}

#[test]
fn bytes() {
    let title = "title = $.a ?? \"x\"";
    for (name, payload) in [
        ("nothing", b"".as_slice()),
        ("NUL", b"{\"a\":\"\0\"}"),
        ("no UTF-8", b"{\"a\":\"\xff\"}"),
        ("half a pair", b"{\"a\":\"\\ud800\"}"),
        ("garbage", b"garbage"),
        ("too large a float", b"{\"a\":1e999}"),
    ] {
        let outcome = mapped(name, title, payload).remove(0);
        assert!(outcome.starts_with("invalid 1:"), "{name}: {outcome}");
    }
    let outcome = mapped("BOM and CRLF", title, "\u{feff}{\r\n\"a\":\"b\"}\r\n").remove(0);
    assert!(outcome.contains("\"title\":\"b\""), "{outcome}");
    let outcome = mapped("a long line", title, format!("{{\"a\":\"{}\"}}", "x".repeat(10_000_000))).remove(0);
    assert!(outcome.starts_with("{\"outcome\":\"event\""));
}

#[test]
fn members_and_numbers() {
    let repeated = format!("{{{}\"a\":\"last\"}}", "\"a\":1,".repeat(200_000));
    let outcome = mapped("repeated keys", "title = $.a ?? \"x\"", repeated).remove(0);
    assert!(outcome.contains("\"title\":\"last\"") && outcome.contains("repeats the member `a`"), "{outcome}");
    let huge = format!("{{\"{}\":1}}", "k".repeat(5_000_000));
    assert_eq!(mapped("a huge key", "title = $.a ?? \"x\"", huge).len(), 1);
    let outcome = mapped("numbers", "title = \"{$.a}\"", "{\"a\":18446744073709551617}").remove(0);
    assert!(outcome.contains("beyond 64 bits"), "{outcome}");
    let long = format!("{{\"a\":{}}}", "9".repeat(1_000_000));
    assert_eq!(mapped("a long number", "title = \"{$.a}\"", long).len(), 1);
}

#[test]
fn names_that_repeat() {
    let members: Vec<_> = (0..60_000).map(|at| format!("\"k{at}\":{{\"p\":1,\"q\":2}},")).collect();
    let members = members.concat();
    let payload = format!("{{\"l\":{{{members}{}\"z\":0}}}}", "\"k59999\":{\"p\":3},".repeat(60_000));
    let outcomes = mapped("repeats", "each $.l[*]\ntitle = \"{@.p}\"", payload);
    assert_eq!(outcomes.len(), 60_001);
    assert!(outcomes[59_999].contains("\"title\":\"3\""), "{}", outcomes[59_999]);
}

#[test]
fn a_path_that_explodes_ends_within_its_budget() {
    let (visits, kept) = (200_000, 10_000);
    let payload = "[".repeat(100) + &"]".repeat(100);
    let left = watched("paths", move || {
        let document = pointsman::json::parse(payload.as_bytes(), arena()).unwrap();
        let path = CompiledPath::parse("$..*..*..*..*").unwrap();
        let mut budget = PathBudget { visits, kept };
        assert!(path.find(document.root, document.root, &mut budget).is_err());
        budget
    });
    assert!(left.visits == 0 || left.kept == 0, "{left:?}");
}

/// A value that all elements share is not read for each of them without end.
#[test]
fn what_elements_share_is_read_within_a_budget() {
    let each = "each $.a[*]\n";
    let text = |piece: &str| format!("\"{}\"", piece.repeat(2_000_000 / piece.len()));
    let numbers = list("1", 300_000);
    for (name, lines, big) in [
        ("templates", "title = \"{$.big}\"", numbers.clone()),
        ("keys", "key = key(\"k\", $.big) ?? \"k\"", numbers.clone()),
        ("equality", "drop when $.big == $.big because \"x\"", numbers.clone()),
        ("labels", "labels { x = $.big }", numbers.clone()),
        ("regexes", "drop when $.big finds /(x+x+)+y/ because \"x\"", text("x")),
        ("globs", "drop when $.big like \"*a*b*c*d*e*\" because \"x\"", text("abcd")),
        ("pieces", "drop when $.big contains \"yx\" because \"x\"", text("xy")),
        ("case", "drop when $.big == \"x\" ignore case because \"x\"", text("ABCD")),
        ("hashes", "title = sha256($.big) ?? \"x\"", text("x")),
        ("numbers", "title = \"{number($.big)}\"", text("1")),
        ("parts", "let s = split($.big, \",\")\ntitle = \"{len(s)}\"", text(",")),
        ("pairs", "labels { ...pairs(split($.big, \",\"), \":\") }", text("a:b,")),
        ("paths over lists", "let s = split($.big, \",\")\ntitle = \"{count(s[*])}\"", text(",")),
        ("JSON in text", "let s = parse_json($.big)\ntitle = \"{len(s)}\"", format!("\"{numbers}\"")),
        ("addresses", "drop when $.big in cidr \"10.0.0.0/8\" because \"x\"", text("1.")),
        ("times", "starts_at = time($.big)", text("2")),
        ("replacements", "title = replace($.big, \"a\", \"bbbbbbbbbbbbbbbb\") ?? \"x\"", text("a")),
    ] {
        let payload = format!("{{\"big\":{big},\"a\":{}}}", list("1", 2_000));
        let outcomes = mapped(name, &format!("{each}{lines}"), payload);
        assert_eq!(outcomes.len(), 2_000, "{name}");
        let last = outcomes.last().unwrap();
        assert!(last.contains("128 MiB") || last.contains("32 MiB"), "{name}: {last}");
        assert!(name == "numbers" || !outcomes[0].contains("128 MiB"), "{name}: {}", outcomes[0]);
    }
}

/// A payload that the rules have read too much of still has its small texts.
#[test]
fn small_values_outlive_the_budget() {
    let payload = format!("{{\"big\":\"{}\",\"a\":{}}}", "x".repeat(2_000_000), list("{\"t\":\"small\"}", 200));
    let lines = "each $.a[*]\ndrop when $.big finds /y/ because \"x\"\ntitle = @.t ?? \"none\"";
    let outcomes = mapped("small values", lines, payload);
    assert!(outcomes.iter().all(|outcome| outcome.contains("\"title\":\"small\"")), "{:?}", outcomes.last());
}

/// What is made beyond the budget is not kept either, as it would be made for each of very many elements.
#[test]
fn nothing_is_made_where_nothing_is_left() {
    let made = |name: &'static str, lines: &str, elements: usize| {
        let text = rules(&format!("each $.a[*]\ndrop when $.big finds /y/ because \"x\"\n{lines}"));
        let short = list("0", 100);
        let payload =
            format!("{{\"big\":\"{}\",\"s\":\"{short}\",\"a\":{}}}", "x".repeat(2_000_000), list("1", elements));
        watched(name, move || {
            let (rules, arena) = (load(&text).rules.unwrap(), Arena::new());
            let document = json::parse(payload.as_bytes(), &arena).unwrap();
            let context = EvaluationContext::at(Timestamp::read("2026-03-07T12:00:00Z").unwrap());
            let subject = EntryPoint::Mapping("m", None);
            assert_eq!(rules.evaluate(subject, &document, &context, &mut SilentObserver).unwrap().len(), elements);
            arena.allocated_bytes()
        })
    };
    let long = "x".repeat(1_000);
    for (name, lines) in [
        ("trees", "title = string(parse_json($.s)) ?? \"x\""),
        ("parts", "title = \"{len(split($.s, \",\"))}\""),
        ("pairs", "title = string(pairs(split($.s, \",\"), \"0\")) ?? \"x\""),
        ("paths over lists", "title = \"{count(split($.s, \",\")[*])}\""),
        ("replacements", &format!("title = replace($.s, \",\", \"{long}\") ?? \"x\"")),
        ("templates", &format!("title = \"{{$.s}}{long}\"")),
    ] {
        let each = (made(name, lines, 2_000) - made(name, lines, 1_000)) / 1_000;
        assert!(each < 1_500, "{name}: {each} bytes for each element");
    }
}

/// A note stands in the outcome of every element.
#[test]
fn a_note_does_not_write_out_a_long_name() {
    let name = "k".repeat(100_000);
    let payload = format!("{{\"{name}\":1,\"{name}\":2,\"a\":{}}}", list("1", 100));
    let outcomes = mapped("a long name", "each $.a[*]", payload);
    let is_short = |outcome: &String| outcome.len() < 1_000 && outcome.contains("repeats the member `kkk");
    assert!(outcomes.iter().all(is_short), "{}", outcomes[0].len());
}

#[test]
fn text_that_doubles_is_cut() {
    let mut lines = "let l0 = \"{$.a}\"\n".to_owned();
    (1..64).for_each(|at| lines += &format!("let l{at} = \"{{l{0}}}{{l{0}}}\"\n", at - 1));
    let outcome = mapped("doubling", &(lines + "title = l63"), "{\"a\":\"aaaaaaaa\"}").remove(0);
    assert!(outcome.contains("more than 1 MiB of text"), "{}", outcome.len());
}

#[test]
fn very_many_elements() {
    let spread = format!(
        "{{\"l\":{{{}}},\"a\":{}}}",
        (0..5_000).map(|at| format!("\"k{at}\":\"v\"")).collect::<Vec<_>>().join(","),
        list("1", 20_000)
    );
    assert_eq!(mapped("spreads", "each $.a[*]\nlabels { ...$.l }", spread).len(), 20_000);
    let any = format!("{{\"a\":{}}}", list("1", 20_000));
    assert_eq!(mapped("any", "each $.a[*]\ndrop when any $.a[*] == 7 because \"x\"", any.clone()).len(), 20_000);
    assert_eq!(mapped("filters", "each $.a[*]\ntitle = \"{count($.a[?@ > 3])}\"", any).len(), 20_000);
    let lines = "{\"a\":\"x\"}\n".repeat(20_000) + &"{\"a\"\n".repeat(20_000);
    let read = watched("documents", move || pointsman::json::documents(lines.as_bytes(), arena()).count());
    assert!(read >= 20_000, "{read}");
}

#[test]
fn a_long_key_becomes_its_digest_with_a_note() {
    let keyed = |key: String| {
        let outcome = mapped("a long key", "key = $.key ?? \"k\"", format!(r#"{{"key":"{key}"}}"#)).remove(0);
        let outcome: serde_json::Value = serde_json::from_str(&outcome).unwrap();
        let notes = outcome["event"]["notes"].as_array().map_or(0, Vec::len);
        (outcome["event"]["key"].as_str().unwrap().to_owned(), notes)
    };
    assert_eq!(keyed("k".repeat(1_024)), ("k".repeat(1_024), 0));
    let (digest, notes) = keyed("k".repeat(1_025));
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    assert_eq!(notes, 1);
    assert_eq!(keyed("k".repeat(1_025)).0, digest, "a recovery finds its firing");
    assert_ne!(keyed("k".repeat(1_026)).0, digest);
    assert_eq!(keyed("é".repeat(513)).1, 1, "bytes count");
    assert_eq!(keyed("k".repeat(1_000_000)).0.len(), 71);
}
