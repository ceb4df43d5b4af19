//! All changes of a rule set, in the order of its files and places.

use super::change::{ChangeKind, ChangeOwner, RuleChange, line_ends};
use super::layout::{find_word, with_parentheses};
use crate::event::{AlertStatus, Severity};
use crate::ruleset::TextEdit;
use crate::source::{Sources, Span};
use crate::syntax::tree::{
    Block, Declaration, Destination, Integration, LabelEntry, Line, LineBody, LineKind, LineWindows, Mapping,
    MappingStatementKind, RuleFile, Schedule, Table, TableBody, Target, TargetKind,
};

/// Lists the changes of files.
pub(super) fn changes(files: &[RuleFile], sources: &Sources) -> Vec<RuleChange> {
    let mut names = DeclaredTargets::default();
    for item in files.iter().flat_map(|file| &file.items) {
        match &item.kind {
            Declaration::Channel(channel) if channel.family.is_none() => names.channels.push(channel.name.text.clone()),
            Declaration::Routing(routing) => names.routings.push(routing.name.text.clone()),
            Declaration::Mapping(_)
            | Declaration::Table(_)
            | Declaration::Define(_)
            | Declaration::Schedule(_)
            | Declaration::Channel(_)
            | Declaration::Mute(_)
            | Declaration::Heartbeat(_)
            | Declaration::Integration(_)
            | Declaration::Test(_)
            | Declaration::Prove(_) => {}
        }
    }
    let owner = ChangeOwner::Lines(Vec::new());
    let mut list = ChangeList { sources, names: &names, owner, changes: Vec::new() };
    for item in files.iter().flat_map(|file| &file.items) {
        list.declaration(&item.kind);
    }
    let mut changes = list.changes;
    changes.sort_by_key(|change| (change.place.file, change.place.start));
    changes
}

/// What a line can send events to.
#[derive(Debug, Default)]
pub(super) struct DeclaredTargets {
    channels: Vec<Box<str>>,
    routings: Vec<Box<str>>,
}

/// The changes of what was looked at.
pub(super) struct ChangeList<'s> {
    pub(super) sources: &'s Sources,
    names: &'s DeclaredTargets,
    owner: ChangeOwner,
    changes: Vec<RuleChange>,
}

