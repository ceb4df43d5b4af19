//! The lines of a file: which items stand on one, and where a longer one is broken.

use super::LINE_WIDTH;
use super::alignment::{aligned, step_column};
use super::items::{self, BracketGroup, GroupKind, Item, Unit};
use super::spacing::has_blank_before;
use super::tokens::FormatTokens;
use crate::syntax::{ItemKind, TokenPlace};
use unicode_width::UnicodeWidthStr as _;

/// Columns of a level.
const INDENT: usize = 2;

/// Where an item that does not fit is broken, the first that it has.
const BREAKS: &[TokenPlace] =
    &[TokenPlace::Clause, TokenPlace::Connective, TokenPlace::Coalesce, TokenPlace::Destination];

/// The lines of a text, without line ends.
pub(super) fn lines(tokens: &FormatTokens<'_>) -> Vec<String> {
    let mut writer = LineWriter { tokens, lines: Vec::new(), begun: None };
    writer.items(&items::items(tokens), 0, tokens.tokens.len(), 2);
    writer.lines
}

impl FormatTokens<'_> {
    /// Units on one line. None where a comment stands within, or brackets that take several lines.
    pub(super) fn on_one_line(&self, units: &[Unit]) -> Option<String> {
        let mut text = String::new();
        let mut is_first = true;
        for unit in units {
            let blanks = usize::from(!is_first && has_blank_before(self, unit.first()));
            if !is_first && !self.gap(unit.first()).comments.is_empty() {
                return None;
            }
            is_first = false;
            text.push_str(&" ".repeat(blanks));
            match unit {
                Unit::Token(token) => text.push_str(self.text(*token)),
                Unit::Group(group) => text.push_str(&self.group_on_one_line(group)?),
            }
        }
        Some(text)
    }

    fn group_on_one_line(&self, group: &BracketGroup) -> Option<String> {
        if group.is_broken {
            return None;
        }
        let mut text = self.text(group.open).to_owned();
        for (number, item) in group.items.iter().enumerate() {
            let blanks = match (group.kind, number) {
                (GroupKind::Block, 1..) => 2,
                _ => usize::from(has_blank_before(self, item.first())),
            };
            text.push_str(&" ".repeat(blanks));
            text.push_str(&self.on_one_line(&item.units)?);
        }
        text.push_str(if has_blank_before(self, group.close) { " " } else { "" });
        text.push_str(self.text(group.close));
        Some(text)
    }
}

/// Writes line after line.
struct LineWriter<'f, 't> {
    tokens: &'f FormatTokens<'t>,
    lines: Vec<String>,
    /// The token whose gap is written already.
    begun: Option<usize>,
}

impl LineWriter<'_, '_> {
    /// Items, each on lines of its own, up to the token that follows the last one.
    fn items(&mut self, items: &[Item], indent: usize, end: usize, most_empty: usize) {
        let column = step_column(self.tokens, items).unwrap_or(0);
        let steps_begin = items.iter().position(|item| item.kind == ItemKind::TimedStep).unwrap_or(items.len());
        let lines = aligned(self.tokens, items, self.single_lines(items, indent), indent);
        self.comment_behind(items.first().map_or(end, Item::first), 1);
        for (number, (item, line)) in items.iter().zip(lines).enumerate() {
            let is_below_moment = item.kind == ItemKind::Step && number > steps_begin;
            let indent = if is_below_moment { indent + column } else { indent };
            self.above(item.first(), indent, if number == 0 { 0 } else { most_empty }, most_empty);
            self.new_line(indent);
            let blanks = line.as_ref().map_or(1, |line| line.comment_blanks);
            match line {
                _ if item.kind == ItemKind::TimedStep => self.timed_step(item, indent, column),
                Some(line) if !is_below_moment => self.write(&line.text),
                _ => _ = self.broken(&item.units, indent, 0, 0),
            }
            self.comment_behind(items.get(number + 1).map_or(end, Item::first), blanks);
        }
        self.comments_above(end, indent, if items.is_empty() { 0 } else { most_empty }, most_empty);
    }

    /// The texts of items that fit on one line.
    fn single_lines(&self, items: &[Item], indent: usize) -> Vec<Option<String>> {
        let text = |item: &Item| self.tokens.on_one_line(&item.units);
        items.iter().map(|item| text(item).filter(|text| indent + text.width() <= LINE_WIDTH)).collect()
    }

