//! Small numbers of sets that no text satisfies together.

use super::StringSet;
use super::limits::SearchLimits;
use super::search::{Conflict, SearchResult, search};

/// The most searches for one conflict.
const MAX_SEARCHES: usize = 200;

/// Sets that no text satisfies, as few as leaving them out one by one finds. None if some text satisfies all sets, or a limit
/// is reached before that is known.
///
/// A set stays if a search without it reaches a limit, and all sets that are left stay after 200 searches.
#[must_use]
pub fn conflict(required: &[&StringSet], excluded: &[&StringSet], limits: &SearchLimits) -> Option<Conflict> {
    let SearchResult::Empty(mut conflict) = search(required, excluded, limits) else { return None };
    // Required sets first: what excludes them from outside is what people ask for.
    let mut kept = 0;
    for _ in 0..MAX_SEARCHES {
        let Some(smaller) = without(&conflict, kept) else { break };
        let some_required = chosen(required, &smaller.required);
        let some_excluded = chosen(excluded, &smaller.excluded);
        match search(&some_required, &some_excluded, limits) {
            SearchResult::Empty(needed) => {
                conflict = Conflict {
                    required: chosen(&smaller.required, &needed.required),
                    excluded: chosen(&smaller.excluded, &needed.excluded),
                };
            }
            SearchResult::Found(_) | SearchResult::LimitReached(_) => kept += 1,
        }
    }
    Some(conflict)
}

/// The elements at some positions.
fn chosen<T: Copy>(all: &[T], positions: &[usize]) -> Vec<T> {
    positions.iter().filter_map(|position| all.get(*position)).copied().collect()
}

/// A conflict without the set at a position, required sets first.
fn without(conflict: &Conflict, position: usize) -> Option<Conflict> {
    let Conflict { mut required, mut excluded } = conflict.clone();
    if position < required.len() {
        required.remove(position);
    } else if position - required.len() < excluded.len() {
        excluded.remove(position - required.len());
    } else {
        return None;
    }
    Some(Conflict { required, excluded })
}
