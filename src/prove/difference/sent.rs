//! For which events a channel is sent, as formulas: what each line gives to the lines around it, as the evaluator
//! walks.

use super::line_meaning::channel_name;
use super::relevance::RelevantLines;
use super::rule_sets::{RuleSets, Side};
use crate::model::{Destination, LineKind, RoutingId, RoutingLine, RoutingLineBody, Target};
use crate::prove::formula::Formula;
use crate::prove::routing::LineId;
use std::collections::BTreeMap;

/// The events for which each channel is sent.
pub(super) type SentChannels = BTreeMap<Box<str>, Formula>;

/// What a block, a body or a target gives if an event comes to it.
#[derive(Debug, Clone, Default)]
struct GivenChannels {
    /// Whether it hits.
    hit: Option<Formula>,
    channels: SentChannels,
}

impl GivenChannels {
    fn hit(&self) -> Formula {
        self.hit.unwrap_or(Formula::FALSE)
    }
}

/// Reads what relevant lines give.
pub(super) struct SentFormulas<'r> {
    relevant: &'r RelevantLines,
    routings: BTreeMap<(Side, RoutingId), SentChannels>,
    /// For which events each line is tried in its block and hits.
    pub(super) reached: BTreeMap<(Side, LineId), Formula>,
}

impl<'r> SentFormulas<'r> {
    pub(super) fn new(relevant: &'r RelevantLines) -> Self {
        Self { relevant, routings: BTreeMap::new(), reached: BTreeMap::new() }
    }

    /// The channels that events get which enter a routing.
    pub(super) fn routing(&mut self, sets: &mut RuleSets<'_, '_>, side: Side, routing: RoutingId) -> SentChannels {
        if let Some(known) = self.routings.get(&(side, routing)) {
            return known.clone();
        }
        let lines = sets.map(side).routing_block(routing).map(|block| block.lines.clone()).unwrap_or_default();
        let channels = self.block(sets, side, &lines).channels;
        self.routings.insert((side, routing), channels.clone());
        channels
    }

    fn block(&mut self, sets: &mut RuleSets<'_, '_>, side: Side, lines: &[LineId]) -> GivenChannels {
        // Whether a `route` has hit, and whether any line has that counts.
        let (mut is_open, mut is_unmet) = (Formula::TRUE, Formula::TRUE);
        let mut channels: BTreeMap<Box<str>, Vec<Formula>> = BTreeMap::new();
        for id in lines.iter().filter(|line| self.relevant.contain(side, **line)) {
            let Some(line) = sets.map(side).line(*id).map(|entry| entry.line) else { continue };
            let when = line.when.as_ref().map_or(Formula::TRUE, |when| sets.of(side).1.condition(when));
            let given = self.body(sets, side, *id, line);
            let formulas = sets.formulas();
            let tried = match line.kind {
                LineKind::Always => Formula::TRUE,
                LineKind::Route | LineKind::AlsoRoute => is_open,
                LineKind::Else => is_unmet,
            };
            let comes = formulas.and([tried, when]);
            for (channel, sent) in &given.channels {
                let sent = formulas.and([comes, *sent]);
                channels.entry(channel.clone()).or_default().push(sent);
            }
            let hit = formulas.and([when, given.hit()]);
            self.reached.insert((side, *id), formulas.and([tried, hit]));
            if line.kind == LineKind::Route {
                is_open = formulas.and([is_open, hit.not()]);
            }
            if line.kind != LineKind::Always {
                is_unmet = formulas.and([is_unmet, hit.not()]);
            }
        }
        let formulas = sets.formulas();
        let channels = channels.into_iter().map(|(channel, sent)| (channel, formulas.or(sent))).collect();
        GivenChannels { hit: Some(is_unmet.not()), channels }
    }

    fn body(&mut self, sets: &mut RuleSets<'_, '_>, side: Side, id: LineId, line: &RoutingLine) -> GivenChannels {
        match &line.body {
            RoutingLineBody::Block(_) => {
                let inner = sets.inner_lines(side, id);
                let mut given = self.block(sets, side, &inner);
                // What an `always` gives is withdrawn if the block does not hit.
                let hit = given.hit();
                for sent in given.channels.values_mut() {
                    *sent = sets.formulas().and([*sent, hit]);
                }
                given
            }
            RoutingLineBody::Target(_) | RoutingLineBody::Match(_) => self.targets(sets, side, id),
        }
    }

    fn targets(&mut self, sets: &mut RuleSets<'_, '_>, side: Side, id: LineId) -> GivenChannels {
        let (map, builder) = sets.of(side);
        let Some(line) = map.line(id).map(|entry| entry.line) else { return GivenChannels::default() };
        let arms: Vec<(Formula, &Target)> = match &line.body {
            RoutingLineBody::Target(target) => vec![(Formula::TRUE, target)],
            RoutingLineBody::Match(choice) => {
                let chosen = map.chosen_arms(id, choice, builder);
                chosen.arms.iter().copied().zip(choice.arms.iter().map(|arm| &arm.result)).collect()
            }
            RoutingLineBody::Block(_) => Vec::new(),
        };
        let mut hits = Vec::new();
        let mut channels: BTreeMap<Box<str>, Vec<Formula>> = BTreeMap::new();
        for (chosen, target) in arms.into_iter().filter(|(chosen, _)| *chosen != Formula::FALSE) {
            let (map, builder) = sets.of(side);
            let hit = map.target_hit(line, target, builder);
            let hit = builder.formulas.and([chosen, hit]);
            hits.push(hit);
            for destination in target.destinations() {
                for (channel, sent) in self.destination(sets, side, destination) {
                    let sent = sets.formulas().and([hit, sent]);
                    channels.entry(channel).or_default().push(sent);
                }
            }
        }
        let formulas = sets.formulas();
        let channels = channels.into_iter().map(|(channel, sent)| (channel, formulas.or(sent))).collect();
        GivenChannels { hit: Some(formulas.or(hits)), channels }
    }

    fn destination<'m>(
        &mut self,
        sets: &mut RuleSets<'m, '_>,
        side: Side,
        destination: &'m Destination,
    ) -> SentChannels {
        let model = sets.model(side);
        match destination {
            Destination::Channel(channel) => BTreeMap::from([(channel_name(model, *channel).into(), Formula::TRUE)]),
            Destination::Routing(routing) => self.routing(sets, side, *routing),
            Destination::Member(choice) => {
                let members = model.families.get(choice.family).map(|family| &*family.members).unwrap_or_default();
                let builder = sets.of(side).1;
                let named = |(name, channel): &(Box<str>, usize)| {
                    (channel_name(model, *channel).into(), builder.is_member(&choice.value, &[name]))
                };
                members.iter().map(named).collect()
            }
        }
    }
}
