//! Large blocks have an index; an observer that listens makes the evaluator try every line. The two must decide alike.

use crate::arena;
use pointsman::diagnostic::{Format, render};
use pointsman::evaluate::{Context, Observer, Silent, route};
use pointsman::event::{Event, Labels, Severity, Status};
use pointsman::program::Destination;
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use pointsman::time::Instant;
use proptest::prelude::*;
use std::fmt::Write;

/// Tries every line.
struct Listening;

impl Observer for Listening {
    const LISTENS: bool = true;
}

/// A small generator: proptest gives the seed, and shrinks it no further than a rule set that can be printed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.roll(all.len())]
    }

    /// Words that are often equal, and often parts of each other.
    fn word(&mut self) -> String {
        let mut word = self.of(&["a", "ab", "Ab", "web", "api-web", "ÄB", "-", "7", "12"]).to_owned();
        if self.roll(3) == 0 {
            word.push_str(self.of(&["a", "b", "-7", "web"]));
        }
        word
    }

    fn label(&mut self) -> &'static str {
        self.of(&["labels.team", "labels.env", "labels[\"app.name\"]", "title", "labels.size"])
    }

    fn comparison(&mut self) -> String {
        let (label, word, other) = (self.label(), self.word(), self.word());
        let case = self.of(&["", "", " ignore case"]);
        let not = self.of(&["", "", "not "]);
        match self.roll(14) {
            0..=3 => format!("{label} == \"{word}\"{case}"),
            4 => format!("{label} != \"{word}\""),
            5 => format!("{label} {not}in [\"{word}\", \"{other}x\"]{case}"),
            6 => format!("{label} {not}like [\"{word}*\", \"*{other}*b\"]{case}"),
            7 => format!("{label} {not}matches /({word}|{other}).*/"),
            8 => format!("{label} {not}finds /{word}[ab]?{other}/i"),
            9 => format!("{label} {not}finds /^{word}/"),
            10 => format!("{label} {not}contains \"{word}\"{case}"),
            11 => format!("{label} {not}starts with \"{word}\""),
            12 => format!("number(labels.size) >= {}", self.roll(20)),
            _ => format!("severity >= {}", self.of(&["Info", "Warning", "Critical"])),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        match self.roll(if depth == 0 { 3 } else { 8 }) {
            0..=2 => self.comparison(),
            3 | 4 => format!("({} and {})", self.condition(depth - 1), self.condition(depth - 1)),
            5 => format!("({} or {})", self.condition(depth - 1), self.condition(depth - 1)),
            6 => format!("not ({})", self.condition(depth - 1)),
            _ => self.of(&["shared", "both"]).to_owned(),
        }
    }

    fn block(&mut self, out: &mut String, lines: usize, depth: usize) {
        for line in 0..lines {
            let kind = self.of(&["route", "route", "route", "also route", "always"]);
            let _ = write!(out, "{kind} r{line} when {}", self.condition(2));
            match self.roll(6) {
                0 if depth > 0 => {
                    out.push_str(" {\n");
                    let lines = self.roll(24);
                    self.block(out, lines, depth - 1);
                    out.push_str(" }\n");
                }
                1 if kind == "route" => out.push_str(" => nothing because \"quiet\"\n"),
                2 if kind == "route" => {
                    let (first, second) = (self.word(), self.word());
                    let _ = writeln!(
                        out,
                        " match labels.team {{ \"{first}x\" => c1, c2  \"{second}y\" => c3  else => decline }}"
                    );
                }
                3 if kind == "route" => self.arms(out),
                _ => {
                    let _ = writeln!(out, " => c{}", self.roll(6));
                }
            }
        }
        out.push_str(if depth < 2 && self.roll(3) == 0 { "else => decline\n" } else { "else => c0\n" });
    }

    /// Enough arms for an index of their own. Each begins differently, as an arm that can never be chosen is an error.
    fn arms(&mut self, out: &mut String) {
        let _ = writeln!(out, " match labels.team{} {{", self.of(&["", " ignore case"]));
        for (arm, start) in ["a", "b", "w", "-", "7", "1", "ä", "x", "y"].into_iter().enumerate() {
            let _ = match self.roll(3) {
                0 => writeln!(out, "starts with \"{start}{start}\" => c{}", arm % 6),
                1 => writeln!(out, "like \"{start}?\" => c{}", arm % 6),
                _ => writeln!(out, "\"{start}\" | \"{start}b\" | \"{start}-7\" => c{}", arm % 6),
            };
        }
        out.push_str(" missing => c5\n else => decline }\n");
    }

    fn rules(&mut self) -> String {
        let mut out = String::from("edition 1\n");
        for channel in 0..6 {
            let _ = writeln!(out, "channel c{channel} = discard()");
        }
        let _ = writeln!(out, "define shared = {}", self.comparison());
        let _ = writeln!(out, "define both = {} and {}", self.comparison(), self.comparison());
        out.push_str("routing main {\n");
        self.block(&mut out, 40, 2);
        out.push_str("}\n");
        out
    }

    fn event(&mut self) -> Event<'static> {
        let mut labels = Vec::new();
        for name in ["team", "env", "app.name"] {
            if self.roll(5) > 0 {
                labels.push((name, arena().text(&self.word())));
            }
        }
        if self.roll(3) > 0 {
            labels.push(("size", arena().text(&self.roll(20).to_string())));
        }
        Event {
            severity: Severity::ALL[self.roll(3)],
            status: Status::ALL[self.roll(2)],
            title: arena().text(&self.word()),
            key: "key",
            description: None,
            labels: Labels::of(labels, arena()),
            starts_at: None,
            ends_at: None,
            link: None,
            source: "test",
            integration: None,
            notes: &[],
        }
    }
}

