//! The members of an object.

use super::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// Up to this many members a scan is faster than any index.
const SCANNED: usize = 16;

/// The members of an object in document order; names are unique (the last of a repeated name counts, in the place of
/// the first).
#[derive(Debug, Clone, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    /// Places in `members`, sorted by name; empty for an object that is small enough to be scanned.
    by_name: Box<[usize]>,
}

impl<'a> Object<'a> {
    /// The value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        if self.by_name.is_empty() {
            return self.members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        }
        let name_at = |place: usize| self.members.get(place).map_or("", |(key, _)| key.as_ref());
        let found = self.by_name.binary_search_by(|&place| name_at(place).cmp(name)).ok()?;
        let place = *self.by_name.get(found)?;
        self.members.get(place).map(|(_, value)| value)
    }

    /// Members in document order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Cow<'a, str>, &Value<'a>)> + ExactSizeIterator {
        self.members.iter().map(|(name, value)| (name, value))
    }

    /// The values of the members in document order.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value<'a>> + ExactSizeIterator {
        self.members.iter().map(|(_, value)| value)
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Members sorted by name, bytewise.
    pub(super) fn sorted(&self) -> Vec<&(Cow<'a, str>, Value<'a>)> {
        if !self.by_name.is_empty() {
            return self.by_name.iter().filter_map(|&place| self.members.get(place)).collect();
        }
        let mut sorted: Vec<_> = self.members.iter().collect();
        sorted.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        sorted
    }

    /// An object of members whose names differ.
    pub(super) fn unique(members: Vec<(Cow<'a, str>, Value<'a>)>) -> Self {
        if members.len() <= SCANNED {
            return Self { members, by_name: Box::default() };
        }
        let mut names: Vec<_> = members.iter().enumerate().map(|(place, (name, _))| (name, place)).collect();
        names.sort_unstable();
        let by_name = names.into_iter().map(|(_, place)| place).collect();
        Self { members, by_name }
    }

    /// The same members, borrowing nothing.
    pub(super) fn into_owned(self) -> Object<'static> {
        let members = self.members.into_iter();
        Object {
            members: members
                .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                .collect(),
            by_name: self.by_name,
        }
    }
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl Eq for Object<'_> {}

impl<'a> FromIterator<(Cow<'a, str>, Value<'a>)> for Object<'a> {
    fn from_iter<M: IntoIterator<Item = (Cow<'a, str>, Value<'a>)>>(members: M) -> Self {
        let members = members.into_iter();
        let mut gathered: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(members.size_hint().0);
        let mut places = Places::default();
        for (name, value) in members {
            let mark = mark(&name);
            if let Some((_, held)) =
                places.find(mark, &name, &gathered).and_then(|place| gathered.get_mut(place))
            {
                *held = value;
            } else {
                gathered.push((name, value));
                places.note(mark, &gathered);
            }
        }
        Self::unique(gathered)
    }
}

/// Where the names of an object stand while its members arrive.
#[derive(Default)]
pub(super) struct Places<'a> {
    /// A bit for each name: a name whose bit is not set is new.
    marks: u64,
    /// Where each name stands, once there are more members than are scanned. Its hasher is keyed at random, so that a
    /// sender cannot choose names that collide.
    by_name: Option<HashMap<Cow<'a, str>, usize>>,
}

impl<'a> Places<'a> {
    /// Where the member of this name, whose mark is given, stands.
    pub(super) fn find<V>(&self, mark: u64, name: &str, members: &[(Cow<'a, str>, V)]) -> Option<usize> {
        if self.marks & mark == 0 {
            return None;
        }
        match &self.by_name {
            None => members.iter().position(|(known, _)| known == name),
            Some(places) => places.get(name).copied(),
        }
    }

    /// Takes note of the member that was added last, and of its name's mark.
    pub(super) fn note<V>(&mut self, mark: u64, members: &[(Cow<'a, str>, V)]) {
        self.marks |= mark;
        if members.len() > SCANNED {
            self.index(members);
        }
    }

    fn index<V>(&mut self, members: &[(Cow<'a, str>, V)]) {
        let all = || members.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        let places = self.by_name.get_or_insert_with(all);
        if let Some(((name, _), before)) = members.split_last() {
            places.insert(name.clone(), before.len());
        }
    }
}

/// One of 64 bits, which different names seldom share.
pub(super) fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let first = bytes.first().copied().map_or(0, u64::from);
    let last = bytes.last().copied().map_or(0, u64::from);
    let middle = bytes.get(bytes.len() / 2).copied().map_or(0, u64::from);
    let mixed = bytes.len() as u64 | first << 8 | middle << 16 | last << 24;
    1 << (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58)
}
