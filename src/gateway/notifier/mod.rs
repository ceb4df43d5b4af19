//! The notifier makes the messages of channels that gather them: one task, which waits until something is due, and then asks
//! the journal to tell it.
//!
//! What is due is in the journal, so that a crash loses nothing: the first round after a start tells what fell due meanwhile. A
//! message is rendered by the rules in force when it is made, on the thread of the journal that writes, and counts as told once
//! its delivery is durable. The task keeps nothing but the next moment of each channel, and that of mutes and silences.

mod hold_clock;
mod render;

use super::Gateway;
use super::journal::{
    ChannelUse, DeliveryStore as _, HOLDS, Journal, JournalError, MessageContent, SharedRenderMessage, TellResult,
};
use super::metrics::{MessageLabels, Metrics};
use super::served_rules::ServedRules;
use crate::channel::RepeatPolicy;
use crate::notification::MessageRecord;
use crate::reload::RuleSetVersion;
use crate::time::{Clock, Timestamp};
use hold_clock::HoldClock;
use render::render_message;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a channel for which nothing could be told is left alone, whatever arrives: in a storm, each look at what is due
/// costs time.
const PAUSE: Duration = Duration::from_millis(50);

/// How long after a start, or a load of rules, events that fell due before are left to their channels, which may deliver them
/// now. The journal keeps for which events that time has begun, so that no number of starts and loads makes it longer.
const FALLBACK_GRACE: Duration = Duration::from_secs(10);

/// How long a journal that failed is left alone.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// Who has something to tell; clones share it.
#[derive(Clone, Default)]
pub(super) struct NotifierHandle {
    state: Arc<NotifierState>,
}

#[derive(Default)]
struct NotifierState {
    woken: Mutex<WokenChannels>,
    changed: Notify,
}

#[derive(Default)]
struct WokenChannels {
    channels: BTreeSet<String>,
    /// Whether rules were loaded.
    rules: bool,
}

impl NotifierHandle {
    /// A channel has something to tell. Cheap; may be called from any thread.
    pub(super) fn wake(&self, channel: &str) {
        let mut woken = self.state.woken.lock().unwrap_or_else(PoisonError::into_inner);
        if woken.channels.insert(channel.to_owned()) {
            drop(woken);
            self.state.changed.notify_one();
        }
    }

    /// Rules were loaded: each channel goes on by its new policy.
    pub(super) fn reload(&self) {
        self.state.woken.lock().unwrap_or_else(PoisonError::into_inner).rules = true;
        self.state.changed.notify_one();
    }

