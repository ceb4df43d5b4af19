//! What loading costs: parse, check and compile apart, the grammar alone beside them, and what stays in memory.

use crate::compare::figure;
use crate::library::{load, no_file, sources};
use crate::measure::{Round, medians};
use crate::workload;
use allocation_counter::measure;
use pointsman::diagnostic::Findings;
use pointsman::program::Program;
use pointsman::{check, compile, syntax};
use std::hint::black_box;

/// Prints both for that many routes.
pub(crate) fn report(routes: usize) {
    let text = workload::rules(routes);
    println!("\nloading {routes} routes ({} bytes): microseconds a route", text.len());
    times(routes, &text);
    println!("  bytes kept a route");
    bytes(routes, &text);
}

fn times(routes: usize, text: &str) {
    let (sources, file) = sources(text);
    let surroundings = check::CheckEnvironment { sources: &sources, read: &no_file, at: None };
    let parse = || vec![syntax::parse(&sources, file, &mut Vec::new())];
    let trees = parse();
    let check = || check::check(&trees, &surroundings, Findings::default()).0;
    let model = check();
    let figures = medians(
        if routes < 100_000 { 7 } else { 3 },
        &mut [
            Round::new("bare", || assert!(black_box(syntax::accepts(text)))),
            Round::new("parse", || drop(black_box(parse()))),
            Round::new("check", || drop(black_box(check()))),
            Round::new("compile", || drop(black_box(compile::compile(&model, sources.clone())))),
            Round::new("whole", || drop(black_box(load(text).expect("the workload loads")))),
        ],
    );
    let bare = figures.first().map_or(1.0, |(_, nanoseconds)| *nanoseconds);
    for (name, nanoseconds) in figures {
        let each = nanoseconds / 1_000.0 / count(routes);
        let ratio = nanoseconds / bare;
        figure(&format!("loading: {routes} routes, {name}, µs a route"), each);
        println!("  {name:<9} {each:>8.2}  {ratio:>5.2} of the grammar alone");
    }
}

/// What each stage leaves in memory; `whole` is all that a rule set keeps, `most` what loading holds at its height.
fn bytes(routes: usize, text: &str) {
    let mut kept = Vec::new();
    let (sources, file) = held("text", &mut kept, || sources(text));
    let surroundings = check::CheckEnvironment { sources: &sources, read: &no_file, at: None };
    let trees = held("trees", &mut kept, || vec![syntax::parse(&sources, file, &mut Vec::new())]);
    let model = held("model", &mut kept, || check::check(&trees, &surroundings, Findings::default()).0);
    let mut program = held("program", &mut kept, || compile::compile(&model, sources.clone()));
    parts(&mut program, &mut kept);
    let _rules = held("whole", &mut kept, || load(text).expect("the workload loads"));
    kept.push(("most", most(|| drop(load(text)))));
    for (name, bytes) in kept {
        let each = bytes / count(routes);
        figure(&format!("loading: {routes} routes, {name}, bytes a route"), each);
        println!("  {name:<9} {each:>8.0}");
    }
}

/// What a program is made of, by letting go of one part after the other.
fn parts(program: &mut Program, kept: &mut Vec<(&'static str, f64)>) {
    let routings = std::mem::take(&mut program.routings);
    let mut blocks: Vec<_> = routings.into_iter().map(|routing| routing.block).collect();
    let indexes: Vec<_> = blocks.iter_mut().map(|block| block.index.take()).collect();
    kept.push(("- index", freed(|| drop(indexes))));
    kept.push(("- lines", freed(|| drop(blocks))));
    let nodes = std::mem::take(&mut program.nodes);
    kept.push(("- nodes", freed(|| drop(nodes))));
}

fn held<T>(name: &'static str, kept: &mut Vec<(&'static str, f64)>, make: impl FnOnce() -> T) -> T {
    let mut given = None;
    let bytes = -freed(|| given = Some(make()));
    kept.push((name, bytes));
    given.expect("it was given")
}

#[expect(clippy::cast_precision_loss, reason = "a figure to read")]
fn freed(run: impl FnOnce()) -> f64 {
    -measure(run).bytes_current as f64
}

#[expect(clippy::cast_precision_loss, reason = "a figure to read")]
fn most(run: impl FnOnce()) -> f64 {
    measure(run).bytes_max as f64
}

#[expect(clippy::cast_precision_loss, reason = "a figure to read")]
fn count(routes: usize) -> f64 {
    routes as f64
}
