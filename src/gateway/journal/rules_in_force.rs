//! What writes need to know of the rules in force: how channels gather messages, and what the mutes say. It is looked up when
//! a write is carried out, as rules may be loaded while it waits.

use super::channel_policies::ChannelPolicies;
use super::due_first::ChannelRenderer;
use super::hold_work::{HoldContext, HoldWork, ask_everything, work_on_holds};
use super::holds::{HoldAsker, NoMutes};
use super::steady_clock::SteadyClock;
use super::write::WriteSource;
use super::{Journal, JournalError, SilenceId, Transaction};
use crate::time::Timestamp;
use std::sync::{Arc, PoisonError, RwLock};

/// The rules in force, as far as writes ask them. A write holds this and not the journal: the last handle would be dropped by
/// the writer.
pub(super) struct RulesInForce {
    steady: Arc<SteadyClock>,
    policies: RwLock<Arc<ChannelPolicies>>,
    asker: RwLock<Arc<dyn HoldAsker>>,
    renderer: RwLock<Option<Arc<ChannelRenderer>>>,
}

/// The same at one moment.
pub(super) struct RulesNow {
    asker: Arc<dyn HoldAsker>,
    policies: Arc<ChannelPolicies>,
    now: Timestamp,
}

impl RulesInForce {
    pub(super) fn new(steady: Arc<SteadyClock>) -> Self {
        Self { steady, policies: RwLock::default(), asker: RwLock::new(Arc::new(NoMutes)), renderer: RwLock::default() }
    }

    pub(super) fn moment(&self) -> RulesNow {
        RulesNow { asker: self.asker(), policies: self.policies(), now: self.steady.now() }
    }

    pub(super) fn policies(&self) -> Arc<ChannelPolicies> {
        Arc::clone(&self.policies.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn renderer(&self) -> Option<Arc<ChannelRenderer>> {
        self.renderer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_renderer(&self, renderer: Arc<ChannelRenderer>) {
        *self.renderer.write().unwrap_or_else(PoisonError::into_inner) = Some(renderer);
    }

    fn asker(&self) -> Arc<dyn HoldAsker> {
        Arc::clone(&self.asker.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RulesNow {
    pub(super) fn context(&self) -> HoldContext<'_> {
        HoldContext { asker: &*self.asker, policies: &self.policies, now: self.now }
    }
}

impl Journal {
    /// Sets how the channels of the rules in force gather messages.
    pub fn set_policies(&self, policies: Arc<ChannelPolicies>) {
        *self.inner.holds.policies.write().unwrap_or_else(PoisonError::into_inner) = policies;
    }

    /// Sets what asks the mutes of the rules in force. A push that was asked by others is asked again before it is stored.
    pub fn set_asker(&self, asker: Arc<dyn HoldAsker>) {
        *self.inner.holds.asker.write().unwrap_or_else(PoisonError::into_inner) = asker;
    }

    /// How many alerts that fire a silence may hold.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn silenced_alerts(&self, silence: SilenceId) -> Result<u64, JournalError> {
        self.inner.reader.silenced_alerts(silence)
    }

    /// The facts of all open alerts are to be asked anew: rules were loaded, or a schedule began or ended.
    ///
    /// # Errors
    /// Where it is not durable.
    pub async fn ask_everything(&self) -> Result<(), JournalError> {
        let holds = self.hold_state();
        let work = move |transaction: &mut dyn Transaction| {
            let moment = holds.moment();
            ask_everything(transaction, moment.context().asker)
        };
        self.submit(WriteSource::Record, 0, work).await
    }

    /// Does a step of what is to be done about holds.
    ///
    /// # Errors
    /// Where it is not durable.
    pub async fn work_on_holds(&self) -> Result<HoldWork, JournalError> {
        let holds = self.hold_state();
        let work = move |transaction: &mut dyn Transaction| work_on_holds(transaction, holds.moment().context());
        self.submit(WriteSource::Record, 0, work).await
    }

    pub(super) fn hold_state(&self) -> Arc<RulesInForce> {
        Arc::clone(&self.inner.holds)
    }
}
