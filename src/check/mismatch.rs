//! What can never be true because of its types, and how to write what was meant.

use crate::check::code;
use crate::check::comparison::Left;
use crate::check::model::{Expression, ExpressionKind, Literal};
use crate::check::scope::{Lowering, is_known};
use crate::check::word::{constant, constant_names};
use crate::diagnostic::Diagnostic;
use crate::json::Number;
use crate::syntax::tree;
use crate::value::Type;

impl Lowering<'_, '_> {
    /// Whether the two sides could be equal; where their types say that they cannot, it is reported.
    pub(super) fn may_be_equal(&mut self, left: &Left, right: &Expression) -> bool {
        if !is_known(left.types) || !is_known(right.types) {
            return false;
        }
        let common = left.types.and(right.types).without(Type::NOTHING);
        if common != Type::NEVER {
            return true;
        }
        let (said, other) = (self.cx.said(left.span), self.cx.said(right.span));
        let message = format!(
            "`{said}` is {} and `{other}` is {}, so the two are never equal",
            left.types.without(Type::NOTHING),
            right.types.without(Type::NOTHING)
        );
        let diagnostic = Diagnostic::new(&code::NEVER_EQUAL, right.span, message).label("never equal");
        let mended = self.mended(diagnostic, left, right);
        self.cx.report(mended);
        false
    }

    /// Adds the way to write what was meant.
    fn mended(&mut self, diagnostic: Diagnostic, left: &Left, right: &Expression) -> Diagnostic {
        let ExpressionKind::Literal(literal) = &right.kind else { return diagnostic };
        match literal {
            Literal::Text(text) => self.mended_text(diagnostic, text, left, right),
            Literal::Number(number) => self.mended_number(diagnostic, &number.to_string(), left, right),
            Literal::Boolean(value) if left.types.meets(Type::TEXT) => {
                diagnostic.suggest("compare strings", right.span, format!("\"{value}\""))
            }
            // The constant says which field was meant.
            Literal::Status(_) if !left.in_arm && self.cx.text(left.span) == "severity" => {
                diagnostic.suggest("a recovery is told by `status`", left.span, "status")
            }
            Literal::Severity(_) if !left.in_arm && self.cx.text(left.span) == "status" => {
                diagnostic.suggest("how bad it is, is told by `severity`", left.span, "severity")
            }
            Literal::Severity(_) | Literal::Status(_) if left.types.meets(Type::TEXT) => {
                let said = self.cx.said(right.span);
                diagnostic
                    .suggest("the word as a string stands in quotes", right.span, format!("\"{said}\""))
                    .note("constants are no strings: a severity or a status comes from `match`")
            }
            Literal::Missing
            | Literal::Null
            | Literal::Boolean(_)
            | Literal::Severity(_)
            | Literal::Status(_)
            | Literal::Time(_) => diagnostic,
        }
    }

    fn mended_text(
        &mut self,
        diagnostic: Diagnostic,
        text: &str,
        left: &Left,
        right: &Expression,
    ) -> Diagnostic {
        if left.types.meets(Type::SEVERITY | Type::STATUS) {
            self.as_constant(diagnostic, text, right)
        } else if left.types.meets(Type::NUMBER) && text.parse::<Number>().is_ok() {
            diagnostic.suggest("a number stands without quotes", right.span, text)
        } else if left.types.meets(Type::TIME) {
            diagnostic.suggest("write a time as one", right.span, format!("time(\"{text}\")"))
        } else {
            diagnostic
        }
    }

    fn mended_number(
        &mut self,
        diagnostic: Diagnostic,
        number: &str,
        left: &Left,
        right: &Expression,
    ) -> Diagnostic {
        if !left.types.meets(Type::TEXT) {
            return diagnostic;
        }
        let quoted = diagnostic.suggest("compare strings", right.span, format!("\"{number}\""));
        if left.in_arm {
            return quoted;
        }
        let said = self.cx.text(left.span);
        quoted.suggest("or compare numbers", left.span, format!("number({said})"))
    }

    fn as_constant(&mut self, diagnostic: Diagnostic, text: &str, right: &Expression) -> Diagnostic {
        let mut words = text.chars();
        let capitalised: String = words
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(words.flat_map(char::to_lowercase))
            .collect();
        let meant = if constant(&capitalised).is_some() {
            Some(capitalised)
        } else {
            self.cx.nearest(&capitalised, constant_names())
        };
        match meant {
            Some(meant) => diagnostic.suggest("constants stand without quotes", right.span, meant),
            None => diagnostic
                .help("compare it with a constant: `Critical`, `Warning`, `Info`, `Firing`, `Resolved`"),
        }
    }

