//! The fields that a mapping sets: which must be set, which may be missing, and what each takes.

use crate::check::code;
use crate::check::context::Context;
use crate::check::model::{Expression, ExpressionKind, Field, Literal};
use crate::check::scope::{Lets, is_known};
use crate::check::word::{self, constant_names};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{self, Name};
use crate::value::Type;
use std::collections::HashMap;

/// The fields without which there is no event, each with a line that sets it.
const REQUIRED: [(&str, &str); 4] = [
    ("severity", "severity = match $.severity ignore case { \"critical\" => Critical  else => Warning }"),
    ("status", "status = match $.status ignore case { \"resolved\" => Resolved  else => Firing }"),
    ("title", "title = $.title ?? \"alert\""),
    ("key", "key = key(\"source\", $.id)"),
];

/// Reports the required fields that a mapping does not set.
pub(super) fn require(mapping: &tree::Mapping, set: &HashMap<Box<str>, Span>, cx: &mut Context<'_>) {
    let absent: Vec<(&str, &str)> =
        REQUIRED.into_iter().filter(|(name, _)| !set.contains_key(*name)).collect();
    let names: Vec<String> = absent.iter().map(|(name, _)| format!("`{name}`")).collect();
    let listed = match names.split_last() {
        None => return,
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    };
    let message = format!("the mapping `{}` does not set {listed}", mapping.name.text);
    let diagnostic = Diagnostic::new(&code::FIELD_NOT_SET, mapping.name.span, message)
        .note("an event always has a severity, a status, a title and a key");
    cx.report(
        absent.into_iter().fold(diagnostic, |diagnostic, (_, line)| diagnostic.help(format!("add `{line}`"))),
    );
}

/// Whether a mapping may set the field; where not, it is reported.
pub(super) fn is_settable(field: Field, name: &Name, cx: &mut Context<'_>) -> bool {
    let (message, help) = match field {
        Field::Labels => ("labels are set in a block of their own", "write `labels { name = … }`"),
        Field::Notes => {
            ("notes are written by what finds something odd", "add `note \"…\"` to an arm of a `match`")
        }
        Field::Integration => (
            "the integration is known from the push URL, not from the payload",
            "leave the line out, or make it a label",
        ),
        Field::Severity
        | Field::Status
        | Field::Title
        | Field::Key
        | Field::Description
        | Field::StartsAt
        | Field::EndsAt
        | Field::Link
        | Field::Source => return true,
    };
    cx.report(Diagnostic::new(&code::FIELD_NOT_SETTABLE, name.span, message).help(help));
    false
}

/// Judges the value of a field.
pub(super) fn check(field: Field, name: &Name, value: &Expression, lets: &Lets, cx: &mut Context<'_>) {
    if !is_known(value.types) {
        return;
    }
    match field {
        Field::Severity => constant(name, value, Type::SEVERITY, "Warning", cx),
        Field::Status => constant(name, value, Type::STATUS, "Firing", cx),
        Field::Key if lets.is_template(value) => template_as_key(value, cx),
        Field::Key => key(name, value, lets, cx),
        Field::Title => required_text(name, value, "\"alert\"", cx),
        Field::Source => required_text(name, value, "\"source\"", cx),
        Field::Description | Field::Link => {
            check_text(&format!("`{}`", field.name()), value, cx);
        }
        Field::StartsAt | Field::EndsAt => time(name, value, cx),
        Field::Labels | Field::Integration | Field::Notes => {}
    }
}

fn constant(name: &Name, value: &Expression, wanted: Type, fallback: &str, cx: &mut Context<'_>) {
    let others = value.types.without(wanted | Type::NOTHING);
    if others == Type::NEVER {
        if value.types.may_be_missing() {
            may_be_missing(name, value, fallback, cx);
        }
        return;
    }
    let constants =
        if wanted == Type::SEVERITY { "`Critical`, `Warning` or `Info`" } else { "`Firing` or `Resolved`" };
    let found = if others.contains(Type::JSON.without(Type::NOTHING)) {
        "may be any JSON value".to_owned()
    } else if value.types.meets(wanted) {
        format!("may also be {others}")
    } else {
        format!("is {others}")
    };
    let message = format!("`{}` takes {constants}, and its value {found}", name.text);
    let diagnostic =
        Diagnostic::new(&code::FIELD_TYPE, value.span, message).label("not always one of these constants");
    let mended = to_constants(diagnostic, value, wanted, cx);
    cx.report(mended);
}

