//! What differs between two rule sets, in the words of their files.

mod mappings;
mod summary;

pub use mappings::PayloadChange;
pub use summary::{DeliveryChange, SeveritySummary};

use super::RuleSet;
use crate::event::Severity;
use crate::prove::{
    ChangeGroup, ChangedDeclaration, ComparedModel, ConditionPart, DifferenceDetail, EditDifference, EditKind,
    EditedLine, PartText, RoutingComparison, Side, changed_declarations, compare_routings, routing_differences,
};
use crate::source::{Sources, Span};
use crate::text::one_line;
use serde::Serialize;

/// Whether events go to the same channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoutingVerdict {
    /// All do: this is proven.
    Equal,
    /// Some do not.
    Different,
    /// No event is known that does not, and it is not proven that there is none.
    Undecided,
}

/// What differs between two rule sets.
#[derive(Debug, Clone, Serialize)]
pub struct RuleSetDifference {
    /// Whether events go to the same channels.
    pub routing: RoutingVerdict,
    /// The edited lines of routings.
    pub edits: Vec<LineEdit>,
    /// The routings where events enter, and that only one of the rule sets has: they are not compared.
    pub other_entries: Vec<Box<str>>,
    /// What channels lose and gain.
    pub channels: Vec<DeliveryChange>,
    /// What changes for each severity.
    pub severities: Vec<SeveritySummary>,
    /// The other declarations that changed.
    pub declarations: Vec<DeclarationEdit>,
}

/// An edited line, and what it changes.
#[derive(Debug, Clone, Serialize)]
pub struct LineEdit {
    /// `added`, `removed`, `changed`, `moved`.
    pub edit: &'static str,
    /// The path in the new rules; in the old ones, if the line is gone.
    pub path: Box<str>,
    /// The line in the old rules.
    pub old: Option<WrittenText>,
    /// The line in the new rules.
    pub new: Option<WrittenText>,
    /// The declarations that it uses and that changed.
    pub uses: Vec<String>,
    /// The conditions of the events that change, in the words of the rules. One of them holds.
    pub when: Vec<String>,
    /// The changes, those with the most lines first.
    pub changes: Vec<ChannelChangeEntry>,
    /// Whether there are more changes, which were not looked for.
    pub has_more: bool,
    /// Why there may be more changes.
    pub undecided: Option<String>,
}

/// A text of a rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenText {
    /// `file:line`
    pub at: String,
    /// The text.
    pub text: String,
}

/// Events with the same change.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelChangeEntry {
    /// The channels that they no longer get to.
    pub lost: Vec<Box<str>>,
    /// The channels that they get to now.
    pub gained: Vec<Box<str>>,
    /// Their severities.
    pub severities: Vec<&'static str>,
    /// How many lines of the other rules have such events.
    pub lines: usize,
    /// Whether there may be more such lines.
    pub has_more_lines: bool,
    /// An event.
    pub event: EventChange,
}

/// An event that goes elsewhere.
#[derive(Debug, Clone, Serialize)]
pub struct EventChange {
    /// The event, in the notation of tests.
    pub event: String,
    /// The time of its evaluation, where that matters.
    pub at: Option<String>,
    /// The routing that it enters.
    pub routing: Box<str>,
    /// The channels of the old rules.
    pub old: Vec<Box<str>>,
    /// The channels of the new rules.
    pub new: Vec<Box<str>>,
    /// The lines of the old rules that decide.
    pub old_routes: Vec<Box<str>>,
    /// The lines of the new rules that decide.
    pub new_routes: Vec<Box<str>>,
}

/// A declaration that changed.
#[derive(Debug, Clone, Serialize)]
pub struct DeclarationEdit {
    /// `mapping`, `channel`, …
    pub kind: &'static str,
    /// Its name.
    pub name: Box<str>,
    /// `added`, `removed`, `changed`.
    pub edit: &'static str,
    /// `file:line` in the new rules; in the old ones, if it is gone.
    pub at: String,
    /// The parts that changed.
    pub parts: Vec<PartEdit>,
    /// Payloads of which a changed mapping makes something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payloads: Vec<PayloadChange>,
    /// The lines of routings that use it.
    pub used_by: Vec<Box<str>>,
}

