//! The fields that a mapping sets: which must be set, which may be missing, and what each takes.

use crate::check::bare_word::constant_names_of;
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::scope::{LetScope, is_known};
use crate::diagnostic::Diagnostic;
use crate::model::{EventField, Expression, ExpressionKind, Literal};
use crate::source::Span;
use crate::syntax::tree::{self, Identifier};
use crate::text::{backticked, enumeration};
use crate::value::ValueType;
use std::collections::HashMap;

/// The required fields of an event, each with a line that sets it.
const REQUIRED: [(&str, &str); 4] = [
    ("severity", "severity = match $.severity ignore case { \"critical\" => Critical  else => Warning }"),
    ("status", "status = match $.status ignore case { \"resolved\" => Resolved  else => Firing }"),
    ("title", "title = $.title ?? \"alert\""),
    ("key", "key = key(\"source\", $.id)"),
];

/// Reports the required fields that a mapping does not set.
pub(super) fn require(mapping: &tree::Mapping, set: &HashMap<Box<str>, Span>, cx: &mut LoweringContext<'_>) {
    let absent: Vec<(&str, &str)> = REQUIRED.into_iter().filter(|(name, _)| !set.contains_key(*name)).collect();
    if absent.is_empty() {
        return;
    }
    let listed = enumeration(&backticked(absent.iter().map(|(name, _)| name)), "and");
    let message = format!("the mapping `{}` does not set {listed}", mapping.name.text);
    let diagnostic = Diagnostic::new(&code::FIELD_NOT_SET, mapping.name.span, message)
        .note("an event always has a severity, a status, a title and a key");
    cx.report(absent.into_iter().fold(diagnostic, |diagnostic, (_, line)| diagnostic.help(format!("add `{line}`"))));
}

/// Whether a mapping may set the field; where not, it is reported.
pub(super) fn is_settable(field: EventField, name: &Identifier, cx: &mut LoweringContext<'_>) -> bool {
    let (message, help) = match field {
        EventField::Labels => ("labels are set in a block of their own", "write `labels { name = … }`"),
        EventField::Notes => {
            ("notes are written by what finds something odd", "add `note \"…\"` to an arm of a `match`")
        }
        EventField::Integration => (
            "the integration is known from the push URL, not from the payload",
            "leave the line out, or make it a label",
        ),
        EventField::Severity
        | EventField::Status
        | EventField::Title
        | EventField::Key
        | EventField::Description
        | EventField::StartsAt
        | EventField::EndsAt
        | EventField::Link
        | EventField::Source => return true,
    };
    cx.report(Diagnostic::new(&code::FIELD_NOT_SETTABLE, name.span, message).help(help));
    false
}

/// Checks the value of a field.
pub(super) fn check(
    field: EventField,
    name: &Identifier,
    value: &Expression,
    lets: &LetScope,
    cx: &mut LoweringContext<'_>,
) {
    if !is_known(value.types) {
        return;
    }
    match field {
        EventField::Severity => constant(name, value, ValueType::SEVERITY, "Warning", cx),
        EventField::Status => constant(name, value, ValueType::STATUS, "Firing", cx),
        EventField::Key if lets.is_template(value) => template_as_key(value, cx),
        EventField::Key => key(name, value, lets, cx),
        EventField::Title => required_text(name, value, "\"alert\"", cx),
        EventField::Source => required_text(name, value, "\"source\"", cx),
        EventField::Description | EventField::Link => {
            check_text(&format!("`{}`", field.name()), value, cx);
        }
        EventField::StartsAt | EventField::EndsAt => time(name, value, cx),
        EventField::Labels | EventField::Integration | EventField::Notes => {}
    }
}

fn constant(name: &Identifier, value: &Expression, wanted: ValueType, fallback: &str, cx: &mut LoweringContext<'_>) {
    let others = value.types.without(wanted | ValueType::NOTHING);
    if others == ValueType::NEVER {
        if value.types.may_be_missing() {
            may_be_missing(name, value, fallback, cx);
        }
        return;
    }
    let constants =
        if wanted == ValueType::SEVERITY { "`Critical`, `Warning` or `Info`" } else { "`Firing` or `Resolved`" };
    let found = if others.contains(ValueType::JSON.without(ValueType::NOTHING)) {
        "may be any JSON value".to_owned()
    } else if value.types.overlaps(wanted) {
        format!("may also be {others}")
    } else {
        format!("is {others}")
    };
    let message = format!("`{}` takes {constants}, and its value {found}", name.text);
    let diagnostic = Diagnostic::new(&code::FIELD_TYPE, value.span, message).label("not always one of these constants");
    let corrected = to_constants(diagnostic, value, wanted, cx);
    cx.report(corrected);
}

