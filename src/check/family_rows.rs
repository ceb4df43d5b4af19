//! The members of a family of channels: the values of a column, with the row of each.

use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::csv;
use crate::diagnostic::{Diagnostic, DiagnosticCode, nearest};
use crate::event::{MAX_MEMBER_NAME, is_member_name};
use crate::source::Span;
use crate::syntax::tree::{ChannelFamily, FamilySource, Identifier, StringLiteral};
use crate::text::{plural, quoted, shorten};
use std::collections::HashMap;

/// How many findings of one file are reported; more of them likely have one common cause.
const FINDINGS_LIMIT: usize = 20;

/// The columns of a family, and the rows of its members.
pub(super) struct FamilyRows {
    /// The names of the columns.
    pub(super) columns: Vec<Box<str>>,
    /// The position of the column that names the members.
    pub(super) key: usize,
    /// The rows that name a member, in the order of the file.
    pub(super) rows: Vec<FamilyRow>,
}

/// A row that names a member.
pub(super) struct FamilyRow {
    /// A cell for each column; an empty one has no value.
    pub(super) cells: Vec<Option<Box<str>>>,
    /// Where it stands in a CSV file.
    pub(super) place: Option<RowPlace>,
}

/// Where a row stands: its line, and the byte at which it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowPlace {
    pub(super) line: u64,
    pub(super) start: usize,
}

impl FamilyRows {
    /// The name of a row's member.
    pub(super) fn member<'r>(&self, row: &'r FamilyRow) -> &'r str {
        row.cells.get(self.key).and_then(Option::as_deref).unwrap_or_default()
    }
}

/// The members of a family; nothing if what they come from cannot be read. `text` receives the text of a CSV file.
pub(super) fn read(family: &ChannelFamily, text: &mut String, cx: &mut LoweringContext<'_>) -> Option<FamilyRows> {
    match &family.source {
        FamilySource::List(items) => list(family, items, cx),
        FamilySource::Csv(file) => {
            let read = csv::text(file, cx)?;
            read.strip_prefix('\u{feff}').unwrap_or(&read).clone_into(text);
            MemberReader { column: &family.column, file, text, findings: 0, cx }.read()
        }
    }
}

fn list(family: &ChannelFamily, items: &[StringLiteral], cx: &mut LoweringContext<'_>) -> Option<FamilyRows> {
    if items.is_empty() {
        let message = format!("the family has no member: the list of `{}` is empty", family.column.text);
        cx.report(
            Diagnostic::new(&code::EMPTY_CSV, family.column.span, message)
                .help("name its members: `in [\"a\", \"b\"]`"),
        );
        return None;
    }
    let mut seen: HashMap<&str, Span> = HashMap::new();
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        if !is_member_name(&item.value) {
            let message = format!("{} {}", quoted(&shorten(&item.value, 40)), NOT_A_NAME);
            cx.report(Diagnostic::new(&code::BAD_MEMBER, item.span, message).help(name_rule()));
        } else if let Some(first) = seen.insert(&item.value, item.span) {
            let message = format!("the member `{}` is listed twice", item.value);
            cx.report(Diagnostic::new(&code::BAD_MEMBER, item.span, message).related(first, "first listed here"));
        } else {
            rows.push(FamilyRow { cells: vec![Some(item.value.clone())], place: None });
        }
    }
    Some(FamilyRows { columns: vec![family.column.text.clone()], key: 0, rows })
}

const NOT_A_NAME: &str = "cannot be the name of a channel";

fn name_rule() -> String {
    format!(
        "a member's name is 1 to {MAX_MEMBER_NAME} letters (a-z, A-Z), digits, `_`, `-` and `.`, and begins with no dot"
    )
}

/// One file while its members are read.
struct MemberReader<'s, 'c> {
    column: &'s Identifier,
    file: &'s StringLiteral,
    text: &'s str,
    findings: usize,
    cx: &'s mut LoweringContext<'c>,
}

