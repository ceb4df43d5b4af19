//! A route by which a Critical gets only to channels that let it wait for more than five minutes.
//!
//! Only routes are looked at that no condition on the severity stands in or above, in rule sets without a copy that would tell
//! somebody at once. Everything else needs a proof.

use super::LintInput;
use crate::channel::Transport;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{
    Channel, ChannelId, Destination, EventField, Expression, ExpressionKind, LineKind, Model, RoutingBlock, RoutingId,
    RoutingLine, RoutingLineBody, Target,
};
use crate::source::Span;
use crate::time::DurationText;
use std::collections::BTreeSet;
use std::time::Duration;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0044", "Critical that nobody hears of at once");

const LONGEST: Duration = Duration::from_mins(5);

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let waits: Vec<HeardAfter> = input.model.channels.iter().map(HeardAfter::of).collect();
    let is_late = |waits: &HeardAfter| matches!(waits, HeardAfter::Late(_));
    if input.partial || !waits.iter().any(is_late) {
        return;
    }
    let search = LateCriticals { model: input.model, waits };
    for integration in &input.model.integrations {
        if let Some(wait) = search.soonest(std::slice::from_ref(&integration.destination)) {
            diagnostics.push(finding(integration.span, "comes here", wait));
        }
    }
    if input.model.routing_lines().any(|line| search.copies_at_once(line)) {
        return;
    }
    let called = search.called();
    for (id, routing) in input.model.routings.iter().enumerate() {
        if !called.contains(&id) {
            search.block(&routing.block, diagnostics);
        }
    }
}

/// When somebody hears of a Critical by a channel.
#[derive(Debug, Clone, Copy)]
enum HeardAfter {
    /// Nobody reads it.
    Never,
    /// Soon enough.
    Soon,
    /// After so long.
    Late(Duration),
}

impl HeardAfter {
    fn of(channel: &Channel) -> Self {
        match channel.kind.transport {
            Transport::File | Transport::Stdout | Transport::Discard => Self::Never,
            Transport::Http(_) => match channel.policy().wait_critical {
                wait if wait > LONGEST => Self::Late(wait),
                _ => Self::Soon,
            },
        }
    }
}

struct LateCriticals<'m> {
    model: &'m Model,
    /// By channel.
    waits: Vec<HeardAfter>,
}

impl LateCriticals<'_> {
    /// Whether a line adds a channel that may tell somebody at once.
    fn copies_at_once(&self, line: &RoutingLine) -> bool {
        let adds = matches!(line.kind, LineKind::Always | LineKind::AlsoRoute);
        let mut targets = line.body.targets().into_iter();
        adds && targets.any(|target| {
            let mut destinations = target.destinations().iter();
            destinations.any(|destination| match self.channels(destination) {
                Some(channels) => channels.iter().any(|id| matches!(self.waits.get(*id), Some(HeardAfter::Soon))),
                None => true,
            })
        })
    }

    /// The channels of a destination; nothing for a routing.
    fn channels(&self, destination: &Destination) -> Option<Vec<ChannelId>> {
        match destination {
            Destination::Channel(id) => Some(vec![*id]),
            Destination::Routing(_) => None,
            Destination::Member(choice) => {
                let family = self.model.families.get(choice.family)?;
                Some(family.members.iter().map(|(_, channel)| *channel).collect())
            }
        }
    }

    /// Reports the routes of a block down to the first line that asks for the severity: behind it there may be no Critical left.
    /// Says whether there is such a line.
    fn block(&self, block: &RoutingBlock, diagnostics: &mut Findings) -> bool {
        block.lines.iter().any(|line| {
            if line.when.as_ref().is_some_and(|when| self.asks_severity(when)) {
                return true;
            }
            if let RoutingLineBody::Block(inner) = &line.body {
                return self.block(inner, diagnostics);
            }
            if let RoutingLineBody::Match(choice) = &line.body
                && choice.subjects.iter().any(|subject| self.asks_severity(subject))
            {
                return true;
            }
            let targets = line.body.own_targets().into_iter();
            if let Some(wait) = targets.filter_map(|target| self.soonest(target.destinations())).max() {
                diagnostics.push(finding(line.head, "takes this route", wait));
            }
            false
        })
    }

    /// The routings that others call. Which events they see depends on the routes that lead there.
    fn called(&self) -> BTreeSet<RoutingId> {
        let targets = self.model.routing_lines().flat_map(|line| line.body.own_targets());
        let destinations = targets.flat_map(Target::destinations);
        destinations.filter_map(|to| if let Destination::Routing(id) = to { Some(*id) } else { None }).collect()
    }

    /// When the first channel of these hears of a Critical, if all of them hear late.
    fn soonest(&self, destinations: &[Destination]) -> Option<Duration> {
        let mut soonest: Option<Duration> = None;
        for destination in destinations {
            for id in self.channels(destination)? {
                match self.waits.get(id)? {
                    HeardAfter::Never => {}
                    HeardAfter::Soon => return None,
                    HeardAfter::Late(wait) => soonest = Some(soonest.map_or(*wait, |known| known.min(*wait))),
                }
            }
        }
        soonest
    }

    /// Whether a condition asks for the severity, so that it may let no Critical through.
    fn asks_severity(&self, value: &Expression) -> bool {
        let mut asks = matches!(&value.kind, ExpressionKind::Field(EventField::Severity));
        if let ExpressionKind::Define(id) = value.kind {
            asks = self.model.defines.get(id).is_some_and(|define| self.asks_severity(&define.value));
        }
        value.each_part(&mut |part| asks = asks || self.asks_severity(part));
        asks
    }
}

fn finding(place: Span, which: &str, wait: Duration) -> Diagnostic {
    let message = format!("a Critical that {which} is told after {} at the earliest", DurationText(wait));
    Diagnostic::new(&CODE, place, message)
        .label("goes to channels with a long `wait_critical` only")
        .help("send it to a channel too in which a Critical does not wait, or let a route with `severity < Critical` lead here")
}
