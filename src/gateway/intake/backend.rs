//! What the listener needs of the gateway around it, so that tests can run it without one.

use super::IntakeState;
use crate::gateway::Gateway;
use crate::gateway::config::ListenerLimits;
use crate::gateway::journal::{AcceptResult, Journal, JournalError, Push, RefusedPayload};
use crate::gateway::metrics::Metrics;
use crate::gateway::served_rules::ServedRules;
use crate::reload::{RuleSetHash, RuleSetVersion};
use std::future::Future;
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

    /// The metrics.
    fn metrics(&self) -> &Arc<Metrics>;

    /// The limits of the listener.
    fn limits(&self) -> &ListenerLimits;

    /// Whether the gateway is stopping: nothing new is accepted.
    fn is_stopping(&self) -> bool;
}

/// The part of the journal that the listener uses.
pub trait PushStore: Clone + Send + Sync + 'static {
    /// Archives the files of a rule set.
    ///
    /// # Errors
    /// Where it could not be made durable.
    fn keep_rules(&self, hash: RuleSetHash, archive: &[u8]) -> Result<(), JournalError>;

    /// Stores a push; durable when this returns.
    fn accept(&self, push: Push) -> impl Future<Output = Result<AcceptResult, JournalError>> + Send;

    /// Keeps a refused body; durable when this returns.
    fn quarantine(&self, refused: RefusedPayload) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// The channels in which the firing of a key is open.
    fn open_channels(&self, integration: &str, key: &str) -> Vec<String>;
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

    fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    fn limits(&self) -> &ListenerLimits {
        &self.config.limits
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl PushStore for Journal {
    fn keep_rules(&self, hash: RuleSetHash, archive: &[u8]) -> Result<(), JournalError> {
        self.keep_rules(hash, archive)
    }

    fn accept(&self, push: Push) -> impl Future<Output = Result<AcceptResult, JournalError>> + Send {
        self.accept(push)
    }

    fn quarantine(&self, refused: RefusedPayload) -> impl Future<Output = Result<(), JournalError>> + Send {
        self.quarantine(refused)
    }

    fn open_channels(&self, integration: &str, key: &str) -> Vec<String> {
        self.open_channels(integration, key)
    }
}
