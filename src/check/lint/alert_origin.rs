//! What a condition over an event says of where the event comes from, as far as it is written in equalities: no solver is asked.

use crate::model::{
    Comparator, Comparison, ComparisonSubject, Condition, EventField, Expression, ExpressionKind, Integration,
    LabelEntry, Literal, Mapping, Model,
};

/// What an equality asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedPart<'m> {
    /// A field.
    Field(EventField),
    /// A label.
    Label(&'m str),
}

/// The equalities that hold of every event that meets a condition.
pub(super) struct Equalities<'m> {
    asked: Vec<(AskedPart<'m>, &'m str)>,
}

impl<'m> Equalities<'m> {
    pub(super) fn of(model: &'m Model, condition: &'m Expression) -> Self {
        let mut found = Self { asked: Vec::new() };
        found.add(model, condition);
        found
    }

    fn add(&mut self, model: &'m Model, condition: &'m Expression) {
        for part in condition.conjuncts() {
            match part.condition() {
                Condition::Define(id) => {
                    if let Some(define) = model.defines.get(id) {
                        self.add(model, &define.value);
                    }
                }
                Condition::Compare(comparison) => self.asked.extend(equality(comparison)),
                Condition::And(_) | Condition::Or(_) | Condition::Not(_) | Condition::Value => {}
            }
        }
    }

    /// What the events have as this part, where that is known.
    pub(super) fn value(&self, part: AskedPart<'_>) -> Option<&'m str> {
        self.asked.iter().find(|(asked, _)| *asked == part).map(|(_, text)| *text)
    }

    /// The integrations that may give such an event.
    pub(super) fn integrations(&self, model: &'m Model) -> impl Iterator<Item = &'m Integration> {
        let may_give = |integration: &Integration| {
            let is_named =
                self.value(AskedPart::Field(EventField::Integration)).is_none_or(|name| *integration.name == *name);
            let mut mappings = integration.mappings.iter().filter_map(|id| model.mappings.get(*id));
            is_named && mappings.any(|mapping| self.may_be_of(mapping))
        };
        model.integrations.iter().filter(move |integration| may_give(integration)).collect::<Vec<_>>().into_iter()
    }

    /// Whether a mapping may make such an event: it may set each label.
    fn may_be_of(&self, mapping: &Mapping) -> bool {
        self.asked.iter().all(|(part, text)| match part {
            AskedPart::Field(_) => true,
            AskedPart::Label(name) => mapping.labels.iter().any(|entry| match entry {
                LabelEntry::Spread(..) => true,
                LabelEntry::Set(set, value) => {
                    **set == **name && !matches!(value.literal(), Some(Literal::Text(other)) if **other != **text)
                }
            }),
        })
    }
}

/// `labels.alert == "Watchdog"`
fn equality(comparison: &Comparison) -> Option<(AskedPart<'_>, &str)> {
    let ComparisonSubject::Value(subject) = &comparison.subject else { return None };
    let Comparator::Equal(value) = &comparison.test else { return None };
    let Some(Literal::Text(text)) = value.literal() else { return None };
    let part = if let ExpressionKind::Label(name) = &subject.kind {
        AskedPart::Label(name)
    } else if let ExpressionKind::Field(field) = subject.kind {
        AskedPart::Field(field)
    } else {
        return None;
    };
    (!comparison.negated).then_some((part, text))
}
