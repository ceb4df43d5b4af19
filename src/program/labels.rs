//! The names of the labels that the rules look at, so that an event's labels are looked up once.

use crate::json::{KeptName, Name};

/// A label, by its position among the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(pub u32);

/// Names of labels, each once, found by their marks.
#[derive(Debug, Default)]
pub struct LabelNames {
    names: Vec<KeptName>,
    /// Each name where its mark says or behind that; most places are empty.
    table: Vec<Entry>,
    /// What a mark is shifted by to be a place.
    shift: u32,
}

/// A name in the table.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    mark: u64,
    /// The position of the name, counted from 1; 0 where the place is empty.
    position: u32,
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
    pub fn name(&self, id: LabelId) -> Name<'_> {
        self.names.get(id.0 as usize).map_or_else(Name::default, KeptName::name)
    }

    /// The label of that name, where the rules look at it.
    #[inline]
    #[must_use]
    pub fn find(&self, name: Name<'_>) -> Option<LabelId> {
        let mut place = self.place(name.mark());
        loop {
            let Entry { mark, position } = *self.table.get(place)?;
            let id = LabelId(position.checked_sub(1)?);
            if mark == name.mark() && self.name(id) == name {
                return Some(id);
            }
            place = self.behind(place);
        }
    }

    /// The values of some labels by their ids; there is room for all of these.
    pub fn values<'v>(&self, labels: &[(Name<'_>, &'v str)], values: &mut [Option<&'v str>]) {
        for (name, value) in labels {
            if let Some(place) = self.find(*name).and_then(|id| values.get_mut(id.0 as usize)) {
                *place = Some(value);
            }
        }
    }

    /// The label of that name, which is added if need be.
    pub fn add(&mut self, name: &str) -> LabelId {
        if let Some(known) = self.find(Name::new(name)) {
            return known;
        }
        let id = LabelId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(KeptName::new(name));
        if 4 * self.names.len() > self.table.len() {
            self.rebuild();
        } else {
            self.enter(id);
        }
        id
    }

    fn rebuild(&mut self) {
        let places = (8 * self.names.len()).next_power_of_two();
        self.table = vec![Entry::default(); places];
        self.shift = u64::BITS - places.trailing_zeros();
        for id in (0..).take(self.names.len()) {
            self.enter(LabelId(id));
        }
    }

    fn enter(&mut self, id: LabelId) {
        let mark = self.name(id).mark();
        let mut place = self.place(mark);
        while self.table.get(place).is_some_and(|held| held.position > 0) {
            place = self.behind(place);
        }
        if let Some(empty) = self.table.get_mut(place) {
            *empty = Entry { mark, position: id.0 + 1 };
        }
    }

    /// Where a name belongs. The names are those of the rules, so nobody who sends alerts makes the way from there long.
    fn place(&self, mark: u64) -> usize {
        usize::try_from(mark >> (self.shift % u64::BITS)).unwrap_or_default()
    }

    fn behind(&self, place: usize) -> usize {
        (place + 1) & (self.table.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::LabelNames;
    use crate::json::Name;

    #[test]
    fn every_name_is_found_and_no_other() {
        let mut names = LabelNames::default();
        let found = |names: &LabelNames, name| names.find(Name::new(name));
        assert_eq!(found(&names, "a"), None);
        let all: Vec<String> = (0..500).map(|number| format!("label_of_many_{number:03}_x")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).chain(["", "a", "ab", "env", "team"]).collect();
        let ids: Vec<_> = all.iter().map(|name| names.add(name)).collect();
        for (name, id) in all.iter().zip(ids) {
            assert_eq!((found(&names, name), names.name(id).text()), (Some(id), *name));
            assert_eq!(names.add(name), id);
        }
        assert_eq!(names.len(), all.len());
        assert_eq!(["b", "label_of_many_500_x", "tea"].map(|name| found(&names, name)), [None; 3]);
    }
}
