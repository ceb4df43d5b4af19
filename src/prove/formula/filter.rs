//! Filters of paths, as formulas over the values that they test.

use super::{Formula, FormulaBuilder, NodeKinds, NumberTest, PayloadOrigin, PayloadPlace, PayloadStep, VariableId};
use crate::json::Value;
use crate::model::{MappingId, OrderRelation};
use crate::path::{
    ComparisonOperator, CompiledPath, FilterCondition, FilterOperand, FilterPattern, FitScope, PathQuery, PathSelector,
    QueryStart,
};
use crate::pattern::language::StringSet;
use crate::pattern::{Case, MatchScope};

impl FormulaBuilder<'_> {
    /// The payloads whose element the last step of `each` chooses, as far as filters say.
    pub(in crate::prove) fn chosen_by(&mut self, each: &CompiledPath, mapping: MappingId) -> Formula {
        let mut any = Vec::new();
        for selector in each.last_selectors() {
            any.push(match selector {
                PathSelector::Filter(condition) => self.filter(condition, mapping),
                PathSelector::Name(_) | PathSelector::Index(_) | PathSelector::Every | PathSelector::Slice { .. } => {
                    Formula::TRUE
                }
            });
        }
        if any.is_empty() { Formula::TRUE } else { self.formulas.or(any) }
    }

    fn filter(&mut self, condition: &FilterCondition, mapping: MappingId) -> Formula {
        match condition {
            FilterCondition::Any(parts) => {
                let parts: Vec<Formula> = parts.iter().map(|part| self.filter(part, mapping)).collect();
                self.formulas.or(parts)
            }
            FilterCondition::All(parts) => {
                let parts: Vec<Formula> = parts.iter().map(|part| self.filter(part, mapping)).collect();
                self.formulas.and(parts)
            }
            FilterCondition::Not(part) => self.filter(part, mapping).not(),
            FilterCondition::Exists(query) => match self.queried(query, mapping) {
                Some(node) => self.kinds(node, NodeKinds::MISSING.not()),
                None => self.unknown_filter(condition, mapping),
            },
            FilterCondition::Compare(operator, left, right) => {
                let compared = match (self.operand(left, mapping), self.operand(right, mapping)) {
                    (Operand::Node(node), Operand::Literal(literal)) => self.filter_compare(node, *operator, literal),
                    (Operand::Literal(literal), Operand::Node(node)) => {
                        self.filter_compare(node, reversed(*operator), literal)
                    }
                    _ => None,
                };
                compared.unwrap_or_else(|| self.unknown_filter(condition, mapping))
            }
            FilterCondition::Fits { text, pattern: FilterPattern::Literal(regex), scope } => {
                let Operand::Node(node) = self.operand(text, mapping) else {
                    return self.unknown_filter(condition, mapping);
                };
                let scope = match scope {
                    FitScope::Whole => MatchScope::Whole,
                    FitScope::Part => MatchScope::Anywhere,
                };
                self.in_set(node, &[], StringSet::regex(regex, scope))
            }
            FilterCondition::Fits { .. } => self.unknown_filter(condition, mapping),
        }
    }

    fn filter_compare(
        &mut self,
        node: VariableId,
        operator: ComparisonOperator,
        literal: Value<'_>,
    ) -> Option<Formula> {
        let relation = match operator {
            ComparisonOperator::Equal => return self.filter_equals(node, literal),
            ComparisonOperator::Unequal => return Some(self.filter_equals(node, literal)?.not()),
            ComparisonOperator::Less => OrderRelation::Less,
            ComparisonOperator::AtMost => OrderRelation::LessOrEqual,
            ComparisonOperator::Greater => OrderRelation::Greater,
            ComparisonOperator::AtLeast => OrderRelation::GreaterOrEqual,
        };
        let Value::Number(number) = literal else { return None };
        Some(self.node_number(node, NumberTest::Order(relation, number)))
    }

    fn filter_equals(&mut self, node: VariableId, literal: Value<'_>) -> Option<Formula> {
        Some(match literal {
            Value::Null => self.kinds(node, NodeKinds::NULL),
            Value::Boolean(true) => self.kinds(node, NodeKinds::TRUE),
            Value::Boolean(false) => self.kinds(node, NodeKinds::FALSE),
            Value::Number(number) => self.node_number(node, NumberTest::Equal(number)),
            Value::Text(text) => self.in_set(node, &[], StringSet::literals([text], Case::Sensitive)),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    fn operand<'f>(&mut self, operand: &'f FilterOperand, mapping: MappingId) -> Operand<'f> {
        match operand {
            FilterOperand::Literal(value) => Operand::Literal(*value),
            FilterOperand::Text(text) => Operand::Literal(Value::Text(text)),
            FilterOperand::Single(query) | FilterOperand::ValueOf(query) => {
                self.queried(query, mapping).map_or(Operand::Other, Operand::Node)
            }
            FilterOperand::Length(_) | FilterOperand::Count(_) => Operand::Other,
        }
    }

    /// The value that a singular query leads to.
    fn queried(&mut self, query: &PathQuery, mapping: MappingId) -> Option<VariableId> {
        if !query.is_singular() {
            return None;
        }
        let origin = match query.start {
            QueryStart::Current => PayloadOrigin::Element(mapping),
            QueryStart::Payload(_) => PayloadOrigin::Payload,
        };
        let steps = query.steps().iter().map(PayloadStep::of).collect();
        Some(self.place(PayloadPlace { origin, steps }))
    }

    fn unknown_filter(&mut self, condition: &FilterCondition, mapping: MappingId) -> Formula {
        self.statement(format!("filter of mapping {mapping} of {}: {condition:?}", self.rule_set))
    }
}

/// One side of a comparison.
enum Operand<'f> {
    Node(VariableId),
    Literal(Value<'f>),
    Other,
}

fn reversed(operator: ComparisonOperator) -> ComparisonOperator {
    match operator {
        ComparisonOperator::Equal | ComparisonOperator::Unequal => operator,
        ComparisonOperator::Less => ComparisonOperator::Greater,
        ComparisonOperator::AtMost => ComparisonOperator::AtLeast,
        ComparisonOperator::Greater => ComparisonOperator::Less,
        ComparisonOperator::AtLeast => ComparisonOperator::AtMost,
    }
}
