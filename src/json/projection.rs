//! The parts of a document that are used, so that reading can skip the rest.

use super::{MemberName, OwnedMemberName};

/// The selected parts of a value: all of it, or some members and elements.
///
/// A value that is partly selected keeps its kind and whether it is empty. An array keeps its length if its elements are
/// selected. A projection may select more than is used, never less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    whole: bool,
    /// Sorted by name.
    members: Vec<ProjectedMember>,
    every: Option<Box<Projection>>,
}

/// A member that is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ProjectedMember {
    name: OwnedMemberName,
    projection: Projection,
}

/// A projection that selects the whole value.
pub(super) static WHOLE_VALUE: Projection = Projection { whole: true, members: Vec::new(), every: None };

impl Projection {
    /// Selects the whole value.
    #[must_use]
    pub fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Selects the whole value, whatever was selected before.
    pub fn select_all(&mut self) {
        *self = Self::whole();
    }

    /// The projection of a member, for the caller to extend.
    pub fn member(&mut self, name: &str) -> &mut Self {
        if self.whole {
            return self;
        }
        let index = match self.members.binary_search_by(|known| known.name.name().text().cmp(name)) {
            Ok(index) => index,
            Err(index) => {
                self.members
                    .insert(index, ProjectedMember { name: OwnedMemberName::new(name), projection: Self::default() });
                index
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the index was found or inserted just above")]
        &mut self.members[index].projection
    }

    /// The projection of every element of an array and every member of an object, for the caller to extend.
    pub fn every(&mut self) -> &mut Self {
        if self.whole { self } else { self.every.get_or_insert_default() }
    }

    /// Adds the parts that another projection selects.
    pub fn add(&mut self, other: &Self) {
        if other.whole {
            self.select_all();
        }
        for ProjectedMember { name, projection } in &other.members {
            self.member(name.name().text()).add(projection);
        }
        if let Some(every) = &other.every {
            self.every().add(every);
        }
    }

    /// How many members and elements it names, at every level.
    pub(crate) fn parts(&self) -> usize {
        let each = self.members.iter().map(|member| &member.projection).chain(self.every.as_deref());
        each.map(|part| part.parts().saturating_add(1)).fold(0, usize::saturating_add)
    }

    /// How many levels of members and elements it tells apart.
    pub(crate) fn levels(&self) -> usize {
        let each = self.members.iter().map(|member| &member.projection).chain(self.every.as_deref());
        each.map(|part| part.levels().saturating_add(1)).max().unwrap_or_default()
    }

    /// Whether it selects all members of an object, each as a whole.
    pub(super) fn is_whole_object(&self) -> bool {
        self.whole || self.every.as_ref().is_some_and(|every| every.whole)
    }

    /// The projection of a member, or none if the member is skipped. If both a name and `every` select the member, the
    /// projection is the whole value, because a union of the two could grow without bound.
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

    /// The projection of the elements, or none if they are skipped.
    pub(super) fn of_elements(&self) -> Option<&Self> {
        if self.whole { Some(self) } else { self.every.as_deref() }
    }

    fn named(&self, name: MemberName<'_>) -> Option<&Self> {
        /// Up to this many names, a scan is faster than a binary search.
        const SCANNED: usize = 12;
        if self.members.len() <= SCANNED {
            let known = self.members.iter().find(|known| known.name.name() == name);
            return known.map(|known| &known.projection);
        }
        let index = self.members.binary_search_by(|known| known.name.name().text().cmp(name.text())).ok()?;
        self.members.get(index).map(|known| &known.projection)
    }
}
