//! Comparisons and patterns: both share the code for the right side, because a pattern is a comparison without its left
//! side.

use crate::check::code;
use crate::check::scope::{ExpressionLowering, broken, is_known, make};
use crate::check::silence;
use crate::diagnostic::Diagnostic;
use crate::model::{self, Comparator, Expression, ExpressionKind, Literal, TextTest, ValueKind};
use crate::source::Span;
use crate::syntax::tree::{self, Identifier};
use crate::value::ValueType;

/// The left side, as the right side sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeftOperand {
    /// What it may be.
    pub(super) types: ValueType,
    /// Its place.
    pub(super) span: Span,
    /// Whether the right side is a pattern in an arm, not part of a comparison.
    pub(super) in_arm: bool,
    /// The place of the operator's words; in an arm, of the pattern.
    pub(super) operator: Span,
    /// Whether the comparison is negated.
    pub(super) negated: bool,
    /// `ignore case`
    pub(super) ignore_case: Option<Span>,
}

impl ExpressionLowering<'_, '_> {
    /// `subject test`
    pub(super) fn compare(&mut self, comparison: &tree::Comparison, span: Span) -> Expression {
        let Some((subject, types, place)) = self.subject(comparison, span) else {
            return broken(span);
        };
        let left = LeftOperand {
            types,
            span: place,
            in_arm: false,
            operator: comparison.operator,
            negated: comparison.negated.is_some(),
            ignore_case: comparison.ignore_case,
        };
        let Some(test) = self.comparator(&comparison.test, &left) else { return broken(span) };
        if !self.ignores_case_of_text(&test, comparison.ignore_case) {
            return broken(span);
        }
        let comparison = model::Comparison {
            subject,
            negated: comparison.negated.is_some(),
            test,
            case: comparison.ignore_case.into(),
        };
        make(ExpressionKind::Compare(Box::new(comparison)), ValueType::BOOLEAN, span)
    }

    fn subject(
        &mut self,
        comparison: &tree::Comparison,
        span: Span,
    ) -> Option<(model::ComparisonSubject, ValueType, Span)> {
        match &comparison.subject {
            tree::ComparisonSubject::Value(value) => {
                let asks_empty = matches!(&comparison.test, tree::Comparator::Is(kind) if &*kind.text == "empty");
                let lowered = if asks_empty { self.value_or_labels(value) } else { self.value(value) };
                let (types, place) = (lowered.types, lowered.span);
                Some((model::ComparisonSubject::Value(lowered), types, place))
            }
            tree::ComparisonSubject::Nodes(quantifier, path) => {
                let word = match quantifier {
                    tree::Quantifier::Any => "`any`",
                    tree::Quantifier::All => "`all`",
                    tree::Quantifier::None => "`none`",
                };
                let nodes = self.nodes(path, word)?;
                let types = ValueType::JSON.without(ValueType::MISSING);
                Some((model::ComparisonSubject::Nodes(*quantifier, nodes), types, path.span))
            }
            tree::ComparisonSubject::Now => Some((model::ComparisonSubject::Now, ValueType::TIME, span.before())),
        }
    }

    /// The operator and the right side.
    pub(super) fn comparator(&mut self, test: &tree::Comparator, left: &LeftOperand) -> Option<Comparator> {
        match test {
            tree::Comparator::Equal(value) => self.equal(value, left).map(Comparator::Equal),
            tree::Comparator::Order(order, value) => {
                self.ordered(value, left).map(|value| Comparator::Order(*order, value))
            }
            tree::Comparator::In(values) => self.one_of(values, left),
            tree::Comparator::Text(test) => self.text_test(test, left).map(Comparator::Text),
            tree::Comparator::Is(kind) => self.of_kind(kind, left).map(Comparator::Is),
            tree::Comparator::During(schedule) => self.during(schedule, left),
        }
    }

    fn text_test(&mut self, test: &tree::TextTest, left: &LeftOperand) -> Option<TextTest> {
        match test {
            tree::TextTest::Cidr(networks) => {
                let networks = self.networks(networks);
                self.is_text(left, "in cidr").then_some(TextTest::Cidr(networks?.into()))
            }
            tree::TextTest::Like(globs) => {
                let globs = self.globs(globs, left.ignore_case.into());
                self.is_text(left, "like").then_some(TextTest::Like(globs?.into()))
            }
            tree::TextTest::Regex(scope, regex) => {
                let regex = self.regex(regex, left.ignore_case.into());
                self.is_text(left, scope.operator()).then_some(TextTest::Regex(*scope, regex?))
            }
            tree::TextTest::Piece(position, value) => {
                self.part(value, left, position.operator()).map(|value| TextTest::Piece(*position, value))
            }
        }
    }

