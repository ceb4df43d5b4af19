//! When a line sends an event to a channel, as formulas: exactly as the evaluator decides it.

use super::{ObservedRouting, StatementProver};
use crate::event::AlertStatus;
use crate::model::{ChannelId, Destination, LineKind, MemberChoice, Model, MuteId, RoutingLineBody, Target};
use crate::prove::formula::Formula;
use crate::prove::routing::{CallPath, LineId};
use std::collections::{BTreeMap, BTreeSet};

/// How many lines that may keep events from another are put together.
const RIVALS_TOGETHER: usize = 64;

/// Whether it counts that people are told of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// What a mute without `while` holds is not told.
    Counts,
    /// What is sent is enough.
    DoesNotCount,
}

impl<'m> StatementProver<'m> {
    /// The events that a line gets along a call path, and for which nothing that it gives is withdrawn.
    pub(super) fn reached(&mut self, line: LineId, path: &CallPath) -> Formula {
        let requirements = self.map.requirements(line, path, &mut self.builder);
        let mut parts: Vec<Formula> = requirements.iter().map(|each| each.formula).collect();
        for id in self.map.chain(line, path) {
            parts.push(self.no_rival_hits(id));
        }
        self.builder.formulas.and(parts)
    }

    /// The events that no line before one of the same block keeps from it. Lines are put together in the same way for all
    /// lines of a block, so that few formulas are new for each, and none is nested deeply.
    fn no_rival_hits(&mut self, line: LineId) -> Formula {
        let is_else = self.map.line(line).is_some_and(|entry| entry.line.kind == LineKind::Else);
        let rivals = self.map.rivals(line);
        self.solver.spend(rivals.len());
        let mut parts = Vec::new();
        for together in rivals.chunks(RIVALS_TOGETHER) {
            let key = together.first().filter(|_| together.len() == RIVALS_TOGETHER).map(|first| (*first, is_else));
            if let Some(known) = key.and_then(|key| self.unhindered.get(&key)) {
                parts.push(*known);
                continue;
            }
            let misses: Vec<Formula> =
                together.iter().map(|rival| self.map.hit(*rival, &mut self.builder).not()).collect();
            let formula = self.builder.formulas.and(misses);
            self.unhindered.extend(key.map(|key| (key, formula)));
            parts.push(formula);
        }
        while parts.len() > RIVALS_TOGETHER {
            let groups: Vec<Vec<Formula>> = parts.chunks(RIVALS_TOGETHER).map(<[Formula]>::to_vec).collect();
            parts = groups.into_iter().map(|group| self.builder.formulas.and(group)).collect();
        }
        self.builder.formulas.and(parts)
    }

    /// The events of a line that it sends to one of some channels, where what mutes hold does not count, if they are told.
    pub(super) fn gives(
        &mut self,
        line: LineId,
        path: &CallPath,
        channels: &BTreeSet<ChannelId>,
        told: Told,
    ) -> Formula {
        let chain = self.map.chain(line, path);
        let is_always = |id: &LineId| self.map.line(*id).is_some_and(|entry| entry.line.kind == LineKind::Always);
        // Nothing holds what an `always` gives.
        if told == Told::DoesNotCount || chain.iter().any(is_always) {
            return self.sends(line, channels);
        }
        let own: BTreeSet<ChannelId> = self.own_channels(line).intersection(channels).copied().collect();
        let mut alike: BTreeMap<Formula, BTreeSet<ChannelId>> = BTreeMap::new();
        for channel in own {
            let muted = self.muted(channel);
            alike.entry(muted).or_default().insert(channel);
        }
        let mut parts = Vec::new();
        for (muted, channels) in alike {
            let sends = self.sends(line, &channels);
            parts.push(self.builder.formulas.and([sends, muted.not()]));
        }
        self.builder.formulas.or(parts)
    }

    /// The events of a line that it sends to one of some channels itself.
    fn sends(&mut self, line: LineId, channels: &BTreeSet<ChannelId>) -> Formula {
        let Some(line_entry) = self.map.line(line).map(|entry| entry.line) else { return Formula::FALSE };
        match &line_entry.body {
            RoutingLineBody::Block(_) => Formula::FALSE,
            RoutingLineBody::Target(target) => self.target_sends(target, channels),
            RoutingLineBody::Match(choice) => {
                let chosen = self.map.chosen_arms(line, choice, &mut self.builder);
                let mut parts = Vec::new();
                for (arm, when) in choice.arms.iter().zip(&chosen.arms) {
                    let sends = self.target_sends(&arm.result, channels);
                    if sends != Formula::FALSE {
                        parts.push(self.builder.formulas.and([*when, sends]));
                    }
                }
                self.builder.formulas.or(parts)
            }
        }
    }

