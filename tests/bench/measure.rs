//! Medians of interleaved rounds: each round runs every candidate once for a few milliseconds, so that a machine that
//! slows down slows all of them down.

use std::time::{Duration, Instant};

/// A candidate.
pub(crate) struct Round<'r> {
    name: &'static str,
    run: Box<dyn FnMut() + 'r>,
}

impl<'r> Round<'r> {
    /// A candidate of that name.
    pub(crate) fn new(name: &'static str, run: impl FnMut() + 'r) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// The median time of one run of each candidate, in nanoseconds.
pub(crate) fn medians(rounds: usize, candidates: &mut [Round<'_>]) -> Vec<(&'static str, f64)> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); candidates.len()];
    for _ in 0..rounds {
        for (candidate, times) in candidates.iter_mut().zip(&mut times) {
            times.push(time(&mut candidate.run));
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    candidates.iter().map(|candidate| candidate.name).zip(times.into_iter().map(median)).collect()
}

fn time(run: &mut dyn FnMut()) -> f64 {
    const WINDOW: Duration = Duration::from_millis(10);
    let start = Instant::now();
    let mut runs = 0_u32;
    while runs == 0 || start.elapsed() < WINDOW {
        run();
        runs += 1;
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(runs)
}
