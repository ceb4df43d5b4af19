//! Names in tables, channels and integrations.

use super::super::name::{NameId, NameKind, NamePlace, NameRole, WordMeaning};
use super::{NameScope, NameWalker};
use crate::channel::{self, ParameterKind, ParameterSpec};
use crate::syntax::tree::{
    Channel, ChannelFamily, Expression, ExpressionKind, FamilySource, Identifier, Integration, NamedArgument,
    NavigationSegment, NavigationStep, Table, TableBody, Template,
};

impl NameWalker<'_> {
    pub(super) fn declare_family(&mut self, id: NameId, channel: &Channel) {
        let Some(ChannelFamily { column, source }) = &channel.family else { return };
        match source {
            FamilySource::Csv(file) => {
                let path = self.file(file);
                self.family_cells.insert(id, (path, column.text.clone()));
            }
            FamilySource::List(values) => {
                for value in values {
                    let name = Identifier { text: value.value.clone(), span: self.inside(value.span) };
                    let member = self.declare_name(NameKind::Member, &name, None, Some(id));
                    self.members.entry((id, value.value.clone())).or_insert(member);
                }
            }
        }
    }

    pub(super) fn table(&mut self, table: &Table) {
        let owner = self.declared.get(&(NameKind::Table, table.name.text.clone())).copied();
        match &table.body {
            TableBody::Csv { column, file, .. } => {
                let path = self.file(file);
                for name in table.parameters.iter().chain([column]) {
                    self.column(&path, name);
                }
            }
            TableBody::Arms(arms, _) => {
                let mut scope = NameScope::default();
                for name in &table.parameters {
                    let id = self.declare_name(NameKind::TableParameter, name, None, owner);
                    scope.locals.insert(name.text.clone(), id);
                }
                for arm in arms {
                    let operands = arm.tests().flat_map(|(_, test)| test.operands());
                    operands.for_each(|operand| self.expression(operand, &scope));
                    self.expression(&arm.result, &scope);
                    arm.note.iter().for_each(|note| self.template(note, &scope));
                }
            }
        }
    }

    pub(super) fn channel(&mut self, channel: &Channel) {
        let kind = channel::find(&channel.kind.text);
        if let Some(kind) = kind {
            self.add(channel.kind.span, WordMeaning::ChannelKind(kind), NameRole::Uses);
        }
        let mut scope = NameScope { event: true, group: true, ..NameScope::default() };
        if let Some(ChannelFamily { column, source }) = &channel.family {
            let id = self.declared.get(&(NameKind::Channel, channel.name.text.clone())).copied();
            match (source, id.and_then(|id| self.family_cells.get(&id)).cloned()) {
                (FamilySource::Csv(_), Some((path, _))) => {
                    self.column(&path, column);
                    scope.columns = Some(path);
                }
                (FamilySource::Csv(_), None) => {}
                (FamilySource::List(_), _) => {
                    let local = self.declare_name(NameKind::Column, column, None, id);
                    scope.locals.insert(column.text.clone(), local);
                }
            }
        }
        for argument in &channel.parameters {
            let spec = kind.and_then(|kind| kind.all_parameters().find(|spec| *spec.name == *argument.name.text));
            self.parameter(argument, spec, &scope);
        }
    }

    fn parameter(&mut self, argument: &NamedArgument, spec: Option<&'static ParameterSpec>, scope: &NameScope) {
        if let Some(spec) = spec {
            self.add(argument.name.span, WordMeaning::Parameter(spec), NameRole::Uses);
        }
        if spec.is_some_and(|spec| spec.takes == ParameterKind::Channel) {
            self.named_channel(&argument.value);
        } else {
            self.expression(&argument.value, scope);
        }
    }

    /// `chat` or `team_chat["pay"]` as the value of a parameter.
    fn named_channel(&mut self, value: &Expression) {
        if let ExpressionKind::Name(name) = &value.kind {
            self.refer_to(NameKind::Channel, name);
        }
        if let ExpressionKind::Navigate(base, segments) = &value.kind
            && let (ExpressionKind::Name(name), [segment]) = (&base.kind, segments.as_slice())
            && let Some(family) = self.refer_to(NameKind::Channel, name)
            && let NavigationSegment { step: NavigationStep::Member(member), span } = segment
        {
            let inside = self.inside(*span);
            let place = crate::source::Span { end: inside.start.saturating_add(length(member)), ..inside };
            self.member(family, member, place);
        }
    }

    /// A member of a family, by its value.
    pub(super) fn member(&mut self, family: NameId, name: &str, span: crate::source::Span) {
        if self.sources.text(span) != name {
            return;
        }
        let key = (family, name.into());
        let id = match (self.members.get(&key), self.family_cells.get(&family).cloned()) {
            (Some(id), _) => *id,
            (None, Some((path, column))) => {
                let place = NamePlace::Cell(path, column);
                let id = self.declare_at(NameKind::Member, name, place, None, Some(family));
                self.members.insert(key, id);
                id
            }
            (None, None) => return,
        };
        self.add(span, WordMeaning::Declared(id), NameRole::Uses);
    }

    /// The value in the brackets behind the name of a family.
    pub(super) fn member_value(&mut self, family: Option<NameId>, value: &Expression, scope: &NameScope) {
        if let ExpressionKind::Template(template) = &value.kind
            && let Some(text) = Template::plain(template)
            && let Some(family) = family
            && let Some(place) = self.written(template.span, text)
        {
            self.member(family, text, place);
        }
        self.expression(value, scope);
    }

    pub(super) fn integration(&mut self, integration: &Integration) {
        for argument in &integration.parameters {
            let mut specs = channel::integration::PARAMETERS.iter();
            let spec = specs.find(|spec| *spec.name == *argument.name.text);
            self.parameter(argument, spec, &NameScope::default());
        }
        for route in &integration.routes {
            for mapping in &route.mappings {
                self.refer_to(NameKind::Mapping, mapping);
            }
            self.destinations(&route.destinations, &NameScope::event());
        }
    }
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}
