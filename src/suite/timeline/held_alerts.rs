//! Mutes and silences hold alerts of a timeline.

use super::hold_log::{HoldChange, HoldLog};
use super::holds::{TimelineSilence, firing_report};
use super::{OpenAlert, RoutedEvent, Timeline, TimelineLimit};
use crate::event::AlertStatus;
use crate::notification::holds::{AlertFacts, AlertReport, HoldEffect, HoldExplanation, HoldReason};
use crate::notification::{AlertId, HoldState};

/// Whether mutes and silences hold an alert in a channel, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertHold {
    /// The channel.
    pub channel: String,
    /// Whether something holds it there.
    pub hold: HoldState,
    /// Whether the channel gets it as a copy, which nothing holds.
    pub is_copy: bool,
    /// Whether the alert is over, so that nothing holds it.
    pub is_over: bool,
    /// The mutes and silences whose conditions hold of it, with what each does.
    pub explanations: Vec<HoldExplanation>,
}

impl Timeline<'_> {
    /// A silence begins.
    ///
    /// # Errors
    /// If that takes more work or memory than the timeline may use.
    pub fn begin_silence(&mut self, silence: TimelineSilence) -> Result<(), TimelineLimit> {
        if self.holds.is_idle() {
            self.report_open()?;
        }
        let changed = self.holds.begin_silence(self.now, silence);
        self.apply_holds(&changed)?;
        self.ask()?;
        self.tell()
    }

    /// Ends the active silences with that reason; whether there was one.
    ///
    /// # Errors
    /// If that takes more work or memory than the timeline may use.
    pub fn end_silence(&mut self, because: &str) -> Result<bool, TimelineLimit> {
        let Some(changed) = self.holds.end_silence(self.now, because) else { return Ok(false) };
        self.apply_holds(&changed)?;
        self.tell()?;
        Ok(true)
    }

    /// Whether mutes and silences hold an alert in a channel, and why.
    pub fn hold_in(&mut self, channel: &str, integration: Option<&str>, key: &str) -> AlertHold {
        let id = AlertId::of(integration, key);
        let is_copy = self.alerts.get(&id).is_some_and(|alert| alert.copies.iter().any(|copy| copy == channel));
        let hold = if is_copy { HoldState::Free } else { self.holds.hold_in(id, channel) };
        let explanations = if is_copy { Vec::new() } else { self.holds.explain(id, channel) };
        AlertHold { channel: channel.to_owned(), hold, is_copy, is_over: self.is_over(id), explanations }
    }

    /// The mutes that held an alert.
    pub fn mutes_that_held(&self) -> impl Iterator<Item = &str> {
        self.holds.held_by()
    }

    /// What the events of a push say to mutes and silences; the other alerts whose holds may have changed.
    pub(super) fn report(&mut self, push: &[RoutedEvent<'_>]) -> Result<Vec<AlertId>, TimelineLimit> {
        if self.holds.is_idle() {
            return Ok(Vec::new());
        }
        self.budget.work(push.len().saturating_mul(self.holds.facts_work()))?;
        let mut reports = Vec::with_capacity(push.len());
        for RoutedEvent { event, .. } in push {
            let alert = AlertId::of(event.integration, event.key);
            reports.push(match event.status {
                AlertStatus::Resolved => AlertReport::Over { alert },
                AlertStatus::Firing => {
                    let facts = self.holds.facts(event, self.now);
                    self.keep_facts(alert, &facts)?;
                    let (key, now) = (event.key.to_owned(), self.now);
                    AlertReport::Firing { alert, key, since: now, heard: now, facts }
                }
            });
        }
        let changed = self.holds.report(self.now, &reports);
        self.budget.work(self.holds.take_work())?;
        Ok(changed)
    }

    /// What is open already is said to mutes and silences, which had nothing to hold until now.
    fn report_open(&mut self) -> Result<(), TimelineLimit> {
        let open: Vec<AlertId> = self.alerts.keys().copied().collect();
        let reports = self.reports_of(&open)?;
        let changed = self.holds.renew(self.now, &reports);
        self.apply_holds(&changed)
    }

    /// Asks anew what mutes and silences say of open alerts, if that is to be asked.
    pub(super) fn ask(&mut self) -> Result<(), TimelineLimit> {
        loop {
            let page = self.holds.next_asked();
            let reports = self.reports_of(&page)?;
            let mut changed = self.holds.renew(self.now, &reports);
            changed.extend(self.holds.finish_page(&page));
            self.apply_holds(&changed)?;
            if page.is_empty() {
                return Ok(());
            }
        }
    }

    /// What mutes and silences say now of those of the alerts that fire.
    fn reports_of(&mut self, alerts: &[AlertId]) -> Result<Vec<AlertReport>, TimelineLimit> {
        self.budget.work(alerts.len().saturating_mul(self.holds.facts_work()))?;
        let mut reports = Vec::new();
        for id in alerts {
            let Some(OpenAlert { event, since: Some(since), .. }) = self.alerts.get(id) else { continue };
            let report = firing_report(&self.holds, *id, event, *since, self.now);
            if let AlertReport::Firing { facts, .. } = &report {
                self.keep_facts(*id, facts)?;
            }
            reports.push(report);
        }
        Ok(reports)
    }

    /// Uses the memory that is kept of an alert for mutes and silences.
    fn keep_facts(&mut self, id: AlertId, facts: &AlertFacts) -> Result<(), TimelineLimit> {
        let Some(alert) = self.alerts.get_mut(&id) else { return Ok(()) };
        self.budget.free(alert.facts_bytes);
        alert.facts_bytes = facts.bytes();
        self.budget.keep(alert.facts_bytes)
    }

    /// Whether a mute or silence holds the alert of an event in a channel.
    pub(super) fn hold_of(&mut self, routed: &RoutedEvent<'_>, channel: &str) -> HoldState {
        if routed.copies.contains(&channel) {
            return HoldState::Free;
        }
        let id = AlertId::of(routed.event.integration, routed.event.key);
        let hold = self.holds.hold_in(id, channel);
        self.log_hold(id, channel, hold);
        hold
    }

    /// Notes from here on when mutes begin and cease to hold alerts, for [`Timeline::take_hold_changes`].
    pub fn log_holds(&mut self) {
        self.hold_log.get_or_insert_default();
    }

    /// When mutes began and ceased to hold alerts since this was last asked, in order.
    pub fn take_hold_changes(&mut self) -> Vec<HoldChange> {
        self.hold_log.as_mut().map(HoldLog::take).unwrap_or_default()
    }

    fn log_hold(&mut self, id: AlertId, channel: &str, hold: HoldState) {
        let Some(log) = &mut self.hold_log else { return };
        match (hold, log.is_held(id, channel)) {
            (HoldState::Held, false) => {
                let holding = self.holds.explain(id, channel).into_iter().filter(|one| one.effect == HoldEffect::Holds);
                let mutes = holding.filter_map(|one| match one.reason {
                    HoldReason::Mute { mute, .. } => Some(mute),
                    HoldReason::Silence { .. } => None,
                });
                log.begin(self.now, id, channel, mutes.collect());
            }
            (HoldState::Free, true) => log.release(self.now, id, channel),
            (HoldState::Held, true) | (HoldState::Free, false) => {}
        }
    }

    /// Tells channels what is held now, and what is not any more.
    pub(super) fn apply_holds(&mut self, changed: &[AlertId]) -> Result<(), TimelineLimit> {
        for id in changed {
            let Some(alert) = self.alerts.get(id) else { continue };
            let names: Vec<String> = alert.open.iter().filter(|name| !alert.copies.contains(name)).cloned().collect();
            for name in &names {
                let hold = self.holds.hold_in(*id, name);
                self.log_hold(*id, name, hold);
                let Some(alert) = self.alerts.get(id) else { continue };
                if let Some(channel) = self.channels.get_mut(name) {
                    channel.set_hold(self.now, *id, hold, &alert.event, &mut self.budget)?;
                }
            }
        }
        self.budget.work(self.holds.take_work())
    }
}
