//! The index while it grows.

use super::choice::{Choice, product};
use super::keys::{Key, KeyId, Keys, Place};
use super::need::{Need, Needs};
use super::shared::Shared;
use crate::pattern::{Fit, How, RegexSet};
use crate::program::{
    Automaton, BlockIndex, Bound, Bounds, Combinations, Filed, Guard, NodeId, Pairs, Patterns, Source, Wholes,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Texts, each with the lines that require it.
type FiledTexts = Vec<(Box<str>, Vec<u32>)>;
/// Pairs of texts, each with the lines that require both.
type FiledPairs = Vec<([Box<str>; 2], Vec<u32>)>;

/// Lines by what they are filed under; ordered, so that the same rules give the same index.
#[derive(Default)]
pub(super) struct Filing<'p> {
    texts: BTreeMap<KeyId, Vec<u32>>,
    pairs: BTreeMap<(KeyId, KeyId), Vec<u32>>,
    numbers: BTreeMap<&'p str, Number>,
    regexes: BTreeMap<Source, Vec<(Fit, u32)>>,
    groups: BTreeMap<u8, Vec<u32>>,
    rest: [Vec<u32>; Combinations::COUNT],
    guards: Vec<Guard>,
}

/// The bounds of a number.
struct Number {
    subject: NodeId,
    least: BTreeMap<Bound, Vec<u32>>,
    most: BTreeMap<Bound, Vec<u32>>,
}

impl<'p> Filing<'p> {
    /// Files the next line.
    pub(super) fn file(&mut self, line: u32, needs: &Needs<'p>, choice: &Choice<'_>, shared: &Shared<'p>) {
        let mut proven = None;
        match *choice {
            Choice::Texts(part, texts) => {
                proven = texts.is_all.then_some(part);
                for key in &texts.keys {
                    self.texts.entry(*key).or_default().push(line);
                }
            }
            Choice::Pairs(first, second) => {
                for pair in product(first, second) {
                    self.pairs.entry(pair).or_default().push(line);
                }
            }
            Choice::Number(part) => {
                proven = Some(part);
                self.number(line, needs, part);
            }
            Choice::Regex(part) => {
                proven = Some(part);
                self.regex(line, needs, part);
            }
            Choice::Group(number) => self.groups.entry(number).or_default().push(line),
            Choice::Rest => {
                for (position, rest) in self.rest.iter_mut().enumerate() {
                    if needs.combinations.holds(position) {
                        rest.push(line);
                    }
                }
            }
        }
        self.guards.push(guard(needs, proven, shared));
    }

    fn number(&mut self, line: u32, needs: &Needs<'p>, part: usize) {
        let Some(Need::Number { subject, words, is_least, bound }) =
            needs.parts.get(part).map(|part| &part.need)
        else {
            return;
        };
        let number = self.numbers.entry(words).or_insert_with(|| Number {
            subject: *subject,
            least: BTreeMap::new(),
            most: BTreeMap::new(),
        });
        let bounds = if *is_least { &mut number.least } else { &mut number.most };
        bounds.entry(*bound).or_default().push(line);
    }

    fn regex(&mut self, line: u32, needs: &Needs<'p>, part: usize) {
        let Some(Need::Regex { source, regex, whole }) = needs.parts.get(part).map(|part| &part.need) else {
            return;
        };
        let fit = Fit { regex: Arc::clone(regex), whole: *whole };
        self.regexes.entry(*source).or_default().push((fit, line));
    }

    /// The index of the lines that were filed.
    pub(super) fn finish(self, keys: &Keys<'p>, shared: &Shared<'p>) -> BlockIndex {
        let mut places: BTreeMap<Place, FiledTexts> = BTreeMap::new();
        for (id, filed) in self.texts {
            if let Some(Key { place, text }) = keys.key(id) {
                places.entry(*place).or_default().push((text.as_ref().into(), filed));
            }
        }
        let (mut wholes, mut automata, mut rest) = (Vec::new(), Vec::new(), self.rest);
        for (Place { how, source, ignore_case }, texts) in places {
            match how {
                How::Whole => wholes.push(Wholes::new(source, ignore_case, texts)),
                How::Start | How::Piece => {
                    match Automaton::new(source, ignore_case, how == How::Start, &texts) {
                        Some(automaton) => automata.push(automaton),
                        None => texts.iter().for_each(|(_, lines)| add(&mut rest, lines)),
                    }
                }
            }
        }
        automata.sort_by_key(Filed::source);
        BlockIndex {
            wholes: wholes.into(),
            pairs: pairs(self.pairs, keys),
            automata: automata.into(),
            bounds: (self.numbers.into_values())
                .map(|Number { subject, least, most }| Bounds::new(subject, least, most))
                .collect(),
            patterns: patterns(&self.regexes),
            shared: shared.conditions.as_slice().into(),
            groups: self.groups.into_iter().map(|(number, lines)| (number, lines.into())).collect(),
            rest: rest.map(Into::into),
            guards: self.guards.into(),
        }
    }
}

/// Files lines nowhere else.
fn add(rest: &mut [Vec<u32>; Combinations::COUNT], lines: &[u32]) {
    for rest in rest {
        rest.extend(lines);
        rest.sort_unstable();
        rest.dedup();
    }
}

/// What a line requires besides the part that being found proves.
fn guard(needs: &Needs<'_>, proven: Option<usize>, shared: &Shared<'_>) -> Guard {
    let (mut bits, mut is_all) = (0, true);
    for (position, part) in needs.parts.iter().enumerate() {
        if proven == Some(position) || part.condition.is_none() {
            continue;
        }
        match shared.number(part) {
            Some(number) => bits |= 1 << number,
            None => is_all = false,
        }
    }
    Guard::new(needs.combinations, bits, is_all)
}

fn pairs(filed: BTreeMap<(KeyId, KeyId), Vec<u32>>, keys: &Keys<'_>) -> Box<[Pairs]> {
    let mut by_sources: BTreeMap<[(Source, bool); 2], FiledPairs> = BTreeMap::new();
    for ((first, second), lines) in filed {
        let (Some(first), Some(second)) = (keys.key(first), keys.key(second)) else { continue };
        let sources = [first, second].map(|key| (key.place.source, key.place.ignore_case));
        let texts = [first, second].map(|key| key.text.as_ref().into());
        by_sources.entry(sources).or_default().push((texts, lines));
    }
    by_sources.into_iter().map(|(sources, pairs)| Pairs::new(sources, pairs)).collect()
}

fn patterns(filed: &BTreeMap<Source, Vec<(Fit, u32)>>) -> Box<[Patterns]> {
    let sets = filed.iter().flat_map(|(source, required)| {
        required.chunks(RegexSet::MOST).map(|set| Patterns::new(*source, set))
    });
    sets.collect()
}