impl DeclarationEdit {
    /// Whether channels may lose events by it, which no line of a routing shows: an integration that goes elsewhere, reads with
    /// other mappings or is gone; a mute; an absence that is told elsewhere or not at all; a routing that only senders enter.
    #[must_use]
    pub fn may_lose(&self) -> bool {
        let has_part = |names: &[&str]| self.parts.iter().any(|part| names.contains(&&*part.part));
        match (self.kind, self.edit) {
            ("integration", "changed") => has_part(&["mappings", "destination"]),
            ("integration" | "heartbeat", "removed") | ("mute", "added" | "changed") | ("heartbeat", "changed") => true,
            ("routing", "removed") => self.used_by.is_empty(),
            _ => false,
        }
    }
}

/// A part of a declaration that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartEdit {
    /// What it is.
    pub part: String,
    /// What it was; nothing where it was not there, or is not shown.
    pub old: Option<String>,
    /// What it is now.
    pub new: Option<String>,
}

impl RuleSet {
    /// Compares where this rule set and a newer one send events, up to the first difference.
    #[must_use]
    pub fn compare_routings(&self, new: &Self) -> RoutingComparison {
        compare_routings(
            ComparedModel { model: &self.model, evaluate: &|witness, routing| self.outcome(witness, routing) },
            ComparedModel { model: &new.model, evaluate: &|witness, routing| new.outcome(witness, routing) },
            self.effort,
        )
    }

    /// Says what a newer rule set does otherwise.
    #[must_use]
    pub fn difference(&self, new: &Self, detail: DifferenceDetail) -> RuleSetDifference {
        let old_model =
            ComparedModel { model: &self.model, evaluate: &|witness, routing| self.outcome(witness, routing) };
        let new_model =
            ComparedModel { model: &new.model, evaluate: &|witness, routing| new.outcome(witness, routing) };
        let texts = DifferenceTexts { old: &self.sources, new: &new.sources };
        let mut declarations: Vec<DeclarationEdit> =
            changed_declarations(old_model, new_model).into_iter().map(|each| texts.declaration(each)).collect();
        for mapping in declarations.iter_mut().filter(|each| each.kind == "mapping") {
            mapping.payloads = self.payload_changes(new, &mapping.name);
        }
        let differences = routing_differences(old_model, new_model, detail, self.effort);
        let edits: Vec<LineEdit> = differences.edits.into_iter().map(|edit| texts.edit(edit, &declarations)).collect();
        RuleSetDifference {
            routing: verdict(&edits, &differences.other_entries),
            channels: summary::channels(&edits),
            severities: summary::severities(&edits),
            edits,
            other_entries: differences.other_entries,
            declarations,
        }
    }
}

fn verdict(edits: &[LineEdit], other_entries: &[Box<str>]) -> RoutingVerdict {
    if edits.iter().any(|edit| !edit.changes.is_empty()) {
        RoutingVerdict::Different
    } else if !other_entries.is_empty() || edits.iter().any(|edit| edit.undecided.is_some()) {
        RoutingVerdict::Undecided
    } else {
        RoutingVerdict::Equal
    }
}

/// The files of both rule sets.
struct DifferenceTexts<'s> {
    old: &'s Sources,
    new: &'s Sources,
}

