//! The lines of a block that an event may hit, by its index.

use super::interpreter::Interpreter;
use super::observer::Observer;
use crate::model::EventField;
use crate::program::{BlockIndex, CasedTextSource, SeverityStatusSet, SourceIndex, TextSource};
use crate::value::RuntimeValue;
use smallvec::SmallVec;
use std::vec;

/// More lists than this are sorted into one.
const MERGED: usize = 12;

/// Sorted lists of lines, merged while they are read: after a line that decides, the rest is not read.
pub(super) enum CandidateLines<'p> {
    Few(SmallVec<[&'p [u32]; MERGED]>),
    /// Not in the arena, which keeps everything until all elements of the payload are evaluated.
    Many(vec::IntoIter<u32>),
}

impl Iterator for CandidateLines<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let lists = match self {
            Self::Few(lists) => lists,
            Self::Many(sorted) => return sorted.next(),
        };
        if let [list] = lists.as_mut_slice() {
            let (first, rest) = list.split_first()?;
            *list = rest;
            return Some(*first);
        }
        let next = *lists.iter().filter_map(|list| list.first()).min()?;
        for list in lists {
            if let Some((first, rest)) = list.split_first()
                && *first == next
            {
                *list = rest;
            }
        }
        Some(next)
    }
}

/// The shared conditions of a block that are decided for an event.
pub(super) struct SharedConditionCache<'p> {
    index: &'p BlockIndex,
    known: u64,
    held: u64,
}

impl<'p> SharedConditionCache<'p> {
    pub(super) fn of(index: &'p BlockIndex) -> Self {
        Self { index, known: 0, held: 0 }
    }

    /// Whether all of some conditions hold, a bit for each.
    #[inline]
    pub(super) fn hold<'v, O: Observer>(&mut self, wanted: u64, interpreter: &mut Interpreter<'p, 'v, '_, O>) -> bool
    where
        'p: 'v,
    {
        wanted & !self.held == 0 || self.decide(wanted, interpreter)
    }

    fn decide<'v, O: Observer>(&mut self, wanted: u64, interpreter: &mut Interpreter<'p, 'v, '_, O>) -> bool
    where
        'p: 'v,
    {
        let mut unknown = wanted & !self.known;
        while unknown != 0 && wanted & self.known & !self.held == 0 {
            let number = unknown.trailing_zeros();
            let condition = self.index.shared_conditions.get(number as usize);
            let holds = condition.is_some_and(|condition| interpreter.holds(*condition));
            self.known |= 1 << number;
            self.held |= u64::from(holds) << number;
            unknown &= unknown - 1;
        }
        wanted & !self.held == 0
    }
}

impl<'p: 'v, 'v, O: Observer> Interpreter<'p, 'v, '_, O> {
    /// The lines that the event may hit; `None` if finding them would read too much.
    pub(super) fn candidates(
        &mut self,
        index: &'p BlockIndex,
        combination: usize,
        shared: &mut SharedConditionCache<'p>,
    ) -> Option<CandidateLines<'v>> {
        if self.remaining.index == 0 {
            return None;
        }
        // Reading for the index does not reduce the budget of the lines.
        std::mem::swap(&mut self.remaining.work, &mut self.remaining.index);
        let candidates = self.collect_candidates(index, combination, shared);
        std::mem::swap(&mut self.remaining.work, &mut self.remaining.index);
        (self.remaining.index > 0).then_some(candidates)
    }

    fn collect_candidates(
        &mut self,
        index: &'p BlockIndex,
        combination: usize,
        shared: &mut SharedConditionCache<'p>,
    ) -> CandidateLines<'v> {
        let mut lists = SmallVec::<[&'v [u32]; MERGED]>::new();
        let mut add = |list: &'v [u32]| {
            if !list.is_empty() {
                lists.push(list);
            }
        };
        self.visit_indexes(&index.texts, |interpreter, texts, source| {
            if let Some(text) = interpreter.source(source) {
                add(texts.case.with_folded(text, |text| texts.find(text)));
            }
        });
        self.visit_indexes(&index.text_pairs, |interpreter, pairs, source| {
            let [CasedTextSource { case, .. }, other] = pairs.sources;
            if let (Some(first), Some(second)) =
                (interpreter.source(source), interpreter.source(other.source))
            {
                add(case.with_folded(first, |first| {
                    other.case.with_folded(second, |second| pairs.find(first, second))
                }));
            }
        });
        self.visit_indexes(&index.substrings, |interpreter, automaton, source| {
            if let Some(text) = interpreter.source(source) {
                automaton.case.with_folded(text, |text| automaton.find(text, &mut add));
            }
        });
        self.visit_indexes(&index.regexes, |interpreter, patterns, source| {
            // A regex may take long on a long text, and there may be very many sets of them.
            if let Some(text) = interpreter.source(source)
                && interpreter.may_spend(text.len())
            {
                patterns.find(text, &mut add);
            }
        });
        for bounds in &index.numbers {
            if let RuntimeValue::Number(number) = self.value(bounds.subject) {
                bounds.find(number, &mut add);
            }
        }
        for (number, lines) in &index.condition_groups {
            if shared.hold(1 << number, self) {
                add(lines);
            }
        }
        add(index.rest.get(combination).map_or(&[], |rest| rest));
        if lists.len() > MERGED {
            let mut lines = lists.concat();
            lines.sort_unstable();
            lines.dedup();
            return CandidateLines::Many(lines.into_iter());
        }
        CandidateLines::Few(lists)
    }

    /// Visits the indexes of the event's labels and of fields. If the rules look at very many labels, only the labels
    /// of the event are looked up.
    fn visit_indexes<'i, I: SourceIndex>(
        &mut self,
        indexes: &'i [I],
        mut visit: impl FnMut(&mut Self, &'i I, TextSource),
    ) {
        const FEW: usize = 32;
        let mut visit_all = |interpreter: &mut Self, indexes: &'i [I], source: Option<TextSource>| {
            let of_source = indexes.iter().take_while(|index| source.is_none_or(|source| index.source() == source));
            of_source.for_each(|index| visit(interpreter, index, index.source()));
        };
        if indexes.len() <= FEW {
            return visit_all(self, indexes, None);
        }
        let from = |is_before: &dyn Fn(TextSource) -> bool| {
            let place = indexes.partition_point(|index| is_before(index.source()));
            indexes.get(place..).unwrap_or_default()
        };
        let names = self.event.map_or(&[][..], |event| event.labels.entries());
        for (name, _) in names {
            if let Some(id) = self.program.labels.id(name.text()) {
                let label = TextSource::Label(id);
                visit_all(self, from(&|source| source < label), Some(label));
            }
        }
        visit_all(self, from(&|source| matches!(source, TextSource::Label(_))), None);
    }

    /// The position of the event's severity and status.
    pub(super) fn combination(&self) -> usize {
        self.event.map_or(0, |event| SeverityStatusSet::position(event.severity, event.status))
    }

    /// The text that an index looks up.
    fn source(&mut self, source: TextSource) -> Option<&'v str> {
        let field = match source {
            TextSource::Label(id) => return self.label(id),
            TextSource::Field(field) => field,
        };
        let event = self.event?;
        match field {
            EventField::Title => Some(event.title),
            EventField::Key => Some(event.key),
            EventField::Description => event.description,
            EventField::Link => event.link,
            EventField::Source => Some(event.source),
            EventField::Integration => event.integration,
            EventField::Severity
            | EventField::Status
            | EventField::Labels
            | EventField::StartsAt
            | EventField::EndsAt
            | EventField::Notes => None,
        }
    }
}
