//! Changes of values and conditions.

use super::change::ChangeKind;
use super::changes::{ChangeList, other_constant};
use super::layout::{with_blanks_before, with_parentheses};
use crate::source::{Sources, Span};
use crate::syntax::tree::{
    ArmHead, Comparator, Comparison, ComparisonSubject, Expression, ExpressionKind, Match, MatchArm, OrderRelation,
    Target,
};

impl ChangeList<'_> {
    /// A value or a condition, of a define or a let.
    pub(super) fn bound(&mut self, bound: &Expression) {
        if bound.kind.is_condition() { self.whole_condition(bound) } else { self.value(bound) }
    }

    /// A condition that stands alone.
    pub(super) fn whole_condition(&mut self, condition: &Expression) {
        if matches!(condition.kind, ExpressionKind::And(_) | ExpressionKind::Or(_)) {
            self.negate(condition.span);
        }
        self.condition(condition);
    }

    fn negate(&mut self, place: Span) {
        let text = format!("not ({})", self.sources.text(place));
        self.add(ChangeKind::Negated, place, [(place, text)]);
    }

    fn condition(&mut self, condition: &Expression) {
        match &condition.kind {
            ExpressionKind::And(parts) => self.parts(condition.span, parts, "and", "or"),
            ExpressionKind::Or(parts) => self.parts(condition.span, parts, "or", "and"),
            ExpressionKind::Not(inner) => {
                let kept = with_parentheses(self.sources, inner.span);
                let word = Span { end: kept.start, ..condition.span };
                self.remove(ChangeKind::Negated, condition.span, word);
                self.condition(inner);
            }
            ExpressionKind::Compare(comparison) => self.comparison(condition.span, comparison),
            ExpressionKind::Null
            | ExpressionKind::Missing
            | ExpressionKind::Boolean(_)
            | ExpressionKind::Number(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::Constant(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Match(_)
            | ExpressionKind::Duration(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => {
                self.negate(condition.span);
                self.value(condition);
            }
        }
    }

    fn parts(&mut self, place: Span, parts: &[Expression], word: &str, other: &str) {
        let places: Vec<Span> = parts.iter().map(|part| with_parentheses(self.sources, part.span)).collect();
        let words: Vec<(Span, String)> = places
            .iter()
            .zip(places.iter().skip(1))
            .filter_map(|(one, two)| Some((self.word_between(*one, *two, word)?, other.to_owned())))
            .collect();
        let shown = whole(place, &places);
        self.add(ChangeKind::Connective, shown, words);
        self.remove_each(ChangeKind::PartRemoved, shown, &places);
        for part in parts {
            self.condition(part);
        }
    }

    /// Removes each of some operands, with the sign between it and its neighbour.
    fn remove_each(&mut self, kind: ChangeKind, shown: Span, places: &[Span]) {
        let mut before: Option<Span> = None;
        for (position, place) in places.iter().enumerate() {
            let gone = match (before, places.get(position + 1)) {
                (Some(before), _) => before.after().to(*place),
                (None, Some(next)) => place.before().to(next.before()),
                (None, None) => continue,
            };
            self.remove(kind, shown, gone);
            before = Some(*place);
        }
    }

    fn comparison(&mut self, place: Span, comparison: &Comparison) {
        match &comparison.test {
            Comparator::Equal(_) => {
                let sign = if comparison.negated.is_some() { "==" } else { "!=" };
                self.add(ChangeKind::Equality, place, [(comparison.operator, sign.to_owned())]);
            }
            Comparator::Order(relation, _) => {
                let sign = neighbour(*relation).operator();
                self.add(ChangeKind::Order, place, [(comparison.operator, sign.to_owned())]);
            }
            Comparator::In(_) | Comparator::Text(_) | Comparator::Is(_) | Comparator::During(_) => {
                match comparison.negated {
                    Some(word) => self.remove(ChangeKind::Negated, place, with_blanks_before(self.sources, word)),
                    None => self.negate(place),
                }
            }
        }
        if let Some(words) = comparison.ignore_case {
            self.remove(ChangeKind::CaseCounts, place, with_blanks_before(self.sources, words));
        }
        if let ComparisonSubject::Value(subject) = &comparison.subject {
            self.value(subject);
        }
        for operand in comparison.test.operands() {
            self.constant(operand, place);
            self.value(operand);
        }
    }

    /// A value and everything in it.
    pub(super) fn value(&mut self, value: &Expression) {
        match &value.kind {
            ExpressionKind::Coalesce(operands) => {
                let places: Vec<Span> =
                    operands.iter().map(|operand| with_parentheses(self.sources, operand.span)).collect();
                let shown = whole(value.span, &places);
                self.remove_each(ChangeKind::AlternativeRemoved, shown, &places);
                for operand in operands {
                    self.constant(operand, shown);
                    self.value(operand);
                }
            }
            ExpressionKind::Match(choice) => self.value_choice(choice),
            kind if kind.is_condition() => self.condition(value),
            ExpressionKind::Null
            | ExpressionKind::Missing
            | ExpressionKind::Boolean(_)
            | ExpressionKind::Number(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::Constant(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::Compare(_)
            | ExpressionKind::Duration(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => value.each_part(&mut |part| self.value(part)),
        }
    }

    fn value_choice(&mut self, choice: &Match<Expression>) {
        self.choice_head(choice);
        self.arms(&choice.arms);
    }

    /// The `match` of a line.
    pub(super) fn choice(&mut self, choice: &Match<Target>) {
        self.choice_head(choice);
        self.arm_order(&choice.arms);
        choice.arms.iter().for_each(|arm| self.target(&arm.result));
    }

    fn choice_head<R>(&mut self, choice: &Match<R>) {
        if let Some(words) = choice.ignore_case {
            let shown = choice.span.before().to(words);
            self.remove(ChangeKind::CaseCounts, shown, with_blanks_before(self.sources, words));
        }
        choice.subjects.iter().for_each(|subject| self.value(subject));
    }

    /// The arms of a table or of a `match` that is a value.
    pub(super) fn arms(&mut self, arms: &[MatchArm<Expression>]) {
        self.arm_order(arms);
        let sources = self.sources;
        let results: Vec<&str> = arms.iter().filter_map(|arm| literal(sources, &arm.result)).collect();
        for arm in arms {
            // Of the results of the other arms, the next one.
            if let Some(own) = literal(sources, &arm.result) {
                let at = results.iter().position(|result| *result == own).unwrap_or(0);
                let (before, behind) = results.split_at(at);
                let other = behind.iter().chain(before).find(|other| **other != own);
                let fallback = other_constant(own).or(match own {
                    "true" => Some("false"),
                    "false" => Some("true"),
                    _ => None,
                });
                if let Some(other) = other.copied().or(fallback).map(str::to_owned) {
                    self.add(ChangeKind::Constant, arm.span, [(arm.result.span, other)]);
                }
            }
            self.value(&arm.result);
        }
    }

    /// Arms that are gone, and arms that change places.
    fn arm_order<R>(&mut self, arms: &[MatchArm<R>]) {
        let mut before: Option<&MatchArm<R>> = None;
        for arm in arms {
            let is_else = matches!(arm.head, ArmHead::Else(_));
            if let Some(before) = before.filter(|_| !is_else) {
                self.swap(before.span, arm.span);
            }
            self.remove(ChangeKind::ArmRemoved, arm.span, arm.span);
            before = Some(arm);
        }
    }

    /// Another severity or status.
    pub(super) fn constant(&mut self, value: &Expression, shown: Span) {
        if let ExpressionKind::Constant(name) = &value.kind
            && let Some(other) = other_constant(&name.text)
        {
            self.add(ChangeKind::Constant, shown, [(value.span, other.to_owned())]);
        }
    }
}

/// The place with all of its operands, whose parentheses may stand outside of it.
fn whole(place: Span, operands: &[Span]) -> Span {
    operands.iter().fold(place, |whole, operand| whole.to(*operand))
}

fn neighbour(relation: OrderRelation) -> OrderRelation {
    match relation {
        OrderRelation::Less => OrderRelation::LessOrEqual,
        OrderRelation::LessOrEqual => OrderRelation::Less,
        OrderRelation::Greater => OrderRelation::GreaterOrEqual,
        OrderRelation::GreaterOrEqual => OrderRelation::Greater,
    }
}

/// The text of a constant as it is written.
fn literal<'s>(sources: &'s Sources, value: &Expression) -> Option<&'s str> {
    let is_constant = if let ExpressionKind::Template(template) = &value.kind {
        template.plain().is_some()
    } else {
        matches!(
            value.kind,
            ExpressionKind::Missing
                | ExpressionKind::Null
                | ExpressionKind::Boolean(_)
                | ExpressionKind::Number(_)
                | ExpressionKind::Constant(_)
        )
    };
    is_constant.then(|| sources.text(value.span))
}
