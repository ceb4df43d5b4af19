//! What an expression gives: a few cases, each with the events for which it is the value.

use super::{Formula, VariableId};
use crate::model::{Literal, MappingId};
use crate::pattern::language::TextFunction;
use crate::value::ValueType;
use std::rc::Rc;

/// A value, for the events for which a formula holds.
#[derive(Debug, Clone)]
pub(in crate::prove) struct ValueCase {
    /// For which events.
    pub(in crate::prove) when: Formula,
    /// The value.
    pub(in crate::prove) term: Term,
}

/// A value of an event.
#[derive(Debug, Clone)]
pub(in crate::prove) enum Term {
    /// A constant.
    Constant(Literal),
    /// The severity.
    Severity,
    /// The status.
    Status,
    /// A text of the event after some functions, or missing.
    Text(VariableId, Vec<TextFunction>),
    /// The number that a text holds, or missing.
    Number(VariableId, Vec<TextFunction>),
    /// A value of a payload.
    Node(VariableId),
    /// A value of a payload where it is a number.
    NodeNumber(VariableId),
    /// The number of characters of a text, or missing.
    Length(VariableId, Vec<TextFunction>),
    /// A time of the event, or missing.
    Time(VariableId),
    /// The labels as a whole.
    AllLabels,
    /// A value that cannot be followed, with a key that tells such values apart, and its kinds.
    Opaque(Box<str>, ValueType),
}

impl ValueCase {
    /// One value for all events.
    pub(super) fn always(term: Term) -> Vec<Self> {
        vec![Self { when: Formula::TRUE, term }]
    }
}

/// The arguments of a table, for its rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters {
    /// The values of each parameter.
    pub(super) values: Rc<[Vec<ValueCase>]>,
    /// Which use of a table this is; 0 outside of tables.
    pub(super) instance: u32,
    /// The mapping whose expressions are read.
    pub(super) mapping: Option<MappingId>,
}
