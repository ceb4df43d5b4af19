//! What two rule sets make of payloads.

use super::super::RuleSet;
use crate::event::Severity;
use crate::model::MappingId;
use crate::prove::{
    ComparedMapping, MappedElement, MappedPayload, MappingComparison, MappingPart, compare_mappings,
    mapping_differences,
};
use serde::Serialize;

/// A payload of which a changed mapping makes something else, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PayloadChange {
    /// `accept`, `drop`, `severity`, `status`
    pub part: &'static str,
    /// The payload.
    pub payload: Option<String>,
    /// Whether it changes only while the firing of its key is open.
    pub while_open: bool,
    /// What the old rules make of it.
    pub old: Option<String>,
    /// What the new rules make of it.
    pub new: Option<String>,
    /// The severities of the events that get lost, or that are no longer Critical.
    pub lost: Vec<&'static str>,
    /// Why it is not known whether there is one.
    pub undecided: Option<String>,
}

impl RuleSet {
    /// Compares what a mapping of this rule set and one of a newer rule set make of payloads, up to the first difference.
    #[must_use]
    pub fn compare_mappings(&self, mapping: MappingId, new: &Self, new_mapping: MappingId) -> MappingComparison {
        compare_mappings(
            ComparedMapping {
                model: &self.model,
                id: mapping,
                map: &|payload, id, while_open| self.map_payload(payload, id, while_open),
            },
            ComparedMapping {
                model: &new.model,
                id: new_mapping,
                map: &|payload, id, while_open| new.map_payload(payload, id, while_open),
            },
            self.effort,
        )
    }

    /// What a mapping of this rule set and one of a newer rule set make otherwise of payloads: of each sort of difference a
    /// payload, or why it is not known whether there is one.
    #[must_use]
    pub fn mapping_differences(
        &self,
        mapping: MappingId,
        new: &Self,
        new_mapping: MappingId,
    ) -> Vec<(MappingPart, MappingComparison)> {
        mapping_differences(
            ComparedMapping {
                model: &self.model,
                id: mapping,
                map: &|payload, id, while_open| self.map_payload(payload, id, while_open),
            },
            ComparedMapping {
                model: &new.model,
                id: new_mapping,
                map: &|payload, id, while_open| new.map_payload(payload, id, while_open),
            },
            self.effort,
        )
    }

    /// The payloads of which the mapping with a name makes something else in a newer rule set: one for each sort of
    /// difference.
    pub(super) fn payload_changes(&self, new: &Self, name: &str) -> Vec<PayloadChange> {
        let position = |rules: &Self| rules.model.mappings.iter().position(|mapping| *mapping.name == *name);
        let (Some(old_id), Some(new_id)) = (position(self), position(new)) else { return Vec::new() };
        let changes = self.mapping_differences(old_id, new, new_id);
        changes.into_iter().filter_map(|(part, comparison)| change(part, comparison)).collect()
    }
}

fn change(part: MappingPart, comparison: MappingComparison) -> Option<PayloadChange> {
    let part_name = name(part);
    let nothing = PayloadChange {
        part: part_name,
        payload: None,
        while_open: false,
        old: None,
        new: None,
        lost: Vec::new(),
        undecided: None,
    };
    match comparison {
        MappingComparison::Equal => None,
        MappingComparison::Undecided(reason) => Some(PayloadChange { undecided: Some(reason.to_string()), ..nothing }),
        MappingComparison::Differs(changed) => Some(PayloadChange {
            lost: changed.lost().into_iter().map(Severity::name).collect(),
            payload: Some(changed.payload.to_string()),
            while_open: changed.while_open,
            old: Some(made(part, &changed.old)),
            new: Some(made(part, &changed.new)),
            ..nothing
        }),
    }
}

fn name(part: MappingPart) -> &'static str {
    match part {
        MappingPart::Accept => "accept",
        MappingPart::Drop => "drop",
        MappingPart::Severity => "severity",
        MappingPart::Status => "status",
        MappingPart::Others => "others",
    }
}

/// What a mapping makes of a payload, as far as a part says.
fn made(part: MappingPart, mapped: &MappedPayload) -> String {
    if !mapped.is_accepted {
        return "not accepted".to_owned();
    }
    let element = |element: &MappedElement| match (element, part) {
        (MappedElement::Dropped(_), _) => "dropped".to_owned(),
        (MappedElement::Event(event), MappingPart::Status) => event.status.name().to_owned(),
        (MappedElement::Event(event), MappingPart::Severity) => event.severity.name().to_owned(),
        (MappedElement::Event(event), MappingPart::Accept | MappingPart::Drop | MappingPart::Others) => {
            format!("{} {}", event.status.name(), event.severity.name())
        }
    };
    let elements: Vec<String> = mapped.elements.iter().map(element).collect();
    if elements.is_empty() { "accepted, without an element".to_owned() } else { elements.join(", ") }
}
