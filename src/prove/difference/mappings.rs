//! Looks for payloads of which two mappings make something else.
//!
//! The values of both are read over the same places of a payload. A payload for which they may differ is solved, and mapped
//! by both before it is shown. That a part is the same is claimed only where no payload meets what must hold for every one
//! for which it is not, whatever firings are open.

use super::mapped::{ChangedPayload, MapPayload};
use super::mapping_formulas::{MappingFormulas, exactly_one, may_be, may_note, values_differ};
use super::payload_difference::{MappingPart, PayloadDifference};
use super::rule_sets::Side;
use crate::event::Severity;
use crate::model::{EventField, Literal, MappingId, Model};
use crate::pattern::language::SearchLimits;
use crate::prove::effort::ProofEffort;
use crate::prove::formula::{Formula, FormulaBuilder};
use crate::prove::mapping::PayloadWitness;
use crate::prove::solver::{SolveResult, Solver};
use crate::prove::undecided::UndecidedReason;

/// Values that may differ in more ways than this are asked for in one question.
const MAX_APART: usize = 64;

/// A mapping with its evaluator.
#[derive(Clone, Copy)]
pub struct ComparedMapping<'m, 'e> {
    /// The rules that it is part of.
    pub model: &'m Model,
    /// Its position.
    pub id: MappingId,
    /// Its evaluator.
    pub map: &'e MapPayload<'e>,
}

/// Whether two mappings make the same of all payloads.
#[derive(Debug, Clone)]
pub enum MappingComparison {
    /// They do.
    Equal,
    /// They do not of this payload.
    Differs(Box<ChangedPayload>),
    /// It is not known.
    Undecided(UndecidedReason),
}

/// Compares all that two mappings make of payloads, up to the first difference. Reasons and notes are not part of it.
#[must_use]
pub fn compare_mappings(
    old: ComparedMapping<'_, '_>,
    new: ComparedMapping<'_, '_>,
    effort: ProofEffort,
) -> MappingComparison {
    let Some(mut pair) = MappingPair::new(old, new, effort) else { return MappingComparison::Equal };
    let mut undecided = None;
    for part in MappingPart::ALL {
        match pair.compare(part) {
            MappingComparison::Equal => {}
            differs @ MappingComparison::Differs(_) => return differs,
            MappingComparison::Undecided(reason) => undecided = undecided.or(Some(reason)),
        }
    }
    undecided.map_or(MappingComparison::Equal, MappingComparison::Undecided)
}

/// What becomes otherwise of payloads: of each sort of difference a payload, or why it is not known whether there is one.
/// Of what gets lost, a payload of a Critical event comes first.
#[must_use]
pub fn mapping_differences(
    old: ComparedMapping<'_, '_>,
    new: ComparedMapping<'_, '_>,
    effort: ProofEffort,
) -> Vec<(MappingPart, MappingComparison)> {
    let Some(mut pair) = MappingPair::new(old, new, effort) else { return Vec::new() };
    let mut all: Vec<(MappingPart, MappingComparison)> = Vec::new();
    for difference in PayloadDifference::all() {
        let part = difference.part();
        match pair.find(difference) {
            MappingComparison::Equal => {}
            found @ MappingComparison::Differs(_) => all.push((part, found)),
            found @ MappingComparison::Undecided(_) => {
                let is_known = |(other, known): &(MappingPart, MappingComparison)| {
                    *other == part && matches!(known, MappingComparison::Undecided(_))
                };
                if !all.iter().any(is_known) {
                    all.push((part, found));
                }
            }
        }
    }
    all
}

/// Two mappings over the same places.
struct MappingPair<'m, 'e> {
    compared: [ComparedMapping<'m, 'e>; 2],
    old: MappingFormulas<'m>,
    new: MappingFormulas<'m>,
    builder: FormulaBuilder<'m>,
    solver: Solver,
}

impl<'m, 'e> MappingPair<'m, 'e> {
    fn new(old: ComparedMapping<'m, 'e>, new: ComparedMapping<'m, 'e>, effort: ProofEffort) -> Option<Self> {
        let (old_mapping, new_mapping) = (old.model.mappings.get(old.id)?, new.model.mappings.get(new.id)?);
        let mut old_builder = FormulaBuilder::of_rule_set(old.model, 0);
        let mut builder = FormulaBuilder::of_rule_set(new.model, 1);
        let old_formulas = MappingFormulas::read(&mut old_builder, old.id, old.id, old_mapping);
        std::mem::swap(&mut old_builder.formulas, &mut builder.formulas);
        let new_formulas = MappingFormulas::read(&mut builder, old.id, new.id, new_mapping);
        let solver = Solver::new(SearchLimits::default(), effort);
        Some(Self { compared: [old, new], old: old_formulas, new: new_formulas, builder, solver })
    }

