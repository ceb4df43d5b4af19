//! Checks the parameters of channels and integrations against those of their kind.

use crate::channel::{ChannelKind, ParameterKind, ParameterSpec, ValueRange};
use crate::check::context::{LoweringContext, with_nearest};
use crate::check::parameter_value::{plain, purpose, refuse, refuse_as_string};
use crate::check::scope::{ExpressionLowering, ExpressionScope, is_known};
use crate::check::{answer, code, duration, fallback, foreign_parameter, group, secret};
use crate::diagnostic::Diagnostic;
use crate::json::Number;
use crate::model::{self, Literal, ParameterValue};
use crate::source::Span;
use crate::syntax::tree::{self, Expression, ExpressionKind, Identifier};
use crate::text::enumeration;
use std::collections::HashMap;
use std::sync::Arc;

/// Whose parameters they are.
pub(super) struct ParameterOwner {
    /// `a `webhook` channel`
    pub(super) description: String,
    /// What it takes.
    pub(super) parameters: Vec<&'static ParameterSpec>,
    /// The kind, if it is a channel.
    pub(super) kind: Option<&'static ChannelKind>,
    /// Where a missing one is reported.
    pub(super) place: Span,
    /// Whether part of it did not parse. Missing parameters are not reported then.
    pub(super) is_broken: bool,
}

/// The parameters that are known and valid.
pub(super) fn lower(
    owner: &ParameterOwner,
    given: &[tree::NamedArgument],
    cx: &mut LoweringContext<'_>,
) -> Vec<(Box<str>, ParameterValue)> {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    let mut lowered = Vec::with_capacity(given.len());
    let mut meant: Vec<&str> = Vec::new();
    for argument in given {
        let name = &argument.name;
        if let Some(first) = seen.insert(&name.text, name.span) {
            let message = format!("`{}` is given twice", name.text);
            cx.report(
                Diagnostic::new(&code::DUPLICATE_PARAMETER, name.span, message).related(first, "first given here"),
            );
            continue;
        }
        let Some(parameter) = owner.parameters.iter().find(|known| known.name == &*name.text) else {
            meant.extend(unknown(owner, name, &seen, cx));
            continue;
        };
        lowered.extend(self::argument(parameter, &argument.value, cx).map(|value| (name.text.clone(), value)));
    }
    let absent = owner.parameters.iter().filter(|known| known.is_required() && !seen.contains_key(known.name));
    for parameter in absent.filter(|known| !owner.is_broken && !meant.contains(&known.name)) {
        report_missing(owner, parameter, cx);
    }
    lowered
}

/// Reports an unknown parameter. Returns the one that was probably meant: the nearest, or else the only one that is required
/// and not given.
fn unknown(
    owner: &ParameterOwner,
    name: &Identifier,
    seen: &HashMap<&str, Span>,
    cx: &mut LoweringContext<'_>,
) -> Option<&'static str> {
    if owner.kind.is_some() && foreign_parameter::report(&owner.description, name, cx) {
        return None;
    }
    let names: Vec<&str> = owner.parameters.iter().map(|known| known.name).collect();
    let mut wanted = owner.parameters.iter().filter(|known| known.is_required() && !seen.contains_key(known.name));
    let only = wanted.next().filter(|_| wanted.next().is_none()).map(|known| known.name.to_owned());
    let near = cx.nearest(&name.text, names.iter().copied()).or(only);
    let meant = owner.parameters.iter().map(|known| known.name).find(|known| near.as_deref() == Some(*known));
    let message = format!("{} has no parameter `{}`", owner.description, name.text);
    let diagnostic = Diagnostic::new(&code::UNKNOWN_PARAMETER, name.span, message);
    let diagnostic = if names.is_empty() {
        diagnostic.note("it takes none")
    } else {
        diagnostic.note(format!("it takes `{}`", names.join("`, `")))
    };
    cx.report(with_nearest(diagnostic, name, near));
    meant
}

fn report_missing(owner: &ParameterOwner, parameter: &ParameterSpec, cx: &mut LoweringContext<'_>) {
    let message = format!("{} needs the parameter `{}`", owner.description, parameter.name);
    let example = format!("{} = {}", parameter.name, example(parameter));
    cx.report(
        Diagnostic::new(&code::MISSING_PARAMETER, owner.place, message)
            .note(purpose(parameter))
            .help(format!("add `{example}`")),
    );
}

fn example(parameter: &ParameterSpec) -> String {
    let word = parameter.name.to_ascii_uppercase();
    match parameter.takes {
        ParameterKind::Secret | ParameterKind::SecretOrText => format!("env(\"{word}\")"),
        ParameterKind::Secrets => format!("[env(\"{word}\")]"),
        ParameterKind::Text | ParameterKind::Template => "\"…\"".to_owned(),
        ParameterKind::OneOf(words) => format!("\"{}\"", words.first().copied().unwrap_or("…")),
        ParameterKind::Integer(range) => range.min.to_string(),
        ParameterKind::Integers(range) => format!("[{}]", range.min),
        ParameterKind::Duration(_) | ParameterKind::DurationOr(..) => "30s".to_owned(),
        ParameterKind::DurationRange(_) => "30s..10m".to_owned(),
        ParameterKind::EventValues(_) => "[labels.cluster]".to_owned(),
        ParameterKind::Headers => "{ \"Name\": \"value\" }".to_owned(),
        ParameterKind::Body => "{ \"text\": \"{title}\" }".to_owned(),
        ParameterKind::OneOfIntegers(numbers) => numbers.first().copied().unwrap_or_default().to_string(),
        ParameterKind::Answer => "{ \"code\": 0 }".to_owned(),
        ParameterKind::Channel => "chat".to_owned(),
    }
}

