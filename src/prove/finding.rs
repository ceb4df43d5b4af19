//! The findings of proofs.

use super::message::{MAX_NAMED, related};
use super::reachability::{LineProofs, Reachability, Unreachable, WitnessOutcome};
use super::routing::{LineId, RoutingMap};
use super::undecided::UndecidedReason;
use super::witness::Witness;
use crate::check::proof_code;
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::model::{Destination, LineKind, RoutingLineBody, Target};
use crate::source::Span;
use crate::text::{backticked, enumeration, plural};

/// The codes of this stage.
pub static CODES: &[&DiagnosticCode] = proof_code::CODES;

/// A line of which it is not known whether an event reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecidedLine {
    /// Its path.
    pub path: Box<str>,
    /// The place of its head.
    pub span: Span,
    /// Why.
    pub reason: UndecidedReason,
}

impl LineProofs<'_> {
    /// How many lines are reachable. An `else` that only declines is one of them: events that get there go on elsewhere.
    #[must_use]
    pub fn reachable(&self) -> usize {
        let counts = |(id, verdict): &&(LineId, Reachability)| {
            let is_left = matches!(verdict, Reachability::Unreachable(_)) && self.declines(*id);
            matches!(verdict, Reachability::Reachable(_)) || is_left
        };
        self.verdicts.iter().filter(counts).count()
    }

    /// How many times `else` is unreachable. That is no finding, because a block needs one.
    #[must_use]
    pub fn needless_elses(&self) -> usize {
        let is_else = |id: LineId| self.map.line(id).is_some_and(|entry| entry.line.kind == LineKind::Else);
        let counts = |(id, verdict): &&(LineId, Reachability)| {
            matches!(verdict, Reachability::Unreachable(_)) && is_else(*id) && !self.declines(*id)
        };
        self.verdicts.iter().filter(counts).count()
    }

    /// Whether a line is an `else => decline`.
    fn declines(&self, id: LineId) -> bool {
        self.map.line(id).is_some_and(|entry| {
            let is_decline = matches!(entry.line.body, RoutingLineBody::Target(Target::Decline));
            entry.line.kind == LineKind::Else && is_decline
        })
    }

    /// The lines of which it is not known, in the order of the text.
    #[must_use]
    pub fn undecided(&self) -> Vec<UndecidedLine> {
        let undecided = |(id, verdict): &(LineId, Reachability)| {
            let Reachability::Undecided(reason) = verdict else { return None };
            let line = self.map.line(*id)?.line;
            Some(UndecidedLine { path: (*line.path).into(), span: line.title, reason: reason.clone() })
        };
        self.verdicts.iter().filter_map(undecided).collect()
    }

    /// The path of each line, with what is known of it, in the order of the text.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &Reachability)> {
        self.verdicts.iter().filter_map(|(id, verdict)| Some((&*self.map.line(*id)?.line.path, verdict)))
    }

    /// A finding for each line that no event reaches. An `else` is not reported, because a block needs one.
    #[must_use]
    pub fn findings(&self) -> Vec<Diagnostic> {
        let finding = |(id, verdict): &(LineId, Reachability)| {
            let Reachability::Unreachable(reason) = verdict else { return None };
            let is_else = self.map.line(*id)?.line.kind == LineKind::Else;
            if is_else { None } else { unreachable(&self.map, *id, reason) }
        };
        let mut found: Vec<Diagnostic> = self.verdicts.iter().filter_map(finding).collect();
        found.extend(self.others.iter().cloned());
        found.extend(self.only_with_controls.iter().filter_map(|id| self.needs_controls(*id)));
        found
    }

    fn needs_controls(&self, id: LineId) -> Option<Diagnostic> {
        let line = self.map.line(id)?.line;
        let (_, Reachability::Reachable(witness)) = self.verdicts.get(id.position())? else { return None };
        let message = format!("only texts with line breaks or other control characters reach `{}`", line.path);
        Some(
            Diagnostic::new(&proof_code::CONTROL_CHARACTERS, line.title, message)
                .label("other texts are taken before, or do not match")
                .note(format!("`{witness}` reaches it"))
                .help("`.` in a regex does not match a line break: use `like`, or write the flag `s` after the regex"),
        )
    }
}

