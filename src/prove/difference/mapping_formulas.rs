//! What mappings make of payloads, as formulas over the places of a payload.

use crate::event::{AlertStatus, Severity};
use crate::model::{
    EventField, Expression, ExpressionKind, LabelEntry, Literal, Mapping, MappingId, Model, ReachedNode, TableRows,
};
use crate::pattern::{Case, Glob};
use crate::prove::formula::{Formula, FormulaBuilder, Formulas, MeaningScope, Term, ValueCase, term_key};
use crate::prove::mapping::{ElementPlace, has_element};
use crate::value::ValueType;

/// How many pairs of cases of two values are compared. Beyond, values are the same only if they are written alike.
const MAX_PAIRS: usize = 4_000;

/// What one mapping makes of payloads, as formulas.
pub(super) struct MappingFormulas<'m> {
    pub(super) mapping: &'m Mapping,
    pub(super) accepted: Formula,
    pub(super) dropped: Formula,
    /// Which reason an element is dropped for; missing where it is not.
    pub(super) reasons: Vec<ValueCase>,
    /// Which reason a payload is refused for; missing where it is not.
    pub(super) refusals: Vec<ValueCase>,
    pub(super) fields: Vec<(EventField, Vec<ValueCase>)>,
    pub(super) labels: Vec<Vec<ValueCase>>,
    /// The names of labels, and what spread objects leave out, in their order.
    pub(super) label_names: Vec<String>,
    pub(super) each: String,
    pub(super) element: Option<ElementPlace>,
    pub(super) has_element: Formula,
    /// All expressions that are evaluated where an event is made, each with what it says.
    pub(super) texts: Vec<(String, &'m Expression)>,
}

impl<'m> MappingFormulas<'m> {
    /// Reads a mapping. `number` is what it shares with the mapping that it is compared with.
    pub(super) fn read(
        builder: &mut FormulaBuilder<'m>,
        number: MappingId,
        id: MappingId,
        mapping: &'m Mapping,
    ) -> Self {
        builder.enter_as(number, id, mapping);
        let scope = MeaningScope { instance: 0, lets: None, mapping: Some(number) };
        let accepted: Vec<Formula> = mapping.accept.iter().map(|accept| builder.condition(&accept.when)).collect();
        let dropped: Vec<Formula> = mapping.drops.iter().map(|drop| builder.condition(&drop.when)).collect();
        let lines = mapping.drops.iter().map(|line| Some(&line.because)).zip(dropped.iter().copied());
        let reasons = first_reasons(builder, scope, lines);
        let lines = mapping.accept.iter().map(|line| line.because.as_ref()).zip(accepted.iter().map(|one| one.not()));
        let refusals = first_reasons(builder, scope, lines);
        let fields = mapping.fields.iter().map(|(field, value)| (*field, builder.value(value))).collect();
        let mut each = String::new();
        if let Some(nodes) = &mapping.each {
            nodes.start.iter().for_each(|start| builder.write_meaning(start, scope, &mut each));
            each.push_str(nodes.path.text());
        }
        let (label_names, values): (Vec<String>, Vec<&Expression>) = mapping.labels.iter().map(label).unzip();
        let labels = values.into_iter().map(|value| builder.value(value)).collect();
        let element = ElementPlace::of(builder, mapping);
        let has_element = has_element(builder, number, mapping, element.as_ref()).map_or(Formula::TRUE, |it| it.0);
        let mut texts = Vec::new();
        let mut expressions: Vec<&'m Expression> = mapping.accept.iter().map(|accept| &accept.when).collect();
        mapping.each_value(&mut |value| expressions.push(value));
        for value in expressions {
            let mut text = String::new();
            builder.write_meaning(value, scope, &mut text);
            texts.push((text, value));
        }
        let (accepted, dropped) = (builder.formulas.and(accepted), builder.formulas.or(dropped));
        builder.leave();
        Self {
            mapping,
            accepted,
            dropped,
            reasons,
            refusals,
            fields,
            labels,
            label_names,
            each,
            element,
            has_element,
            texts,
        }
    }

    /// The values of a field. Where it is not set, or a severity, status or source is
    /// missing, its default.
    pub(super) fn field(&self, field: EventField) -> Vec<ValueCase> {
        let default = match field {
            EventField::Severity => Literal::Severity(Severity::Warning),
            EventField::Status => Literal::Status(AlertStatus::Firing),
            EventField::Source => Literal::Text(self.mapping.name.clone()),
            EventField::Title
            | EventField::Key
            | EventField::Description
            | EventField::Link
            | EventField::Integration
            | EventField::StartsAt
            | EventField::EndsAt
            | EventField::Labels
            | EventField::Notes => Literal::Missing,
        };
        let is_choice = matches!(field, EventField::Severity | EventField::Status | EventField::Source);
        let Some((_, cases)) = self.fields.iter().find(|(other, _)| *other == field) else {
            return vec![ValueCase { when: Formula::TRUE, term: Term::Constant(default) }];
        };
        let or_default = |case: &ValueCase| {
            let is_absent = matches!(case.term, Term::Constant(Literal::Missing | Literal::Null));
            let term = if is_choice && is_absent { Term::Constant(default.clone()) } else { case.term.clone() };
            ValueCase { when: case.when, term }
        };
        cases.iter().map(or_default).collect()
    }

    /// The payloads of which it may make an event: those that it does not drop, and recoveries, which come through while
    /// their firing is open.
    pub(super) fn kept(&self, formulas: &mut Formulas) -> Formula {
        let status = self.field(EventField::Status);
        let recovers: Vec<Formula> = status.iter().filter(|case| may_be_resolved(case)).map(|case| case.when).collect();
        let recovers = formulas.or(recovers);
        formulas.or([self.dropped.not(), recovers])
    }

