//! The parts of a document that rules read, so that reading can skip the rest.

use super::{MemberName, OwnedMemberName};

/// The part of a value that is read: all of it, or some members and elements.
///
/// The kind of a value and whether it is empty are always known. An array keeps its length if its elements are read. Members
/// and elements are not distinguished further than this, so more may be read than rules use, but never less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    whole: bool,
    /// Sorted by name.
    members: Vec<ProjectedMember>,
    every: Option<Box<Projection>>,
}

/// A member that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ProjectedMember {
    name: OwnedMemberName,
    projection: Projection,
}

/// All of a value.
pub(super) static WHOLE_VALUE: Projection = Projection { whole: true, members: Vec::new(), every: None };

impl Projection {
    /// All of a value.
    #[must_use]
    pub fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Adds all of the value.
    pub fn select_all(&mut self) {
        *self = Self::whole();
    }

    /// Adds a member. The caller adds the parts of it to the result.
    pub fn member(&mut self, name: &str) -> &mut Self {
        if self.whole {
            return self;
        }
        let place = match self.members.binary_search_by(|known| known.name.name().text().cmp(name)) {
            Ok(place) => place,
            Err(place) => {
                self.members.insert(
                    place,
                    ProjectedMember { name: OwnedMemberName::new(name), projection: Self::default() },
                );
                place
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the place was found or made just above")]
        &mut self.members[place].projection
    }

    /// Adds every element of an array and every member of an object. The caller adds the parts of them to the result.
    pub fn every(&mut self) -> &mut Self {
        if self.whole { self } else { self.every.get_or_insert_default() }
    }

    /// Adds everything that the other projection reads.
    pub fn add(&mut self, other: &Self) {
        if other.whole {
            self.select_all();
        }
        for ProjectedMember { name, projection: reach } in &other.members {
            self.member(name.name().text()).add(reach);
        }
        if let Some(every) = &other.every {
            self.every().add(every);
        }
    }

    /// Whether all of an object is read, which is so if all of every member is.
    pub(super) fn is_whole_object(&self) -> bool {
        self.whole || self.every.as_ref().is_some_and(|every| every.whole)
    }

    /// The part of a member that is read; nothing if it is skipped. A member that is both named and one of all is read whole,
    /// because a union of the two could grow without bound.
    #[inline]
    pub(super) fn of_member(&self, name: MemberName<'_>) -> Option<&Self> {
        if self.whole {
            return Some(self);
        }
        match (self.named(name), &self.every) {
            (Some(_), Some(_)) => Some(&WHOLE_VALUE),
            (Some(named), None) => Some(named),
            (None, every) => every.as_deref(),
        }
    }

    /// The part of the elements that is read; nothing if they are skipped.
    pub(super) fn of_elements(&self) -> Option<&Self> {
        if self.whole { Some(self) } else { self.every.as_deref() }
    }

    fn named(&self, name: MemberName<'_>) -> Option<&Self> {
        /// Up to this many names a scan, which compares marks first, is faster than a search.
        const SCANNED: usize = 12;
        if self.members.len() <= SCANNED {
            let known = self.members.iter().find(|known| known.name.name() == name);
            return known.map(|known| &known.projection);
        }
        let place = self.members.binary_search_by(|known| known.name.name().text().cmp(name.text())).ok()?;
        self.members.get(place).map(|known| &known.projection)
    }
}
