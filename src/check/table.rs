//! Tables: their parameters, and the rows that are written in the rules.

use crate::check::context::{Context, Signature};
use crate::check::csv;
use crate::check::matching::{Subjects, union};
use crate::check::model::{self, ExpressionKind, Literal, Rows};
use crate::check::names::{self};
use crate::check::scope::{Lowering, View, make};
use crate::check::word::constant;
use crate::syntax::tree::{self, ArmHead, Item, Name, PatternKind, TableBody};
use crate::value::Type;
use std::collections::HashMap;

/// A table of the model; its signature joins the context.
pub(super) fn lower(item: &Item, table: &tree::Table, cx: &mut Context<'_>) -> model::Table {
    check_parameters(table, cx);
    let (rows, parameters, result) = match &table.body {
        TableBody::Arms(arms, span) => {
            let types: Vec<Type> =
                (0..table.parameters.len()).map(|column| column_type(arms, column)).collect();
            let lowered = inline(table, arms, *span, &types, cx);
            let is_whole = lowered.arms.len() == arms.len() && !item.broken;
            let result = if is_whole { union(&lowered.arms) } else { Type::UNKNOWN };
            (Rows::Arms(lowered), types, result)
        }
        TableBody::Csv { column, constants, file } => {
            let (rows, result) = csv::read(table, column, constants.as_ref(), file, cx);
            let types = vec![Type::TEXT | Type::NOTHING; table.parameters.len()];
            (Rows::Csv(rows), types, result)
        }
    };
    cx.tables.push(Signature { parameters, result, place: table.name.span });
    let parameters = table.parameters.iter().map(|parameter| parameter.text.clone()).collect();
    model::Table { name: table.name.text.clone(), span: table.name.span, parameters, rows, types: result }
}

fn check_parameters(table: &tree::Table, cx: &mut Context<'_>) {
    let mut seen: HashMap<&str, &Name> = HashMap::new();
    for parameter in &table.parameters {
        if let Some(first) = seen.insert(&parameter.text, parameter) {
            cx.report(names::duplicate("parameter", parameter, first.span));
        }
    }
}

fn inline(
    table: &tree::Table,
    arms: &[tree::Arm<tree::Expression>],
    span: crate::source::Span,
    types: &[Type],
    cx: &mut Context<'_>,
) -> model::Match<model::Expression> {
    let columns = table
        .parameters
        .iter()
        .zip(types)
        .enumerate()
        .map(|(position, (name, types))| make(ExpressionKind::Parameter(position), *types, name.span))
        .collect();
    let subjects = Subjects { columns, ignore_case: table.ignore_case, span };
    let view = View::Parameters(&table.parameters, types);
    Lowering { cx, view }.arms(subjects, arms, |this, result| Some(this.value(result)))
}

/// What a parameter takes: where all its patterns are severities, or all statuses, those alone.
fn column_type(arms: &[tree::Arm<tree::Expression>], column: usize) -> Type {
    let mut types = Type::NEVER;
    for arm in arms {
        let ArmHead::Columns(columns) = &arm.head else { continue };
        for pattern in columns.get(column).into_iter().flatten() {
            types = types | pattern_type(&pattern.kind);
        }
    }
    if types == Type::SEVERITY || types == Type::STATUS { types } else { types | Type::JSON | Type::TIME }
}

fn pattern_type(pattern: &PatternKind) -> Type {
    match pattern {
        PatternKind::Any => Type::NEVER,
        PatternKind::Test(test) if test.operands().is_empty() => Type::JSON,
        PatternKind::Test(test) => {
            test.operands().iter().fold(Type::NEVER, |types, value| types | value_type(value))
        }
    }
}

fn value_type(value: &tree::Expression) -> Type {
    if let tree::ExpressionKind::Constant(name) = &value.kind {
        return match constant(&name.text) {
            Some(Literal::Severity(_)) => Type::SEVERITY,
            Some(Literal::Status(_)) => Type::STATUS,
            Some(_) | None => Type::JSON,
        };
    }
    Type::JSON
}