/// Suggests how to turn the value into a constant.
fn to_constants(
    diagnostic: Diagnostic,
    value: &Expression,
    wanted: ValueType,
    cx: &mut LoweringContext<'_>,
) -> Diagnostic {
    if let ExpressionKind::Match(it) = &value.kind {
        let is_odd = |types| is_known(types) && !wanted.contains(types.without(ValueType::NOTHING));
        let odd = it.arms.iter().map(|arm| &arm.result).find(|result| is_odd(result.types));
        return match odd {
            Some(result) => diagnostic.related(result.span, format!("this is {}", result.types)),
            None => diagnostic,
        };
    }
    if let ExpressionKind::Literal(Literal::Text(text)) = &value.kind {
        let names = || constant_names_of(wanted);
        let same = names().find(|name| name.eq_ignore_ascii_case(text)).map(str::to_owned);
        return match same.or_else(|| cx.nearest(text, names())) {
            Some(near) => diagnostic.suggest("constants stand without quotes", value.span, near),
            None => diagnostic,
        };
    }
    if !value.types.overlaps(ValueType::TEXT) {
        return diagnostic;
    }
    let text = cx.text(value.span);
    let arms = if wanted == ValueType::SEVERITY {
        "\"critical\" => Critical  \"warning\" => Warning  else => Info"
    } else {
        "\"resolved\" => Resolved  else => Firing"
    };
    let matched = format!("match {text} ignore case {{ {arms} }}");
    diagnostic.suggest("say which value means which constant", value.span, matched)
}

fn may_be_missing(name: &Identifier, value: &Expression, fallback: &str, cx: &mut LoweringContext<'_>) {
    let excerpt = cx.excerpt(value.span);
    cx.report(
        Diagnostic::new(
            &code::FIELD_MAY_BE_MISSING,
            value.span,
            format!("`{}` must have a value, and `{excerpt}` may be missing", name.text),
        )
        .label("may be missing or null")
        .suggest("say what it is then", value.span.after(), format!(" ?? {fallback}")),
    );
}

fn key(name: &Identifier, value: &Expression, lets: &LetScope, cx: &mut LoweringContext<'_>) {
    if check_text("`key`", value, cx) && lets.may_lack_key(value) {
        may_be_missing(name, value, "key(\"name\", @.labels)", cx);
    }
}

fn template_as_key(value: &Expression, cx: &mut LoweringContext<'_>) {
    cx.report(
        Diagnostic::new(&code::TEMPLATE_AS_KEY, value.span, "a key is not pasted together from strings")
            .label("`a-b` with `c` and `a` with `b-c` come to the same key")
            .note("two alerts of one key count as one: the second is lost in the first")
            .help("let `key` keep the parts apart: `key(\"name\", a, b)`"),
    );
}

fn required_text(name: &Identifier, value: &Expression, fallback: &str, cx: &mut LoweringContext<'_>) {
    if check_text(&format!("`{}`", name.text), value, cx) && value.types.may_be_missing() {
        may_be_missing(name, value, fallback, cx);
    }
}

/// Whether the value of a string place can be text; where not, it is reported.
pub(super) fn check_text(place: &str, value: &Expression, cx: &mut LoweringContext<'_>) -> bool {
    let types = value.types.without(ValueType::NOTHING);
    let textual = ValueType::SCALAR | ValueType::SEVERITY | ValueType::STATUS | ValueType::TIME;
    if !is_known(types) || types.overlaps(textual) || types == ValueType::NEVER {
        return is_known(types);
    }
    let excerpt = cx.excerpt(value.span);
    let diagnostic =
        Diagnostic::new(&code::FIELD_TYPE, value.span, format!("{place} takes a string, and `{excerpt}` is {types}"));
    cx.report(if types == ValueType::ARRAY {
        diagnostic.suggest(
            "write the items as one string",
            value.span,
            format!("join({}, \", \")", cx.text(value.span)),
        )
    } else {
        diagnostic.help("take one member of it")
    });
    false
}

fn time(name: &Identifier, value: &Expression, cx: &mut LoweringContext<'_>) {
    let others = value.types.without(ValueType::TIME | ValueType::NOTHING);
    if others == ValueType::NEVER {
        return;
    }
    let text = cx.text(value.span).to_owned();
    let excerpt = cx.excerpt(value.span);
    let found = if others == ValueType::JSON.without(ValueType::NOTHING) {
        "may be any JSON value".to_owned()
    } else {
        format!("is {others}")
    };
    cx.report(
        Diagnostic::new(
            &code::FIELD_TYPE,
            value.span,
            format!("`{}` takes a time, and `{excerpt}` {found}", name.text),
        )
        .label("not a time yet")
        .suggest("read it as a time", value.span, format!("time({text})")),
    );
}
