//! Searches for a text that is in some sets and not in others.

use super::explorer::{Exploration, Explorer, Part, PartRole};
use super::limits::{SearchCharacters, SearchLimit, SearchLimits};
use super::readable::is_plain;
use super::walker::Walker;
use super::{Case, StringSet};
use std::collections::{BTreeMap, BTreeSet};

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchResult {
    /// A text: a shortest one of those with the plainest characters, unless the sets need many states together.
    Found(String),
    /// No text is in all required sets and in no excluded one. The sets that the search needed are named.
    Empty(Conflict),
    /// A limit was reached, and nothing is known.
    LimitReached(SearchLimit),
}

/// Sets that no text satisfies, by their positions in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conflict {
    /// Positions of required sets.
    pub required: Vec<usize>,
    /// Positions of excluded sets.
    pub excluded: Vec<usize>,
}

/// Searches for a text that is in all required sets and in no excluded one.
#[must_use]
pub fn search(required: &[&StringSet], excluded: &[&StringSet], limits: &SearchLimits) -> SearchResult {
    let question = Question { required, excluded };
    if let Some(conflict) = question.opposites() {
        return SearchResult::Empty(conflict);
    }
    match question.among_words(limits) {
        Some(result) => result,
        None => question.by_automata(limits),
    }
    .unwrap_or_else(SearchResult::LimitReached)
}

/// The sets of a search. Their common positions count the required ones first.
struct Question<'q> {
    required: &'q [&'q StringSet],
    excluded: &'q [&'q StringSet],
}

impl<'q> Question<'q> {
    /// A set that is both required and excluded.
    fn opposites(&self) -> Option<Conflict> {
        let mut required: Vec<(&StringSet, usize)> = self.required.iter().copied().zip(0..).collect();
        required.sort_unstable();
        self.excluded.iter().enumerate().find_map(|(position, set)| {
            let place = required.binary_search_by(|(other, _)| other.cmp(set)).ok()?;
            Some(Conflict { required: vec![required.get(place)?.1], excluded: vec![position] })
        })
    }

    /// The result if some required set has few texts, of which each is tested.
    fn among_words(&self, limits: &SearchLimits) -> Option<Result<SearchResult, SearchLimit>> {
        let lists = self.required.iter().enumerate().filter_map(|(position, set)| Some((position, set.words()?)));
        let (position, words) = lists.min_by_key(|(_, words)| words.len())?;
        Some(self.test_words(position, words, limits))
    }

    fn test_words(&self, list: usize, words: &[Box<str>], limits: &SearchLimits) -> Result<SearchResult, SearchLimit> {
        let mut words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        words.sort_by_cached_key(|word| (!is_plain(word), word.chars().count()));
        let is_cut = words.len() > limits.words;
        words.truncate(limits.words);
        let mut tests = self.tests(list)?;
        let mut needed = vec![list];
        let found = first_passing(&words, &mut tests, limits, &mut needed);
        limits.counter.add(words.len() + tests.iter().map(WordTest::work).sum::<usize>());
        match found? {
            Some(word) => Ok(SearchResult::Found(word.to_owned())),
            None if is_cut => Err(SearchLimit::Words(limits.words)),
            None => Ok(SearchResult::Empty(self.conflict(needed))),
        }
    }

