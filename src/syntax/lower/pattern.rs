//! Patterns, the comparators that conditions share with them, and arms.

use super::strings::BraceMode;
use super::{Rule, RulePair, RulePairs, TreeBuilder, codes, is_pattern_test};
use crate::pattern::{MatchScope, PiecePosition};
use crate::source::Span;
use crate::syntax::tree::{
    ArmHead, Comparator, Expression, MatchArm, OrderRelation, Pattern, PatternKind, StringLiteral, TextTest,
};

/// A comparison without its left side, as it is written.
pub(super) struct ParsedComparator {
    pub(super) test: Comparator,
    /// The place of the operator's words.
    pub(super) operator: Span,
    /// The place of the `not` in `is not`.
    pub(super) not: Option<Span>,
}

impl ParsedComparator {
    fn new(test: Comparator, operator: Span) -> Self {
        Self { test, operator, not: None }
    }
}

impl TreeBuilder<'_> {
    /// A comparison without its left side.
    pub(super) fn comparator(&mut self, pair: RulePair<'_>) -> Option<ParsedComparator> {
        let start = self.span(&pair);
        let rule = pair.as_rule();
        let mut pairs = pair.into_inner();
        if matches!(rule, Rule::equal | Rule::unequal) {
            let sign = Span { end: start.start + 2, ..start };
            return Some(ParsedComparator::new(Comparator::Equal(self.value(&mut pairs)?), sign));
        }
        if rule == Rule::within {
            return self.within(start, &mut pairs);
        }
        self.peek(&mut pairs);
        let sign = self.until_here(start);
        let mut not = None;
        let comparator = match rule {
            Rule::order => {
                let sign = self.next(&mut pairs)?;
                let place = self.leaf(&sign);
                let test = Comparator::Order(order(sign.as_str()), self.value(&mut pairs)?);
                return Some(ParsedComparator::new(test, place));
            }
            Rule::like => Comparator::Text(TextTest::Like(self.texts(&mut pairs))),
            Rule::matches => self.regex_test(MatchScope::Whole, &mut pairs)?,
            Rule::finds => self.regex_test(MatchScope::Anywhere, &mut pairs)?,
            Rule::contains => self.piece_test(PiecePosition::Anywhere, &mut pairs)?,
            Rule::starts_with => self.piece_test(PiecePosition::Start, &mut pairs)?,
            Rule::ends_with => self.piece_test(PiecePosition::End, &mut pairs)?,
            Rule::during => Comparator::During(self.next_name(&mut pairs)?),
            _ => {
                not = self.take(Rule::k_not, &mut pairs).map(|not| self.leaf(&not));
                Comparator::Is(self.next_name(&mut pairs)?)
            }
        };
        let operator = not.map_or(sign, |not| sign.to(not));
        Some(ParsedComparator { test: comparator, operator, not })
    }

    fn regex_test(&mut self, scope: MatchScope, pairs: &mut RulePairs<'_>) -> Option<Comparator> {
        let pair = self.next(pairs)?;
        Some(Comparator::Text(TextTest::Regex(scope, self.regex(&pair))))
    }

    fn piece_test(&mut self, position: PiecePosition, pairs: &mut RulePairs<'_>) -> Option<Comparator> {
        Some(Comparator::Text(TextTest::Piece(position, self.value(pairs)?)))
    }

    /// `in [a, b]`, `in cidr "…"`
    fn within(&mut self, start: Span, pairs: &mut RulePairs<'_>) -> Option<ParsedComparator> {
        if let Some(cidr) = self.take(Rule::cidr, pairs) {
            let sign = self.span(&cidr);
            let mut parts = cidr.into_inner();
            let networks = self.texts(&mut parts);
            let sign = Span { end: sign.start + 4, ..start };
            return Some(ParsedComparator::new(Comparator::Text(TextTest::Cidr(networks)), sign));
        }
        let values = self.all(pairs, Self::value)?;
        Some(ParsedComparator::new(Comparator::In(values), Span { end: start.start + 2, ..start }))
    }

    /// One string or a list of them.
    pub(super) fn texts(&mut self, pairs: &mut RulePairs<'_>) -> Vec<StringLiteral> {
        let mut texts = Vec::new();
        while matches!(self.peek(pairs), Some(Rule::fixed | Rule::raw)) {
            if let Some(pair) = self.next(pairs) {
                texts.push(self.text(&pair, BraceMode::Doubled));
            }
        }
        texts
    }

    /// The arms of a `match` or a table, as far as they could be read.
    pub(super) fn arms(&mut self, pairs: &mut RulePairs<'_>) -> Vec<MatchArm<Expression>> {
        let arms = self.readable(pairs, |builder, arm| builder.arm(arm, Self::value));
        self.one_else(&arms);
        arms
    }

    /// Reports a second `else`.
    pub(super) fn one_else<R>(&mut self, arms: &[MatchArm<R>]) {
        let others = arms.iter().filter_map(|arm| match &arm.head {
            ArmHead::Else(span) => Some(*span),
            ArmHead::Columns(_) => None,
        });
        self.second_else(others);
    }

    /// Reports every `else` but the first.
    pub(super) fn second_else(&mut self, mut places: impl Iterator<Item = Span>) {
        let Some(first) = places.next() else { return };
        self.diagnostics.extend(places.map(|place| codes::second_else(place, first)));
    }

    /// An arm whose result `result` reads.
    pub(super) fn arm<R>(
        &mut self,
        pair: RulePair<'_>,
        result: impl FnOnce(&mut Self, &mut RulePairs<'_>) -> Option<R>,
    ) -> Option<MatchArm<R>> {
        let start = self.span(&pair);
        let mut parts = pair.into_inner();
        let head = self.arm_head(&mut parts)?;
        let result = result(self, &mut parts)?;
        let note = match self.take(Rule::note, &mut parts) {
            Some(note) => self.next_words(&mut note.into_inner()),
            None => None,
        };
        Some(MatchArm { head, result, note, span: self.until_here(start) })
    }

    fn arm_head(&mut self, parts: &mut RulePairs<'_>) -> Option<ArmHead> {
        if let Some(otherwise) = self.take(Rule::k_else, parts) {
            return Some(ArmHead::Else(self.leaf(&otherwise)));
        }
        let mut columns = Vec::new();
        while let Some(column) = self.take(Rule::column, parts) {
            columns.push(self.all(&mut column.into_inner(), Self::pattern)?);
        }
        Some(ArmHead::Columns(columns))
    }

    fn pattern(&mut self, pairs: &mut RulePairs<'_>) -> Option<Pattern> {
        let rule = self.peek(pairs)?;
        let start = self.span(&pairs.peek()?);
        let kind = match rule {
            Rule::wildcard => {
                let pair = self.next(pairs)?;
                self.leaf(&pair);
                PatternKind::Any
            }
            _ if is_pattern_test(rule) => {
                let pair = self.next(pairs)?;
                PatternKind::Test(self.comparator(pair)?.test)
            }
            _ => PatternKind::Test(Comparator::Equal(self.value(pairs)?)),
        };
        Some(Pattern { kind, span: self.until_here(start) })
    }
}

fn order(sign: &str) -> OrderRelation {
    match sign {
        "<" => OrderRelation::Less,
        "<=" => OrderRelation::LessOrEqual,
        ">" => OrderRelation::Greater,
        _ => OrderRelation::GreaterOrEqual,
    }
}
