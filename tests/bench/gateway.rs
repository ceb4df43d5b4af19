//! What the running gateway does under load: rates, waiting times, memory, and how little a reload or a dead channel
//! moves them. Load, sink and gateway share the machine; ratios come from interleaved windows, so that a machine that slows
//! down slows both sides.
//!
//! `cargo bench --bench gateway -- [SECONDS] [PART…]`: `SECONDS` for each measurement (10 by default), the parts are
//! `accept share told deliver save reload dead overload backlog`, and by name alone, as they take minutes, `size group storm`. `compare` before them compares two programs as `compare.rs`
//! says, by the processor time for a push (`share`) and for a delivery (`deliver`).

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark measures time, prints, may fail by a panic, and shares its harness with the campaign"
)]

mod checker;
mod compare;
#[path = "scenario/editor.rs"]
mod editor;
mod harness;
mod share;
mod size;
mod storm;
mod told;

use checker::Push;
use compare::{Subject, figure};
use editor::{Editor, Technique};
use harness::load::Plan;
use harness::rules::{self, Flaw};
use harness::server::{Server, Setup};
use harness::sink::{Mood, Sink};
use harness::{Folder, median, micros, quantile, wait_until};
use std::collections::HashMap;
use std::time::{Duration, Instant};

type Part = (&'static str, fn(Duration) -> Result<(), String>);

const PARTS: &[Part] = &[
    ("accept", accept),
    ("share", share::share),
    ("told", told::told),
    ("deliver", deliver),
    ("save", save),
    ("reload", reload),
    ("dead", dead),
    ("overload", overload),
    ("backlog", backlog),
];

/// Parts that are run by name alone.
const BY_NAME: &[Part] = &[("size", size::size), ("group", size::group), ("storm", storm::storm)];

/// Pairs of windows for a ratio.
const WINDOWS: usize = 10;

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let Some(code) = compare::run_if_asked(&words, Subject::Program) {
        return code;
    }
    let seconds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(10);
    let named: Vec<&String> = words.iter().filter(|word| word.parse::<u64>().is_err()).collect();
    let mut code = std::process::ExitCode::SUCCESS;
    let is_named = |name: &str| named.iter().any(|word| *word == name);
    let by_default = PARTS.iter().filter(|(name, _)| named.is_empty() || is_named(name));
    for (name, part) in by_default.chain(BY_NAME.iter().filter(|(name, _)| is_named(name))) {
        println!("{name}");
        if let Err(reason) = part(Duration::from_secs(seconds)) {
            println!("  failed: {reason}");
            code = std::process::ExitCode::FAILURE;
        }
    }
    code
}

/// A server of the release build whose rules send everything to one channel.
fn served(folder: &Folder, channel: &str) -> Result<(Setup, Server), String> {
    let setup = Setup::new(folder.path());
    std::fs::create_dir_all(&setup.rules).map_err(|error| error.to_string())?;
    std::fs::write(setup.rules.join("load.rules"), rules::ten_routes(channel)).map_err(|error| error.to_string())?;
    let server = setup.start()?;
    Ok((setup, server))
}

fn webhook(sink: &Sink, concurrency: u32) -> String {
    let address = sink.address;
    format!(
        "webhook(url = \"http://{address}/sink/0\", timeout = \"2s\", retry_for = \"24h\", \
         concurrency = {concurrency}, body = {{ alert: labels.alert, id: labels.id, stamps: [labels.s0], status: status }})"
    )
}

/// Waiting times of accepted pushes, sorted, in microseconds.
fn waits<'p>(pushes: impl IntoIterator<Item = &'p Push>) -> Vec<u64> {
    let accepted = pushes.into_iter().filter(|push| push.status == 202);
    let mut waits: Vec<u64> = accepted.map(|push| push.answered - push.sent).collect();
    waits.sort_unstable();
    waits
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}

fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

fn print_waits(sorted: &[u64]) {
    let at = |share| milliseconds(quantile(sorted, share));
    println!("  p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, longest {:.2} ms", at(0.5), at(0.99), at(0.999), at(1.0));
}

/// 256 clients, 1 kB events, one a push, a mapping and ten routes, channel `discard`.
fn accept(time: Duration) -> Result<(), String> {
    let folder = Folder::new("accept");
    let (setup, server) = served(&folder, "discard()")?;
    let load = Plan { size: 1_024, ..Plan::new(setup.listen, 256) }.start();
    std::thread::sleep(Duration::from_secs(1));
    let (from, begun) = (load.accepted(), micros());
    std::thread::sleep(time);
    let (accepted, ended) = (load.accepted() - from, micros());
    let pushes = load.stop();
    let inside = pushes.iter().filter(|push| (begun..ended).contains(&push.sent));
    println!("  {:.0} durable events a second", accepted as f64 / time.as_secs_f64());
    print_waits(&waits(inside));
    let refused = pushes.iter().filter(|push| push.status != 202).count();
    println!("  {refused} not accepted; memory at most {} MiB", mebibytes(server.most_memory()));
    Ok(())
}

