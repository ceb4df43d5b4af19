//! Which cases reach a change.

use super::change::ChangeOwner;
use crate::model::{Comparator, Expression, ExpressionKind, Model, ReachedNode, RoutingLineBody, Target};
use crate::suite::coverage::CoverageHits;
use crate::suite::plan::TestPlan;
use crate::syntax::tree::TestSubject;
use std::collections::{BTreeMap, BTreeSet};

/// One case of the tests: the number of its test, and its number in it.
pub(super) type CaseNumber = (usize, usize);

/// What the cases of the unchanged rules reach.
#[derive(Debug, Default)]
pub(super) struct CaseReach {
    all: BTreeSet<CaseNumber>,
    /// Those of which it is not known: sequences, and the messages of channels.
    unknown: BTreeSet<CaseNumber>,
    mappings: BTreeMap<Box<str>, BTreeSet<CaseNumber>>,
    lines: BTreeMap<Box<str>, BTreeSet<CaseNumber>>,
}

/// What uses a part of the rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ChangeUsers {
    pub(super) mappings: BTreeSet<Box<str>>,
    pub(super) lines: BTreeSet<Box<str>>,
    /// Whether something else does: a channel, a mute, a heartbeat, an integration.
    pub(super) has_others: bool,
}

impl CaseReach {
    /// Adds a case that ran.
    pub(super) fn add(&mut self, case: CaseNumber, plan: &TestPlan<'_>, hits: &CoverageHits) {
        self.all.insert(case);
        if plan.is_sequence() || matches!(plan.subject, None | Some((TestSubject::Channel, _))) {
            self.unknown.insert(case);
        }
        for mapping in &hits.mappings {
            self.mappings.entry(mapping.clone()).or_default().insert(case);
        }
        for line in &hits.tried {
            self.lines.entry(line.clone()).or_default().insert(case);
        }
    }

    /// The cases that may reach one of the users.
    pub(super) fn of(&self, users: &ChangeUsers) -> BTreeSet<CaseNumber> {
        if users.has_others {
            return self.all.clone();
        }
        let mappings = users.mappings.iter().filter_map(|mapping| self.mappings.get(mapping));
        let lines = users.lines.iter().filter_map(|line| self.lines.get(line));
        mappings.chain(lines).flatten().chain(&self.unknown).copied().collect()
    }

    /// Whether a case is known to reach one of the users.
    pub(super) fn is_known(&self, users: &ChangeUsers) -> bool {
        users.has_others && !self.all.is_empty()
            || users.mappings.iter().any(|mapping| self.mappings.contains_key(mapping))
            || users.lines.iter().any(|line| self.lines.contains_key(line))
    }
}

impl ChangeUsers {
    /// Whether a statement about routings may notice.
    pub(super) fn may_change_routings(&self) -> bool {
        self.has_others || !self.lines.is_empty()
    }

    /// What uses the part of the rules that changes.
    pub(super) fn of(model: &Model, owner: &ChangeOwner) -> Self {
        let mut users = Self::default();
        match owner {
            ChangeOwner::Mapping(name) => _ = users.mappings.insert(name.clone()),
            ChangeOwner::Lines(paths) => users.lines.extend(paths.iter().cloned()),
            ChangeOwner::Integration(_) => users.has_others = true,
            ChangeOwner::Table(_) | ChangeOwner::Define(_) | ChangeOwner::Schedule(_) => {
                users.add_users(model, owner);
            }
        }
        users
    }

    fn add_users(&mut self, model: &Model, owner: &ChangeOwner) {
        let uses = |expression: &Expression| uses(model, expression, owner);
        for mapping in &model.mappings {
            let mut found = false;
            mapping.each_accept(&mut |part| found |= uses(part));
            mapping.each_value(&mut |part| found |= uses(part));
            if found {
                self.mappings.insert(mapping.name.clone());
            }
        }
        for line in model.routing_lines() {
            let mut found = line.when.as_ref().is_some_and(uses);
            if let RoutingLineBody::Match(choice) = &line.body {
                choice.each_condition(&mut |part| found |= uses(part));
                found |= choice.tests().any(|(test, _)| is_during(model, test, owner));
            }
            let targets: Vec<&Target> = line.body.own_targets();
            for target in &targets {
                target.each_expression(&mut |part| found |= uses(part));
            }
            if found {
                self.lines.insert((*line.path).into());
            }
        }
        let mut others = false;
        let mut see = |part: &Expression| others |= uses(part);
        model.mutes.iter().for_each(|mute| mute.each_expression(&mut see));
        for heartbeat in &model.heartbeats {
            see(&heartbeat.when);
            heartbeat.by.iter().for_each(|value| see(&value.value));
            see(&heartbeat.title);
            heartbeat.labels.iter().for_each(|(_, value)| see(value));
        }
        let channels = model.channels.iter().flat_map(|channel| &channel.parameters);
        let parameters = channels.chain(model.integrations.iter().flat_map(|integration| &integration.parameters));
        parameters.for_each(|(_, value)| value.each_expression(&mut see));
        self.has_others = others;
    }
}

/// Whether an expression depends on a table, a define or a schedule.
fn uses(model: &Model, expression: &Expression, owner: &ChangeOwner) -> bool {
    let mut found = false;
    model.each_reached(expression, &mut |node| {
        found |= match node {
            ReachedNode::Test(test, _) => is_during(model, test, owner),
            ReachedNode::Expression(expression) => match (&expression.kind, owner) {
                (ExpressionKind::Define(id), ChangeOwner::Define(name)) => {
                    model.defines.get(*id).is_some_and(|define| define.name == *name)
                }
                (ExpressionKind::Lookup(id, _), ChangeOwner::Table(name)) => {
                    model.tables.get(*id).is_some_and(|table| table.name == *name)
                }
                _ => false,
            },
        };
    });
    found
}

fn is_during(model: &Model, test: &Comparator, owner: &ChangeOwner) -> bool {
    let (Comparator::During(id), ChangeOwner::Schedule(name)) = (test, owner) else { return false };
    model.schedules.get(*id).is_some_and(|schedule| schedule.name == *name)
}