    /// Looks for a payload of which something becomes otherwise.
    fn find(&mut self, difference: PayloadDifference) -> MappingComparison {
        let part = difference.part();
        if part != MappingPart::Accept && self.old.each != self.new.each {
            return MappingComparison::Undecided(UndecidedReason::OtherElements);
        }
        let both = [self.old.accepted, self.new.accepted, self.old.has_element, self.new.has_element];
        let assertions: Vec<Formula> = match difference {
            PayloadDifference::Refused => vec![self.old.accepted, self.new.accepted.not()],
            PayloadDifference::Accepted => vec![self.old.accepted.not(), self.new.accepted],
            PayloadDifference::Dropped => self.only_one_makes(&both, Side::Old),
            PayloadDifference::Kept => self.only_one_makes(&both, Side::New),
            PayloadDifference::Severity(old, new) => {
                self.with_values(&both, EventField::Severity, [Literal::Severity(old), Literal::Severity(new)])
            }
            PayloadDifference::Status(old, new) => {
                self.with_values(&both, EventField::Status, [Literal::Status(old), Literal::Status(new)])
            }
        };
        // What gets lost by a Critical event matters most.
        let critical = match difference {
            PayloadDifference::Refused | PayloadDifference::Dropped => {
                let critical = Literal::Severity(Severity::Critical);
                let is_critical = may_be(&mut self.builder.formulas, &self.old.field(EventField::Severity), &critical);
                vec![self.old.dropped.not(), self.old.has_element, is_critical]
            }
            PayloadDifference::Accepted
            | PayloadDifference::Kept
            | PayloadDifference::Severity(..)
            | PayloadDifference::Status(..) => Vec::new(),
        };
        let wanted = Wanted { part, difference: Some(difference) };
        let mut undecided = None;
        if !critical.is_empty() {
            match self.search_for(wanted, &[assertions.clone(), critical].concat()) {
                MappingComparison::Equal => {}
                found @ MappingComparison::Differs(_) => return found,
                MappingComparison::Undecided(reason) => undecided = Some(reason),
            }
        }
        match self.search_for(wanted, &assertions) {
            MappingComparison::Equal => undecided.map_or(MappingComparison::Equal, MappingComparison::Undecided),
            found @ (MappingComparison::Differs(_) | MappingComparison::Undecided(_)) => found,
        }
    }

    /// The payloads of which only one of the mappings makes an event: the other drops it, and where its firing is open, it is
    /// no recovery.
    fn only_one_makes(&mut self, both: &[Formula], side: Side) -> Vec<Formula> {
        let (one, other) = match side {
            Side::Old => (&self.old, &self.new),
            Side::New => (&self.new, &self.old),
        };
        let formulas = &mut self.builder.formulas;
        let firing = other.may_fire(formulas);
        let kept = one.kept(formulas);
        let while_open = formulas.and([kept, other.dropped, firing]);
        let without = formulas.and([one.dropped.not(), other.dropped]);
        let made = formulas.or([while_open, without]);
        [both, &[made]].concat()
    }

    /// The payloads of which both may make events that have these values in a field.
    fn with_values(&mut self, both: &[Formula], field: EventField, values: [Literal; 2]) -> Vec<Formula> {
        let [old, new] = values;
        let formulas = &mut self.builder.formulas;
        let mut all = both.to_vec();
        all.extend([self.old.kept(formulas), self.new.kept(formulas)]);
        all.extend([may_be(formulas, &self.old.field(field), &old), may_be(formulas, &self.new.field(field), &new)]);
        all
    }

    fn compare(&mut self, part: MappingPart) -> MappingComparison {
        if part == MappingPart::Accept {
            let differs = exactly_one(&mut self.builder.formulas, self.old.accepted, self.new.accepted);
            return self.search(part, &[], differs);
        }
        if self.old.each != self.new.each {
            return MappingComparison::Undecided(UndecidedReason::OtherElements);
        }
        if part == MappingPart::Others && self.may_refuse_otherwise() {
            return MappingComparison::Undecided(UndecidedReason::OtherReasons);
        }
        let mut assertions = vec![self.old.accepted, self.new.accepted, self.old.has_element, self.new.has_element];
        if part == MappingPart::Drop {
            let differ = [Side::Old, Side::New].map(|side| self.only_one_makes(&[], side));
            return self.search_each(part, &assertions, &differ.concat());
        }
        let reasons = values_differ(&mut self.builder, &self.old.reasons, &self.new.reasons);
        let kept = [&self.old, &self.new].map(|each| each.kept(&mut self.builder.formulas));
        let differs = match part {
            MappingPart::Accept | MappingPart::Drop => Vec::new(),
            MappingPart::Severity => self.field_differs(EventField::Severity),
            MappingPart::Status => self.field_differs(EventField::Status),
            MappingPart::Others => self.others_differ(),
        };
        if part == MappingPart::Others {
            match self.search_each(part, &assertions, &reasons) {
                MappingComparison::Equal => {}
                found @ (MappingComparison::Differs(_) | MappingComparison::Undecided(_)) => return found,
            }
        }
        assertions.extend(kept);
        let found = self.search_each(part, &assertions, &differs);
        if part == MappingPart::Others && matches!(found, MappingComparison::Equal) && self.may_note() {
            return MappingComparison::Undecided(UndecidedReason::NotFollowed);
        }
        found
    }

