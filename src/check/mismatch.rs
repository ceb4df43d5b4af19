//! Comparisons that can never be true because of their types, and how to fix them.

use crate::check::bare_word::{constant, constant_names};
use crate::check::code;
use crate::check::comparison::LeftOperand;
use crate::check::scope::{ExpressionLowering, is_known};
use crate::diagnostic::Diagnostic;
use crate::json::Number;
use crate::model::{Expression, ExpressionKind, Literal};
use crate::syntax::tree;
use crate::value::ValueType;

impl ExpressionLowering<'_, '_> {
    /// Whether the two sides could be equal; where their types say that they cannot, it is reported.
    pub(super) fn may_be_equal(&mut self, left: &LeftOperand, right: &Expression) -> bool {
        if !is_known(left.types) || !is_known(right.types) {
            return false;
        }
        let common = left.types.and(right.types).without(ValueType::NOTHING);
        if common != ValueType::NEVER {
            return true;
        }
        let (written, other) = (self.cx.excerpt(left.span), self.cx.excerpt(right.span));
        let message = format!(
            "`{written}` is {} and `{other}` is {}, so the two are never equal",
            left.types.without(ValueType::NOTHING),
            right.types.without(ValueType::NOTHING)
        );
        let diagnostic = Diagnostic::new(&code::NEVER_EQUAL, right.span, message).label("never equal");
        let corrected = self.with_fix(diagnostic, left, right);
        self.cx.report(corrected);
        false
    }

    /// Adds suggestions for what was likely meant.
    fn with_fix(&mut self, diagnostic: Diagnostic, left: &LeftOperand, right: &Expression) -> Diagnostic {
        let ExpressionKind::Literal(literal) = &right.kind else { return diagnostic };
        match literal {
            Literal::Text(text) => self.with_text_fix(diagnostic, text, left, right),
            Literal::Number(_) => self.with_number_fix(diagnostic, left, right),
            Literal::Boolean(value) if left.types.overlaps(ValueType::TEXT) => {
                diagnostic.suggest("compare strings", right.span, format!("\"{value}\""))
            }
            // The constant shows which field was meant.
            Literal::Status(_) if !left.in_arm && self.cx.text(left.span) == "severity" => {
                diagnostic.suggest("a recovery is an event whose `status` is `Resolved`", left.span, "status")
            }
            Literal::Severity(_) if !left.in_arm && self.cx.text(left.span) == "status" => {
                diagnostic.suggest("the urgency is given by `severity`", left.span, "severity")
            }
            Literal::Severity(_) | Literal::Status(_) if left.types.overlaps(ValueType::TEXT) => {
                let written = self.cx.excerpt(right.span);
                diagnostic
                    .suggest("the word as a string stands in quotes", right.span, format!("\"{written}\""))
                    .note("constants are not strings: a severity or a status comes from `match`")
            }
            Literal::Missing
            | Literal::Null
            | Literal::Boolean(_)
            | Literal::Severity(_)
            | Literal::Status(_)
            | Literal::Time(_) => diagnostic,
        }
    }

    fn with_text_fix(
        &mut self,
        diagnostic: Diagnostic,
        text: &str,
        left: &LeftOperand,
        right: &Expression,
    ) -> Diagnostic {
        if left.types.overlaps(ValueType::SEVERITY | ValueType::STATUS) {
            self.with_constant_fix(diagnostic, text, right)
        } else if left.types.overlaps(ValueType::NUMBER) && text.parse::<Number>().is_ok() {
            diagnostic.suggest("a number stands without quotes", right.span, text)
        } else if left.types.overlaps(ValueType::TIME) {
            diagnostic.suggest("write a time as one", right.span, format!("time(\"{text}\")"))
        } else {
            diagnostic
        }
    }

    fn with_number_fix(&mut self, diagnostic: Diagnostic, left: &LeftOperand, right: &Expression) -> Diagnostic {
        if !left.types.overlaps(ValueType::TEXT) {
            return diagnostic;
        }
        // A payload has the number as it is written: `1e47` is another string.
        let number = self.cx.text(right.span);
        let quoted = diagnostic.suggest("compare strings", right.span, format!("\"{number}\""));
        if left.in_arm {
            return quoted;
        }
        let written = self.cx.text(left.span);
        quoted.suggest("or compare numbers", left.span, format!("number({written})"))
    }

    fn with_constant_fix(&mut self, diagnostic: Diagnostic, text: &str, right: &Expression) -> Diagnostic {
        let mut letters = text.chars();
        let capitalised: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(letters.flat_map(char::to_lowercase))
            .collect();
        let meant = if constant(&capitalised).is_some() {
            Some(capitalised)
        } else {
            self.cx.nearest(&capitalised, constant_names())
        };
        match meant {
            Some(meant) => diagnostic.suggest("constants stand without quotes", right.span, meant),
            None => diagnostic.help("compare it with a constant: `Critical`, `Warning`, `Info`, `Firing`, `Resolved`"),
        }
    }

