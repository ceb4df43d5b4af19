//! What formatting changes, as small edits: an editor keeps its cursors and marks where nothing changes.

use super::items::items;
use super::tokens::FormatTokens;
use super::{FormatError, format};
use std::ops::Range;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Which bytes of a text are replaced by what, so that the text is formatted. In order; the parts do not touch each other.
///
/// # Errors
///
/// As for [`format()`].
pub fn changes(text: &str) -> Result<Vec<(Range<usize>, String)>, FormatError> {
    let formatted = format(text)?;
    if formatted == text {
        return Ok(Vec::new());
    }
    let content = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mark = text.len() - content.len();
    let before = gaps(content).ok_or(FormatError::Unparsed)?;
    let new_content = formatted.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&formatted);
    let after = gaps(new_content).ok_or(FormatError::Changed)?;
    let mut changes = Vec::new();
    for (old, new) in before.into_iter().zip(after) {
        let (old_text, new_text) = (content.get(old.clone()), new_content.get(new));
        for (range, replacement) in between(old_text.unwrap_or_default(), new_text.unwrap_or_default()) {
            let offset = mark + old.start;
            changes.push((offset + range.start..offset + range.end, replacement));
        }
    }
    Ok(changes)
}

/// The part of a text that holds the declarations which a range touches, with what stands between them and their
/// neighbours. Nothing where the text does not parse.
#[must_use]
pub fn declarations_around(text: &str, range: Range<usize>) -> Range<usize> {
    let content = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mark = text.len() - content.len();
    let Some(tokens) = FormatTokens::read(content) else { return 0..0 };
    let bytes = |token: usize| tokens.tokens.get(token).map(|token| mark + token.range.start..mark + token.range.end);
    let (mut start, mut end) = (mark, None);
    for item in items(&tokens) {
        let (Some(first), Some(last)) = (bytes(item.first()), bytes(item.end())) else { continue };
        if last.end < range.start {
            start = last.end;
        }
        if range.end < first.start {
            end = Some(first.start);
            break;
        }
    }
    start..end.unwrap_or(text.len())
}

/// What stands between the tokens, and before the first and behind the last.
fn gaps(text: &str) -> Option<Vec<Range<usize>>> {
    let tokens = FormatTokens::read(text)?.tokens;
    let starts = tokens.iter().map(|token| token.range.start).chain([text.len()]);
    let ends = [0].into_iter().chain(tokens.iter().map(|token| token.range.end));
    Some(ends.zip(starts).map(|(start, end)| start..end).collect())
}

/// The changes between two gaps with the same comments.
fn between(old: &str, new: &str) -> Vec<(Range<usize>, String)> {
    let (old_parts, new_parts) = (blanks(old), blanks(new));
    if old_parts.len() != new_parts.len() {
        return vec![(0..old.len(), new.to_owned())];
    }
    let changed = old_parts.into_iter().zip(new_parts).filter_map(|(old_range, new_range)| {
        let (was, is) = (old.get(old_range.clone())?, new.get(new_range)?);
        let same_start = was.bytes().zip(is.bytes()).take_while(|(was, is)| was == is).count();
        let (was_rest, is_rest) = (was.get(same_start..)?, is.get(same_start..)?);
        let same_end = was_rest.bytes().rev().zip(is_rest.bytes().rev()).take_while(|(was, is)| was == is).count();
        let range = old_range.start + same_start..old_range.end - same_end;
        let replacement = is_rest.get(..is_rest.len() - same_end)?.to_owned();
        (!range.is_empty() || !replacement.is_empty()).then_some((range, replacement))
    });
    changed.collect()
}

/// The blanks and line ends around the comments of a gap: one part more than there are comments.
fn blanks(gap: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in gap.split_inclusive('\n') {
        if let Some(comment) = line.find('#') {
            parts.push(start..at + comment);
            start = at + line.trim_end_matches([' ', '\t', '\r', '\n']).len();
        }
        at += line.len();
    }
    parts.push(start..gap.len());
    parts
}

#[cfg(test)]
mod tests {
    use super::{changes, declarations_around};
    use crate::format::format;

    const TEXT: &str = "\u{feff}edition 1\n\n\n\nchannel  a = stdout()   # über\n  # two \nchannel b=stdout()\n\n\
        mapping m { title=\"x\"\n\n\n key  = \"k\" }";

    #[test]
    fn the_changes_make_the_formatted_text() {
        let mut text = TEXT.to_owned();
        let changes = changes(TEXT).unwrap();
        assert!(changes.len() > 5, "{changes:?}");
        assert!(changes.iter().all(|(_, replacement)| replacement.trim().is_empty()), "{changes:?}");
        for (range, replacement) in changes.into_iter().rev() {
            text.replace_range(range, &replacement);
        }
        assert_eq!(text, format(TEXT).unwrap());
    }

    #[test]
    fn a_range_takes_whole_declarations() {
        let at = TEXT.find("channel b").unwrap();
        let part = declarations_around(TEXT, at..at + 3);
        assert_eq!(TEXT.get(part).unwrap().trim(), "# über\n  # two \nchannel b=stdout()");
        assert_eq!(declarations_around("edition 1\nchannel", 3..4), 0..0);
    }
}