    /// Whether a payload that both refuse may be refused for another reason.
    fn may_refuse_otherwise(&mut self) -> bool {
        let differ = values_differ(&mut self.builder, &self.old.refusals, &self.new.refusals);
        let differs = self.builder.formulas.or(differ);
        let mut assertions = vec![self.old.accepted.not(), self.new.accepted.not(), differs];
        let structure = self.builder.structure(&assertions);
        assertions.extend(structure);
        !matches!(self.solver.solve(&self.builder.formulas, &assertions), SolveResult::None)
    }

    fn field_differs(&mut self, field: EventField) -> Vec<Formula> {
        values_differ(&mut self.builder, &self.old.field(field), &self.new.field(field))
    }

    fn others_differ(&mut self) -> Vec<Formula> {
        let mut parts = Vec::new();
        let fields = self.old.mapping.fields.iter().chain(&self.new.mapping.fields);
        let mut fields: Vec<EventField> = fields.map(|(field, _)| *field).collect();
        fields.sort_by_key(|field| field.name());
        fields.dedup();
        fields.retain(|field| !matches!(field, EventField::Severity | EventField::Status));
        for field in fields {
            parts.extend(self.field_differs(field));
        }
        if self.old.label_names == self.new.label_names {
            for (old, new) in self.old.labels.iter().zip(&self.new.labels) {
                parts.extend(values_differ(&mut self.builder, old, new));
            }
        } else {
            parts.push(Formula::TRUE);
        }
        parts
    }

    /// Whether expressions that are not the same may add a note to an event.
    fn may_note(&self) -> bool {
        let only = |one: &MappingFormulas<'_>, other: &MappingFormulas<'_>, model: &Model| {
            let of_one = one.texts.iter().filter(|(text, _)| !other.texts.iter().any(|(known, _)| known == text));
            of_one.into_iter().any(|(_, value)| may_note(model, value))
        };
        let [old, new] = self.compared.map(|compared| compared.model);
        only(&self.old, &self.new, old) || only(&self.new, &self.old, new)
    }

    /// Looks for a payload for which formulas and one of some others hold, and a part differs.
    fn search_each(&mut self, part: MappingPart, assertions: &[Formula], any: &[Formula]) -> MappingComparison {
        let mut undecided = None;
        let all = self.builder.formulas.or(any.iter().copied());
        let together = [all];
        let questions = if any.len() > MAX_APART { &together } else { any };
        for differs in questions {
            match self.search(part, assertions, *differs) {
                MappingComparison::Equal => {}
                found @ MappingComparison::Differs(_) => return found,
                MappingComparison::Undecided(reason) => undecided = undecided.or(Some(reason)),
            }
        }
        undecided.map_or(MappingComparison::Equal, MappingComparison::Undecided)
    }

    /// Looks for a payload for which formulas hold and a part differs.
    fn search(&mut self, part: MappingPart, assertions: &[Formula], differs: Formula) -> MappingComparison {
        let all: Vec<Formula> = assertions.iter().copied().chain([differs]).collect();
        self.search_for(Wanted { part, difference: None }, &all)
    }

    /// Looks for a payload for which formulas hold and something differs.
    fn search_for(&mut self, wanted: Wanted, assertions: &[Formula]) -> MappingComparison {
        let mut assertions = assertions.to_vec();
        let structure = self.builder.structure(&assertions);
        assertions.extend(structure);
        let solution = match self.solver.solve(&self.builder.formulas, &assertions) {
            SolveResult::None => return MappingComparison::Equal,
            SolveResult::Undecided(reason) => return MappingComparison::Undecided(reason),
            SolveResult::Solution(solution) => solution,
        };
        let payload = PayloadWitness::new(&self.builder.formulas, &solution, self.old.element.as_ref());
        match self.changed(wanted, &payload) {
            Some(changed) => MappingComparison::Differs(Box::new(changed)),
            None => MappingComparison::Undecided(UndecidedReason::NotFollowed),
        }
    }

    /// What both make of a payload, if it differs.
    fn changed(&self, wanted: Wanted, payload: &PayloadWitness) -> Option<ChangedPayload> {
        let Wanted { part, difference } = wanted;
        [false, true].into_iter().find_map(|while_open| {
            let [old, new] = self.compared.map(|compared| (compared.map)(payload, compared.id, while_open));
            let payload = payload.clone();
            let is_so = match difference {
                Some(difference) => old.becomes(&new, difference),
                None => old.differs(&new, part),
            };
            is_so.then_some(ChangedPayload { part, difference, payload, while_open, old, new })
        })
    }
}

/// What a payload is wanted for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    part: MappingPart,
    difference: Option<PayloadDifference>,
}
