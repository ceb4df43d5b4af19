//! Names in mappings and heartbeats.

use super::super::name::{NameId, NameKind, NameRole, WordMeaning};
use super::expression::field_named;
use super::{NameScope, NameWalker};
use crate::model::EventField;
use crate::syntax::tree::{Heartbeat, HeartbeatLineKind, Identifier, LabelEntry, Mapping, MappingStatementKind};

impl NameWalker<'_> {
    pub(super) fn declare_mapping(&mut self, id: NameId, mapping: &Mapping) {
        let sets_source = mapping.statements.iter().any(|statement| {
            matches!(&statement.kind, MappingStatementKind::Field(name, _) if &*name.text == EventField::Source.name())
        });
        if sets_source {
            self.own_sources.insert(id);
        }
    }

    pub(super) fn mapping(&mut self, mapping: &Mapping) {
        let owner = self.declared.get(&(NameKind::Mapping, mapping.name.text.clone())).copied();
        let mut scope = NameScope::default();
        for statement in &mapping.statements {
            if let MappingStatementKind::Let(name, _) = &statement.kind {
                let id = self.declare_name(NameKind::Let, name, Some(statement.span), owner);
                scope.locals.entry(name.text.clone()).or_insert(id);
            }
        }
        for statement in &mapping.statements {
            match &statement.kind {
                MappingStatementKind::Accept(when, reason) => {
                    self.expression(when, &scope);
                    if let Some(reason) = reason {
                        self.template(reason, &scope);
                    }
                }
                MappingStatementKind::Drop(when, reason) => {
                    self.expression(when, &scope);
                    self.template(reason, &scope);
                }
                MappingStatementKind::Each(value) | MappingStatementKind::Let(_, value) => {
                    self.expression(value, &scope);
                }
                MappingStatementKind::Field(name, value) => {
                    self.field(name);
                    self.expression(value, &scope);
                }
                MappingStatementKind::Labels(entries) => self.labels(entries, &scope),
            }
        }
    }

    fn field(&mut self, name: &Identifier) {
        if let Some(field) = field_named(&name.text) {
            self.add(name.span, WordMeaning::Field(field), NameRole::Declares);
        }
    }

    fn labels(&mut self, entries: &[LabelEntry], scope: &NameScope) {
        for entry in entries {
            match entry {
                LabelEntry::Spread { value, .. } => self.expression(value, scope),
                LabelEntry::Set(name, value) => {
                    let place = self.inside(name.span);
                    self.label(&name.value, place, NameRole::Declares);
                    self.expression(value, scope);
                }
            }
        }
    }

    pub(super) fn heartbeat(&mut self, heartbeat: &Heartbeat) {
        let scope = NameScope::event();
        for line in &heartbeat.lines {
            match &line.kind {
                HeartbeatLineKind::When(when) => self.expression(when, &scope),
                HeartbeatLineKind::By(values) => values.iter().for_each(|value| self.expression(value, &scope)),
                HeartbeatLineKind::Timeout(_) => {}
                HeartbeatLineKind::Field(name, value) => {
                    self.field(name);
                    self.expression(value, &scope);
                }
                HeartbeatLineKind::Labels(entries) => self.labels(entries, &scope),
                HeartbeatLineKind::Target(destinations) => self.destinations(destinations, &scope),
            }
        }
    }
}
