//! The parts of expressions, and of everything that holds expressions. Every walk over the model uses this module, so
//! that all of them reach a new form of expression.

use super::{
    ChannelFamily, Comparator, ComparisonSubject, Destination, Expression, ExpressionKind, LabelEntry, Mapping, Match,
    MemberChoice, Model, ParameterValue, Pattern, RoutingBlock, RoutingLine, RoutingLineBody, Target, TemplatePart,
    TextTest,
};
use crate::source::Span;
use std::slice;

impl Expression {
    /// Shows the expressions directly within, in text order; of a `match`, the results and notes as well.
    pub fn each_part<'m>(&'m self, see: &mut dyn FnMut(&'m Self)) {
        match &self.kind {
            ExpressionKind::Template(parts) => parts.iter().for_each(|part| match part {
                TemplatePart::Value(value) => see(value),
                TemplatePart::Text(_) => {}
            }),
            ExpressionKind::Navigate(inner, _) | ExpressionKind::Not(inner) => see(inner),
            ExpressionKind::Call(_, all)
            | ExpressionKind::Lookup(_, all)
            | ExpressionKind::Coalesce(all)
            | ExpressionKind::Or(all)
            | ExpressionKind::And(all)
            | ExpressionKind::List(all) => all.iter().for_each(see),
            ExpressionKind::Object(members) => members.iter().for_each(|(_, member)| see(member)),
            ExpressionKind::Match(choice) => choice.each_expression(see),
            ExpressionKind::Compare(comparison) => {
                match &comparison.subject {
                    ComparisonSubject::Value(value) => see(value),
                    ComparisonSubject::Nodes(_, nodes) => nodes.start.as_deref().into_iter().for_each(&mut *see),
                    ComparisonSubject::Now => {}
                }
                comparison.test.operands().iter().for_each(see);
            }
            ExpressionKind::Nodes(nodes) => nodes.start.as_deref().into_iter().for_each(see),
            ExpressionKind::Literal(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Define(_) => {}
        }
    }
}

impl Expression {
    /// Changes the expressions directly within, in text order; of a `match`, the results and notes as well.
    pub fn each_part_mut(&mut self, change: &mut dyn FnMut(&mut Self)) {
        match &mut self.kind {
            ExpressionKind::Template(parts) => parts.iter_mut().for_each(|part| match part {
                TemplatePart::Value(value) => change(value),
                TemplatePart::Text(_) => {}
            }),
            ExpressionKind::Navigate(inner, _) | ExpressionKind::Not(inner) => change(inner),
            ExpressionKind::Call(_, all)
            | ExpressionKind::Lookup(_, all)
            | ExpressionKind::Coalesce(all)
            | ExpressionKind::Or(all)
            | ExpressionKind::And(all)
            | ExpressionKind::List(all) => all.iter_mut().for_each(change),
            ExpressionKind::Object(members) => members.iter_mut().for_each(|(_, member)| change(member)),
            ExpressionKind::Match(choice) => {
                choice.subjects.iter_mut().for_each(&mut *change);
                for arm in &mut choice.arms {
                    let patterns = arm.columns.iter_mut().flatten();
                    let tests = patterns.filter_map(|pattern| match pattern {
                        Pattern::Test(test, _) => Some(test),
                        Pattern::Any => None,
                    });
                    tests.flat_map(Comparator::operands_mut).for_each(&mut *change);
                    change(&mut arm.result);
                    arm.note.iter_mut().for_each(&mut *change);
                }
            }
            ExpressionKind::Compare(comparison) => {
                match &mut comparison.subject {
                    ComparisonSubject::Value(value) => change(value),
                    ComparisonSubject::Nodes(_, nodes) => nodes.start.as_deref_mut().into_iter().for_each(&mut *change),
                    ComparisonSubject::Now => {}
                }
                comparison.test.operands_mut().iter_mut().for_each(change);
            }
            ExpressionKind::Nodes(nodes) => nodes.start.as_deref_mut().into_iter().for_each(change),
            ExpressionKind::Literal(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Define(_) => {}
        }
    }
}

impl Comparator {
    fn operands_mut(&mut self) -> &mut [Expression] {
        match self {
            Self::Equal(value) | Self::Order(_, value) | Self::Text(TextTest::Piece(_, value)) => {
                slice::from_mut(value)
            }
            Self::In(values) => values,
            Self::Text(TextTest::Cidr(_) | TextTest::Like(_) | TextTest::Regex(..)) | Self::Is(_) | Self::During(_) => {
                &mut []
            }
        }
    }

    /// The values on the right side.
    #[must_use]
    pub fn operands(&self) -> &[Expression] {
        match self {
            Self::Equal(value) | Self::Order(_, value) | Self::Text(TextTest::Piece(_, value)) => {
                slice::from_ref(value)
            }
            Self::In(values) => values,
            Self::Text(TextTest::Cidr(_) | TextTest::Like(_) | TextTest::Regex(..)) | Self::Is(_) | Self::During(_) => {
                &[]
            }
        }
    }
}

impl<R> Match<R> {
    /// The tests of all patterns, each with its place.
    pub fn tests(&self) -> impl Iterator<Item = (&Comparator, Span)> {
        self.arms.iter().flat_map(|arm| arm.columns.iter().flatten()).filter_map(Pattern::test)
    }

