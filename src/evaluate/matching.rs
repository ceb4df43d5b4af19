//! Which arm of a `match` or of a table its subjects choose.

use super::comparison::ComparisonResult;
use super::interpreter::Interpreter;
use super::observer::Observer;
use crate::program::{ArmIndex, Match, MatchArm};
use crate::value::RuntimeValue;
use smallvec::SmallVec;

impl<'p: 'v, 'v, O: Observer> Interpreter<'p, 'v, '_, O> {
    /// The result of the first arm that fits the subjects.
    pub(super) fn choose<R>(&mut self, arms: &'p Match<R>) -> Option<&'p R> {
        if let [subject] = &*arms.subjects {
            let subject = self.value(*subject);
            return self.choose_for(arms, &[subject]);
        }
        let subjects: SmallVec<[RuntimeValue<'v>; 4]> =
            arms.subjects.iter().map(|subject| self.value(*subject)).collect();
        self.choose_for(arms, &subjects)
    }

    fn choose_for<R>(&mut self, arms: &'p Match<R>, subjects: &[RuntimeValue<'v>]) -> Option<&'p R> {
        let arm = match (&arms.index, subjects) {
            (Some(index), [subject]) if !O::LISTENS => self.indexed(arms, index, subject),
            _ => arms.arms.iter().find(|arm| self.fits(arms, arm, subjects)),
        }?;
        self.observer.arm(arm.place, subjects);
        if let Some(note) = arm.note
            && let RuntimeValue::Text(note) = self.value(note)
        {
            self.note(note);
        }
        Some(&arm.result)
    }

    fn fits<R>(&mut self, arms: &'p Match<R>, arm: &'p MatchArm<R>, subjects: &[RuntimeValue<'v>]) -> bool {
        arm.columns.iter().zip(subjects).all(|(column, subject)| {
            column.iter().any(|test| self.test(test, arms.case, subject) == ComparisonResult::Holds)
        })
    }

    /// The arm that the text chooses, unless an earlier one fits as well.
    fn indexed<R>(
        &mut self,
        arms: &'p Match<R>,
        index: &'p ArmIndex,
        subject: &RuntimeValue<'v>,
    ) -> Option<&'p MatchArm<R>> {
        let chosen = subject.as_text().and_then(|text| {
            let chosen = |text: &str| index.texts.get(text).copied();
            arms.case.with_folded(text, chosen)
        });
        let others = index.others.iter().copied().take_while(|other| chosen.is_none_or(|chosen| *other < chosen));
        let before = others.filter_map(|other| arms.arms.get(other));
        for arm in before {
            if self.fits(arms, arm, std::slice::from_ref(subject)) {
                return Some(arm);
            }
        }
        arms.arms.get(chosen?)
    }
}