/// Outgoing HTTP deliveries to a local sink.
fn deliver(time: Duration) -> Result<(), String> {
    let folder = Folder::new("deliver");
    let sink = Sink::start(1);
    sink.stop_logging();
    let (setup, server) = served(&folder, &webhook(&sink, 64))?;
    let load = Plan { size: 1_024, ..Plan::new(setup.listen, 64) }.start();
    std::thread::sleep(Duration::from_secs(2));
    let (from, accepted) = (sink.taken(), load.accepted());
    std::thread::sleep(time);
    let rate = |count: u64| count as f64 / time.as_secs_f64();
    println!(
        "  {:.0} deliveries a second while {:.0} events a second come in",
        rate(sink.taken() - from),
        rate(load.accepted() - accepted)
    );
    drop(load.stop());
    // Whatever waits is taken without anything coming in, until nothing waits.
    let (mut from, mut begun, mut most) = (sink.taken(), Instant::now(), 0.0_f64);
    let (drained_from, before) = (from, processor_seconds(&server));
    let end = begun + time;
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(250));
        let drained = sink.taken() - from;
        if drained == 0 {
            break;
        }
        most = most.max(drained as f64 / begun.elapsed().as_secs_f64());
        (from, begun) = (sink.taken(), Instant::now());
    }
    println!(
        "  {most:.0} deliveries a second at most from the backlog alone; memory at most {} MiB",
        mebibytes(server.most_memory())
    );
    let (drained, seconds) = (sink.taken() - drained_from, processor_seconds(&server) - before);
    if drained > 0 {
        let each = seconds / drained as f64 * 1e6;
        println!("  {each:.1} µs of processor time a delivery from the backlog");
        figure("deliver: processor time a delivery, µs", each);
    }
    Ok(())
}

/// The processor time that a server took so far.
fn processor_seconds(server: &Server) -> f64 {
    server.processor().values().sum()
}

/// A stamped rule set that is served.
fn stamped(folder: &Folder, sink: &Sink) -> Result<(Setup, Server, Editor), String> {
    let setup = Setup::new(folder.path());
    let workshop = folder.path().join("workshop");
    let editor = Editor::new(&setup.rules, &workshop, sink.address.port(), Technique::Rename);
    let editor = editor.map_err(|error| error.to_string())?;
    let server = setup.start()?;
    Ok((setup, server, editor))
}

/// From a save to its first effect at the sink.
fn save(_: Duration) -> Result<(), String> {
    let folder = Folder::new("save");
    let sink = Sink::start(1);
    let (setup, _server, mut editor) = stamped(&folder, &sink)?;
    let load = Plan { pause: Duration::from_millis(2), ..Plan::new(setup.listen, 4) }.start();
    let mut times = Vec::new();
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(700));
        let number = editor.edit(Technique::Rename, Flaw::None).map_err(|error| error.to_string())?.number;
        let begun = Instant::now();
        if !wait_until(Duration::from_secs(10), || sink.newest_version() >= number) {
            return Err(format!("version {number} took no effect within 10 s"));
        }
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    drop(load.stop());
    let longest = times.iter().copied().fold(0.0, f64::max);
    println!("  20 saves: effect after {:.0} ms (median), {longest:.0} ms (longest)", median(times));
    Ok(())
}

/// Push waiting times while the rules change every second, and while they do not.
fn reload(time: Duration) -> Result<(), String> {
    let folder = Folder::new("reload");
    let sink = Sink::start(1);
    let (setup, _server, mut editor) = stamped(&folder, &sink)?;
    let load = Plan { size: 1_024, pause: Duration::from_millis(20), ..Plan::new(setup.listen, 64) }.start();
    std::thread::sleep(Duration::from_secs(1));
    let window = (time / 3).max(Duration::from_secs(2));
    let mut windows = Vec::new();
    for round in 0..2 * WINDOWS {
        let (begun, end) = (micros(), Instant::now() + window);
        while Instant::now() < end {
            if round % 2 == 1 {
                editor.edit(Technique::Rename, Flaw::None).map_err(|error| error.to_string())?;
            }
            std::thread::sleep(Duration::from_secs(1).min(end.saturating_duration_since(Instant::now())));
        }
        windows.push((begun, micros()));
    }
    let pushes = load.stop();
    let p99 = |(begun, ended): (u64, u64)| {
        let sorted = waits(pushes.iter().filter(|push| (begun..ended).contains(&push.sent)));
        milliseconds(quantile(&sorted, 0.99))
    };
    print_ratio(
        "push p99",
        "steady",
        "reload every second",
        &windows.iter().map(|each| p99(*each)).collect::<Vec<_>>(),
    );
    Ok(())
}

