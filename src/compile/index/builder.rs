//! Builds the index of a block.

use super::requirement::{LineRequirement, LineRequirements, RequiredBound};
use super::shared_conditions::SharedConditions;
use super::strategy::{IndexStrategy, product};
use super::text_keys::{TextKey, TextKeyId, TextKeys, TextLookup};
use crate::pattern::{RegexPatternSet, RegexPredicate, RequiredPosition};
use crate::program::{
    BlockIndex, CasedTextSource, LineGuard, NodeId, NumberBound, NumberIndex, RegexIndex, SeverityStatusSet,
    SourceIndex, SubstringIndex, TextIndex, TextPairIndex, TextSource,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Texts, each with the lines that require it.
type TextPostings = Vec<(Box<str>, Vec<u32>)>;
/// Pairs of texts, each with the lines that require both.
type TextPairPostings = Vec<([Box<str>; 2], Vec<u32>)>;

/// Lines by what they are indexed under; ordered, so that the same rules give the same index.
#[derive(Default)]
pub(super) struct BlockIndexBuilder<'p> {
    texts: BTreeMap<TextKeyId, Vec<u32>>,
    pairs: BTreeMap<(TextKeyId, TextKeyId), Vec<u32>>,
    numbers: BTreeMap<&'p str, NumberBounds>,
    regexes: BTreeMap<TextSource, Vec<(RegexPredicate, u32)>>,
    groups: BTreeMap<u8, Vec<u32>>,
    rest: [Vec<u32>; SeverityStatusSet::COUNT],
    guards: Vec<LineGuard>,
}

/// The bounds of a number.
struct NumberBounds {
    subject: NodeId,
    least: BTreeMap<NumberBound, Vec<u32>>,
    most: BTreeMap<NumberBound, Vec<u32>>,
}

impl<'p> BlockIndexBuilder<'p> {
    /// Adds the next line.
    pub(super) fn add_line(
        &mut self,
        line: u32,
        requirements: &LineRequirements<'p>,
        strategy: &IndexStrategy<'_>,
        shared: &SharedConditions<'p>,
    ) {
        let mut proven = None;
        match *strategy {
            IndexStrategy::Texts(part, texts) => {
                proven = texts.is_all.then_some(part);
                for key in &texts.keys {
                    self.texts.entry(*key).or_default().push(line);
                }
            }
            IndexStrategy::Pairs(first, second) => {
                for pair in product(first, second) {
                    self.pairs.entry(pair).or_default().push(line);
                }
            }
            IndexStrategy::Number(part) => {
                proven = Some(part);
                self.number(line, requirements, part);
            }
            IndexStrategy::Regex(part) => {
                proven = Some(part);
                self.regex(line, requirements, part);
            }
            IndexStrategy::Group(number) => self.groups.entry(number).or_default().push(line),
            IndexStrategy::Rest => {
                for (position, rest) in self.rest.iter_mut().enumerate() {
                    if requirements.combinations.holds(position) {
                        rest.push(line);
                    }
                }
            }
        }
        self.guards.push(guard(requirements, proven, shared));
    }

    fn number(&mut self, line: u32, requirements: &LineRequirements<'p>, part: usize) {
        let Some(LineRequirement::Number { subject, source_text, bound }) =
            requirements.conjuncts.get(part).map(|part| &part.requirement)
        else {
            return;
        };
        let number = self.numbers.entry(source_text).or_insert_with(|| NumberBounds {
            subject: *subject,
            least: BTreeMap::new(),
            most: BTreeMap::new(),
        });
        let (bounds, bound) = match bound {
            RequiredBound::Least(bound) => (&mut number.least, bound),
            RequiredBound::Most(bound) => (&mut number.most, bound),
        };
        bounds.entry(*bound).or_default().push(line);
    }

    fn regex(&mut self, line: u32, requirements: &LineRequirements<'p>, part: usize) {
        let Some(LineRequirement::Regex { source, regex, scope }) =
            requirements.conjuncts.get(part).map(|part| &part.requirement)
        else {
            return;
        };
        let fit = RegexPredicate { regex: Arc::clone(regex), scope: *scope };
        self.regexes.entry(*source).or_default().push((fit, line));
    }

