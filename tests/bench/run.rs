//! `pointsman run` over a long file of alerts, one a line, beside what one would write by hand: seconds, processor time and
//! memory of whole processes.
//!
//! `cargo bench --bench run -- [ALERTS] [ROUNDS]` (200,000 and 7) prints medians of interleaved rounds, in each of which every
//! contender runs once, so that a machine that slows down slows all of them down. The contenders by hand are this very
//! program, started anew: `Value` parses each line into `serde_json::Value` and drops it, `typed serde` reads structs that
//! borrow and writes the same events as the mapping, without routing. A thread counts as such where it is busy: the column
//! `cores` is processor time by time. `compare` before the numbers compares two programs as `compare.rs` says. The workload
//! comes from the generator beside the checkout where it is there, else from `own.rs`.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a benchmark measures time, prints, may fail by a panic, and shares its files with others"
)]

mod baseline;
mod compare;
mod own;
mod workload;

use compare::{Subject, figure};
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [by_hand, name, file] = &*words
        && by_hand == BY_HAND
    {
        run_by_hand(name, Path::new(file));
        return ExitCode::SUCCESS;
    }
    if let Some(code) = compare::run_if_asked(&words, Subject::Program) {
        return code;
    }
    let mut numbers = words.iter().map_while(|word| word.parse::<usize>().ok());
    let (alerts, rounds) = (numbers.next().unwrap_or(200_000), numbers.next().unwrap_or(7));
    let trial = Trial::new(alerts);
    trial.compare();
    let mut taken: Vec<Vec<Taken>> = vec![Vec::new(); CONTENDERS.len()];
    for _ in 0..rounds.max(1) {
        for (contender, taken) in CONTENDERS.iter().zip(&mut taken) {
            taken.push(trial.run(contender));
        }
    }
    report(&taken);
    ExitCode::SUCCESS
}

/// The word by which this program knows that it is a contender.
const BY_HAND: &str = "by-hand";

/// Who runs, and where its input comes from and its output goes to.
struct Contender {
    name: &'static str,
    program: Program,
    way: Way,
}

#[derive(Clone, Copy)]
enum Program {
    ByHand(&'static str),
    Run {
        threads: &'static str,
    },
    /// The mapping alone, on one thread.
    Map,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// From a file to nowhere.
    FileToNull,
    /// From a file to a file.
    FileToFile,
    /// From a pipe, written as fast as it is read, to a pipe, read as fast as it is written.
    PipeToPipe,
}

const ONE: Program = Program::Run { threads: "1" };
const TWO: Program = Program::Run { threads: "2" };

const CONTENDERS: &[Contender] = &[
    Contender { name: "Value", program: Program::ByHand("value"), way: Way::FileToNull },
    Contender { name: "typed serde", program: Program::ByHand("typed"), way: Way::FileToNull },
    Contender { name: "run, 1 thread", program: ONE, way: Way::FileToNull },
    Contender { name: "run, 2 threads", program: TWO, way: Way::FileToNull },
    Contender { name: "typed serde, to a file", program: Program::ByHand("typed"), way: Way::FileToFile },
    Contender { name: "run, 1 thread, to a file", program: ONE, way: Way::FileToFile },
    Contender { name: "run, 2 threads, to a file", program: TWO, way: Way::FileToFile },
    Contender { name: "run, 1 thread, pipe to pipe", program: ONE, way: Way::PipeToPipe },
    Contender { name: "run, 2 threads, pipe to pipe", program: TWO, way: Way::PipeToPipe },
];

/// What a process took.
#[derive(Clone, Copy)]
struct Taken {
    seconds: f64,
    processor: f64,
    mebibytes: f64,
}

/// A contender by hand, in a process of its own.
fn run_by_hand(name: &str, file: &Path) {
    let mut input = BufReader::with_capacity(256 << 10, File::open(file).expect("the workload"));
    let mut output = io::stdout().lock();
    let (mut line, mut out) = (Vec::new(), Vec::new());
    while input.read_until(b'\n', &mut line).expect("the workload is read") > 0 {
        match name {
            "value" => drop(black_box(serde_json::from_slice::<serde_json::Value>(&line).expect("JSON"))),
            _ => baseline::typed_alert(&line, &mut out),
        }
        line.clear();
        if out.len() > 64 << 10 {
            output.write_all(&out).expect("written");
            out.clear();
        }
    }
    output.write_all(&out).expect("written");
}

/// The files of the trial.
struct Trial {
    rules: PathBuf,
    alerts: PathBuf,
    out: PathBuf,
}

impl Trial {
    fn new(alerts: usize) -> Self {
        let (routes, file) = workload::stream(alerts);
        let folder = file.parent().expect("a folder").to_owned();
        let trial = Self { rules: folder.join("run.rules"), out: folder.join("outcomes"), alerts: file };
        fs::write(&trial.rules, routes + &mapping()).expect("room for the rules");
        let bytes = trial.alerts.metadata().expect("the workload").len();
        println!("{alerts} alerts, {} MB, ten routes, a mapping", bytes / 1_000_000);
        trial
    }

