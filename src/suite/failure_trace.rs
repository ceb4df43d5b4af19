//! The parts of an evaluation that a failed expectation shows, one line each: conditions, arms, lines of the routing.

use super::location::source_excerpt;
use super::observed_outcome::{ObservedOutcome, ObservedOutcomeKind};
use crate::evaluate::LineOutcome;
use crate::model::{Destination, LineKind, RoutingLine, Target};
use crate::ruleset::{ComparisonTrace, ElementTrace, EvaluationTrace, RouteTrace, RuleSet, TraceStep};
use crate::source::Sources;
use crate::text::{plural, shorten};

/// How many lines are shown at most.
const MAX_SHOWN_LINES: usize = 40;
/// Routings with so few lines are shown whole.
const SHORT_ROUTING: usize = 8;
/// How many characters of a value are shown.
const MAX_VALUE_WIDTH: usize = 100;

/// What is asked about the evaluation of one case.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailureTrace<'r> {
    pub(super) rules: &'r RuleSet,
    pub(super) trace: &'r EvaluationTrace,
}

impl<'r> FailureTrace<'r> {
    /// The comparisons of the `drop` conditions of an element, or of `accept` where the payload was refused.
    pub(super) fn refusals(self, outcome: &ObservedOutcome) -> Vec<String> {
        match outcome.kind {
            ObservedOutcomeKind::Unaccepted => self.accepts(),
            ObservedOutcomeKind::Event | ObservedOutcomeKind::Routed | ObservedOutcomeKind::Dropped => {
                self.element(outcome).map_or_else(Vec::new, |element| self.comparisons(&element.drops))
            }
            ObservedOutcomeKind::Empty | ObservedOutcomeKind::Invalid => Vec::new(),
        }
    }

    /// The comparisons of the `accept` conditions.
    pub(super) fn accepts(self) -> Vec<String> {
        self.comparisons(&self.trace.accept)
    }

    /// The steps that gave a field its value.
    pub(super) fn field(self, outcome: &ObservedOutcome, name: &str) -> Vec<String> {
        let assigned = self.element(outcome).map_or(&[][..], |element| &element.assigned);
        let field = assigned.iter().find(|assigned| assigned.name == name);
        let steps = field.into_iter().flat_map(|field| &field.steps).take(MAX_SHOWN_LINES);
        steps.map(|step| render(step, &self.rules.sources)).collect()
    }

    /// The way through the routing, with the lines that could have sent to these channels.
    pub(super) fn channels(self, outcome: &ObservedOutcome, absent: &[&str]) -> Vec<String> {
        let model = &self.rules.model;
        let wanted = |destination: &Destination| {
            let is_absent =
                |channel: &usize| model.channels.get(*channel).is_some_and(|channel| absent.contains(&&*channel.name));
            match destination {
                Destination::Channel(channel) => is_absent(channel),
                Destination::Routing(_) => false,
                Destination::Member(choice) => model
                    .families
                    .get(choice.family)
                    .is_some_and(|family| family.members.iter().any(|(_, channel)| is_absent(channel))),
            }
        };
        let sends = |line: &&RoutingLine| {
            line.body.own_targets().into_iter().any(|target| target.destinations().iter().any(wanted))
        };
        let paths: Vec<&str> = model.routing_lines().filter(sends).map(|line| &*line.path).collect();
        self.paths(outcome, &paths)
    }

    /// The way through the routing: the lines that hit or declined, and those with these paths, with the lines around them.
    pub(super) fn paths(self, outcome: &ObservedOutcome, paths: &[&str]) -> Vec<String> {
        let around = |path: &str, inner: &str| {
            inner.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let mut tried = Vec::new();
        flatten(self.element(outcome).map_or(&[], |element| &element.lines), 0, &mut tried);
        let count = tried.len();
        if count > SHORT_ROUTING {
            tried.retain(|TriedLine { line, .. }| {
                line.end != LineOutcome::Skipped || paths.iter().any(|inner| around(&line.path, inner))
            });
        }
        let others = count - tried.len();
        let mut shown: Vec<String> = tried.iter().flat_map(|tried| tried.render(&self.rules.sources)).collect();
        if shown.len() > MAX_SHOWN_LINES {
            shown.truncate(MAX_SHOWN_LINES);
            shown.push("…".to_owned());
        }
        if others > 0 {
            let lines = plural(others, "other line");
            shown.push(format!("skipped {lines} that could not have changed it"));
        }
        shown
    }

    fn element(self, outcome: &ObservedOutcome) -> Option<&'r ElementTrace> {
        self.trace.elements.get(outcome.index.unwrap_or(0))
    }

