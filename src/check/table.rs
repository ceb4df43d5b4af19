//! Tables: their parameters, and the rows that are written in the rules.

use crate::check::bare_word::constant;
use crate::check::context::{LoweringContext, TableSignature};
use crate::check::csv;
use crate::check::matching::{MatchSubjects, union};
use crate::check::names::{self};
use crate::check::scope::{ExpressionLowering, ExpressionScope, make};
use crate::model::{self, ExpressionKind, TableRows};
use crate::syntax::tree::{self, ArmHead, DocumentedDeclaration, Identifier, PatternKind, TableBody};
use crate::value::ValueType;
use std::collections::HashMap;

/// A table of the model; its signature joins the context.
pub(super) fn lower(item: &DocumentedDeclaration, table: &tree::Table, cx: &mut LoweringContext<'_>) -> model::Table {
    check_parameters(table, cx);
    let (rows, parameters, result) = match &table.body {
        TableBody::Arms(arms, span) => {
            let types: Vec<ValueType> = (0..table.parameters.len()).map(|column| column_type(arms, column)).collect();
            let lowered = inline(table, arms, *span, &types, cx);
            let is_whole = lowered.arms.len() == arms.len() && !item.broken;
            let result = if is_whole { union(&lowered.arms) } else { ValueType::UNKNOWN };
            (TableRows::Arms(lowered), types, result)
        }
        TableBody::Csv { column, constants, file } => {
            let (rows, result) = csv::read(table, column, constants.as_ref(), file, cx);
            let types = vec![ValueType::TEXT | ValueType::NOTHING; table.parameters.len()];
            (TableRows::Csv(rows), types, result)
        }
    };
    cx.tables.push(TableSignature { parameters, result, place: table.name.span });
    let parameters = table.parameters.iter().map(|parameter| parameter.text.clone()).collect();
    model::Table { name: table.name.text.clone(), span: table.name.span, parameters, rows, types: result }
}

fn check_parameters(table: &tree::Table, cx: &mut LoweringContext<'_>) {
    let mut seen: HashMap<&str, &Identifier> = HashMap::new();
    for parameter in &table.parameters {
        if let Some(first) = seen.insert(&parameter.text, parameter) {
            cx.report(names::duplicate("parameter", parameter, first.span));
        }
    }
}

fn inline(
    table: &tree::Table,
    arms: &[tree::MatchArm<tree::Expression>],
    span: crate::source::Span,
    types: &[ValueType],
    cx: &mut LoweringContext<'_>,
) -> model::Match<model::Expression> {
    let columns = table
        .parameters
        .iter()
        .zip(types)
        .enumerate()
        .map(|(position, (name, types))| make(ExpressionKind::Parameter(position), *types, name.span))
        .collect();
    let subjects = MatchSubjects { columns, ignore_case: table.ignore_case, span };
    let view = ExpressionScope::Parameters(&table.parameters, types);
    ExpressionLowering { cx, scope: view }.arms(subjects, arms, |this, result| Some(this.value(result)))
}

/// What a parameter takes: where all its patterns are severities, or all statuses, those alone.
fn column_type(arms: &[tree::MatchArm<tree::Expression>], column: usize) -> ValueType {
    let mut types = ValueType::NEVER;
    for arm in arms {
        let ArmHead::Columns(columns) = &arm.head else { continue };
        for pattern in columns.get(column).into_iter().flatten() {
            types = types | pattern_type(&pattern.kind);
        }
    }
    if types == ValueType::SEVERITY || types == ValueType::STATUS {
        types
    } else {
        types | ValueType::JSON | ValueType::TIME
    }
}

fn pattern_type(pattern: &PatternKind) -> ValueType {
    match pattern {
        PatternKind::Any => ValueType::NEVER,
        PatternKind::Test(test) if test.operands().is_empty() => ValueType::JSON,
        PatternKind::Test(test) => {
            test.operands().iter().fold(ValueType::NEVER, |types, value| types | value_type(value))
        }
    }
}

fn value_type(value: &tree::Expression) -> ValueType {
    if let tree::ExpressionKind::Constant(name) = &value.kind {
        return constant(&name.text).map_or(ValueType::JSON, |constant| constant.value_type());
    }
    ValueType::JSON
}
