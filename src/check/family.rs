//! Families of channels: one channel for each value of a column.
//!
//! The parameters are read for every member, with the cells of its row as the values of the columns. Expressions over the
//! event are read once: the members share them, and a column is a parameter of the expression.

use crate::check::column_name;
use crate::check::context::LoweringContext;
use crate::check::family_columns::FamilyColumns;
use crate::check::family_rows::{self, FamilyRow, FamilyRows, RowPlace, cell_place};
use crate::check::{code, notification, parameter};
use crate::diagnostic::Diagnostic;
use crate::model::{FamilyId, FamilyMember, ParameterValue};
use crate::syntax::tree::{self, ChannelFamily, FamilySource};
use crate::text::{quoted, shorten};
use std::collections::HashMap;
use std::sync::Arc;

/// The most members of a family.
pub(crate) const MAX_MEMBERS: usize = 1_000;

/// The most bytes of parameters, counted once for each member.
const MAX_PARAMETER_BYTES: usize = 64 << 20;

/// How many findings about the cells of one family are reported.
const FINDINGS_LIMIT: usize = 20;

/// A member as the channels of the model need it.
pub(super) struct LoweredMember {
    /// The value of its column.
    pub(super) name: Box<str>,
    pub(super) parameters: Vec<(Box<str>, ParameterValue)>,
    pub(super) member: FamilyMember,
}

/// The members of a family. `owner` is what its parameters belong to.
pub(super) fn lower(
    channel: &tree::Channel,
    family: &ChannelFamily,
    owner: &parameter::ParameterOwner,
    id: FamilyId,
    cx: &mut LoweringContext<'_>,
) -> Vec<LoweredMember> {
    if let Some(taken) = column_name::taken(&family.column.text, cx) {
        column_name::report(&family.column.text, taken, family.column.span, cx);
    }
    let mut text = String::new();
    let Some(rows) = family_rows::read(family, &mut text, cx) else { return Vec::new() };
    let mut members: HashMap<&str, &FamilyRow> = HashMap::new();
    let firsts: Vec<&FamilyRow> =
        rows.rows.iter().filter(|row| members.insert(rows.member(row), row).is_none()).collect();
    if firsts.len() > MAX_MEMBERS {
        let message = format!("the family `{}` has {} members", channel.name.text, firsts.len());
        let found = Diagnostic::new(&code::TOO_MANY_CHANNELS, channel.name.span, message);
        cx.report(found.help(format!("a family has at most {MAX_MEMBERS} members")));
        return Vec::new();
    }
    let written = channel.arguments.range().len().saturating_mul(firsts.len());
    if written > MAX_PARAMETER_BYTES {
        let message = format!(
            "the parameters of the family `{}` have {} bytes for each of {} members",
            channel.name.text,
            channel.arguments.range().len(),
            firsts.len()
        );
        let found = Diagnostic::new(&code::TOO_MANY_CHANNELS, channel.name.span, message);
        cx.report(found.help("shorten the parameters: those of all members have at most 64 MiB"));
        return Vec::new();
    }
    let mut lowered = Vec::with_capacity(firsts.len());
    let before = cx.finding_count();
    let lacks = |column: usize| rows.rows.iter().any(|row| row.cells.get(column).is_none_or(Option::is_none));
    let may_be_missing = (0..rows.columns.len()).map(lacks).collect();
    let mut columns = FamilyColumns::new(rows.columns.clone(), may_be_missing);
    columns.is_first_report(&family.column.text);
    for row in firsts {
        // What is wrong with the parameters themselves is wrong for every member.
        if cx.finding_count() > before {
            let member = FamilyMember { family: id, columns: Arc::default(), row: None };
            lowered.push(LoweredMember { name: rows.member(row).into(), parameters: Vec::new(), member });
            continue;
        }
        let place = row_place(family, row);
        columns.set_member(rows.member(row), &row.cells, place.clone());
        cx.columns = Some(columns);
        let parameters = parameter::lower(owner, &channel.parameters, cx);
        if let Some(kind) = owner.kind {
            notification::check(channel, kind, &parameters, cx);
        }
        let Some(read) = cx.columns.take() else { return Vec::new() };
        columns = read;
        let member = FamilyMember { family: id, columns: columns.values(), row: place };
        lowered.push(LoweredMember { name: rows.member(row).into(), parameters, member });
    }
    columns.findings.drain(..).take(FINDINGS_LIMIT).for_each(|finding| cx.report(finding));
    check_agreement(family, &rows, &columns, &text, cx);
    lowered
}

/// Where the row of a CSV file stands: `teams.csv:3`.
fn row_place(family: &ChannelFamily, row: &FamilyRow) -> Option<Box<str>> {
    match (&family.source, row.place) {
        (FamilySource::Csv(file), Some(RowPlace { line, .. })) => Some(format!("{}:{line}", file.value).into()),
        (FamilySource::Csv(_) | FamilySource::List(_), _) => None,
    }
}

/// Reports rows of one member that differ in a column that the parameters read.
fn check_agreement(
    family: &ChannelFamily,
    rows: &FamilyRows,
    columns: &FamilyColumns,
    text: &str,
    cx: &mut LoweringContext<'_>,
) {
    let FamilySource::Csv(file) = &family.source else { return };
    let mut firsts: HashMap<&str, (&FamilyRow, u64)> = HashMap::new();
    let mut findings = Vec::new();
    for row in &rows.rows {
        let Some(RowPlace { line, start }) = row.place else { continue };
        let (first, first_line) = *firsts.entry(rows.member(row)).or_insert((row, line));
        for (column, name) in columns.columns_read() {
            let (own, expected) = (row.cells.get(column), first.cells.get(column));
            if own == expected {
                continue;
            }
            let shown = |cell: Option<&Option<Box<str>>>| {
                cell.and_then(Option::as_deref).map_or("empty".to_owned(), |cell| quoted(&shorten(cell, 40)))
            };
            let place = cell_place(text, start, line, column);
            let message = format!(
                "`{}{place}` gives the member `{}` another `{}` than line {first_line}: {}, not {}",
                file.value,
                rows.member(row),
                name,
                shown(own),
                shown(expected),
            );
            let found = Diagnostic::new(&code::MEMBER_ROWS, file.span, message);
            findings.push(found.help("rows of one member agree in the columns that the channel reads"));
        }
    }
    findings.truncate(FINDINGS_LIMIT);
    for finding in findings {
        cx.report(finding);
    }
}
