//! Under which of its requirements a line is indexed: the one that the fewest lines share.

use super::requirement::{LineRequirement, LineRequirements, TextAlternatives};
use super::shared_conditions::SharedConditions;
use super::text_keys::{TextKeyId, TextKeys};
use crate::pattern::RequiredPosition;
use crate::program::TextSource;
use foldhash::fast::RandomState;
use smallvec::SmallVec;
use std::collections::HashMap;

/// If more lines than this share a text, a second text is looked for.
const LONG: usize = 8;
/// Of a line that requires very many texts, only pairs of the rarest are considered.
const MAX_PAIRED: usize = 4;
/// More pairs of texts than this are not indexed.
const MAX_PAIRS: usize = 64;
/// Fewer regexes of one label or field are tried one by one.
const FEWEST_REGEXES: usize = 4;

/// How a line is indexed.
pub(super) enum IndexStrategy<'n> {
    /// Under texts of the part at that position.
    Texts(usize, &'n TextAlternatives),
    /// Under pairs of texts.
    Pairs(&'n TextAlternatives, &'n TextAlternatives),
    /// Under the number of the part at that position.
    Number(usize),
    /// Under the regex of the part at that position.
    Regex(usize),
    /// Under a shared condition.
    Group(u8),
    /// Under nothing: the line is always tried.
    Rest,
}

/// How often each text, and each pair of common texts, is required.
pub(super) struct RequirementCounts {
    keys: Vec<usize>,
    /// The additional cost of looking for a text, in lines: a short piece is found in many texts.
    scan_costs: Vec<usize>,
    pairs: HashMap<(TextKeyId, TextKeyId), usize, RandomState>,
    regexes: HashMap<TextSource, usize, RandomState>,
}

