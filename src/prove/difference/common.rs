//! Which entries of two lists stay in place.

use std::collections::BTreeMap;

/// Pairs of positions of equal entries, ascending in both lists. They are many where the lists differ in a few entries;
/// that there are no more of them is not promised.
pub(super) fn common_entries<T: Copy + Ord>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let before = old.iter().zip(new).take_while(|(one, two)| one == two).count();
    let (old_rest, new_rest) = (old.get(before..).unwrap_or_default(), new.get(before..).unwrap_or_default());
    let after = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, two)| one == two).count();
    let old_inner = old_rest.get(..old_rest.len() - after).unwrap_or_default();
    let new_inner = new_rest.get(..new_rest.len() - after).unwrap_or_default();
    let inner = longest_ascending(&pairs(old_inner, new_inner));
    let first = (0..before).map(|at| (at, at));
    let last = (0..after).rev().map(|from_end| (old.len() - 1 - from_end, new.len() - 1 - from_end));
    first.chain(inner.into_iter().map(|(one, two)| (before + one, before + two))).chain(last).collect()
}

/// The first of equal entries with the first, the second with the second, and so on; ascending by the old position.
fn pairs<T: Copy + Ord>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let mut places: BTreeMap<T, Vec<usize>> = BTreeMap::new();
    for (at, entry) in new.iter().enumerate().rev() {
        places.entry(*entry).or_default().push(at);
    }
    let pair = |(at, entry)| Some((at, places.get_mut(entry)?.pop()?));
    old.iter().enumerate().filter_map(pair).collect()
}

/// A longest part of the pairs in which the second positions ascend as well.
fn longest_ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, the pair with the least second position that ends such a part.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let second = |at: usize| pairs.get(at).map_or(0, |pair| pair.1);
    for at in 0..pairs.len() {
        let length = ends.partition_point(|end| second(*end) < second(at));
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter)).copied());
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut chosen: Vec<(usize, usize)> = std::iter::successors(ends.last().copied(), |at| *before.get(*at)?)
        .filter_map(|at| pairs.get(at).copied())
        .collect();
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::common_entries;

    #[test]
    fn entries_that_stay_are_paired_in_order() {
        let pairs = |old: &str, new: &str| {
            let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
            common_entries(&old, &new).into_iter().map(|(one, _)| old[one]).collect::<String>()
        };
        assert_eq!(pairs("abc", "abc"), "abc");
        assert_eq!(pairs("abcd", "axcd"), "acd");
        assert_eq!(pairs("abcde", "bcdae"), "bcde");
        assert_eq!(pairs("aab", "aba"), "ab");
        assert_eq!(pairs("", "abc"), "");
        assert_eq!(pairs("abc", "cba").len(), 1);
    }
}
