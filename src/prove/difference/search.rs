//! Looks for events that reach an edited line and go to other channels.

use super::edits::Edit;
use super::relevance::RelevantLines;
use super::rule_sets::{RuleSets, Side};
use super::sent::{SentChannels, SentFormulas};
use crate::event::Severity;
use crate::model::RoutingId;
use crate::prove::formula::Formula;
use crate::prove::reachability::WitnessOutcome;
use crate::prove::routing::LineId;
use crate::prove::solver::SolveResult;
use crate::prove::undecided::UndecidedReason;
use crate::prove::witness::Witness;
use std::collections::{BTreeMap, BTreeSet};

/// The channels that an event no longer gets, and those that it gets now.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelChange {
    /// Only the old rules send there.
    pub lost: Vec<Box<str>>,
    /// Only the new rules send there.
    pub gained: Vec<Box<str>>,
}

impl ChannelChange {
    /// What changes between two outcomes.
    #[must_use]
    pub fn between(old: &WitnessOutcome, new: &WitnessOutcome) -> Self {
        let set = |outcome: &WitnessOutcome| outcome.channels.iter().cloned().collect::<BTreeSet<_>>();
        let (old, new) = (set(old), set(new));
        Self { lost: old.difference(&new).cloned().collect(), gained: new.difference(&old).cloned().collect() }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lost.is_empty() && self.gained.is_empty()
    }
}

/// An event that goes to other channels.
#[derive(Debug, Clone)]
pub struct ChangedEvent {
    /// The event.
    pub event: Witness,
    /// The routing that it enters.
    pub entry: Box<str>,
    /// Where the old rules send it.
    pub old: WitnessOutcome,
    /// Where the new rules send it.
    pub new: WitnessOutcome,
}

impl ChangedEvent {
    /// What changes.
    #[must_use]
    pub fn change(&self) -> ChannelChange {
        ChannelChange::between(&self.old, &self.new)
    }
}

/// What is known of the events of an edit.
#[derive(Debug, Default)]
pub(super) struct EditFindings {
    /// One event for each change of channels.
    pub(super) events: Vec<ChangedEvent>,
    /// Why there may be more.
    pub(super) undecided: Option<UndecidedReason>,
    /// Whether the search ended because enough was found.
    pub(super) is_cut: bool,
}

/// Looks for an event of an edit that goes to other channels.
pub(super) fn search_first(sets: &mut RuleSets<'_, '_>, edit: Edit) -> EditFindings {
    let mut findings = EditFindings::default();
    for (side, line) in edit.sides() {
        for entry in entries_to(sets, side, line) {
            EditQuestion::new(sets, side, line, entry).search(sets, 1, &mut findings);
            if !findings.events.is_empty() {
                return findings;
            }
        }
    }
    findings
}

/// The questions of an edit: one for each of its lines and each entry from which events come there.
pub(super) fn questions(sets: &mut RuleSets<'_, '_>, edit: Edit) -> Vec<EditQuestion> {
    let mut questions = Vec::new();
    for (side, line) in edit.sides() {
        for entry in entries_to(sets, side, line) {
            questions.push(EditQuestion::new(sets, side, line, entry));
        }
    }
    questions
}

/// The entries from which events come to the routing of a line.
fn entries_to(sets: &RuleSets<'_, '_>, side: Side, line: LineId) -> Vec<Box<str>> {
    let map = sets.map(side);
    let mut known: BTreeSet<RoutingId> = BTreeSet::new();
    let mut waiting: Vec<RoutingId> = map.routing(line).into_iter().collect();
    while let Some(routing) = waiting.pop() {
        if known.insert(routing) {
            waiting.extend(map.callers(routing).iter().filter_map(|caller| map.routing(*caller)));
        }
    }
    let mut entries = sets.entries();
    entries.retain(|name| sets.routing(side, name).is_some_and(|routing| known.contains(&routing)));
    entries
}

/// The question which events reach an edited line from an entry, and go to other channels.
pub(super) struct EditQuestion {
    /// The rule set of the edited line.
    pub(super) side: Side,
    pub(super) entry: Box<str>,
    pub(super) relevant: RelevantLines,
    /// The channels of the old and of the new rules.
    sent: [SentChannels; 2],
    /// For which events each line hits that its routing tries.
    reached: BTreeMap<(Side, LineId), Formula>,
}

impl EditQuestion {
    pub(super) fn new(sets: &mut RuleSets<'_, '_>, side: Side, line: LineId, entry: Box<str>) -> Self {
        let relevant = RelevantLines::of(sets, side, line, &entry);
        let mut formulas = SentFormulas::new(&relevant);
        let sent = Side::BOTH.map(|side| match sets.routing(side, &entry) {
            Some(routing) => formulas.routing(sets, side, routing),
            None => SentChannels::new(),
        });
        let reached = formulas.reached;
        Self { side, entry, relevant, sent, reached }
    }

