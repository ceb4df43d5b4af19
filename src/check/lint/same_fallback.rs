//! A fallback that has the address of its channel: what keeps the one from being told keeps the other.

use super::LintInput;
use crate::channel::ParameterSpec;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{Channel, Literal, ParameterValue};
use crate::source::Span;
use std::collections::HashSet;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0060", "fallback with the same address");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    // The members of a family share the place.
    let mut reported: HashSet<Span> = HashSet::new();
    for channel in &input.model.channels {
        let Some(fallback) = &channel.fallback else { continue };
        let Some(other) = input.model.channels.get(fallback.channel) else { continue };
        if has_same_address(channel, other) && reported.insert(fallback.place) {
            let message = format!("`{}` has the address of `{}`", other.name, channel.name);
            diagnostics.push(
                Diagnostic::new(&CODE, fallback.place, message)
                    .label("takes nothing either where that fails")
                    .related(other.span, "the fallback")
                    .help("let the fallback be a channel with another address"),
            );
        }
    }
}

/// Whether two channels of one kind agree in what their kind requires: addresses and keys.
fn has_same_address(one: &Channel, other: &Channel) -> bool {
    let mut required = one.kind.parameters.iter().filter(|known| known.is_required()).peekable();
    let is_same = |parameter: &ParameterSpec| {
        let (one, other) = (value(one, parameter), value(other, parameter));
        one.zip(other).is_some_and(|(one, other)| is_equal(one, other))
    };
    one.kind.name == other.kind.name && required.peek().is_some() && required.all(is_same)
}

fn value<'m>(channel: &'m Channel, parameter: &ParameterSpec) -> Option<&'m ParameterValue> {
    channel.parameters.iter().find(|(name, _)| **name == *parameter.name).map(|(_, value)| value)
}

/// Whether two constants are the same.
fn is_equal(one: &ParameterValue, other: &ParameterValue) -> bool {
    match (one, other) {
        (ParameterValue::Literal(Literal::Text(one)), ParameterValue::Literal(Literal::Text(other))) => one == other,
        (ParameterValue::Secret(one), ParameterValue::Secret(other)) => one == other,
        (ParameterValue::SecretText(one), ParameterValue::SecretText(other)) => one == other,
        _ => false,
    }
}
