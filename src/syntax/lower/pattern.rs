//! Patterns, the comparators that conditions share with them, and arms.

use super::strings::BraceMode;
use super::{Rule, RulePair, RulePairs, TreeBuilder, codes};
use crate::source::Span;
use crate::syntax::tree::{ArmHead, Comparator, Expression, MatchArm, Pattern, PatternKind, StringLiteral};

impl TreeBuilder<'_> {
    /// The comparator, the place of its sign, and the place of the `not` in `is not`.
    pub(super) fn comparator(&mut self, pair: RulePair<'_>) -> Option<(Comparator, Span, Option<Span>)> {
        let start = self.span(&pair);
        let rule = pair.as_rule();
        let mut pairs = pair.into_inner();
        if matches!(rule, Rule::equal | Rule::unequal) {
            let sign = Span { end: start.start + 2, ..start };
            return Some((Comparator::Equal(self.value(&mut pairs)?), sign, None));
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
                return Some((order(sign.as_str(), self.value(&mut pairs)?), place, None));
            }
            Rule::like => Comparator::Like(self.texts(&mut pairs)),
            Rule::matches => Comparator::Matches(self.next_regex(&mut pairs)?),
            Rule::finds => Comparator::Finds(self.next_regex(&mut pairs)?),
            Rule::contains => Comparator::Contains(self.value(&mut pairs)?),
            Rule::starts_with => Comparator::StartsWith(self.value(&mut pairs)?),
            Rule::ends_with => Comparator::EndsWith(self.value(&mut pairs)?),
            Rule::during => Comparator::During(self.next_name(&mut pairs)?),
            _ => {
                not = self.take(Rule::k_not, &mut pairs).map(|not| self.leaf(&not));
                Comparator::Is(self.next_name(&mut pairs)?)
            }
        };
        let sign = not.map_or(sign, |not| sign.to(not));
        Some((comparator, sign, not))
    }

    fn next_regex(&mut self, pairs: &mut RulePairs<'_>) -> Option<crate::syntax::tree::RegexLiteral> {
        let pair = self.next(pairs)?;
        Some(self.regex(&pair))
    }

    /// `in [a, b]`, `in cidr "…"`
    fn within(&mut self, start: Span, pairs: &mut RulePairs<'_>) -> Option<(Comparator, Span, Option<Span>)> {
        if let Some(cidr) = self.take(Rule::cidr, pairs) {
            let sign = self.span(&cidr);
            let mut parts = cidr.into_inner();
            let networks = self.texts(&mut parts);
            let sign = Span { end: sign.start + 4, ..start };
            return Some((Comparator::Cidr(networks), sign, None));
        }
        let mut values = Vec::new();
        while self.peek(pairs).is_some() {
            values.push(self.value(pairs)?);
        }
        Some((Comparator::In(values), Span { end: start.start + 2, ..start }, None))
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

    /// The arms of a `match` or a table, with those that could be read.
    pub(super) fn arms(&mut self, pairs: &mut RulePairs<'_>) -> Vec<MatchArm<Expression>> {
        let mut arms = Vec::new();
        while let Some(arm) = self.next(pairs) {
            let built = self.arm(arm, Self::value);
            arms.extend(built);
        }
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
            let mut pairs = column.into_inner();
            let mut alternatives = Vec::new();
            while self.peek(&mut pairs).is_some() {
                alternatives.push(self.pattern(&mut pairs)?);
            }
            columns.push(alternatives);
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
            Rule::order
            | Rule::within
            | Rule::like
            | Rule::matches
            | Rule::finds
            | Rule::contains
            | Rule::starts_with
            | Rule::ends_with => {
                let pair = self.next(pairs)?;
                PatternKind::Test(self.comparator(pair)?.0)
            }
            _ => PatternKind::Test(Comparator::Equal(self.value(pairs)?)),
        };
        Some(Pattern { kind, span: self.until_here(start) })
    }
}

fn order(sign: &str, value: Expression) -> Comparator {
    match sign {
        "<" => Comparator::Less(value),
        "<=" => Comparator::LessOrEqual(value),
        ">" => Comparator::Greater(value),
        _ => Comparator::GreaterOrEqual(value),
    }
}
