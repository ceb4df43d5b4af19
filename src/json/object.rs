//! The members of an object.

use super::{Arena, MemberName, Value};
use std::collections::HashMap;

/// Up to this many members a scan is faster than any index.
const SCANNED: usize = 16;

/// The members of an object in document order. Names are unique: a repeated name has its last value, at its first position.
#[derive(Debug, Clone, Copy, Default)]
pub struct Object<'a> {
    /// Names and values are separate slices, because only names are searched.
    names: &'a [MemberName<'a>],
    values: &'a [Value<'a>],
    /// Indexes of names, sorted by name; empty if the object is small enough to be scanned.
    by_name: &'a [u32],
}

impl<'a> Object<'a> {
    /// The value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value<'a>> {
        self.find(MemberName::new(name))
    }

    /// The value of a member, for a [`MemberName`] that exists already.
    #[inline]
    #[must_use]
    pub fn find(&self, name: MemberName<'_>) -> Option<&'a Value<'a>> {
        if self.by_name.is_empty() {
            let index = self.names.iter().position(|known| *known == name)?;
            return self.values.get(index);
        }
        let text_at = |index: u32| self.names.get(index as usize).map_or("", |name| name.text());
        let found = self.by_name.binary_search_by(|&index| text_at(index).cmp(name.text())).ok()?;
        self.values.get(*self.by_name.get(found)? as usize)
    }

    /// Names and values in document order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&'a str, &'a Value<'a>)> + ExactSizeIterator + use<'a> {
        self.members().map(|(name, value)| (name.text(), value))
    }

    /// Names, as [`MemberName`], and values in document order.
    #[must_use]
    pub fn members(
        &self,
    ) -> impl DoubleEndedIterator<Item = (MemberName<'a>, &'a Value<'a>)> + ExactSizeIterator + use<'a> {
        self.names.iter().copied().zip(self.values)
    }

    /// The values of the members in document order.
    #[must_use]
    pub fn values(&self) -> &'a [Value<'a>] {
        self.values
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Members sorted by name, bytewise.
    pub(super) fn sorted(&self) -> Vec<(&'a str, &'a Value<'a>)> {
        let mut sorted: Vec<_> = self.iter().collect();
        sorted.sort_unstable_by_key(|(name, _)| *name);
        sorted
    }

    /// An object of names and their values. The names must be unique.
    pub(super) fn unique(names: &'a [MemberName<'a>], values: &'a [Value<'a>], arena: &'a Arena) -> Self {
        if names.len() <= SCANNED {
            return Self { names, values, by_name: &[] };
        }
        let mut indexes: Vec<(&str, u32)> = names.iter().map(|name| name.text()).zip(0..).collect();
        indexes.sort_unstable();
        let by_name = arena.collect(indexes.into_iter().map(|(_, index)| index));
        Self { names, values, by_name }
    }

    /// An object of members. The last value of a repeated name counts.
    pub fn of(members: impl IntoIterator<Item = (&'a str, Value<'a>)>, arena: &'a Arena) -> Self {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        let mut positions = NamePositions::default();
        for (name, value) in members {
            let name = MemberName::new(name);
            if let Some(held) = positions.add(name, &names).and_then(|index| values.get_mut(index)) {
                *held = value;
            } else {
                names.push(name);
                values.push(value);
            }
        }
        Self::unique(arena.slice(&names), arena.slice(&values), arena)
    }
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.members().all(|(name, value)| other.find(name) == Some(value))
    }
}

impl Eq for Object<'_> {}

/// The indexes of an object's names while its members are read.
#[derive(Default)]
pub(super) struct NamePositions<'a> {
    /// One bit for each name, chosen by its fingerprint. A name whose bit is not set is new.
    fingerprints: u64,
    /// The index of each name, once there are too many to scan. Its hasher has a random key, so that a sender cannot choose
    /// names that collide.
    by_name: Option<HashMap<&'a str, usize>>,
}

impl<'a> NamePositions<'a> {
    /// The index of a name among those that are known. If the name is new, returns none, and the caller must append it.
    #[inline]
    pub(super) fn add(&mut self, name: MemberName<'a>, known: &[MemberName<'a>]) -> Option<usize> {
        // The highest bits of a fingerprint are mixed best.
        let bit = 1 << (name.fingerprint() >> 58);
        let is_new = self.fingerprints & bit == 0;
        self.fingerprints |= bit;
        if is_new && known.len() < SCANNED { None } else { self.add_slowly(name, known) }
    }

    /// [`NamePositions::add`] for a name that may be known, or that must be indexed.
    #[inline(never)]
    fn add_slowly(&mut self, name: MemberName<'a>, known: &[MemberName<'a>]) -> Option<usize> {
        let held = self.find(name, known);
        if held.is_none() && known.len() >= SCANNED {
            let positions = || known.iter().map(|name| name.text()).zip(0..).collect();
            self.by_name.get_or_insert_with(positions).insert(name.text(), known.len());
        }
        held
    }

    fn find(&self, name: MemberName<'_>, known: &[MemberName<'_>]) -> Option<usize> {
        match &self.by_name {
            None => known.iter().position(|known| *known == name),
            Some(indexes) => indexes.get(name.text()).copied(),
        }
    }
}
