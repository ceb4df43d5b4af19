//! The declarations of a rule set by their parts.

use super::line_meaning::channel_name;
use super::rule_sets::{RuleSets, Side};
use crate::model::{
    Channel, CsvCell, CsvRows, Destination, Expression, GroupValue, Heartbeat, Integration, LabelEntry, Literal,
    Mapping, Model, Mute, NodesPath, ParameterValue, Table, TableRows,
};
use crate::pattern::Glob;
use crate::prove::formula::{FormulaBuilder, MeaningScope};
use crate::source::Span;
use crate::text::quoted;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a declaration declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeclarationKind {
    /// A mapping.
    Mapping,
    /// An integration.
    Integration,
    /// A channel.
    Channel,
    /// A family of channels.
    Family,
    /// A define.
    Define,
    /// A table.
    Table,
    /// A schedule.
    Schedule,
    /// A mute.
    Mute,
    /// A heartbeat.
    Heartbeat,
    /// A routing, as a whole.
    Routing,
}

impl DeclarationKind {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::Integration => "integration",
            Self::Channel => "channel",
            Self::Family => "channel family",
            Self::Define => "define",
            Self::Table => "table",
            Self::Schedule => "schedule",
            Self::Mute => "mute",
            Self::Heartbeat => "heartbeat",
            Self::Routing => "routing",
        }
    }
}

/// What a part of a declaration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartText {
    /// As the rules write it there.
    Written(Span),
    /// A value.
    Value(String),
    /// Something that is not shown.
    Hidden,
}

/// A declaration by its parts.
pub(super) struct DeclaredItem {
    pub(super) span: Span,
    pub(super) parts: BTreeMap<String, DeclaredPart>,
}

/// A part, as it is compared and as it is shown.
pub(super) struct DeclaredPart {
    pub(super) meaning: String,
    pub(super) text: PartText,
}

/// All declarations, by what they are and their names.
pub(super) type DeclaredItems = BTreeMap<(DeclarationKind, Box<str>), DeclaredItem>;

pub(super) fn declarations(sets: &mut RuleSets<'_, '_>, side: Side) -> DeclaredItems {
    let model = sets.model(side);
    let builder = sets.of(side).1;
    let mut all = DeclaredItems::new();
    let mut add = |kind, name: &str, span, parts: PartList| {
        all.insert((kind, name.into()), DeclaredItem { span, parts: parts.parts });
    };
    for each in &model.mappings {
        add(DeclarationKind::Mapping, &each.name, each.span, mapping(builder, each));
    }
    for each in &model.integrations {
        add(DeclarationKind::Integration, &each.name, each.span, integration(builder, model, each));
    }
    for each in &model.channels {
        add(DeclarationKind::Channel, &each.name, each.span, channel(builder, model, each));
    }
    for each in &model.families {
        let mut parts = PartList::default();
        for (name, _) in &each.members {
            parts.add(format!("member {name:?}"), String::new(), PartText::Hidden);
        }
        add(DeclarationKind::Family, &each.name, each.span, parts);
    }
    for each in &model.defines {
        let mut parts = PartList::default();
        parts.expression(builder, "value", &each.value, MeaningScope::EVENT);
        add(DeclarationKind::Define, &each.name, each.span, parts);
    }
    for each in &model.tables {
        add(DeclarationKind::Table, &each.name, each.span, table(builder, each));
    }
    for each in &model.schedules {
        let mut parts = PartList::default();
        parts.add("windows", each.windows.identity(), PartText::Hidden);
        add(DeclarationKind::Schedule, &each.name, each.span, parts);
    }
    for each in &model.mutes {
        add(DeclarationKind::Mute, &each.name, each.span, mute(builder, model, each));
    }
    for each in &model.heartbeats {
        add(DeclarationKind::Heartbeat, &each.name, each.span, heartbeat(builder, model, each));
    }
    for each in &model.routings {
        add(DeclarationKind::Routing, &each.name, each.span, PartList::default());
    }
    all
}

#[derive(Default)]
struct PartList {
    parts: BTreeMap<String, DeclaredPart>,
}

impl PartList {
    /// Adds a part. Of parts with the same name, later ones get a number.
    fn add(&mut self, name: impl Into<String>, meaning: impl Into<String>, text: PartText) {
        let name = name.into();
        let mut free = name.clone();
        let mut number = 1;
        while self.parts.contains_key(&free) {
            number += 1;
            free = format!("{name} {number}");
        }
        self.parts.insert(free, DeclaredPart { meaning: meaning.into(), text });
    }

    /// Adds a value that is shown as it is compared.
    fn value(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let value = value.into();
        self.add(name, value.clone(), PartText::Value(value));
    }