    fn command(&self, program: Program, way: Way) -> Command {
        let run = |arguments: &[&str]| {
            let mut command = Command::new(compare::program());
            command.args(["run", "--mapping", "bench"]).args(arguments).arg("--rules").arg(&self.rules);
            command
        };
        let mut command = match program {
            Program::ByHand(name) => {
                let mut command = Command::new(std::env::current_exe().expect("this program"));
                command.args([BY_HAND, name]);
                command
            }
            Program::Run { threads } => run(&["--routing", "workload", "--threads", threads]),
            Program::Map => run(&["--threads", "1"]),
        };
        if way == Way::PipeToPipe {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
        } else {
            command.arg(&self.alerts).stdin(Stdio::null());
        }
        command.stderr(Stdio::null());
        command
    }

    fn run(&self, contender: &Contender) -> Taken {
        let mut command = self.command(contender.program, contender.way);
        match contender.way {
            Way::FileToNull => drop(command.stdout(Stdio::null())),
            Way::FileToFile => drop(command.stdout(File::create(&self.out).expect("room for the outcomes"))),
            Way::PipeToPipe => {}
        }
        let (before, begun) = (processor_of_children(), Instant::now());
        let mut child = command.spawn().expect("the program starts");
        let over = AtomicBool::new(false);
        let (seconds, mebibytes) = thread::scope(|scope| {
            let (id, over) = (child.id(), &over);
            let memory = scope.spawn(move || most_memory(id, over));
            self.serve_pipes(&mut child, scope);
            let status = child.wait().expect("the program ends");
            let seconds = begun.elapsed().as_secs_f64();
            over.store(true, Ordering::Relaxed);
            assert!(status.success(), "{} failed", contender.name);
            (seconds, memory.join().expect("memory is read"))
        });
        let _ = fs::remove_file(&self.out);
        Taken { seconds, processor: processor_of_children() - before, mebibytes }
    }

    /// Writes to one end of a process and reads from the other, where these are pipes.
    fn serve_pipes<'s>(&'s self, child: &mut Child, scope: &'s thread::Scope<'s, '_>) {
        if let Some(mut input) = child.stdin.take() {
            scope.spawn(move || {
                let mut alerts = File::open(&self.alerts).expect("the workload");
                // Blocks go from file to pipe without being looked at.
                io::copy(&mut alerts, &mut input)
            });
        }
        if let Some(mut output) = child.stdout.take() {
            let mut room = vec![0; 256 << 10];
            scope.spawn(move || while output.read(&mut room).is_ok_and(|read| read > 0) {});
        }
    }

    /// That all write the same.
    fn compare(&self) {
        let written = |program| {
            let output = self.command(program, Way::FileToFile).output().expect("the program starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        assert!(written(ONE) == written(TWO), "two threads write something else than one");
        // What is hashed for a key is each one's own matter.
        let hash = regex::bytes::Regex::new(r#""bench:[0-9a-f]{32}""#).expect("a regex");
        let mapped = |program| hash.replace_all(&written(program), b"hash").into_owned();
        assert!(mapped(Program::Map) == mapped(Program::ByHand("typed")), "the structs write something else");
    }
}

/// The mapping of `mapping.rules`, where a payload is one alert.
fn mapping() -> String {
    let lines = include_str!("mapping.rules").lines();
    let of_batches = ["edition", "accept", "each"];
    let kept = lines.filter(|line| !of_batches.iter().any(|word| line.trim_start().starts_with(word)));
    kept.flat_map(|line| ["\n", line]).collect()
}

/// The most memory that a process had, as far as it can be asked while it runs.
fn most_memory(id: u32, over: &AtomicBool) -> f64 {
    let mut most = 0.0_f64;
    while !over.load(Ordering::Relaxed) {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        most = most.max(kibibytes.unwrap_or_default() / 1_024.0);
        thread::sleep(Duration::from_millis(10));
    }
    most
}

/// Seconds of processor time that ended processes took, in user code and in the system.
fn processor_of_children() -> f64 {
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    // The fields `cutime` and `cstime` of proc(5), in hundredths of a second.
    behind_name.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

fn report(taken: &[Vec<Taken>]) {
    let seconds: Vec<f64> = taken.iter().map(|taken| median(taken, |taken| taken.seconds)).collect();
    println!(
        "{:<30} {:>7} {:>9} {:>9} {:>10} {:>6} {:>6}",
        "", "seconds", "of Value", "of typed", "processor", "cores", "MiB"
    );
    for ((contender, taken), seconds_of) in CONTENDERS.iter().zip(taken).zip(&seconds) {
        let processor = median(taken, |taken| taken.processor);
        figure(&format!("{}, seconds", contender.name), *seconds_of);
        figure(&format!("{}, processor seconds", contender.name), processor);
        println!(
            "{:<30} {seconds_of:>7.3} {:>9.2} {:>9.2} {processor:>10.2} {:>6.2} {:>6.1}",
            contender.name,
            seconds_of / seconds[0],
            seconds_of / seconds[1],
            processor / seconds_of,
            median(taken, |taken| taken.mebibytes),
        );
    }
}

fn median(taken: &[Taken], figure: impl Fn(&Taken) -> f64) -> f64 {
    let mut figures: Vec<f64> = taken.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
