//! What the listener asks of the gateway around it, so that it can be tried without one.

use super::Intake;
use crate::gateway::Gateway;
use crate::gateway::config::Limits;
use crate::gateway::journal::{Accepted, Fault, Journal, Push, Refused};
use crate::gateway::metrics::Metrics;
use crate::gateway::served::Served;
use crate::reload::{Hash, Version};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A gateway, as far as the listener knows it.
pub trait Host: Send + Sync + 'static {
    /// Where pushes become durable.
    type Store: Store;

    /// The rules in force.
    fn current(&self) -> Arc<Version<Served>>;

    /// Where pushes become durable.
    fn store(&self) -> &Self::Store;

    /// What the listener keeps.
    fn intake(&self) -> &Intake;

    /// What is counted.
    fn metrics(&self) -> &Arc<Metrics>;

    /// What connections may do.
    fn limits(&self) -> &Limits;

    /// Whether nothing new is accepted.
    fn is_stopping(&self) -> bool;
}

/// The part of the journal that the listener uses; each is as there.
pub trait Store: Clone + Send + Sync + 'static {
    /// Keeps the files of a rule set.
    ///
    /// # Errors
    /// Where it could not be made durable.
    fn keep_rules(&self, hash: Hash, archive: &[u8]) -> Result<(), Fault>;

    /// Stores a push; durable when this returns.
    fn accept(&self, push: Push) -> impl Future<Output = Result<Accepted, Fault>> + Send;

    /// Keeps a refused body; durable when this returns.
    fn quarantine(&self, refused: Refused) -> impl Future<Output = Result<(), Fault>> + Send;

    /// The channels in which the firing of a key is open.
    fn open_channels(&self, integration: &str, key: &str) -> Vec<String>;
}

impl Host for Gateway {
    type Store = Journal;

    fn current(&self) -> Arc<Version<Served>> {
        self.rules.current()
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
        &self.config.limits
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl Store for Journal {
    fn keep_rules(&self, hash: Hash, archive: &[u8]) -> Result<(), Fault> {
        self.keep_rules(hash, archive)
    }

    fn accept(&self, push: Push) -> impl Future<Output = Result<Accepted, Fault>> + Send {
        self.accept(push)
    }

    fn quarantine(&self, refused: Refused) -> impl Future<Output = Result<(), Fault>> + Send {
        self.quarantine(refused)
    }

    fn open_channels(&self, integration: &str, key: &str) -> Vec<String> {
        self.open_channels(integration, key)
    }
}
