//! What the listener needs of the gateway around it, so that tests can run it without one.

use super::IntakeState;
use crate::gateway::Gateway;
use crate::gateway::journal::{Journal, PushStore};
use crate::gateway::served_rules::ServedRules;
use crate::reload::RuleSetVersion;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The parts of a gateway that the listener needs.
pub trait IntakeBackend: Send + Sync + 'static {
    /// The store of pushes.
    type Store: PushStore;

    /// The rules in force.
    fn current(&self) -> Arc<RuleSetVersion<ServedRules>>;

    /// The store of pushes.
    fn store(&self) -> &Self::Store;

    /// The state of the listener.
    fn intake(&self) -> &IntakeState;

    /// Whether the gateway is stopping: nothing new is accepted.
    fn is_stopping(&self) -> bool;
}

impl IntakeBackend for Gateway {
    type Store = Journal;

    fn current(&self) -> Arc<RuleSetVersion<ServedRules>> {
        self.rules.current()
    }

    fn store(&self) -> &Journal {
        &self.journal
    }

    fn intake(&self) -> &IntakeState {
        &self.intake
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
