//! Text that fits a terminal: its width, its colours, cuts and line breaks. A wide character takes two columns.

use crate::diagnostic::Styling;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The width of prose where no terminal shows it.
const PROSE: usize = 100;

/// How text is laid out for its reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextLayout {
    /// The columns of the terminal; none where the text goes to a file or a program, and nothing is cut.
    pub(super) width: Option<usize>,
    /// Whether in colour.
    pub(super) styling: Styling,
}

impl TextLayout {
    /// The layout of a file.
    pub(super) const PLAIN: Self = Self { width: None, styling: Styling::Plain };

    /// The lines of a paragraph, each with a line end. Lines after the first are indented.
    pub(super) fn paragraph(self, text: &str, indent: usize) -> String {
        let most = self.width.unwrap_or(PROSE);
        let mut shown = String::new();
        for (number, line) in wrap(text, most.saturating_sub(indent).max(20)).iter().enumerate() {
            shown.extend(std::iter::repeat_n(' ', if number == 0 { 0 } else { indent }));
            shown.push_str(line);
            shown.push('\n');
        }
        shown
    }
}

/// How many columns a text takes.
pub(super) fn text_width(text: &str) -> usize {
    text.width()
}

/// As much of a text as fits, with `…` where more follows.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut short = first_columns(text, columns.saturating_sub(1)).to_owned();
    short.push('…');
    short
}

/// The longest beginning of a text that takes at most that many columns.
fn first_columns(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find_map(|(at, character)| {
        used += character.width().unwrap_or(0);
        (used > columns).then_some(at)
    });
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The words of a text. What stands in backticks is one word, so that a command can be copied.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_quoted = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if is_quoted => last.extend([" ", word]),
            Some(_) | None => words.push(word.to_owned()),
        }
        is_quoted ^= word.matches('`').count() % 2 == 1;
    }
    words
}

/// The text in lines, broken at blanks. A word that is longer than a line stays whole if it is ASCII, such as a path.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let too_long = |word: &String| word.width() > columns;
    let parts = |word: String| if too_long(&word) { word.split(' ').map(str::to_owned).collect() } else { vec![word] };
    for word in words(text).into_iter().flat_map(parts) {
        let mut rest = word.as_str();
        while let Some(line) = lines.last_mut() {
            let used = line.width();
            let blank = usize::from(used > 0);
            if used + blank + rest.width() <= columns || (used == 0 && rest.is_ascii()) {
                line.extend(std::iter::repeat_n(' ', blank));
                line.push_str(rest);
                break;
            }
            if !rest.is_ascii() && used + blank + 8 <= columns {
                let part = first_columns(rest, columns - used - blank);
                line.extend(std::iter::repeat_n(' ', blank));
                line.push_str(part);
                rest = rest.get(part.len()..).unwrap_or_default();
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Styling, TextLayout, cut, wrap};

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(cut("磁盘已满", 8), "磁盘已满");
        assert_eq!(cut("磁盘已满", 7), "磁盘已…");
        assert_eq!(cut("磁盘已满", 6), "磁盘…");
        assert_eq!(cut("disk", 3), "di…");
    }

    #[test]
    fn lines_break_at_blanks_and_paths_stay_whole() {
        assert_eq!(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("see /var/lib/pointsman now", 8), ["see", "/var/lib/pointsman", "now"]);
        assert_eq!(wrap("磁盘空间即将用尽", 10), ["磁盘空间即", "将用尽"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("then `run it`, or not", 12), ["then", "`run it`, or", "not"]);
        assert_eq!(wrap("`run it or leave it`", 8), ["`run it", "or leave", "it`"]);
    }

    #[test]
    fn later_lines_of_a_paragraph_are_indented() {
        let layout = TextLayout { width: Some(24), styling: Styling::Plain };
        assert_eq!(layout.paragraph("one two three four five", 4), "one two three four\n    five\n");
    }
}