    fn expression(
        &mut self,
        builder: &mut FormulaBuilder<'_>,
        name: impl Into<String>,
        expression: &Expression,
        scope: MeaningScope<'_>,
    ) {
        let mut meaning = String::new();
        builder.write_meaning(expression, scope, &mut meaning);
        self.add(name, meaning, PartText::Written(expression.span));
    }

    fn group_values(&mut self, builder: &mut FormulaBuilder<'_>, name: &str, values: &[GroupValue]) {
        for value in values {
            self.expression(builder, format!("{name} {}", value.name), &value.value, MeaningScope::EVENT);
        }
    }
}

fn mapping(builder: &mut FormulaBuilder<'_>, mapping: &Mapping) -> PartList {
    let Mapping { name: _, span: _, accept, each, lets, drops, fields, labels } = mapping;
    let names: Vec<Box<str>> = lets.iter().map(|binding| binding.name.clone()).collect();
    let scope = MeaningScope { instance: 0, lets: Some(&names), mapping: None };
    let mut parts = PartList::default();
    for condition in accept {
        parts.expression(builder, "accept", &condition.when, scope);
        condition.because.iter().for_each(|because| parts.expression(builder, "reason of accept", because, scope));
    }
    if let Some(NodesPath { start: _, path }) = each {
        parts.value("each", path.text());
    }
    for binding in lets {
        parts.expression(builder, format!("let {}", binding.name), &binding.value, scope);
    }
    for drop in drops {
        parts.expression(builder, "drop", &drop.when, scope);
        parts.expression(builder, "reason of drop", &drop.because, scope);
    }
    for (field, value) in fields {
        parts.expression(builder, field.name(), value, scope);
    }
    let mut before: Vec<&str> = Vec::new();
    for entry in labels {
        match entry {
            LabelEntry::Set(name, value) => {
                before.push(name);
                parts.expression(builder, format!("label {name}"), value, scope);
            }
            LabelEntry::Spread(value, except) => {
                // Of labels with the same name the last counts.
                before.sort_unstable();
                let mut meaning = format!("after {before:?} ");
                builder.write_meaning(value, scope, &mut meaning);
                parts.add("labels of", meaning, PartText::Written(value.span));
                let except: Vec<&str> = except.iter().map(Glob::text).collect();
                parts.value("labels without", format!("{except:?}"));
            }
        }
    }
    parts
}

fn integration(builder: &mut FormulaBuilder<'_>, model: &Model, integration: &Integration) -> PartList {
    let Integration { name: _, span: _, parameters, mappings, resolve_timeout, destination } = integration;
    let mut parts = PartList::default();
    for (name, value) in parameters {
        parameter(builder, &mut parts, name, value, &[]);
    }
    let names = mappings.iter().filter_map(|id| model.mappings.get(*id)).map(|mapping| &*mapping.name);
    parts.value("mappings", names.collect::<Vec<_>>().join(", "));
    parts.value("resolve_timeout", format!("{resolve_timeout:?}"));
    parts.value(
        "destination",
        match destination {
            Destination::Channel(channel) => channel_name(model, *channel).to_owned(),
            Destination::Routing(routing) => {
                format!("routing {}", model.routings.get(*routing).map_or("", |routing| &routing.name))
            }
            Destination::Member(choice) => {
                let mut meaning = String::new();
                builder.write_meaning(&choice.value, MeaningScope::EVENT, &mut meaning);
                format!("{} {meaning}", model.families.get(choice.family).map_or("", |family| &family.name))
            }
        },
    );
    parts
}

fn channel(builder: &mut FormulaBuilder<'_>, model: &Model, channel: &Channel) -> PartList {
    let Channel { name: _, span: _, kind, parameters, member, fallback } = channel;
    let mut parts = PartList::default();
    parts.value("kind", kind.name);
    let columns = member.as_ref().map(|member| &*member.columns).unwrap_or_default();
    for (name, value) in parameters {
        parameter(builder, &mut parts, name, value, columns);
    }
    if let Some(fallback) = fallback {
        parts.value("fallback", channel_name(model, fallback.channel));
    }
    parts
}

