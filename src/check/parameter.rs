//! The parameters of channels and integrations, against what their kind takes.

use crate::channel::{self, Parameter, Takes};
use crate::check::code;
use crate::check::context::{Context, with_nearest};
use crate::check::model::{Argument, Literal};
use crate::check::scope::{Lowering, View, is_known};
use crate::check::secret;
use crate::diagnostic::Diagnostic;
use crate::json::Number;
use crate::source::Span;
use crate::syntax::tree::{self, Expression, ExpressionKind, Name};
use crate::value::Type;
use std::collections::HashMap;

/// Whose parameters they are.
pub(super) struct Owner {
    /// `a `webhook` channel`
    pub(super) said: String,
    /// What it takes.
    pub(super) parameters: &'static [Parameter],
    /// Where to say that one is left out.
    pub(super) place: Span,
    /// Whether part of it did not parse, so that what is absent is not reported.
    pub(super) is_broken: bool,
}

/// The parameters that are known and sound.
pub(super) fn lower(
    owner: &Owner,
    given: &[tree::Parameter],
    cx: &mut Context<'_>,
) -> Vec<(Box<str>, Argument)> {
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
        left_out(owner, parameter, cx);
    }
    lowered
}

/// Reports a parameter that there is not. Gives the one that was likely meant: the nearest, or else the only one that
/// is required and not given.
fn unknown(
    owner: &Owner,
    name: &Name,
    seen: &HashMap<&str, Span>,
    cx: &mut Context<'_>,
) -> Option<&'static str> {
    let names: Vec<&str> = owner.parameters.iter().map(|known| known.name).collect();
    let mut wanted = owner.parameters.iter().filter(|known| known.required && !seen.contains_key(known.name));
    let only = wanted.next().filter(|_| wanted.next().is_none()).map(|known| known.name.to_owned());
    let near = cx.nearest(&name.text, names.iter().copied()).or(only);
    let meant = owner.parameters.iter().map(|known| known.name).find(|known| near.as_deref() == Some(*known));
    let message = format!("{} has no parameter `{}`", owner.said, name.text);
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
pub(super) fn purpose(parameter: &Parameter) -> String {
    let mut words = parameter.documentation.trim_end_matches('.').chars();
    let first: String = words.next().into_iter().flat_map(char::to_lowercase).collect();
    format!("`{}`: {first}{}", parameter.name, words.as_str())
}

fn left_out(owner: &Owner, parameter: &Parameter, cx: &mut Context<'_>) {
    let message = format!("{} needs the parameter `{}`", owner.said, parameter.name);
    let example = format!("{} = {}", parameter.name, example(parameter));
    cx.report(
        Diagnostic::new(&code::MISSING_PARAMETER, owner.place, message)
            .note(purpose(parameter))
            .help(format!("add `{example}`")),
    );
}

fn example(parameter: &Parameter) -> String {
    let word = parameter.name.to_ascii_uppercase();
    match parameter.takes {
        Takes::Secret | Takes::SecretOrText => format!("env(\"{word}\")"),
        Takes::Secrets => format!("[env(\"{word}\")]"),
        Takes::Text | Takes::Template => "\"…\"".to_owned(),
        Takes::OneOf(words) => format!("\"{}\"", words.first().copied().unwrap_or("…")),
        Takes::Integer(least, _) => least.to_string(),
        Takes::Integers(least, _) => format!("[{least}]"),
        Takes::Boolean => "true".to_owned(),
        Takes::Duration(..) => "\"30s\"".to_owned(),
        Takes::Headers => "{ \"Name\": \"value\" }".to_owned(),
        Takes::Body => "{ \"text\": \"{title}\" }".to_owned(),
    }
}

/// The value of one parameter.
fn argument(parameter: &Parameter, value: &Expression, cx: &mut Context<'_>) -> Option<Argument> {
    match parameter.takes {
        Takes::Secret => secret::only(parameter, value, cx),
        Takes::SecretOrText => secret::or_text(parameter, value, cx),
        Takes::Secrets => secret::list(parameter, value, cx),
        Takes::Headers => secret::headers(parameter, value, cx),
        Takes::Text => text(parameter, value, cx),
        Takes::OneOf(words) => one_of(parameter, words, value, cx),
        Takes::Integer(least, most) => integer(parameter, least, most, value, cx),
        Takes::Integers(least, most) => integers(parameter, least, most, value, cx),
        Takes::Boolean => boolean(parameter, value, cx),
        Takes::Duration(least, most) => duration(parameter, least, most, value, cx),
        Takes::Body => {
            let body = Lowering { cx, view: View::Body }.value_or_labels(value);
            is_known(body.types).then_some(Argument::Expression(body))
        }
        Takes::Template => template(parameter, value, cx),
    }
}

