//! What an evaluation did, recorded while it happens: the data of `explain`, of failed tests and of coverage.

use crate::diagnostic::visible_line;
use crate::evaluate::{LineOutcome, Observer, brief};
use crate::source::{Sources, Span};
use crate::text::{one_line, shorten};
use crate::value::RuntimeValue;
use std::collections::BTreeSet;

/// The record of one evaluation.
#[derive(Debug, Default)]
pub struct EvaluationTrace {
    /// The steps of the `accept` conditions of every mapping.
    pub accept: Vec<TraceStep>,
    /// The lets that the last mapping evaluated once for the payload.
    pub lets: Vec<AssignedValue>,
    /// The elements of the payload, in its order.
    pub elements: Vec<ElementTrace>,
    /// The places of all arms that were chosen.
    pub arms: BTreeSet<Span>,
    /// The paths of all lines that hit or declined.
    pub lines: BTreeSet<Box<str>>,
    /// The paths of all lines that were tried.
    pub tried: BTreeSet<Box<str>>,
    /// The mappings that were asked whether they accept the payload.
    pub mappings: BTreeSet<Box<str>>,
    /// How many steps are recorded; no limit where it is absent. The sets are complete in any case.
    limit: Option<usize>,
    recorded: usize,
    /// The position of the current element.
    current: usize,
    /// The lines that were entered and not left.
    open: Vec<RouteTrace>,
    /// How many lines were entered and not left after the limit was reached.
    unrecorded: usize,
    /// Steps and notes that belong to the next value or condition.
    pending: Vec<TraceStep>,
    notes: Vec<String>,
    mismatch: Option<Span>,
    /// The time of the next comparison, in the zone of its schedule.
    local_time: Option<(Span, String)>,
}

/// What happened to one element of a payload.
#[derive(Debug, Default)]
pub struct ElementTrace {
    /// Lets, fields and labels, in the order of their evaluation.
    pub assigned: Vec<AssignedValue>,
    /// The steps of the `drop` conditions.
    pub drops: Vec<TraceStep>,
    /// The lines of the routing that were tried, in order.
    pub lines: Vec<RouteTrace>,
    /// The channels of the firing that a recovery follows.
    pub followed: Vec<String>,
}

/// A let, field or label that got its value.
#[derive(Debug)]
pub struct AssignedValue {
    /// Its name.
    pub name: String,
    /// The place of its expression.
    pub place: Span,
    /// The value, as rules write it.
    pub value: String,
    /// The steps of its evaluation.
    pub steps: Vec<TraceStep>,
    /// The notes of its evaluation.
    pub notes: Vec<String>,
}

/// A line of a routing that was tried.
#[derive(Debug)]
pub struct RouteTrace {
    /// `main.payments.page`
    pub path: String,
    /// The place of its head.
    pub place: Span,
    /// The steps of its condition and of its `match`.
    pub steps: Vec<TraceStep>,
    /// The lines within it.
    pub lines: Vec<RouteTrace>,
    /// How it ended.
    pub end: LineOutcome,
}

/// A part of an evaluation that decided something.
#[derive(Debug)]
pub enum TraceStep {
    /// A comparison, or another leaf of a condition.
    Comparison(ComparisonTrace),
    /// An arm, or a row of a CSV table.
    Arm(ArmTrace),
    /// A family of channels has no member of that name, so the line declined, or went on without it.
    NoMember(MissingMember),
    /// No row of a CSV table fits.
    NoRow {
        /// The place of the call.
        place: Span,
        /// The arguments, as rules write them.
        arguments: Vec<String>,
    },
}

/// A member that a family of channels does not have.
#[derive(Debug)]
pub struct MissingMember {
    /// The place of the value that names it.
    pub place: Span,
    /// The name of the family.
    pub family: String,
    /// The value, as rules write it.
    pub value: String,
}

impl MissingMember {
    /// ``team_chat has no member `payments` ``
    #[must_use]
    pub fn reason(&self) -> String {
        if matches!(self.value.as_str(), "missing" | "null") {
            return format!("{} has no such member: the value is {}", self.family, self.value);
        }
        let value = self.value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(&self.value);
        format!("{} has no member `{}`", self.family, visible_excerpt(value))
    }
}

/// An arm or a row of a table that was chosen.
#[derive(Debug)]
pub struct ArmTrace {
    /// The place of the arm; of the call, for a CSV table.
    pub place: Span,
    /// The row of a CSV table, from 0.
    pub row: Option<usize>,
    /// The values that it was chosen for, as rules write them.
    pub subjects: Vec<String>,
}