fn print_ratio(what: &str, without: &str, with: &str, alternating: &[f64]) {
    let side = |first: usize| median(alternating.iter().skip(first).step_by(2).copied().collect());
    let (plain, other) = (side(0), side(1));
    println!(
        "  {what}: {without} {plain:.2} ms, {with} {other:.2} ms, ratio {:.3} (medians of {} windows each)",
        other / plain,
        alternating.len() / 2
    );
}

/// From the push to the healthy channel's sink, with a dead channel beside it and without.
fn dead(time: Duration) -> Result<(), String> {
    let healthy = Sink::start(1);
    let hanging = Sink::start(2);
    hanging.set_mood(Mood::Hanging);
    let mut servers = Vec::new();
    for beside in [None, Some(&hanging)] {
        let folder = Folder::new("dead");
        let setup = Setup::new(folder.path());
        std::fs::create_dir_all(&setup.rules).map_err(|error| error.to_string())?;
        let mut text = rules::ten_routes(&webhook(&healthy, 64));
        if let Some(sink) = beside {
            text = text.replace("=> out", "=> out, dead");
            text.push_str(&format!("channel dead = {}\n", webhook(sink, 8)));
        }
        std::fs::write(setup.rules.join("load.rules"), text).map_err(|error| error.to_string())?;
        let server = setup.start()?;
        servers.push((folder, setup, server));
    }
    let window = (time / 3).max(Duration::from_secs(2));
    let mut figures = Vec::new();
    let mut first = 1;
    for round in 0..2 * (WINDOWS + 1) {
        let (_, setup, _) = &servers[round % 2];
        let known = healthy.log_from(0).len();
        let load = Plan { size: 512, pause: Duration::from_millis(20), first, ..Plan::new(setup.listen, 32) }.start();
        std::thread::sleep(window);
        let pushes = load.stop();
        first += pushes.len() as u64;
        std::thread::sleep(Duration::from_millis(500));
        let sent: HashMap<u64, u64> = pushes.iter().map(|push| (push.id, push.sent)).collect();
        let deliveries = healthy.log_from(known);
        let ways = deliveries.iter().filter_map(|each| Some(each.at - sent.get(&each.id)?));
        let mut ways: Vec<u64> = ways.collect();
        ways.sort_unstable();
        figures.push(milliseconds(quantile(&ways, 0.99)));
    }
    // The first pair warms up.
    print_ratio("p99 from push to sink", "alone", "beside a dead channel", &figures[2..]);
    Ok(())
}

/// Many times the clients that it can serve, none of which waits after a refusal.
fn overload(time: Duration) -> Result<(), String> {
    let folder = Folder::new("overload");
    let (setup, mut server) = served(&folder, "discard()")?;
    let plan = Plan { size: 1_024, pause_when_refused: Duration::ZERO, ..Plan::new(setup.listen, 2_560) };
    let load = plan.start();
    let mut memory = 0;
    let end = Instant::now() + time;
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(100));
        memory = memory.max(server.memory());
    }
    let pushes = load.stop();
    let mut answers: std::collections::BTreeMap<u16, usize> = std::collections::BTreeMap::new();
    for push in &pushes {
        *answers.entry(push.status).or_default() += 1;
    }
    println!("  2,560 clients: memory at most {} MiB; answers {answers:?} (0: none)", mebibytes(memory));
    print_waits(&waits(&pushes));
    if server.is_alive() { Ok(()) } else { Err("the server ended".to_owned()) }
}

/// A million events for a destination that refuses them.
fn backlog(time: Duration) -> Result<(), String> {
    const EVENTS: u64 = 1_000_000;
    let folder = Folder::new("backlog");
    let sink = Sink::start(1);
    sink.stop_logging();
    sink.set_mood(Mood::Refusing);
    let (setup, mut server) = served(&folder, &webhook(&sink, 8))?;
    let load = Plan { size: 256, ..Plan::new(setup.listen, 256) }.start();
    let patience = (time * 12).max(Duration::from_mins(1));
    wait_until(patience, || load.accepted() >= EVENTS);
    let accepted = load.accepted();
    drop(load.stop());
    println!(
        "  {accepted} events wait: memory {} MiB now, {} MiB at most",
        mebibytes(server.memory()),
        mebibytes(server.most_memory())
    );
    server.kill();
    let again = setup.start()?;
    println!("  ready {} ms after a kill; memory {} MiB", again.start_time.as_millis(), mebibytes(again.memory()));
    sink.set_mood(Mood::Good);
    let from = sink.taken();
    if wait_until(Duration::from_mins(1), || sink.taken() > from + 1_000) {
        println!("  deliveries go on; memory {} MiB", mebibytes(again.memory()));
        return Ok(());
    }
    Err("no deliveries within 60 s of the destination's return".to_owned())
}