    /// The value on the right of an operator: its strings do not interpolate, and in an arm it is a constant.
    pub(super) fn right(&mut self, value: &tree::Expression, left: &LeftOperand) -> Option<Expression> {
        let lowered = if let tree::ExpressionKind::Template(template) = &value.kind {
            let place = if left.in_arm { "a pattern" } else { "a string that is compared" };
            let text = self.plain_text(template, place)?;
            super::scope::literal(Literal::Text(text), value.span)
        } else {
            self.value(value)
        };
        if !is_known(lowered.types) {
            return None;
        }
        if left.in_arm && !matches!(lowered.kind, ExpressionKind::Literal(_)) {
            let written = self.cx.excerpt(value.span);
            self.cx.report(
                Diagnostic::new(
                    &code::NOT_CONSTANT,
                    value.span,
                    format!("a pattern is a constant, and `{written}` is not"),
                )
                .label("is known only when an alert comes")
                .help(format!("compare it in a condition: `… == {written}`")),
            );
            return None;
        }
        Some(lowered)
    }

    fn equal(&mut self, value: &tree::Expression, left: &LeftOperand) -> Option<Expression> {
        let nothing = if matches!(value.kind, tree::ExpressionKind::Null) {
            Some("null")
        } else if matches!(value.kind, tree::ExpressionKind::Missing) {
            Some("missing")
        } else {
            None
        };
        if let (Some(word), false) = (nothing, left.in_arm) {
            self.compared_with_nothing(value.span, left, word);
            return None;
        }
        let right = self.right(value, left)?;
        (nothing.is_some() || self.may_be_equal(left, &right)).then_some(right)
    }

    fn compared_with_nothing(&mut self, value: Span, left: &LeftOperand, word: &str) {
        // What can never be null is missing instead.
        let kind = if is_known(left.types) && !left.types.overlaps(ValueType::NULL) { "missing" } else { word };
        let operator = if left.negated { "is not" } else { "is" };
        let corrected = format!("{operator} {kind}");
        self.cx.report(
            Diagnostic::new(
                &code::COMPARED_WITH_NOTHING,
                left.operator.to(value),
                format!("nothing is equal to {word}"),
            )
            .label(if left.negated { "is always true" } else { "is never true" })
            .suggest(format!("ask with `{corrected}`"), left.operator.to(value), corrected),
        );
    }

    fn one_of(&mut self, values: &[tree::Expression], left: &LeftOperand) -> Option<Comparator> {
        let mut lowered = Vec::with_capacity(values.len());
        let mut is_valid = true;
        for value in values {
            if matches!(value.kind, tree::ExpressionKind::Null | tree::ExpressionKind::Missing) {
                let word = self.cx.excerpt(value.span);
                let written = self.cx.excerpt(left.span);
                self.cx.report(
                    Diagnostic::new(&code::COMPARED_WITH_NOTHING, value.span, format!("nothing is equal to {word}"))
                        .label("is never found")
                        .help(format!("ask for it apart: `({written} in [..] or {written} is {word})`")),
                );
                is_valid = false;
                continue;
            }
            match self.right(value, left) {
                Some(value) if self.may_be_equal(left, &value) => lowered.push(value),
                Some(_) | None => is_valid = false,
            }
        }
        if values.is_empty() {
            let message = "an empty list holds nothing, so this is never true";
            self.cx.report(Diagnostic::new(&code::NEVER_EQUAL, left.operator, message));
            return None;
        }
        is_valid.then_some(Comparator::In(lowered.into()))
    }

    fn part(&mut self, value: &tree::Expression, left: &LeftOperand, operator: &str) -> Option<Expression> {
        let right = self.right(value, left);
        let is_text = self.is_text(left, operator);
        let right = right?;
        if right.types.overlaps(ValueType::TEXT) {
            return is_text.then_some(right);
        }
        let written = self.cx.excerpt(right.span);
        self.cx.report(
            Diagnostic::new(
                &code::NOT_TEXT,
                right.span,
                format!("`{operator}` takes a string, and `{written}` is {}", right.types),
            )
            .suggest("write it as a string", right.span, format!("\"{written}\"")),
        );
        None
    }

    /// `is kind`, which must be possible.
    fn of_kind(&mut self, name: &Identifier, left: &LeftOperand) -> Option<ValueKind> {
        let Some(kind) = ValueKind::ALL.into_iter().find(|kind| kind.name() == &*name.text) else {
            self.unknown_kind(name, left);
            return None;
        };
        let types = kind_type(kind);
        if !is_known(left.types) {
            return None;
        }
        if left.types.overlaps(types) {
            return Some(kind);
        }
        let written = self.cx.excerpt(left.span);
        let answer = if left.negated { "true" } else { "false" };
        let place = left.operator.to(name.span);
        let diagnostic = Diagnostic::new(
            &code::NEVER_OF_KIND,
            place,
            format!("`{written}` is {}, so this is always {answer}", left.types),
        );
        let is_missing = if left.negated { "is not missing" } else { "is missing" };
        let diagnostic = if matches!(kind, ValueKind::Null) && left.types.overlaps(ValueType::MISSING) {
            diagnostic.rewrite(place, is_missing)
        } else {
            diagnostic
        };
        self.cx.report(diagnostic.label(match kind {
            ValueKind::Missing | ValueKind::Null | ValueKind::Empty => format!("is never {}", name.text),
            ValueKind::Array | ValueKind::Object => format!("is never an {}", name.text),
            ValueKind::Text | ValueKind::Number | ValueKind::Boolean => {
                format!("is never a {}", name.text)
            }
        }));
        None
    }

