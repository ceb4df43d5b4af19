//! What rules say, as texts without names of places: expressions with equal texts have equal values for every event.
//!
//! Defines, tables and schedules are expanded. Each is written once and then named by the position of its text, which
//! rule sets that are compared share. So a text stays short however often defines use each other.

use super::{FormulaBuilder, MeaningId};
use crate::model::{
    Comparator, Comparison, ComparisonSubject, CsvRows, Expression, ExpressionKind, MappingId, Match, MatchArm,
    NodesPath, Pattern, Table, TableRows, TemplatePart, TextTest,
};
use crate::pattern::Glob;
use std::fmt::Write;

/// Where an expression stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::prove) struct MeaningScope<'s> {
    /// Which use of a table it is within, for its parameters.
    pub(in crate::prove) instance: u32,
    /// The names of the lets that it may use. Without them, a let is known by its mapping or its place.
    pub(in crate::prove) lets: Option<&'s [Box<str>]>,
    /// The mapping that it is within.
    pub(in crate::prove) mapping: Option<MappingId>,
}

impl MeaningScope<'_> {
    /// Not within a table, and not in a mapping.
    pub(in crate::prove) const EVENT: Self = Self { instance: 0, lets: None, mapping: None };
}

impl FormulaBuilder<'_> {
    /// What an expression says.
    pub(in crate::prove) fn write_meaning(
        &mut self,
        expression: &Expression,
        scope: MeaningScope<'_>,
        text: &mut String,
    ) {
        match &expression.kind {
            ExpressionKind::Literal(literal) => _ = write!(text, "{literal:?}"),
            ExpressionKind::Template(parts) => self.write_template(parts, scope, text),
            // Each mapping has elements of its own, and a path of one has the same value wherever it stands.
            ExpressionKind::Path(path) => _ = write!(text, "path {:?} of {:?}", path.text(), scope.mapping),
            ExpressionKind::Nodes(nodes) => self.write_nodes(nodes, scope, text),
            ExpressionKind::Regex(regex) => text.push_str(&regex.identity()),
            ExpressionKind::Let(id) => self.write_let(*id, expression, scope, text),
            ExpressionKind::Field(field) => text.push_str(field.name()),
            ExpressionKind::Label(name) => _ = write!(text, "labels[{name:?}]"),
            ExpressionKind::Parameter(position) => _ = write!(text, "parameter {position} of {}", scope.instance),
            ExpressionKind::Request(part) => _ = write!(text, "{part:?}"),
            ExpressionKind::Group(field) => _ = write!(text, "group {field:?}"),
            ExpressionKind::Define(id) => {
                let meaning = self.define_meaning(*id);
                _ = write!(text, "{meaning:?}");
            }
            ExpressionKind::Navigate(value, path) => {
                self.write_meaning(value, scope, text);
                _ = write!(text, " then {:?}", path.text());
            }
            ExpressionKind::Call(function, arguments) => {
                text.push_str(function.name);
                self.write_all(arguments, scope, text);
            }
            ExpressionKind::Lookup(table, arguments) => {
                let meaning = self.table_meaning(*table);
                _ = write!(text, "table {meaning:?}");
                self.write_all(arguments, scope, text);
            }
            ExpressionKind::Coalesce(parts) => self.write_operator("first of", parts, scope, text),
            ExpressionKind::Match(choice) => {
                self.write_match(choice, scope, text, |builder, result, scope, text| {
                    builder.write_meaning(result, scope, text);
                });
            }
            ExpressionKind::Or(parts) => self.write_operator("any of", parts, scope, text),
            ExpressionKind::And(parts) => self.write_operator("all of", parts, scope, text),
            ExpressionKind::Not(part) => self.write_operator("not", std::slice::from_ref(part), scope, text),
            ExpressionKind::Compare(comparison) => self.write_comparison(comparison, scope, text),
            ExpressionKind::List(parts) => self.write_operator("list", parts, scope, text),
            ExpressionKind::Object(members) => {
                text.push_str("object(");
                for (name, value) in members {
                    _ = write!(text, "{name:?}: ");
                    self.write_meaning(value, scope, text);
                    text.push(',');
                }
                text.push(')');
            }
        }
    }

    fn write_operator(&mut self, name: &str, parts: &[Expression], scope: MeaningScope<'_>, text: &mut String) {
        text.push_str(name);
        self.write_all(parts, scope, text);
    }

    fn write_all(&mut self, parts: &[Expression], scope: MeaningScope<'_>, text: &mut String) {
        text.push('(');
        for part in parts {
            self.write_meaning(part, scope, text);
            text.push(',');
        }
        text.push(')');
    }

    fn write_template(&mut self, parts: &[TemplatePart], scope: MeaningScope<'_>, text: &mut String) {
        text.push_str("template(");
        for part in parts {
            match part {
                TemplatePart::Text(words) => _ = write!(text, "{words:?}"),
                TemplatePart::Value(value) => self.write_meaning(value, scope, text),
            }
            text.push(',');
        }
        text.push(')');
    }

    fn write_let(&self, id: usize, expression: &Expression, scope: MeaningScope<'_>, text: &mut String) {
        let known = self.mapping.as_ref().filter(|mapping| scope.mapping == Some(mapping.number));
        let meaning = known.and_then(|mapping| mapping.let_meanings.get(id));
        match (scope.lets.and_then(|lets| lets.get(id)), meaning, scope.mapping) {
            (Some(name), ..) => _ = write!(text, "let {name}"),
            (None, Some(meaning), _) => _ = write!(text, "{meaning:?}"),
            (None, None, Some(mapping)) => _ = write!(text, "let {id} of mapping {mapping} of {}", self.rule_set),
            (None, None, None) => _ = write!(text, "let {id} at {:?} of {}", expression.span, self.rule_set),
        }
    }

    fn write_nodes(&mut self, nodes: &NodesPath, scope: MeaningScope<'_>, text: &mut String) {
        let NodesPath { start, path } = nodes;
        if let Some(start) = start {
            self.write_meaning(start, scope, text);
        }
        _ = write!(text, " nodes {:?} of {:?}", path.text(), scope.mapping);
    }

    fn write_comparison(&mut self, comparison: &Comparison, scope: MeaningScope<'_>, text: &mut String) {
        let Comparison { subject, negated, test: comparator, case } = comparison;
        _ = write!(text, "compare({negated} {case:?} ");
        match subject {
            ComparisonSubject::Value(value) => self.write_meaning(value, scope, text),
            ComparisonSubject::Nodes(quantifier, nodes) => {
                _ = write!(text, "{quantifier:?} ");
                self.write_nodes(nodes, scope, text);
            }
            ComparisonSubject::Now => text.push_str("now"),
        }
        text.push(' ');
        self.write_test(comparator, scope, text);
        text.push(')');
    }

    fn write_test(&mut self, comparator: &Comparator, scope: MeaningScope<'_>, text: &mut String) {
        match comparator {
            Comparator::Equal(value) => {
                text.push_str("equals ");
                self.write_meaning(value, scope, text);
            }
            Comparator::Order(relation, value) => {
                _ = write!(text, "{relation:?} ");
                self.write_meaning(value, scope, text);
            }
            Comparator::In(values) => self.write_operator("in", values, scope, text),
            Comparator::Is(kind) => _ = write!(text, "is {kind:?}"),
            Comparator::During(schedule) => {
                let meaning = self.schedule_meaning(*schedule);
                _ = write!(text, "during {meaning:?}");
            }
            Comparator::Text(TextTest::Cidr(networks)) => _ = write!(text, "cidr {networks:?}"),
            Comparator::Text(TextTest::Like(globs)) => {
                _ = write!(text, "like {:?}", globs.iter().map(Glob::text).collect::<Vec<_>>());
            }
            Comparator::Text(TextTest::Regex(place, regex)) => _ = write!(text, "{place:?} {}", regex.identity()),
            Comparator::Text(TextTest::Piece(position, piece)) => {
                _ = write!(text, "{position:?} ");
                self.write_meaning(piece, scope, text);
            }
        }
    }

    /// What a match says. Notes of arms change no value.
    pub(in crate::prove) fn write_match<R>(
        &mut self,
        choice: &Match<R>,
        scope: MeaningScope<'_>,
        text: &mut String,
        mut write_result: impl FnMut(&mut Self, &R, MeaningScope<'_>, &mut String),
    ) {
        let Match { subjects, case, arms, span: _ } = choice;
        _ = write!(text, "match {case:?}");
        self.write_all(subjects, scope, text);
        for arm in arms {
            self.write_arm(arm, scope, text, &mut write_result);
        }
    }

    /// What an arm of a match says.
    pub(in crate::prove) fn write_arm<R>(
        &mut self,
        arm: &MatchArm<R>,
        scope: MeaningScope<'_>,
        text: &mut String,
        write_result: &mut dyn FnMut(&mut Self, &R, MeaningScope<'_>, &mut String),
    ) {
        let MatchArm { columns, result, note: _, span: _ } = arm;
        text.push('{');
        for column in columns {
            for pattern in column {
                match pattern {
                    Pattern::Any => text.push('_'),
                    Pattern::Test(comparator, _) => self.write_test(comparator, scope, text),
                }
                text.push('|');
            }
            text.push(',');
        }
        text.push_str("=> ");
        write_result(self, result, scope, text);
        text.push('}');
    }

    /// What a define says.
    pub(in crate::prove) fn define_meaning(&mut self, id: usize) -> MeaningId {
        if let Some(Some(known)) = self.define_meanings.get(id) {
            return *known;
        }
        let model = self.model;
        let mut text = String::from("define ");
        match model.defines.get(id) {
            Some(define) => self.write_meaning(&define.value, MeaningScope::EVENT, &mut text),
            None => _ = write!(text, "{id} of {}", self.rule_set),
        }
        let meaning = self.formulas.meaning(&text);
        if let Some(known) = self.define_meanings.get_mut(id) {
            *known = Some(meaning);
        }
        meaning
    }

    /// What a table says. Its parameters are written by their positions.
    pub(in crate::prove) fn table_meaning(&mut self, id: usize) -> MeaningId {
        if let Some(Some(known)) = self.table_meanings.get(id) {
            return *known;
        }
        let model = self.model;
        let mut text = String::from("table ");
        match model.tables.get(id).map(|Table { name: _, span: _, parameters: _, rows, types: _ }| rows) {
            Some(TableRows::Arms(rows)) => {
                self.write_match(rows, MeaningScope::EVENT, &mut text, |builder, result, scope, text| {
                    builder.write_meaning(result, scope, text);
                });
            }
            Some(TableRows::Csv(CsvRows { case, rows })) => _ = write!(text, "{case:?} {rows:?}"),
            None => _ = write!(text, "{id} of {}", self.rule_set),
        }
        let meaning = self.formulas.meaning(&text);
        if let Some(known) = self.table_meanings.get_mut(id) {
            *known = Some(meaning);
        }
        meaning
    }

    /// What a schedule says.
    pub(in crate::prove) fn schedule_meaning(&mut self, id: usize) -> MeaningId {
        let text = match self.model.schedules.get(id) {
            Some(schedule) => format!("schedule {}", schedule.windows.identity()),
            None => format!("schedule {id} of {}", self.rule_set),
        };
        self.formulas.meaning(&text)
    }
}
