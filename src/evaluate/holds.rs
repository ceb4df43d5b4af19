//! Which mutes an event meets, and of which it is a source.

use super::EvaluationContext;
use super::budget::WORK_LIMIT;
use super::candidates::SharedConditionCache;
use super::interpreter::Interpreter;
use super::observer::{Observer, SilentObserver};
use crate::event::Event;
use crate::function::key_digest;
use crate::json::Arena;
use crate::program::{ConditionSet, GroupValue, MuteId, NodeId, Program};
use crate::text::shorten;
use crate::time::Timestamp;
use smallvec::SmallVec;

/// The longest reason of a mute, in characters: what holds an alert is kept with it.
const LONGEST_REASON: usize = 1_000;

/// How many bytes the conditions of mutes and silences may read for the events of one payload: as many as the other rules may,
/// 128 MiB. Values of up to 256 bytes are free. Nothing holds an event for which that is not enough.
#[derive(Debug, Clone, Copy)]
pub struct HoldBudget {
    work: usize,
    index: usize,
}

impl Default for HoldBudget {
    fn default() -> Self {
        Self { work: WORK_LIMIT, index: WORK_LIMIT }
    }
}

impl HoldBudget {
    /// Whether it is used up: what is asked now, and what follows, is not held.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.work == 0
    }

    fn lend<O: Observer>(&self, interpreter: &mut Interpreter<'_, '_, '_, O>) {
        (interpreter.remaining.work, interpreter.remaining.index) = (self.work, self.index);
    }

    fn take_back<O: Observer>(&mut self, interpreter: &Interpreter<'_, '_, '_, O>) {
        (self.work, self.index) = (interpreter.remaining.work, interpreter.remaining.index);
    }
}

/// The names of the values after `same`, and their texts, in the order of the rules. A text of more than 1 KiB is its SHA-256.
pub type SameValues<'p> = Vec<(&'p str, String)>;

/// What the mutes of the rules say about an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HoldFacts<'p> {
    /// The mutes that may hold it, in text order.
    pub mutes: Vec<MuteMatch<'p>>,
    /// The mutes of which it is a source, in text order.
    pub sources: Vec<SourceMatch<'p>>,
}

/// A mute that holds an event: its `when` holds and its `while` does not hold of the event itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuteMatch<'p> {
    /// The mute.
    pub mute: MuteId,
    /// The values that a source has to have as well; nothing for a mute without `while`, which needs no source.
    pub same: Option<SameValues<'p>>,
    /// Why, about this event; its beginning where it is longer than 1,000 characters.
    pub because: String,
}

/// A mute that the event keeps up while it fires: its `while` holds of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceMatch<'p> {
    /// The mute.
    pub mute: MuteId,
    /// The values that a held event has to have as well.
    pub same: SameValues<'p>,
}

/// Which mutes an event meets. Mutes without a value after `same` in the event are left out.
pub(super) fn hold_facts<'p, O: Observer>(
    program: &'p Program,
    event: &Event<'_>,
    context: &EvaluationContext<'_>,
    budget: &mut HoldBudget,
    observer: &mut O,
) -> HoldFacts<'p> {
    let mutes = &program.mutes;
    let mut facts = HoldFacts::default();
    if mutes.all.is_empty() || budget.is_spent() {
        return facts;
    }
    let arena = Arena::new();
    let mut interpreter = Interpreter::new(program, context, &arena, observer);
    budget.lend(&mut interpreter);
    interpreter.set_event(event);
    let mut source_of = SmallVec::<[MuteId; 8]>::new();
    interpreter.each_met(&mutes.whiles, |interpreter, position| {
        let Some(mute) = mutes.while_mutes.get(position).copied() else { return };
        source_of.push(mute);
        let source = mutes.all.get(mute).and_then(|mute| mute.source.as_ref());
        if let Some(same) = source.and_then(|source| interpreter.same(&source.same)) {
            facts.sources.push(SourceMatch { mute, same });
        }
    });
    interpreter.each_met(&mutes.whens, |interpreter, id| {
        let Some(mute) = mutes.all.get(id) else { return };
        let same = match &mute.source {
            None => None,
            Some(_) if source_of.contains(&id) => return,
            Some(source) => match interpreter.same(&source.same) {
                None => return,
                same @ Some(_) => same,
            },
        };
        let because = interpreter.value(mute.because).as_text().unwrap_or_default();
        let because = shorten(because, LONGEST_REASON);
        facts.mutes.push(MuteMatch { mute: id, same, because });
    });
    budget.take_back(&interpreter);
    // What counts as missing may meet a mute that the event does not meet.
    if budget.is_spent() { HoldFacts::default() } else { facts }
}

/// Whether a condition holds for an event.
pub(super) fn holds(program: &Program, condition: NodeId, event: &Event<'_>, context: &EvaluationContext<'_>) -> bool {
    let arena = Arena::new();
    let mut observer = SilentObserver;
    let mut interpreter = Interpreter::new(program, context, &arena, &mut observer);
    interpreter.set_event(event);
    interpreter.holds(condition)
}

/// The positions of the conditions that hold for an event.
pub(super) fn met_conditions(
    program: &Program,
    set: &ConditionSet,
    event: &Event<'_>,
    budget: &mut HoldBudget,
) -> Vec<usize> {
    if budget.is_spent() {
        return Vec::new();
    }
    let arena = Arena::new();
    let context = EvaluationContext::at(Timestamp::from_epoch_milliseconds(0));
    let mut observer = SilentObserver;
    let mut interpreter = Interpreter::new(program, &context, &arena, &mut observer);
    budget.lend(&mut interpreter);
    interpreter.set_event(event);
    let mut met = Vec::new();
    interpreter.each_met(set, |_, position| met.push(position));
    budget.take_back(&interpreter);
    if budget.is_spent() { Vec::new() } else { met }
}

impl<'p: 'v, 'v, O: Observer> Interpreter<'p, 'v, '_, O> {
    /// Shows the positions of the conditions that hold for the event, in order. An observer is shown every condition, so
    /// that the index is not used then.
    pub(super) fn each_met(&mut self, set: &'p ConditionSet, mut met: impl FnMut(&mut Self, usize)) {
        if !O::LISTENS
            && let Some(index) = &set.index
        {
            let combination = self.combination();
            let mut shared = SharedConditionCache::of(index);
            if let Some(candidates) = self.candidates(index, combination, &mut shared) {
                for candidate in candidates {
                    let position = candidate as usize;
                    let (Some(condition), Some(guard)) = (set.conditions.get(position), index.guards.get(position))
                    else {
                        continue;
                    };
                    let passes = guard.allows(combination) && shared.hold(guard.shared(), self);
                    if passes && (guard.is_complete() || self.holds(*condition)) {
                        met(self, position);
                    }
                }
                return;
            }
        }
        for (position, condition) in set.conditions.iter().enumerate() {
            let holds = self.holds(*condition);
            if O::LISTENS
                && let Some(place) = self.program.place(*condition)
            {
                self.observer.condition(place, holds);
            }
            if holds {
                met(self, position);
            }
        }
    }

    /// The values after `same`; nothing if one of them is missing.
    fn same(&mut self, values: &'p [GroupValue]) -> Option<Vec<(&'p str, String)>> {
        let values = values.iter().map(|GroupValue { name, value }| {
            let text = self.value(*value).to_text(self.arena)?;
            Some((&**name, key_digest(text).unwrap_or_else(|| text.to_owned())))
        });
        values.collect()
    }
}
