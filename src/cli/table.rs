//! Text in aligned columns that fit the terminal.

use super::layout::{TextLayout, cut, text_width};

/// The width to which a column may be cut before columns are left out.
const COMFORTABLE: usize = 24;
/// The width to which a column may be cut where nothing else helps.
const NARROWEST: usize = 6;

/// How a row stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowMark {
    Failing,
    Warning,
    None,
}

impl RowMark {
    /// The word for the first column.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failing => "FAIL",
            Self::Warning => "WARN",
            Self::None => "ok",
        }
    }

    /// The ANSI style of its words.
    pub(super) fn ansi_code(self) -> &'static str {
        match self {
            Self::Failing => "1;31",
            Self::Warning => "1;33",
            Self::None => "32",
        }
    }
}

/// Rows of cells; every row has the same number of cells.
pub(super) struct TextTable {
    heading: Vec<String>,
    rows: Vec<(RowMark, Vec<String>)>,
    is_marked: bool,
    /// How many columns at the left are never cut.
    whole: usize,
    /// The titles of columns that a narrow terminal does not show; the first is left out first.
    spare: &'static [&'static str],
    /// The title of a column that is never cut, as what matters may be at its end.
    uncut: Option<&'static str>,
}

/// A column that is shown.
struct TableColumn {
    position: usize,
    width: usize,
    is_number: bool,
    /// Whether its cells may be cut.
    is_flexible: bool,
}

impl TextTable {
    /// A table with a heading.
    pub(super) fn new(heading: &[&str]) -> Self {
        Self { heading: heading.iter().map(|&title| title.to_owned()).collect(), ..Self::bare() }
    }

    /// A table without a heading.
    pub(super) fn bare() -> Self {
        Self { heading: Vec::new(), rows: Vec::new(), is_marked: false, whole: 1, spare: &[], uncut: None }
    }

    /// Never cuts the first columns, and leaves out columns with these titles in a narrow terminal, the first first.
    pub(super) fn fitting(self, whole: usize, spare: &'static [&'static str]) -> Self {
        Self { whole, spare, ..self }
    }

    /// Never cuts the column with this title either.
    pub(super) fn uncut(self, title: &'static str) -> Self {
        Self { uncut: Some(title), ..self }
    }

    /// Adds a row. Its cells contain no control characters.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push((RowMark::None, cells));
    }

    /// Adds a row whose first cell is the word of its mark.
    pub(super) fn marked_row(&mut self, mark: RowMark, cells: impl IntoIterator<Item = String>) {
        self.is_marked = true;
        self.rows.push((mark, std::iter::once(mark.word().to_owned()).chain(cells).collect()));
    }

    /// The lines, with two blanks between columns and none at the end; columns of numbers are aligned to the right.
    pub(super) fn render(&self, layout: TextLayout) -> String {
        let mut columns = self.columns();
        if let Some(most) = layout.width {
            self.fit(&mut columns, most);
        }
        let mut text = String::new();
        if !self.heading.is_empty() {
            let heading = line(&columns, &self.heading);
            text.push_str(&layout.styling.styled("1", heading.trim_end()));
            text.push('\n');
        }
        for (mark, cells) in &self.rows {
            let line = line(&columns, cells);
            let word = if self.is_marked { mark.word() } else { "" };
            match line.strip_prefix(word) {
                Some(rest) if self.is_marked => {
                    text.push_str(&layout.styling.styled(mark.ansi_code(), word));
                    text.push_str(rest.trim_end());
                }
                Some(_) | None => text.push_str(line.trim_end()),
            }
            text.push('\n');
        }
        text
    }

    fn columns(&self) -> Vec<TableColumn> {
        let cells = |position: usize| self.rows.iter().filter_map(move |(_, cells)| cells.get(position));
        let count = self.rows.iter().map(|(_, cells)| cells.len()).chain([self.heading.len()]).max().unwrap_or(0);
        let column = |position| {
            let title = self.heading.get(position).map_or(0, |title: &String| text_width(title));
            let is_uncut = self.uncut.is_some() && self.heading.get(position).map(String::as_str) == self.uncut;
            let is_number = !self.rows.is_empty() && cells(position).all(|cell: &String| is_number(cell));
            TableColumn {
                position,
                width: cells(position).map(|cell: &String| text_width(cell)).max().unwrap_or(0).max(title),
                is_number,
                is_flexible: position >= self.whole && !is_number && !is_uncut,
            }
        };
        (0..count).map(column).collect()
    }

    /// Leaves out columns, then cuts the widest, until the table fits.
    fn fit(&self, columns: &mut Vec<TableColumn>, most: usize) {
        let needed = |columns: &[TableColumn]| {
            let width = |column: &TableColumn| {
                if column.is_flexible { column.width.min(COMFORTABLE) } else { column.width }
            };
            columns.iter().map(width).sum::<usize>() + 2 * columns.len().saturating_sub(1)
        };
        for spare in self.spare {
            if needed(columns) <= most {
                break;
            }
            columns.retain(|column| self.heading.get(column.position).is_none_or(|title| title != spare));
        }
        let gaps = 2 * columns.len().saturating_sub(1);
        while columns.iter().map(|column| column.width).sum::<usize>() + gaps > most {
            let flexible = columns.iter_mut().filter(|column| column.is_flexible && column.width > NARROWEST);
            let Some(widest) = flexible.max_by_key(|column| column.width) else { break };
            widest.width -= 1;
        }
    }
}

