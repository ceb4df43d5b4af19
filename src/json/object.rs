//! The members of an object.

use super::{Arena, MemberName, Value};
use std::collections::HashMap;

/// Up to this many members a scan is faster than any index.
const SCANNED: usize = 16;

/// The members of an object in document order; names are unique (the last of a repeated name counts, in the place of
/// the first).
#[derive(Debug, Clone, Copy, Default)]
pub struct Object<'a> {
    /// Names and values are separate, because only names are searched.
    names: &'a [MemberName<'a>],
    values: &'a [Value<'a>],
    /// Positions of names, sorted by name; empty for an object that is small enough to be scanned.
    by_name: &'a [u32],
}

impl<'a> Object<'a> {
    /// The value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value<'a>> {
        self.find(MemberName::new(name))
    }

    /// The same for a name that was seen before.
    #[inline]
    #[must_use]
    pub fn find(&self, name: MemberName<'_>) -> Option<&'a Value<'a>> {
        if self.by_name.is_empty() {
            let place = self.names.iter().position(|known| *known == name)?;
            return self.values.get(place);
        }
        let text_at = |place: u32| self.names.get(place as usize).map_or("", |name| name.text());
        let found = self.by_name.binary_search_by(|&place| text_at(place).cmp(name.text())).ok()?;
        self.values.get(*self.by_name.get(found)? as usize)
    }

    /// Members in document order.
    #[must_use]
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&'a str, &'a Value<'a>)> + ExactSizeIterator + use<'a> {
        self.members().map(|(name, value)| (name.text(), value))
    }

    /// Members in document order, with names for fast comparisons.
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

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
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

    /// An object of as many values as names. The names must be different.
    pub(super) fn unique(names: &'a [MemberName<'a>], values: &'a [Value<'a>], arena: &'a Arena) -> Self {
        if names.len() <= SCANNED {
            return Self { names, values, by_name: &[] };
        }
        let mut places: Vec<(&str, u32)> = names.iter().map(|name| name.text()).zip(0..).collect();
        places.sort_unstable();
        let by_name = arena.collect(places.into_iter().map(|(_, place)| place));
        Self { names, values, by_name }
    }

    /// An object of members; the last of a repeated name counts.
    pub fn of(members: impl IntoIterator<Item = (&'a str, Value<'a>)>, arena: &'a Arena) -> Self {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        let mut places = NamePositions::default();
        for (name, value) in members {
            let name = MemberName::new(name);
            if let Some(held) = places.add(name, &names).and_then(|place| values.get_mut(place)) {
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

/// The positions of the names of an object while its members are read.
#[derive(Default)]
pub(super) struct NamePositions<'a> {
    /// One bit for each name. A name whose bit is not set is new.
    fingerprints: u64,
    /// The position of each name, once there are too many members to scan. Its hasher has a random key, so that a sender cannot
    /// choose names that collide.
    by_name: Option<HashMap<&'a str, usize>>,
}

impl<'a> NamePositions<'a> {
    /// The position of a name among the known names. The caller appends a name that is new.
    #[inline]
    pub(super) fn add(&mut self, name: MemberName<'a>, known: &[MemberName<'a>]) -> Option<usize> {
        // The highest bits of a mark are mixed best.
        let mark = 1 << (name.fingerprint() >> 58);
        let is_new = self.fingerprints & mark == 0;
        self.fingerprints |= mark;
        if is_new && known.len() < SCANNED { None } else { self.add_marked(name, known) }
    }

    /// The same for a name whose bit is set, or for one of many names.
    #[inline(never)]
    fn add_marked(&mut self, name: MemberName<'a>, known: &[MemberName<'a>]) -> Option<usize> {
        let held = self.find(name, known);
        if held.is_none() && known.len() >= SCANNED {
            let all = || known.iter().map(|name| name.text()).zip(0..).collect();
            self.by_name.get_or_insert_with(all).insert(name.text(), known.len());
        }
        held
    }

    fn find(&self, name: MemberName<'_>, known: &[MemberName<'_>]) -> Option<usize> {
        match &self.by_name {
            None => known.iter().position(|known| *known == name),
            Some(places) => places.get(name.text()).copied(),
        }
    }
}
