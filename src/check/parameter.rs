//! The parameters of channels and integrations, against what their kind takes.

use crate::channel::{self, ParameterKind, ParameterSpec};
use crate::check::code;
use crate::check::context::{LoweringContext, with_nearest};
use crate::check::scope::{ExpressionLowering, ExpressionScope, is_known};
use crate::check::secret;
use crate::diagnostic::Diagnostic;
use crate::json::Number;
use crate::model::{Literal, ParameterValue};
use crate::source::Span;
use crate::syntax::tree::{self, Expression, ExpressionKind, Identifier};
use crate::value::ValueType;
use std::collections::HashMap;

/// Whose parameters they are.
pub(super) struct ParameterOwner {
    /// `a `webhook` channel`
    pub(super) description: String,
    /// What it takes.
    pub(super) parameters: &'static [ParameterSpec],
    /// Where to say that one is left out.
    pub(super) place: Span,
    /// Whether part of it did not parse, so that what is absent is not reported.
    pub(super) is_broken: bool,
}

/// The parameters that are known and sound.
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
                Diagnostic::new(&code::DUPLICATE_PARAMETER, name.span, message)
                    .related(first, "first given here"),
            );
            continue;
        }
        let Some(parameter) = owner.parameters.iter().find(|known| known.name == &*name.text) else {
            meant.extend(unknown(owner, name, &seen, cx));
            continue;
        };
        lowered
            .extend(self::argument(parameter, &argument.value, cx).map(|value| (name.text.clone(), value)));
    }
    let absent = owner.parameters.iter().filter(|known| known.required && !seen.contains_key(known.name));
    for parameter in absent.filter(|known| !owner.is_broken && !meant.contains(&known.name)) {
        report_missing(owner, parameter, cx);
    }
    lowered
}

/// Reports a parameter that there is not. Gives the one that was likely meant: the nearest, or else the only one that
/// is required and not given.
fn unknown(
    owner: &ParameterOwner,
    name: &Identifier,
    seen: &HashMap<&str, Span>,
    cx: &mut LoweringContext<'_>,
) -> Option<&'static str> {
    let names: Vec<&str> = owner.parameters.iter().map(|known| known.name).collect();
    let mut wanted = owner.parameters.iter().filter(|known| known.required && !seen.contains_key(known.name));
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

/// What a parameter is for, as a reason.
pub(super) fn purpose(parameter: &ParameterSpec) -> String {
    let mut words = parameter.documentation.trim_end_matches('.').chars();
    let first: String = words.next().into_iter().flat_map(char::to_lowercase).collect();
    format!("`{}`: {first}{}", parameter.name, words.as_str())
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
        ParameterKind::Integer(least, _) => least.to_string(),
        ParameterKind::Integers(least, _) => format!("[{least}]"),
        ParameterKind::Boolean => "true".to_owned(),
        ParameterKind::Duration(..) => "\"30s\"".to_owned(),
        ParameterKind::Headers => "{ \"Name\": \"value\" }".to_owned(),
        ParameterKind::Body => "{ \"text\": \"{title}\" }".to_owned(),
    }
}

/// The value of one parameter.
fn argument(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    match parameter.takes {
        ParameterKind::Secret => secret::only(parameter, value, cx),
        ParameterKind::SecretOrText => secret::or_text(parameter, value, cx),
        ParameterKind::Secrets => secret::list(parameter, value, cx),
        ParameterKind::Headers => secret::headers(parameter, value, cx),
        ParameterKind::Text => text(parameter, value, cx),
        ParameterKind::OneOf(words) => one_of(parameter, words, value, cx),
        ParameterKind::Integer(least, most) => integer(parameter, least, most, value, cx),
        ParameterKind::Integers(least, most) => integers(parameter, least, most, value, cx),
        ParameterKind::Boolean => boolean(parameter, value, cx),
        ParameterKind::Duration(least, most) => duration(parameter, least, most, value, cx),
        ParameterKind::Body => {
            let body = ExpressionLowering { cx, scope: ExpressionScope::Body }.value_or_labels(value);
            is_known(body.types).then_some(ParameterValue::Expression(body))
        }
        ParameterKind::Template => template(parameter, value, cx),
    }
}

/// Reports a value that is not what the parameter takes.
pub(super) fn refuse(
    parameter: &ParameterSpec,
    wanted: &str,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) {
    let said = cx.excerpt(value.span);
    let message = format!("`{}` takes {wanted}, found `{said}`", parameter.name);
    cx.report(Diagnostic::new(&code::BAD_PARAMETER, value.span, message).note(purpose(parameter)));
}

/// A string that is written out and interpolates nothing.
pub(super) fn plain(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<Box<str>> {
    let ExpressionKind::Template(template) = &value.kind else {
        if secret::is_secret(value) {
            secret::stray(parameter, value, cx);
        } else {
            refuse(parameter, "a string that is written out", value, cx);
        }
        return None;
    };
    ExpressionLowering { cx, scope: ExpressionScope::Event }
        .plain_text(template, &format!("`{}`", parameter.name))
}

fn text(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
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

fn whole_number(value: &Expression, least: u64, most: u64) -> Option<ParameterValue> {
    let ExpressionKind::Number(text) = &value.kind else { return None };
    let number = text.parse::<u64>().ok().filter(|number| (least..=most).contains(number))?;
    Some(ParameterValue::Literal(Literal::Number(Number::Natural(number))))
}

fn integer(
    parameter: &ParameterSpec,
    least: u64,
    most: u64,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let number = whole_number(value, least, most);
    if number.is_none() {
        refuse(parameter, &format!("a whole number from {least} to {most}"), value, cx);
    }
    number
}

fn integers(
    parameter: &ParameterSpec,
    least: u64,
    most: u64,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let wanted = format!("a list of whole numbers from {least} to {most}");
    let ExpressionKind::List(items) = &value.kind else {
        refuse(parameter, &wanted, value, cx);
        return None;
    };
    let mut numbers = Vec::with_capacity(items.len());
    for item in items {
        match whole_number(item, least, most) {
            Some(number) => numbers.push(number),
            None => refuse(parameter, &wanted, item, cx),
        }
    }
    Some(ParameterValue::List(numbers))
}

fn boolean(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    if let ExpressionKind::Boolean(flag) = &value.kind {
        return Some(ParameterValue::Literal(Literal::Boolean(*flag)));
    }
    refuse(parameter, "`true` or `false`", value, cx);
    None
}

fn duration(
    parameter: &ParameterSpec,
    least: u64,
    most: u64,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let wanted = format!("a duration up to {}, as `\"30s\"`, `\"10m\"` or `\"24h\"`", in_words(most));
    let ExpressionKind::Template(_) = &value.kind else {
        refuse(parameter, &wanted, value, cx);
        return None;
    };
    let text = plain(parameter, value, cx)?;
    if channel::duration(&text).is_some_and(|duration| (least..=most).contains(&duration.as_secs())) {
        return Some(ParameterValue::Literal(Literal::Text(text)));
    }
    refuse(parameter, &wanted, value, cx);
    None
}

fn in_words(seconds: u64) -> String {
    match seconds {
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

fn template(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let ExpressionKind::Template(_) = &value.kind else {
        if secret::is_secret(value) {
            secret::stray(parameter, value, cx);
        } else {
            refuse(parameter, "a string, which may interpolate", value, cx);
        }
        return None;
    };
    let lowered = ExpressionLowering { cx, scope: ExpressionScope::Event }.value(value);
    (!lowered.types.overlaps(ValueType::UNKNOWN)).then_some(ParameterValue::Expression(lowered))
}
