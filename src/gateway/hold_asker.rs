//! Asking the mutes of a version of the rules, and silences, about an event.

use super::event_group::{EventGroup, event_group};
use super::journal::{AskedEvent, AskedRules, FallbackEvent, FallbackForm, HoldAsker, SilenceList};
use super::served_rules::ServedRules;
use super::stored_event::read_event;
use crate::channel::RepeatPolicy;
use crate::evaluate::{EvaluationContext, HoldBudget, SilentObserver};
use crate::event::{AlertStatus, Event, MessageGroup};
use crate::json::Arena;
use crate::notification::holds::{AlertFacts, HoldCandidate};
use crate::notification::{AlertId, MessageEvent, MessageReason};
use crate::reload::RuleSetVersion;
use crate::time::{Clock, Timestamp};
use std::sync::Arc;

/// A version, as events say by which they were asked.
#[must_use]
pub(super) fn asked_rules(version: &RuleSetVersion<ServedRules>) -> AskedRules {
    let have_mutes = !version.value.rules.program.mutes.all.is_empty();
    AskedRules { generation: version.generation, have_mutes }
}

/// What the mutes of the rules and silences say of an event.
#[must_use]
pub(super) fn ask_event(
    rules: &ServedRules,
    silences: &SilenceList,
    event: &Event<'_>,
    now: Timestamp,
    budget: &mut HoldBudget,
) -> AlertFacts {
    if event.status == AlertStatus::Resolved {
        return AlertFacts::default();
    }
    let mut facts = rules.rules.alert_facts(event, &EvaluationContext::at(now), budget, &mut SilentObserver);
    facts.candidates.extend(silences.matching(event, budget).into_iter().map(HoldCandidate::Silence));
    if budget.is_spent() { AlertFacts::default() } else { facts }
}

/// Asks the mutes of one version of the rules.
pub(super) struct RulesAsker {
    version: Arc<RuleSetVersion<ServedRules>>,
    clock: Arc<dyn Clock>,
}

impl RulesAsker {
    /// What asks the mutes of that version.
    #[must_use]
    pub(super) fn new(version: Arc<RuleSetVersion<ServedRules>>, clock: Arc<dyn Clock>) -> Self {
        Self { version, clock }
    }
}

impl HoldAsker for RulesAsker {
    fn rules(&self) -> AskedRules {
        asked_rules(&self.version)
    }

    fn ask(
        &self,
        silences: &SilenceList,
        integration: &str,
        outcome: &str,
        index: u32,
        budget: &mut HoldBudget,
    ) -> Option<AskedEvent> {
        let arena = Arena::new();
        let event = read_event(outcome, integration, &arena)?;
        let facts = ask_event(&self.version.value, silences, event, self.clock.now(), budget);
        let firing = match event.status {
            AlertStatus::Firing => Some(event.severity),
            AlertStatus::Resolved => None,
        };
        Some(AskedEvent {
            index,
            alert: AlertId::of(Some(integration), event.key),
            key: event.key.to_owned(),
            firing,
            facts,
        })
    }

    fn fallback(&self, channel: &str) -> Option<String> {
        self.version.value.rules.program.fallback(channel).map(str::to_owned)
    }

    fn event_in(&self, channel: &str, integration: &str, outcome: &str) -> Option<FallbackEvent> {
        let rules = &self.version.value;
        let position = *rules.rules.program.names.channels.get(channel)?;
        let served = rules.channels.get(position)?;
        let (arena, now) = (Arena::new(), self.clock.now());
        let event = read_event(outcome, integration, &arena)?;
        let (alert, key) = (AlertId::of(Some(integration), event.key), event.key.to_owned());
        let firing = match event.status {
            AlertStatus::Firing => Some(event.severity),
            AlertStatus::Resolved => None,
        };
        if served.policy.repeat != RepeatPolicy::EveryEvent {
            let EventGroup { group, values } = event_group(rules, channel, event, alert, now);
            return Some(FallbackEvent { alert, key, firing, form: FallbackForm::Gathered { group, values } });
        }
        let told = MessageEvent::of_event(event, MessageReason::Fallback);
        let group = MessageGroup::Message(&told.group);
        let (body, notes) = rules.render_body(position, event, group, &EvaluationContext::at(now));
        let form = FallbackForm::Sent { kind: served.kind.name, body, notes };
        Some(FallbackEvent { alert, key, firing, form })
    }
}