    /// The moments of a step, and the step behind them.
    fn timed_step(&mut self, item: &Item, indent: usize, column: usize) {
        let (moments, step) = item.units.split_at(item.sign(self.tokens).unwrap_or(0));
        self.unbroken(moments, indent);
        let has_comment = step.first().is_some_and(|first| !self.tokens.gap(first.first()).comments.is_empty());
        let used = self.lines.last().map_or(0, |line| line.width());
        let blanks = if has_comment { 0 } else { (indent + column).saturating_sub(used + 1) };
        self.write(&" ".repeat(blanks));
        self.broken(step, indent + column, 0, 0);
    }

    /// The comment behind the last token of a line, which stands in the gap before `next`.
    fn comment_behind(&mut self, next: usize, blanks: usize) {
        if let Some(comment) = self.tokens.gap(next).comments.first().filter(|comment| comment.is_behind_token) {
            self.write(&" ".repeat(blanks));
            self.write(comment.text);
        }
    }

    /// The comments and empty lines above a token that begins a line.
    fn above(&mut self, token: usize, indent: usize, first_empty: usize, most_empty: usize) {
        let written = self.comments_above(token, indent, first_empty, most_empty);
        let most = if written { most_empty } else { first_empty };
        self.empty_lines(self.tokens.gap(token).empty_lines.min(most));
        self.begun = Some(token);
    }

    /// The comments on lines of their own above a token. Returns whether there is one.
    fn comments_above(&mut self, token: usize, indent: usize, first_empty: usize, most_empty: usize) -> bool {
        let mut most = first_empty;
        let mut has_comment = false;
        for comment in self.tokens.gap(token).comments.iter().filter(|comment| !comment.is_behind_token) {
            self.empty_lines(comment.empty_lines.min(most));
            self.new_line(indent);
            self.write(comment.text);
            most = most_empty;
            has_comment = true;
        }
        has_comment
    }

    /// An item or a part of one that does not fit on the line, from here on. Before `rank`, breaks were tried. `tail` columns
    /// have to stay free behind it. Returns whether it goes on in lines that are indented further.
    fn broken(&mut self, units: &[Unit], indent: usize, rank: usize, tail: usize) -> bool {
        if units.is_empty() || self.fitting(units, tail) {
            return false;
        }
        if let Some(at) = block_to_break(units) {
            return self.around_block(units, at, indent, rank, tail);
        }
        for (rank, place) in BREAKS.iter().enumerate().skip(rank) {
            let starts = self.breaks_at(units, *place);
            if !starts.is_empty() {
                self.parts(units, &starts, indent, rank + 1, tail);
                return true;
            }
        }
        let has_comment = units.iter().skip(1).any(|unit| !self.tokens.gap(unit.first()).comments.is_empty());
        if let Some((head, group, rest)) = group_to_break(self.tokens, units).filter(|_| !has_comment) {
            self.broken(head, indent, BREAKS.len(), 1);
            self.group(group, indent);
            self.broken(rest, indent, BREAKS.len(), tail);
        } else {
            self.unbroken(units, indent);
        }
        false
    }

    /// Writes units behind what stands on the line, where they fit.
    fn fitting(&mut self, units: &[Unit], tail: usize) -> bool {
        let Some(first) = units.first().map(Unit::first) else { return true };
        if !self.tokens.gap(first).comments.is_empty() && self.begun != Some(first) {
            return false;
        }
        let Some(text) = self.tokens.on_one_line(units) else { return false };
        let blank = usize::from(!self.is_at_start() && has_blank_before(self.tokens, first));
        let used = self.lines.last().map_or(0, |line| line.width());
        let fits = used + blank + text.width() + tail <= LINE_WIDTH;
        if fits {
            self.write(&" ".repeat(blank));
            self.write(&text);
        }
        fits
    }

    fn around_block(&mut self, units: &[Unit], at: usize, indent: usize, rank: usize, tail: usize) -> bool {
        let (head, rest) = units.split_at(at);
        let goes_on = self.broken(head, indent, rank, 2);
        let Some((Unit::Group(group), rest)) = rest.split_first() else { return goes_on };
        if goes_on {
            self.go_on(group.open, indent);
        }
        self.group(group, indent);
        self.broken(rest, indent, rank, tail) || goes_on
    }

    /// The indices of units that begin a part.
    fn breaks_at(&self, units: &[Unit], place: TokenPlace) -> Vec<usize> {
        let is_break = |unit: &Unit| self.tokens.tokens.get(unit.first()).is_some_and(|token| token.place == place);
        let breaks = units.iter().enumerate().skip(1).filter(|(_, unit)| is_break(unit));
        breaks.map(|(at, _)| at).collect()
    }

