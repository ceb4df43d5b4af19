//! The campaign: the built gateway is killed, cut off from power, starved of disk, edited under and attacked, and its
//! promises are checked over the logs of what was sent and what arrived.
//!
//! `cargo bench --bench campaign -- [SECONDS] [SEED] [SCENARIO…]`: the time is shared among the scenarios, all of them but
//! `torture` unless some are named; a seed repeats the choices, not the machine's timing. Exit code 1 where a promise was broken,
//! 2 where the command line is wrong. What a machine does not allow is skipped, and says so.

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
    reason = "a campaign measures time, prints, may fail by a panic, and shares its harness with the load figures"
)]

mod checker;
mod harness;
mod scenario;

use checker::History;
use scenario::{Course, Ending};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let mut numbers = words.iter().map_while(|word| word.parse::<u64>().ok());
    let seconds = numbers.next().unwrap_or(90);
    let seed = numbers.next().unwrap_or(1);
    let named: Vec<&String> = words.iter().filter(|word| word.parse::<u64>().is_err()).collect();
    let all = || scenario::ALL.iter().chain(scenario::BY_NAME);
    if let Some(unknown) = named.iter().find(|name| !all().any(|each| each.name == ***name)) {
        let known: Vec<&str> = all().map(|each| each.name).collect();
        println!("no scenario `{unknown}`: there are {}", known.join(", "));
        return ExitCode::from(2);
    }
    match checker::selftest::run() {
        Ok(count) => {
            println!("the checker bites: {count} ways of breaking a promise, and keeps silent over a sound history");
        }
        Err(reason) => {
            println!("the checker is wrong: {reason}");
            return ExitCode::FAILURE;
        }
    }
    match harness_agrees() {
        Ok(rate) => {
            println!("the harness agrees with itself: {rate:.0} pushes a second from the load straight to the sink");
        }
        Err(reason) => {
            println!("the harness is wrong: {reason}");
            return ExitCode::FAILURE;
        }
    }
    let chosen: Vec<_> = if named.is_empty() {
        scenario::ALL.iter().collect()
    } else {
        all().filter(|each| named.iter().any(|name| each.name == **name)).collect()
    };
    let shares: u64 = chosen.iter().map(|each| each.share).sum();
    println!("{} scenarios, {seconds} s, seed {seed}", chosen.len());
    let mut failed = Vec::new();
    for each in chosen {
        let begun = Instant::now();
        let course = Course { seconds: (seconds * each.share / shares).max(2), seed };
        let ending = (each.run)(&course);
        let (word, text) = match ending {
            Ending::Kept(text) => ("kept", text),
            Ending::Skipped(reason) => ("SKIPPED", reason),
            Ending::Broken(text) => {
                failed.push(each.name);
                ("BROKEN", text)
            }
        };
        println!("{:<10} {word} in {:.0} s: {text}", each.name, begun.elapsed().as_secs_f64());
    }
    if failed.is_empty() {
        println!("verdict: every promise was kept");
        return ExitCode::SUCCESS;
    }
    println!("verdict: broken in {}", failed.join(", "));
    ExitCode::FAILURE
}

/// The load straight to the sink, without a gateway between them: what one sent the other logged. Pushes a second.
fn harness_agrees() -> Result<f64, String> {
    let sink = harness::sink::Sink::start(1);
    sink.set_mood(harness::sink::Mood::Accepting);
    let load = harness::load::Plan { size: 1_024, ..harness::load::Plan::new(sink.address, 64) }.start();
    std::thread::sleep(Duration::from_millis(500));
    let pushes = load.stop();
    let rate = pushes.len() as f64 * 2.0;
    let history = History { pushes, ..History::default() };
    let (_, verdict) = scenario::drain_and_check(history, &sink, Duration::from_secs(5));
    if verdict.is_clean() && verdict.accepted > 0 && verdict.accepted == verdict.arrived {
        return Ok(rate);
    }
    Err(verdict.to_string())
}