/// A line that names one text several times is tried once.
#[test]
fn a_line_is_found_once() {
    let conditions = [
        "labels.a matches /(x|x)-.*/",
        "labels.a in [\"x-1\", \"X-1\"] ignore case",
        "labels.a like [\"x-*\", \"x-*\"]",
        "(labels.a contains \"-1\" or labels.a contains \"-1\")",
        "labels.a finds /x-(1|1)?/",
    ];
    let mut text = "edition 1\nchannel c = discard()\nrouting main {\n".to_owned();
    for at in 0..20 {
        let _ = writeln!(text, "route o{at} when labels.a == \"o{at}\" => c");
    }
    for (at, when) in conditions.iter().enumerate() {
        let _ = writeln!(text, "always r{at} when {when} {{ route q => nothing because \"q{at}\" }}");
    }
    text.push_str("else => c }\n");
    let mut sources = Sources::default();
    sources.add("once.rules", &text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let Some(rules) = loaded.rules else {
        panic!("{}", render(Format::Short, false, &loaded.diagnostics, &loaded.sources))
    };
    let context = Context::at(Instant::read("2026-11-20T12:00:00Z").unwrap());
    let event = arena().keep(Event { labels: Labels::of([("a", "x-1")], arena()), ..Dice(1).event() });
    let decided = route(&rules.program, Destination::Routing(0), event, &context, arena(), &mut Silent);
    let reasons: Vec<&str> = decided.reasons.iter().map(|reason| reason.reason).collect();
    assert_eq!(reasons, ["q0", "q1", "q2", "q3", "q4"]);
}

/// A label is read within the same budget by who listens and who does not.
#[test]
fn a_long_label_is_read_within_a_budget() {
    let routes = (0..12).map(|at| {
        let finds = (0..5).map(|part| format!("labels.a finds /q{at}{part}[^0-9]/"));
        format!("route r{at} when {} => c\n", finds.collect::<Vec<_>>().join(" or "))
    });
    let text = format!(
        "edition 1\nchannel c = discard()\nchannel d = discard()\n\
         routing main {{ {} route last when labels.a contains \"xx\" => c else => d }}\n",
        routes.collect::<String>()
    );
    let mut sources = Sources::default();
    sources.add("long.rules", &text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let rules = loaded.rules.expect("no error");
    let context = Context::at(Instant::read("2026-11-20T12:00:00Z").unwrap());
    for (length, channel) in [(1 << 20, "c"), (3 << 20, "d")] {
        let labels = Labels::of([("a", arena().text(&"x".repeat(length)))], arena());
        let event = arena().keep(Event { labels, ..Dice(1).event() });
        let found = route(&rules.program, Destination::Routing(0), event, &context, arena(), &mut Silent);
        let walked = route(&rules.program, Destination::Routing(0), event, &context, arena(), &mut Listening);
        assert_eq!((found.channels, &found), (&[channel][..], &walked));
    }
}

/// What finding lines reads is not missing where they are tried.
#[test]
fn a_long_label_does_not_exhaust_what_lines_may_read() {
    let mut text = "edition 1\nchannel c = discard()\nchannel d = discard()\nrouting main {\n".to_owned();
    text.push_str("route first when labels.a contains \"xx\" => c\n");
    for at in 0..300 {
        let _ = writeln!(text, "route r{at} when labels.a matches /[a-z0-9]{{1,{}}}[A-Z]/ => d", at + 1);
    }
    text.push_str("else => d }\n");
    let mut sources = Sources::default();
    sources.add("long.rules", &text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let Some(rules) = loaded.rules else {
        panic!("{}", render(Format::Short, false, &loaded.diagnostics, &loaded.sources))
    };
    let context = Context::at(Instant::read("2026-11-20T12:00:00Z").unwrap());
    let labels = Labels::of([("a", arena().text(&"x".repeat(40 << 20)))], arena());
    let event = arena().keep(Event { labels, ..Dice(1).event() });
    let decided = route(&rules.program, Destination::Routing(0), event, &context, arena(), &mut Silent);
    assert_eq!(decided.channels, ["c"]);
}

/// Where rules look at very many labels, those of the event are looked up.
#[test]
fn rules_may_look_at_very_many_labels() {
    let mut text = "edition 1\nrouting main {\n".to_owned();
    for at in 0..100 {
        let _ = writeln!(text, "also route e{at} when labels.l{at} == \"x\" => c{}", at % 6);
        let _ = writeln!(text, "also route s{at} when labels.l{at} starts with \"x-\" => c{}", (at + 1) % 6);
        let _ = writeln!(
            text,
            "also route t{at} when labels.l{at} contains \"y\" ignore case => c{}",
            (at + 2) % 6
        );
        let _ = writeln!(
            text,
            "also route r{at} when labels.l{at} matches /[a-z0-9]{{1,3}}/ => c{}",
            (at + 3) % 6
        );
    }
    text.push_str("also route f when title contains \"b\" => c5\nelse => c0 }\n");
    (0..6).for_each(|channel| text += &format!("channel c{channel} = discard()\n"));
    let mut sources = Sources::default();
    sources.add("labels.rules", &text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let rules = loaded.rules.expect("no error");
    let context = Context::at(Instant::read("2026-11-20T12:00:00Z").unwrap());
    let mut dice = Dice(7);
    for _ in 0..200 {
        let labels: Vec<_> = (0..dice.roll(5))
            .map(|_| {
                (arena().text(&format!("l{}", dice.roll(120))), dice.of(&["x", "x-1", "yY", "Y", "ab", "-"]))
            })
            .collect();
        let event = arena().keep(Event { labels: Labels::of(labels, arena()), ..dice.event() });
        let found = route(&rules.program, Destination::Routing(0), event, &context, arena(), &mut Silent);
        let walked = route(&rules.program, Destination::Routing(0), event, &context, arena(), &mut Listening);
        assert_eq!(found, walked, "{event:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_index_decides_as_the_walk_does(seed: u64) {
        let mut dice = Dice(seed);
        let text = dice.rules();
        let mut sources = Sources::default();
        sources.add("random.rules", &text);
        let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
        let errors: Vec<_> = loaded.diagnostics.iter().filter(|each| each.code.id.starts_with('E')).cloned().collect();
        let said = render(Format::Short, false, &errors, &loaded.sources);
        let Some(rules) = loaded.rules else { panic!("{said}\n{text}") };
        let context = Context::at(Instant::read("2026-11-20T12:00:00Z").unwrap());
        for _ in 0..100 {
            let event = dice.event();
            let found = route(&rules.program, Destination::Routing(0), arena().keep(event), &context, arena(), &mut Silent);
            let walked = route(&rules.program, Destination::Routing(0), arena().keep(event), &context, arena(), &mut Listening);
            prop_assert_eq!(found, walked, "{:?}\n{}", event, text);
        }
    }
}
