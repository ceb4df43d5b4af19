//! What share of a push's processor time is evaluation, and what the rest is.

use crate::compare::figure;
use crate::harness::load::{self, Load, Plan};
use crate::harness::server::Server;
use crate::harness::{Folder, median, rules};
use crate::{WINDOWS, served};
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::json::{Arena, ToJson};
use pointsman::ruleset::{EntryPoint, RuleSet};
use pointsman::source::Sources;
use pointsman::time;
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes of a push, as where acceptance is measured.
const SIZE: usize = 1_024;

/// Takes the time of the gateway's process for each accepted push, and the time of evaluating the same bodies by the same
/// rules in this process: reading, mapping, routing, and writing outcomes. Both are processor time, in turns.
pub(crate) fn share(time: Duration) -> Result<(), String> {
    let folder = Folder::new("share");
    let (setup, server) = served(&folder, "discard()")?;
    let load = Plan { size: SIZE, ..Plan::new(setup.listen, 256) }.start();
    std::thread::sleep(Duration::from_secs(1));
    let evaluation = Evaluation::new()?;
    let (mut evaluated, mut by_thread, mut accepted) = (Vec::new(), BTreeMap::new(), 0);
    for _ in 0..WINDOWS {
        let window = Window::measure(&server, &load, time / u32::try_from(WINDOWS).unwrap_or(1));
        for (thread, seconds) in window.seconds {
            *by_thread.entry(thread).or_insert(0.0) += seconds;
        }
        accepted += window.accepted;
        evaluated.push(evaluation.each());
    }
    let deciding = deciding(&server);
    drop(load.stop());
    let push = by_thread.values().sum::<f64>() / accepted as f64;
    let evaluation = median(evaluated);
    println!("  {:.1} µs of processor time a push; by thread:", push * 1e6);
    figure("share: processor time a push, µs", push * 1e6);
    for (thread, seconds) in by_thread {
        println!("    {thread:<16} {:>6.1} µs", seconds / accepted as f64 * 1e6);
    }
    println!(
        "  {:.2} µs of it for the evaluation of the same body alone: a share of {:.1} %",
        evaluation * 1e6,
        100.0 * evaluation / push
    );
    println!("  {:.2} µs by the gateway's own clock, with renderings and what waits for a processor", deciding * 1e6);
    Ok(())
}

/// What the gateway took for some pushes.
struct Window {
    accepted: u64,
    seconds: BTreeMap<String, f64>,
}

impl Window {
    fn measure(server: &Server, load: &Load, time: Duration) -> Self {
        let (from, before) = (load.accepted(), server.processor());
        std::thread::sleep(time);
        let mut seconds = server.processor();
        for (thread, taken) in &mut seconds {
            *taken -= before.get(thread).copied().unwrap_or_default();
        }
        Self { accepted: (load.accepted() - from).max(1), seconds }
    }
}

/// The gateway's rules and bodies, in this process.
struct Evaluation {
    rules: RuleSet,
    bodies: Vec<String>,
}

impl Evaluation {
    fn new() -> Result<Self, String> {
        let mut sources = Sources::default();
        sources.add("load.rules", &rules::ten_routes("discard()"));
        let loaded = RuleSet::from_sources(sources, &|_| Err("the rules name no file".to_owned()), None);
        let rules = loaded.rules.ok_or("the rules of the load hold an error")?;
        let bodies = (1..=1_000).map(|id| load::body(id, id, false, SIZE)).collect();
        Ok(Self { rules, bodies })
    }

    /// Seconds of processor time for one body.
    fn each(&self) -> f64 {
        const AT_LEAST: Duration = Duration::from_millis(200);
        let (mut arena, mut out) = (Arena::new(), Vec::new());
        let (begun, before, mut count) = (Instant::now(), own_processor(), 0);
        while begun.elapsed() < AT_LEAST {
            for body in &self.bodies {
                arena.clear();
                out.clear();
                self.evaluate(body, &arena, &mut out);
                black_box(&out);
            }
            count += self.bodies.len();
        }
        (own_processor() - before) / count as f64
    }

    fn evaluate(&self, body: &str, arena: &Arena, out: &mut Vec<u8>) {
        let subject = EntryPoint::Integration("load");
        let context = EvaluationContext::at(time::Timestamp::read("2026-11-20T12:00:00Z").expect("a time"));
        let document = self.rules.read(subject, body.as_bytes(), arena).expect("the body is JSON");
        for outcome in self.rules.evaluate(subject, &document, &context, &mut SilentObserver).expect("known names") {
            outcome.write(out);
        }
    }
}

/// Seconds that this thread was on a processor.
fn own_processor() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// Seconds for a decision as the gateway measures it.
fn deciding(server: &Server) -> f64 {
    let (_, metrics) = server.admin("GET", "/metrics");
    let figure = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().parse::<f64>().ok()).unwrap_or(f64::NAN)
    };
    figure("pointsman_evaluate_seconds_sum") / figure("pointsman_evaluate_seconds_count")
}
