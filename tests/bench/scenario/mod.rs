//! What happens to the gateway; one scenario a file and a line in [`ALL`].

pub(crate) mod crash;
pub(crate) mod disk;
pub(crate) mod editor;
pub(crate) mod gather;
pub(crate) mod hostile;
pub(crate) mod mutants;
pub(crate) mod power;
pub(crate) mod reload;
pub(crate) mod torture;

use crate::checker::{History, Push, Verdict, check};
use crate::harness::sink::Sink;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How long and with which choices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    /// How long the load runs.
    pub(crate) seconds: u64,
    /// What choices follow from.
    pub(crate) seed: u64,
}

/// How a scenario ended.
pub(crate) enum Ending {
    /// Every promise was kept; with figures.
    Kept(String),
    /// This machine does not allow it.
    Skipped(String),
    /// What was broken.
    Broken(String),
}

/// A scenario.
pub(crate) struct Scenario {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its share of the time.
    pub(crate) share: u64,
    /// Runs it.
    pub(crate) run: fn(&Course) -> Ending,
}

/// All of them, in their order.
pub(crate) const ALL: &[Scenario] = &[
    Scenario { name: "crash", share: 22, run: crash::run },
    Scenario { name: "power", share: 8, run: power::run },
    Scenario { name: "gather", share: 12, run: gather::run },
    Scenario { name: "disk", share: 10, run: disk::run },
    Scenario { name: "reload", share: 24, run: reload::run },
    Scenario { name: "mutants", share: 28, run: mutants::run },
    Scenario { name: "hostile", share: 8, run: hostile::run },
];

/// Those that are run by name alone: they take their time, and part of them needs root.
pub(crate) const BY_NAME: &[Scenario] = &[Scenario { name: "torture", share: 100, run: torture::run }];

impl Ending {
    /// Kept or broken, as the verdict says.
    pub(crate) fn of(verdict: &Verdict, figures: &str) -> Self {
        let text = format!("{figures}; {verdict}");
        if verdict.is_clean() { Self::Kept(text) } else { Self::Broken(text) }
    }
}

/// Waits until every accepted push arrived, then checks. It gives up where nothing arrives for `patience`.
pub(crate) fn drain_and_check(mut history: History, sink: &Sink, patience: Duration) -> (History, Verdict) {
    let accepted = |push: &&Push| push.status == 202;
    let mut missing: HashSet<u64> = history.pushes.iter().filter(accepted).map(|push| push.id).collect();
    let mut last_arrival = Instant::now();
    loop {
        let fresh = sink.log_from(history.deliveries.len());
        let before = missing.len();
        for delivery in fresh.iter().filter(|delivery| delivery.taken) {
            missing.remove(&delivery.id);
        }
        if !fresh.is_empty() && missing.len() < before {
            last_arrival = Instant::now();
        }
        history.deliveries.extend(fresh);
        if missing.is_empty() || last_arrival.elapsed() > patience {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // Repetitions and inventions may come after the last arrival.
    std::thread::sleep(Duration::from_millis(300));
    history.deliveries.extend(sink.log_from(history.deliveries.len()));
    history.drained = true;
    let verdict = check(&history);
    (history, verdict)
}

/// Runs the body of a scenario; what could not even be set up breaks it.
pub(crate) fn broken_where_refused(body: impl FnOnce() -> Result<Ending, String>) -> Ending {
    body().unwrap_or_else(Ending::Broken)
}