    /// Shows the subjects, what the patterns compare with, and the notes: all but the results.
    pub fn each_condition<'m>(&'m self, see: &mut dyn FnMut(&'m Expression)) {
        self.subjects.iter().for_each(&mut *see);
        self.tests().flat_map(|(test, _)| test.operands()).for_each(&mut *see);
        self.arms.iter().filter_map(|arm| arm.note.as_ref()).for_each(see);
    }
}

impl Match<Expression> {
    /// Shows the expressions directly within.
    pub fn each_expression<'m>(&'m self, see: &mut dyn FnMut(&'m Expression)) {
        self.each_condition(see);
        self.arms.iter().for_each(|arm| see(&arm.result));
    }
}

impl Model {
    /// The family of channels of that name.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&ChannelFamily> {
        self.families.iter().find(|family| *family.name == *name)
    }

    /// Every line of every routing, in text order.
    pub fn routing_lines(&self) -> impl Iterator<Item = &RoutingLine> {
        self.routings.iter().flat_map(|routing| routing.block.all_lines())
    }
}

impl RoutingBlock {
    /// The lines of the block and of all blocks in it, in text order.
    pub fn all_lines(&self) -> impl Iterator<Item = &RoutingLine> {
        let mut left: Vec<&RoutingLine> = self.lines.iter().rev().collect();
        std::iter::from_fn(move || {
            let line = left.pop()?;
            if let RoutingLineBody::Block(inner) = &line.body {
                left.extend(inner.lines.iter().rev());
            }
            Some(line)
        })
    }
}

impl Target {
    /// The channels and routings that it names.
    #[must_use]
    pub fn destinations(&self) -> &[Destination] {
        if let Self::Destinations(all) = self { all } else { &[] }
    }
}

impl Target {
    /// Shows the values that choose a member of a family, and the reason of `nothing`.
    pub fn each_expression<'m>(&'m self, see: &mut dyn FnMut(&'m Expression)) {
        match self {
            Self::Destinations(all) => all.iter().filter_map(Destination::choice).for_each(|choice| see(&choice.value)),
            Self::Nothing(because, _) => see(because),
            Self::Decline => {}
        }
    }

    /// Whether an event may leave its line for those that follow: it declines, or a family may have no such member.
    #[must_use]
    pub fn may_decline(&self) -> bool {
        match self {
            Self::Destinations(all) => all.iter().any(|destination| destination.choice().is_some()),
            Self::Nothing(..) => false,
            Self::Decline => true,
        }
    }
}

impl Destination {
    /// The choice of a member of a family, if it is one.
    #[must_use]
    pub fn choice(&self) -> Option<&MemberChoice> {
        if let Self::Member(choice) = self { Some(choice) } else { None }
    }
}

impl RoutingLineBody {
    /// What stands after its arrows; for a block, nothing.
    #[must_use]
    pub fn own_targets(&self) -> Vec<&Target> {
        match self {
            Self::Block(_) => Vec::new(),
            Self::Match(choice) => choice.arms.iter().map(|arm| &arm.result).collect(),
            Self::Target(target) => vec![target],
        }
    }

    /// What stands after its arrows; for a block, after those of all its lines.
    #[must_use]
    pub fn targets(&self) -> Vec<&Target> {
        match self {
            Self::Block(block) => block.all_lines().flat_map(|line| line.body.own_targets()).collect(),
            Self::Match(_) | Self::Target(_) => self.own_targets(),
        }
    }
}

impl Mapping {
    /// Shows the conditions and reasons of `accept`.
    pub fn each_accept<'m>(&'m self, see: &mut dyn FnMut(&'m Expression)) {
        self.accept.iter().flat_map(|accept| [Some(&accept.when), accept.because.as_ref()]).flatten().for_each(see);
    }

    /// Shows the expressions of everything but `accept`.
    pub fn each_value<'m>(&'m self, see: &mut dyn FnMut(&'m Expression)) {
        self.each.iter().filter_map(|each| each.start.as_deref()).for_each(&mut *see);
        self.lets.iter().for_each(|own| see(&own.value));
        self.drops.iter().flat_map(|drop| [&drop.when, &drop.because]).for_each(&mut *see);
        self.fields.iter().for_each(|(_, value)| see(value));
        self.labels.iter().for_each(|entry| match entry {
            LabelEntry::Spread(value, _) | LabelEntry::Set(_, value) => see(value),
        });
    }
}

impl ParameterValue {
    /// Shows the expressions within.
    pub fn each_expression<'m>(&'m self, see: &mut dyn FnMut(&'m Expression)) {
        match self {
            Self::Expression(expression) => see(expression),
            Self::List(items) => items.iter().for_each(|item| item.each_expression(see)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.each_expression(see)),
            Self::GroupValues(values) => values.iter().for_each(|value| see(&value.value)),
            Self::Literal(_)
            | Self::Duration(_)
            | Self::Wait(_)
            | Self::Secret(_)
            | Self::SecretText(_)
            | Self::Channel => {}
        }
    }
}
