//! Two builds beside each other: the same bench runs with each of them in turn, and each figure is compared pair by pair.
//!
//! `cargo bench --bench NAME -- compare OTHER [PAIRS] [ARGUMENT…]` compares this build, A, with another one, B. For
//! `engine`, which is linked with the library, `OTHER` is the bench executable of the other build
//! (`target/release/deps/engine-…`). For `run` and `gateway` it is the program `pointsman` of the other build. The
//! arguments go to each run of the bench.
//!
//! First come `PAIRS` pairs of A and A, which show how far figures differ when nothing has changed. Then come as many pairs
//! of A and B. There are at least 10 pairs, and every second one runs in the opposite order, so that a machine that slows
//! down does not favour one build. A ratio is that of the second build to the first; a median ratio outside the A/A spread
//! is marked.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// The variable that names the program under test.
const PROGRAM: &str = "POINTSMAN_PROGRAM";
/// The variable that makes a bench print its figures for this module.
const FIGURES: &str = "POINTSMAN_FIGURES";
/// How such a line begins.
const MARK: &str = "figure\t";
const LEAST_PAIRS: usize = 10;

/// What differs between the two builds.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    /// The bench, which is linked with the library.
    Bench,
    /// The program that the bench starts.
    Program,
}

/// The program under test: the one that `POINTSMAN_PROGRAM` names, by default that of this build.
pub(crate) fn program() -> PathBuf {
    std::env::var_os(PROGRAM).map_or_else(|| env!("CARGO_BIN_EXE_pointsman").into(), PathBuf::from)
}

/// Reports a figure, of which less is better, to the comparison that started this bench, if one did.
pub(crate) fn figure(name: &str, value: f64) {
    if std::env::var_os(FIGURES).is_some() {
        println!("{MARK}{name}\t{value}");
    }
}

/// Compares two builds where the arguments ask for that.
pub(crate) fn run_if_asked(words: &[String], subject: Subject) -> Option<ExitCode> {
    let (first, rest) = words.split_first()?;
    if first != "compare" {
        return None;
    }
    let compared = rest.split_first().ok_or_else(|| "name the other build".to_owned());
    Some(match compared.and_then(|(other, rest)| compare(Path::new(other), rest, subject)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("failed: {reason}");
            ExitCode::FAILURE
        }
    })
}

type Figures = BTreeMap<String, f64>;

fn compare(other: &Path, rest: &[String], subject: Subject) -> Result<(), String> {
    // Cargo runs benches in the folder of the package, whatever the folder of the caller is.
    let other = other.canonicalize().map_err(|error| format!("{}: {error}", other.display()))?;
    let bench = std::env::current_exe().map_err(|error| error.to_string())?;
    let (a, b) = match subject {
        Subject::Bench => {
            (Build { bench: bench.clone(), program: program() }, Build { bench: other, program: program() })
        }
        Subject::Program => (Build { bench: bench.clone(), program: program() }, Build { bench, program: other }),
    };
    let asked = rest.first().and_then(|word| word.parse().ok());
    let arguments = &rest[usize::from(asked.is_some())..];
    let pairs = asked.unwrap_or(LEAST_PAIRS).max(LEAST_PAIRS);
    println!("A: {}, {}\nB: {}, {}", a.bench.display(), a.program.display(), b.bench.display(), b.program.display());
    let same = series(&a, &a, pairs, arguments)?;
    let different = series(&a, &b, pairs, arguments)?;
    report(&same, &different);
    Ok(())
}

/// A bench and the program that it starts.
struct Build {
    bench: PathBuf,
    program: PathBuf,
}

impl Build {
    fn run(&self, arguments: &[String]) -> Result<Figures, String> {
        let output = Command::new(&self.bench)
            .args(arguments)
            .env(FIGURES, OsString::from("1"))
            .env(PROGRAM, &self.program)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("{}: {error}", self.bench.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().filter_map(|line| line.strip_prefix(MARK)?.split_once('\t'));
        let figures: Figures = lines.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect();
        if output.status.success() && !figures.is_empty() {
            Ok(figures)
        } else {
            Err(format!("{} ended with {} and {} figures:\n{text}", self.bench.display(), output.status, figures.len()))
        }
    }
}

/// Pairs of figures of two builds, run in turn.
fn series(
    first: &Build,
    second: &Build,
    pairs: usize,
    arguments: &[String],
) -> Result<Vec<(Figures, Figures)>, String> {
    let mut found = Vec::new();
    for number in 0..pairs {
        found.push(if number % 2 == 0 {
            let figures = first.run(arguments)?;
            (figures, second.run(arguments)?)
        } else {
            let figures = second.run(arguments)?;
            (first.run(arguments)?, figures)
        });
    }
    Ok(found)
}

fn report(same: &[(Figures, Figures)], different: &[(Figures, Figures)]) {
    println!("\n{:<52} {:>12} {:>15} {:>7}", "medians of each figure", "A", "A/A spread", "B/A");
    let names = different.first().into_iter().flat_map(|(figures, _)| figures.keys());
    for name in names {
        let (apart, ratios) = (ratios(name, same), ratios(name, different));
        let first = sorted(different.iter().filter_map(|(figures, _)| figures.get(name).copied()));
        let (Some(least), Some(most), Some(ratio)) = (apart.first(), apart.last(), middle(&ratios)) else {
            println!("{name:<52} is not a figure of both builds");
            continue;
        };
        let mark = if (*least..=*most).contains(&ratio) { "" } else { "  *" };
        let first = middle(&first).unwrap_or(f64::NAN);
        println!("{name:<52} {first:>12.2}   {least:>5.3} – {most:>5.3} {ratio:>7.3}{mark}");
    }
    println!("* outside the A/A spread");
}

/// The ratios of the second build to the first, in order. Two figures of zero, below what can be measured, are equal.
fn ratios(name: &str, pairs: &[(Figures, Figures)]) -> Vec<f64> {
    sorted(pairs.iter().filter_map(|(first, second)| {
        let (first, second) = (*first.get(name)?, *second.get(name)?);
        let is_zero = |figure: f64| figure.abs() < f64::EPSILON;
        Some(if is_zero(first) && is_zero(second) { 1.0 } else { second / first })
    }))
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

fn middle(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len() / 2).copied()
}
