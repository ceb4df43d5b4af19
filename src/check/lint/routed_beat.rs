//! A beat of a heartbeat that a routing sends to a channel: people get a message that nothing is wrong.
//!
//! Where a beat goes is followed as far as conditions on labels and integrations tell it. Where it may go to `nothing`, nothing
//! is reported.

use super::LintInput;
use super::alert_origin::{AskedPart, Equalities};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{
    Comparator, ComparisonSubject, Condition, Destination, EventField, Expression, ExpressionKind, Heartbeat,
    Integration, LineKind, Literal, Model, RoutingBlock, RoutingLine, RoutingLineBody, Target,
};
use crate::source::Span;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0049", "beat that is routed to a channel");

/// How deep blocks and routings that call others are followed.
const MAX_DEPTH: usize = 64;

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    if input.partial {
        return;
    }
    for heartbeat in &input.model.heartbeats {
        diagnostics.extend(routed(input.model, heartbeat));
    }
}

/// The finding, where every beat whose way is known goes to a channel.
fn routed(model: &Model, heartbeat: &Heartbeat) -> Option<Diagnostic> {
    let asked = Equalities::of(model, &heartbeat.when);
    let mut first = None;
    for integration in asked.integrations(model) {
        match (BeatWay { model, asked: &asked, integration }).destination(&integration.destination, MAX_DEPTH) {
            BeatEnd::Channel(place) => first = first.or(Some(place.unwrap_or(integration.span))),
            BeatEnd::Declined => {}
            BeatEnd::Nothing | BeatEnd::Unknown => return None,
        }
    }
    let place = first?;
    let message = format!("a beat of the heartbeat `{}` is sent to a channel", heartbeat.name);
    let finding = Diagnostic::new(&CODE, heartbeat.when.span, message).label("is met by events that nobody has to see");
    Some(finding.related(place, "here it is sent").help(
        "let a route before it take the beats: `route beats when … => nothing because \"a heartbeat, not an alert\"`",
    ))
}

/// Where a beat ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BeatEnd {
    /// In a channel, by the line of that place; by the integration where there is none.
    Channel(Option<Span>),
    /// Nowhere.
    Nothing,
    /// No line takes it.
    Declined,
    /// Conditions decide it that are not looked at.
    Unknown,
}

/// Whether a condition holds of a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BeatMatch {
    Yes,
    No,
    Maybe,
}

/// The way of the beats that an integration gives.
struct BeatWay<'w, 'm> {
    model: &'m Model,
    asked: &'w Equalities<'m>,
    integration: &'m Integration,
}

impl BeatWay<'_, '_> {
    fn destination(&self, destination: &Destination, depth: usize) -> BeatEnd {
        match destination {
            Destination::Channel(_) | Destination::Member(_) => BeatEnd::Channel(None),
            Destination::Routing(id) => match self.model.routings.get(*id) {
                Some(routing) if depth > 0 => self.block(&routing.block, depth - 1),
                Some(_) | None => BeatEnd::Unknown,
            },
        }
    }

    /// Lines that may take the beat and lines that do have to agree.
    fn block(&self, block: &RoutingBlock, depth: usize) -> BeatEnd {
        let mut before = BeatEnd::Declined;
        for line in &block.lines {
            let takes = line.when.as_ref().map_or(BeatMatch::Yes, |when| self.holds(when));
            if takes == BeatMatch::No || matches!(line.kind, LineKind::Always) {
                continue;
            }
            let end = self.line(line, depth);
            match (before, end) {
                (BeatEnd::Declined | BeatEnd::Channel(_), BeatEnd::Declined) => {}
                // The line that takes it in any case is the one to name.
                (BeatEnd::Channel(_), BeatEnd::Channel(_)) if takes == BeatMatch::Maybe => {}
                (BeatEnd::Declined, _) | (BeatEnd::Channel(_), BeatEnd::Channel(_)) => before = end,
                (BeatEnd::Channel(_) | BeatEnd::Nothing | BeatEnd::Unknown, _) => return BeatEnd::Unknown,
            }
            let ends_block = matches!(line.kind, LineKind::Route | LineKind::Else);
            if takes == BeatMatch::Yes && ends_block && end != BeatEnd::Declined {
                return before;
            }
        }
        before
    }

    fn line(&self, line: &RoutingLine, depth: usize) -> BeatEnd {
        let end = match &line.body {
            RoutingLineBody::Block(block) if depth > 0 => self.block(block, depth - 1),
            RoutingLineBody::Target(Target::Destinations(to)) => {
                let mut ends = to.iter().map(|to| self.destination(to, depth));
                ends.find(|end| *end != BeatEnd::Declined).unwrap_or(BeatEnd::Declined)
            }
            RoutingLineBody::Target(Target::Nothing(..)) => BeatEnd::Nothing,
            RoutingLineBody::Target(Target::Decline) => BeatEnd::Declined,
            RoutingLineBody::Block(_) | RoutingLineBody::Match(_) => BeatEnd::Unknown,
        };
        if end == BeatEnd::Channel(None) { BeatEnd::Channel(Some(line.head)) } else { end }
    }

    fn holds(&self, condition: &Expression) -> BeatMatch {
        let parts = condition.conjuncts();
        let each: Vec<BeatMatch> = parts.iter().map(|part| self.part(part)).collect();
        if each.contains(&BeatMatch::No) {
            BeatMatch::No
        } else if each.contains(&BeatMatch::Maybe) {
            BeatMatch::Maybe
        } else {
            BeatMatch::Yes
        }
    }

    fn part(&self, part: &Expression) -> BeatMatch {
        match part.condition() {
            Condition::Define(id) => {
                self.model.defines.get(id).map_or(BeatMatch::Maybe, |define| self.holds(&define.value))
            }
            Condition::Compare(comparison) => {
                let ComparisonSubject::Value(subject) = &comparison.subject else { return BeatMatch::Maybe };
                let Some(known) = self.known(subject) else { return BeatMatch::Maybe };
                let holds = match &comparison.test {
                    Comparator::Equal(value) => is_text(value, known),
                    Comparator::In(values) => {
                        let each: Option<Vec<bool>> = values.iter().map(|value| is_text(value, known)).collect();
                        each.map(|each| each.contains(&true))
                    }
                    Comparator::Order(..) | Comparator::Text(_) | Comparator::Is(_) | Comparator::During(_) => None,
                };
                match holds.map(|holds| holds != comparison.negated) {
                    Some(true) => BeatMatch::Yes,
                    Some(false) => BeatMatch::No,
                    None => BeatMatch::Maybe,
                }
            }
            Condition::And(_) => self.holds(part),
            Condition::Or(_) | Condition::Not(_) | Condition::Value => BeatMatch::Maybe,
        }
    }

    /// What a beat has there, where that is known.
    fn known(&self, subject: &Expression) -> Option<&str> {
        if let ExpressionKind::Label(name) = &subject.kind {
            self.asked.value(AskedPart::Label(name))
        } else if let ExpressionKind::Field(EventField::Integration) = subject.kind {
            Some(&self.integration.name)
        } else if let ExpressionKind::Field(field) = subject.kind {
            self.asked.value(AskedPart::Field(field))
        } else {
            None
        }
    }
}

/// Whether a constant is that text; nothing where it is not a string. `missing` is none.
fn is_text(value: &Expression, text: &str) -> Option<bool> {
    if let Literal::Text(constant) = value.literal()? {
        return Some(**constant == *text);
    }
    matches!(value.literal()?, Literal::Missing | Literal::Null).then_some(false)
}
