//! Tokens nested by their brackets: items, and what is in them.

use super::tokens::FormatTokens;
use crate::syntax::{BlockKind, ItemKind, TokenPlace};

/// What stands on a line of its own: a declaration, a statement, an arm, a part of a list.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) units: Vec<Unit>,
}

/// A piece of an item.
#[derive(Debug)]
pub(super) enum Unit {
    Token(usize),
    Group(BracketGroup),
}

/// Brackets and what they hold.
#[derive(Debug)]
pub(super) struct BracketGroup {
    pub(super) kind: GroupKind,
    pub(super) open: usize,
    pub(super) items: Vec<Item>,
    pub(super) close: usize,
    /// Whether it takes several lines whatever its width is.
    pub(super) is_broken: bool,
}

/// What brackets mean for line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupKind {
    /// Items on lines of their own, or on one line with two blanks between them.
    Block,
    /// Parts between commas.
    List,
    /// Never broken by itself.
    Whole,
}

impl Item {
    /// The first token.
    pub(super) fn first(&self) -> usize {
        self.units.first().map_or(0, Unit::first)
    }

    /// Which of the units is the sign at which items of its kind are aligned.
    pub(super) fn sign(&self, tokens: &FormatTokens<'_>) -> Option<usize> {
        let is_sign = |unit: &Unit| {
            let first = tokens.tokens.get(unit.first());
            first.is_some_and(|token| token.is_item_sign)
        };
        self.units.iter().position(is_sign)
    }

    /// The last token.
    pub(super) fn end(&self) -> usize {
        match self.units.last() {
            Some(Unit::Token(token)) => *token,
            Some(Unit::Group(group)) => group.close,
            None => 0,
        }
    }
}

impl Unit {
    pub(super) fn first(&self) -> usize {
        match self {
            Self::Token(token) => *token,
            Self::Group(group) => group.open,
        }
    }
}

/// The items of the file.
pub(super) fn items(tokens: &FormatTokens<'_>) -> Vec<Item> {
    ItemReader { tokens, at: 0 }.items(None)
}

struct ItemReader<'f, 't> {
    tokens: &'f FormatTokens<'t>,
    at: usize,
}

impl ItemReader<'_, '_> {
    /// Items up to what closes the group, which is not taken.
    fn items(&mut self, group: Option<GroupKind>) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let mut is_behind_comma = false;
        while let Some(token) = self.tokens.tokens.get(self.at).filter(|token| token.place != TokenPlace::Closes) {
            let begins = token.begins.or((is_behind_comma || items.is_empty()).then_some(ItemKind::Other));
            is_behind_comma = group == Some(GroupKind::List) && self.tokens.text(self.at) == ",";
            let unit = self.unit();
            match (begins, items.last_mut()) {
                (None, Some(item)) => item.units.push(unit),
                (kind, _) => items.push(Item { kind: kind.unwrap_or(ItemKind::Other), units: vec![unit] }),
            }
        }
        items
    }

    fn unit(&mut self) -> Unit {
        let open = self.at;
        self.at += 1;
        let Some(token) = self.tokens.tokens.get(open) else { return Unit::Token(open) };
        let is_glued = self.tokens.tokens.get(self.at).is_some_and(|next| next.is_glued);
        let (kind, is_routing) = match token.place {
            TokenPlace::OpensBlock(block) => (GroupKind::Block, block == BlockKind::Routing),
            TokenPlace::OpensList if !is_glued => (GroupKind::List, false),
            TokenPlace::OpensList | TokenPlace::OpensGroup => (GroupKind::Whole, false),
            TokenPlace::Inner
            | TokenPlace::Closes
            | TokenPlace::Clause
            | TokenPlace::Connective
            | TokenPlace::Coalesce
            | TokenPlace::Destination => return Unit::Token(open),
        };
        let items = self.items(Some(kind));
        let close = self.at;
        self.at += 1;
        let is_broken = match kind {
            GroupKind::Block => {
                !items.is_empty() && (self.tokens.gap(open + 1).has_line_end || is_routing && items.len() > 1)
            }
            GroupKind::List | GroupKind::Whole => false,
        };
        let has_comment = (open + 1..=close).any(|token| !self.tokens.gap(token).comments.is_empty());
        let holds_broken = items.iter().flat_map(|item| &item.units).any(is_broken_unit);
        let is_broken = is_broken || has_comment || holds_broken;
        Unit::Group(BracketGroup { kind, open, items, close, is_broken })
    }
}

fn is_broken_unit(unit: &Unit) -> bool {
    matches!(unit, Unit::Group(group) if group.is_broken)
}
