//! The matches of a mapping, each with what holds for every payload for which it is evaluated.

use super::{Guard, GuardRole, MappingProver, MappingView};
use crate::model::{EventField, Expression, ExpressionKind, LabelEntry, LetStage, Mapping, Match};
use crate::prove::formula::Formula;

/// A match, and what leads to it.
pub(super) struct MatchPlace<'m> {
    pub(super) choice: &'m Match<Expression>,
    pub(super) guards: Vec<Guard>,
}

impl<'m> MappingProver<'m, '_> {
    /// All matches of a mapping.
    pub(super) fn matches(&mut self, view: &MappingView<'m>) -> Vec<MatchPlace<'m>> {
        let mut found = Vec::new();
        let mapping: &'m Mapping = view.mapping;
        self.accept_matches(view, &mut found);
        for (position, own) in mapping.lets.iter().enumerate() {
            let guards = match own.stage {
                LetStage::Payload => self.before_let(view, position),
                LetStage::Element => Self::accepted(view),
            };
            self.walk(&own.value, &guards, &mut found);
        }
        let accepted = Self::accepted(view);
        let mut before = accepted.clone();
        for (line, drop) in mapping.drops.iter().zip(&view.drops) {
            self.walk(&line.when, &before, &mut found);
            let mut dropped = before.clone();
            dropped.push(Guard::new(GuardRole::Around, *drop, line.when.span));
            self.walk(&line.because, &dropped, &mut found);
            before.push(Guard::new(GuardRole::NotDropped, drop.not(), line.when.span));
        }
        let kept = self.kept(view);
        for (field, value) in &mapping.fields {
            let guards = if *field == EventField::Status { &accepted } else { &kept };
            self.walk(value, guards, &mut found);
        }
        for entry in &mapping.labels {
            let (LabelEntry::Set(_, value) | LabelEntry::Spread(value, _)) = entry;
            self.walk(value, &kept, &mut found);
        }
        found
    }

    fn accept_matches(&mut self, view: &MappingView<'m>, found: &mut Vec<MatchPlace<'m>>) {
        let mut before: Vec<Guard> = Vec::new();
        for (position, line) in view.mapping.accept.iter().enumerate() {
            self.walk(&line.when, &before, found);
            if let Some(because) = &line.because {
                self.walk(because, &before, found);
            }
            before.extend(view.accepts.iter().filter(|(at, _)| *at == position).map(|(_, guard)| *guard));
        }
    }

    /// The conditions of `accept` that hold before a let gets its value.
    fn before_let(&self, view: &MappingView<'m>, position: usize) -> Vec<Guard> {
        let is_before = |line: &usize| view.mapping.accept.get(*line).is_some_and(|line| line.lets_above <= position);
        view.accepts.iter().filter(|(line, _)| is_before(line)).map(|(_, guard)| *guard).collect()
    }

    fn walk(&mut self, expression: &'m Expression, guards: &[Guard], found: &mut Vec<MatchPlace<'m>>) {
        match &expression.kind {
            ExpressionKind::Match(choice) => {
                let mut conditions = Vec::new();
                choice.subjects.iter().for_each(|subject| conditions.push(subject));
                choice.tests().flat_map(|(test, _)| test.operands()).for_each(|operand| conditions.push(operand));
                conditions.into_iter().for_each(|part| self.walk(part, guards, found));
                let (arms, _) = self.builder.arms(choice);
                for (arm, chosen) in choice.arms.iter().zip(arms) {
                    let mut inner = guards.to_vec();
                    inner.push(Guard::new(GuardRole::Around, chosen, arm.span));
                    self.walk(&arm.result, &inner, found);
                    if let Some(note) = &arm.note {
                        self.walk(note, &inner, found);
                    }
                }
                found.push(MatchPlace { choice, guards: guards.to_vec() });
            }
            ExpressionKind::Coalesce(parts) => {
                let mut inner = guards.to_vec();
                for part in parts {
                    self.walk(part, &inner, found);
                    let lacks_value = self.lacks_value(part);
                    inner.push(Guard::new(GuardRole::Around, lacks_value, part.span));
                }
            }
            _ => expression.each_part(&mut |part| self.walk(part, guards, found)),
        }
    }

    fn lacks_value(&mut self, part: &'m Expression) -> Formula {
        let cases = self.builder.value(part);
        self.builder.any_case(&cases, |builder, term| builder.has_value(term)).not()
    }
}