    /// The payloads whose status may be Firing.
    pub(super) fn may_fire(&self, formulas: &mut Formulas) -> Formula {
        may_be(formulas, &self.field(EventField::Status), &Literal::Status(AlertStatus::Firing))
    }
}

/// For which payloads each line is the first that holds, with what its reason says. The reason of a line without one is its
/// condition, whatever that says.
fn first_reasons<'m>(
    builder: &mut FormulaBuilder<'m>,
    scope: MeaningScope<'_>,
    lines: impl Iterator<Item = (Option<&'m Expression>, Formula)>,
) -> Vec<ValueCase> {
    let mut all = Vec::new();
    let mut left = Formula::TRUE;
    for (because, holds) in lines {
        let mut meaning = String::from("reason ");
        if let Some(because) = because {
            builder.write_meaning(because, scope, &mut meaning);
        }
        let term = Term::Opaque(meaning.into(), ValueType::TEXT);
        all.push(ValueCase { when: builder.formulas.and([left, holds]), term });
        left = builder.formulas.and([left, holds.not()]);
    }
    all.push(ValueCase { when: left, term: Term::Constant(Literal::Missing) });
    all
}

fn label(entry: &LabelEntry) -> (String, &Expression) {
    match entry {
        LabelEntry::Set(name, value) => (format!("label {name:?}"), value),
        LabelEntry::Spread(value, except) => {
            (format!("all but {:?}", except.iter().map(Glob::text).collect::<Vec<_>>()), value)
        }
    }
}

/// The payloads for which a value may be a constant.
pub(super) fn may_be(formulas: &mut Formulas, cases: &[ValueCase], constant: &Literal) -> Formula {
    let is_so = |case: &&ValueCase| match &case.term {
        Term::Constant(literal) => literal == constant,
        Term::Severity
        | Term::Status
        | Term::Text(..)
        | Term::Number(..)
        | Term::Node(_)
        | Term::NodeNumber(_)
        | Term::Length(..)
        | Term::Time(_)
        | Term::AllLabels
        | Term::Opaque(..) => true,
    };
    formulas.or(cases.iter().filter(is_so).map(|case| case.when).collect::<Vec<_>>())
}

pub(super) fn exactly_one(formulas: &mut Formulas, one: Formula, two: Formula) -> Formula {
    let parts = [formulas.and([one, two.not()]), formulas.and([one.not(), two])];
    formulas.or(parts)
}

/// The payloads for which two values may differ, in parts.
pub(super) fn values_differ(builder: &mut FormulaBuilder<'_>, old: &[ValueCase], new: &[ValueCase]) -> Vec<Formula> {
    let keys: Vec<String> = new.iter().map(|two| term_key(&two.term)).collect();
    let mut parts = Vec::new();
    for one in old {
        let key = term_key(&one.term);
        let same: Vec<Formula> =
            new.iter().zip(&keys).filter(|(_, other)| **other == key).map(|(two, _)| two.when).collect();
        let same = builder.formulas.or(same);
        let others = builder.formulas.and([one.when, same.not()]);
        if others == Formula::FALSE {
            continue;
        }
        if old.len().saturating_mul(new.len()) > MAX_PAIRS {
            parts.push(others);
            continue;
        }
        for (two, _) in new.iter().zip(&keys).filter(|(_, other)| **other != key) {
            let differ = terms_differ(builder, &one.term, &two.term);
            parts.push(builder.formulas.and([others, two.when, differ]));
        }
    }
    parts.retain(|part| *part != Formula::FALSE);
    parts
}

/// The payloads for which two values that are written in different ways may differ. No value is the same as no value.
fn terms_differ(builder: &mut FormulaBuilder<'_>, one: &Term, two: &Term) -> Formula {
    let (has_one, has_two) = (builder.has_value(one), builder.has_value(two));
    let only_one = exactly_one(&mut builder.formulas, has_one, has_two);
    let is_equal = builder.equal(one, two, Case::Sensitive);
    let both = builder.formulas.and([has_one, has_two, is_equal.not()]);
    builder.formulas.or([only_one, both])
}

fn may_be_resolved(case: &ValueCase) -> bool {
    match &case.term {
        Term::Constant(literal) => *literal == Literal::Status(AlertStatus::Resolved),
        Term::Severity
        | Term::Status
        | Term::Text(..)
        | Term::Number(..)
        | Term::Node(_)
        | Term::NodeNumber(_)
        | Term::Length(..)
        | Term::Time(_)
        | Term::AllLabels
        | Term::Opaque(..) => true,
    }
}

/// Whether evaluating an expression may add a note: an arm says so, or a value is converted.
pub(super) fn may_note(model: &Model, value: &Expression) -> bool {
    let mut found = false;
    model.each_reached(value, &mut |node| {
        let ReachedNode::Expression(expression) = node else { return };
        found |= match &expression.kind {
            ExpressionKind::Call(..) | ExpressionKind::Template(_) | ExpressionKind::Request(_) => true,
            ExpressionKind::Match(choice) => choice.arms.iter().any(|arm| arm.note.is_some()),
            ExpressionKind::Lookup(table, _) => match model.tables.get(*table).map(|table| &table.rows) {
                Some(TableRows::Arms(rows)) => rows.arms.iter().any(|arm| arm.note.is_some()),
                Some(TableRows::Csv(_)) | None => false,
            },
            ExpressionKind::Literal(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Define(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::Compare(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => false,
        };
    });
    found
}
