//! Lines that require a number to lie above or below a bound.

use super::{Posting, Postings};
use crate::json::Number;
use crate::program::NodeId;
use std::collections::BTreeMap;

/// The lines by the bounds of one number.
#[derive(Debug)]
pub struct NumberIndex {
    /// The expression that gives the number.
    pub subject: NodeId,
    least: SortedBounds,
    most: SortedBounds,
}

/// A bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberBound {
    /// The number.
    pub number: Number,
    /// Whether the number itself is excluded.
    pub is_strict: bool,
}

/// Bounds and their lines, sorted so that a number satisfies the first ones and none of the rest.
#[derive(Debug)]
struct SortedBounds {
    bounds: Box<[(NumberBound, Posting)]>,
    lines: Postings,
}

impl NumberIndex {
    /// The lines that require the number to lie above each bound of `least`, or below each of `most`.
    #[must_use]
    pub fn new(subject: NodeId, least: BTreeMap<NumberBound, Vec<u32>>, most: BTreeMap<NumberBound, Vec<u32>>) -> Self {
        // From the weakest bound to the strongest: for equal numbers, the bound that includes it comes first.
        let least = SortedBounds::new(least.into_iter());
        let mut most: Vec<_> = most.into_iter().collect();
        most.sort_by(|(left, _), (right, _)| right.number.cmp(&left.number).then(left.is_strict.cmp(&right.is_strict)));
        Self { subject, least, most: SortedBounds::new(most.into_iter()) }
    }

    /// Calls `found` with the lines of every bound that the number satisfies.
    pub fn find<'i>(&'i self, number: Number, mut found: impl FnMut(&'i [u32])) {
        self.least.find(|bound| bound.number < number || (bound.number == number && !bound.is_strict), &mut found);
        self.most.find(|bound| bound.number > number || (bound.number == number && !bound.is_strict), &mut found);
    }
}

impl SortedBounds {
    fn new(bounds: impl Iterator<Item = (NumberBound, Vec<u32>)>) -> Self {
        let mut lines = Postings::default();
        let bounds = bounds.map(|(bound, of_bound)| (bound, lines.add(&of_bound))).collect();
        Self { bounds, lines: lines.shrunk() }
    }

    fn find<'i>(&'i self, satisfied: impl Fn(&NumberBound) -> bool, found: &mut impl FnMut(&'i [u32])) {
        let end = self.bounds.partition_point(|(bound, _)| satisfied(bound));
        for (_, posting) in self.bounds.get(..end).unwrap_or_default() {
            found(self.lines.of(posting));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NodeId, NumberBound, NumberIndex};
    use crate::json::Number;
    use std::collections::BTreeMap;

    #[test]
    fn a_number_finds_the_bounds_that_it_satisfies() {
        let bound = |text: &str, is_strict| NumberBound { number: text.parse().unwrap(), is_strict };
        let least = [(bound("3", false), 0), (bound("3.0", true), 1), (bound("-2.5", true), 2)];
        let most = [(bound("3", false), 3), (bound("3", true), 4), (bound("1e30", false), 5)];
        let with_lines = |bounds: [(NumberBound, u32); 3]| bounds.map(|(bound, line)| (bound, vec![line]));
        let bounds = NumberIndex::new(NodeId(0), BTreeMap::from(with_lines(least)), BTreeMap::from(with_lines(most)));
        let found = |text: &str| {
            let mut found = Vec::new();
            bounds.find(text.parse::<Number>().unwrap(), |lines| found.extend_from_slice(lines));
            found.sort_unstable();
            found
        };
        assert_eq!(found("3"), [0, 2, 3, 5]);
        assert_eq!(found("3.5"), [0, 1, 2, 5]);
        assert_eq!(found("-2.5"), [3, 4, 5]);
        assert_eq!(found("-2"), [2, 3, 4, 5]);
        assert_eq!(found("2e30"), [0, 1, 2]);
    }
}
