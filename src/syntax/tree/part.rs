//! The parts of an expression. Every walk over the tree uses this module, so that all of them reach a new form of
//! expression.

use super::{
    ArmHead, Block, Comparator, ComparisonSubject, Expression, ExpressionKind, LineBody, Match, MatchArm, Pattern,
    PatternKind, Target, Template, TemplatePart, TextTest,
};
use std::slice;

impl Expression {
    /// Shows the expressions directly within, in text order; of a `match`, the results and notes as well.
    pub fn each_part<'t>(&'t self, see: &mut dyn FnMut(&'t Self)) {
        match &self.kind {
            ExpressionKind::Template(template) => template.values().for_each(see),
            ExpressionKind::Navigate(inner, _) | ExpressionKind::Not(inner) => see(inner),
            ExpressionKind::Call(_, all)
            | ExpressionKind::Coalesce(all)
            | ExpressionKind::Or(all)
            | ExpressionKind::And(all)
            | ExpressionKind::List(all) => all.iter().for_each(see),
            ExpressionKind::Object(members) => members.iter().for_each(|(_, value)| see(value)),
            ExpressionKind::Match(choice) => choice.each_expression(see),
            ExpressionKind::Compare(comparison) => {
                match &comparison.subject {
                    ComparisonSubject::Value(value) | ComparisonSubject::Nodes(_, value) => see(value),
                    ComparisonSubject::Now => {}
                }
                comparison.test.operands().iter().for_each(see);
            }
            ExpressionKind::Null
            | ExpressionKind::Missing
            | ExpressionKind::Boolean(_)
            | ExpressionKind::Number(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Duration(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::Constant(_) => {}
        }
    }
}

impl Comparator {
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

impl Template {
    /// The text, if no value is put into the string.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TemplatePart::Text(text)] => Some(text),
            [TemplatePart::Value(..)] | [_, _, ..] => None,
        }
    }

    /// The values that are put into the string.
    pub fn values(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Value(value, _) => Some(value),
            TemplatePart::Text(_) => None,
        })
    }
}

impl Block {
    /// Every target of the block and of the blocks in it, in text order. Rules nest at most 64 deep.
    pub fn each_target<'t>(&'t self, see: &mut dyn FnMut(&'t Target)) {
        for line in &self.lines {
            match &line.body {
                LineBody::Block(inner) => inner.each_target(see),
                LineBody::Match(inner) => inner.arms.iter().for_each(|arm| see(&arm.result)),
                LineBody::Target(target) => see(target),
            }
        }
    }
}

impl<R> MatchArm<R> {
    /// The patterns that test, each with its test; `else` has none.
    pub fn tests(&self) -> impl Iterator<Item = (&Pattern, &Comparator)> {
        let columns = match &self.head {
            ArmHead::Columns(columns) => columns.as_slice(),
            ArmHead::Else(_) => &[],
        };
        columns.iter().flatten().filter_map(|pattern| match &pattern.kind {
            PatternKind::Test(test) => Some((pattern, test)),
            PatternKind::Any => None,
        })
    }
}

impl Match<Expression> {
    fn each_expression<'t>(&'t self, see: &mut dyn FnMut(&'t Expression)) {
        self.subjects.iter().for_each(&mut *see);
        for arm in &self.arms {
            arm.tests().flat_map(|(_, test)| test.operands()).for_each(&mut *see);
            see(&arm.result);
            arm.note.iter().flat_map(Template::values).for_each(&mut *see);
        }
    }
}
