//! Paths over lets cost what paths over `$` cost: the same mapping written both ways.

use super::compare::figure;
use super::library;
use super::measure::{Round, medians};
use pointsman::json::Arena;
use std::cell::RefCell;
use std::fmt::Write as _;

/// Prints the time of one payload for both ways.
pub(crate) fn report() {
    let payload = payload();
    let rules = [("paths over $", mapping("", "$.data")), ("paths over a let", mapping("let data = $.data", "data"))];
    let rules = rules.map(|(name, text)| (name, library::load(&text).unwrap_or_else(|wrong| panic!("{wrong}"))));
    let context = library::context();
    let (out, arena) = (RefCell::new(Vec::new()), RefCell::new(Arena::new()));
    let run = |rules| {
        let (mut out, mut arena) = (out.borrow_mut(), arena.borrow_mut());
        out.clear();
        library::map(rules, None, &context, payload.as_bytes(), &mut arena, &mut out);
    };
    let written = rules.each_ref().map(|(_, rules)| {
        run(rules);
        out.take()
    });
    assert_eq!(written[0], written[1], "both ways give the same events");
    println!("\none payload of 20 alerts, {} bytes, to bytes", payload.len());
    let mut rounds = rules.each_ref().map(|(name, rules)| Round::new(name, || run(rules)));
    let figures = medians(41, &mut rounds);
    let unit = figures[0].1;
    for (name, nanoseconds) in figures {
        figure(&format!("mapping: {name}, ns"), nanoseconds);
        println!("    {name:<24} {:>8.2} units  {nanoseconds:>10.0} ns", nanoseconds / unit);
    }
}

fn mapping(opening: &str, from: &str) -> String {
    let text = r#"edition 1
mapping bench {
  OPENING
  accept when FROM.alerts is array
  each FROM.alerts[*]
  severity    = match first(@.tags[?@.tag == "level"].value) { "high" => Critical  else => Warning }
  status      = match (any FROM.alerts[*].state == "ok") { true => Resolved  else => Firing }
  title       = "{@.name} in {FROM.region}"
  description = "{count(FROM.alerts[?@.state == "firing"])} of {count(FROM.alerts[*])}"
  key         = key("bench", FROM.region, @.name) ?? "bench"
  labels {
    region = FROM.region
    first  = FROM.alerts[0].name
    last   = FROM.alerts[-1].name
    team   = first(FROM.alerts[0].tags[?@.tag == "team"].value)
    zone   = FROM.place.zone
  }
}
"#;
    text.replace("OPENING", opening).replace("FROM", from)
}

fn payload() -> String {
    let mut alerts = String::new();
    for at in 0..20 {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            alerts,
            r#"{comma}{{"name": "alert {at}", "state": "firing", "unused": {{"a": [1, 2, 3], "b": "text"}}, "tags": [
            {{"tag": "env", "value": "prod"}}, {{"tag": "team", "value": "dba"}}, {{"tag": "level", "value": "high"}}]}}"#
        );
    }
    format!(
        r#"{{"data": {{"region": "eu", "place": {{"zone": "b"}}, "alerts": [{alerts}], "unused": [[1], [2]]}}, "other": 1}}"#
    )
}