    fn unknown_kind(&mut self, name: &Identifier, left: &LeftOperand) {
        let meant = match &*name.text {
            "text" => Some("string".to_owned()),
            "bool" => Some("boolean".to_owned()),
            "list" => Some("array".to_owned()),
            other => self.cx.nearest(other, ValueKind::ALL.into_iter().map(ValueKind::name)),
        };
        let message = format!("`is` knows no kind `{}`", name.text);
        let diagnostic = Diagnostic::new(&code::UNKNOWN_NAME, name.span, message)
            .note(format!("the kinds are `{}`", ValueKind::ALL.map(ValueKind::name).join("`, `")));
        let place = left.operator.to(name.span);
        let operator = if left.negated { "!=" } else { "==" };
        self.cx.report(if super::bare_word::constant(&name.text).is_some() {
            let corrected = format!("{operator} {}", name.text);
            diagnostic.suggest(format!("a value is compared by `{operator}`"), place, corrected)
        } else if matches!(&*name.text, "present" | "there" | "set" | "defined") {
            let corrected = if left.negated { "is missing" } else { "is not missing" };
            diagnostic.rewrite(place, corrected)
        } else {
            super::context::with_nearest(diagnostic, name, meant)
        });
    }

    fn during(&mut self, schedule: &Identifier, left: &LeftOperand) -> Option<Comparator> {
        if self.cx.stands_alone {
            let found = silence::rule_name(schedule.span, &schedule.text);
            self.cx.report(found.help("say when the silence begins and ends; what recurs is a mute: `mute NAME when … and during SCHEDULE because \"…\"`"));
            return None;
        }
        let found = self.cx.schedule(schedule);
        if !is_known(left.types) {
            return None;
        }
        if left.types.overlaps(ValueType::TIME) {
            return found.map(Comparator::During);
        }
        let written = self.cx.excerpt(left.span);
        let diagnostic = Diagnostic::new(
            &code::NOT_A_TIME,
            left.span,
            format!("`during` asks for a time, and `{written}` is {}", left.types),
        )
        .label("not a time");
        self.cx.report(if left.types.overlaps(ValueType::TEXT | ValueType::NUMBER) {
            diagnostic.suggest("read it as a time", left.span, format!("time({written})"))
        } else {
            diagnostic.help(format!("`during {}` alone asks for the time at which the alert comes", schedule.text))
        });
        None
    }

    /// Whether `ignore case`, if it is there, has a string to apply to.
    fn ignores_case_of_text(&mut self, test: &Comparator, ignore_case: Option<Span>) -> bool {
        let Some(place) = ignore_case else { return true };
        let compares_text = compares_text(test);
        if !compares_text {
            self.no_case(place);
        }
        compares_text
    }

    /// Reports `ignore case` where no string is compared.
    pub(super) fn no_case(&mut self, place: Span) {
        self.cx.report(
            Diagnostic::new(&code::NO_CASE, place, "`ignore case` stands where no string is compared")
                .label("has nothing to do")
                .suggest("leave it out", place, ""),
        );
    }
}

/// Whether letter case could matter.
pub(super) fn compares_text(test: &Comparator) -> bool {
    match test {
        Comparator::Equal(value) => value.types.overlaps(ValueType::TEXT),
        Comparator::In(values) => values.iter().any(|value| value.types.overlaps(ValueType::TEXT)),
        Comparator::Text(TextTest::Like(_) | TextTest::Regex(..) | TextTest::Piece(..)) => true,
        Comparator::Order(..) | Comparator::Text(TextTest::Cidr(_)) | Comparator::Is(_) | Comparator::During(_) => {
            false
        }
    }
}

/// The values that are of a kind.
fn kind_type(kind: ValueKind) -> ValueType {
    match kind {
        ValueKind::Missing => ValueType::NOTHING,
        ValueKind::Null => ValueType::NULL,
        ValueKind::Empty => {
            ValueType::NOTHING | ValueType::TEXT | ValueType::ARRAY | ValueType::OBJECT | ValueType::LABELS
        }
        ValueKind::Text => ValueType::TEXT,
        ValueKind::Number => ValueType::NUMBER,
        ValueKind::Boolean => ValueType::BOOLEAN,
        ValueKind::Array => ValueType::ARRAY,
        ValueKind::Object => ValueType::OBJECT,
    }
}
