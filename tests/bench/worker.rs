//! A worker for whoever compares engines from outside: it measures what it is asked to, on the data that it is given.
//!
//! Each line of the standard input is a request in JSON, each line of the standard output its answer; the worker ends with
//! its input. What it cannot do is answered by `{"error": "…"}`. The files are those of the workload generator.
//!
//! | request | answer |
//! |---|---|
//! | `{"cmd":"load","path":"routes-N.json"}` | `compile_ns` from rule text to a rule set that may be run (`parse_ns`, `check_ns` and `compile_only_ns` are its stages), `live_bytes` of heap that the rule set holds, `n` routes |
//! | `{"cmd":"labelsets","path":"labelsets-N.json","check_s":8}` | `checked` label sets within that time, `bad` among them: decided otherwise than expected; `ctx_ns` to make an event of labels |
//! | `{"cmd":"route","set":"match","ms":500}` | `ns`, `allocs` and `abytes` of one decision, `iters`; the other set is `nomatch` |
//! | `{"cmd":"payload","path":"payload-N.json"}` | `bytes` |
//! | `{"cmd":"variants"}` | `variants`, the names of ways to map a payload |
//! | `{"cmd":"mapout","variant":"map"}` | `out`, the text that it writes |
//! | `{"cmd":"map","variant":"map","ms":500}` | `ns` and `allocs` of one run over the payload, `out_bytes` |

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    dead_code,
    reason = "a benchmark measures time, speaks to the terminal, may fail by a panic, and shares its files with another"
)]

mod baseline;
mod library;
mod own;
mod variant;
mod workload;

