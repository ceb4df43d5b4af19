//! A mapping whose events never say that an alert is over, or that says nothing else.
//!
//! A mapping that no integration reads is part of a library. Where another mapping of the same integration makes the
//! missing status, the sender uses two forms, and nothing is reported. Nor is anything where an integration says after which time
//! an alert is over of which nothing more is heard.

use super::LintInput;
use crate::channel::integration::RESOLVE_TIMEOUT;
use crate::check::possible_status::{PossibleStatus, possible};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{EventField, Expression, Integration, Mapping, MappingId};
use std::collections::{HashMap, HashSet};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0035", "alert that never ends");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let model = input.model;
    if input.partial || model.integrations.is_empty() {
        return;
    }
    let of_mapping: Vec<PossibleStatus> =
        model.mappings.iter().map(|mapping| possible(&model.tables, mapping)).collect();
    let of = |id: &MappingId| of_mapping.get(*id).copied().unwrap_or_default();
    let mut together: HashMap<MappingId, PossibleStatus> = HashMap::new();
    let mut ends_by_time: HashSet<MappingId> = HashSet::new();
    for integration in &model.integrations {
        if has_timeout(integration) {
            ends_by_time.extend(&integration.mappings);
        }
        let all = integration.mappings.iter().map(of).fold(PossibleStatus::default(), PossibleStatus::or);
        for id in &integration.mappings {
            let known = together.entry(*id).or_default();
            *known = known.or(all);
        }
    }
    for (id, mapping) in model.mappings.iter().enumerate() {
        let Some(all) = together.get(&id) else { continue };
        let field = mapping.fields.iter().find(|(field, _)| *field == EventField::Status);
        if let Some((_, value)) = field {
            let all = PossibleStatus { resolved: all.resolved || ends_by_time.contains(&id), ..*all };
            diagnostics.extend(lacking(mapping, value, all));
        }
    }
}

/// Whether the rules say when an alert of the integration is over of which nothing more is heard.
pub(super) fn has_timeout(integration: &Integration) -> bool {
    integration.parameters.iter().any(|(name, _)| **name == *RESOLVE_TIMEOUT.spec.name)
}

fn lacking(mapping: &Mapping, value: &Expression, all: PossibleStatus) -> Option<Diagnostic> {
    let (message, label, help) = if !all.resolved && all.firing {
        (
            format!("the status of `{}` is never Resolved", mapping.name),
            "an alert is over when nothing was heard of it for an hour",
            "read it from the payload, as in `match $.status { \"resolved\" => Resolved  else => Firing }`",
        )
    } else if !all.firing && all.resolved {
        (
            format!("the status of `{}` is never Firing", mapping.name),
            "every event is a recovery",
            "read it from the payload, as in `match $.status { \"firing\" => Firing  else => Resolved }`",
        )
    } else {
        return None;
    };
    let finding = Diagnostic::new(&CODE, value.span, message).label(label).help(help);
    let finding = if all.resolved {
        finding
    } else {
        finding.help(format!("or say in the integration when an alert is over: `{} = 10m`", RESOLVE_TIMEOUT.spec.name))
    };
    Some(
        finding
            .help(format!("where the sender reports no end, say so above the line: `allow {} because \"…\"`", CODE.id)),
    )
}