impl DifferenceTexts<'_> {
    fn sources(&self, side: Side) -> &Sources {
        match side {
            Side::Old => self.old,
            Side::New => self.new,
        }
    }

    fn written(&self, side: Side, span: Span) -> WrittenText {
        let sources = self.sources(side);
        WrittenText { at: sources.file_and_line(span), text: sources.text(span).to_owned() }
    }

    fn edit(&self, edit: EditDifference, declarations: &[DeclarationEdit]) -> LineEdit {
        let EditDifference { kind, old, new, affected, groups, has_more, undecided } = edit;
        let path: Box<str> = new.as_ref().or(old.as_ref()).map(|line| line.path.clone()).unwrap_or_default();
        let is_used = |each: &&DeclarationEdit| each.used_by.contains(&path);
        let uses = declarations.iter().filter(is_used).map(|each| format!("{} `{}`", each.kind, each.name)).collect();
        let line = |side, line: Option<EditedLine>| line.map(|line| self.written(side, line.span));
        LineEdit {
            edit: edit_name(kind),
            path: path.clone(),
            old: line(Side::Old, old),
            new: line(Side::New, new),
            uses,
            when: affected.iter().map(|parts| self.condition(parts, &path)).collect(),
            changes: groups.into_iter().map(change).collect(),
            has_more,
            undecided: undecided.map(|reason| reason.to_string()),
        }
    }

    /// `labels.team == "db" and not (severity == Info)`
    fn condition(&self, parts: &[ConditionPart], path: &str) -> String {
        let words = |part: &ConditionPart| {
            let sources = self.sources(part.side);
            if !part.subjects.is_empty() {
                let text = |spans: &[Span]| {
                    spans.iter().map(|span| one_line(sources.text(*span))).collect::<Vec<_>>().join(", ")
                };
                return vec![format!("{} in the arm {}", text(&part.subjects), patterns(&text(&part.spans)))];
            }
            part.spans.iter().map(|span| one_line(sources.text(*span))).collect::<Vec<_>>()
        };
        let (negated, positive): (Vec<&ConditionPart>, Vec<&ConditionPart>) =
            parts.iter().partition(|part| part.is_negated);
        let plain: Vec<String> = positive.iter().flat_map(|part| words(part)).collect();
        // The same words may mean something else: a define or a schedule changed.
        let is_same = |part: &&ConditionPart| words(part).iter().all(|word| plain.contains(word));
        let side = negated.iter().find(|part| is_same(part)).map(|part| part.side);
        let suffix = match side {
            Some(Side::Old) => ", by the new rules and not by the old ones",
            Some(Side::New) => ", by the old rules and not by the new ones",
            None => "",
        };
        let parts: Vec<String> = parts
            .iter()
            .filter(|part| !part.is_negated || !is_same(part))
            .map(|part| {
                let text = words(part).join(" and ");
                if part.is_negated { format!("not ({text})") } else { text }
            })
            .collect();
        // An `or` within a part binds weaker than the `and` between the parts.
        let joined = match &*parts {
            [] => format!("all events that come to `{path}`"),
            [one] => one.clone(),
            [..] => parts.iter().map(|part| parenthesized(part)).collect::<Vec<_>>().join(" and "),
        };
        joined + suffix
    }

    fn declaration(&self, changed: ChangedDeclaration) -> DeclarationEdit {
        let ChangedDeclaration { kind, name, old, new, parts, used_by } = changed;
        let (edit, side, span) = match (old, new) {
            (Some(_), Some(span)) => ("changed", Side::New, Some(span)),
            (None, span) => ("added", Side::New, span),
            (span, None) => ("removed", Side::Old, span),
        };
        let part = |part: crate::prove::ChangedPart| PartEdit {
            part: part.name,
            old: part.old.and_then(|text| self.part_text(Side::Old, text)),
            new: part.new.and_then(|text| self.part_text(Side::New, text)),
        };
        let at = span.map(|span| self.sources(side).file_and_line(span)).unwrap_or_default();
        let parts = parts.into_iter().map(part).collect();
        DeclarationEdit { kind: kind.name(), name, edit, at, parts, payloads: Vec::new(), used_by }
    }

    fn part_text(&self, side: Side, text: PartText) -> Option<String> {
        match text {
            PartText::Written(span) => Some(self.sources(side).text(span).to_owned()),
            PartText::Value(value) => Some(value),
            PartText::Hidden => None,
        }
    }
}

/// An arm without its result.
fn patterns(arm: &str) -> &str {
    let mut is_quoted = false;
    let mut before = ' ';
    for (at, character) in arm.char_indices() {
        is_quoted ^= character == '"' && before != '\\';
        if !is_quoted && arm.get(at..).is_some_and(|rest| rest.starts_with("=>")) {
            return arm.get(..at).unwrap_or(arm).trim_end();
        }
        before = character;
    }
    arm
}

/// A part with an `or` in parentheses.
fn parenthesized(part: &str) -> String {
    if part.contains(" or ") && !part.starts_with("not (") { format!("({part})") } else { part.to_owned() }
}

fn edit_name(kind: EditKind) -> &'static str {
    match kind {
        EditKind::Added => "added",
        EditKind::Removed => "removed",
        EditKind::Changed => "changed",
        EditKind::Moved => "moved",
    }
}

fn change(group: ChangeGroup) -> ChannelChangeEntry {
    let ChangeGroup { change, example, severities, lines, has_more_lines } = group;
    let routes = |routes: Vec<(Box<str>, Option<usize>)>| routes.into_iter().map(|(path, _)| path).collect();
    ChannelChangeEntry {
        lost: change.lost,
        gained: change.gained,
        severities: severities.into_iter().map(Severity::name).collect(),
        lines,
        has_more_lines,
        event: EventChange {
            event: example.event.to_string(),
            at: example.event.at.map(|at| at.to_string()),
            routing: example.entry,
            old: example.old.channels,
            new: example.new.channels,
            old_routes: routes(example.old.routes),
            new_routes: routes(example.new.routes),
        },
    }
}