impl MemberReader<'_, '_> {
    fn read(&mut self) -> Option<FamilyRows> {
        let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(self.text.as_bytes());
        let header = match reader.headers() {
            Ok(header) if !header.is_empty() => header.clone(),
            Ok(_) => {
                self.report(&code::EMPTY_CSV, "", "holds no header", None);
                return None;
            }
            Err(_) => {
                self.report(&code::BAD_CSV, ":1", "cannot be read as CSV", None);
                return None;
            }
        };
        let key = self.key(&header)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => rows.extend(self.row(&record, &header, key)),
                Err(error) => {
                    let line = error.position().map(|at| format!(":{}", at.line())).unwrap_or_default();
                    self.report(&code::BAD_CSV, &line, "cannot be read as CSV", None);
                }
            }
        }
        if rows.is_empty() && self.findings == 0 {
            let message = format!("names no member in column `{}`", self.column.text);
            self.report(&code::EMPTY_CSV, "", &message, None);
        }
        let columns = header.iter().map(|name| name.trim().into()).collect();
        (self.findings == 0).then_some(FamilyRows { columns, key, rows })
    }

    /// The position of the column that names the members; no column has the name of another.
    fn key(&mut self, header: &::csv::StringRecord) -> Option<usize> {
        let mut positions: HashMap<&str, usize> = HashMap::new();
        for (position, name) in header.iter().map(str::trim).enumerate() {
            if let Some(first) = positions.insert(name, position) {
                let message = format!("names column `{name}` twice, as number {} and {}", first + 1, position + 1);
                self.report(&code::DUPLICATE_COLUMN, ":1", &message, None);
                return None;
            }
        }
        if let Some(position) = positions.get(&*self.column.text) {
            return Some(*position);
        }
        let message = format!("`{}` has no column `{}`", self.file.value, self.column.text);
        let diagnostic =
            Diagnostic::new(&code::NO_COLUMN, self.column.span, message).related(self.file.span, "the file");
        self.findings += 1;
        self.cx.report(match nearest(&self.column.text, header.iter().map(str::trim)) {
            Some(near) => diagnostic.did_you_mean(self.column.span, near),
            None => diagnostic.note(format!("its header is `{}`", header.iter().collect::<Vec<&str>>().join(","))),
        });
        None
    }

    /// The row, if it names a member. Empty cells and `*` name none.
    fn row(&mut self, record: &::csv::StringRecord, header: &::csv::StringRecord, key: usize) -> Option<FamilyRow> {
        let (line, start) = record.position().map_or((0, 0), |at| (at.line(), usize::try_from(at.byte()).unwrap_or(0)));
        if record.len() != header.len() {
            let message = format!("has {}, and the header has {}", plural(record.len(), "cell"), header.len());
            self.report(&code::BAD_CSV, &format!(":{line}"), &message, None);
            return None;
        }
        let name = record.get(key).unwrap_or_default();
        if matches!(name, "" | "*") {
            return None;
        }
        if !is_member_name(name) {
            let place = cell_place(self.text, start, line, key);
            let message = format!("holds {}, which {NOT_A_NAME}", quoted(&shorten(name, 40)));
            let hint = if is_member_name(name.trim()) { "remove the blanks around it".to_owned() } else { name_rule() };
            self.report(&code::BAD_MEMBER, &place, &message, Some(hint));
            return None;
        }
        let cells = record.iter().map(|cell| (!cell.is_empty()).then(|| cell.into())).collect();
        Some(FamilyRow { cells, place: Some(RowPlace { line, start }) })
    }

    fn report(&mut self, code: &'static DiagnosticCode, place: &str, message: &str, help: Option<String>) {
        self.findings += 1;
        if self.findings <= FINDINGS_LIMIT {
            let found = Diagnostic::new(code, self.file.span, format!("`{}{place}` {message}", self.file.value));
            self.cx.report(help.into_iter().fold(found, Diagnostic::help));
        }
    }
}

/// Where a cell stands: `:3:12`, its line and its column of characters. `start` is the byte at which its row begins, or
/// blank lines before it.
pub(super) fn cell_place(text: &str, start: usize, line: u64, column: usize) -> String {
    let row = text.get(start..).unwrap_or_default().trim_start_matches(['\r', '\n']);
    let (mut line, mut character, mut cell, mut is_quoted) = (line, 1, 0, false);
    for letter in row.chars() {
        if cell == column {
            break;
        }
        character += 1;
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cell += 1,
            '\n' => (line, character) = (line + 1, 1),
            _ => {}
        }
    }
    format!(":{line}:{character}")
}

#[cfg(test)]
mod tests {
    use super::cell_place;

    #[test]
    fn a_cell_is_found_behind_quotes_and_blank_lines() {
        let text = "team,chat\n\n\"a, \"\"b\"\"\",x\nc,d\n";
        assert_eq!(cell_place(text, 10, 3, 0), ":3:1");
        assert_eq!(cell_place(text, 10, 3, 1), ":3:12");
        assert_eq!(cell_place(text, 24, 4, 1), ":4:3");
        assert_eq!(cell_place("a,b\n\"x\ny\",z", 4, 2, 1), ":3:4");
    }
}
