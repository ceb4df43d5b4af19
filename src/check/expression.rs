//! Values and conditions: what each expression means and what kinds of value it may have.

use crate::check::code;
use crate::check::scope::{ExpressionLowering, ExpressionScope, broken, is_known, literal, make, text_part};
use crate::diagnostic::Diagnostic;
use crate::model::{self, Expression, ExpressionKind, Literal};
use crate::source::Span;
use crate::syntax::tree;
use crate::value::ValueType;

impl ExpressionLowering<'_, '_> {
    /// A value; the labels as a whole are not one.
    pub(super) fn value(&mut self, expression: &tree::Expression) -> Expression {
        let value = self.value_or_labels(expression);
        if value.types.overlaps(ValueType::LABELS) {
            self.refuse_labels(expression.span);
            return broken(expression.span);
        }
        value
    }

    /// A value, or the labels as a whole.
    pub(super) fn value_or_labels(&mut self, expression: &tree::Expression) -> Expression {
        let span = expression.span;
        match &expression.kind {
            tree::ExpressionKind::Null => literal(Literal::Null, span),
            tree::ExpressionKind::Missing => literal(Literal::Missing, span),
            tree::ExpressionKind::Boolean(value) => literal(Literal::Boolean(*value), span),
            tree::ExpressionKind::Number(text) => self.number(text, span),
            tree::ExpressionKind::Template(template) => self.template(template),
            tree::ExpressionKind::Regex(_) => self.stray_regex(span),
            tree::ExpressionKind::Path(path) => self.singular(path),
            tree::ExpressionKind::Name(name) => self.word(name),
            tree::ExpressionKind::Constant(name) => self.constant(name),
            tree::ExpressionKind::Navigate(base, segments) => self.navigate(base, segments, span),
            tree::ExpressionKind::Call(name, arguments) => self.call(name, arguments, span),
            tree::ExpressionKind::Coalesce(parts) => self.coalesce(parts, span),
            tree::ExpressionKind::Match(it) => self.match_value(it),
            tree::ExpressionKind::Or(_)
            | tree::ExpressionKind::And(_)
            | tree::ExpressionKind::Not(_)
            | tree::ExpressionKind::Compare(_) => self.condition(expression),
            tree::ExpressionKind::Duration(_) => self.stray_duration(span),
            tree::ExpressionKind::List(items) => self.list(items, span),
            tree::ExpressionKind::Object(members) => self.object(members, span),
        }
    }

    /// A condition: a comparison, a combination of conditions, or a value that can only be a boolean.
    pub(super) fn condition(&mut self, expression: &tree::Expression) -> Expression {
        let span = expression.span;
        let kind = match &expression.kind {
            tree::ExpressionKind::Or(parts) => ExpressionKind::Or(self.alternatives(parts)),
            tree::ExpressionKind::And(parts) => ExpressionKind::And(self.alternatives(parts)),
            tree::ExpressionKind::Not(part) => ExpressionKind::Not(Box::new(if part.kind.is_condition() {
                self.condition(part)
            } else {
                self.bare_condition(part, Some(span))
            })),
            tree::ExpressionKind::Compare(comparison) => return self.compare(comparison, span),
            tree::ExpressionKind::Null
            | tree::ExpressionKind::Missing
            | tree::ExpressionKind::Boolean(_)
            | tree::ExpressionKind::Number(_)
            | tree::ExpressionKind::Duration(_)
            | tree::ExpressionKind::Template(_)
            | tree::ExpressionKind::Regex(_)
            | tree::ExpressionKind::Path(_)
            | tree::ExpressionKind::Name(_)
            | tree::ExpressionKind::Constant(_)
            | tree::ExpressionKind::Navigate(..)
            | tree::ExpressionKind::Call(..)
            | tree::ExpressionKind::Coalesce(_)
            | tree::ExpressionKind::Match(_)
            | tree::ExpressionKind::List(_)
            | tree::ExpressionKind::Object(_) => return self.bare_condition(expression, None),
        };
        make(kind, ValueType::BOOLEAN, span)
    }

