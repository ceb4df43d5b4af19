//! What rules cost: loading per route, mapping and routing per event.
//!
//! `cargo bench` prints medians of interleaved rounds. The unit for events is one `serde_json::from_slice::<Value>` of the
//! same bytes in the same run, so that figures of different machines can be compared. The workload comes from the
//! generator beside the checkout where it is there, else from the small one in `workload.rs`.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark measures time, prints, and may fail by a panic"
)]
#![allow(dead_code, reason = "the worker needs more of the files that they share")]

mod baseline;
mod library;
mod loading;
mod measure;
mod workload;

use measure::{Round, medians};
use pointsman::evaluate::{Context, Silent};
use pointsman::json::Arena;
use pointsman::ruleset::{RuleSet, Subject};
use pointsman::source::Sources;
use pointsman::time::Instant;
use pointsman::{evaluate, json};
use std::cell::RefCell;
use std::hint::black_box;

fn main() {
    println!("workload: {}", workload::origin());
    // `cargo bench --bench engine -- mapping` measures that alone.
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|word| word == part);
    if is_asked("loading") {
        for routes in [1_000, 10_000, 100_000] {
            loading::report(routes);
        }
    }
    if is_asked("mapping") {
        for routes in [10, 1_000] {
            events(routes);
        }
    }
    if !is_asked("routing") {
        return;
    }
    println!(
        "\none routing decision, nanoseconds (events of the generator: each hits a route, or none does)"
    );
    for mix in ["", "hard-"] {
        for routes in [10, 1_000, 10_000, 100_000] {
            decisions(mix, routes);
        }
    }
}

/// One routing decision, and that it is the one the generator's reference says.
fn decisions(mix: &str, routes: usize) {
    let Some((text, labelsets)) = workload::mixed(mix, routes) else { return };
    let mut sources = Sources::default();
    sources.add("workload.rules", &text);
    let read = |_: &std::path::Path| Err("the workload names no file".to_owned());
    let rules = RuleSet::from_sources(sources, &read, None).rules.expect("the workload loads");
    let context = Context::at(Instant::read("2026-11-20T12:00:00Z").expect("a time"));
    let destination = pointsman::program::Destination::Routing(0);
    let by_hand =
        if routes <= 10_000 { workload::by_hand(mix, routes).unwrap_or_default() } else { Vec::new() };
    let mut figures = Vec::new();
    let (kept, arena) = (Arena::new(), RefCell::new(Arena::new()));
    for (name, sets) in &labelsets {
        let events: Vec<_> = sets.iter().map(|set| workload::event(&set.labels, &kept)).collect();
        for (event, set) in events.iter().zip(sets) {
            let decision = evaluate::route(&rules.program, destination, event, &context, &kept, &mut Silent);
            assert_eq!(decision.routes[0].path, set.expected, "{name}");
        }
        let run = || {
            let mut arena = arena.borrow_mut();
            for event in &events {
                arena.clear();
                black_box(evaluate::route(&rules.program, destination, event, &context, &arena, &mut Silent));
            }
        };
        let scan = || {
            for set in sets {
                black_box(baseline::scan(&by_hand, &set.labels));
            }
        };
        let rounds = &mut [Round::new("route", run), Round::new("scan", scan)];
        // A scan through very many routes takes as long as all the rest, and says nothing new.
        let kept = if by_hand.is_empty() { 1 } else { 2 };
        for (way, median) in medians(21, &mut rounds[..kept]) {
            #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
            figures.push(format!("{name} {way} {:.0}", median / events.len() as f64));
        }
    }
    println!("  {routes:>7} {}routes: {}", mix.replace('-', " "), figures.join(", "));
}

