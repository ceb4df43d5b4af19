//! Tables from CSV files: columns by their header, cells as strings, and every finding with the CSV's own line.

use crate::check::bare_word::{constant, constant_names_of};
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::diagnostic::{Diagnostic, DiagnosticCode, nearest};
use crate::model::{CsvCell, CsvRows, Literal};
use crate::pattern::Case;
use crate::syntax::tree::{self, Identifier, StringLiteral};
use crate::text::{plural, rule_string};
use crate::value::ValueType;
use std::collections::HashMap;
use std::path::{Component, Path};

/// How many findings of one file are reported; more of them likely have one common cause.
const FINDINGS_LIMIT: usize = 20;

/// The rows of a file, and what the table may result in.
pub(super) fn read(
    table: &tree::Table,
    column: &Identifier,
    constants: Option<&Identifier>,
    file: &StringLiteral,
    cx: &mut LoweringContext<'_>,
) -> (CsvRows, ValueType) {
    let mut rows = CsvRows { case: table.ignore_case.into(), rows: Vec::new() };
    let Some(types) = column_type(constants, cx) else { return (rows, ValueType::UNKNOWN) };
    let Some(text) = text(file, cx) else { return (rows, ValueType::UNKNOWN) };
    let mut sheet = CsvTableReader { table, column, types, file, findings: 0, blanks: 0, cx };
    sheet.read(&text, &mut rows);
    let result = if sheet.findings > 0 { ValueType::UNKNOWN } else { types | ValueType::MISSING };
    (rows, result)
}

fn column_type(constants: Option<&Identifier>, cx: &mut LoweringContext<'_>) -> Option<ValueType> {
    let Some(name) = constants else { return Some(ValueType::TEXT) };
    match &*name.text {
        "Severity" => Some(ValueType::SEVERITY),
        "Status" => Some(ValueType::STATUS),
        _ => {
            let near = cx.nearest(&name.text, ["Severity", "Status"].into_iter());
            let message = format!("a column holds `Severity` or `Status` constants, found `{}`", name.text);
            let diagnostic = Diagnostic::new(&code::UNKNOWN_CONSTANTS, name.span, message)
                .note("without a type the column holds strings");
            cx.report(super::context::with_nearest(diagnostic, name, near));
            None
        }
    }
}

/// The text of a file beside the rule file that names it.
pub(super) fn text(file: &StringLiteral, cx: &mut LoweringContext<'_>) -> Option<String> {
    let name = cx.environment.sources.name(file.span);
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    if !stays_below(&file.value) {
        cx.report(
            Diagnostic::new(
                &code::FILE_OUTSIDE,
                file.span,
                format!("the file `{}` lies outside the folder of this rule file", file.value),
            )
            .help(
                "put the file beside the rules; or declare the table beside the file: every rule of the set may use it",
            ),
        );
        return None;
    }
    match (cx.environment.read)(&folder.join(&*file.value)) {
        Ok(text) => Some(text),
        Err(reason) => {
            cx.report(
                Diagnostic::new(
                    &code::UNREADABLE_FILE,
                    file.span,
                    format!("the file `{}` cannot be read: {reason}", file.value),
                )
                .note("files are looked for beside the rule file that names them"),
            );
            None
        }
    }
}

/// Whether a path stays below its folder on every operating system.
pub(crate) fn stays_below(path: &str) -> bool {
    let only_descends =
        Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    only_descends && !path.contains(['\\', '\0']) && path.get(1..2) != Some(":")
}

/// One file while it is read.
struct CsvTableReader<'s, 'c> {
    table: &'s tree::Table,
    column: &'s Identifier,
    types: ValueType,
    file: &'s StringLiteral,
    findings: usize,
    /// How many cells have blanks around them.
    blanks: usize,
    cx: &'s mut LoweringContext<'c>,
}

/// The positions of the columns that a table reads.
struct CsvColumns {
    /// One for each parameter.
    keys: Vec<usize>,
    result: usize,
    /// How many columns the file has.
    count: usize,
}

/// A row that was read.
struct CsvRow {
    line: u64,
    keys: Vec<CsvCell>,
    result: Literal,
}