    /// A value where a condition is needed; `negation` is the place of `not` with it.
    fn bare_condition(&mut self, expression: &tree::Expression, negation: Option<Span>) -> Expression {
        let value = self.value(expression);
        let types = value.types.without(ValueType::NOTHING);
        if !is_known(types) || types == ValueType::BOOLEAN {
            return value;
        }
        let excerpt = self.cx.excerpt(value.span);
        let message = format!("`{excerpt}` is not a condition by itself");
        let diagnostic = Diagnostic::new(&code::NOT_A_CONDITION, value.span, message);
        let is_any = types.contains(ValueType::JSON.without(ValueType::NOTHING));
        let label = if is_any { "may be any JSON value".to_owned() } else { format!("this is {types}") };
        let (test, negated) = if is_any {
            ("== true", "!= true")
        } else if types.overlaps(ValueType::SEVERITY) {
            ("== Critical", "!= Critical")
        } else if types.overlaps(ValueType::STATUS) {
            ("== Firing", "!= Firing")
        } else if types.overlaps(ValueType::NUMBER) {
            ("> 0", "== 0")
        } else if types.overlaps(ValueType::TIME) {
            ("is not missing", "is missing")
        } else {
            ("is not empty", "is empty")
        };
        if let tree::ExpressionKind::Template(_) = &expression.kind {
            self.cx.report(
                diagnostic
                    .label(label)
                    .help("every condition names what it compares: `labels.team == \"a\" or labels.team == \"b\"`")
                    .help(format!("one value against several is `labels.team in [\"a\", {excerpt}]`")),
            );
            return broken(value.span);
        }
        let test = if negation.is_some() { negated } else { test };
        let corrected = format!("{} {test}", self.cx.text(value.span));
        let place = negation.unwrap_or(value.span);
        self.cx.report(diagnostic.label(label).suggest(
            format!("say what is asked of it, as in `{corrected}`"),
            place,
            corrected,
        ));
        broken(value.span)
    }

    /// `a ?? b`: the first part that is not missing or null.
    fn coalesce(&mut self, parts: &[tree::Expression], span: Span) -> Expression {
        let values: Vec<Expression> = parts.iter().map(|part| self.value(part)).collect();
        let Some((last, others)) = values.split_last() else { return broken(span) };
        let certain = others.iter().find(|value| is_known(value.types) && !value.types.may_be_missing());
        if let Some(certain) = certain {
            self.never_missing(certain.span, last.span);
            return broken(span);
        }
        let types = others.iter().fold(last.types, |types, value| types | value.types.without(ValueType::NOTHING));
        make(ExpressionKind::Coalesce(values.into()), types, span)
    }

    fn never_missing(&mut self, value: Span, last: Span) {
        let excerpt = self.cx.excerpt(value);
        let rest = Span { start: value.end, end: last.end.max(value.end), file: value.file };
        self.cx.report(
            Diagnostic::new(
                &code::NEVER_MISSING,
                value,
                format!("`{excerpt}` is never missing, so what follows its `??` is never used"),
            )
            .label("always has a value")
            .suggest("leave out the rest", rest, ""),
        );
    }

    /// A string with its interpolations.
    pub(super) fn template(&mut self, template: &tree::Template) -> Expression {
        let mut parts = Vec::with_capacity(template.parts.len());
        for part in &template.parts {
            match part {
                tree::TemplatePart::Text(text) => parts.push(text_part(text)),
                tree::TemplatePart::Value(value, _) => {
                    parts.push(model::TemplatePart::Value(self.value(value)));
                }
            }
        }
        match parts.as_slice() {
            [] => literal(Literal::Text("".into()), template.span),
            [model::TemplatePart::Text(text)] => literal(Literal::Text(text.clone()), template.span),
            [model::TemplatePart::Value(_)] | [_, _, ..] => {
                make(ExpressionKind::Template(parts.into()), ValueType::TEXT, template.span)
            }
        }
    }

