//! Integrations: keys, one line of mappings and one destination. No two integrations share a key.

use crate::channel::integration::{
    ENDLESS_RESOLVE_TIMEOUT, KEYS, LONGEST_RESOLVE_TIMEOUT, PARAMETERS, RESOLVE_TIMEOUT,
};
use crate::check::context::LoweringContext;
use crate::check::possible_status::possible;
use crate::check::{answer, code, destination, parameter, request};
use crate::diagnostic::Diagnostic;
use crate::model::{self, Destination, ParameterValue, SecretReference};
use crate::source::Span;
use crate::syntax::tree::{self, DocumentedDeclaration, Identifier, IntegrationRoute};
use std::collections::HashMap;
use std::time::Duration;

/// Where each key is used first.
pub(super) type KeyOwners = HashMap<SecretReference, (Box<str>, Span)>;

/// An integration of the model. Without a destination it points to a channel that does not exist.
pub(super) fn lower(
    item: &DocumentedDeclaration,
    integration: &tree::Integration,
    (lowered, tables): (&[model::Mapping], &[model::Table]),
    keys: &mut KeyOwners,
    cx: &mut LoweringContext<'_>,
) -> model::Integration {
    let owner = parameter::ParameterOwner {
        description: "an integration".to_owned(),
        parameters: PARAMETERS.iter().collect(),
        kind: None,
        place: integration.name.span,
        is_broken: item.broken,
    };
    let parameters = parameter::lower(&owner, &integration.parameters, cx);
    check_keys(integration, &parameters, keys, cx);
    answer::check_status(integration, &parameters, cx);
    let reading = reading(item, integration, cx);
    let mappings = reading.map(|reading| self::mappings(reading, cx)).unwrap_or_default();
    request::check_reads(integration, &parameters, &mappings, lowered, cx);
    let destination = reading.and_then(|reading| destination(reading, cx));
    let resolve_timeout = resolve_timeout(&parameters, &mappings, lowered, tables);
    model::Integration {
        name: integration.name.text.clone(),
        span: integration.name.span,
        parameters,
        mappings,
        resolve_timeout,
        destination: destination.unwrap_or(Destination::Channel(usize::MAX)),
    }
}

/// After which time an alert is over of which nothing more is heard: what the rules say; otherwise a time that no sender is silent
/// for, or an hour where no mapping can say that an alert is over.
fn resolve_timeout(
    parameters: &[(Box<str>, ParameterValue)],
    mappings: &[model::MappingId],
    lowered: &[model::Mapping],
    tables: &[model::Table],
) -> Duration {
    let given = parameters.iter().find(|(name, _)| **name == *RESOLVE_TIMEOUT.spec.name);
    if let Some((_, ParameterValue::Duration(given))) = given {
        return *given;
    }
    let mut read = mappings.iter().filter_map(|id| lowered.get(*id));
    let ends = read.any(|mapping| possible(tables, mapping).resolved);
    if ends || mappings.is_empty() { LONGEST_RESOLVE_TIMEOUT } else { ENDLESS_RESOLVE_TIMEOUT }
}

fn check_keys(
    integration: &tree::Integration,
    parameters: &[(Box<str>, ParameterValue)],
    keys: &mut KeyOwners,
    cx: &mut LoweringContext<'_>,
) {
    let Some((_, ParameterValue::List(secrets))) = parameters.iter().find(|(name, _)| &**name == KEYS.spec.name) else {
        return;
    };
    let place = integration
        .parameters
        .iter()
        .find(|parameter| &*parameter.name.text == KEYS.spec.name)
        .map_or(integration.name.span, |parameter| parameter.value.span);
    for secret in secrets {
        let ParameterValue::Secret(secret) = secret else { continue };
        let Some((owner, first)) = keys.get(secret) else {
            keys.insert(secret.clone(), (integration.name.text.clone(), place));
            continue;
        };
        let message = match secret {
            SecretReference::Environment(name) => {
                format!("the key `env(\"{name}\")` belongs to `{owner}` already")
            }
            SecretReference::File(path) => {
                format!("the key `secret_file(\"{path}\")` belongs to `{owner}` already")
            }
        };
        cx.report(
            Diagnostic::new(&code::SHARED_KEY, place, message)
                .label("a push with this key could be meant for either")
                .related(*first, "first used here"),
        );
    }
}

fn reading<'t>(
    item: &DocumentedDeclaration,
    integration: &'t tree::Integration,
    cx: &mut LoweringContext<'_>,
) -> Option<&'t IntegrationRoute> {
    match integration.routes.as_slice() {
        [reading] => Some(reading),
        [] => {
            if !item.broken {
                let message = format!("the integration `{}` reads nothing", integration.name.text);
                cx.report(
                    Diagnostic::new(&code::READINGS, integration.name.span, message)
                        .help("name a mapping and where its events go: `arms => routing main`"),
                );
            }
            None
        }
        [first, second, ..] => {
            cx.report(
                Diagnostic::new(&code::READINGS, second.span, "an integration has one line of mappings")
                    .label("the second")
                    .related(first.span, "the first")
                    .help("list the mappings in one line; the first that accepts the payload reads it: `a, b => routing main`")
                    .help("or declare a second integration with a key of its own"),
            );
            Some(first)
        }
    }
}

fn mappings(reading: &IntegrationRoute, cx: &mut LoweringContext<'_>) -> Vec<model::MappingId> {
    let mut seen: HashMap<&str, &Identifier> = HashMap::new();
    let mut found = Vec::with_capacity(reading.mappings.len());
    for name in &reading.mappings {
        if let Some(first) = seen.insert(&name.text, name) {
            let message = format!("the mapping `{}` is listed twice", name.text);
            cx.report(
                Diagnostic::new(&code::MAPPING_TWICE, name.span, message)
                    .label("is never asked a second time")
                    .related(first.span, "first listed here"),
            );
            continue;
        }
        found.extend(cx.mapping(name));
    }
    found
}

fn destination(reading: &IntegrationRoute, cx: &mut LoweringContext<'_>) -> Option<Destination> {
    let found: Vec<Option<Destination>> =
        reading.destinations.iter().map(|destination| destination::lower(destination, cx)).collect();
    if let [one] = found.as_slice() {
        return match one {
            Some(Destination::Member(choice)) => {
                let message = "an integration cannot choose a member by a value";
                let found = Diagnostic::new(&code::DESTINATIONS, choice.span, message)
                    .label("an event for which there is no such member would be lost")
                    .help("choose it in a routing, and send the events there: `=> routing main`");
                cx.report(found);
                None
            }
            Some(Destination::Channel(_) | Destination::Routing(_)) | None => one.clone(),
        };
    }
    cx.report(
        Diagnostic::new(
            &code::DESTINATIONS,
            reading.span,
            "an integration has one destination, a routing or a channel",
        )
        .label(format!("has {}", found.len()))
        .help("to reach several channels, send its events to a routing: `=> routing main`"),
    );
    None
}
