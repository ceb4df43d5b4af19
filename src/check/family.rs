//! Families of channels: one channel for each value of a column.
//!
//! The parameters are read for every member, with the cells of its row as the values of the columns. Expressions over the
//! event are read once: the members share them, and a column is a parameter of the expression.

use crate::check::context::LoweringContext;
use crate::check::family_rows::{self, FamilyRow, FamilyRows, RowPlace, cell_place};
use crate::check::names::is_field;
use crate::check::{code, parameter};
use crate::diagnostic::Diagnostic;
use crate::model::{Expression, FamilyId, FamilyMember, ParameterValue};
use crate::source::Span;
use crate::syntax::tree::{self, ChannelFamily, FamilySource};
use crate::text::{excerpt, quoted};
use crate::value::ValueType;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most members of a family.
pub(crate) const MAX_MEMBERS: usize = 1_000;

/// How many findings about the cells of one family are reported.
const FINDINGS_LIMIT: usize = 20;

/// What the parameters of a family see of its rows.
pub(super) struct FamilyColumns {
    /// The names of the columns.
    names: Vec<Box<str>>,
    /// Whether a member has no value there.
    may_be_missing: Vec<bool>,
    /// The columns that were read, each once.
    read: Vec<usize>,
    /// The expressions that the members share, by parameter.
    pub(super) shared: HashMap<&'static str, Arc<Expression>>,
    /// The member whose parameters are read.
    cells: Vec<Option<Box<str>>>,
    /// Its name, and where its row stands.
    member: Box<str>,
    row: Option<Box<str>>,
    /// What is wrong with its cells.
    findings: Vec<Diagnostic>,
    /// The columns whose name was reported.
    reported: HashSet<Box<str>>,
}

impl FamilyColumns {
    fn of(rows: &FamilyRows) -> Self {
        let lacks = |column: usize| rows.rows.iter().any(|row| row.cells.get(column).is_none_or(Option::is_none));
        Self {
            may_be_missing: (0..rows.columns.len()).map(lacks).collect(),
            names: rows.columns.clone(),
            read: Vec::new(),
            shared: HashMap::new(),
            cells: Vec::new(),
            member: "".into(),
            row: None,
            findings: Vec::new(),
            reported: HashSet::new(),
        }
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// Reads a column: its position among those that are read, and its type.
    pub(super) fn read(&mut self, name: &str) -> Option<(usize, ValueType)> {
        let column = self.names.iter().position(|known| **known == *name)?;
        let may_be_missing = self.may_be_missing.get(column).copied().unwrap_or(true);
        let types = if may_be_missing { ValueType::TEXT | ValueType::MISSING } else { ValueType::TEXT };
        let position = self.read.iter().position(|read| *read == column).unwrap_or_else(|| {
            self.read.push(column);
            self.read.len() - 1
        });
        Some((position, types))
    }

    /// The value of a column for the member.
    pub(super) fn cell(&self, name: &str) -> Option<&str> {
        let column = self.names.iter().position(|known| **known == *name)?;
        self.cells.get(column)?.as_deref()
    }

    /// The member and its row, in words.
    pub(super) fn member(&self) -> String {
        match &self.row {
            Some(row) => format!("`{}` ({row})", self.member),
            None => format!("`{}`", self.member),
        }
    }

    /// Adds a finding about a cell of the member.
    pub(super) fn refuse(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    fn values(&self) -> Arc<[Option<Box<str>>]> {
        self.read.iter().map(|column| self.cells.get(*column).cloned().flatten()).collect()
    }
}

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
    if let Some(taken) = taken(&family.column.text, cx) {
        report_taken(&family.column.text, taken, family.column.span, cx);
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
    let mut lowered = Vec::with_capacity(firsts.len());
    let (mut findings, before) = (Vec::new(), cx.finding_count());
    let mut columns = FamilyColumns::of(&rows);
    columns.reported.insert(family.column.text.clone());
    for row in firsts {
        // What is wrong with the parameters themselves is wrong for every member.
        if cx.finding_count() > before {
            let member = FamilyMember { family: id, columns: Arc::default(), row: None };
            lowered.push(LoweredMember { name: rows.member(row).into(), parameters: Vec::new(), member });
            continue;
        }
        columns.cells.clone_from(&row.cells);
        columns.member = rows.member(row).into();
        columns.row = row_place(family, row);
        cx.columns = Some(columns);
        let parameters = parameter::lower(owner, &channel.parameters, cx);
        let Some(read) = cx.columns.take() else { return Vec::new() };
        columns = read;
        findings.append(&mut columns.findings);
        let member = FamilyMember { family: id, columns: columns.values(), row: columns.row.clone() };
        lowered.push(LoweredMember { name: columns.member.clone(), parameters, member });
    }
    findings.truncate(FINDINGS_LIMIT);
    findings.into_iter().for_each(|finding| cx.report(finding));
    check_agreement(family, &rows, &columns, &text, cx);
    lowered
}

/// Reports a column that has the name of something else, once.
pub(super) fn report_taken(column: &str, taken: &str, place: Span, cx: &mut LoweringContext<'_>) {
    if cx.columns.as_mut().is_some_and(|columns| !columns.reported.insert(column.into())) {
        return;
    }
    let message = format!("the column `{column}` has the name of {taken}");
    let found = Diagnostic::new(&code::COLUMN_NAME, place, message).label("which of the two is meant?");
    cx.report(found.help("give the column another name in the header of the file"));
}

/// What else a name means in a parameter.
pub(super) fn taken(name: &str, cx: &LoweringContext<'_>) -> Option<&'static str> {
    if is_field(name) {
        Some("a field of the event")
    } else if cx.names.defines.find(name).is_some() {
        Some("a define")
    } else {
        None
    }
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
        for column in columns.read.iter().copied() {
            let (own, expected) = (row.cells.get(column), first.cells.get(column));
            if own == expected {
                continue;
            }
            let shown = |cell: Option<&Option<Box<str>>>| {
                cell.and_then(Option::as_deref).map_or("empty".to_owned(), |cell| quoted(&excerpt(cell, 40)))
            };
            let place = cell_place(text, start, line, column);
            let message = format!(
                "`{}{place}` gives the member `{}` another `{}` than line {first_line}: {}, not {}",
                file.value,
                rows.member(row),
                columns.names.get(column).map_or("", AsRef::as_ref),
                shown(own),
                shown(expected),
            );
            let found = Diagnostic::new(&code::MEMBER_ROWS, file.span, message);
            findings.push(found.help("rows of one member agree in the columns that the channel reads"));
        }
    }
    findings.truncate(FINDINGS_LIMIT);
    findings.into_iter().for_each(|finding| cx.report(finding));
}
