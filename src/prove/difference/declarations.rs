//! The declarations besides routings that are not the same in both rule sets.

use super::declared::{DeclarationKind, DeclaredItem, DeclaredPart, PartText, declarations};
use super::rule_sets::{ComparedModel, RuleSets, Side};
use super::uses::{UsedDeclaration, uses_of_line};
use crate::model::Model;
use crate::prove::effort::ProofEffort;
use crate::source::Span;

/// A declaration that is not the same in both rule sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedDeclaration {
    /// What it declares.
    pub kind: DeclarationKind,
    /// Its name.
    pub name: Box<str>,
    /// The place of its name in the old rules, if it is there.
    pub old: Option<Span>,
    /// The place of its name in the new rules, if it is there.
    pub new: Option<Span>,
    /// The parts that changed, if it is in both.
    pub parts: Vec<ChangedPart>,
    /// The lines of routings that use it: those of the new rules; those of the old ones if it is gone.
    pub used_by: Vec<Box<str>>,
}

/// A part of a declaration that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedPart {
    /// What it is: `severity`, `row "db"`.
    pub name: String,
    /// What it says in the old rules, where it is a text of its own.
    pub old: Option<PartText>,
    /// What it says in the new rules.
    pub new: Option<PartText>,
}

/// The declarations that are not the same, by kind and name. Routings are listed only where one rule set does not have
/// them.
#[must_use]
pub fn changed_declarations(old: ComparedModel<'_, '_>, new: ComparedModel<'_, '_>) -> Vec<ChangedDeclaration> {
    let mut sets = RuleSets::new(old, new, ProofEffort::default());
    let mut old = declarations(&mut sets, Side::Old);
    let new = declarations(&mut sets, Side::New);
    let mut changed = Vec::new();
    for ((kind, name), declared) in new {
        let before = old.remove(&(kind, name.clone()));
        let parts = before.as_ref().map(|before| changed_parts(before, &declared)).unwrap_or_default();
        if before.is_none() || !parts.is_empty() {
            let used_by = used_by(sets.model(Side::New), kind, &name);
            let old = before.map(|before| before.span);
            changed.push(ChangedDeclaration { kind, name, old, new: Some(declared.span), parts, used_by });
        }
    }
    for ((kind, name), declared) in old {
        let used_by = used_by(sets.model(Side::Old), kind, &name);
        changed.push(ChangedDeclaration {
            kind,
            name,
            old: Some(declared.span),
            new: None,
            parts: Vec::new(),
            used_by,
        });
    }
    changed.sort_by(|one, two| (one.kind, &one.name).cmp(&(two.kind, &two.name)));
    changed
}

fn changed_parts(old: &DeclaredItem, new: &DeclaredItem) -> Vec<ChangedPart> {
    let names = old.parts.keys().chain(new.parts.keys().filter(|name| !old.parts.contains_key(*name)));
    let changed = |name: &String| {
        let (old, new) = (old.parts.get(name), new.parts.get(name));
        if old.map(|part| &part.meaning) == new.map(|part| &part.meaning) {
            return None;
        }
        let text = |part: Option<&DeclaredPart>| part.map(|part| part.text.clone());
        Some(ChangedPart { name: name.clone(), old: text(old), new: text(new) })
    };
    names.filter_map(changed).collect()
}

/// The paths of the lines that use a declaration.
fn used_by(model: &Model, kind: DeclarationKind, name: &str) -> Vec<Box<str>> {
    fn named<T>(all: &[T], name: &str, of: impl Fn(&T) -> &str) -> Option<usize> {
        all.iter().position(|each| of(each) == name)
    }
    let used = match kind {
        DeclarationKind::Channel => {
            let channel = model.channels.iter().find(|channel| *channel.name == *name);
            match channel.and_then(|channel| channel.member.as_ref()) {
                Some(member) => Some(UsedDeclaration::Family(member.family)),
                None => Some(UsedDeclaration::Channel(name.into())),
            }
        }
        DeclarationKind::Family => named(&model.families, name, |each| &each.name).map(UsedDeclaration::Family),
        DeclarationKind::Define => named(&model.defines, name, |each| &each.name).map(UsedDeclaration::Define),
        DeclarationKind::Table => named(&model.tables, name, |each| &each.name).map(UsedDeclaration::Table),
        DeclarationKind::Schedule => named(&model.schedules, name, |each| &each.name).map(UsedDeclaration::Schedule),
        DeclarationKind::Mapping
        | DeclarationKind::Integration
        | DeclarationKind::Mute
        | DeclarationKind::Heartbeat
        | DeclarationKind::Routing => None,
    };
    let Some(used) = used else { return Vec::new() };
    let lines = model.routing_lines().filter(|line| uses_of_line(model, line).contains(&used));
    lines.map(|line| (*line.path).into()).collect()
}
