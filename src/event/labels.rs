//! The labels of an event.

use crate::json::{Arena, MemberName, Stack};
use std::collections::HashMap;

/// Up to this many labels, a scan is faster than an index.
const SCANNED: usize = 32;

/// Labels with unique names, in the order in which they were first set.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    entries: &'a [(MemberName<'a>, &'a str)],
    /// Indexes of entries, sorted by name; empty if there are few enough to be scanned.
    by_name: &'a [u32],
    /// The payload, into which most labels point.
    source: &'a [u8],
}

impl<'a> Labels<'a> {
    /// Labels from names and values. The last value of a repeated name counts.
    #[must_use]
    pub fn of(entries: impl IntoIterator<Item = (&'a str, &'a str)>, arena: &'a Arena) -> Self {
        let mut labels = LabelsBuilder::new(arena);
        for (name, value) in entries {
            labels.set(MemberName::new(name), value);
        }
        labels.finish(&[])
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let index = self.index_of(MemberName::new(name))?;
        self.entries.get(index as usize).map(|(_, value)| *value)
    }

    /// Names and values in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        self.entries.iter().map(|(name, value)| (name.text(), *value))
    }

    /// The index of a label.
    #[inline]
    #[must_use]
    pub fn index_of(&self, name: MemberName<'_>) -> Option<u32> {
        if self.by_name.is_empty() {
            let mut indexes = self.entries.iter().zip(0..);
            return indexes.find(|((known, _), _)| *known == name).map(|(_, index)| index);
        }
        let text_at = |index: u32| self.entries.get(index as usize).map_or("", |(name, _)| name.text());
        let found = self.by_name.binary_search_by(|&index| text_at(index).cmp(name.text())).ok()?;
        self.by_name.get(found).copied()
    }

    /// Names, as [`MemberName`], and values in order.
    #[must_use]
    pub fn entries(&self) -> &'a [(MemberName<'a>, &'a str)] {
        self.entries
    }

    /// How many of the first entries are adjacent members in the payload, and the JSON text of these members there. That
    /// text has no blanks and no escapes.
    pub(super) fn contiguous_prefix(&self, entries: &[(MemberName<'a>, &'a str)]) -> (usize, &'a [u8]) {
        // A text that points into the payload is a string without an escape, or a part of one.
        let offset = |text: &str| text.as_ptr().addr().wrapping_sub(self.source.as_ptr().addr());
        let is_at = |at: usize, text: &[u8]| self.source.get(at..at.wrapping_add(text.len())) == Some(text);
        let Some((first, _)) = entries.first() else { return (0, &[]) };
        let start = offset(first.text()).wrapping_sub(1);
        let mut end = start;
        let mut count = 0;
        for (name, value) in entries {
            let name = name.text();
            let opening: &[u8] = if count == 0 { b"\"" } else { b",\"" };
            let name_start = end.wrapping_add(opening.len());
            let name_end = name_start.wrapping_add(name.len());
            let value_start = name_end.wrapping_add(3);
            let value_end = value_start.wrapping_add(value.len());
            let is_next = offset(name) == name_start
                && offset(value) == value_start
                && is_at(end, opening)
                && is_at(name_end, b"\":\"")
                && is_at(value_end, b"\"");
            if !is_next {
                break;
            }
            end = value_end + 1;
            count += 1;
        }
        (count, self.source.get(start..end).unwrap_or_default())
    }

    /// The number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no labels.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl PartialEq for Labels<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

/// Collects the labels of an event.
///
/// Few labels are scanned. Many labels get an index, so that setting them takes linear time.
#[derive(Debug)]
pub struct LabelsBuilder<'a> {
    entries: Stack<'a, (MemberName<'a>, &'a str)>,
    index: HashMap<&'a str, usize>,
    arena: &'a Arena,
}

impl<'a> LabelsBuilder<'a> {
    /// No labels yet.
    #[must_use]
    pub fn new(arena: &'a Arena) -> Self {
        Self { entries: Stack::with_room(16, arena), index: HashMap::new(), arena }
    }

    /// Sets a label, and replaces an earlier value.
    pub fn set(&mut self, name: MemberName<'a>, value: &'a str) {
        match self.position(name) {
            Some(index) => self.entries.replace(index, (name, value)),
            None => self.push(name, value),
        }
    }

    /// Sets labels with unique names.
    pub fn extend(&mut self, labels: impl IntoIterator<Item = (MemberName<'a>, &'a str)>) {
        let is_new = self.entries.is_empty();
        for (name, value) in labels {
            if is_new { self.push(name, value) } else { self.set(name, value) }
        }
    }

    /// The labels that were set. `source` is the payload, into which most of them point.
    #[must_use]
    pub fn finish(self, source: &'a [u8]) -> Labels<'a> {
        let entries = self.entries.into_slice();
        if entries.len() <= SCANNED {
            return Labels { entries, by_name: &[], source };
        }
        let mut indexes: Vec<(&str, u32)> = entries.iter().map(|(name, _)| name.text()).zip(0..).collect();
        indexes.sort_unstable();
        let by_name = self.arena.collect(indexes.into_iter().map(|(_, index)| index));
        Labels { entries, by_name, source }
    }

    fn push(&mut self, name: MemberName<'a>, value: &'a str) {
        if self.entries.len() >= SCANNED {
            self.index(name.text());
        }
        self.entries.push((name, value));
    }

    fn index(&mut self, new: &'a str) {
        if self.index.is_empty() {
            self.index.extend(self.entries.since(0).iter().map(|(name, _)| name.text()).zip(0..));
        }
        self.index.insert(new, self.entries.len());
    }

    fn position(&self, name: MemberName<'_>) -> Option<usize> {
        if self.index.is_empty() {
            self.entries.since(0).iter().position(|(known, _)| *known == name)
        } else {
            self.index.get(name.text()).copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, LabelsBuilder};
    use crate::json::{Arena, MemberName, ToJson};

    fn standing<'a>(entries: &[(&'a str, &'a str)], source: &'a str, arena: &'a Arena) -> Labels<'a> {
        let mut labels = LabelsBuilder::new(arena);
        for (name, value) in entries {
            labels.set(MemberName::new(name), value);
        }
        labels.finish(source.as_bytes())
    }

    /// Labels that point into the payload are written like others, whatever part of it they point to.
    #[test]
    fn labels_that_stand_in_the_payload_are_written_as_others_are() {
        let source = r#"{"a":"bcd","e":"","f":"g","h": "i","j":"k\"l","m":"n"}"#;
        let arena = Arena::new();
        let texts = ["a", "bcd", "bc", "cd", "", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];
        let texts = texts.map(|text| {
            let start = source.find(&format!("\"{text}")).map_or_else(|| source.find(text).unwrap(), |at| at + 1);
            source.get(start..start + text.len()).unwrap()
        });
        let pairs: Vec<_> = texts.iter().flat_map(|name| texts.map(|value| (*name, value))).collect();
        for first in &pairs {
            for second in &pairs {
                let entries = [*first, *second, ("m", texts[14])];
                let standing = standing(&entries, source, &arena);
                assert_eq!(standing.to_json(), Labels::of(entries, &arena).to_json(), "{entries:?}");
            }
        }
        let entries = [(texts[0], texts[1]), (texts[5], source.get(16..16).unwrap()), (texts[6], texts[7])];
        let labels = standing(&entries, source, &arena);
        let (count, text) = labels.contiguous_prefix(labels.entries());
        assert_eq!((count, text), (3, &br#""a":"bcd","e":"","f":"g""#[..]));
    }
}