    fn take(&self) -> WokenChannels {
        std::mem::take(&mut *self.state.woken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The task.
pub(super) struct Notifier {
    handle: NotifierHandle,
    journal: Journal,
    metrics: Arc<Metrics>,
    /// When each channel is looked at again.
    moments: BTreeMap<String, ChannelMoment>,
    holds: HoldClock,
    /// When rules were loaded, in steady time.
    loaded: Timestamp,
}

/// When a channel is looked at again.
#[derive(Debug, Clone, Copy, Default)]
struct ChannelMoment {
    /// When something is due.
    next: Option<Instant>,
    /// Not before then, whatever arrives.
    not_before: Option<Instant>,
}

impl Notifier {
    pub(super) fn new(handle: NotifierHandle, journal: Journal, metrics: Arc<Metrics>, clock: Arc<dyn Clock>) -> Self {
        handle.reload();
        let loaded = journal.steady_now();
        Self { handle, journal, metrics, moments: BTreeMap::new(), holds: HoldClock::new(clock), loaded }
    }

    /// Tells what fell due before the start. What cannot be told now is told later.
    pub(super) async fn begin(&mut self, version: &Arc<RuleSetVersion<ServedRules>>) {
        if let Err(fault) = self.advance(version).await {
            tracing::warn!(%fault, "the journal cannot make messages now; trying again");
            self.handle.reload();
        }
    }

    /// Makes messages until the gateway is gone.
    pub(super) async fn run(mut self, gateway: Weak<Gateway>) {
        loop {
            let Some(version) = gateway.upgrade().map(|gateway| gateway.rules.current()) else { return };
            let next = match self.advance(&version).await {
                Ok(next) => next,
                Err(JournalError::Closed) => return,
                Err(fault) => {
                    tracing::warn!(%fault, "the journal cannot make messages now; trying again");
                    self.handle.reload();
                    tokio::time::sleep(FAILURE_PAUSE).await;
                    continue;
                }
            };
            drop(version);
            let changed = self.handle.state.changed.notified();
            match next {
                Some(next) => drop(tokio::time::timeout_at(next, changed).await),
                None => changed.await,
            }
        }
    }

    /// Tells what is due now; when something is due next.
    ///
    /// # Errors
    /// The journal failed, or is closed.
    async fn advance(&mut self, version: &Arc<RuleSetVersion<ServedRules>>) -> Result<Option<Instant>, JournalError> {
        let mut woken = self.handle.take();
        let now = Instant::now();
        if woken.rules {
            self.apply_rules(version, now).await?;
            self.holds.load(&self.journal, version).await?;
        }
        if woken.channels.remove(HOLDS) {
            self.holds.wake(now);
        }
        // What begins or ends by the clock comes before what is due.
        self.holds.advance(&self.journal, version, now).await?;
        for channel in woken.channels {
            // Channels that send every event are woken for their deliveries only.
            if let Some(moment) = self.moments.get_mut(&channel) {
                moment.next = Some(moment.not_before.map_or(now, |from| from.max(now)));
            }
        }
        let is_due = |moment: &ChannelMoment| moment.next.is_some_and(|next| next <= now);
        let due: Vec<String> =
            self.moments.iter().filter(|(_, moment)| is_due(moment)).map(|(channel, _)| channel.clone()).collect();
        let loaded = self.loaded;
        let tellings = due.into_iter().map(|channel| {
            let (journal, version) = (self.journal.clone(), Arc::clone(version));
            tokio::spawn(async move {
                let told = tell(&journal, &channel, version, loaded).await;
                (channel, told)
            })
        });
        for telling in tellings.collect::<Vec<_>>() {
            let Ok((channel, told)) = telling.await else { return Err(JournalError::Closed) };
            self.note(&channel, &told?);
        }
        let next = self.moments.values().filter_map(|moment| moment.next).chain(self.holds.next());
        Ok(next.min())
    }

    /// Every channel that gathers messages, or did so, is looked at.
    async fn apply_rules(
        &mut self,
        version: &Arc<RuleSetVersion<ServedRules>>,
        now: Instant,
    ) -> Result<(), JournalError> {
        let policies = Arc::new(version.value.policies());
        self.journal.set_policies(Arc::clone(&policies));
        let rules = Arc::clone(version);
        let render = move |channel: &str, message: &MessageRecord, content: &MessageContent| {
            render_message(&rules.value, channel, message, content)
        };
        self.journal.set_renderer(Arc::new(render));
        let journal = self.journal.clone();
        let known = tokio::task::spawn_blocking(move || journal.read()?.notified_channels()).await;
        let known = known.unwrap_or(Err(JournalError::Closed))?;
        let names = policies.iter().map(|(name, _)| name.to_owned()).chain(known);
        // A push that earlier rules decided may still arrive for a channel of theirs.
        let names = names.chain(std::mem::take(&mut self.moments).into_keys()).collect::<Vec<_>>().into_iter();
        self.moments = names.map(|name| (name, ChannelMoment { next: Some(now), not_before: None })).collect();
        for name in policies.with_fallback() {
            self.moments.entry(name.to_owned()).or_insert(ChannelMoment { next: Some(now), not_before: None });
        }
        self.loaded = self.journal.steady_now();
        Ok(())
    }

    fn note(&mut self, channel: &str, told: &TellResult) {
        for reason in &told.messages {
            let labels = MessageLabels { channel: channel.to_owned(), reason: reason.name().to_owned() };
            self.metrics.messages.get_or_create(&labels).inc();
        }
        let (now, steady) = (Instant::now(), self.journal.steady_now());
        let pause = told.messages.is_empty().then(|| now + PAUSE);
        if let Some(moment) = self.moments.get_mut(channel) {
            let due = told.next.map(|next| now + next.saturating_duration_since(steady));
            // Where nothing could be told, what is due now has to wait for something.
            let next = due.map(|due| pause.map_or(due, |pause| due.max(pause)));
            *moment = ChannelMoment { next, not_before: pause };
        }
    }
}

/// Tells what is due in a channel.
async fn tell(
    journal: &Journal,
    channel: &str,
    version: Arc<RuleSetVersion<ServedRules>>,
    loaded: Timestamp,
) -> Result<TellResult, JournalError> {
    let channel_use = match version.value.channel(channel) {
        Some(served) if served.policy.repeat != RepeatPolicy::EveryEvent => ChannelUse::Gathers(served.policy),
        Some(_) => ChannelUse::SendsEvents { fallback_from: loaded.saturating_add(FALLBACK_GRACE) },
        None => ChannelUse::Removed,
    };
    let name = channel.to_owned();
    let render: Arc<SharedRenderMessage> =
        Arc::new(move |message, content| render_message(&version.value, &name, message, content));
    journal.tell(channel.to_owned(), channel_use, render).await
}