    /// The right side of `<` and its like.
    pub(super) fn ordered(&mut self, value: &tree::Expression, left: &Left) -> Option<Expression> {
        let right = self.ordered_right(value, left)?;
        if !is_known(left.types) {
            return None;
        }
        let orders = Type::NUMBER | Type::TIME | Type::SEVERITY;
        let common = left.types.and(right.types).and(orders);
        if common != Type::NEVER {
            return Some(right);
        }
        let (said, other) = (self.cx.said(left.span), self.cx.said(right.span));
        let (left_types, right_types) =
            (left.types.without(Type::NOTHING), right.types.without(Type::NOTHING));
        let place = left.operator;
        let diagnostic = if left_types.meets(orders) && right_types.meets(orders) {
            let message = format!(
                "`{said}` is {left_types} and `{other}` is {right_types}, which have no common order"
            );
            Diagnostic::new(&code::NO_ORDER, place, message)
        } else {
            let unordered =
                if left_types.meets(orders) { (&other, right_types) } else { (&said, left_types) };
            let message = format!("`{}` is {}, which has no order", unordered.0, unordered.1);
            Diagnostic::new(&code::NO_ORDER, place, message)
        };
        let diagnostic = diagnostic.label("compares numbers, times and severities");
        let mended = self.mended_order(diagnostic, left, &right);
        self.cx.report(mended);
        None
    }

    fn ordered_right(&mut self, value: &tree::Expression, left: &Left) -> Option<Expression> {
        if let tree::ExpressionKind::Null | tree::ExpressionKind::Missing = &value.kind {
            let word = self.cx.said(value.span);
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

    fn mended_order(&mut self, diagnostic: Diagnostic, left: &Left, right: &Expression) -> Diagnostic {
        if left.types.meets(Type::STATUS) {
            return diagnostic.help("a status is compared by `==`: `status == Resolved`");
        }
        if let ExpressionKind::Literal(Literal::Text(text)) = &right.kind {
            return self.mended_order_of_text(diagnostic, text, left, right);
        }
        let said = self.cx.text(left.span);
        if left.in_arm || !left.types.meets(Type::TEXT) {
            diagnostic
        } else if right.types.meets(Type::NUMBER) {
            diagnostic.suggest("read it as a number", left.span, format!("number({said})"))
        } else if right.types.meets(Type::TIME) {
            diagnostic.suggest("read it as a time", left.span, format!("time({said})"))
        } else {
            diagnostic.help("strings are compared by `==`, `starts with`, `like` and their kin")
        }
    }

    fn mended_order_of_text(
        &mut self,
        diagnostic: Diagnostic,
        text: &str,
        left: &Left,
        right: &Expression,
    ) -> Diagnostic {
        let is_number = text.parse::<Number>().is_ok();
        if left.types.meets(Type::SEVERITY) {
            self.as_constant(diagnostic, text, right)
        } else if left.types.meets(Type::TIME) {
            diagnostic.suggest("write a time as one", right.span, format!("time(\"{text}\")"))
        } else if is_number && (left.in_arm || left.types.meets(Type::NUMBER)) {
            diagnostic.suggest("a number stands without quotes", right.span, text)
        } else if is_number {
            let (said, operator) = (self.cx.text(left.span), self.cx.text(left.operator));
            let mended = format!("number({said}) {operator} {text}");
            diagnostic.suggest("compare numbers", left.span.to(right.span), mended)
        } else {
            diagnostic.help("strings are compared by `==`, `starts with`, `like` and their kin")
        }
    }

    /// Whether the left side may be a string, as `operator` asks.
    pub(super) fn is_text(&mut self, left: &Left, operator: &str) -> bool {
        if !is_known(left.types) {
            return false;
        }
        if left.types.meets(Type::TEXT) {
            return true;
        }
        let said = self.cx.said(left.span);
        let place = if left.in_arm { left.operator } else { left.span };
        let types = left.types.without(Type::NOTHING);
        let message = format!("`{operator}` tests strings, and `{said}` is {types}");
        let diagnostic = Diagnostic::new(&code::NOT_TEXT, place, message).label("never fits");
        let diagnostic = match types {
            Type::SEVERITY => {
                diagnostic.help("compare severities by `==`, `in` or `<`: `severity in [Critical, Warning]`")
            }
            Type::STATUS => diagnostic.help("compare statuses by `==`: `status == Firing`"),
            Type::TIME => diagnostic.help("compare times by `<` or `during`"),
            Type::ARRAY => {
                diagnostic.suggest("test the items as one string", left.span, format!("join({said}, \", \")"))
            }
            Type::NUMBER | Type::BOOLEAN => {
                diagnostic.suggest("read it as a string", left.span, format!("string({said})"))
            }
            _ => diagnostic,
        };
        self.cx.report(diagnostic);
        false
    }
}
