//! What mappings read of a request besides its body.

use super::Node;
use crate::model::RequestPart;
use std::collections::BTreeSet;

/// What a mapping, or all mappings of an integration, read of a request besides its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestReads {
    /// The names of headers, in lower case.
    pub headers: BTreeSet<Box<str>>,
    /// Whether the path behind the integration's name is read.
    pub path_suffix: bool,
}

impl RequestReads {
    /// What some expressions read.
    #[must_use]
    pub fn of(nodes: &[Node]) -> Self {
        let mut reads = Self::default();
        for node in nodes {
            let Node::Request(part) = node else { continue };
            match part {
                RequestPart::Header(name) => drop(reads.headers.insert(name.clone())),
                RequestPart::PathSuffix => reads.path_suffix = true,
            }
        }
        reads
    }

    /// Whether nothing of a request is read but its body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty() && !self.path_suffix
    }

    /// Adds what others read.
    pub fn add(&mut self, other: &Self) {
        self.headers.extend(other.headers.iter().cloned());
        self.path_suffix |= other.path_suffix;
    }
}