/// Adds a parameter. The columns of a family are part of what its expressions say.
fn parameter(
    builder: &mut FormulaBuilder<'_>,
    parts: &mut PartList,
    name: &str,
    value: &ParameterValue,
    columns: &[Option<Box<str>>],
) {
    match value {
        // The channel itself is named beside the parameters.
        ParameterValue::Channel => {}
        ParameterValue::Literal(_)
        | ParameterValue::Duration(_)
        | ParameterValue::Wait(_)
        | ParameterValue::Secret(_)
        | ParameterValue::SecretText(_) => parts.value(name, plain_value(value)),
        ParameterValue::List(values) => {
            for (at, value) in values.iter().enumerate() {
                parameter(builder, parts, &format!("{name}[{at}]"), value, columns);
            }
            parts.add(format!("length of {name}"), values.len().to_string(), PartText::Hidden);
        }
        ParameterValue::Object(members) => {
            for (member, value) in members {
                parameter(builder, parts, &format!("{name}.{member}"), value, columns);
            }
        }
        ParameterValue::Expression(expression) => {
            let mut meaning = String::new();
            builder.write_meaning(expression, MeaningScope::EVENT, &mut meaning);
            if meaning.contains("parameter ") {
                _ = write!(meaning, " of {columns:?}");
            }
            parts.add(name, meaning, PartText::Written(expression.span));
        }
        ParameterValue::GroupValues(values) => parts.group_values(builder, name, values),
    }
}

fn plain_value(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Literal(literal) => literal_words(literal),
        ParameterValue::Duration(duration) => format!("{duration:?}"),
        ParameterValue::Wait(wait) => format!("{wait:?}"),
        ParameterValue::Secret(secret) => secret.to_string(),
        ParameterValue::SecretText(text) => format!("{text:?}"),
        ParameterValue::List(_)
        | ParameterValue::Object(_)
        | ParameterValue::Expression(_)
        | ParameterValue::GroupValues(_)
        | ParameterValue::Channel => String::new(),
    }
}

/// A constant as rules write it.
fn literal_words(literal: &Literal) -> String {
    match literal {
        Literal::Missing => "missing".to_owned(),
        Literal::Null => "null".to_owned(),
        Literal::Boolean(boolean) => boolean.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => quoted(text),
        Literal::Severity(severity) => severity.name().to_owned(),
        Literal::Status(status) => status.name().to_owned(),
        Literal::Time(time) => quoted(&time.to_string()),
    }
}

fn cell_words(cell: &CsvCell) -> String {
    match cell {
        CsvCell::Any => "*".to_owned(),
        CsvCell::Missing => "an empty cell".to_owned(),
        CsvCell::Text(text) => quoted(text),
    }
}

fn table(builder: &mut FormulaBuilder<'_>, table: &Table) -> PartList {
    let mut parts = PartList::default();
    match &table.rows {
        TableRows::Csv(CsvRows { case, rows }) => {
            parts.add("case", format!("{case:?}"), PartText::Hidden);
            for (cells, result) in rows {
                let cells: Vec<String> = cells.iter().map(cell_words).collect();
                parts.value(format!("row {}", cells.join(", ")), literal_words(result));
            }
            // The first row that fits wins.
            parts.add("rows", format!("{rows:?}"), PartText::Hidden);
        }
        TableRows::Arms(rows) => {
            let mut meaning = String::new();
            builder.write_match(rows, MeaningScope::EVENT, &mut meaning, |builder, result, scope, text| {
                builder.write_meaning(result, scope, text);
            });
            parts.add("rows", meaning, PartText::Written(rows.span));
        }
    }
    parts
}

fn mute(builder: &mut FormulaBuilder<'_>, model: &Model, mute: &Mute) -> PartList {
    let Mute { name: _, span: _, channels, when, source, because } = mute;
    let mut parts = PartList::default();
    if let Some(channels) = channels {
        let names: Vec<&str> = channels.iter().map(|channel| channel_name(model, *channel)).collect();
        parts.value("channels", names.join(", "));
    }
    parts.expression(builder, "when", when, MeaningScope::EVENT);
    if let Some(source) = source {
        parts.expression(builder, "while", &source.condition, MeaningScope::EVENT);
        parts.group_values(builder, "same", &source.same);
        parts.value("until", format!("{:?} after", source.until_after));
    }
    parts.expression(builder, "because", because, MeaningScope::EVENT);
    parts
}

fn heartbeat(builder: &mut FormulaBuilder<'_>, model: &Model, heartbeat: &Heartbeat) -> PartList {
    let Heartbeat { name: _, span: _, when, by, timeout, severity, title, labels, routing } = heartbeat;
    let mut parts = PartList::default();
    parts.expression(builder, "when", when, MeaningScope::EVENT);
    parts.group_values(builder, "by", by);
    parts.value("timeout", format!("{timeout:?}"));
    parts.value("severity", severity.name());
    parts.expression(builder, "title", title, MeaningScope::EVENT);
    for (name, value) in labels {
        parts.expression(builder, format!("label {name}"), value, MeaningScope::EVENT);
    }
    parts.value("routing", model.routings.get(*routing).map_or("", |routing| &routing.name));
    parts
}
