//! What the journal alone can take: durable pushes a second at several batch sizes, and how long a push waits.
//!
//! `cargo bench --bench journal -- [SECONDS]`: each push is 1 kB with one event, one `discard` delivery and one firing of a
//! key that is new.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark measures and prints"
)]

use pointsman::evaluate::RequestMetadata;
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    CheckpointMode, FiringTransition, Journal, JournalConfig, JournalStore as _, NewDelivery, NoMutes, Push, PushHolds,
    PushId, PushOrigin, PushStore as _, SqliteStore, Transaction, accept,
};
use pointsman::reload::RuleSetHash;
use pointsman::ruleset::SystemClock;
use pointsman::time::{Clock as _, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use ulid::Ulid;

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn push(number: u64) -> Push {
    let key = format!("bench/{}", u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
    let title = "x".repeat(300);
    Push {
        id: PushId(Ulid::from_parts(now(), u128::from(number))),
        integration: "bench".to_owned(),
        origin: PushOrigin::Push,
        received: Timestamp::from_epoch_milliseconds(now().cast_signed()),
        generation: 1,
        rules: RuleSetHash([7; 32]),
        payload: vec![b'p'; 1_000],
        request: RequestMetadata::default(),
        outcomes: format!(
            r#"[{{"outcome":"sent","event":{{"key":"{key}","title":"{title}"}},"channels":["void"],"routes":["main.a"]}}]"#
        )
        .into(),
        sent: 1,
        dropped: 0,
        deliveries: vec![NewDelivery {
            index: 0,
            channel: "void".to_owned(),
            kind: "discard",
            key: key.clone(),
            body: None,
            notes: Vec::new(),
            urgency: None,
        }],
        transitions: vec![FiringTransition::Opened {
            key,
            channels: vec!["void".to_owned()],
            severity: Severity::Warning,
            index: 0,
        }],
        open: Vec::new(),
        arrivals: Vec::new(),
        policies: Arc::default(),
        holds: Some(PushHolds::default()),
        beats: Vec::new(),
        heard: Vec::new(),
        own: None,
        deduplicate: None,
        replay_of: None,
        hops: 0,
    }
}

fn options(name: &str) -> JournalConfig {
    let directory: PathBuf = std::env::temp_dir().join(format!("pointsman-bench-{}-{name}", std::process::id()));
    drop(std::fs::remove_dir_all(&directory));
    std::fs::create_dir_all(&directory).unwrap();
    JournalConfig { directory, ..JournalConfig::default() }
}

/// The store by itself, one batch after another.
fn store(batch: u64, time: Duration) {
    let options = options(&format!("store-{batch}"));
    let mut store = SqliteStore::open(&options).unwrap();
    let (mut number, mut busy, begin) = (0, Duration::ZERO, Instant::now());
    while begin.elapsed() < time {
        let pushes: Vec<Push> = (0..batch).map(|at| push(number + at)).collect();
        number += batch;
        let started = Instant::now();
        let mut work = |transaction: &mut dyn Transaction| {
            pushes.iter().try_for_each(|push| accept(transaction, push, push.received, &NoMutes).map(drop))
        };
        store.transact(&mut work).unwrap();
        if (number / batch).is_multiple_of(64) {
            store.checkpoint(CheckpointMode::Partial).unwrap();
        }
        busy += started.elapsed();
    }
    println!("store, batches of {batch:>4}: {:>7.0} pushes/s", number as f64 / busy.as_secs_f64());
    drop(store);
    drop(std::fs::remove_dir_all(options.directory));
}

/// The whole journal, with so many senders that wait for their answers.
fn journal(senders: u64, time: Duration) {
    let options = options(&format!("journal-{senders}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let journal = Journal::open(&options, Arc::new(SystemClock), Arc::default(), Arc::new(|_: &str| {})).unwrap();
    let begin = Instant::now();
    let tasks: Vec<_> = (0..senders)
        .map(|sender| {
            let journal = journal.clone();
            runtime.spawn(async move {
                let mut times = Vec::new();
                while begin.elapsed() < time {
                    let push = push(sender + senders * times.len() as u64);
                    let started = Instant::now();
                    journal.accept(push).await.unwrap();
                    times.push(started.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times: Vec<Duration> = tasks.into_iter().flat_map(|task| runtime.block_on(task).unwrap()).collect();
    let took = begin.elapsed();
    times.sort_unstable();
    let part = |part: usize| times.get((times.len() - 1) * part / 1000).unwrap().as_secs_f64() * 1e3;
    println!(
        "journal, {senders:>4} senders: {:>7.0} pushes/s, p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, worst {:.1} ms",
        times.len() as f64 / took.as_secs_f64(),
        part(500),
        part(990),
        part(999),
        part(1000),
    );
    let started = Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(journal.open_channels("bench", "bench/1", SystemClock.now()));
    }
    println!("open_channels: {:.1} µs", started.elapsed().as_secs_f64() * 1e6 / 1e4);
    journal.close();
    drop(std::fs::remove_dir_all(options.directory));
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let time = Duration::from_secs(seconds);
    for batch in [1, 16, 128, 256, 1_024] {
        store(batch, time);
    }
    for senders in [1, 64, 256, 1_024] {
        journal(senders, time);
    }
}