/// A comparison, or another leaf of a condition, that was tried.
#[derive(Debug)]
pub struct ComparisonTrace {
    /// Its place.
    pub place: Span,
    /// The value on its left, as rules write it.
    pub subject: String,
    /// The value on its right, where it had to be computed.
    pub operand: Option<String>,
    /// The result.
    pub holds: bool,
    /// Whether a value was missing or of the wrong type.
    pub mismatch: bool,
}

impl Observer for EvaluationTrace {
    const LISTENS: bool = true;

    fn mapping(&mut self, name: &str) {
        self.mappings.insert(name.into());
        self.discard_pending();
        self.lets.clear();
    }

    fn element(&mut self, _index: usize) {
        self.discard_pending();
        self.current = self.elements.len();
        self.elements.push(ElementTrace::default());
    }

    fn routed(&mut self, index: usize) {
        self.discard_pending();
        self.current = index;
    }

    fn arm(&mut self, place: Span, subjects: &[RuntimeValue<'_>]) {
        self.arms.insert(place);
        self.record(|| TraceStep::Arm(ArmTrace { place, row: None, subjects: all_brief(subjects) }));
    }

    fn row(&mut self, place: Span, row: Option<usize>, arguments: &[RuntimeValue<'_>]) {
        self.record(|| match row {
            Some(_) => TraceStep::Arm(ArmTrace { place, row, subjects: all_brief(arguments) }),
            None => TraceStep::NoRow { place, arguments: all_brief(arguments) },
        });
    }

    fn comparison(&mut self, place: Span, subject: &RuntimeValue<'_>, operand: Option<&RuntimeValue<'_>>, holds: bool) {
        let mismatch = self.mismatch.take() == Some(place);
        let local = self.local_time.take().filter(|(asked, _)| *asked == place).map(|(_, time)| time);
        self.record(|| {
            let (subject, operand) = (local.unwrap_or_else(|| brief(subject)), operand.map(brief));
            TraceStep::Comparison(ComparisonTrace { place, subject, operand, holds, mismatch })
        });
    }

    fn local_time(&mut self, place: Span, time: &dyn Fn() -> String) {
        self.local_time = Some((place, time()));
    }

    fn mismatch(&mut self, place: Span) {
        self.mismatch = Some(place);
    }

    fn condition(&mut self, _place: Span, _holds: bool) {
        // The steps of a line's condition are the line's already.
        let condition = match self.elements.get_mut(self.current) {
            Some(element) => &mut element.drops,
            None => &mut self.accept,
        };
        condition.append(&mut self.pending);
    }

    fn assigned(&mut self, name: &str, place: Span, value: &RuntimeValue<'_>) {
        let (steps, notes) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.notes));
        if self.has_room() {
            let (name, value) = (name.to_owned(), brief(value));
            let assigned = self.elements.get_mut(self.current).map_or(&mut self.lets, |element| &mut element.assigned);
            assigned.push(AssignedValue { name, place, value, steps, notes });
        }
    }

    fn noted(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    fn enter(&mut self, path: &str, place: Span) {
        if !self.tried.contains(path) {
            self.tried.insert(path.into());
        }
        self.discard_pending();
        if self.has_room() {
            let (steps, lines) = (Vec::new(), Vec::new());
            let path = path.to_owned();
            self.open.push(RouteTrace { path, place, steps, lines, end: LineOutcome::Skipped });
        } else {
            self.unrecorded += 1;
        }
    }

    fn leave(&mut self, path: &str, end: LineOutcome) {
        if end != LineOutcome::Skipped && !self.lines.contains(path) {
            self.lines.insert(path.into());
        }
        if self.unrecorded > 0 {
            self.unrecorded -= 1;
            return;
        }
        let Some(mut line) = self.open.pop() else { return };
        line.end = end;
        match (self.open.last_mut(), self.elements.get_mut(self.current)) {
            (Some(outer), _) => outer.lines.push(line),
            (None, Some(element)) => element.lines.push(line),
            (None, None) => {}
        }
    }

    fn no_member(&mut self, place: Span, family: &str, member: &RuntimeValue<'_>) {
        self.record(|| TraceStep::NoMember(MissingMember { place, family: family.to_owned(), value: brief(member) }));
    }

    fn followed(&mut self, channels: &[&str]) {
        if let Some(element) = self.elements.get_mut(self.current) {
            element.followed = channels.iter().map(|&channel| channel.to_owned()).collect();
        }
    }
}

impl EvaluationTrace {
    /// A trace that records so many steps at most, so that a large payload does not fill the memory.
    #[must_use]
    pub fn with_limit(steps: usize) -> Self {
        Self { limit: Some(steps), ..Self::default() }
    }