/// `7`, `12.5`, `1,204`, `<0.1`, `-92%`, or nothing.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix(['+', '-', '<']).unwrap_or(cell);
    let digits = digits.strip_suffix('%').unwrap_or(digits);
    (cell.is_empty() || !digits.is_empty()) && digits.bytes().all(|byte| byte.is_ascii_digit() || b".,".contains(&byte))
}

/// The cells of a row, padded to the widths of their columns.
fn line(columns: &[TableColumn], cells: &[String]) -> String {
    let mut text = String::new();
    for column in columns {
        let cell = cells.get(column.position).map(|cell| cut(cell, column.width)).unwrap_or_default();
        let padding = std::iter::repeat_n(' ', column.width.saturating_sub(text_width(&cell)));
        if column.is_number {
            text.extend(padding);
            text.push_str(&cell);
        } else {
            text.push_str(&cell);
            text.extend(padding);
        }
        text.push_str("  ");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{RowMark, TextTable};
    use crate::cli::layout::TextLayout;
    use crate::diagnostic::Styling;
    use expect_test::expect;

    fn table() -> TextTable {
        let mut table = TextTable::new(&["", "channel", "kind", "waiting", "last error"]).fitting(2, &["kind"]);
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        table.marked_row(RowMark::Failing, row(["page", "flashduty", "90", "the receiver says 磁盘空间 once more"]));
        table.marked_row(RowMark::None, row(["chat", "dingtalk", "7", "-"]));
        table
    }

    #[test]
    fn a_table_is_aligned_by_what_a_terminal_shows() {
        expect![[r"
                  channel  kind       waiting  last error
            FAIL  page     flashduty       90  the receiver says 磁盘空间 once more
            ok    chat     dingtalk         7  -
        "]]
        .assert_eq(&table().render(TextLayout::PLAIN));
    }

    #[test]
    fn a_narrow_terminal_gets_fewer_columns_and_then_shorter_cells() {
        let text = table().render(TextLayout { width: Some(46), styling: Styling::Plain });
        expect![[r"
                  channel  waiting  last error
            FAIL  page          90  the receiver says 磁…
            ok    chat           7  -
        "]]
        .assert_eq(&text);
    }

    #[test]
    fn numbers_are_aligned_to_the_right() {
        let mut table = TextTable::new(&["a day", "change", "at"]);
        for row in [["12.5", "-92%", "10:00"], ["<0.1", "", "-"], ["1,204", "+3%", "9"]] {
            table.row(row.map(str::to_owned).to_vec());
        }
        expect![[r"
            a day  change  at
             12.5    -92%  10:00
             <0.1          -
            1,204     +3%  9
        "]]
        .assert_eq(&table.render(TextLayout::PLAIN));
    }

    #[test]
    fn marks_are_in_colour_where_the_reader_wants_it() {
        let text = table().render(TextLayout { width: None, styling: Styling::Colored });
        assert!(text.contains("\u{1b}[1;31mFAIL\u{1b}[0m  page"), "{text}");
        assert!(text.contains("\u{1b}[32mok\u{1b}[0m    chat"), "{text}");
    }
}