/// Offers the way from what was written to constants.
fn to_constants(
    diagnostic: Diagnostic,
    value: &Expression,
    wanted: Type,
    cx: &mut Context<'_>,
) -> Diagnostic {
    if let ExpressionKind::Match(it) = &value.kind {
        let odd =
            it.arms.iter().map(|arm| &arm.result).find(|result| {
                is_known(result.types) && !wanted.contains(result.types.without(Type::NOTHING))
            });
        return match odd {
            Some(result) => diagnostic.related(result.span, format!("this is {}", result.types)),
            None => diagnostic,
        };
    }
    if let ExpressionKind::Literal(Literal::Text(text)) = &value.kind {
        let names = || constant_names().filter(|name| constant_type(name) == Some(wanted));
        let same = names().find(|name| name.eq_ignore_ascii_case(text)).map(str::to_owned);
        return match same.or_else(|| cx.nearest(text, names())) {
            Some(near) => diagnostic.suggest("constants stand without quotes", value.span, near),
            None => diagnostic,
        };
    }
    let text = cx.text(value.span);
    let arms = if wanted == Type::SEVERITY {
        "\"critical\" => Critical  \"warning\" => Warning  else => Info"
    } else {
        "\"resolved\" => Resolved  else => Firing"
    };
    let matched = if value.types.meets(Type::TEXT) {
        format!("match {text} ignore case {{ {arms} }}")
    } else {
        return diagnostic;
    };
    diagnostic.suggest("say which value means which constant", value.span, matched)
}

fn constant_type(name: &str) -> Option<Type> {
    match word::constant(name) {
        Some(Literal::Severity(_)) => Some(Type::SEVERITY),
        Some(Literal::Status(_)) => Some(Type::STATUS),
        Some(
            Literal::Missing
            | Literal::Null
            | Literal::Boolean(_)
            | Literal::Number(_)
            | Literal::Text(_)
            | Literal::Time(_),
        )
        | None => None,
    }
}

fn may_be_missing(name: &Name, value: &Expression, fallback: &str, cx: &mut Context<'_>) {
    let said = cx.said(value.span);
    cx.report(
        Diagnostic::new(
            &code::FIELD_MAY_BE_MISSING,
            value.span,
            format!("`{}` must have a value, and `{said}` may be missing", name.text),
        )
        .label("may be missing or null")
        .suggest("say what it is then", value.span.after(), format!(" ?? {fallback}")),
    );
}

fn key(name: &Name, value: &Expression, lets: &Lets, cx: &mut Context<'_>) {
    if check_text("`key`", value, cx) && lets.may_lack_key(value) {
        may_be_missing(name, value, "key(\"name\", @.labels)", cx);
    }
}

fn template_as_key(value: &Expression, cx: &mut Context<'_>) {
    cx.report(
        Diagnostic::new(&code::TEMPLATE_AS_KEY, value.span, "a key is not pasted together from strings")
            .label("`a-b` with `c` and `a` with `b-c` come to the same key")
            .note("two alerts of one key count as one: the second is lost in the first")
            .help("let `key` keep the parts apart: `key(\"name\", a, b)`"),
    );
}

fn required_text(name: &Name, value: &Expression, fallback: &str, cx: &mut Context<'_>) {
    if check_text(&format!("`{}`", name.text), value, cx) && value.types.may_be_missing() {
        may_be_missing(name, value, fallback, cx);
    }
}

/// Whether the value of a string place can be text; where not, it is reported.
pub(super) fn check_text(place: &str, value: &Expression, cx: &mut Context<'_>) -> bool {
    let types = value.types.without(Type::NOTHING);
    let textual = Type::SCALAR | Type::SEVERITY | Type::STATUS | Type::TIME;
    if !is_known(types) || types.meets(textual) || types == Type::NEVER {
        return is_known(types);
    }
    let said = cx.said(value.span);
    let diagnostic = Diagnostic::new(
        &code::FIELD_TYPE,
        value.span,
        format!("{place} takes a string, and `{said}` is {types}"),
    );
    cx.report(if types == Type::ARRAY {
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

fn time(name: &Name, value: &Expression, cx: &mut Context<'_>) {
    let others = value.types.without(Type::TIME | Type::NOTHING);
    if others == Type::NEVER {
        return;
    }
    let text = cx.text(value.span).to_owned();
    let said = cx.said(value.span);
    let found = if others == Type::JSON.without(Type::NOTHING) {
        "may be any JSON value".to_owned()
    } else {
        format!("is {others}")
    };
    cx.report(
        Diagnostic::new(
            &code::FIELD_TYPE,
            value.span,
            format!("`{}` takes a time, and `{said}` {found}", name.text),
        )
        .label("not a time yet")
        .suggest("read it as a time", value.span, format!("time({text})")),
    );
}
