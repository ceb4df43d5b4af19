//! The library as benchmarks call it: every call that a worker makes is here.

use pointsman::diagnostic::{DiagnosticFormat, Findings, render};
use pointsman::evaluate::{self, EvaluationContext, SilentObserver};
use pointsman::event::{Event, RoutingDecision};
use pointsman::json::{Arena, ToJson};
use pointsman::program::Destination;
use pointsman::ruleset::{EntryPoint, RuleSet};
use pointsman::source::{FileId, Sources};
use pointsman::{check, compile, syntax, time};
use std::path::Path;
use std::time::{Duration, Instant};

/// One rule file.
pub(crate) fn sources(text: &str) -> (Sources, FileId) {
    let mut sources = Sources::default();
    let file = sources.add("workload.rules", text);
    (sources, file)
}

/// Rules of a workload name no file.
pub(crate) fn no_file(_: &Path) -> Result<String, String> {
    Err("the workload names no file".to_owned())
}

/// A rule set from its text, or what is wrong with it.
pub(crate) fn load(text: &str) -> Result<RuleSet, String> {
    let loaded = RuleSet::from_sources(sources(text).0, &no_file, None);
    loaded.rules.ok_or_else(|| render(DiagnosticFormat::Short, &loaded.diagnostics, &loaded.sources))
}

/// How long parse, check and compile take.
pub(crate) fn stages(text: &str) -> [Duration; 3] {
    let (sources, file) = sources(text);
    let surroundings = check::CheckEnvironment { sources: &sources, read: &no_file, at: None };
    let (trees, parse) = timed(|| [syntax::parse(&sources, file, &mut Vec::new())]);
    let ((model, _), check) = timed(|| check::check(&trees, &surroundings, Findings::default()));
    let (_, compile) = timed(|| compile::compile(&model, sources.clone()));
    [parse, check, compile]
}

/// What something gives, and how long it takes.
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

/// Some time of evaluation.
pub(crate) fn context() -> EvaluationContext<'static> {
    EvaluationContext::at(time::Timestamp::read("2026-11-20T12:00:00Z").expect("a time"))
}

/// Where the first routing sends an event, decided with nobody listening.
pub(crate) fn route<'a>(
    rules: &'a RuleSet,
    event: &'a Event<'a>,
    context: &EvaluationContext<'_>,
    arena: &'a Arena,
) -> RoutingDecision<'a> {
    evaluate::route(&rules.program, Destination::Routing(0), event, context, arena, &mut SilentObserver)
}

/// Maps the bytes of a payload, routes the events where a routing is named, and writes the outcomes.
pub(crate) fn map(
    rules: &RuleSet,
    routing: Option<&str>,
    context: &EvaluationContext<'_>,
    bytes: &[u8],
    arena: &mut Arena,
    out: &mut Vec<u8>,
) {
    arena.clear();
    let subject = EntryPoint::Mapping("bench", routing);
    let document = rules.read(subject, bytes, arena).expect("the payload is JSON");
    for outcome in rules.evaluate(subject, &document, context, &mut SilentObserver).expect("known names") {
        outcome.write(out);
        out.push(b'\n');
    }
}
