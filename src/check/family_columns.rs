//! The columns of a family while its parameters are read: their values for one member, and which of them are read.

use crate::diagnostic::Diagnostic;
use crate::model::{Expression, GroupValue};
use crate::value::ValueType;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

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
    /// The values of `group_by`, which the members share.
    pub(super) shared_groups: Option<Arc<[GroupValue]>>,
    /// The member whose parameters are read.
    cells: Vec<Option<Box<str>>>,
    /// Its name, and where its row stands.
    member: Box<str>,
    row: Option<Box<str>>,
    /// What is wrong with the cells.
    pub(super) findings: Vec<Diagnostic>,
    /// The columns whose name was reported.
    reported: HashSet<Box<str>>,
    /// What filling in the cells of all members has cost: their bytes, and the columns that were searched.
    filled: usize,
}

/// Whether a cell may still be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FillBudget {
    Left,
    /// This cell is the first that may not.
    Exceeded,
    Spent,
}

/// The most that the cells of a family may fill in, in bytes.
const MAX_FILLED: usize = 16 << 20;

impl FamilyColumns {
    /// The columns of these names; `may_be_missing` says for each whether a member has no value there.
    pub(super) fn new(names: Vec<Box<str>>, may_be_missing: Vec<bool>) -> Self {
        Self {
            names,
            may_be_missing,
            read: Vec::new(),
            shared: HashMap::new(),
            shared_groups: None,
            cells: Vec::new(),
            member: "".into(),
            row: None,
            findings: Vec::new(),
            reported: HashSet::new(),
            filled: 0,
        }
    }

    /// Counts a cell that is filled in.
    pub(super) fn fill(&mut self, cell: usize) -> FillBudget {
        let before = self.filled;
        self.filled = before.saturating_add(cell).saturating_add(self.names.len());
        match (before > MAX_FILLED, self.filled > MAX_FILLED) {
            (true, _) => FillBudget::Spent,
            (false, true) => FillBudget::Exceeded,
            (false, false) => FillBudget::Left,
        }
    }

    /// Goes on to another member.
    pub(super) fn set_member(&mut self, member: &str, cells: &[Option<Box<str>>], row: Option<Box<str>>) {
        self.member = member.into();
        self.cells = cells.to_vec();
        self.row = row;
    }

    /// The place of the column in the rows and its name, for each column that was read.
    pub(super) fn columns_read(&self) -> impl Iterator<Item = (usize, &str)> {
        self.read.iter().map(|column| (*column, self.names.get(*column).map_or("", AsRef::as_ref)))
    }

    /// Whether nothing was said yet about the name of a column.
    pub(super) fn is_first_report(&mut self, column: &str) -> bool {
        self.reported.insert(column.into())
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

    /// The values of the columns that were read.
    pub(super) fn values(&self) -> Arc<[Option<Box<str>>]> {
        self.read.iter().map(|column| self.cells.get(*column).cloned().flatten()).collect()
    }
}
