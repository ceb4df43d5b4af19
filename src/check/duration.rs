//! Parameters that take durations: one, or a range of them. Each is written bare, or as a string, which columns may fill in.

use crate::channel::{ParameterSpec, ValueRange, WaitRange};
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::parameter_value::{plain, purpose, refuse};
use crate::diagnostic::Diagnostic;
use crate::model::{Literal, ParameterValue};
use crate::syntax::tree::{DurationRange, Expression, ExpressionKind};
use crate::text::{quoted, shorten};
use crate::time::{corrected_duration, duration};
use std::time::Duration;

/// A duration within a range of seconds, or one of a few words as a string.
pub(super) fn one(
    parameter: &ParameterSpec,
    limits: ValueRange,
    words: &'static [&'static str],
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let text = written(parameter, limits, value, cx)?;
    if matches!(value.kind, ExpressionKind::Template(_)) && words.contains(&&*text) {
        return Some(ParameterValue::Literal(Literal::Text(text)));
    }
    if let Some(read) = within(&text, limits) {
        return Some(ParameterValue::Duration(read));
    }
    let found = found(value, &text, cx);
    let message = if let ExpressionKind::Duration(DurationRange { last: Some(_), .. }) = value.kind {
        format!("`{}` takes one duration, found the range {found}", parameter.name)
    } else {
        format!("`{}` takes {}, found {found}", parameter.name, parameter.takes)
    };
    let near = cx.nearest(&text, words.iter().copied()).map(|near| format!("\"{near}\""));
    let corrected = near.or_else(|| corrected(&text, limits));
    report(parameter, Diagnostic::new(&code::BAD_PARAMETER, value.span, message), corrected, value, cx);
    None
}

/// A duration, or a range of durations, within a range of seconds.
pub(super) fn range(
    parameter: &ParameterSpec,
    limits: ValueRange,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let text = written(parameter, limits, value, cx)?;
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (first.trim(), last.trim()),
        None => (&*text, &*text),
    };
    let is_range = text.contains("..");
    let found = found(value, &text, cx);
    let (Some(low), Some(high)) = (within(first, limits), within(last, limits)) else {
        let message = format!("`{}` takes {}, found {found}", parameter.name, parameter.takes);
        let ends = corrected(first, limits).zip(corrected(last, limits));
        let corrected = ends.map(|(first, last)| if is_range { format!("{first}..{last}") } else { first });
        report(parameter, Diagnostic::new(&code::BAD_PARAMETER, value.span, message), corrected, value, cx);
        return None;
    };
    let (message, label, corrected) = if low > high {
        let corrected = format!("{last}..{first}");
        (format!("the lower end of a range comes first, found {found}"), "falls", corrected)
    } else if low.is_zero() && !high.is_zero() {
        let message = format!("a range begins above `0s`, found {found}");
        (message, "twice nothing is nothing, so it would never grow", format!("1s..{last}"))
    } else {
        return Some(ParameterValue::Wait(WaitRange { low, high }));
    };
    let finding = Diagnostic::new(&code::BAD_PARAMETER, value.span, message).label(label);
    report(parameter, finding, Some(corrected), value, cx);
    None
}

/// What is written, if it has the form of a duration or a string.
fn written(
    parameter: &ParameterSpec,
    limits: ValueRange,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<Box<str>> {
    if let ExpressionKind::Duration(DurationRange { first, last }) = &value.kind {
        return Some(match last {
            None => first.text.clone(),
            Some(last) => format!("{}..{}", first.text, last.text).into(),
        });
    }
    if let ExpressionKind::Template(_) = value.kind {
        return plain(parameter, value, cx);
    }
    let ExpressionKind::Number(number) = &value.kind else {
        refuse(parameter, &parameter.takes.to_string(), value, cx);
        return None;
    };
    let message = format!("a duration has a unit, and `{number}` has none");
    let finding = Diagnostic::new(&code::BAD_PARAMETER, value.span, message);
    // Most often seconds are meant.
    let fits = |unit: &&&str| within(&format!("{number}{unit}"), limits).is_some();
    let corrected = ["s", "m", "h"].iter().find(fits).map(|unit| format!("{number}{unit}"));
    report(parameter, finding, corrected, value, cx);
    None
}

/// What was found, in backticks: what is written, or what a column of the member fills in.
fn found(value: &Expression, text: &str, cx: &LoweringContext<'_>) -> String {
    match cx.columns.as_ref().filter(|_| is_filled_in(value)) {
        Some(columns) => format!("`{}` for {}", quoted(&shorten(text, 40)), columns.member()),
        None => format!("`{}`", cx.excerpt(value.span)),
    }
}

/// Whether a column of a family stands in a value.
pub(super) fn is_filled_in(value: &Expression) -> bool {
    matches!(&value.kind, ExpressionKind::Template(template) if template.plain().is_none())
}

fn within(text: &str, limits: ValueRange) -> Option<Duration> {
    duration(text).filter(|read| limits.contains(read.as_secs()))
}

fn corrected(text: &str, limits: ValueRange) -> Option<String> {
    corrected_duration(text).filter(|corrected| within(corrected, limits).is_some())
}

fn report(
    parameter: &ParameterSpec,
    finding: Diagnostic,
    corrected: Option<String>,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) {
    let finding = finding.note(purpose(parameter));
    if is_filled_in(value)
        && let Some(columns) = &mut cx.columns
    {
        return columns.refuse(finding.help("correct the cell"));
    }
    cx.report(match corrected {
        Some(corrected) => finding.rewrite(value.span, corrected),
        None => finding,
    });
}
