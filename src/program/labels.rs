//! The names of the labels that the rules look at, so that an event's labels are looked up once.

/// A label, by its position among the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(pub u32);

/// Names of labels, each once, found by hashing.
#[derive(Debug, Default)]
pub struct LabelNames {
    names: Vec<Box<str>>,
    /// Each name at its hash or behind it; at least as many places are empty.
    table: Vec<Entry>,
    /// What a hash is shifted by to be a place.
    shift: u32,
}

/// A name in the table.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    ends: Ends,
    /// The position of the name, counted from 1; 0 where the place is empty.
    position: u32,
}

/// The first and the last bytes of a name, and its length: of a name of up to sixteen bytes that is all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    first: u64,
    last: u64,
    length: u32,
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
    pub fn name(&self, id: LabelId) -> &str {
        self.names.get(id.0 as usize).map_or("", |name| name)
    }

    /// The label of that name, where the rules look at it.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &str) -> Option<LabelId> {
        let ends = Ends::of(name);
        let mut place = ends.place(self.shift);
        loop {
            let entry = self.table.get(place)?;
            let id = LabelId(entry.position.checked_sub(1)?);
            if entry.ends == ends && (name.len() <= Ends::WHOLE || self.name(id) == name) {
                return Some(id);
            }
            place = self.behind(place);
        }
    }

    /// Where the labels of some names stand among these, by their ids, counted from 1.
    pub fn places<'n>(&self, names: impl Iterator<Item = &'n str>, places: &mut [u32]) {
        for (name, position) in names.zip(1..) {
            if let Some(place) = self.find(name).and_then(|id| places.get_mut(id.0 as usize)) {
                *place = position;
            }
        }
    }

    /// The label of that name, which is added if need be.
    pub fn add(&mut self, name: &str) -> LabelId {
        if let Some(known) = self.find(name) {
            return known;
        }
        let id = LabelId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(name.into());
        if 2 * self.names.len() > self.table.len() {
            self.rebuild();
        } else {
            self.enter(id);
        }
        id
    }

    fn rebuild(&mut self) {
        let places = (4 * self.names.len()).next_power_of_two();
        self.table = vec![Entry::default(); places];
        self.shift = u64::BITS - places.trailing_zeros();
        for id in (0..).take(self.names.len()) {
            self.enter(LabelId(id));
        }
    }

    fn enter(&mut self, id: LabelId) {
        let ends = Ends::of(self.name(id));
        let mut place = ends.place(self.shift);
        while self.table.get(place).is_some_and(|held| held.position > 0) {
            place = self.behind(place);
        }
        if let Some(empty) = self.table.get_mut(place) {
            *empty = Entry { ends, position: id.0 + 1 };
        }
    }

    fn behind(&self, place: usize) -> usize {
        (place + 1) & (self.table.len() - 1)
    }
}

impl Ends {
    /// Up to so many bytes the ends are the whole name.
    const WHOLE: usize = 16;

    #[inline]
    fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            return Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last), length };
        }
        if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            return Self { first: first.into(), last: last.into(), length };
        }
        let first = bytes.iter().fold(0, |ends, byte| ends << 8 | u64::from(*byte));
        Self { first, last: 0, length }
    }

    /// Where a name belongs. The names are those of the rules, so nobody who sends alerts can make them collide.
    #[inline]
    fn place(self, shift: u32) -> usize {
        let mixed = self.first ^ self.last.rotate_left(29) ^ u64::from(self.length);
        let hash = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        usize::try_from(hash >> (shift & 63)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::LabelNames;

    #[test]
    fn every_name_is_found_and_no_other() {
        let mut names = LabelNames::default();
        assert_eq!(names.find("a"), None);
        let all: Vec<String> = (0..500).map(|number| format!("label_of_many_{number:03}_x")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).chain(["", "a", "ab", "env", "team"]).collect();
        let ids: Vec<_> = all.iter().map(|name| names.add(name)).collect();
        for (name, id) in all.iter().zip(ids) {
            assert_eq!((names.find(name), names.name(id)), (Some(id), *name));
            assert_eq!(names.add(name), id);
        }
        assert_eq!(names.len(), all.len());
        assert_eq!([names.find("b"), names.find("label_of_many_500_x"), names.find("tea")], [None; 3]);
    }
}
