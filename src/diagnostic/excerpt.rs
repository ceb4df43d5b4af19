//! The lines around a finding, in a form that can be shown. A rule file may be one line of ten megabytes, and may contain
//! escape sequences, so lines are cut and control characters are replaced.
//!
//! An excerpt is a new text, and the marked ranges are converted to offsets in it.

use super::visible::visible_text;
use crate::source::SourceFile;
use std::ops::Range;

/// The most bytes of a line that are shown.
const WIDTH: usize = 180;
/// The bytes shown before a range in a line that is cut.
const LEAD: usize = 60;
/// The most lines of one range that are shown. Of a longer range, only the first line is shown.
const MAX_LINES: usize = 12;
/// Ranges at most this many bytes apart are shown together.
const APART: usize = 2_000;

/// Some lines of a file, in a form that can be shown.
pub(super) struct Excerpt {
    /// The lines.
    pub(super) text: String,
    /// The number of the first line in the file, from 1.
    pub(super) first_line: usize,
    /// Whether columns in the excerpt are the same as in the file.
    pub(super) keeps_columns: bool,
    /// The ranges in [`Excerpt::text`], each with its index in the list that was passed.
    pub(super) ranges: Vec<(usize, Range<usize>)>,
}

/// The excerpts that show all ranges. The one with the first range is first, the others are in the order of the file.
pub(super) fn excerpts(file: &SourceFile, ranges: &[Range<usize>]) -> Vec<Excerpt> {
    let text = file.text();
    let within = |range: &Range<usize>| {
        let start = text.floor_char_boundary(range.start);
        start..text.floor_char_boundary(range.end).max(start)
    };
    let ranges: Vec<Range<usize>> = ranges.iter().map(within).collect();
    let mut clusters = clusters(text, &ranges);
    let first = clusters.iter().position(|cluster| cluster.members.contains(&0)).unwrap_or(0);
    if let Some(before) = clusters.get_mut(..=first) {
        before.rotate_right(1);
    }
    clusters.iter().map(|cluster| excerpt(file, cluster, &ranges)).collect()
}

/// The part of a range that carets mark: without line ends at its end, and only the first line of a range with very many.
pub(super) fn marked(text: &str, range: &Range<usize>) -> Range<usize> {
    let lines = text.get(range.clone()).unwrap_or_default();
    let end = if spans_many_lines(lines) { line_end(text, range.start) } else { range.end };
    let trimmed = text.get(range.start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
    range.start..range.start + trimmed.len()
}

/// Whether a text has more than [`MAX_LINES`] lines.
pub(super) fn spans_many_lines(text: &str) -> bool {
    text.matches('\n').nth(MAX_LINES - 1).is_some()
}

/// Lines that are shown together, and the indexes of the ranges in them.
struct LineCluster {
    lines: Range<usize>,
    members: Vec<usize>,
}

fn clusters(text: &str, ranges: &[Range<usize>]) -> Vec<LineCluster> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|index| ranges.get(*index).map(|range| range.start));
    let mut clusters: Vec<LineCluster> = Vec::new();
    for index in order {
        let Some(range) = ranges.get(index) else { continue };
        let lines = line_start(text, range.start)..line_end(text, range.end);
        match clusters.last_mut() {
            Some(last) if lines.start <= last.lines.end.saturating_add(APART) => {
                last.lines.end = last.lines.end.max(lines.end);
                last.members.push(index);
            }
            Some(_) | None => clusters.push(LineCluster { lines, members: vec![index] }),
        }
    }
    clusters
}

fn excerpt(file: &SourceFile, cluster: &LineCluster, ranges: &[Range<usize>]) -> Excerpt {
    let start = cluster.lines.start;
    let mut shown = String::new();
    let mut lines = Vec::new();
    let mut at = start;
    for line in file.text().get(cluster.lines.clone()).unwrap_or_default().split('\n') {
        let bounds = at..at + line.strip_suffix('\r').unwrap_or(line).len();
        at += line.len() + 1;
        let focus = cluster.members.iter().filter_map(|member| focus(&bounds, ranges.get(*member)?));
        let focus = focus.min().unwrap_or(bounds.start);
        lines.push(show(file.text(), &bounds, focus, &mut shown));
    }
    // The last line of an excerpt has no line end.
    shown.pop();
    let carry = |offset: usize| excerpt_offset(file.text(), &lines, offset).min(shown.len());
    let carried = |member: &usize| {
        let range = ranges.get(*member)?;
        Some((*member, carry(range.start)..carry(range.end)))
    };
    let ranges = cluster.members.iter().filter_map(carried).collect();
    let original = file.text().get(cluster.lines.clone()).unwrap_or_default();
    let keeps_columns = original.lines().eq(shown.lines());
    let first_line = file.position(u32::try_from(start).unwrap_or(u32::MAX)).line;
    Excerpt { text: shown, first_line, keeps_columns, ranges }
}

/// A line of an excerpt.
struct ExcerptLine {
    /// The offset of the line in the file.
    line: usize,
    /// The bytes of the file that are shown.
    bytes: Range<usize>,
    /// The offset of these bytes in the excerpt.
    at: usize,
}

/// Appends a line, cut to a window that begins shortly before `focus`.
fn show(text: &str, line: &Range<usize>, focus: usize, shown: &mut String) -> ExcerptLine {
    let window = if line.len() <= WIDTH { line.clone() } else { window(text, line, focus) };
    if window.start > line.start {
        shown.push('…');
    }
    let at = shown.len();
    shown.push_str(&visible_text(text.get(window.clone()).unwrap_or_default()));
    if window.end < line.end {
        shown.push('…');
    }
    shown.push('\n');
    ExcerptLine { line: line.start, bytes: window, at }
}

fn window(text: &str, line: &Range<usize>, focus: usize) -> Range<usize> {
    let latest = line.end.saturating_sub(WIDTH).max(line.start);
    let start = text.floor_char_boundary(focus.saturating_sub(LEAD).clamp(line.start, latest)).max(line.start);
    let end = text.floor_char_boundary(start.saturating_add(WIDTH)).min(line.end);
    start..end
}

/// The offset in a line where a range begins, or where it ends if it began before the line.
fn focus(line: &Range<usize>, range: &Range<usize>) -> Option<usize> {
    let within = |offset: usize| line.start <= offset && offset <= line.end;
    if within(range.start) {
        return Some(range.start);
    }
    within(range.end).then_some(range.end)
}

/// Converts an offset in the file to an offset in the excerpt. An offset in text that was cut away becomes the nearest
/// edge of the text that is shown.
fn excerpt_offset(text: &str, lines: &[ExcerptLine], offset: usize) -> usize {
    let after = lines.partition_point(|line| line.line <= offset).saturating_sub(1);
    let Some(line) = lines.get(after) else { return 0 };
    let offset = offset.clamp(line.bytes.start, line.bytes.end);
    line.at + visible_text(text.get(line.bytes.start..offset).unwrap_or_default()).len()
}

fn line_start(text: &str, offset: usize) -> usize {
    text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, offset: usize) -> usize {
    text.get(offset..).and_then(|after| after.find('\n')).map_or(text.len(), |length| offset + length)
}
