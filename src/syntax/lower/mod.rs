//! From pest's pairs to the tree, in one pass.
//!
//! The grammar has already accepted the text, so a node that is not there is an optional one. Some
//! mistakes are accepted by the grammar on purpose, because they have better messages here: a mixed `and` and `or`, a
//! lone brace, a hyphen in a path. The tree keeps their most likely meaning.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enum of rules is made by pest and has some two hundred")]

mod declaration;
mod expression;
mod heartbeat;
mod json;
mod mapping;
mod mute;
mod names;
mod pattern;
mod prove;
mod routing;
mod strings;
mod template;
mod test;

use super::lex::DEEPEST;
use pest::Parser as _;

use super::codes;
use super::grammar::{Grammar, Rule, RulePair, RulePairs, is_noise, is_pattern_test};
use super::tree::{AllowDirective, DocumentedDeclaration, Expression, Identifier};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// The contents of a text.
#[derive(Debug, Default)]
pub(super) struct ParsedDeclarations {
    /// The number after `edition`.
    pub(super) edition: Option<(u32, Span)>,
    /// The declarations.
    pub(super) items: Vec<DocumentedDeclaration>,
    /// Every `allow`.
    pub(super) allows: Vec<AllowDirective>,
}

/// Parses `text`, which begins `base` bytes into `file`, and builds its contents.
pub(super) fn file(
    file: FileId,
    text: &str,
    base: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<ParsedDeclarations, Box<pest::error::Error<Rule>>> {
    let mut pairs = Grammar::parse(Rule::file, text).map_err(Box::new)?;
    let mut builder = TreeBuilder { file, base, diagnostics, end: 0, depth: 0, built: ParsedDeclarations::default() };
    if let Some(root) = pairs.next() {
        builder.declarations(&mut root.into_inner());
    }
    Ok(builder.built)
}

/// Parses `text`, the whole of a file, as a condition.
pub(super) fn condition(
    file: FileId,
    text: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Expression>, Box<pest::error::Error<Rule>>> {
    let mut pairs = Grammar::parse(Rule::lone_condition, text).map_err(Box::new)?;
    let mut builder =
        TreeBuilder { file, base: 0, diagnostics, end: 0, depth: 0, built: ParsedDeclarations::default() };
    Ok(pairs.next().and_then(|root| builder.value(&mut root.into_inner())))
}

/// The state of one pass.
struct TreeBuilder<'d> {
    file: FileId,
    /// Where the text that is parsed begins in the file.
    base: usize,
    diagnostics: &'d mut Vec<Diagnostic>,
    /// The end of the last word or sign taken: pest's own ends may include the blanks that follow.
    end: u32,
    depth: usize,
    built: ParsedDeclarations,
}

impl TreeBuilder<'_> {
    fn span(&self, pair: &RulePair<'_>) -> Span {
        let span = pair.as_span();
        Span::new(self.file, self.base + span.start(), self.base + span.end())
    }

    /// The place of a pair without parts, which becomes the last one taken.
    fn leaf(&mut self, pair: &RulePair<'_>) -> Span {
        let span = self.span(pair);
        self.end = span.end;
        span
    }

    /// From the beginning of `start` to the end of the last pair taken.
    fn until_here(&self, start: Span) -> Span {
        Span { end: self.end.max(start.start), ..start }
    }

    fn name(&mut self, pair: &RulePair<'_>) -> Identifier {
        Identifier { text: pair.as_str().into(), span: self.leaf(pair) }
    }

    /// The next pair that is not noise.
    fn next<'i>(&mut self, pairs: &mut RulePairs<'i>) -> Option<RulePair<'i>> {
        loop {
            let pair = pairs.next()?;
            if !is_noise(pair.as_rule()) {
                return Some(pair);
            }
            self.leaf(&pair);
        }
    }

    /// The rule of the next pair that is not noise.
    fn peek(&mut self, pairs: &mut RulePairs<'_>) -> Option<Rule> {
        loop {
            let pair = pairs.peek()?;
            let rule = pair.as_rule();
            if !is_noise(rule) {
                return Some(rule);
            }
            self.leaf(&pair);
            pairs.next();
        }
    }

    /// The next pair, if it is of this rule.
    fn take<'i>(&mut self, rule: Rule, pairs: &mut RulePairs<'i>) -> Option<RulePair<'i>> {
        if self.peek(pairs) == Some(rule) { pairs.next() } else { None }
    }

    fn next_name(&mut self, pairs: &mut RulePairs<'_>) -> Option<Identifier> {
        let pair = self.next(pairs)?;
        Some(self.name(&pair))
    }

    /// Reads what is left with `read`. All of it is needed.
    fn all<T>(
        &mut self,
        pairs: &mut RulePairs<'_>,
        read: impl Fn(&mut Self, &mut RulePairs<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut found = Vec::new();
        while self.peek(pairs).is_some() {
            found.push(read(self, pairs)?);
        }
        Some(found)
    }

    /// Reads each pair that is left with `read`, and leaves out those that cannot be read.
    fn readable<T>(
        &mut self,
        pairs: &mut RulePairs<'_>,
        read: impl Fn(&mut Self, RulePair<'_>) -> Option<T>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        while let Some(pair) = self.next(pairs) {
            found.extend(read(self, pair));
        }
        found
    }

    /// The like, where `allow`s may stand before each pair.
    fn readable_with_allows<T>(
        &mut self,
        pairs: &mut RulePairs<'_>,
        mut read: impl FnMut(&mut Self, RulePair<'_>) -> Option<T>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        loop {
            let allows = self.allows(pairs);
            let Some(pair) = self.next(pairs) else { return found };
            let start = self.span(&pair);
            found.extend(read(self, pair));
            self.cover(allows, self.until_here(start));
        }
    }

    /// Takes the remaining pairs, so that the end of the node is known.
    fn finish(&mut self, pairs: &mut RulePairs<'_>) {
        while let Some(pair) = self.next(pairs) {
            self.leaf(&pair);
        }
    }

    /// Builds something one level deeper; `None` if that would be too deep.
    fn nested<T>(&mut self, at: Span, build: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth > 4 * DEEPEST {
            self.diagnostics.push(codes::too_deep(at));
            return None;
        }
        self.depth += 1;
        let result = build(self);
        self.depth -= 1;
        result
    }
}