    /// The text of a string in a place where nothing interpolates; an interpolation is reported.
    pub(super) fn plain_text(&mut self, template: &tree::Template, place: &str) -> Option<Box<str>> {
        let mut text = String::new();
        let mut is_valid = true;
        for part in &template.parts {
            match part {
                tree::TemplatePart::Text(words) => text.push_str(words),
                tree::TemplatePart::Value(_, braces) => {
                    is_valid = false;
                    let excerpt = self.cx.text(*braces);
                    let inner = excerpt.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(excerpt);
                    self.cx.report(
                        Diagnostic::new(&code::INTERPOLATION, *braces, format!("nothing is filled in {place}"))
                            .label("is read as the name of a value")
                            .suggest(
                                "double the braces to mean the characters themselves",
                                *braces,
                                format!("{{{{{inner}}}}}"),
                            ),
                    );
                }
            }
        }
        is_valid.then(|| text.into_boxed_str())
    }

    /// Reports the labels as a whole where they are not a value.
    pub(super) fn refuse_labels(&mut self, place: Span) {
        let mut diagnostic =
            Diagnostic::new(&code::LABELS_AS_VALUE, place, "the labels as a whole are not a value here")
                .label("all labels at once")
                .note(
                    "they stand in `key(…)`, `label_lines(…)`, `len(…)`, before `is empty`, and as a member of a body",
                )
                .help("take one label: `labels.name`");
        if matches!(self.scope, ExpressionScope::Body) {
            diagnostic = diagnostic.suggest(
                "or write them a line each",
                place,
                "label_lines(labels, \"- {name}: {value}\", 20)",
            );
        }
        self.cx.report(diagnostic);
    }

    fn stray_regex(&mut self, span: Span) -> Expression {
        let excerpt = self.cx.excerpt(span);
        self.cx.report(
            Diagnostic::new(&code::STRAY_REGEX, span, "a regex is not a value")
                .label("stands for nothing here")
                .help(format!(
                    "test a value with it: `… matches {excerpt}` (the whole string), `… finds {excerpt}` (anywhere)"
                ))
                .help(format!("or take text out of a value: `capture(…, {excerpt}, \"group\")`")),
        );
        broken(span)
    }

    fn stray_duration(&mut self, span: Span) -> Expression {
        let corrected = format!("\"{}\"", self.cx.text(span));
        self.cx.report(Diagnostic::new(&code::WRONG_ARGUMENT, span, "a duration is not a value of JSON").suggest(
            "write it as a string",
            span,
            corrected,
        ));
        broken(span)
    }

    fn list(&mut self, items: &[tree::Expression], span: Span) -> Expression {
        if !matches!(self.scope, ExpressionScope::Body | ExpressionScope::Answer) {
            return self.stray_list("list", span);
        }
        let items = items.iter().map(|item| self.value_or_labels(item)).collect();
        make(ExpressionKind::List(items), ValueType::ARRAY, span)
    }

    fn object(&mut self, members: &[(tree::StringLiteral, tree::Expression)], span: Span) -> Expression {
        if !matches!(self.scope, ExpressionScope::Body | ExpressionScope::Answer) {
            return self.stray_list("object", span);
        }
        let mut seen = std::collections::HashMap::new();
        let mut lowered = Vec::with_capacity(members.len());
        for (name, value) in members {
            if let Some(first) = seen.insert(&*name.value, name.span) {
                let message = format!("`{}` is written twice in this object", name.value);
                self.cx.report(
                    Diagnostic::new(&code::DUPLICATE_NAME, name.span, message).related(first, "first written here"),
                );
            }
            lowered.push((name.value.clone(), self.value_or_labels(value)));
        }
        make(ExpressionKind::Object(lowered.into()), ValueType::OBJECT, span)
    }

    fn stray_list(&mut self, what: &str, span: Span) -> Expression {
        self.cx.report(
            Diagnostic::new(&code::WRONG_ARGUMENT, span, format!("a written {what} stands in a body alone"))
                .label("cannot be a value here"),
        );
        broken(span)
    }
}