    /// The tests of all sets except one.
    fn tests(&self, except: usize) -> Result<Vec<WordTest<'q>>, SearchLimit> {
        let mut all = Vec::new();
        for (position, (role, set)) in self.sets().enumerate().filter(|(position, _)| *position != except) {
            let walker = if set.words().is_some() { None } else { Some(Walker::new(set.automaton()?)?) };
            all.push(WordTest { position, role, set, walker });
        }
        Ok(all)
    }

    fn sets(&self) -> impl Iterator<Item = (PartRole, &'q StringSet)> {
        let required = self.required.iter().map(|set| (PartRole::Required, *set));
        required.chain(self.excluded.iter().map(|set| (PartRole::Excluded, *set)))
    }

    #[expect(clippy::mutable_key_type, reason = "sets are ordered by what they were made of, which does not change")]
    fn by_automata(&self, limits: &SearchLimits) -> Result<SearchResult, SearchLimit> {
        let groups =
            [self.group(Case::Sensitive, StringSet::words), self.group(Case::Ignored, StringSet::folded_words)];
        let groups: Vec<WordGroup> = groups.into_iter().flatten().collect();
        let mut parts = Vec::new();
        let mut known = BTreeSet::new();
        for (position, (role, set)) in self.sets().enumerate() {
            let is_grouped = role == PartRole::Excluded && groups.iter().any(|group| group.members.contains(&position));
            if !is_grouped && known.insert((role, set)) {
                parts.push(Part { walker: Walker::new(set.automaton()?)?, role, owners: vec![position] });
            }
        }
        for group in &groups {
            let walker = Walker::new(group.set.automaton()?)?;
            parts.push(Part { walker, role: PartRole::Excluded, owners: group.owners.clone() });
        }
        match Explorer::new(parts, limits).run()? {
            Exploration::Found(text) => Ok(SearchResult::Found(text)),
            Exploration::Exhausted(needed) => Ok(SearchResult::Empty(self.conflict(needed))),
        }
    }

    /// All excluded lists of literals as one set, if there are several. One tree is faster than many.
    fn group(&self, case: Case, words_of: fn(&StringSet) -> Option<&[Box<str>]>) -> Option<WordGroup> {
        let mut members = BTreeSet::new();
        let mut owners = BTreeMap::new();
        for (position, (role, set)) in self.sets().enumerate() {
            if let Some(words) = words_of(set).filter(|_| role == PartRole::Excluded) {
                members.insert(position);
                for word in words {
                    owners.entry(&**word).or_insert(position);
                }
            }
        }
        let set = StringSet::literals(owners.keys().copied(), case);
        (members.len() > 1).then(|| WordGroup { set, members, owners: owners.into_values().collect() })
    }

    fn conflict(&self, mut needed: Vec<usize>) -> Conflict {
        needed.sort_unstable();
        needed.dedup();
        let required = self.required.len();
        let split = needed.partition_point(|position| *position < required);
        let excluded = needed.split_off(split).into_iter().map(|position| position - required).collect();
        Conflict { required: needed, excluded }
    }
}

/// The first word that passes all tests, and the positions of those that refuse the words before it.
fn first_passing<'w>(
    words: &[&'w str],
    tests: &mut [WordTest<'_>],
    limits: &SearchLimits,
    refusing: &mut Vec<usize>,
) -> Result<Option<&'w str>, SearchLimit> {
    'words: for word in words {
        if limits.allowed == SearchCharacters::Plain && !is_plain(word) {
            continue;
        }
        for test in &mut *tests {
            if !test.passes(word, limits)? {
                refusing.push(test.position);
                continue 'words;
            }
        }
        return Ok(Some(word));
    }
    Ok(None)
}

/// Several excluded lists of literals.
struct WordGroup {
    set: StringSet,
    /// The positions of the lists.
    members: BTreeSet<usize>,
    /// The position of the list that each text is from, in the order of the texts.
    owners: Vec<usize>,
}

/// A test of one text.
struct WordTest<'q> {
    position: usize,
    role: PartRole,
    set: &'q StringSet,
    /// None if the set is a list.
    walker: Option<Walker<'q>>,
}

impl WordTest<'_> {
    /// How much the test took so far.
    fn work(&self) -> usize {
        self.walker.as_ref().map_or(1, Walker::work)
    }

    fn passes(&mut self, word: &str, limits: &SearchLimits) -> Result<bool, SearchLimit> {
        let holds = match &mut self.walker {
            Some(walker) => walker.holds(word, limits.steps)?,
            None => self.set.holds(word, limits)?,
        };
        Ok(holds == (self.role == PartRole::Required))
    }
}