    /// Counts a step; says whether it is recorded.
    fn has_room(&mut self) -> bool {
        self.recorded += 1;
        self.limit.is_none_or(|limit| self.recorded <= limit)
    }

    fn record(&mut self, step: impl FnOnce() -> TraceStep) {
        if self.has_room() {
            self.open.last_mut().map_or(&mut self.pending, |line| &mut line.steps).push(step());
        }
    }

    fn discard_pending(&mut self) {
        self.pending.clear();
        self.notes.clear();
    }
}

impl ElementTrace {
    /// The line of that path, wherever it nests.
    #[must_use]
    pub fn line(&self, path: &str) -> Option<&RouteTrace> {
        fn within<'t>(lines: &'t [RouteTrace], path: &str) -> Option<&'t RouteTrace> {
            lines.iter().find_map(|line| if line.path == path { Some(line) } else { within(&line.lines, path) })
        }
        within(&self.lines, path)
    }
}

impl TraceStep {
    /// The comparison, if it is one.
    #[must_use]
    pub fn comparison(&self) -> Option<&ComparisonTrace> {
        if let Self::Comparison(comparison) = self { Some(comparison) } else { None }
    }

    /// The member that a family does not have, if it is one.
    #[must_use]
    pub fn missing_member(&self) -> Option<&MissingMember> {
        if let Self::NoMember(missing) = self { Some(missing) } else { None }
    }

    /// The arm or row, if it is one.
    #[must_use]
    pub fn arm(&self) -> Option<&ArmTrace> {
        if let Self::Arm(arm) = self { Some(arm) } else { None }
    }
}

fn all_brief(values: &[RuntimeValue<'_>]) -> Vec<String> {
    values.iter().map(brief).collect()
}

impl ComparisonTrace {
    /// `no   labels.team == "payments", it is "web"`
    #[must_use]
    pub fn render(&self, sources: &Sources) -> String {
        let mark = if self.holds { "yes" } else { "no " };
        let comparison = visible_excerpt(sources.text(self.place));
        // The text shows an operand that is written out.
        let computed = self.operand.as_ref().filter(|operand| !comparison.ends_with(operand.as_str()));
        let operand = computed.map(|operand| format!(", against {}", visible_excerpt(operand))).unwrap_or_default();
        let is_missing = [Some(&self.subject), self.operand.as_ref()].contains(&Some(&"missing".to_owned()));
        let why = if self.mismatch && !is_missing { ", which is of another type" } else { "" };
        format!("{mark}  {comparison}, it is {}{operand}{why}", visible_excerpt(&self.subject))
    }
}

/// The text on one line, at most 100 characters of it, with control characters made visible.
#[must_use]
pub fn visible_excerpt(text: &str) -> String {
    shorten(&visible_line(&one_line(text)), 100)
}

#[cfg(test)]
mod tests {
    use super::EvaluationTrace;
    use crate::evaluate::EvaluationContext;
    use crate::json;
    use crate::ruleset::{EntryPoint, RuleSet};
    use crate::source::Sources;
    use crate::time::Timestamp;

    const RULES: &str = r#"edition 1
mapping arms {
  each $.alerts[*]
  severity = match @.level { "P1" => Critical  else => Warning }
  status   = Firing
  title    = "an alert"
  key      = "an alert"
}
channel page = stdout()
routing main {
  route urgent when severity == Critical {
    route only => page
  }
  else => page
}
"#;

    #[test]
    fn a_limit_bounds_the_steps_but_not_what_was_hit() {
        let mut sources = Sources::default();
        sources.add("arms.rules", RULES);
        let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
        let rules = loaded.rules.expect("the rules hold no error");
        let arena = json::Arena::new();
        let body = br#"{"alerts": [{"level": "P2"}, {"level": "P1"}]}"#;
        let document = json::parse(body, &arena).expect("the body is JSON");
        let context = EvaluationContext::at(Timestamp::read("2026-03-07T02:00:00Z").expect("a time"));
        let entry = EntryPoint::Mapping("arms", Some("main"));
        let traced = |mut trace: EvaluationTrace| {
            rules.evaluate(entry, &document, &context, &mut trace).expect("the names are known");
            trace
        };
        let (whole, limited) = (traced(EvaluationTrace::default()), traced(EvaluationTrace::with_limit(3)));
        let sizes = |trace: &EvaluationTrace| {
            trace.elements.iter().map(|element| (element.assigned.len(), element.lines.len())).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&whole), [(4, 2), (4, 1)]);
        assert_eq!(sizes(&limited), [(2, 0), (0, 0)]);
        assert_eq!((&whole.arms, &whole.lines), (&limited.arms, &limited.lines));
        assert_eq!((whole.arms.len(), whole.lines.len()), (2, 3));
    }
}
