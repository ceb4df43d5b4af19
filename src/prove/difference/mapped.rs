//! What a mapping makes of a payload.

use super::payload_difference::{MappingPart, PayloadDifference};
use crate::event::{AlertStatus, Event, Severity};
use crate::model::MappingId;
use crate::prove::mapping::PayloadWitness;
use std::collections::BTreeMap;

/// What a mapping makes of a payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappedPayload {
    /// Whether the mapping accepts it.
    pub is_accepted: bool,
    /// What becomes of each element.
    pub elements: Vec<MappedElement>,
}

/// What becomes of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappedElement {
    /// It is dropped, for this reason.
    Dropped(String),
    /// It becomes an event.
    Event(Box<MappedEvent>),
}

/// An event as a mapping makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedEvent {
    /// The severity.
    pub severity: Severity,
    /// The status.
    pub status: AlertStatus,
    /// The labels, the notes, and the fields that are there, by their names.
    pub others: BTreeMap<String, String>,
}

/// A payload of which two mappings make something else.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedPayload {
    /// What differs.
    pub part: MappingPart,
    /// What becomes of it otherwise, if that was asked for.
    pub difference: Option<PayloadDifference>,
    /// The payload.
    pub payload: PayloadWitness,
    /// Whether it differs only while the firing of its key is open.
    pub while_open: bool,
    /// What the old mapping makes of it.
    pub old: MappedPayload,
    /// What the new mapping makes of it.
    pub new: MappedPayload,
}

/// The evaluator: maps a payload, with the firings of all keys open or with none.
pub type MapPayload<'e> = dyn Fn(&PayloadWitness, MappingId, bool) -> MappedPayload + 'e;

impl MappedEvent {
    /// The parts of an event.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Self {
        let texts = [
            ("title", Some(event.title)),
            ("key", Some(event.key)),
            ("description", event.description),
            ("link", event.link),
            ("source", Some(event.source)),
        ];
        let times = [("starts_at", event.starts_at), ("ends_at", event.ends_at)];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.to_owned())));
        let times = times.into_iter().filter_map(|(name, time)| Some((name.to_owned(), time?.to_string())));
        let labels = event.labels.iter().map(|(name, text)| (format!("label {name}"), text.to_owned()));
        let notes = event.notes.iter().enumerate().map(|(at, note)| (format!("note {at}"), (*note).to_owned()));
        Self {
            severity: event.severity,
            status: event.status,
            others: texts.chain(times).chain(labels).chain(notes).collect(),
        }
    }
}

impl ChangedPayload {
    /// The severities of the events that the new mapping no longer makes, or that it lowers from Critical.
    #[must_use]
    pub fn lost(&self) -> Vec<Severity> {
        let event = |element: &MappedElement| match element {
            MappedElement::Event(event) => Some(event.severity),
            MappedElement::Dropped(_) => None,
        };
        if self.old.is_accepted && !self.new.is_accepted {
            return self.old.elements.iter().filter_map(event).collect();
        }
        let pairs = self.old.elements.iter().zip(&self.new.elements);
        let lost = pairs.filter_map(|(old, new)| match (event(old)?, event(new)) {
            (old, None) => Some(old),
            (Severity::Critical, Some(new)) if new < Severity::Critical => Some(Severity::Critical),
            (_, Some(_)) => None,
        });
        lost.collect()
    }
}

impl MappedPayload {
    /// Whether the other one is what a difference says.
    pub(super) fn becomes(&self, other: &Self, difference: PayloadDifference) -> bool {
        let pairs = || {
            let are_accepted = self.is_accepted && other.is_accepted;
            self.elements.iter().zip(&other.elements).filter(move |_| are_accepted)
        };
        let is_dropped = |element: &MappedElement| matches!(element, MappedElement::Dropped(_));
        let events = || {
            pairs().filter_map(|pair| match pair {
                (MappedElement::Event(one), MappedElement::Event(two)) => Some((one, two)),
                (MappedElement::Dropped(_), _) | (_, MappedElement::Dropped(_)) => None,
            })
        };
        match difference {
            PayloadDifference::Refused => self.is_accepted && !other.is_accepted,
            PayloadDifference::Accepted => !self.is_accepted && other.is_accepted,
            PayloadDifference::Dropped => pairs().any(|(one, two)| !is_dropped(one) && is_dropped(two)),
            PayloadDifference::Kept => pairs().any(|(one, two)| is_dropped(one) && !is_dropped(two)),
            PayloadDifference::Severity(old, new) => {
                events().any(|(one, two)| one.severity == old && two.severity == new)
            }
            PayloadDifference::Status(old, new) => events().any(|(one, two)| one.status == old && two.status == new),
        }
    }

    /// Whether a part of it is not as in another one.
    pub(super) fn differs(&self, other: &Self, part: MappingPart) -> bool {
        if part == MappingPart::Accept || !(self.is_accepted && other.is_accepted) {
            return part == MappingPart::Accept && self.is_accepted != other.is_accepted;
        }
        let pairs = || self.elements.iter().zip(&other.elements);
        let is_dropped = |element: &MappedElement| matches!(element, MappedElement::Dropped(_));
        let events = || {
            pairs().filter_map(|pair| match pair {
                (MappedElement::Event(one), MappedElement::Event(two)) => Some((one, two)),
                (MappedElement::Dropped(_), _) | (_, MappedElement::Dropped(_)) => None,
            })
        };
        match part {
            MappingPart::Accept => false,
            MappingPart::Drop => pairs().any(|(one, two)| is_dropped(one) != is_dropped(two)),
            MappingPart::Severity => events().any(|(one, two)| one.severity != two.severity),
            MappingPart::Status => events().any(|(one, two)| one.status != two.status),
            MappingPart::Others => pairs().any(|pair| match pair {
                (MappedElement::Event(one), MappedElement::Event(two)) => one.others != two.others,
                (MappedElement::Dropped(one), MappedElement::Dropped(two)) => one != two,
                (MappedElement::Dropped(_), _) | (_, MappedElement::Dropped(_)) => false,
            }),
        }
    }
}