fn unreachable(map: &RoutingMap<'_>, id: LineId, reason: &Unreachable) -> Option<Diagnostic> {
    let line = map.line(id)?.line;
    let message = format!("no event can reach `{}`", line.path);
    let found = |code, label: &str| Diagnostic::new(code, line.title, message.clone()).label(label);
    Some(match reason {
        Unreachable::OwnConditions(spans) => {
            let found = found(&proof_code::UNREACHABLE_LINE, "unreachable");
            let found = match **spans {
                [] => found,
                [one] if one == line.head => found.note("all that stands below it declines, whatever the event is"),
                [one] => found.related(one, "no event meets this condition"),
                [..] => related(found, spans.iter().map(|span| (*span, "contradicts the other conditions".to_owned()))),
            };
            found.help(match **spans {
                [_, _, ..] => {
                    "fix its condition, or remove the line; where one of several is enough, write `or`, or `in […]`"
                }
                [] | [_] => "fix its condition, or remove the line",
            })
        }
        Unreachable::Ancestors(conditions) => {
            let found = found(&proof_code::UNREACHABLE_LINE, "unreachable");
            let others = conditions.iter().filter_map(|(other, span)| {
                let path = &map.line(*other)?.line.path;
                let text = if *other == id { "cannot hold here".to_owned() } else { format!("asked for by `{path}`") };
                Some((*span, text))
            });
            related(found, others).help("fix its condition, or remove the line")
        }
        Unreachable::Taken { takers, event, before } => {
            let is_same = takers.iter().all(|taker| sends_the_same(map, *taker, id));
            let code = if is_same { &proof_code::SHADOWED_LINE } else { &proof_code::UNREACHABLE_LINE };
            let found = taken(map, found(code, "unreachable"), takers, &line.path);
            let found = match event.as_deref() {
                Some((event, outcome)) => found.note(where_it_goes(event, outcome)),
                None => {
                    found.note("its condition calls a function that is not followed, so no event may meet it at all")
                }
            };
            if is_same {
                return Some(found.help("remove it: its events go to the same channels without it"));
            }
            match before.and_then(|before| map.line(before)) {
                Some(before) => found.help(format!("move it above `{}`", before.line.path)),
                None => {
                    found.help("remove it, add its channels to the lines that take its events, or change these lines")
                }
            }
        }
    })
}

fn taken(map: &RoutingMap<'_>, found: Diagnostic, takers: &[LineId], path: &str) -> Diagnostic {
    let lines: Vec<_> = takers.iter().filter_map(|taker| Some(map.line(*taker)?.line)).collect();
    if let [one] = *lines {
        return found.related(one.title, format!("takes every event that matches `{path}`"));
    }
    let named = lines.iter().take(MAX_NAMED).map(|line| (line.title, format!("takes some events of `{path}`")));
    let found = related(found, named);
    match lines.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        Some(more) => found.note(format!("{} more take the others", plural(more, "line"))),
        None => found,
    }
}

/// ``event `{ … }` goes to `pay_page` ``
fn where_it_goes(event: &Witness, outcome: &WitnessOutcome) -> String {
    let at = event.at.map_or_else(String::new, |at| format!(" at {at}"));
    if outcome.channels.is_empty() {
        let routes = backticked(outcome.routes.iter().map(|(path, _)| path));
        return match *routes {
            [] => format!("`{event}`{at} goes nowhere"),
            [..] => format!("`{event}`{at} goes nowhere: {} takes it", enumeration(&routes, "and")),
        };
    }
    format!("`{event}`{at} goes to {}", enumeration(&backticked(&outcome.channels), "and"))
}

/// Whether whatever an earlier line takes goes to the channels of another line.
fn sends_the_same(map: &RoutingMap<'_>, taker: LineId, line: LineId) -> bool {
    let targets = |id: LineId| map.line(id).map(|entry| (entry.line.kind, &entry.line.body));
    let (Some((_, taking)), Some((_, body))) = (targets(taker), targets(line)) else { return false };
    let RoutingLineBody::Target(Target::Destinations(own)) = body else { return false };
    let RoutingLineBody::Target(Target::Destinations(theirs)) = taking else { return false };
    let same = |(one, two): (&Destination, &Destination)| match (one, two) {
        (Destination::Channel(one), Destination::Channel(two))
        | (Destination::Routing(one), Destination::Routing(two)) => one == two,
        (Destination::Channel(_) | Destination::Routing(_) | Destination::Member(_), _) => false,
    };
    own.len() == theirs.len() && own.iter().zip(theirs).all(same)
}