    /// Each part but the first on a line of its own.
    fn parts(&mut self, units: &[Unit], starts: &[usize], indent: usize, rank: usize, tail: usize) {
        let ends = starts.iter().copied().chain([units.len()]);
        let mut begin = 0;
        for end in ends {
            let inner = if begin > 0 { indent + INDENT } else { indent };
            let part = units.get(begin..end).unwrap_or_default();
            if let Some(first) = part.first().filter(|_| begin > 0) {
                self.go_on(first.first(), inner);
            }
            self.broken(part, inner, rank, if end == units.len() { tail } else { 0 });
            begin = end;
        }
    }

    /// Brackets with what they hold on lines of its own.
    fn group(&mut self, group: &BracketGroup, indent: usize) {
        self.token(group.open, indent);
        if group.kind == GroupKind::Whole {
            for item in &group.items {
                self.broken(&item.units, indent + INDENT, 1, 1);
            }
            self.token(group.close, indent);
            return;
        }
        self.items(&group.items, indent + INDENT, group.close, 1);
        self.new_line(indent);
        self.begun = Some(group.close);
        self.token(group.close, indent);
    }

    /// What has no place to be broken at, or a comment within.
    fn unbroken(&mut self, units: &[Unit], indent: usize) {
        for unit in units {
            match unit {
                Unit::Token(token) => self.token(*token, indent),
                Unit::Group(group) if group.is_broken => self.group(group, indent),
                Unit::Group(group) => {
                    self.token(group.open, indent);
                    group.items.iter().for_each(|item| self.unbroken(&item.units, indent));
                    self.token(group.close, indent);
                }
            }
        }
    }

    /// A token behind the one before, or in a new line if a comment stands between them.
    fn token(&mut self, token: usize, indent: usize) {
        if self.begun != Some(token) && !self.tokens.gap(token).comments.is_empty() {
            self.go_on(token, indent + INDENT);
        }
        if !self.is_at_start() && has_blank_before(self.tokens, token) {
            self.write(" ");
        }
        let text = self.tokens.text(token);
        self.write(text);
    }

    /// Begins a line for a token within an item, below the comments before it.
    fn go_on(&mut self, token: usize, indent: usize) {
        self.comment_behind(token, 1);
        self.comments_above(token, indent, 0, 0);
        self.new_line(indent);
        self.begun = Some(token);
    }

    fn is_at_start(&self) -> bool {
        self.lines.last().is_none_or(|line| line.trim_ascii().is_empty())
    }

    /// Begins a line, where the last one holds something already.
    fn new_line(&mut self, indent: usize) {
        self.lines.push(" ".repeat(indent));
    }

    fn empty_lines(&mut self, count: usize) {
        self.lines.extend(std::iter::repeat_n(String::new(), count));
    }

    fn write(&mut self, text: &str) {
        match self.lines.last_mut() {
            Some(line) => line.push_str(text),
            None => self.lines.push(text.to_owned()),
        }
    }
}

/// The block that is broken first: one that has to be, otherwise the last one.
fn block_to_break(units: &[Unit]) -> Option<usize> {
    let is_block =
        |unit: &Unit| matches!(unit, Unit::Group(group) if group.kind == GroupKind::Block && !group.items.is_empty());
    let has_to = |unit: &Unit| is_block(unit) && matches!(unit, Unit::Group(group) if group.is_broken);
    units.iter().position(has_to).or_else(|| units.iter().rposition(is_block))
}

/// What stands before the group that is broken, the group, and what follows: one that has to be, otherwise the widest list,
/// otherwise the widest one.
fn group_to_break<'u>(
    tokens: &FormatTokens<'_>,
    units: &'u [Unit],
) -> Option<(&'u [Unit], &'u BracketGroup, &'u [Unit])> {
    let weight = |unit: &Unit| match unit {
        Unit::Group(group) if !group.items.is_empty() => {
            let width = tokens.width_between(group.open, group.close);
            Some((group.is_broken, group.kind == GroupKind::List, width))
        }
        Unit::Group(_) | Unit::Token(_) => None,
    };
    let weighed = units.iter().enumerate().filter_map(|(at, unit)| weight(unit).map(|weight| (weight, at)));
    let (_, at) = weighed.max_by_key(|(weight, at)| (*weight, *at))?;
    let (head, rest) = units.split_at(at);
    match rest.split_first() {
        Some((Unit::Group(group), rest)) => Some((head, group, rest)),
        _ => None,
    }
}