    fn target_sends(&mut self, target: &'m Target, channels: &BTreeSet<ChannelId>) -> Formula {
        let mut parts = Vec::new();
        for destination in target.destinations() {
            match destination {
                Destination::Channel(channel) => parts.push(Formula::constant(channels.contains(channel))),
                Destination::Routing(_) => {}
                Destination::Member(choice) => parts.push(self.member(choice, channels)),
            }
        }
        self.builder.formulas.or(parts)
    }

    /// The events for which a value names a member of a family that is one of some channels.
    fn member(&mut self, choice: &'m MemberChoice, channels: &BTreeSet<ChannelId>) -> Formula {
        let members = self.model.families.get(choice.family).map(|family| &family.members);
        let meant = members.into_iter().flatten().filter(|(_, channel)| channels.contains(channel));
        let names: Vec<&str> = meant.map(|(name, _)| &**name).collect();
        if names.is_empty() {
            return Formula::FALSE;
        }
        self.builder.is_member(&choice.value, &names)
    }

    /// The events of a line for which it says `nothing`.
    pub(super) fn drops(&mut self, line: LineId) -> Formula {
        let Some(line_entry) = self.map.line(line).map(|entry| entry.line) else { return Formula::FALSE };
        match &line_entry.body {
            RoutingLineBody::Block(_) => Formula::FALSE,
            RoutingLineBody::Target(target) => Formula::constant(matches!(target, Target::Nothing(..))),
            RoutingLineBody::Match(choice) => {
                let chosen = self.map.chosen_arms(line, choice, &mut self.builder);
                let arms = choice.arms.iter().zip(&chosen.arms);
                let silent = arms.filter(|(arm, _)| matches!(arm.result, Target::Nothing(..))).map(|(_, when)| *when);
                self.builder.formulas.or(silent.collect::<Vec<_>>())
            }
        }
    }

    /// The channels to which a line may send events itself.
    pub(super) fn own_channels(&self, line: LineId) -> BTreeSet<ChannelId> {
        let Some(entry) = self.map.line(line) else { return BTreeSet::new() };
        let mut channels = BTreeSet::new();
        for destination in entry.line.body.own_targets().into_iter().flat_map(Target::destinations) {
            match destination {
                Destination::Channel(channel) => _ = channels.insert(*channel),
                Destination::Routing(_) => {}
                Destination::Member(choice) => {
                    let family = self.model.families.get(choice.family);
                    channels.extend(family.into_iter().flat_map(|family| &family.members).map(|(_, channel)| *channel));
                }
            }
        }
        channels
    }

    /// The events that a mute without `while` holds in a channel.
    fn muted(&mut self, channel: ChannelId) -> Formula {
        if let Some(known) = self.muted.get(&channel) {
            return *known;
        }
        let model = self.model;
        let mut parts = Vec::new();
        for mute in model.mutes.iter().filter(|mute| holds_in(mute, channel)) {
            parts.push(self.builder.condition(&mute.when));
        }
        let met = self.builder.formulas.or(parts);
        let firing = self.builder.statuses(|status| status == AlertStatus::Firing);
        let formula = self.builder.formulas.and([met, firing]);
        self.muted.insert(channel, formula);
        formula
    }

    /// Whether there is a mute without `while` for one of some channels.
    pub(super) fn may_be_held(&self, channels: &BTreeSet<ChannelId>) -> bool {
        channels.iter().any(|channel| self.model.mutes.iter().any(|mute| holds_in(mute, *channel)))
    }
}

/// Whether a mute holds alerts in a channel whatever else fires.
fn holds_in(mute: &crate::model::Mute, channel: ChannelId) -> bool {
    mute.source.is_none() && mute.channels.as_ref().is_none_or(|channels| channels.contains(&channel))
}

/// The mute that holds an event in a channel.
pub(super) fn holder(model: &Model, observed: &ObservedRouting, channel: ChannelId) -> Option<MuteId> {
    if observed.copies.contains(&channel) {
        return None;
    }
    observed.mutes.iter().copied().find(|mute| model.mutes.get(*mute).is_some_and(|mute| holds_in(mute, channel)))
}
