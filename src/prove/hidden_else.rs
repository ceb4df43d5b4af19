//! Events that hit nothing but `also route` lines, and so never reach the `else` of their block.
//!
//! An `also route` counts as a match: if no `route` takes the event as well, the event gets the channels of the `also route`
//! alone. For an additional copy, `always` is the right word. A block is reported once. It is not reported if `else` would
//! add no channel, or if some `route` takes every event that the `also route` takes.

use super::formula::Formula;
use super::reachability::{LineProver, PathResult, Reachability};
use super::routing::LineId;
use super::witness::Witness;
use crate::check::proof_code;
use crate::diagnostic::Diagnostic;
use crate::model::{ChannelId, Destination, FamilyId, LineKind, RoutingId, RoutingLine, RoutingLineBody, Target};
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many lines a finding names.
const MAX_ALIKE: usize = 3;

/// How many `also route` lines of one block are looked at once one is found.
const MAX_LOOKED_AT: usize = 100;

impl<'m> LineProver<'m, '_> {
    /// A finding for each block whose `else` does not get events that an `also route` hit alone.
    pub(super) fn hidden_elses(&mut self, verdicts: &[(LineId, Reachability)]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (id, _) in verdicts {
            let Some(line) = self.map.line(*id).map(|entry| entry.line) else { continue };
            if line.kind == LineKind::Else {
                found.extend(self.hidden_else(*id, line, verdicts));
            }
        }
        found
    }

    fn hidden_else(
        &mut self,
        fallback_id: LineId,
        fallback: &'m RoutingLine,
        verdicts: &[(LineId, Reachability)],
    ) -> Option<Diagnostic> {
        let block = self.map.block(self.map.line(fallback_id)?.block)?.lines.clone();
        let usual = reached(&fallback.body);
        let mut alone: Vec<(LineId, Rc<Witness>)> = Vec::new();
        for id in block.iter().take(MAX_LOOKED_AT) {
            let line = self.map.line(*id)?.line;
            let is_candidate = line.kind == LineKind::AlsoRoute
                && !is_nothing(&line.body)
                && !usual.is_subset(&reached(&line.body))
                && verdicts.get(id.position()).is_some_and(|(_, each)| matches!(each, Reachability::Reachable(_)));
            if is_candidate && let Some(witness) = self.hits_alone(*id, &block) {
                alone.push((*id, witness));
            }
            if alone.len() > MAX_ALIKE {
                break;
            }
        }
        let (first, witness) = alone.first()?;
        let line = self.map.line(*first)?.line;
        let others: Vec<&RoutingLine> =
            alone.iter().skip(1).filter_map(|(id, _)| Some(self.map.line(*id)?.line)).collect();
        let lines: Vec<&RoutingLine> = block.iter().filter_map(|id| Some(self.map.line(*id)?.line)).collect();
        Some(finding(line, fallback, &others, witness, runs_as_always(&lines, line)))
    }

    /// An event that hits a line of a block and no `route` of it.
    fn hits_alone(&mut self, id: LineId, block: &[LineId]) -> Option<Rc<Witness>> {
        let routes =
            block.iter().filter(|other| self.map.line(**other).is_some_and(|it| it.line.kind == LineKind::Route));
        let routes: Vec<LineId> = routes.copied().collect();
        let hits: Vec<Formula> = routes.into_iter().map(|route| self.map.hit(route, &mut self.builder).not()).collect();
        let paths = self.map.call_paths(self.map.routing(id)?);
        paths.0.iter().find_map(|path| match self.along_with(id, path, &hits) {
            PathResult::Reached(witness) => Some(witness),
            PathResult::Unreachable(_) | PathResult::Undecided(_) => None,
        })
    }
}

fn finding(
    line: &RoutingLine,
    fallback: &RoutingLine,
    others: &[&RoutingLine],
    witness: &Witness,
    runs_as_always: bool,
) -> Diagnostic {
    let message = format!("events that hit `{}` alone never reach `else`", line.path);
    let found = Diagnostic::new(&proof_code::HIDDEN_ELSE, line.head, message)
        .label("counts as a match")
        .related(fallback.head, "runs only where nothing hit");
    let found = others.iter().fold(found, |found, line| found.related(line.head, "the same holds here"));
    let found = found
        .note(format!("`{witness}` hits it alone"))
        .note("`else` runs where no line hit; what no `route` ended also includes events that an `also route` hit")
        .help("for a copy of what `else` gets, call a routing from `else`, and write the copy there as `always`");
    let name = line.path.rsplit('.').next().unwrap_or_default();
    if runs_as_always {
        found.suggest("or write `always` for a copy", line.title, format!("always {name}"))
    } else {
        found.help("`always` would also copy events that another line takes before this one")
    }
}

/// Whether an `always` in the place of this line would run for the same events: no line before it ends the block, and
/// no line of the block sends nothing.
fn runs_as_always(block: &[&RoutingLine], line: &RoutingLine) -> bool {
    let mut before = block.iter().take_while(|each| each.span != line.span);
    !before.any(|each| each.kind == LineKind::Route) && !block.iter().any(|each| is_nothing(&each.body))
}

/// An `also route` to `nothing` is an error of its own.
fn is_nothing(body: &RoutingLineBody) -> bool {
    matches!(body, RoutingLineBody::Target(Target::Nothing(..)))
}

/// A channel, a routing, or whichever member of a family.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Channel(ChannelId),
    Routing(RoutingId),
    Family(FamilyId),
}

/// The channels and routings that a body leads to.
fn reached(body: &RoutingLineBody) -> BTreeSet<Reached> {
    let reached = |destination: &Destination| match destination {
        Destination::Channel(channel) => Reached::Channel(*channel),
        Destination::Routing(routing) => Reached::Routing(*routing),
        Destination::Member(choice) => Reached::Family(choice.family),
    };
    body.targets().into_iter().flat_map(Target::destinations).map(reached).collect()
}
