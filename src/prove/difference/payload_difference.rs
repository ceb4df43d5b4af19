//! How a payload may come to be mapped otherwise.

use crate::event::{AlertStatus, Severity};

/// A part of what a mapping makes of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MappingPart {
    /// Whether it is accepted.
    Accept,
    /// Whether an element is dropped.
    Drop,
    /// The severity.
    Severity,
    /// The status.
    Status,
    /// All other fields, and the labels.
    Others,
}

impl MappingPart {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Accept, Self::Drop, Self::Severity, Self::Status, Self::Others];
}

/// What becomes of a payload otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadDifference {
    /// It is no longer accepted.
    Refused,
    /// It is accepted now.
    Accepted,
    /// An element is dropped now.
    Dropped,
    /// An element is no longer dropped.
    Kept,
    /// An event has another severity.
    Severity(Severity, Severity),
    /// An event has another status.
    Status(AlertStatus, AlertStatus),
}

impl PayloadDifference {
    /// All of them.
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![Self::Refused, Self::Accepted, Self::Dropped, Self::Kept];
        let severities = Severity::ALL.iter().rev();
        for old in severities.clone() {
            all.extend(severities.clone().filter(|new| *new != old).map(|new| Self::Severity(*old, *new)));
        }
        for old in AlertStatus::ALL {
            all.extend(AlertStatus::ALL.into_iter().filter(|new| *new != old).map(|new| Self::Status(old, new)));
        }
        all
    }

    /// What of a mapping it is about.
    #[must_use]
    pub fn part(self) -> MappingPart {
        match self {
            Self::Refused | Self::Accepted => MappingPart::Accept,
            Self::Dropped | Self::Kept => MappingPart::Drop,
            Self::Severity(..) => MappingPart::Severity,
            Self::Status(..) => MappingPart::Status,
        }
    }
}
