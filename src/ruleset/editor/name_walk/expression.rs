//! Names in values and conditions.

use super::super::name::{NameId, NameKind, NameRole, WordMeaning};
use super::{NameScope, NameWalker};
use crate::event::{AlertStatus, GroupField, Severity};
use crate::function;
use crate::model::EventField;
use crate::source::Span;
use crate::syntax::tree::{
    Comparator, Comparison, ComparisonSubject, Expression, ExpressionKind, Identifier, Match, MatchArm,
    NavigationSegment, NavigationStep, Template,
};

/// What is called like a function and is not one: it has no meaning of its own outside of mappings and parameters.
pub(in crate::ruleset::editor) const CALLS: [&str; 4] = ["env", "secret_file", "header", "path_suffix"];

impl NameWalker<'_> {
    pub(super) fn expression(&mut self, value: &Expression, scope: &NameScope) {
        match &value.kind {
            ExpressionKind::Name(name) => self.name(name, scope),
            ExpressionKind::Constant(name) => self.constant(&name.text, name.span),
            ExpressionKind::Call(name, _) => self.call(name),
            ExpressionKind::Navigate(base, segments) if self.navigate(base, segments, scope) => return,
            ExpressionKind::Compare(comparison) => self.comparison(comparison, scope),
            ExpressionKind::Match(choice) => self.match_sources(choice, scope),
            ExpressionKind::Null
            | ExpressionKind::Missing
            | ExpressionKind::Boolean(_)
            | ExpressionKind::Number(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::Duration(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => {}
        }
        value.each_part(&mut |part| self.expression(part, scope));
    }

    pub(super) fn template(&mut self, template: &Template, scope: &NameScope) {
        template.values().for_each(|value| self.expression(value, scope));
    }

    fn name(&mut self, name: &Identifier, scope: &NameScope) {
        if let Some(id) = scope.locals.get(&name.text) {
            self.add(name.span, WordMeaning::Declared(*id), NameRole::Uses);
        } else if let Some(field) = field_named(&name.text).filter(|_| scope.event) {
            self.add(name.span, WordMeaning::Field(field), NameRole::Uses);
        } else if scope.event && self.refer_to(NameKind::Define, name).is_some() {
        } else if let Some(file) = &scope.columns {
            self.column(file, name);
        }
    }

    pub(super) fn constant(&mut self, name: &str, span: Span) {
        let severities = Severity::ALL.into_iter().map(Severity::name);
        let mut constants = severities.chain(AlertStatus::ALL.into_iter().map(AlertStatus::name));
        if let Some(known) = constants.find(|known| *known == name) {
            self.add(span, WordMeaning::Constant(known), NameRole::Uses);
        }
    }

    fn call(&mut self, name: &Identifier) {
        let call = CALLS.into_iter().find(|call| **call == *name.text).map(WordMeaning::Call);
        match call.or_else(|| function::find(&name.text).map(WordMeaning::Function)) {
            Some(meaning) => self.add(name.span, meaning, NameRole::Uses),
            None => {
                self.refer_to(NameKind::Table, name);
            }
        }
    }

    /// `labels.name` and `group.name`; whether it was one of them.
    fn navigate(&mut self, base: &Expression, segments: &[NavigationSegment], scope: &NameScope) -> bool {
        let ExpressionKind::Name(name) = &base.kind else { return false };
        let Some(NavigationSegment { step: NavigationStep::Member(member), span }) = segments.first() else {
            return false;
        };
        let place = self.segment_place(*span);
        if scope.locals.contains_key(&name.text) || !scope.event {
            return false;
        }
        if &*name.text == EventField::Labels.name() {
            self.add(name.span, WordMeaning::Field(EventField::Labels), NameRole::Uses);
            self.label(member, place, NameRole::Uses);
            return true;
        }
        let field = GroupField::ALL.into_iter().find(|field| field.name() == &**member);
        if let Some(field) = field.filter(|_| scope.group && &*name.text == "group") {
            self.add(place, WordMeaning::GroupField(field), NameRole::Uses);
            return true;
        }
        false
    }

    /// The name in `.name` or `["name"]`.
    fn segment_place(&self, span: Span) -> Span {
        if self.sources.text(span).starts_with('.') {
            return Span { start: span.start + 1, ..span };
        }
        let text = self.sources.text(span);
        let (first, last) = (text.find('"').map_or(0, |at| at + 1), text.rfind('"').unwrap_or(text.len()));
        let start = span.range().start;
        Span::new(span.file, start + first, start + last)
    }

    fn comparison(&mut self, comparison: &Comparison, scope: &NameScope) {
        if let Comparator::During(schedule) = &comparison.test {
            self.refer_to(NameKind::Schedule, schedule);
        }
        if let ComparisonSubject::Value(subject) = &comparison.subject {
            self.sources_in(subject, comparison.test.operands(), scope);
        }
    }

    fn match_sources(&mut self, choice: &Match<Expression>, scope: &NameScope) {
        self.arm_sources(choice.subjects.first(), &choice.arms, scope);
    }

    /// The names in the patterns of a match over `source` or `integration`.
    pub(super) fn arm_sources<R>(&mut self, subject: Option<&Expression>, arms: &[MatchArm<R>], scope: &NameScope) {
        let Some(subject) = subject else { return };
        for (_, test) in arms.iter().flat_map(MatchArm::tests) {
            self.sources_in(subject, test.operands(), scope);
        }
    }

    /// `source == "arms"`: a string that is the name of a mapping or an integration.
    fn sources_in(&mut self, subject: &Expression, operands: &[Expression], scope: &NameScope) {
        let ExpressionKind::Name(name) = &subject.kind else { return };
        if !scope.event || scope.locals.contains_key(&name.text) {
            return;
        }
        let Some(field) = field_named(&name.text) else { return };
        for operand in operands {
            if let ExpressionKind::Template(template) = &operand.kind
                && let Some(text) = template.plain()
            {
                self.source_text(field, text, template.span);
            }
        }
    }

    /// A string that stands for the field of an event: of `source` and `integration` it may be a name of the rules.
    pub(super) fn source_text(&mut self, field: EventField, text: &str, span: Span) {
        let kind = match field {
            EventField::Source => NameKind::Mapping,
            EventField::Integration => NameKind::Integration,
            EventField::Severity
            | EventField::Status
            | EventField::Title
            | EventField::Key
            | EventField::Description
            | EventField::Labels
            | EventField::StartsAt
            | EventField::EndsAt
            | EventField::Link
            | EventField::Notes => return,
        };
        let Some(place) = self.written(span, text) else { return };
        if let Some(name) = text.strip_prefix("heartbeat ") {
            let start = place.range().end - name.len();
            self.refer(NameKind::Heartbeat, name, Span::new(place.file, start, place.range().end));
        } else if self.names_source(kind, text) {
            self.refer(kind, text, place);
        }
    }

    /// Whether events bear the name of the declaration.
    fn names_source(&self, kind: NameKind, name: &str) -> bool {
        let declared: Option<&NameId> = self.declared.get(&(kind, name.into()));
        declared.is_some_and(|id| !self.own_sources.contains(id))
    }
}

/// The field of that name.
pub(super) fn field_named(word: &str) -> Option<EventField> {
    EventField::ALL.into_iter().find(|field| field.name() == word)
}
