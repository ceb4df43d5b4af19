//! Routes that only Resolved events reach. A recovery goes to the channels in which its firing is open, so a route for
//! recoveries is used only if none is open.

use super::reachability::{LineProver, PathResult, Reachability};
use super::routing::{CallPath, LineId};
use super::solver::SolveResult;
use crate::check::proof_code;
use crate::diagnostic::Diagnostic;
use crate::event::AlertStatus;
use crate::model::{EventField, Expression, ExpressionKind, LineKind, Match, RoutingLine, RoutingLineBody, Target};
use crate::source::Span;
use std::collections::BTreeSet;

impl<'m> LineProver<'m, '_> {
    /// A finding for each line, and each arm of a line, that events reach and that no firing event does. Lines within such a
    /// line are not looked at.
    pub(super) fn recoveries(&mut self, verdicts: &[(LineId, Reachability)]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut inner: BTreeSet<LineId> = BTreeSet::new();
        for (id, verdict) in verdicts {
            let Reachability::Reachable(witness) = verdict else { continue };
            let Some(line) = self.map.line(*id).map(|entry| entry.line) else { continue };
            let is_within = self.map.parent(*id).is_some_and(|parent| inner.contains(&parent));
            if is_within || line.kind == LineKind::Always {
                inner.insert(*id);
                continue;
            }
            let fires = witness.status == AlertStatus::Firing;
            if !fires && line.kind != LineKind::Else && self.is_never_firing(*id) {
                inner.insert(*id);
                if sends(&line.body) {
                    found.push(only_recoveries(line.head, line));
                }
            } else if let RoutingLineBody::Match(choice) = &line.body {
                self.arms_of_recoveries(*id, line, choice, &mut found);
            }
        }
        found
    }

    /// Whether no firing event reaches a line that enters its own routing.
    fn is_never_firing(&mut self, id: LineId) -> bool {
        let Some(entry) = self.map.routing(id) else { return false };
        let firing = self.builder.statuses(|status| status == AlertStatus::Firing);
        let path = CallPath { entry, calls: Vec::new() };
        matches!(self.along_with(id, &path, &[firing]), PathResult::Unreachable(_))
    }

    fn arms_of_recoveries(
        &mut self,
        id: LineId,
        line: &'m RoutingLine,
        choice: &'m Match<Target>,
        found: &mut Vec<Diagnostic>,
    ) {
        if !choice.subjects.iter().any(may_be_status) {
            return;
        }
        let chosen = self.map.chosen_arms(id, choice, &mut self.builder);
        let firing = self.builder.statuses(|status| status == AlertStatus::Firing);
        for (arm, when) in choice.arms.iter().zip(&chosen.arms) {
            let is_sent = matches!(arm.result, Target::Destinations(_));
            let is_else = arm.columns.is_empty();
            if is_sent
                && !is_else
                && matches!(self.solve(&[*when, firing]), SolveResult::None)
                && matches!(self.solve(&[*when]), SolveResult::Solution(_))
            {
                found.push(only_recoveries(arm.span, line));
            }
        }
    }
}

fn only_recoveries(span: Span, line: &RoutingLine) -> Diagnostic {
    let message = format!("only Resolved events reach `{}`", line.path);
    Diagnostic::new(&proof_code::ONLY_RECOVERIES, span, message)
        .label("a recovery goes where its firing went, whatever stands here")
        .note("this is asked only of a recovery whose firing is open nowhere")
        .help("remove it; where every recovery is to be copied, write `always` for the line")
}

/// Whether some event is sent. `nothing` for recoveries is useful: it silences recoveries without a firing.
fn sends(body: &RoutingLineBody) -> bool {
    body.targets().into_iter().any(|target| matches!(target, Target::Destinations(_)))
}

/// Whether a value may depend on the status.
fn may_be_status(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Label(_) => false,
        ExpressionKind::Field(field) => *field == EventField::Status,
        _ => true,
    }
}