use allocation_counter::{AllocationInfo, measure};
use pointsman::event::Event;
use pointsman::json::Arena;
use pointsman::ruleset::RuleSet;
use serde::Deserialize;
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::{BufRead, IsTerminal, Write, stdin, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use variant::{Mapper, Variant};
use workload::{LabelSet, NamedSets};

fn main() -> std::io::Result<()> {
    if stdin().is_terminal() {
        eprintln!("worker: measures for programs, which write requests to its standard input");
        return Ok(());
    }
    let mut worker = Worker::default();
    for line in stdin().lock().lines() {
        let answer = worker.answer(&line?).unwrap_or_else(|error| json!({ "error": error }));
        let mut out = stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(tag = "cmd", rename_all = "lowercase")]
enum Request {
    Load {
        path: PathBuf,
    },
    Labelsets {
        path: PathBuf,
        #[serde(default = "eight")]
        check_s: f64,
    },
    Route {
        set: String,
        ms: f64,
    },
    Payload {
        path: PathBuf,
    },
    Variants,
    Mapout {
        variant: String,
    },
    Map {
        variant: String,
        ms: f64,
    },
}

fn eight() -> f64 {
    8.0
}

/// What was loaded so far.
#[derive(Default)]
struct Worker {
    routes: Option<Routes>,
    sets: Vec<NamedSets>,
    payload: Option<Vec<u8>>,
    /// The mapping with these routes, made when it is first asked for.
    mapper: Option<Mapper>,
}

struct Routes {
    text: String,
    rules: RuleSet,
}

impl Worker {
    fn answer(&mut self, line: &str) -> Result<Value, String> {
        let request = serde_json::from_str(line).map_err(|error| error.to_string())?;
        // The mappings by hand refuse a payload of another form by a panic.
        let answered = catch_unwind(AssertUnwindSafe(|| self.carry_out(request)));
        answered.unwrap_or_else(|_| Err("that failed; the standard error says how".to_owned()))
    }

    fn carry_out(&mut self, request: Request) -> Result<Value, String> {
        match request {
            Request::Load { path } => self.load(&path),
            Request::Labelsets { path, check_s } => {
                self.sets = workload::label_sets(&path).ok_or_else(|| unreadable(&path))?;
                self.compare(seconds(check_s)?)
            }
            Request::Route { set, ms } => self.route(&set, seconds(ms / 1e3)?),
            Request::Payload { path } => {
                let payload = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let bytes = self.payload.insert(payload).len();
                Ok(json!({ "bytes": bytes }))
            }
            Request::Variants => Ok(json!({ "variants": Variant::ALL.map(Variant::name) })),
            Request::Mapout { variant } => {
                let (mapper, payload) = self.mapper()?;
                let mut out = Vec::new();
                mapper.run(Variant::named(&variant)?, payload, &mut Arena::new(), &mut out);
                Ok(json!({ "out": String::from_utf8_lossy(&out) }))
            }
            Request::Map { variant, ms } => self.map(&variant, seconds(ms / 1e3)?),
        }
    }

    fn load(&mut self, path: &Path) -> Result<Value, String> {
        let (text, n) = workload::rules_from(path).ok_or_else(|| unreadable(path))?;
        *self = Self { sets: Vec::new(), routes: None, mapper: None, payload: self.payload.take() };
        let mut loaded = None;
        let live = measure(|| loaded = Some(library::load(&text))).bytes_current;
        let rules = loaded.ok_or("nothing was loaded")??;
        let [whole, parse, check, compile] = rounds(|| {
            let [parse, check, compile] = library::stages(&text);
            [library::timed(|| library::load(&text)).1, parse, check, compile]
        });
        self.routes = Some(Routes { text, rules });
        Ok(json!({
            "compile_ns": whole, "live_bytes": live, "n": n,
            "parse_ns": parse, "check_ns": check, "compile_only_ns": compile,
        }))
    }

    /// Whether the label sets are decided as the generator's reference decides them.
    fn compare(&self, within: Duration) -> Result<Value, String> {
        let rules = self.rules()?;
        let context = library::context();
        let start = Instant::now();
        let sets = self.sets.iter().flat_map(|(_, sets)| sets).take_while(|_| start.elapsed() < within);
        let decided: Vec<bool> = sets
            .map(|set| {
                let arena = Arena::new();
                let event = workload::event(&set.labels, &arena);
                let decision = library::route(rules, &event, &context, &arena);
                decision.routes.first().is_some_and(|route| route.path == set.expected)
            })
            .collect();
        let bad = decided.iter().filter(|as_expected| !**as_expected).count();
        Ok(json!({ "checked": decided.len(), "bad": bad, "ctx_ns": self.time_of_event() }))
    }

    fn time_of_event(&self) -> f64 {
        const TIMES: u32 = 64;
        let make = |set: &LabelSet| {
            let mut arena = Arena::new();
            let run = || {
                for _ in 0..TIMES {
                    arena.clear();
                    black_box(workload::event(&set.labels, &arena));
                }
            };
            library::timed(run).1.as_nanos() as f64 / f64::from(TIMES)
        };
        median(self.sets.iter().flat_map(|(_, sets)| sets).map(make).collect())
    }

    fn route(&self, set: &str, window: Duration) -> Result<Value, String> {
        let rules = self.rules()?;
        let named = |(name, _): &&NamedSets| name.replace(' ', "") == set;
        let (_, sets) = self.sets.iter().find(named).ok_or("read `labelsets` first; a set of it is asked for")?;
        let kept = Arena::new();
        let events: Vec<Event<'_>> = sets.iter().map(|set| workload::event(&set.labels, &kept)).collect();
        let context = library::context();
        let mut arena = Arena::new();
        let mut decide = |event: &Event<'_>| {
            arena.clear();
            black_box(library::route(rules, event, &context, &arena));
        };
        // What is built at the first use of a condition is not the cost of a decision.
        events.iter().for_each(&mut decide);
        let allocated = measure(|| events.iter().for_each(&mut decide));
        let mut all = events.iter().cycle();
        let (iters, taken) = repeat(window, || all.next().into_iter().for_each(&mut decide));
        let AllocationInfo { count_total, bytes_total, .. } = allocated;
        let each = |total: u64| total as f64 / events.len() as f64;
        let ns = taken.as_nanos() as f64 / iters as f64;
        Ok(json!({ "ns": ns, "iters": iters, "allocs": each(count_total), "abytes": each(bytes_total) }))
    }

    fn map(&mut self, variant: &str, window: Duration) -> Result<Value, String> {
        let variant = Variant::named(variant)?;
        let (mapper, payload) = self.mapper()?;
        let (mut arena, mut out) = (Arena::new(), Vec::new());
        let mut run = || mapper.run(variant, payload, &mut arena, &mut out);
        run();
        let allocs = measure(&mut run).count_total;
        let (runs, taken) = repeat(window, run);
        let ns = taken.as_nanos() as f64 / runs as f64;
        Ok(json!({ "ns": ns, "allocs": allocs, "out_bytes": out.len() }))
    }

    fn rules(&self) -> Result<&RuleSet, String> {
        self.routes.as_ref().map(|routes| &routes.rules).ok_or_else(|| "`load` routes first".to_owned())
    }

    fn mapper(&mut self) -> Result<(&Mapper, &[u8]), String> {
        let payload = self.payload.as_deref().ok_or("read a `payload` first")?;
        if self.mapper.is_none() {
            self.mapper = Some(Mapper::new(self.routes.as_ref().map(|routes| routes.text.as_str()))?);
        }
        Ok((self.mapper.as_ref().ok_or("there is no mapping")?, payload))
    }
}

fn seconds(number: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

fn unreadable(path: &Path) -> String {
    format!("`{}` cannot be read, or the generator did not write it", path.display())
}

/// The median nanoseconds of what each round measures: of three rounds, and of more where they are short.
fn rounds<const N: usize>(run: impl Fn() -> [Duration; N]) -> [f64; N] {
    const ENOUGH: Duration = Duration::from_millis(500);
    let start = Instant::now();
    let mut rounds = Vec::new();
    while rounds.len() < 3 || start.elapsed() < ENOUGH {
        rounds.push(run());
    }
    std::array::from_fn(|part| median(rounds.iter().map(|round| round[part].as_nanos() as f64).collect()))
}

/// Runs something again and again; how often, and how long that took.
fn repeat(window: Duration, mut run: impl FnMut()) -> (u64, Duration) {
    // The clock is asked rarely, as it takes a good part of a decision's time.
    const BATCH: u64 = 16;
    let start = Instant::now();
    let mut runs = 0;
    while runs == 0 || start.elapsed() < window {
        (0..BATCH).for_each(|_| run());
        runs += BATCH;
    }
    (runs, start.elapsed())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