impl ChangeList<'_> {
    /// Adds a change of some texts; `place` is shown.
    pub(super) fn add(&mut self, kind: ChangeKind, place: Span, edits: impl IntoIterator<Item = (Span, String)>) {
        let edits = edits.into_iter().map(|(place, text)| TextEdit { place, text }).collect();
        self.changes.push(RuleChange { kind, owner: self.owner.clone(), place, edits });
    }

    /// Adds that a part of a shown place is gone.
    pub(super) fn remove(&mut self, kind: ChangeKind, place: Span, part: Span) {
        let left = line_ends(self.sources.text(part));
        let left = if left.is_empty() && place != part { left } else { format!("{left} ") };
        self.add(kind, place, [(part, left)]);
    }

    /// Adds that two texts, the first before the second, change places.
    pub(super) fn swap(&mut self, first: Span, second: Span) {
        let text = |place| self.sources.text(place).to_owned();
        let (one, two) = (text(first), text(second));
        self.add(ChangeKind::Swapped, first.to(second), [(first, two), (second, one)]);
    }

    fn declaration(&mut self, declaration: &Declaration) {
        match declaration {
            Declaration::Mapping(mapping) => {
                self.owner = ChangeOwner::Mapping(mapping.name.text.clone());
                self.mapping(mapping);
            }
            Declaration::Table(table) => {
                self.owner = ChangeOwner::Table(table.name.text.clone());
                self.table(table);
            }
            Declaration::Define(define) => {
                self.owner = ChangeOwner::Define(define.name.text.clone());
                self.bound(&define.value);
            }
            Declaration::Schedule(schedule) => {
                self.owner = ChangeOwner::Schedule(schedule.name.text.clone());
                self.schedule(schedule);
            }
            Declaration::Routing(routing) => self.block(&routing.name.text, &routing.block),
            Declaration::Integration(integration) => {
                self.owner = ChangeOwner::Integration(integration.name.text.clone());
                self.integration(integration);
            }
            Declaration::Channel(_)
            | Declaration::Mute(_)
            | Declaration::Heartbeat(_)
            | Declaration::Test(_)
            | Declaration::Prove(_) => {}
        }
    }

    fn mapping(&mut self, mapping: &Mapping) {
        for statement in &mapping.statements {
            match &statement.kind {
                MappingStatementKind::Accept(when, _) => {
                    self.remove(ChangeKind::ConditionRemoved, statement.span, statement.span);
                    self.whole_condition(when);
                }
                MappingStatementKind::Each(_) => {}
                MappingStatementKind::Let(_, value) => self.bound(value),
                MappingStatementKind::Field(_, value) => {
                    self.remove(ChangeKind::FieldRemoved, statement.span, statement.span);
                    self.constant(value, statement.span);
                    self.value(value);
                }
                MappingStatementKind::Labels(entries) => self.labels(entries),
                MappingStatementKind::Drop(when, _) => {
                    self.remove(ChangeKind::DropRemoved, statement.span, statement.span);
                    self.whole_condition(when);
                }
            }
        }
    }

    fn labels(&mut self, entries: &[LabelEntry]) {
        let mut before: Option<&LabelEntry> = None;
        for entry in entries {
            let place = self.label_place(entry);
            // The order of labels with names of their own says nothing.
            let is_spread = |entry: &LabelEntry| matches!(entry, LabelEntry::Spread { .. });
            if let Some(before) = before.filter(|before| is_spread(before) || is_spread(entry)) {
                self.swap(self.label_place(before), place);
            }
            self.remove(ChangeKind::LabelRemoved, place, place);
            let (LabelEntry::Spread { value, .. } | LabelEntry::Set(_, value)) = entry;
            self.value(value);
            before = Some(entry);
        }
    }

    fn label_place(&self, entry: &LabelEntry) -> Span {
        match entry {
            LabelEntry::Spread { span, .. } => *span,
            LabelEntry::Set(name, value) => name.span.to(with_parentheses(self.sources, value.span)),
        }
    }

    fn table(&mut self, table: &Table) {
        if let Some(place) = table.ignore_case {
            let shown = table.name.span.to(place);
            self.remove(ChangeKind::CaseCounts, shown, place);
        }
        if let TableBody::Arms(arms, _) = &table.body {
            self.arms(arms);
        }
    }

    fn schedule(&mut self, schedule: &Schedule) {
        for line in &schedule.lines {
            let ends = match &line.windows {
                LineWindows::OnDays { times, .. } => times.iter().map(|time| (&time.first, &time.last)).collect(),
                LineWindows::Spans(spans) => spans.iter().map(|span| (&span.first, &span.last)).collect::<Vec<_>>(),
            };
            for (first, last) in ends {
                let shown = first.span.to(last.span);
                let later = clock_hour(&last.text).filter(|hour| hour + 1 < 24);
                let earlier = clock_hour(&first.text).and_then(|hour| hour.checked_sub(1));
                let at = |hour: u8, text: &str| format!("{hour:02}{}", text.get(2..).unwrap_or_default());
                if let Some(hour) = later {
                    self.add(ChangeKind::WiderWindow, shown, [(last.span, at(hour + 1, &last.text))]);
                } else if let Some(hour) = earlier {
                    self.add(ChangeKind::WiderWindow, shown, [(first.span, at(hour, &first.text))]);
                }
            }
        }
    }

    fn integration(&mut self, integration: &Integration) {
        for route in &integration.routes {
            self.destinations(route.span, &route.destinations);
        }
    }

    fn block(&mut self, path: &str, block: &Block) {
        let line_path = |line: &Line| -> Box<str> {
            format!("{path}.{}", line.name.as_ref().map_or("else", |name| &name.text)).into()
        };
        let mut before: Option<&Line> = None;
        for line in &block.lines {
            let own = line_path(line);
            if let Some(before) = before.filter(|_| line.kind != LineKind::Else) {
                self.owner = ChangeOwner::Lines(vec![line_path(before), own.clone()]);
                self.swap(before.span, line.span);
            }
            self.owner = ChangeOwner::Lines(vec![own.clone()]);
            self.remove(ChangeKind::LineRemoved, line.span, line.span);
            self.head(line);
            match &line.body {
                LineBody::Block(inner) => self.block(&own, inner),
                LineBody::Match(choice) => self.choice(choice),
                LineBody::Target(target) => self.target(target),
            }
            before = Some(line);
        }
    }

    fn head(&mut self, line: &Line) {
        if let Some(name) = &line.name {
            let words = Span { end: name.span.start, ..line.head };
            let kind = match line.kind {
                LineKind::Route | LineKind::Always => "also route ",
                LineKind::AlsoRoute => "route ",
                LineKind::Else => return,
            };
            self.add(ChangeKind::LineKind, line.head.before().to(name.span), [(words, kind.to_owned())]);
        }
        if let (Some(when), Some(name)) = (&line.when, &line.name) {
            let condition = Span { start: name.span.end, ..line.head };
            self.remove(ChangeKind::ConditionRemoved, line.head, condition);
            self.whole_condition(when);
        }
    }

    /// The target of a line or an arm.
    pub(super) fn target(&mut self, target: &Target) {
        match &target.kind {
            TargetKind::Destinations(all) => self.destinations(target.span, all),
            TargetKind::Nothing(_) => self.add(ChangeKind::Target, target.span, [(target.span, "decline".to_owned())]),
            TargetKind::Decline => {
                if let Some(channel) = self.names.channels.first() {
                    self.add(ChangeKind::Target, target.span, [(target.span, channel.to_string())]);
                }
            }
        }
    }

    fn destinations(&mut self, shown: Span, all: &[Destination]) {
        for destination in all {
            let other = match destination {
                Destination::Channel(name) => {
                    let taken = |channel: &str| {
                        all.iter().any(|each| matches!(each, Destination::Channel(own) if *own.text == *channel))
                    };
                    next(&self.names.channels, &name.text)
                        .find(|other| !taken(other))
                        .map(std::string::ToString::to_string)
                }
                Destination::Routing(name, _) => {
                    next(&self.names.routings, &name.text).next().map(|other| format!("routing {other}"))
                }
                Destination::Member(reference) => {
                    self.value(&reference.value);
                    continue;
                }
            };
            if let Some(other) = other {
                self.add(ChangeKind::Target, shown, [(destination.span(), other)]);
            }
        }
    }
}