impl RequirementCounts {
    pub(super) fn of(requirements: &[LineRequirements<'_>], keys: &TextKeys<'_>) -> Self {
        let scan_costs = keys.iter().map(|(_, key)| match key.lookup.how {
            RequiredPosition::Whole => 0,
            RequiredPosition::Prefix => 16 / key.text.len().max(1),
            RequiredPosition::Substring => 64 / key.text.len().max(1),
        });
        let mut counts = Self {
            keys: vec![0; keys.len()],
            scan_costs: scan_costs.collect(),
            pairs: HashMap::default(),
            regexes: HashMap::default(),
        };
        for part in requirements.iter().flat_map(|line| &line.conjuncts) {
            match &part.requirement {
                LineRequirement::Texts(options) => options.iter().for_each(|texts| counts.add(texts)),
                LineRequirement::Regex { source, .. } => *counts.regexes.entry(*source).or_default() += 1,
                LineRequirement::Number { .. } | LineRequirement::Other => {}
            }
        }
        for line in requirements {
            if counts.best(line).is_some_and(|(_, texts)| counts.cost(texts) > LONG) {
                for (first, second) in counts.pairs(line, keys) {
                    for pair in product(first, second) {
                        *counts.pairs.entry(pair).or_default() += 1;
                    }
                }
            }
        }
        counts
    }

    /// How a line with these requirements is indexed.
    pub(super) fn strategy<'n>(
        &self,
        requirements: &'n LineRequirements<'_>,
        keys: &TextKeys<'_>,
        shared: &SharedConditions<'_>,
    ) -> IndexStrategy<'n> {
        if let Some((position, texts)) = self.best(requirements) {
            let cost = self.cost(texts);
            let pair = if cost > LONG { self.best_pair(requirements, keys) } else { None };
            return match pair {
                Some((first, second, pair_cost)) if 2 * pair_cost < cost => IndexStrategy::Pairs(first, second),
                Some(_) | None => IndexStrategy::Texts(position, texts),
            };
        }
        let of_kind = |is: &dyn Fn(&LineRequirement<'_>) -> bool| {
            requirements.conjuncts.iter().position(|part| is(&part.requirement))
        };
        if let Some(number) = of_kind(&|kind| matches!(kind, LineRequirement::Number { .. })) {
            return IndexStrategy::Number(number);
        }
        let group = requirements.conjuncts.iter().filter_map(|part| shared.number(part)).min();
        let many = |source: &TextSource| self.regexes.get(source).is_some_and(|count| *count >= FEWEST_REGEXES);
        let regex = of_kind(&|kind| matches!(kind, LineRequirement::Regex { source, .. } if many(source)));
        match (regex, group) {
            (Some(regex), _) => IndexStrategy::Regex(regex),
            (None, Some(group)) => IndexStrategy::Group(group),
            (None, None) => IndexStrategy::Rest,
        }
    }

    fn add(&mut self, texts: &TextAlternatives) {
        for key in &texts.keys {
            if let Some(count) = self.keys.get_mut(key.position()) {
                *count += 1;
            }
        }
    }

    /// Roughly how many lines are tried for an event that has one of these texts.
    fn cost(&self, texts: &TextAlternatives) -> usize {
        let of = |counts: &[usize], key: &TextKeyId| counts.get(key.position()).copied().unwrap_or_default();
        texts.keys.iter().map(|key| of(&self.keys, key) + of(&self.scan_costs, key)).sum()
    }

    fn best<'n>(&self, requirements: &'n LineRequirements<'_>) -> Option<(usize, &'n TextAlternatives)> {
        let options = requirements.conjuncts.iter().enumerate().flat_map(|(position, part)| match &part.requirement {
            LineRequirement::Texts(options) => options.iter().map(move |texts| (position, texts)).collect(),
            LineRequirement::Number { .. } | LineRequirement::Regex { .. } | LineRequirement::Other => Vec::new(),
        });
        options.min_by_key(|(_, texts)| self.cost(texts))
    }

    fn best_pair<'n>(
        &self,
        requirements: &'n LineRequirements<'_>,
        keys: &TextKeys<'_>,
    ) -> Option<(&'n TextAlternatives, &'n TextAlternatives, usize)> {
        let cost = |(first, second): (&'n TextAlternatives, &'n TextAlternatives)| {
            let count = |pair| self.pairs.get(&pair).copied().unwrap_or_default();
            (first, second, product(first, second).map(count).sum())
        };
        self.pairs(requirements, keys).into_iter().map(cost).min_by_key(|(_, _, cost)| *cost)
    }

    /// Every pair of texts that two labels or fields have to be.
    fn pairs<'n>(
        &self,
        requirements: &'n LineRequirements<'_>,
        keys: &TextKeys<'_>,
    ) -> SmallVec<[(&'n TextAlternatives, &'n TextAlternatives); 4]> {
        let mut certain = SmallVec::<[(TextSource, &'n TextAlternatives); 4]>::new();
        for part in &requirements.conjuncts {
            let LineRequirement::Texts(options) = &part.requirement else { continue };
            certain.extend(options.iter().filter_map(|texts| Some((only_source(texts, keys)?, texts))));
        }
        certain.sort_by_cached_key(|(source, texts)| (self.cost(texts), *source));
        certain.truncate(MAX_PAIRED);
        certain.sort_by_key(|(source, _)| *source);
        let mut pairs = SmallVec::new();
        for (position, (source, first)) in certain.iter().enumerate() {
            for (other, second) in certain.iter().skip(position + 1) {
                if source != other && first.keys.len() * second.keys.len() <= MAX_PAIRS {
                    pairs.push((*first, *second));
                }
            }
        }
        pairs
    }
}

/// The one label or field that has to be one of the texts, if there is one.
fn only_source(texts: &TextAlternatives, keys: &TextKeys<'_>) -> Option<TextSource> {
    let mut places = texts.keys.iter().map(|key| keys.key(*key).map(|key| key.lookup));
    let first = places.next()??;
    let is_one = first.how == RequiredPosition::Whole && places.all(|place| place == Some(first));
    is_one.then_some(first.source)
}

pub(super) fn product<'n>(
    first: &'n TextAlternatives,
    second: &'n TextAlternatives,
) -> impl Iterator<Item = (TextKeyId, TextKeyId)> + use<'n> {
    first.keys.iter().flat_map(|first| second.keys.iter().map(move |second| (*first, *second)))
}
