//! Expressions, comparisons and matches.

use super::{Compiler, folded};
use crate::check::model::{self, ExpressionKind, Literal};
use crate::program::{Comparison, LabelId, Match, MatchArm, Node, NodeId, Order, Part, Subject, Test};

impl Compiler {
    /// Appends an expression and all that it is made of.
    pub(super) fn expression(&mut self, expression: &model::Expression) -> NodeId {
        let node = match &expression.kind {
            ExpressionKind::Literal(literal) => Node::Literal(literal.clone()),
            ExpressionKind::Template(parts) => self.template(parts),
            ExpressionKind::Path(path) => Node::Path(path.clone()),
            ExpressionKind::Nodes(path) => Node::Nodes(path.clone()),
            ExpressionKind::Regex(regex) => Node::Regex(regex.clone()),
            ExpressionKind::Let(id) => Node::Let(*id),
            ExpressionKind::Field(field) => Node::Field(*field),
            ExpressionKind::Label(name) => Node::Label(self.program.labels.add(name)),
            ExpressionKind::Parameter(position) => Node::Parameter(*position),
            ExpressionKind::Define(id) => Node::Define(*id),
            ExpressionKind::Navigate(base, steps) => Node::Navigate(self.expression(base), steps.clone()),
            ExpressionKind::Call(function, arguments) => Node::Call(function, self.all(arguments)),
            ExpressionKind::Lookup(table, arguments) => Node::Lookup(*table, self.all(arguments)),
            ExpressionKind::Coalesce(parts) => Node::Coalesce(self.all(parts)),
            ExpressionKind::Match(arms) => Node::Match(Box::new(self.value_match(arms))),
            ExpressionKind::Or(parts) => Node::Or(self.all(parts)),
            ExpressionKind::And(parts) => Node::And(self.all(parts)),
            ExpressionKind::Not(part) => Node::Not(self.expression(part)),
            ExpressionKind::Compare(comparison) => Node::Compare(Box::new(self.comparison(comparison))),
            ExpressionKind::List(parts) => Node::List(self.all(parts)),
            ExpressionKind::Object(members) => Node::Object(
                members.iter().map(|(name, value)| (name.clone(), self.expression(value))).collect(),
            ),
        };
        self.push(node, expression.span)
    }

    fn all(&mut self, parts: &[model::Expression]) -> Box<[NodeId]> {
        parts.iter().map(|part| self.expression(part)).collect()
    }

    fn template(&mut self, parts: &[model::Part]) -> Node {
        let parts = parts.iter().map(|part| match part {
            model::Part::Text(text) => Part::Text(text.clone()),
            model::Part::Value(value) => Part::Value(self.expression(value)),
        });
        Node::Template(parts.collect())
    }

    pub(super) fn value_match(&mut self, arms: &model::Match<model::Expression>) -> Match<NodeId> {
        self.match_with(arms, |compiler, _, result| compiler.expression(result))
    }

    /// A match whose arms result in what `result` makes of their position and result.
    pub(super) fn match_with<R, S>(
        &mut self,
        arms: &model::Match<R>,
        mut result: impl FnMut(&mut Self, usize, &R) -> S,
    ) -> Match<S> {
        let compiled = arms.arms.iter().enumerate().map(|(position, arm)| MatchArm {
            columns: arm.columns.iter().map(|column| self.column(column, arms.ignore_case)).collect(),
            result: result(self, position, &arm.result),
            note: arm.note.as_ref().map(|note| self.expression(note)),
            place: arm.span,
        });
        let compiled = compiled.collect();
        Match::new(self.all(&arms.subjects), arms.ignore_case, compiled)
    }

    fn column(&mut self, alternatives: &[model::Pattern], ignore_case: bool) -> Box<[Test]> {
        let tests = alternatives.iter().map(|pattern| match pattern {
            model::Pattern::Any => Test::Any,
            model::Pattern::Test(test, _) => self.test(test, ignore_case),
        });
        tests.collect()
    }

    fn comparison(&mut self, comparison: &model::Comparison) -> Comparison {
        let subject = match &comparison.subject {
            model::Subject::Value(value) => Subject::Value(self.expression(value)),
            model::Subject::Nodes(quantifier, path) => Subject::Nodes(*quantifier, path.clone()),
            model::Subject::Now => Subject::Now,
        };
        let label = self.label_of(&subject);
        let test = self.test(&comparison.test, comparison.ignore_case);
        Comparison { subject, label, negated: comparison.negated, test, ignore_case: comparison.ignore_case }
    }

    fn label_of(&self, subject: &Subject) -> Option<LabelId> {
        let Subject::Value(value) = subject else { return None };
        let Node::Label(id) = self.program.node(*value) else { return None };
        Some(*id)
    }

    fn test(&mut self, test: &model::Comparator, ignore_case: bool) -> Test {
        use model::Comparator;
        match test {
            Comparator::Equal(value) => self.equal(value, ignore_case),
            Comparator::Less(value) => Test::Order(Order::Less, self.expression(value)),
            Comparator::LessOrEqual(value) => Test::Order(Order::LessOrEqual, self.expression(value)),
            Comparator::Greater(value) => Test::Order(Order::Greater, self.expression(value)),
            Comparator::GreaterOrEqual(value) => Test::Order(Order::GreaterOrEqual, self.expression(value)),
            Comparator::In(values) => self.one_of(values, ignore_case),
            Comparator::Cidr(networks) => Test::Cidr(networks.clone()),
            Comparator::Like(globs) => Test::Like(globs.clone()),
            Comparator::Matches(regex) => Test::Matches(regex.clone()),
            Comparator::Finds(regex) => Test::Finds(regex.clone()),
            Comparator::Contains(value) => Test::Contains(self.folded(value, ignore_case)),
            Comparator::StartsWith(value) => Test::StartsWith(self.folded(value, ignore_case)),
            Comparator::EndsWith(value) => Test::EndsWith(self.folded(value, ignore_case)),
            Comparator::Is(kind) => Test::Is(*kind),
            Comparator::During(schedule) => Test::During(*schedule),
        }
    }

    fn equal(&mut self, value: &model::Expression, ignore_case: bool) -> Test {
        match literal(value) {
            Some(Literal::Missing) => Test::Missing,
            Some(Literal::Null) => Test::Null,
            Some(Literal::Text(text)) => Test::Text(folded(text, ignore_case)),
            _ => Test::Equal(self.expression(value)),
        }
    }

    /// A list of texts is sorted, so that membership is a binary search.
    fn one_of(&mut self, values: &[model::Expression], ignore_case: bool) -> Test {
        let texts = values.iter().map(|value| match literal(value) {
            Some(Literal::Text(text)) => Some(folded(text, ignore_case)),
            _ => None,
        });
        match texts.collect::<Option<Vec<_>>>() {
            Some(mut texts) => {
                texts.sort_unstable();
                texts.dedup();
                Test::Texts(texts.into())
            }
            None => Test::In(self.all(values)),
        }
    }

    /// The operand of a text test; a literal is folded once, here.
    fn folded(&mut self, value: &model::Expression, ignore_case: bool) -> NodeId {
        match literal(value) {
            Some(Literal::Text(text)) => {
                let literal = Node::Literal(Literal::Text(folded(text, ignore_case)));
                self.push(literal, value.span)
            }
            _ => self.expression(value),
        }
    }
}

fn literal(expression: &model::Expression) -> Option<&Literal> {
    if let ExpressionKind::Literal(literal) = &expression.kind { Some(literal) } else { None }
}
