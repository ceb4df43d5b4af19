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
        let mut gathered = Gathered::default();
        for (name, value) in members {
            gathered.insert(name, value);
        }
        gathered.finish()
    }
}

/// An object while its members arrive.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    /// Where each name stands, once there are more members than are scanned. Its hasher is keyed at random, so that a
    /// sender cannot choose names that collide.
    places: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Gathered<'a> {
    /// Whether a member of this name is here.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Adds a member, or gives the one of this name another value.
    pub(super) fn insert(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        if let Some((_, held)) = self.place(&name).and_then(|place| self.members.get_mut(place)) {
            *held = value;
            return;
        }
        let place = self.members.len();
        self.members.push((name, value));
        if place == SCANNED {
            self.places = self.members.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        } else if let (true, Some((name, _))) = (place > SCANNED, self.members.last()) {
            self.places.insert(name.clone(), place);
        }
    }

    /// The object, indexed where it is large.
    pub(super) fn finish(self) -> Object<'a> {
        let members = self.members;
        if members.len() <= SCANNED {
            return Object { members, by_name: Box::default() };
        }
        let mut names: Vec<_> = members.iter().enumerate().map(|(place, (name, _))| (name, place)).collect();
        names.sort_unstable();
        let by_name = names.into_iter().map(|(_, place)| place).collect();
        Object { members, by_name }
    }

    fn place(&self, name: &str) -> Option<usize> {
        if self.places.is_empty() {
            self.members.iter().position(|(key, _)| key == name)
        } else {
            self.places.get(name).copied()
        }
    }
}
