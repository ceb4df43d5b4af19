//! What must hold over the logs of the load, the sink and the editor: a pure function, shown to bite by `selftest`.
//!
//! The letters are those of the promises: no mixture of versions in one event (I1), no version that was never complete
//! and valid (I2), none before it was there and none after its successor was known to be (I3), none older than one that
//! an earlier push met (I4), everything accepted arrives and repetitions are the same bytes (I5), changes take effect in
//! time (I6), bodies are those that the version gives (I7), and recoveries follow their firings in order (order).

mod conservation;
pub(crate) mod selftest;
mod versions;

use crate::harness::rules::STAMPS;
use std::collections::BTreeMap;
use std::fmt;

/// A push, as the load generator saw it. Times are microseconds of one clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Push {
    /// Its event.
    pub(crate) id: u64,
    /// The alert that the event is about.
    pub(crate) alert: u64,
    /// Whether it is the recovery.
    pub(crate) resolved: bool,
    /// Before its first byte was sent.
    pub(crate) sent: u64,
    /// After its answer came, or was given up.
    pub(crate) answered: u64,
    /// The status; 0 where there was no answer.
    pub(crate) status: u16,
}

/// A delivery, as the sink saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Its event; 0 where the body could not be read.
    pub(crate) id: u64,
    /// The alert.
    pub(crate) alert: u64,
    /// Whether it is the recovery.
    pub(crate) resolved: bool,
    /// Which channel's URL it came to.
    pub(crate) sink: u32,
    /// When.
    pub(crate) at: u64,
    /// Whether the sink answered 200.
    pub(crate) taken: bool,
    /// A digest of its `Idempotency-Key`.
    pub(crate) idempotency: u64,
    /// A digest of its body.
    pub(crate) body: u64,
    /// The stamps of the rule files.
    pub(crate) stamps: [u32; STAMPS],
    /// Whether the body is the reference's for the first stamp.
    pub(crate) as_reference: bool,
}

/// A version of the rules, as the editor wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    /// Its stamp.
    pub(crate) number: u32,
    /// Before the first byte of it was written.
    pub(crate) begun: u64,
    /// After the last one was.
    pub(crate) ended: u64,
    /// Whether it may ever be in force.
    pub(crate) good: bool,
    /// Whether the machine stalled the editor for longer than a stable snapshot can see: mixtures with it prove nothing.
    pub(crate) stalled: bool,
    /// When a reload that was asked for after `ended` was answered with success.
    pub(crate) confirmed: Option<u64>,
    /// When the editor gave up waiting for it to take effect.
    pub(crate) missed: Option<u64>,
}

/// Everything that was logged.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// Every push.
    pub(crate) pushes: Vec<Push>,
    /// Every delivery, by rising time.
    pub(crate) deliveries: Vec<Delivery>,
    /// Every version, by rising number. Where there is none, stamps are not looked at.
    pub(crate) versions: Vec<Version>,
    /// How often the server was killed: each time, what was under way may be delivered again.
    pub(crate) kills: u64,
    /// Whether everything was given the time to arrive.
    pub(crate) drained: bool,
}

/// A broken promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// One event, one version.
    NoMixture,
    /// Only versions that were complete and valid.
    NoGhost,
    /// Not before it was written, not after its successor was confirmed.
    RealTime,
    /// Never back.
    Monotone,
    /// What was accepted arrives.
    NothingLost,
    /// Nothing arrives that was never sent.
    NothingInvented,
    /// Repetitions have the same bytes and the same `Idempotency-Key`.
    SameBytes,
    /// Repetitions are as few as crashes explain.
    FewRepetitions,
    /// A change takes effect in time.
    Liveness,
    /// The body is what the version gives.
    Reference,
    /// A recovery comes after its firing, and no firing after its recovery.
    Order,
    /// A recovery goes where its firing went.
    Followed,
}

/// What a check came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    /// How often each promise was broken, with the first examples.
    pub(crate) broken: BTreeMap<Promise, (u64, Vec<String>)>,
    /// Pushes that were accepted.
    pub(crate) accepted: u64,
    /// Events that arrived.
    pub(crate) arrived: u64,
    /// Deliveries that the sink took more than once.
    pub(crate) repeated: u64,
    /// Events that arrived though their push was never answered with 202.
    pub(crate) unanswered: u64,
    /// Versions that some event met.
    pub(crate) versions: u64,
}

impl Verdict {
    /// Whether every promise was kept.
    pub(crate) fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// Notes a broken promise.
    fn breaks(&mut self, promise: Promise, example: impl FnOnce() -> String) {
        let (count, examples) = self.broken.entry(promise).or_default();
        *count += 1;
        if examples.len() < 3 {
            examples.push(example());
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} accepted, {} arrived ({} without having heard 202), {} repeated",
            self.accepted, self.arrived, self.unanswered, self.repeated
        )?;
        if self.versions > 0 {
            write!(f, ", {} versions met", self.versions)?;
        }
        for (promise, (count, examples)) in &self.broken {
            write!(f, "\n    BROKEN {promise:?} x{count}")?;
            for example in examples {
                write!(f, "\n      {example}")?;
            }
        }
        Ok(())
    }
}

/// Holds logs to every promise.
pub(crate) fn check(history: &History) -> Verdict {
    let mut verdict = Verdict::default();
    conservation::check(history, &mut verdict);
    if !history.versions.is_empty() {
        versions::check(history, &mut verdict);
    }
    verdict
}
