//! The walk over the arms, column by column: which arm does each combination of atoms choose?
//!
//! A node of the walk holds the arms that are still possible, in order. It picks a column that its first arm tests,
//! groups the arms by the atoms of that column, and continues with each group. Atoms that no arm names share one group.
//! If the first arm tests no further column, it is chosen. If no arm is left, a value is uncovered.

use super::column::{self, AtomSet, PatternColumn};
use std::collections::BTreeMap;

/// Steps that one match may cost; a table of ten thousand literal rows and four columns takes about a hundred thousand.
const MAX_WORK: usize = 2_000_000;
/// Columns of one match; a match with more is not analysed.
const MAX_COLUMNS: usize = 32;
/// Uncovered values that are remembered.
const MAX_WITNESSES: usize = 4;

/// What an arm asks of one column.
#[derive(Debug)]
pub(super) struct PatternCell {
    /// The atoms of each alternative.
    pub(super) alternatives: Vec<AtomSet>,
    takes_all: bool,
}

/// What an arm asks of all columns.
pub(super) type PatternRow = Vec<PatternCell>;

impl PatternCell {
    /// A cell of the column.
    pub(super) fn new(alternatives: Vec<AtomSet>, column: &PatternColumn) -> Self {
        let takes_all = matches!(alternatives.as_slice(), [only] if *only == column.all());
        Self { alternatives, takes_all }
    }

    fn first_with(&self, atom: u32) -> Option<usize> {
        self.alternatives.iter().position(|set| column::has(set, atom))
    }
}

/// Whether the row accepts every value.
pub(super) fn is_total(row: &PatternRow) -> bool {
    row.iter().all(|cell| cell.takes_all)
}

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct ArmCoverage {
    /// By row, column and alternative, whether some value gets to it.
    used: Vec<Vec<Vec<bool>>>,
    /// Values that no row accepts: for each column some atoms; an empty list stands for all atoms.
    pub(super) witnesses: Vec<Vec<Vec<u32>>>,
    /// Whether there are more of them.
    pub(super) has_more_witnesses: bool,
    /// Whether the walk was given up as too long; `used` has no meaning then.
    pub(super) given_up: bool,
}

/// Where an alternative stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct AlternativePosition {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) alternative: usize,
}

impl ArmCoverage {
    /// Whether some value gets to the alternative.
    pub(super) fn is_used(&self, AlternativePosition { row, column, alternative }: AlternativePosition) -> bool {
        let cell = self.used.get(row).and_then(|cells| cells.get(column));
        cell.and_then(|alternatives| alternatives.get(alternative)).is_some_and(|used| *used)
    }

    /// Whether some value chooses the row.
    pub(super) fn is_chosen(&self, row: usize) -> bool {
        self.used.get(row).is_none_or(|cells| cells.iter().all(|alternatives| alternatives.contains(&true)))
    }
}

/// Walks over all combinations of atoms.
pub(super) fn search(columns: &[PatternColumn], rows: &[PatternRow]) -> ArmCoverage {
    let unused = |row: &PatternRow| row.iter().map(|cell| vec![false; cell.alternatives.len()]).collect();
    let found = ArmCoverage { used: rows.iter().map(unused).collect(), ..ArmCoverage::default() };
    let mut walk = ArmSearch { columns, rows, path: vec![ColumnState::Open; columns.len()], work: 0, found };
    if columns.len() > MAX_COLUMNS {
        walk.found.given_up = true;
        return walk.found;
    }
    // Rows after a total row are dead; that row itself may be dead as well.
    let live = rows.iter().position(is_total).map_or(rows.len(), |total| total + 1);
    let all: Vec<usize> = (0..live).collect();
    walk.visit(&all);
    walk.found
}

#[derive(Debug, Clone)]
enum ColumnState {
    /// The column has not been looked at.
    Open,
    /// One atom.
    Atom(u32),
    /// The atoms that no row of the node names; some of them.
    Others(Vec<u32>),
}

/// Rows by the atom that they take.
type RowsByAtom = BTreeMap<u32, Vec<usize>>;

struct ArmSearch<'a> {
    columns: &'a [PatternColumn],
    rows: &'a [PatternRow],
    path: Vec<ColumnState>,
    work: usize,
    found: ArmCoverage,
}

