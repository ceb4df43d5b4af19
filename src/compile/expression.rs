//! Expressions, comparisons and matches.

use super::Compiler;
use crate::model::{self, ExpressionKind, Literal};
use crate::pattern::Case;
use crate::program::{
    Comparison, ComparisonSubject, LabelId, Match, MatchArm, Node, NodeId, NodesPath, Predicate, TemplatePart,
    TextPredicate,
};

impl Compiler {
    /// Appends an expression and its parts.
    pub(super) fn expression(&mut self, expression: &model::Expression) -> NodeId {
        let node = match &expression.kind {
            ExpressionKind::Literal(literal) => Node::Literal(literal.clone()),
            ExpressionKind::Template(parts) => self.template(parts),
            ExpressionKind::Path(path) => Node::Path(path.clone()),
            ExpressionKind::Nodes(nodes) => Node::Nodes(self.nodes(nodes)),
            ExpressionKind::Regex(regex) => Node::Regex(regex.clone()),
            ExpressionKind::Let(id) => Node::Let(*id),
            ExpressionKind::Field(field) => Node::Field(*field),
            ExpressionKind::Label(name) => Node::Label(self.program.labels.add(name)),
            ExpressionKind::Parameter(position) => Node::Parameter(*position),
            ExpressionKind::Request(part) => Node::Request(part.clone()),
            ExpressionKind::Group(field) => Node::Group(*field),
            ExpressionKind::Define(id) => Node::Define(*id),
            ExpressionKind::Navigate(base, path) => Node::Navigate(self.expression(base), path.clone()),
            ExpressionKind::Call(function, arguments) => Node::Call(function, self.all(arguments)),
            ExpressionKind::Lookup(table, arguments) => Node::Lookup(*table, self.all(arguments)),
            ExpressionKind::Coalesce(parts) => Node::Coalesce(self.all(parts)),
            ExpressionKind::Match(arms) => Node::Match(Box::new(self.value_match(arms))),
            ExpressionKind::Or(parts) => Node::Or(self.all(parts)),
            ExpressionKind::And(parts) => Node::And(self.conjunction(parts)),
            ExpressionKind::Not(part) => Node::Not(self.expression(part)),
            ExpressionKind::Compare(comparison) => Node::Compare(Box::new(self.comparison(comparison))),
            ExpressionKind::List(parts) => Node::List(self.all(parts)),
            ExpressionKind::Object(members) => {
                Node::Object(members.iter().map(|(name, value)| (name.clone(), self.expression(value))).collect())
            }
        };
        self.push(node, expression.span)
    }

    fn all(&mut self, parts: &[model::Expression]) -> Box<[NodeId]> {
        parts.iter().map(|part| self.expression(part)).collect()
    }

    pub(super) fn nodes(&mut self, nodes: &model::NodesPath) -> NodesPath {
        let start = nodes.start.as_deref().map(|start| self.expression(start));
        NodesPath { start, path: nodes.path.clone() }
    }

    /// Conditions have no side effects, so their order is free: the cheapest comes first.
    fn conjunction(&mut self, parts: &[model::Expression]) -> Box<[NodeId]> {
        let mut parts = self.all(parts);
        parts.sort_by_key(|part| self.program.condition_cost(*part));
        parts
    }

    fn template(&mut self, parts: &[model::TemplatePart]) -> Node {
        let parts = parts.iter().map(|part| match part {
            model::TemplatePart::Text(text) => TemplatePart::Text(text.clone()),
            model::TemplatePart::Value(value) => TemplatePart::Value(self.expression(value)),
        });
        Node::Template(parts.collect())
    }

    pub(super) fn value_match(&mut self, arms: &model::Match<model::Expression>) -> Match<NodeId> {
        self.match_with(arms, |compiler, _, result| compiler.expression(result))
    }

