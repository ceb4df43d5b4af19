//! What of a document is looked at, so that reading can pass over the rest.

use super::{MemberName, OwnedMemberName};

/// What is looked at of a value: all of it, or some members and elements.
///
/// Of a value that is looked at in part, its kind and whether it is empty are known; an array keeps its length where its
/// elements are looked at. Which names and elements lie side by side is not told apart further than this: more may be
/// read than is looked at, never less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    whole: bool,
    /// Sorted by name.
    members: Vec<ProjectedMember>,
    every: Option<Box<Projection>>,
}

/// A member that is looked at.
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

    /// Looks at all of the value.
    pub fn select_all(&mut self) {
        *self = Self::whole();
    }

    /// Looks at a member, in the way that is added to what is returned.
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

    /// Looks at every element of an array and every member of an object, in the way that is added to what is returned.
    pub fn every(&mut self) -> &mut Self {
        if self.whole { self } else { self.every.get_or_insert_default() }
    }

    /// Looks at what the other looks at as well.
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

    /// Whether it is all of an object: so it is where it is all of every member.
    pub(super) fn is_whole_object(&self) -> bool {
        self.whole || self.every.as_ref().is_some_and(|every| every.whole)
    }

    /// What is looked at of a member; nothing where it is passed over. A member that is named and is also one of all is
    /// taken as a whole, because joining the two could grow without bound.
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

    /// What is looked at of the elements; nothing where they are passed over.
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