/// Mapping, and mapping with routing, from bytes to bytes, as a ratio to parsing the same bytes into `serde_json::Value`,
/// beside what is written by hand.
fn events(routes: usize) {
    let mut sources = Sources::default();
    sources.add("workload.rules", &workload::rules(routes));
    sources.add("mapping.rules", include_str!("mapping.rules"));
    let read = |_: &std::path::Path| Err("the workload names no file".to_owned());
    let loaded = RuleSet::from_sources(sources, &read, None);
    let Some(rules) = loaded.rules else {
        let text = pointsman::diagnostic::render(
            pointsman::diagnostic::Format::Short,
            false,
            &loaded.diagnostics,
            &loaded.sources,
        );
        panic!("the workload does not load:\n{text}");
    };
    let now = Instant::read("2026-11-20T12:00:00Z").expect("a time");
    let context = Context::at(now);
    // What is hashed for a key is each one's own matter.
    let hash = regex::Regex::new(r#""bench:[0-9a-f]{32}""#).expect("a regex");
    println!("\n{routes} routes; 1.00 is one serde_json::from_slice::<Value> of the same bytes");
    for (name, payload) in workload::payloads() {
        let bytes = payload.as_bytes();
        let (out, arena) = (RefCell::new(Vec::new()), RefCell::new(Arena::new()));
        let run = |subject| {
            let mut out = out.borrow_mut();
            out.clear();
            let mut arena = arena.borrow_mut();
            arena.clear();
            let document = rules.read(subject, bytes, &arena).expect("the payload is JSON");
            for outcome in rules.evaluate(subject, &document, &context, &mut Silent).expect("known names") {
                json::Json::write(&outcome, &mut out);
                out.push(b'\n');
            }
        };
        let read = |read: &dyn Fn(&Arena)| {
            let mut arena = arena.borrow_mut();
            arena.clear();
            read(&arena);
        };
        let by_hand = |map: fn(&[u8], &mut Vec<u8>)| {
            let mut out = out.borrow_mut();
            out.clear();
            map(bytes, &mut out);
        };
        let (map, route) = (Subject::Mapping("bench", None), Subject::Mapping("bench", Some("workload")));
        let written = |run: &dyn Fn()| {
            run();
            String::from_utf8(out.take()).expect("JSON is text")
        };
        let ours = written(&|| run(map));
        for (name, map) in
            [("typed serde", baseline::typed as fn(&[u8], &mut Vec<u8>)), ("Value", baseline::value)]
        {
            let theirs = written(&|| by_hand(map));
            let same = hash.replace_all(&ours, "hash") == hash.replace_all(&theirs, "hash");
            assert!(same || name == "Value", "{name} writes something else");
        }
        let figures = medians(
            21,
            &mut [
                Round::new("serde_json::Value", || {
                    drop(black_box(serde_json::from_slice::<serde_json::Value>(bytes)));
                }),
                Round::new("skipped by IgnoredAny", || baseline::skip(bytes)),
                Round::new("own tree, all of it", || {
                    read(&|arena| drop(black_box(json::parse(bytes, arena))));
                }),
                Round::new("own tree, what counts", || {
                    read(&|arena| drop(black_box(rules.read(map, bytes, arena))));
                }),
                Round::new("map, to bytes", || run(map)),
                Round::new("map and route, to bytes", || run(route)),
                Round::new("typed serde, to bytes", || by_hand(baseline::typed)),
                Round::new("Value, to bytes", || by_hand(baseline::value)),
            ],
        );
        let unit = figures.first().map_or(1.0, |(_, nanoseconds)| *nanoseconds);
        println!("  {name}, {} bytes", bytes.len());
        for (name, nanoseconds) in figures {
            println!("    {name:<24} {:>8.2} units  {:>10.0} ns", nanoseconds / unit, nanoseconds);
        }
        for (name, allocations) in [
            ("map", allocation_counter::measure(|| run(map))),
            ("typed serde", allocation_counter::measure(|| by_hand(baseline::typed))),
            ("Value", allocation_counter::measure(|| by_hand(baseline::value))),
        ] {
            let events = ours.lines().count() as u64;
            let allocations = allocations.count_total;
            println!("    {name}: {allocations} allocations for {events} events");
        }
    }
}