    /// The right side of `<` and its like.
    pub(super) fn ordered(&mut self, value: &tree::Expression, left: &LeftOperand) -> Option<Expression> {
        let right = self.ordered_right(value, left)?;
        if !is_known(left.types) {
            return None;
        }
        let orders = ValueType::NUMBER | ValueType::TIME | ValueType::SEVERITY;
        let common = left.types.and(right.types).and(orders);
        if common != ValueType::NEVER {
            return Some(right);
        }
        let (written, other) = (self.cx.excerpt(left.span), self.cx.excerpt(right.span));
        let (left_types, right_types) =
            (left.types.without(ValueType::NOTHING), right.types.without(ValueType::NOTHING));
        let place = left.operator;
        let diagnostic = if left_types.overlaps(orders) && right_types.overlaps(orders) {
            let message =
                format!("`{written}` is {left_types} and `{other}` is {right_types}, which have no common order");
            Diagnostic::new(&code::NO_ORDER, place, message)
        } else {
            let unordered = if left_types.overlaps(orders) { (&other, right_types) } else { (&written, left_types) };
            let message = format!("`{}` is {}, which has no order", unordered.0, unordered.1);
            Diagnostic::new(&code::NO_ORDER, place, message)
        };
        let diagnostic = diagnostic.label("compares numbers, times and severities");
        let corrected = self.with_order_fix(diagnostic, left, &right);
        self.cx.report(corrected);
        None
    }

    fn ordered_right(&mut self, value: &tree::Expression, left: &LeftOperand) -> Option<Expression> {
        if let tree::ExpressionKind::Null | tree::ExpressionKind::Missing = &value.kind {
            let word = self.cx.excerpt(value.span);
            self.cx.report(
                Diagnostic::new(
                    &code::COMPARED_WITH_NOTHING,
                    left.operator.to(value.span),
                    format!("{word} has no order"),
                )
                .label("is never true")
                .suggest(
                    format!("ask with `is {word}`"),
                    left.operator.to(value.span),
                    format!("is {word}"),
                ),
            );
            return None;
        }
        self.right(value, left)
    }

    fn with_order_fix(&mut self, diagnostic: Diagnostic, left: &LeftOperand, right: &Expression) -> Diagnostic {
        if left.types.overlaps(ValueType::STATUS) {
            return diagnostic.help("a status is compared by `==`: `status == Resolved`");
        }
        if let ExpressionKind::Literal(Literal::Text(text)) = &right.kind {
            return self.with_text_order_fix(diagnostic, text, left, right);
        }
        let written = self.cx.text(left.span);
        if left.in_arm || !left.types.overlaps(ValueType::TEXT) {
            diagnostic
        } else if right.types.overlaps(ValueType::NUMBER) {
            diagnostic.suggest("read it as a number", left.span, format!("number({written})"))
        } else if right.types.overlaps(ValueType::TIME) {
            diagnostic.suggest("read it as a time", left.span, format!("time({written})"))
        } else {
            diagnostic.help("strings are compared by `==`, `starts with`, `like` and their kin")
        }
    }

    fn with_text_order_fix(
        &mut self,
        diagnostic: Diagnostic,
        text: &str,
        left: &LeftOperand,
        right: &Expression,
    ) -> Diagnostic {
        let is_number = text.parse::<Number>().is_ok();
        if left.types.overlaps(ValueType::SEVERITY) {
            self.with_constant_fix(diagnostic, text, right)
        } else if left.types.overlaps(ValueType::TIME) {
            diagnostic.suggest("write a time as one", right.span, format!("time(\"{text}\")"))
        } else if is_number && (left.in_arm || left.types.overlaps(ValueType::NUMBER)) {
            diagnostic.suggest("a number stands without quotes", right.span, text)
        } else if is_number {
            let (written, operator) = (self.cx.text(left.span), self.cx.text(left.operator));
            let corrected = format!("number({written}) {operator} {text}");
            diagnostic.suggest("compare numbers", left.span.to(right.span), corrected)
        } else {
            diagnostic.help("strings are compared by `==`, `starts with`, `like` and their kin")
        }
    }

    /// Whether the left side may be a string, as `operator` asks.
    pub(super) fn is_text(&mut self, left: &LeftOperand, operator: &str) -> bool {
        if !is_known(left.types) {
            return false;
        }
        if left.types.overlaps(ValueType::TEXT) {
            return true;
        }
        let written = self.cx.excerpt(left.span);
        let place = if left.in_arm { left.operator } else { left.span };
        let types = left.types.without(ValueType::NOTHING);
        let message = format!("`{operator}` tests strings, and `{written}` is {types}");
        let diagnostic = Diagnostic::new(&code::NOT_TEXT, place, message).label("never fits");
        let diagnostic = match types {
            ValueType::SEVERITY => {
                diagnostic.help("compare severities by `==`, `in` or `<`: `severity in [Critical, Warning]`")
            }
            ValueType::STATUS => diagnostic.help("compare statuses by `==`: `status == Firing`"),
            ValueType::TIME => diagnostic.help("compare times by `<` or `during`"),
            ValueType::ARRAY => {
                diagnostic.suggest("test the items as one string", left.span, format!("join({written}, \", \")"))
            }
            ValueType::NUMBER | ValueType::BOOLEAN => {
                diagnostic.suggest("read it as a string", left.span, format!("string({written})"))
            }
            _ => diagnostic,
        };
        self.cx.report(diagnostic);
        false
    }
}