/// The value of one parameter.
fn argument(parameter: &ParameterSpec, value: &Expression, cx: &mut LoweringContext<'_>) -> Option<ParameterValue> {
    match parameter.takes {
        ParameterKind::Secret | ParameterKind::SecretOrText => secret::one(parameter, value, cx),
        ParameterKind::Secrets => secret::list(parameter, value, cx),
        ParameterKind::Headers => secret::headers(parameter, value, cx),
        ParameterKind::Text => text(parameter, value, cx),
        ParameterKind::OneOf(words) => one_of(parameter, words, value, cx),
        ParameterKind::Integer(range) => integer(parameter, range, value, cx),
        ParameterKind::Integers(range) => integers(parameter, range, value, cx),
        ParameterKind::Duration(range) => duration::one(parameter, range, &[], value, cx),
        ParameterKind::DurationOr(range, words) => duration::one(parameter, range, words, value, cx),
        ParameterKind::DurationRange(range) => duration::range(parameter, range, value, cx),
        ParameterKind::EventValues(count) => group::values(parameter, count, value, cx),
        ParameterKind::Body => expression(parameter, cx, |cx| {
            Some(ExpressionLowering { cx, scope: ExpressionScope::Body }.value_or_labels(value))
        }),
        ParameterKind::Template => expression(parameter, cx, |cx| template(parameter, value, cx)),
        ParameterKind::OneOfIntegers(numbers) => one_of_integers(parameter, numbers, value, cx),
        ParameterKind::Answer => answer::body(parameter, value, cx),
        ParameterKind::Channel => fallback::lower(parameter, value, cx),
    }
}

/// An expression over the event. The members of a family share it.
fn expression<'c>(
    parameter: &ParameterSpec,
    cx: &mut LoweringContext<'c>,
    lower: impl FnOnce(&mut LoweringContext<'c>) -> Option<model::Expression>,
) -> Option<ParameterValue> {
    let shared = cx.columns.as_ref().and_then(|columns| columns.shared.get(parameter.name));
    if let Some(shared) = shared {
        return Some(ParameterValue::Expression(Arc::clone(shared)));
    }
    cx.channel_parameter = Some(parameter.name);
    let lowered = lower(cx);
    cx.channel_parameter = None;
    let lowered = Arc::new(lowered.filter(|lowered| is_known(lowered.types))?);
    if let Some(columns) = &mut cx.columns {
        columns.shared.insert(parameter.name, Arc::clone(&lowered));
    }
    Some(ParameterValue::Expression(lowered))
}

fn text(parameter: &ParameterSpec, value: &Expression, cx: &mut LoweringContext<'_>) -> Option<ParameterValue> {
    plain(parameter, value, cx).map(|text| ParameterValue::Literal(Literal::Text(text)))
}

fn one_of(
    parameter: &ParameterSpec,
    words: &'static [&'static str],
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let text = plain(parameter, value, cx)?;
    if words.contains(&&*text) {
        return Some(ParameterValue::Literal(Literal::Text(text)));
    }
    let near = cx.nearest(&text, words.iter().copied());
    let message = format!("`{}` takes `\"{}\"`, found `\"{text}\"`", parameter.name, words.join("\"`, `\""));
    let diagnostic = Diagnostic::new(&code::BAD_PARAMETER, value.span, message);
    cx.report(match near {
        Some(near) => diagnostic.did_you_mean(value.span, format!("\"{near}\"")),
        None => diagnostic,
    });
    None
}

fn whole_number(value: &Expression, range: ValueRange) -> Option<ParameterValue> {
    let ExpressionKind::Number(text) = &value.kind else { return None };
    let number = text.parse::<u64>().ok().filter(|number| range.contains(*number))?;
    Some(ParameterValue::Literal(Literal::Number(Number::Natural(number))))
}

fn integer(
    parameter: &ParameterSpec,
    range: ValueRange,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let number = whole_number(value, range);
    if number.is_none() {
        refuse(parameter, &format!("a whole number {range}"), value, cx);
    }
    number
}

fn one_of_integers(
    parameter: &ParameterSpec,
    numbers: &'static [u64],
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    if let ExpressionKind::Number(text) = &value.kind
        && let Some(number) = numbers.iter().copied().find(|number| text.parse() == Ok(*number))
    {
        return Some(ParameterValue::Literal(Literal::Number(Number::Natural(number))));
    }
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    refuse(parameter, &enumeration(&numbers, "or"), value, cx);
    None
}

fn integers(
    parameter: &ParameterSpec,
    range: ValueRange,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let wanted = format!("a list of whole numbers {range}");
    let ExpressionKind::List(items) = &value.kind else {
        refuse(parameter, &wanted, value, cx);
        return None;
    };
    let mut numbers = Vec::with_capacity(items.len());
    for item in items {
        match whole_number(item, range) {
            Some(number) => numbers.push(number),
            None => refuse(parameter, &wanted, item, cx),
        }
    }
    Some(ParameterValue::List(numbers))
}

fn template(parameter: &ParameterSpec, value: &Expression, cx: &mut LoweringContext<'_>) -> Option<model::Expression> {
    let ExpressionKind::Template(_) = &value.kind else {
        refuse_as_string(parameter, "a string, which may interpolate", value, cx);
        return None;
    };
    Some(ExpressionLowering { cx, scope: ExpressionScope::Event }.value(value))
}
