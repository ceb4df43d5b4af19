//! `group.` in the parameters of channels: what a message says of its group, as values.

use crate::event::{GroupFacts, GroupField};
use crate::json::{self, Arena, Number};
use crate::value::RuntimeValue;

/// What a message says of its group, in the arena of its parameters.
#[derive(Clone, Copy)]
pub(super) struct GroupTexts<'v> {
    values: [RuntimeValue<'v>; GroupField::ALL.len()],
}

impl<'v> GroupTexts<'v> {
    pub(super) fn new(facts: &GroupFacts, arena: &'v Arena) -> Self {
        let count = |count: u32| RuntimeValue::Number(Number::Natural(count.into()));
        let values = GroupField::ALL.map(|field| match field {
            GroupField::Reason => RuntimeValue::Text(facts.reason),
            GroupField::Firing => count(facts.firing),
            GroupField::Critical => count(facts.critical),
            GroupField::Resolved => count(facts.resolved),
            GroupField::Muted => count(facts.muted),
            GroupField::News => count(facts.news),
            GroupField::Changes => count(facts.changes),
            GroupField::Since => facts.since.map_or(RuntimeValue::Missing, RuntimeValue::Time),
            GroupField::Alerts => alerts(facts, arena),
        });
        Self { values }
    }

    pub(super) fn get(&self, field: GroupField) -> RuntimeValue<'v> {
        self.values.get(field as usize).copied().unwrap_or(RuntimeValue::Missing)
    }
}

/// The alerts as a list of the JSON of their events.
fn alerts<'v>(facts: &GroupFacts, arena: &'v Arena) -> RuntimeValue<'v> {
    let text = arena.text(&serde_json::to_string(&facts.alerts).unwrap_or_default());
    json::parse(text.as_bytes(), arena).map_or(RuntimeValue::Missing, |list| RuntimeValue::of_json(list.root))
}
