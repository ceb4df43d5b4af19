//! Signs and comments below each other, within bounds: where alignment is unbounded, one long name moves every line.

use super::LINE_WIDTH;
use super::items::Item;
use super::tokens::FormatTokens;
use crate::syntax::ItemKind;
use unicode_width::UnicodeWidthStr as _;

/// The longest left side that moves the signs of the lines beside it, in columns.
const MAX_LEFT: usize = 40;
/// The same in `cases`, whose left sides are values.
const MAX_CASE_LEFT: usize = 60;

/// An item that takes one line.
#[derive(Debug)]
pub(super) struct AlignedLine {
    pub(super) text: String,
    /// How many blanks stand before the comment behind it.
    pub(super) comment_blanks: usize,
}

/// Aligns items that each take one line and follow each other directly. `texts` holds what stands on the line of an item, if
/// it takes one line.
pub(super) fn aligned(
    tokens: &FormatTokens<'_>,
    items: &[Item],
    texts: Vec<Option<String>>,
    indent: usize,
) -> Vec<Option<AlignedLine>> {
    let mut lines: Vec<Option<AlignedLine>> =
        texts.into_iter().map(|text| text.map(|text| AlignedLine { text, comment_blanks: 1 })).collect();
    let mut start = 0;
    while start < items.len() {
        let end = run_end(tokens, items, &lines, start);
        if let (Some(items), Some(lines)) = (items.get(start..end), lines.get_mut(start..end)) {
            align_signs(tokens, items, lines, indent);
            align_comments(tokens, items, lines);
        }
        start = end;
    }
    lines
}

/// Where the run that begins at `start` ends: adjacent items of one kind, each on one line.
fn run_end(tokens: &FormatTokens<'_>, items: &[Item], lines: &[Option<AlignedLine>], start: usize) -> usize {
    let takes_part = |at: usize| lines.get(at).is_some_and(Option::is_some);
    let kind = |at: usize| items.get(at).map(|item| item.kind);
    let mut end = start + 1;
    if !takes_part(start) || matches!(kind(start), Some(ItemKind::Step | ItemKind::TimedStep | ItemKind::Other)) {
        return end;
    }
    while takes_part(end) && kind(end) == kind(start) && items.get(end).is_some_and(|item| follows(tokens, item)) {
        end += 1;
    }
    end
}

/// Whether nothing but the end of the line before stands above an item.
fn follows(tokens: &FormatTokens<'_>, item: &Item) -> bool {
    let gap = tokens.gap(item.first());
    gap.empty_lines == 0 && gap.comments.iter().all(|comment| comment.is_behind_token)
}

fn align_signs(tokens: &FormatTokens<'_>, items: &[Item], lines: &mut [Option<AlignedLine>], indent: usize) {
    let lefts: Vec<Option<usize>> = items.iter().map(|item| left_width(tokens, item)).collect();
    let bound = bound(items);
    let column = lefts.iter().flatten().copied().filter(|left| *left <= bound).max().unwrap_or(0);
    for ((item, line), left) in items.iter().zip(lines).zip(&lefts) {
        let (Some(line), Some(left)) = (line, left) else { continue };
        let blanks = column.saturating_sub(*left);
        if *left <= bound && indent + line.text.width() + blanks <= LINE_WIDTH {
            line.text.insert_str(left_text(tokens, item).map_or(0, |text| text.len()), &" ".repeat(blanks));
        }
    }
}

fn align_comments(tokens: &FormatTokens<'_>, items: &[Item], lines: &mut [Option<AlignedLine>]) {
    let bound = bound(items);
    let has_comment = |item: &Item| tokens.has_comment_behind(item.end());
    let widths = items.iter().zip(&*lines).filter(|(item, _)| has_comment(item));
    let widths = widths.filter_map(|(_, line)| line.as_ref().map(|line| line.text.width()));
    let column = widths.filter(|width| *width <= bound).max().unwrap_or(0);
    for line in lines.iter_mut().flatten() {
        line.comment_blanks = column.saturating_sub(line.text.width()) + 1;
    }
}

fn bound(items: &[Item]) -> usize {
    if items.iter().any(|item| item.kind == ItemKind::CaseRow) { MAX_CASE_LEFT } else { MAX_LEFT }
}

fn left_width(tokens: &FormatTokens<'_>, item: &Item) -> Option<usize> {
    left_text(tokens, item).map(|text| text.width())
}

/// How far the steps of a sequence stand behind the beginning of its lines: behind the longest of their moments.
pub(super) fn step_column(tokens: &FormatTokens<'_>, items: &[Item]) -> Option<usize> {
    let steps = items.iter().filter(|item| item.kind == ItemKind::TimedStep);
    steps.map(|item| left_width(tokens, item).unwrap_or(0) + 2).max()
}

/// What stands before the sign.
fn left_text(tokens: &FormatTokens<'_>, item: &Item) -> Option<String> {
    item.units.get(..item.sign(tokens)?).and_then(|left| tokens.on_one_line(left))
}
