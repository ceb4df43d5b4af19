//! What each edit changes: its events by the channels that they lose and gain.

use super::condition_part::ConditionPart;
use super::edits::{Edit, EditKind, edits};
use super::rule_sets::{ComparedModel, RuleSets, Side};
use super::search::{ChangedEvent, ChannelChange, EditFindings, EditQuestion, questions};
use super::wording::affected;
use crate::event::{AlertStatus, Severity};
use crate::prove::effort::ProofEffort;
use crate::prove::solver::ProofStatistics;
use crate::prove::undecided::UndecidedReason;
use crate::prove::witness::Witness;
use crate::source::Span;

/// How many different changes of channels are looked for in one edit, unless all are wanted.
const FEW_CHANGES: usize = 16;

/// The same if all are wanted.
const MANY_CHANGES: usize = 2_000;

/// How much of an edit is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceDetail {
    /// The first changes of channels of each edit.
    First,
    /// All of them.
    All,
}

/// A line of a rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedLine {
    /// Its path.
    pub path: Box<str>,
    /// The whole line.
    pub span: Span,
    /// Its head, without what follows.
    pub head: Span,
}

/// Events of an edit with the same change of channels.
#[derive(Debug, Clone)]
pub struct ChangeGroup {
    /// What changes.
    pub change: ChannelChange,
    /// An event, with as little as possible.
    pub example: ChangedEvent,
    /// The severities of such events.
    pub severities: Vec<Severity>,
    /// How many other lines of the other rule set have such events, of those that were looked at.
    pub lines: usize,
    /// Whether there may be more lines.
    pub has_more_lines: bool,
}

/// What an edit changes.
#[derive(Debug, Clone)]
pub struct EditDifference {
    /// What was done to the line.
    pub kind: EditKind,
    /// The line in the old rules.
    pub old: Option<EditedLine>,
    /// The line in the new rules.
    pub new: Option<EditedLine>,
    /// The conditions of the events that change, as alternatives of parts that all hold.
    pub affected: Vec<Vec<ConditionPart>>,
    /// The changes; nothing if the edit sends all events to the same channels.
    pub groups: Vec<ChangeGroup>,
    /// Whether there are more changes, which were not looked for.
    pub has_more: bool,
    /// Why there may be more changes.
    pub undecided: Option<UndecidedReason>,
}

/// What all edits of lines change.
#[derive(Debug, Clone)]
pub struct RoutingDifferences {
    /// Each edit, in the order of the text.
    pub edits: Vec<EditDifference>,
    /// The routings where events enter, and that only one of the rule sets has.
    pub other_entries: Vec<Box<str>>,
    /// What the proofs took.
    pub statistics: ProofStatistics,
}

/// Says of each edited line what it changes. Routings that only one of the rule sets has are not looked at.
#[must_use]
pub fn routing_differences(
    old: ComparedModel<'_, '_>,
    new: ComparedModel<'_, '_>,
    detail: DifferenceDetail,
    effort: ProofEffort,
) -> RoutingDifferences {
    let mut sets = RuleSets::new(old, new, effort);
    let edits = edits(&mut sets).into_iter().map(|edit| difference(&mut sets, edit, detail)).collect();
    RoutingDifferences { edits, other_entries: sets.other_entries(), statistics: sets.solver.statistics }
}

fn difference(sets: &mut RuleSets<'_, '_>, edit: Edit, detail: DifferenceDetail) -> EditDifference {
    let most = match detail {
        DifferenceDetail::First => FEW_CHANGES,
        DifferenceDetail::All => MANY_CHANGES,
    };
    let questions = questions(sets, edit);
    let mut findings = EditFindings::default();
    for question in &questions {
        question.search(sets, most, &mut findings);
    }
    let EditFindings { events, mut undecided, is_cut } = findings;
    let mut groups: Vec<ChangeGroup> = Vec::new();
    for event in events {
        let example = plainest(sets, edit, event);
        let change = example.change();
        let severities = severities(sets, &questions, &example, &mut undecided);
        let lines = super::lines::lines_with_change(sets, &questions, edit, &example);
        groups.push(ChangeGroup { change, example, severities, lines: lines.count, has_more_lines: lines.has_more });
    }
    groups.sort_by_key(|group| (std::cmp::Reverse(group.lines), group.change.clone()));
    let affected = if groups.is_empty() { Vec::new() } else { affected(sets, edit, &questions) };
    let [old, new] = Side::BOTH.map(|side| edited_line(sets, edit, side));
    EditDifference { kind: edit.kind, old, new, affected, groups, has_more: is_cut, undecided }
}

fn edited_line(sets: &RuleSets<'_, '_>, edit: Edit, side: Side) -> Option<EditedLine> {
    let (_, line) = edit.sides().find(|(of, _)| *of == side)?;
    let line = sets.map(side).line(line)?.line;
    Some(EditedLine { path: (*line.path).into(), span: line.span, head: line.head })
}

/// The event without what its change does not need.
fn plainest(sets: &mut RuleSets<'_, '_>, edit: Edit, found: ChangedEvent) -> ChangedEvent {
    let mut best = found;
    let mut waiting: Vec<Witness> = simpler(&best.event);
    while let Some(event) = waiting.pop() {
        let [old, new] = sets.evaluate(&event, &best.entry);
        let is_same = ChannelChange::between(&old, &new) == best.change();
        if is_same && reaches(sets, edit, &old.routes, &new.routes) {
            waiting = simpler(&event);
            best = ChangedEvent { event, entry: best.entry.clone(), old, new };
        }
    }
    best
}

/// Whether one of the edited lines, or a line within it, is among the routes of an event.
fn reaches(
    sets: &RuleSets<'_, '_>,
    edit: Edit,
    old: &[(Box<str>, Option<usize>)],
    new: &[(Box<str>, Option<usize>)],
) -> bool {
    edit.sides().any(|(side, line)| {
        let routes = if side == Side::Old { old } else { new };
        let map = sets.map(side);
        let leaves = routes.iter().filter_map(|(path, _)| map.by_path(path));
        leaves.into_iter().any(|leaf| map.with_ancestors(leaf).any(|outer| outer == line))
    })
}

/// The events that have one thing less. What is tried first comes last.
fn simpler(event: &Witness) -> Vec<Witness> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Witness)| {
        let mut simpler = event.clone();
        change(&mut simpler);
        if simpler != *event {
            all.push(simpler);
        }
    };
    with(&|event| event.severity = Severity::Warning);
    with(&|event| event.status = AlertStatus::Firing);
    with(&|event| event.starts_at = None);
    with(&|event| event.ends_at = None);
    with(&|event| event.at = None);
    for field in event.texts.keys() {
        with(&|event| _ = event.texts.remove(field));
    }
    for label in event.labels.keys() {
        with(&|event| _ = event.labels.remove(label));
    }
    all
}

/// The severities of events with the same change.
fn severities(
    sets: &mut RuleSets<'_, '_>,
    questions: &[EditQuestion],
    example: &ChangedEvent,
    undecided: &mut Option<UndecidedReason>,
) -> Vec<Severity> {
    let change = example.change();
    let mut found = Vec::new();
    for severity in Severity::ALL {
        let event = Witness { severity, ..example.event.clone() };
        let [old, new] = sets.evaluate(&event, &example.entry);
        let changes = ChannelChange::between(&old, &new) == change
            || questions.iter().any(|question| question.changes_with(sets, &change, severity, undecided));
        if changes {
            found.push(severity);
        }
    }
    found
}