impl ArmSearch<'_> {
    fn visit(&mut self, rows: &[usize]) {
        self.work += rows.len() + 1;
        if self.found.given_up || self.work > MAX_WORK {
            self.found.given_up = true;
            return;
        }
        let Some(first) = rows.first() else { return self.uncovered() };
        let Some(at) = self.column_to_split(*first, rows) else { return self.choose(*first) };
        let Some((groups, others)) = self.split(rows, at) else { return };
        let named: Vec<u32> = groups.keys().copied().collect();
        for (atom, group) in groups {
            self.step(at, ColumnState::Atom(atom));
            self.visit(&group);
        }
        if let Some(column) = self.columns.get(at)
            && named.len() < column.len() as usize
        {
            self.step(at, ColumnState::Others(column.unnamed(&named, MAX_WITNESSES + 3)));
            self.visit(&others);
        }
        self.step(at, ColumnState::Open);
    }

    fn step(&mut self, at: usize, step: ColumnState) {
        if let Some(place) = self.path.get_mut(at) {
            *place = step;
        }
    }

    fn cell(&self, row: usize, at: usize) -> Option<&PatternCell> {
        self.rows.get(row).and_then(|row| row.get(at))
    }

    /// Of the columns that the first row tests, the one that the most rows test: its groups are the smallest.
    fn column_to_split(&mut self, first: usize, rows: &[usize]) -> Option<usize> {
        let open = self.path.iter().enumerate().filter(|(_, step)| matches!(step, ColumnState::Open));
        let looked_at = |at: &usize| self.cell(first, *at).is_some_and(|cell| !cell.takes_all);
        let candidates: Vec<usize> = open.map(|(at, _)| at).filter(looked_at).collect();
        if let [] | [_] = candidates.as_slice() {
            return candidates.first().copied();
        }
        let passing =
            |at: usize| rows.iter().filter(|row| self.cell(**row, at).is_some_and(|cell| cell.takes_all)).count();
        let best = candidates.iter().copied().min_by_key(|at| passing(*at));
        self.work += rows.len() * candidates.len();
        best
    }

    /// The rows by atom, and the rows that accept atoms that no row names. Nothing where the work is too much.
    fn split(&mut self, rows: &[usize], at: usize) -> Option<(RowsByAtom, Vec<usize>)> {
        let mut groups = RowsByAtom::new();
        let mut others: Vec<usize> = Vec::new();
        for row in rows {
            let cell = self.rows.get(*row).and_then(|row| row.get(at))?;
            if cell.takes_all {
                for group in groups.values_mut() {
                    group.push(*row);
                }
                others.push(*row);
                self.work += groups.len() + 1;
            }
            for atom in
                cell.alternatives.iter().filter(|_| !cell.takes_all).flatten().flat_map(|range| range.start..range.end)
            {
                self.work += 1;
                let group = groups.entry(atom).or_insert_with(|| {
                    self.work += others.len();
                    others.clone()
                });
                if group.last() != Some(row) {
                    group.push(*row);
                }
                if self.work > MAX_WORK {
                    break;
                }
            }
            if self.work > MAX_WORK {
                self.found.given_up = true;
                return None;
            }
        }
        Some((groups, others))
    }

    fn choose(&mut self, row: usize) {
        let Some(cells) = self.rows.get(row) else { return };
        for (at, cell) in cells.iter().enumerate() {
            let alternative = match self.path.get(at) {
                Some(ColumnState::Atom(atom)) if !cell.takes_all => cell.first_with(*atom),
                Some(ColumnState::Atom(_) | ColumnState::Others(_) | ColumnState::Open) | None => Some(0),
            };
            let used = self.found.used.get_mut(row).and_then(|cells| cells.get_mut(at));
            if let Some(place) = alternative.and_then(|alternative| used?.get_mut(alternative)) {
                *place = true;
            }
        }
    }

    fn uncovered(&mut self) {
        if self.found.witnesses.len() >= MAX_WITNESSES {
            self.found.has_more_witnesses = true;
            return;
        }
        let atoms = |step: &ColumnState| match step {
            ColumnState::Open => Vec::new(),
            ColumnState::Atom(atom) => vec![*atom],
            ColumnState::Others(atoms) => atoms.clone(),
        };
        self.found.witnesses.push(self.path.iter().map(atoms).collect());
    }
}
