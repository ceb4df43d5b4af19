//! Values alone after a comparison, joined by `or` or `and`: `severity == Critical or Warning` and
//! `severity != Info and Warning` mean one value against several.

use crate::check::code;
use crate::check::scope::ExpressionLowering;
use crate::diagnostic::Diagnostic;
use crate::model::Expression;
use crate::source::Span;
use crate::syntax::tree;

/// A comparison by `==` or `!=` and the values alone that follow it.
struct ValueAlternatives<'t> {
    comparison: &'t tree::Comparison,
    first: &'t tree::Expression,
    values: Vec<&'t tree::Expression>,
    place: Span,
}

impl ExpressionLowering<'_, '_> {
    /// The parts of `or` or `and`. Values alone are reported at once, with the list that is meant.
    pub(super) fn alternatives(&mut self, parts: &[tree::Expression]) -> Box<[Expression]> {
        let mut lowered = Vec::with_capacity(parts.len());
        let mut rest = parts;
        while let Some((part, after)) = rest.split_first() {
            rest = after;
            lowered.push(self.condition(part));
            let count = rest.iter().take_while(|part| part.kind.is_literal()).count();
            if let Some((comparison, first)) = equality(part).filter(|_| count > 0) {
                let (values, after) = rest.split_at(count);
                rest = after;
                let values: Vec<_> = values.iter().collect();
                let place = values.last().map_or(part.span, |last| part.span.to(last.span));
                self.values_alone(&ValueAlternatives { comparison, first, values, place });
            }
        }
        lowered.into()
    }

    fn values_alone(&mut self, found: &ValueAlternatives<'_>) {
        let Some(value) = found.values.first() else { return };
        let tree::ComparisonSubject::Value(subject) = &found.comparison.subject else { return };
        let (written, subject) = (self.cx.excerpt(value.span), self.cx.text(subject.span));
        let all: Vec<&str> = [found.first].iter().chain(&found.values).map(|value| self.cx.text(value.span)).collect();
        let operator = if found.comparison.negated.is_some() { "not in" } else { "in" };
        let case = found.comparison.ignore_case.map_or("", |_| " ignore case");
        let corrected = format!("{subject} {operator} [{}]{case}", all.join(", "));
        let message = format!("`{written}` is not a condition by itself");
        self.cx.report(
            Diagnostic::new(&code::NOT_A_CONDITION, value.span, message).label("a value, not a comparison").suggest(
                format!("one value against several is `{corrected}`"),
                found.place,
                corrected,
            ),
        );
    }
}

/// `x == "a"`, `x != "a"`: the comparison and its right side, if that is a value as it is written.
fn equality(part: &tree::Expression) -> Option<(&tree::Comparison, &tree::Expression)> {
    let tree::ExpressionKind::Compare(comparison) = &part.kind else { return None };
    let tree::Comparator::Equal(value) = &comparison.test else { return None };
    value.kind.is_literal().then_some((&**comparison, value))
}
