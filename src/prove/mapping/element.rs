//! Where the elements of a mapping stand in its payload, and what holds for every payload with one.

use super::payload;
use crate::model::{Mapping, MappingId};
use crate::path::SampleStep;
use crate::prove::formula::{Formula, FormulaBuilder, NodeKinds, PayloadOrigin, PayloadPlace, PayloadStep};
use crate::source::Span;

/// Where the elements of a mapping stand in its payload.
#[derive(Debug, Clone)]
pub(in crate::prove) struct ElementPlace {
    /// The value that `each` starts from.
    pub(super) start: PayloadPlace,
    /// Steps to one of the elements.
    pub(super) steps: Vec<SampleStep>,
}

impl ElementPlace {
    /// The place, if it is one.
    pub(in crate::prove) fn of<'m>(builder: &mut FormulaBuilder<'m>, mapping: &'m Mapping) -> Option<Self> {
        let each = mapping.each.as_ref()?;
        let start = match &each.start {
            None => PayloadPlace { origin: PayloadOrigin::Payload, steps: Box::default() },
            Some(start) => match &*builder.value(start) {
                [one] => builder.place_of(&one.term)?,
                _ => return None,
            },
        };
        Some(Self { start, steps: each.path.sample_steps() })
    }
}

/// What holds for every payload with an element, and where the rules say so. An element is within an array or an object, or
/// is the one value that the path leads to; and it meets the filter that chooses it. None for a mapping without `each`.
pub(in crate::prove) fn has_element<'m>(
    builder: &mut FormulaBuilder<'m>,
    number: MappingId,
    mapping: &'m Mapping,
    element: Option<&ElementPlace>,
) -> Option<(Formula, Span)> {
    let each = mapping.each.as_ref()?;
    let span = each.start.as_ref().map_or(mapping.span, |start| start.span);
    let is_chosen = builder.chosen_by(&each.path, number);
    let Some(place) = element else { return Some((is_chosen, span)) };
    let more: Vec<PayloadStep> = payload::only_steps(&place.steps).map(PayloadStep::of).collect();
    let is_one_value = more.len() == place.steps.len();
    let steps = place.start.steps.iter().cloned().chain(more).collect();
    let outer = builder.place(PayloadPlace { origin: place.start.origin, steps });
    let kinds = if is_one_value { NodeKinds::MISSING.not() } else { NodeKinds::ITEMS.or(NodeKinds::MEMBERS) };
    let is_there = builder.kinds(outer, kinds);
    Some((builder.formulas.and([is_there, is_chosen]), span))
}