    fn comparisons(self, steps: &[TraceStep]) -> Vec<String> {
        let made = steps.iter().filter_map(TraceStep::comparison).take(MAX_SHOWN_LINES);
        made.map(|comparison| render_comparison(comparison, &self.rules.sources)).collect()
    }
}

/// A line of a routing that was tried, and how deep it nests.
struct TriedLine<'t> {
    line: &'t RouteTrace,
    depth: usize,
}

fn flatten<'t>(lines: &'t [RouteTrace], depth: usize, tried: &mut Vec<TriedLine<'t>>) {
    for line in lines {
        tried.push(TriedLine { line, depth });
        flatten(&line.lines, depth + 1, tried);
    }
}

impl TriedLine<'_> {
    fn render(&self, sources: &Sources) -> Vec<String> {
        let end = match self.line.end {
            LineOutcome::Skipped => "skipped",
            LineOutcome::Hit => "hit",
            LineOutcome::Declined => "declined",
        };
        let margin = "  ".repeat(self.depth);
        let head = format!("{margin}{}: {end}", self.line.path);
        let steps = self.line.steps.iter().map(|step| format!("{margin}  {}", render(step, sources)));
        std::iter::once(head).chain(steps).collect()
    }
}

fn render(step: &TraceStep, sources: &Sources) -> String {
    let source = |place| source_excerpt(sources, place);
    let listed = |values: &[String]| values.iter().map(|value| cut(value)).collect::<Vec<_>>().join(", ");
    match step {
        TraceStep::Comparison(comparison) => render_comparison(comparison, sources),
        TraceStep::Arm(arm) => match arm.row {
            None => format!("{} took the arm `{}`", listed(&arm.subjects), source(arm.place)),
            Some(_) => format!("`{}` found {}", source(arm.place), listed(&arm.subjects)),
        },
        TraceStep::NoRow { place, arguments } => {
            format!("`{}` found no row for {}", source(*place), listed(arguments))
        }
        TraceStep::NoMember(choice) => choice.reason(),
    }
}

fn render_comparison(comparison: &ComparisonTrace, sources: &Sources) -> String {
    let ComparisonTrace { place, subject, operand, holds, .. } = comparison;
    let text = source_excerpt(sources, *place);
    // The text shows an operand that is written out.
    match operand.as_ref().filter(|operand| !text.ends_with(operand.as_str())) {
        None if *subject == holds.to_string() => format!("`{text}` → {holds}"),
        None => format!("`{text}` was {} → {holds}", cut(subject)),
        Some(operand) => format!("`{text}` was {}, against {} → {holds}", cut(subject), cut(operand)),
    }
}

fn cut(value: &str) -> String {
    shorten(value, MAX_VALUE_WIDTH)
}

/// Whether no line but those of `always` sent the event anywhere: there is no channel, or every other line that decided is a
/// `nothing`.
pub(super) fn is_sent_nowhere(rules: &RuleSet, outcome: &ObservedOutcome) -> bool {
    if outcome.kind != ObservedOutcomeKind::Routed || outcome.followed {
        return false;
    }
    if outcome.channels.is_empty() {
        return true;
    }
    let find = |path: &str| rules.model.routing_lines().find(|line| *line.path == *path);
    let counts = |line: &RoutingLine| line.kind != LineKind::Always;
    let silent = |line: &RoutingLine, arm: Option<usize>| match (line.body.own_targets().as_slice(), arm) {
        (all, Some(arm)) => matches!(all.get(arm), Some(Target::Nothing(..))),
        (all, None) => matches!(all, [Target::Nothing(..)]),
    };
    let decided = outcome.routes.iter().filter_map(|route| Some((find(&route.path)?, route.arm)));
    let mut counting = decided.filter(|(line, _)| counts(line)).peekable();
    counting.peek().is_some() && counting.all(|(line, arm)| silent(line, arm))
}
