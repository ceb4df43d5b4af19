//! What an edit of a rule set changes, and for whom.
//!
//! Lines that are not the same in both rule sets are edits. An event that reaches none of them goes to the same
//! channels. For each edit, an event is searched that reaches it and goes to other channels; both evaluators are asked
//! before it is shown. Nothing changes only where no event meets what must hold for every event that changes.

mod changed_arms;
mod common;
mod condition_part;
mod declarations;
mod declared;
mod edits;
mod line_meaning;
mod lines;
mod mapped;
mod mapping_formulas;
mod mappings;
mod payload_difference;
mod relevance;
mod report;
mod rule_sets;
mod search;
mod sent;
mod uses;
mod wording;

pub use condition_part::ConditionPart;
pub use declarations::{ChangedDeclaration, ChangedPart, changed_declarations};
pub use declared::{DeclarationKind, PartText};
pub use edits::EditKind;
pub use mapped::{ChangedPayload, MapPayload, MappedElement, MappedEvent, MappedPayload};
pub use mappings::{ComparedMapping, MappingComparison, compare_mappings, mapping_differences};
pub use payload_difference::{MappingPart, PayloadDifference};
pub use report::{ChangeGroup, DifferenceDetail, EditDifference, EditedLine, RoutingDifferences, routing_differences};
pub use rule_sets::{ComparedModel, Side};
pub use search::{ChangedEvent, ChannelChange};

use super::effort::ProofEffort;
use super::undecided::UndecidedReason;
use edits::edits;
use rule_sets::RuleSets;
use search::search_first;

/// Whether two rule sets send all events to the same channels.
#[derive(Debug, Clone)]
pub enum RoutingComparison {
    /// They do, for every event that enters a routing that both have.
    Equal,
    /// They do not send this event to the same channels.
    Differs(Box<ChangedEvent>),
    /// It is not known.
    Undecided(UndecidedReason),
}

/// Compares where two rule sets send events, up to the first difference. Routings that only one of them has are not
/// looked at, and neither is what comes before a routing.
#[must_use]
pub fn compare_routings(
    old: ComparedModel<'_, '_>,
    new: ComparedModel<'_, '_>,
    effort: ProofEffort,
) -> RoutingComparison {
    let mut sets = RuleSets::new(old, new, effort);
    let mut undecided = None;
    for edit in edits(&mut sets) {
        let mut findings = search_first(&mut sets, edit);
        if let Some(event) = findings.events.pop() {
            return RoutingComparison::Differs(Box::new(event));
        }
        undecided = undecided.or(findings.undecided);
    }
    if !sets.other_entries().is_empty() {
        undecided.get_or_insert(UndecidedReason::OtherRoutings);
    }
    undecided.map_or(RoutingComparison::Equal, RoutingComparison::Undecided)
}
