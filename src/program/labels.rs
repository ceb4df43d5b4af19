//! The names of the labels that the rules read, so that each label of an event is looked up once.

use crate::json::{MemberName, OwnedMemberName};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// A label, by its position among the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(pub u32);

/// Names of labels, each once.
#[derive(Debug, Default)]
pub struct LabelNames {
    names: Vec<OwnedMemberName>,
    ids: HashMap<Box<str>, LabelId, RandomState>,
}

impl LabelNames {
    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of a label.
    #[must_use]
    #[inline]
    pub fn name(&self, id: LabelId) -> MemberName<'_> {
        self.names.get(id.0 as usize).map_or_else(MemberName::default, OwnedMemberName::name)
    }

    /// All names, in the order in which the rules read them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| name.name().text())
    }

    /// The label of that name, if the rules read it.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<LabelId> {
        self.ids.get(name).copied()
    }

    /// The label of that name, which is added if it is new.
    pub fn add(&mut self, name: &str) -> LabelId {
        if let Some(known) = self.ids.get(name) {
            return *known;
        }
        let id = LabelId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(OwnedMemberName::new(name));
        self.ids.insert(name.into(), id);
        id
    }
}