    fn channels(&self) -> BTreeSet<&str> {
        self.sent.iter().flat_map(|sent| sent.keys()).map(AsRef::as_ref).collect()
    }

    fn sent(&self, channel: &str) -> [Formula; 2] {
        self.sent.each_ref().map(|sent| sent.get(channel).copied().unwrap_or(Formula::FALSE))
    }

    /// The events that go to other channels.
    fn differs(&self, sets: &mut RuleSets<'_, '_>) -> Formula {
        let mut parts = Vec::new();
        for channel in self.channels() {
            let [old, new] = self.sent(channel);
            if old != new {
                let formulas = sets.formulas();
                parts.push(formulas.and([old, new.not()]));
                parts.push(formulas.and([old.not(), new]));
            }
        }
        sets.formulas().or(parts)
    }

    /// The events for which exactly this changes.
    pub(super) fn changes_so(&self, sets: &mut RuleSets<'_, '_>, change: &ChannelChange) -> Formula {
        let mut parts = Vec::new();
        let known = self.channels();
        if change.lost.iter().chain(&change.gained).any(|channel| !known.contains(&**channel)) {
            return Formula::FALSE;
        }
        for channel in known {
            let [old, new] = self.sent(channel);
            let formulas = sets.formulas();
            if change.lost.iter().any(|lost| **lost == *channel) {
                parts.extend([old, new.not()]);
            } else if change.gained.iter().any(|gained| **gained == *channel) {
                parts.extend([old.not(), new]);
            } else if old != new {
                let (both, none) = (formulas.and([old, new]), formulas.and([old.not(), new.not()]));
                parts.push(formulas.or([both, none]));
            }
        }
        sets.formulas().and(parts)
    }

    /// The lines that have no block, each with the events for which its block tries it and it hits.
    pub(super) fn leaves(&self, sets: &RuleSets<'_, '_>, side: Side) -> Vec<(LineId, Formula)> {
        let is_leaf = |line: LineId| sets.map(side).inner(line).is_none();
        self.reached
            .iter()
            .filter(|((of, line), _)| *of == side && is_leaf(*line))
            .map(|((_, line), formula)| (*line, *formula))
            .collect()
    }

    /// Whether events for which some formulas hold may go to other channels.
    pub(super) fn has_change(&self, sets: &mut RuleSets<'_, '_>, formulas: &[Formula]) -> bool {
        let mut assertions = self.relevant.base.clone();
        assertions.push(self.differs(sets));
        assertions.extend_from_slice(formulas);
        !matches!(sets.solve(&assertions), SolveResult::None)
    }

    /// Whether an event of a severity has a change, as both evaluators say.
    pub(super) fn changes_with(
        &self,
        sets: &mut RuleSets<'_, '_>,
        change: &ChannelChange,
        severity: Severity,
        undecided: &mut Option<UndecidedReason>,
    ) -> bool {
        let is_so = sets.of(self.side).1.severities(|one| one == severity);
        let mut assertions = self.relevant.base.clone();
        assertions.extend([self.changes_so(sets, change), is_so]);
        let reason = match sets.solve(&assertions) {
            SolveResult::None => return false,
            SolveResult::Undecided(reason) => reason,
            SolveResult::Solution(solution) => {
                let event = Witness::new(sets.formulas(), &solution);
                let [old, new] = sets.evaluate(&event, &self.entry);
                if ChannelChange::between(&old, &new) == *change {
                    return true;
                }
                UndecidedReason::NotFollowed
            }
        };
        undecided.get_or_insert(reason);
        false
    }

    /// Looks for an event of each change that is not known yet.
    pub(super) fn search(&self, sets: &mut RuleSets<'_, '_>, most: usize, findings: &mut EditFindings) {
        let mut assertions = self.relevant.base.clone();
        assertions.push(self.differs(sets));
        for known in findings.events.iter().map(ChangedEvent::change).collect::<Vec<_>>() {
            assertions.push(self.changes_so(sets, &known).not());
        }
        loop {
            let solution = match sets.solve(&assertions) {
                SolveResult::None => return,
                SolveResult::Undecided(reason) => {
                    findings.undecided.get_or_insert(reason);
                    return;
                }
                SolveResult::Solution(solution) => solution,
            };
            if findings.events.len() >= most {
                findings.is_cut = true;
                return;
            }
            let event = Witness::new(sets.formulas(), &solution);
            let [old, new] = sets.evaluate(&event, &self.entry);
            let change = ChannelChange::between(&old, &new);
            // The evaluators decide. Where they disagree with the formulas, a value is not followed.
            if change.is_empty() || findings.events.iter().any(|known| known.change() == change) {
                findings.undecided.get_or_insert(UndecidedReason::NotFollowed);
                return;
            }
            assertions.push(self.changes_so(sets, &change).not());
            findings.events.push(ChangedEvent { event, entry: self.entry.clone(), old, new });
        }
    }
}