impl CsvTableReader<'_, '_> {
    fn read(&mut self, text: &str, rows: &mut CsvRows) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header = match reader.headers() {
            Ok(header) if !header.is_empty() => header.clone(),
            Ok(_) => return self.report(&code::EMPTY_CSV, None, "holds no header"),
            Err(error) => return self.unreadable(&error),
        };
        if let Some(separator) = foreign_separator(&header) {
            let message = format!("separates its cells by {separator}; write `,` between them");
            return self.report(&code::BAD_CSV, Some(1), &message);
        }
        let Some(columns) = self.columns(&header) else { return };
        let mut read = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => read.extend(self.row(&record, &columns)),
                Err(error) => self.unreadable(&error),
            }
        }
        if read.is_empty() && self.findings == 0 {
            return self.report(&code::EMPTY_CSV, None, "holds a header and no row");
        }
        self.report_unreachable_rows(&read, rows.case);
        rows.rows = read.into_iter().map(|row| (row.keys, row.result)).collect();
    }

    /// Where the columns of the parameters and of the result stand.
    fn columns(&mut self, header: &::csv::StringRecord) -> Option<CsvColumns> {
        let mut seen = HashMap::new();
        for (position, name) in header.iter().enumerate() {
            if let Some(first) = seen.insert(name.trim(), position) {
                let message =
                    format!("names column `{}` twice, as number {} and {}", name.trim(), first + 1, position + 1);
                self.report(&code::DUPLICATE_COLUMN, Some(1), &message);
                return None;
            }
        }
        let names: Vec<&Identifier> = self.table.parameters.iter().chain(std::iter::once(self.column)).collect();
        let found: Vec<Option<usize>> = names.into_iter().map(|name| self.position(header, &seen, name)).collect();
        let mut found = found.into_iter().collect::<Option<Vec<usize>>>()?;
        let result = found.pop()?;
        Some(CsvColumns { keys: found, result, count: header.len() })
    }

    fn position(
        &mut self,
        header: &::csv::StringRecord,
        positions: &HashMap<&str, usize>,
        name: &Identifier,
    ) -> Option<usize> {
        if let Some(position) = positions.get(&*name.text) {
            return Some(*position);
        }
        let file = &self.file.value;
        let diagnostic =
            Diagnostic::new(&code::NO_COLUMN, name.span, format!("`{file}` has no column `{}`", name.text))
                .related(self.file.span, "the file");
        let diagnostic = match nearest(&name.text, header.iter().map(str::trim)) {
            Some(near) => diagnostic.did_you_mean(name.span, near),
            None => diagnostic.note(format!("its header is `{}`", header.iter().collect::<Vec<&str>>().join(","))),
        };
        self.findings += 1;
        self.cx.report(diagnostic);
        None
    }

    fn row(&mut self, record: &::csv::StringRecord, columns: &CsvColumns) -> Option<CsvRow> {
        let line = record.position().map_or(0, ::csv::Position::line);
        if record.len() != columns.count {
            let cells = plural(record.len(), "cell");
            let runs_on = record.iter().any(|cell| cell.contains('\n'));
            let hint = if runs_on { "; is a double quote never closed?" } else { "" };
            let message = format!("has {cells}, and the header has {}{hint}", columns.count);
            self.report(&code::BAD_CSV, Some(line), &message);
            return None;
        }
        self.report_blanks(record, columns, line);
        let keys = columns.keys.iter().map(|column| cell(record.get(*column).unwrap_or_default())).collect();
        let result = self.result(record.get(columns.result).unwrap_or_default(), line)?;
        Some(CsvRow { line, keys, result })
    }

    /// Blanks around a text are part of it, so such a cell hardly ever equals a label.
    fn report_blanks(&mut self, record: &::csv::StringRecord, columns: &CsvColumns, line: u64) {
        let names = self.table.parameters.iter().chain(std::iter::once(self.column));
        for (column, name) in columns.keys.iter().chain(std::iter::once(&columns.result)).zip(names) {
            let cell = record.get(*column).unwrap_or_default();
            let is_constant = *column == columns.result && self.types != ValueType::TEXT;
            if cell.trim() != cell && !is_constant && self.blanks < FINDINGS_LIMIT {
                self.blanks += 1;
                let advice = match cell.trim() {
                    "" => "leave the cell empty".to_owned(),
                    trimmed => format!("write `{trimmed}`"),
                };
                let (shown, column) = (rule_string(cell), &name.text);
                let message =
                    format!("holds `{shown}` in column `{column}`: the blanks are part of the text; {advice}");
                let message = format!("`{}:{line}` {message}", self.file.value);
                self.cx.report(Diagnostic::new(&code::BLANKS_IN_CELL, self.file.span, message));
            }
        }
    }

    fn result(&mut self, cell: &str, line: u64) -> Option<Literal> {
        if cell.is_empty() {
            return Some(Literal::Missing);
        }
        if self.types == ValueType::TEXT {
            return Some(Literal::Text(cell.into()));
        }
        let found = constant(cell).filter(|constant| constant.value_type() == self.types);
        if found.is_none() {
            let names: Vec<&str> = constant_names_of(self.types).collect();
            let wanted = format!("`{}`", names.join("`, `"));
            let near = nearest(cell, names);
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            self.report(
                &code::BAD_CELL,
                Some(line),
                &format!("holds `{cell}` in column `{}`, which is none of {wanted}{hint}", self.column.text),
            );
        }
        found
    }

    /// Reports rows that can never be chosen, because a row above fits whenever they do.
    fn report_unreachable_rows(&mut self, rows: &[CsvRow], case: Case) {
        let mut masks: Vec<Vec<bool>> = Vec::new();
        let mut taken: HashMap<Vec<CsvCell>, u64> = HashMap::new();
        for row in rows {
            let keys: Vec<CsvCell> = row.keys.iter().map(|cell| folded(cell, case)).collect();
            let earlier_line = masks.iter().find_map(|mask| {
                let masked: Vec<CsvCell> =
                    keys.iter().zip(mask).map(|(cell, any)| if *any { CsvCell::Any } else { cell.clone() }).collect();
                taken.get(&masked).copied()
            });
            if let Some(line) = earlier_line {
                let message = format!("can never be chosen: line {line} takes all that it fits");
                self.report(&code::DUPLICATE_ROW, Some(row.line), &message);
                continue;
            }
            let mask: Vec<bool> = keys.iter().map(|cell| *cell == CsvCell::Any).collect();
            if !masks.contains(&mask) {
                masks.push(mask);
            }
            taken.insert(keys, row.line);
        }
    }

    fn unreadable(&mut self, error: &::csv::Error) {
        let line = error.position().map(::csv::Position::line);
        let is_encoding = matches!(error.kind(), ::csv::ErrorKind::Utf8 { .. });
        let message = if is_encoding { "is not UTF-8" } else { "cannot be read as CSV" };
        self.report(&code::BAD_CSV, line, message);
    }

    fn report(&mut self, code: &'static DiagnosticCode, line: Option<u64>, message: &str) {
        self.findings += 1;
        if self.findings > FINDINGS_LIMIT {
            return;
        }
        let place = match line {
            Some(line) => format!("`{}:{line}`", self.file.value),
            None => format!("`{}`", self.file.value),
        };
        self.cx.report(Diagnostic::new(code, self.file.span, format!("{place} {message}")));
    }
}

/// The separator of a header that consists of one cell only because another separator was used.
fn foreign_separator(header: &::csv::StringRecord) -> Option<&'static str> {
    let only = header.get(0).filter(|_| header.len() == 1)?;
    [(';', "`;`"), ('\t', "tabs"), ('|', "`|`")].iter().find(|(sign, _)| only.contains(*sign)).map(|(_, name)| *name)
}

fn cell(text: &str) -> CsvCell {
    match text {
        "" => CsvCell::Missing,
        "*" => CsvCell::Any,
        text => CsvCell::Text(text.into()),
    }
}

fn folded(cell: &CsvCell, case: Case) -> CsvCell {
    match cell {
        CsvCell::Text(text) => CsvCell::Text(case.fold(text).into()),
        CsvCell::Any | CsvCell::Missing => cell.clone(),
    }
}