    /// A match; `result` compiles the result of an arm, given the arm's position.
    pub(super) fn match_with<R, S>(
        &mut self,
        arms: &model::Match<R>,
        mut result: impl FnMut(&mut Self, usize, &R) -> S,
    ) -> Match<S> {
        let compiled = arms.arms.iter().enumerate().map(|(position, arm)| MatchArm {
            columns: arm.columns.iter().map(|column| self.column(column, arms.case)).collect(),
            result: result(self, position, &arm.result),
            note: arm.note.as_ref().map(|note| self.expression(note)),
            place: arm.span,
        });
        let compiled = compiled.collect();
        Match::new(self.all(&arms.subjects), arms.case, compiled)
    }

    fn column(&mut self, alternatives: &[model::Pattern], case: Case) -> Box<[Predicate]> {
        let tests = alternatives.iter().map(|pattern| match pattern {
            model::Pattern::Any => Predicate::Any,
            model::Pattern::Test(test, _) => self.test(test, case),
        });
        tests.collect()
    }

    fn comparison(&mut self, comparison: &model::Comparison) -> Comparison {
        let subject = match &comparison.subject {
            model::ComparisonSubject::Value(value) => ComparisonSubject::Value(self.expression(value)),
            model::ComparisonSubject::Nodes(quantifier, nodes) => {
                ComparisonSubject::Nodes(*quantifier, self.nodes(nodes))
            }
            model::ComparisonSubject::Now => ComparisonSubject::Now,
        };
        let label = self.label_of(&subject);
        let test = self.test(&comparison.test, comparison.case);
        Comparison { subject, label, negated: comparison.negated, test, case: comparison.case }
    }

    fn label_of(&self, subject: &ComparisonSubject) -> Option<LabelId> {
        let ComparisonSubject::Value(value) = subject else { return None };
        let Node::Label(id) = self.program.node(*value) else { return None };
        Some(*id)
    }

    fn test(&mut self, test: &model::Comparator, case: Case) -> Predicate {
        use model::Comparator;
        match test {
            Comparator::Equal(value) => self.equal(value, case),
            Comparator::Order(order, value) => Predicate::Order(*order, self.expression(value)),
            Comparator::In(values) => self.one_of(values, case),
            Comparator::Text(test) => Predicate::Text(self.text_test(test, case)),
            Comparator::Is(kind) => Predicate::Is(*kind),
            Comparator::During(schedule) => Predicate::During(*schedule),
        }
    }

    fn text_test(&mut self, test: &model::TextTest, case: Case) -> TextPredicate {
        use model::TextTest;
        match test {
            TextTest::Cidr(networks) => TextPredicate::Cidr(networks.clone()),
            TextTest::Like(globs) => TextPredicate::Like(globs.clone()),
            TextTest::Regex(scope, regex) => TextPredicate::Regex(*scope, regex.clone()),
            TextTest::Piece(position, value) => TextPredicate::Piece(*position, self.folded(value, case)),
        }
    }

    fn equal(&mut self, value: &model::Expression, case: Case) -> Predicate {
        match value.literal() {
            Some(Literal::Missing) => Predicate::Missing,
            Some(Literal::Null) => Predicate::Null,
            Some(Literal::Text(text)) => Predicate::Text(TextPredicate::Equal(case.fold(text).into())),
            _ => Predicate::Equal(self.expression(value)),
        }
    }

    /// A list of texts is sorted for binary search.
    fn one_of(&mut self, values: &[model::Expression], case: Case) -> Predicate {
        let texts = values.iter().map(|value| match value.literal() {
            Some(Literal::Text(text)) => Some(case.fold(text).into()),
            _ => None,
        });
        match texts.collect::<Option<Vec<Box<str>>>>() {
            Some(mut texts) => {
                texts.sort_unstable();
                texts.dedup();
                Predicate::Text(TextPredicate::OneOf(texts.into()))
            }
            None => Predicate::In(self.all(values)),
        }
    }

    /// The operand of a text test; a literal is folded once, here.
    fn folded(&mut self, value: &model::Expression, case: Case) -> NodeId {
        match value.literal() {
            Some(Literal::Text(text)) => {
                let literal = Node::Literal(Literal::Text(case.fold(text).into()));
                self.push(literal, value.span)
            }
            _ => self.expression(value),
        }
    }
}
