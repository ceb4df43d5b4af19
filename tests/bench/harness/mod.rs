//! What the campaign and the load figures share: a server under test, a load generator, a sink, rules that carry their
//! version, and a filesystem of their own. Everything is black-box: the built program, sockets and files.

pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod mount;
pub(crate) mod robot;
pub(crate) mod rules;
pub(crate) mod server;
pub(crate) mod sink;

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Microseconds since the first call; one clock for all logs.
pub(crate) fn micros() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Numbers that a seed repeats (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// Numbers of that seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// A time between two, in milliseconds.
    pub(crate) fn pause(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.below(most - least + 1))
    }
}

/// A folder that is removed when it is dropped, unless something went wrong in it.
pub(crate) struct Folder {
    folder: TempDir,
    /// Leave it for the one who looks for the reason.
    pub(crate) keep: bool,
}

impl Folder {
    /// A fresh, empty one.
    pub(crate) fn new(name: &str) -> Self {
        let prefix = format!("pointsman-{name}-");
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir().expect("a temporary folder");
        Self { folder, keep: false }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.keep {
            self.folder.disable_cleanup(true);
            println!("    left for inspection: {}", self.path().display());
        }
    }
}

/// Asks every 5 ms until it is so; whether it became so in time.
pub(crate) fn wait_until(most: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if is_so() {
            return true;
        }
        if start.elapsed() > most {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The value at a share of sorted numbers.
pub(crate) fn quantile(sorted: &[u64], share: f64) -> u64 {
    let position = (sorted.len() as f64 * share) as usize;
    sorted.get(position.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
}

/// The middle of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
