//! What rules cost: loading per route, mapping and routing per event.
//!
//! `cargo bench` prints medians of interleaved rounds. The unit for events is one `serde_json::from_slice::<Value>` of the
//! same bytes in the same run, so that figures of different machines can be compared. The workload comes from the
//! generator beside the checkout where it is there, else from `own.rs`.
//!
//! `cargo bench --bench engine -- [PART…]` measures the parts `loading mapping routing` or some of them; `compare` before
//! them compares two builds as `compare.rs` says.

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
mod compare;
mod library;
mod loading;
mod measure;
mod over_lets;
mod own;
mod workload;

use compare::{Subject, figure};
use measure::{Round, medians};
use pointsman::json::{self, Arena};
use pointsman::ruleset::{EntryPoint, RuleSet};
use std::cell::RefCell;
use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let Some(code) = compare::run_if_asked(&asked, Subject::Bench) {
        return code;
    }
    println!("workload: {}", workload::origin());
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
        over_lets::report();
    }
    if is_asked("routing") {
        println!("\none routing decision, nanoseconds (events of the workload: each hits a route, or none does)");
        for mix in ["", "hard-"] {
            for routes in [10, 1_000, 10_000, 100_000] {
                decisions(mix, routes);
            }
        }
    }
    ExitCode::SUCCESS
}

/// One routing decision, and that it is the one that is expected.
fn decisions(mix: &str, routes: usize) {
    let workload::Mix { rules, by_hand, sets } = workload::mix(mix, routes).expect("a mix");
    let (rules, context) = (loaded(&rules), library::context());
    let mut figures = Vec::new();
    let (kept, arena) = (Arena::new(), RefCell::new(Arena::new()));
    for (name, sets) in &sets {
        let events: Vec<_> = sets.iter().map(|set| workload::event(&set.labels, &kept)).collect();
        for (event, set) in events.iter().zip(sets) {
            let decision = library::route(&rules, event, &context, &kept);
            assert_eq!(decision.routes[0].path, set.expected, "{name}");
        }
        let run = || {
            let mut arena = arena.borrow_mut();
            for event in &events {
                arena.clear();
                black_box(library::route(&rules, event, &context, &arena));
            }
        };
        let scan = || {
            for set in sets {
                black_box(baseline::scan(&by_hand, &set.labels));
            }
        };
        let rounds = &mut [Round::new("route", run), Round::new("scan", scan)];
        // A scan through very many routes takes as long as all the rest, and says nothing new.
        let kept = if routes > 10_000 { 1 } else { 2 };
        for (way, median) in medians(21, &mut rounds[..kept]) {
            #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
            let each = median / events.len() as f64;
            figure(&format!("routing: {mix}{routes} routes, {name}, {way}, ns"), each);
            figures.push(format!("{name} {way} {each:.0}"));
        }
    }
    println!("  {routes:>7} {}routes: {}", mix.replace('-', " "), figures.join(", "));
}

fn loaded(text: &str) -> RuleSet {
    library::load(text).unwrap_or_else(|wrong| panic!("the workload does not load:\n{wrong}"))
}

/// Mapping, and mapping with routing, from bytes to bytes, as a ratio to parsing the same bytes into `serde_json::Value`,
/// beside what is written by hand.
fn events(routes: usize) {
    let mapping = include_str!("mapping.rules").replacen("edition 1\n", "", 1);
    let rules = loaded(&(workload::rules(routes) + &mapping));
    println!("\n{routes} routes; 1.00 is one serde_json::from_slice::<Value> of the same bytes");
    for (name, payload) in workload::payloads() {
        println!("  {name}, {} bytes", payload.len());
        payload_to_bytes(&rules, payload.as_bytes(), &format!("mapping: {routes} routes, {name}"));
    }
}

fn payload_to_bytes(rules: &RuleSet, bytes: &[u8], title: &str) {
    let context = library::context();
    let (out, arena) = (RefCell::new(Vec::new()), RefCell::new(Arena::new()));
    let run = |routing| {
        let (mut out, mut arena) = (out.borrow_mut(), arena.borrow_mut());
        out.clear();
        library::map(rules, routing, &context, bytes, &mut arena, &mut out);
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
    let written = |run: &dyn Fn()| {
        run();
        String::from_utf8(out.take()).expect("JSON is text")
    };
    let ours = written(&|| run(None));
    write_the_same(&ours, &written(&|| by_hand(baseline::typed)));
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
                read(&|arena| drop(black_box(rules.read(EntryPoint::Mapping("bench", None), bytes, arena))));
            }),
            Round::new("map, to bytes", || run(None)),
            Round::new("map and route, to bytes", || run(Some("workload"))),
            Round::new("typed serde, to bytes", || by_hand(baseline::typed)),
            Round::new("Value, to bytes", || by_hand(baseline::value)),
        ],
    );
    let unit = figures.first().map_or(1.0, |(_, nanoseconds)| *nanoseconds);
    for (name, nanoseconds) in figures {
        figure(&format!("{title}, {name}, ns"), nanoseconds);
        println!("    {name:<24} {:>8.2} units  {:>10.0} ns", nanoseconds / unit, nanoseconds);
    }
    for (name, allocations) in [
        ("map", allocation_counter::measure(|| run(None))),
        ("typed serde", allocation_counter::measure(|| by_hand(baseline::typed))),
        ("Value", allocation_counter::measure(|| by_hand(baseline::value))),
    ] {
        let events = ours.lines().count();
        println!("    {name}: {} allocations for {events} events", allocations.count_total);
    }
}

/// What is hashed for a key is each one's own matter.
fn write_the_same(ours: &str, theirs: &str) {
    let hash = regex::Regex::new(r#""bench:[0-9a-f]{32}""#).expect("a regex");
    assert!(hash.replace_all(ours, "hash") == hash.replace_all(theirs, "hash"), "typed serde writes something else");
}