    /// The index of the lines that were added.
    pub(super) fn finish(self, keys: &TextKeys<'p>, shared: &SharedConditions<'p>) -> BlockIndex {
        let mut by_lookup: BTreeMap<TextLookup, TextPostings> = BTreeMap::new();
        for (id, lines) in self.texts {
            if let Some(TextKey { lookup, text }) = keys.key(id) {
                by_lookup.entry(*lookup).or_default().push((text.as_ref().into(), lines));
            }
        }
        let (mut whole_texts, mut substrings, mut rest) = (Vec::new(), Vec::new(), self.rest);
        for (TextLookup { how, source, case }, texts) in by_lookup {
            match how {
                RequiredPosition::Whole => whole_texts.push(TextIndex::new(source, case, texts)),
                RequiredPosition::Prefix | RequiredPosition::Substring => {
                    match SubstringIndex::new(source, case, how, &texts) {
                        Some(index) => substrings.push(index),
                        None => texts.iter().for_each(|(_, lines)| add(&mut rest, lines)),
                    }
                }
            }
        }
        substrings.sort_by_key(SourceIndex::source);
        BlockIndex {
            texts: whole_texts.into(),
            text_pairs: pairs(self.pairs, keys),
            substrings: substrings.into(),
            numbers: (self.numbers.into_values())
                .map(|NumberBounds { subject, least, most }| NumberIndex::new(subject, least, most))
                .collect(),
            regexes: regex_indexes(&self.regexes),
            shared_conditions: shared.conditions.as_slice().into(),
            condition_groups: self.groups.into_iter().map(|(number, lines)| (number, lines.into())).collect(),
            rest: rest.map(Into::into),
            guards: self.guards.into(),
        }
    }
}

/// Adds lines to those that are always tried.
fn add(rest: &mut [Vec<u32>; SeverityStatusSet::COUNT], lines: &[u32]) {
    for rest in rest {
        rest.extend(lines);
        rest.sort_unstable();
        rest.dedup();
    }
}

/// What a line requires besides the part that the index has proven.
fn guard(requirements: &LineRequirements<'_>, proven: Option<usize>, shared: &SharedConditions<'_>) -> LineGuard {
    let (mut bits, mut is_complete) = (0, true);
    for (position, part) in requirements.conjuncts.iter().enumerate() {
        if proven == Some(position) || part.condition.is_none() {
            continue;
        }
        match shared.number(part) {
            Some(number) => bits |= 1 << number,
            None => is_complete = false,
        }
    }
    let guard = LineGuard::new(requirements.combinations, bits);
    if is_complete { guard.complete() } else { guard }
}

fn pairs(lines_by_pair: BTreeMap<(TextKeyId, TextKeyId), Vec<u32>>, keys: &TextKeys<'_>) -> Box<[TextPairIndex]> {
    let mut by_sources: BTreeMap<[CasedTextSource; 2], TextPairPostings> = BTreeMap::new();
    for ((first, second), lines) in lines_by_pair {
        let (Some(first), Some(second)) = (keys.key(first), keys.key(second)) else { continue };
        let sources = [first, second].map(|key| CasedTextSource { source: key.lookup.source, case: key.lookup.case });
        let texts = [first, second].map(|key| key.text.as_ref().into());
        by_sources.entry(sources).or_default().push((texts, lines));
    }
    by_sources.into_iter().map(|(sources, pairs)| TextPairIndex::new(sources, pairs)).collect()
}

fn regex_indexes(by_source: &BTreeMap<TextSource, Vec<(RegexPredicate, u32)>>) -> Box<[RegexIndex]> {
    let sets = by_source.iter().flat_map(|(source, required)| {
        required.chunks(RegexPatternSet::MAX_REGEXES).map(|set| RegexIndex::new(*source, set))
    });
    sets.collect()
}
