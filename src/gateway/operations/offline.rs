//! Replays while no gateway runs: the rules are read once, and the journal stores the results. Nothing is sent before a
//! gateway runs.

use super::{ListingPage, OperationError, ReplayRequest, ReplayResult, ReplaySource, replay};
use crate::gateway::config::ListenerLimits;
use crate::gateway::hold_asker::RulesAsker;
use crate::gateway::intake::{IntakeBackend, IntakeState};
use crate::gateway::journal::Journal;
use crate::gateway::served_rules::{RuleTests, ServedRules};
use crate::reload::{LoadRejection, RuleAccess, RuleSetVersion, Snapshot};
use crate::time::Clock;
use std::path::PathBuf;
use std::sync::Arc;

/// The generation of rules that no gateway serves.
const NO_GENERATION: u64 = 0;

/// A journal and rules, without listeners and deliveries.
pub struct OfflineReplayer {
    journal: Journal,
    version: Arc<RuleSetVersion<ServedRules>>,
    intake: IntakeState,
}

impl OfflineReplayer {
    /// Reads the rules as a gateway would, with their secrets; their tests are not run.
    ///
    /// # Errors
    /// Rules that a gateway would not serve.
    pub fn new(
        journal: Journal,
        roots: &[PathBuf],
        access: &RuleAccess,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Box<LoadRejection>> {
        let snapshot = Snapshot::with_access(roots, access)?;
        let loaded = clock.now();
        let value = ServedRules::build(&snapshot, RuleTests::Skip, loaded)?;
        // The build reads tables and secrets, which belong to the hash.
        let hash = snapshot.hash();
        let version = Arc::new(RuleSetVersion { generation: NO_GENERATION, hash, loaded, value });
        journal.set_asker(Arc::new(RulesAsker::new(Arc::clone(&version), Arc::clone(&clock))));
        Ok(Self { journal, version, intake: IntakeState::new(clock, Arc::default(), ListenerLimits::default()) })
    }

    /// As [`replay`].
    ///
    /// # Errors
    /// As there.
    pub fn replay(
        self: &Arc<Self>,
        source: ReplaySource,
        request: &ReplayRequest,
    ) -> Result<ListingPage<ReplayResult>, OperationError> {
        let made = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = made
            .map_err(|error| OperationError::InvalidRequest(format!("the system cannot start a runtime: {error}")))?;
        runtime.block_on(replay(self, source, request))
    }
}

impl IntakeBackend for OfflineReplayer {
    type Store = Journal;

    fn current(&self) -> Arc<RuleSetVersion<ServedRules>> {
        Arc::clone(&self.version)
    }

    fn store(&self) -> &Journal {
        &self.journal
    }

    fn intake(&self) -> &IntakeState {
        &self.intake
    }

    fn is_stopping(&self) -> bool {
        false
    }
}
