//! A mute whose sources all come from integrations that do not say when an alert is over of which nothing more is heard: a sender
//! that stops holds what the mute holds for a day.

use super::LintInput;
use super::alert_origin::Equalities;
use super::endless_alert::has_timeout;
use crate::channel::integration::RESOLVE_TIMEOUT;
use crate::check::possible_status::possible;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{Integration, Model};
use crate::text::{backticked, enumeration};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0050", "source of a mute that may stay for a day");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let model = input.model;
    if input.partial {
        return;
    }
    for (mute, source) in model.mutes.iter().filter_map(|mute| Some((mute, mute.source.as_ref()?))) {
        let origins: Vec<&Integration> = Equalities::of(model, &source.condition).integrations(model).collect();
        if origins.is_empty() || origins.iter().any(|integration| ends_by_time(model, integration)) {
            continue;
        }
        let names = backticked(origins.iter().map(|integration| &*integration.name));
        let message = format!("a source of the mute `{}` counts for 24 hours after it was last heard of", mute.name);
        let finding = Diagnostic::new(&CODE, source.condition.span, message)
            .label("is met by alerts without a `resolve_timeout`")
            .note(format!("such alerts come from {}", enumeration(&names, "and")));
        let parameter = RESOLVE_TIMEOUT.spec.name;
        diagnostics.push(finding.help(format!(
            "say in the integration when an alert is over of which nothing more is heard: `{parameter} = 10m`, for a sender that repeats alerts at least every 5 minutes"
        )));
    }
}

/// Whether alerts of an integration are over by time: by its parameter, or because none of its mappings gives an end.
fn ends_by_time(model: &Model, integration: &Integration) -> bool {
    let mut mappings = integration.mappings.iter().filter_map(|id| model.mappings.get(*id));
    has_timeout(integration) || mappings.all(|mapping| !possible(&model.tables, mapping).resolved)
}
