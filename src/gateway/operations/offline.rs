//! Replays where no gateway runs: rules that are read once decide, and the journal takes what comes of it. Nothing is sent
//! before a gateway runs.

use super::{Page, Replay, Replayed, Trouble, replay, replay_quarantined};
use crate::gateway::clock;
use crate::gateway::config::Limits;
use crate::gateway::intake::{Host, Intake};
use crate::gateway::journal::Journal;
use crate::gateway::metrics::Metrics;
use crate::gateway::served::Served;
use crate::reload::{Rejection, Snapshot, Version};
use std::path::PathBuf;
use std::sync::Arc;

/// The generation of rules that no gateway serves.
const NO_GENERATION: u64 = 0;

/// A journal with rules that decide, and nobody who listens or delivers.
pub struct Offline {
    journal: Journal,
    version: Arc<Version<Served>>,
    intake: Intake,
    metrics: Arc<Metrics>,
    limits: Limits,
}

impl Offline {
    /// Reads the rules as a gateway would, their secrets included; their own tests are not run.
    ///
    /// # Errors
    /// What a gateway would not serve.
    pub fn new(journal: Journal, roots: &[PathBuf]) -> Result<Self, Box<Rejection>> {
        let snapshot = Snapshot::of(roots)?;
        let value = Served::build(&snapshot, false)?;
        let (hash, loaded) = (snapshot.hash(), clock::now());
        let version = Arc::new(Version { generation: NO_GENERATION, hash, loaded, value });
        let (intake, metrics) = (Intake::default(), Arc::new(Metrics::default()));
        Ok(Self { journal, version, intake, metrics, limits: Limits::default() })
    }

    /// As [`replay`].
    ///
    /// # Errors
    /// As there.
    pub fn replay(&self, request: &Replay) -> Result<Page<Replayed>, Trouble> {
        runtime()?.block_on(replay(self, request))
    }

    /// As [`replay_quarantined`].
    ///
    /// # Errors
    /// As there.
    pub fn replay_quarantined(&self, request: &Replay) -> Result<Page<Replayed>, Trouble> {
        runtime()?.block_on(replay_quarantined(self, request))
    }
}

impl Host for Offline {
    type Store = Journal;

    fn current(&self) -> Arc<Version<Served>> {
        Arc::clone(&self.version)
    }

    fn store(&self) -> &Journal {
        &self.journal
    }

    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Trouble> {
    let made = tokio::runtime::Builder::new_current_thread().enable_time().build();
    made.map_err(|error| Trouble::Wrong(format!("the system gives no means to wait: {error}")))
}
