//! The formatter: it changes the blanks between the tokens and comments of a rule file, and nothing else.
//!
//! It goes through tokens and comments in their order (`tokens`), nests them by their brackets (`items`), and decides
//! what stands between two of them (`layout`, `alignment`). The result is read again and compared with the text, so
//! no token and no comment can be lost, moved or changed. There are no options.

mod alignment;
mod changes;
mod items;
mod layout;
mod spacing;
mod tokens;

pub use changes::{changes, declarations_around};
use tokens::FormatTokens;

/// The columns that a line takes at most, where it can be broken.
pub const LINE_WIDTH: usize = 120;

/// Why a text is not formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatError {
    /// It does not parse: [`parse`](crate::syntax::parse) says why.
    Unparsed,
    /// The result would not hold the same tokens and comments. This is a mistake in this module.
    Changed,
}

/// The formatted text of a rule file.
///
/// # Errors
///
/// Where the text does not parse; and where the result would not hold the same tokens and comments in the same order,
/// which would be a mistake of the formatter.
pub fn format(text: &str) -> Result<String, FormatError> {
    let (mark, content) = match text.strip_prefix('\u{feff}') {
        Some(content) => ("\u{feff}", content),
        None => ("", text),
    };
    let tokens = FormatTokens::read(content).ok_or(FormatError::Unparsed)?;
    let lines = layout::lines(&tokens);
    let ending = if has_only_crlf(content) { "\r\n" } else { "\n" };
    let mut formatted = String::with_capacity(text.len() + 64);
    for line in &lines {
        formatted.push_str(line);
        formatted.push_str(ending);
    }
    let same = FormatTokens::read(&formatted).is_some_and(|read| read.has_same_content(&tokens));
    if same { Ok(mark.to_owned() + &formatted) } else { Err(FormatError::Changed) }
}

/// A text that this crate wrote, formatted; as it is, where it does not parse.
#[must_use]
pub fn formatted(text: String) -> String {
    format(&text).unwrap_or(text)
}

/// Whether every line of the text ends in CR LF.
fn has_only_crlf(text: &str) -> bool {
    text.contains('\n') && text.split_inclusive('\n').all(|line| line.ends_with("\r\n") || !line.ends_with('\n'))
}