/// Reports a value that is not what the parameter takes.
pub(super) fn refuse(parameter: &Parameter, wanted: &str, value: &Expression, cx: &mut Context<'_>) {
    let said = cx.said(value.span);
    let message = format!("`{}` takes {wanted}, found `{said}`", parameter.name);
    cx.report(Diagnostic::new(&code::BAD_PARAMETER, value.span, message).note(purpose(parameter)));
}

/// A string that is written out and interpolates nothing.
pub(super) fn plain(parameter: &Parameter, value: &Expression, cx: &mut Context<'_>) -> Option<Box<str>> {
    let ExpressionKind::Template(template) = &value.kind else {
        if secret::is_secret(value) {
            secret::stray(parameter, value, cx);
        } else {
            refuse(parameter, "a string that is written out", value, cx);
        }
        return None;
    };
    Lowering { cx, view: View::Event }.plain_text(template, &format!("`{}`", parameter.name))
}

fn text(parameter: &Parameter, value: &Expression, cx: &mut Context<'_>) -> Option<Argument> {
    plain(parameter, value, cx).map(|text| Argument::Literal(Literal::Text(text)))
}

fn one_of(
    parameter: &Parameter,
    words: &'static [&'static str],
    value: &Expression,
    cx: &mut Context<'_>,
) -> Option<Argument> {
    let text = plain(parameter, value, cx)?;
    if words.contains(&&*text) {
        return Some(Argument::Literal(Literal::Text(text)));
    }
    let near = cx.nearest(&text, words.iter().copied());
    let message = format!("`{}` takes `\"{}\"`, found `\"{text}\"`", parameter.name, words.join("\"`, `\""));
    let diagnostic = Diagnostic::new(&code::BAD_PARAMETER, value.span, message);
    cx.report(match near {
        Some(near) => {
            diagnostic.suggest(format!("did you mean `\"{near}\"`?"), value.span, format!("\"{near}\""))
        }
        None => diagnostic,
    });
    None
}

fn whole(value: &Expression, least: u64, most: u64) -> Option<Argument> {
    let ExpressionKind::Number(text) = &value.kind else { return None };
    let number = text.parse::<u64>().ok().filter(|number| (least..=most).contains(number))?;
    Some(Argument::Literal(Literal::Number(Number::Natural(number))))
}

fn integer(
    parameter: &Parameter,
    least: u64,
    most: u64,
    value: &Expression,
    cx: &mut Context<'_>,
) -> Option<Argument> {
    let number = whole(value, least, most);
    if number.is_none() {
        refuse(parameter, &format!("a whole number from {least} to {most}"), value, cx);
    }
    number
}

fn integers(
    parameter: &Parameter,
    least: u64,
    most: u64,
    value: &Expression,
    cx: &mut Context<'_>,
) -> Option<Argument> {
    let wanted = format!("a list of whole numbers from {least} to {most}");
    let ExpressionKind::List(items) = &value.kind else {
        refuse(parameter, &wanted, value, cx);
        return None;
    };
    let mut numbers = Vec::with_capacity(items.len());
    for item in items {
        match whole(item, least, most) {
            Some(number) => numbers.push(number),
            None => refuse(parameter, &wanted, item, cx),
        }
    }
    Some(Argument::List(numbers))
}

fn boolean(parameter: &Parameter, value: &Expression, cx: &mut Context<'_>) -> Option<Argument> {
    if let ExpressionKind::Boolean(flag) = &value.kind {
        return Some(Argument::Literal(Literal::Boolean(*flag)));
    }
    refuse(parameter, "`true` or `false`", value, cx);
    None
}

fn duration(
    parameter: &Parameter,
    least: u64,
    most: u64,
    value: &Expression,
    cx: &mut Context<'_>,
) -> Option<Argument> {
    let wanted = format!("a duration up to {}, as `\"30s\"`, `\"10m\"` or `\"24h\"`", in_words(most));
    let ExpressionKind::Template(_) = &value.kind else {
        refuse(parameter, &wanted, value, cx);
        return None;
    };
    let text = plain(parameter, value, cx)?;
    if channel::duration(&text).is_some_and(|duration| (least..=most).contains(&duration.as_secs())) {
        return Some(Argument::Literal(Literal::Text(text)));
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

fn template(parameter: &Parameter, value: &Expression, cx: &mut Context<'_>) -> Option<Argument> {
    let ExpressionKind::Template(_) = &value.kind else {
        if secret::is_secret(value) {
            secret::stray(parameter, value, cx);
        } else {
            refuse(parameter, "a string, which may interpolate", value, cx);
        }
        return None;
    };
    let lowered = Lowering { cx, view: View::Event }.value(value);
    (!lowered.types.meets(Type::UNKNOWN)).then_some(Argument::Expression(lowered))
}