/// The hour of `HH:MM`.
fn clock_hour(text: &str) -> Option<u8> {
    text.get(..2)?.parse().ok()
}

/// The names behind a name, and then those before it.
fn next<'n>(names: &'n [Box<str>], name: &str) -> impl Iterator<Item = &'n Box<str>> {
    let at = names.iter().position(|each| **each == *name);
    let (before, behind) = names.split_at(at.map_or(0, |at| at + 1));
    behind.iter().chain(before.iter().take(before.len().saturating_sub(1)))
}

/// Another constant of the same kind.
pub(super) fn other_constant(name: &str) -> Option<&'static str> {
    let severity = Severity::ALL.iter().position(|each| each.name() == name);
    if let Some(at) = severity {
        return Severity::ALL.get((at + 1) % Severity::ALL.len()).map(|other| other.name());
    }
    let status = AlertStatus::ALL.iter().position(|each| each.name() == name)?;
    AlertStatus::ALL.get((status + 1) % AlertStatus::ALL.len()).map(|other| other.name())
}

impl ChangeList<'_> {
    /// The place of a word between two places.
    pub(super) fn word_between(&self, first: Span, second: Span, word: &str) -> Option<Span> {
        find_word(self.sources, Span { start: first.end, end: second.start, ..first }, word)
    }
}
