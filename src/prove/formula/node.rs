//! Values of a payload: what a singular path leads to.
//!
//! A path is a variable: missing, null, a boolean, a number, a string, an array or an object. A value below another is there
//! only if the other is an object or an array, which [`FormulaBuilder::structure`] says.

use super::{
    Constraint, Formula, FormulaBuilder, FormulaNode, Formulas, MeaningId, MeaningScope, NumberTest, Term, ValueCase,
    Variable, VariableId,
};
use crate::model::{Literal, Mapping, MappingId, RequestPart, ValueKind};
use crate::path::{CompiledPath, PathRoot, SingularStep};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A place in a payload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::prove) struct PayloadPlace {
    /// What the steps start from.
    pub(in crate::prove) origin: PayloadOrigin,
    /// The steps.
    pub(in crate::prove) steps: Box<[PayloadStep]>,
}

/// What a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::prove) enum PayloadOrigin {
    /// The payload.
    Payload,
    /// An element that the `each` of a mapping chooses.
    Element(MappingId),
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::prove) enum PayloadStep {
    /// A member of an object.
    Member(Box<str>),
    /// An item of an array; a negative index counts from the end.
    Item(i64),
}

impl PayloadStep {
    pub(in crate::prove) fn of(step: &SingularStep) -> Self {
        match step {
            SingularStep::Name(name) => Self::Member(name.name().text().into()),
            SingularStep::Index(index) => Self::Item(*index),
        }
    }
}

/// Kinds of a value of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::prove) struct NodeKinds(u16);

impl NodeKinds {
    pub(in crate::prove) const MISSING: Self = Self(1);
    pub(in crate::prove) const NULL: Self = Self(1 << 1);
    pub(in crate::prove) const FALSE: Self = Self(1 << 2);
    pub(in crate::prove) const TRUE: Self = Self(1 << 3);
    pub(in crate::prove) const NUMBER: Self = Self(1 << 4);
    pub(in crate::prove) const TEXT: Self = Self(1 << 5);
    pub(in crate::prove) const EMPTY_ARRAY: Self = Self(1 << 6);
    /// An array with items.
    pub(in crate::prove) const ITEMS: Self = Self(1 << 7);
    pub(in crate::prove) const EMPTY_OBJECT: Self = Self(1 << 8);
    /// An object with members.
    pub(in crate::prove) const MEMBERS: Self = Self(1 << 9);
    pub(in crate::prove) const ALL: Self = Self((1 << 10) - 1);
    pub(in crate::prove) const NOTHING: Self = Self(Self::MISSING.0 | Self::NULL.0);
    pub(in crate::prove) const ARRAY: Self = Self(Self::EMPTY_ARRAY.0 | Self::ITEMS.0);
    pub(in crate::prove) const OBJECT: Self = Self(Self::EMPTY_OBJECT.0 | Self::MEMBERS.0);
    pub(in crate::prove) const STRUCTURE: Self = Self(Self::ARRAY.0 | Self::OBJECT.0);

    pub(in crate::prove) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(in crate::prove) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// All others.
    pub(in crate::prove) fn not(self) -> Self {
        Self(Self::ALL.0 & !self.0)
    }

    pub(in crate::prove) fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(in crate::prove) fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a value is that is read as a text and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::prove) enum WrittenKind {
    /// A number.
    Number,
    /// An array or an object.
    Structure,
}

/// The mapping whose expressions are read, with the values of its lets so far.
#[derive(Debug, Clone)]
pub(super) struct MappingScope {
    id: MappingId,
    /// Mappings that are compared have the same, and so the same places.
    pub(super) number: MappingId,
    /// What the lets so far say.
    pub(super) let_meanings: Vec<MeaningId>,
    has_elements: bool,
    pub(super) lets: Vec<Option<Rc<[ValueCase]>>>,
}

impl<'m> FormulaBuilder<'m> {
    /// Reads expressions of a mapping from now on.
    pub(in crate::prove) fn enter(&mut self, id: MappingId, mapping: &'m Mapping) {
        self.enter_as(id, id, mapping);
    }

    /// The same, with the number that the mapping shares with one of another rule set.
    pub(in crate::prove) fn enter_as(&mut self, number: MappingId, id: MappingId, mapping: &'m Mapping) {
        let lets = vec![None; mapping.lets.len()];
        let has_elements = mapping.each.is_some();
        self.mapping = Some(MappingScope { id, number, let_meanings: Vec::new(), has_elements, lets });
        let scope = MeaningScope { instance: 0, lets: None, mapping: Some(number) };
        for binding in &mapping.lets {
            let mut text = String::new();
            self.write_meaning(&binding.value, scope, &mut text);
            let meaning = self.formulas.meaning(&text);
            self.mapping.iter_mut().for_each(|mapping| mapping.let_meanings.push(meaning));
        }
    }

    /// Reads expressions over events from now on.
    pub(in crate::prove) fn leave(&mut self) {
        self.mapping = None;
    }

    /// The value that a singular path of a mapping leads to. None outside of a mapping.
    pub(super) fn path(&mut self, path: &CompiledPath) -> Option<Term> {
        let scope = self.mapping.as_ref()?;
        let origin = match path.root() {
            PathRoot::Element if scope.has_elements => PayloadOrigin::Element(scope.number),
            PathRoot::Payload | PathRoot::Element => PayloadOrigin::Payload,
            PathRoot::Value => return None,
        };
        let steps = path.steps().iter().map(PayloadStep::of).collect();
        Some(Term::Node(self.place(PayloadPlace { origin, steps })))
    }

    /// The variable of a place.
    pub(in crate::prove) fn place(&mut self, place: PayloadPlace) -> VariableId {
        self.formulas.add_variable(Variable::Node(place))
    }

    /// The value of a let of the mapping.
    pub(super) fn let_value(&mut self, id: usize) -> Option<Vec<ValueCase>> {
        let scope = self.mapping.as_ref()?;
        if let Some(known) = scope.lets.get(id)? {
            return Some(known.to_vec());
        }
        let value = &self.model.mappings.get(scope.id)?.lets.get(id)?.value;
        let cases = self.value(value);
        if let Some(known) = self.mapping.as_mut()?.lets.get_mut(id) {
            *known = Some(cases.as_slice().into());
        }
        Some(cases)
    }

    /// A part of the request.
    pub(super) fn request(&mut self, part: &RequestPart) -> Term {
        let variable = match part {
            RequestPart::Header(name) => Variable::Header(name.clone()),
            RequestPart::PathSuffix => Variable::PathSuffix,
        };
        Term::Text(self.formulas.add_variable(variable), Vec::new())
    }

    /// The place that a value has in the payload, if it is a value of it.
    pub(in crate::prove) fn place_of(&self, term: &Term) -> Option<PayloadPlace> {
        let Term::Node(variable) = term else { return None };
        match self.formulas.variable(*variable) {
            Some(Variable::Node(place)) => Some(place.clone()),
            _ => None,
        }
    }

    /// What steps lead to from a value. None if that is not known.
    pub(super) fn navigate(&mut self, term: &Term, path: &CompiledPath) -> Option<Term> {
        if path.steps().is_empty() {
            return Some(term.clone());
        }
        match term {
            Term::Node(variable) => {
                let Some(Variable::Node(place)) = self.formulas.variable(*variable) else { return None };
                let more = path.steps().iter().map(PayloadStep::of);
                let steps = place.steps.iter().cloned().chain(more).collect();
                let place = PayloadPlace { origin: place.origin, steps };
                Some(Term::Node(self.place(place)))
            }
            Term::Opaque(..) | Term::AllLabels => None,
            Term::Constant(_)
            | Term::Severity
            | Term::Status
            | Term::Text(..)
            | Term::Number(..)
            | Term::NodeNumber(_)
            | Term::Length(..)
            | Term::Time(_) => Some(Term::Constant(Literal::Missing)),
        }
    }

    /// The payloads in which a value is of some kinds.
    pub(in crate::prove) fn kinds(&mut self, variable: VariableId, kinds: NodeKinds) -> Formula {
        let is_root = matches!(self.formulas.variable(variable), Some(Variable::Node(place)) if place.steps.is_empty());
        let possible = if is_root { NodeKinds::MISSING.not() } else { NodeKinds::ALL };
        let kinds = kinds.and(possible);
        if kinds.is_none() || kinds == possible {
            return Formula::constant(!kinds.is_none());
        }
        // Of a set and its complement, one is an atom.
        if kinds.overlaps(NodeKinds::MISSING) {
            self.formulas.atom(variable, Constraint::Kind(kinds.not())).not()
        } else {
            self.formulas.atom(variable, Constraint::Kind(kinds))
        }
    }

    /// The payloads in which a value is of a kind, as `is` tells kinds apart.
    pub(super) fn node_is(&mut self, variable: VariableId, kind: ValueKind) -> Formula {
        let kinds = match kind {
            ValueKind::Missing => NodeKinds::NOTHING,
            ValueKind::Null => NodeKinds::NULL,
            ValueKind::Text => NodeKinds::TEXT,
            ValueKind::Number => NodeKinds::NUMBER,
            ValueKind::Boolean => NodeKinds::TRUE.or(NodeKinds::FALSE),
            ValueKind::Array => NodeKinds::ARRAY,
            ValueKind::Object => NodeKinds::OBJECT,
            ValueKind::Empty => {
                let kinds = NodeKinds::NOTHING.or(NodeKinds::EMPTY_ARRAY).or(NodeKinds::EMPTY_OBJECT);
                let without = self.kinds(variable, kinds);
                let no_text = self.is_word(&Term::Node(variable), &[""], crate::pattern::Case::Sensitive);
                return self.formulas.or([without, no_text]);
            }
        };
        self.kinds(variable, kinds)
    }

    /// The payloads in which a value is a number that meets a test.
    pub(super) fn node_number(&mut self, variable: VariableId, test: NumberTest) -> Formula {
        if test == NumberTest::Any {
            return self.kinds(variable, NodeKinds::NUMBER);
        }
        self.formulas.atom(variable, Constraint::NodeNumber(test))
    }

    /// The payloads in which a value equals a constant.
    pub(super) fn node_equals(
        &mut self,
        variable: VariableId,
        literal: &Literal,
        case: crate::pattern::Case,
    ) -> Formula {
        match literal {
            Literal::Boolean(true) => self.kinds(variable, NodeKinds::TRUE),
            Literal::Boolean(false) => self.kinds(variable, NodeKinds::FALSE),
            Literal::Number(number) => self.node_number(variable, NumberTest::Equal(*number)),
            Literal::Text(text) => self.is_word(&Term::Node(variable), &[text], case),
            Literal::Missing | Literal::Null | Literal::Severity(_) | Literal::Status(_) | Literal::Time(_) => {
                Formula::FALSE
            }
        }
    }

    /// A value as a text, by cases: a string as it is, everything else as its JSON.
    pub(super) fn node_text(&mut self, variable: VariableId) -> Vec<ValueCase> {
        let text = |word: &str| Term::Constant(Literal::Text(word.into()));
        let cases = [
            (NodeKinds::TEXT, Term::Text(variable, Vec::new())),
            (NodeKinds::NOTHING, Term::Constant(Literal::Missing)),
            (NodeKinds::TRUE, text("true")),
            (NodeKinds::FALSE, text("false")),
            (NodeKinds::NUMBER, self.written(variable, WrittenKind::Number)),
            (NodeKinds::STRUCTURE, self.written(variable, WrittenKind::Structure)),
        ];
        cases.into_iter().map(|(kinds, term)| ValueCase { when: self.kinds(variable, kinds), term }).collect()
    }

    fn written(&mut self, variable: VariableId, kind: WrittenKind) -> Term {
        Term::Text(self.formulas.add_variable(Variable::Written(variable, kind)), Vec::new())
    }

    /// The number of a value: itself, or the one that a string holds.
    pub(super) fn node_as_number(&mut self, variable: VariableId) -> Vec<ValueCase> {
        let others = NodeKinds::NUMBER.or(NodeKinds::TEXT).not();
        let cases = [
            (NodeKinds::NUMBER, Term::NodeNumber(variable)),
            (NodeKinds::TEXT, Term::Number(variable, Vec::new())),
            (others, Term::Constant(Literal::Missing)),
        ];
        cases.into_iter().map(|(kinds, term)| ValueCase { when: self.kinds(variable, kinds), term }).collect()
    }

    /// What holds for every payload about the values that formulas are about: a value below another is there only if the
    /// other has members or items.
    pub(in crate::prove) fn structure(&mut self, assertions: &[Formula]) -> Vec<Formula> {
        let mut places = BTreeSet::new();
        for variable in variables(&self.formulas, assertions) {
            let mut place = match self.formulas.variable(variable) {
                Some(Variable::Node(place)) => place.clone(),
                _ => continue,
            };
            while !place.steps.is_empty() && places.insert(place.clone()) {
                let outer = place.steps.split_last().map_or(&[][..], |(_, outer)| outer);
                place = PayloadPlace { origin: place.origin, steps: outer.into() };
            }
        }
        let mut all = self.lengths(&places);
        all.extend(places.into_iter().map(|place| self.is_within(place)));
        all
    }

    /// An array that has an item at some place has one at each place that a shorter array has, too.
    fn lengths(&mut self, places: &BTreeSet<PayloadPlace>) -> Vec<Formula> {
        let mut arrays: BTreeMap<PayloadPlace, BTreeMap<u64, Vec<Formula>>> = BTreeMap::new();
        for place in places {
            let Some((PayloadStep::Item(index), outer)) = place.steps.split_last() else { continue };
            let array = PayloadPlace { origin: place.origin, steps: outer.into() };
            let item = self.place(place.clone());
            let is_there = self.kinds(item, NodeKinds::MISSING.not());
            arrays.entry(array).or_default().entry(shortest(*index)).or_default().push(is_there);
        }
        let mut all = Vec::new();
        for (array, mut items) in arrays {
            let array = self.place(array);
            // Each array with items has a first one and a last one.
            let has_items = self.kinds(array, NodeKinds::ITEMS);
            items.entry(1).or_default().push(has_items);
            let mut shorter: Option<Formula> = None;
            for same in items.into_values() {
                for pair in same.windows(2) {
                    let &[one, two] = pair else { continue };
                    all.push(self.formulas.or([one.not(), two]));
                    all.push(self.formulas.or([two.not(), one]));
                }
                let Some(first) = same.first().copied() else { continue };
                all.extend(shorter.map(|shorter| self.formulas.or([first.not(), shorter])));
                shorter = Some(first);
            }
        }
        all
    }

    fn is_within(&mut self, place: PayloadPlace) -> Formula {
        let Some((PayloadStep::Member(_), outer)) = place.steps.split_last() else { return Formula::TRUE };
        let outer = self.place(PayloadPlace { origin: place.origin, steps: outer.into() });
        let has_parts = self.kinds(outer, NodeKinds::MEMBERS);
        let inner = self.place(place);
        let is_missing = self.kinds(inner, NodeKinds::MISSING);
        self.formulas.or([is_missing, has_parts])
    }
}

/// The fewest items of an array that has one at this place.
fn shortest(index: i64) -> u64 {
    if index < 0 { index.unsigned_abs() } else { index.unsigned_abs().saturating_add(1) }
}

/// The variables of formulas.
pub(in crate::prove) fn variables(formulas: &Formulas, assertions: &[Formula]) -> BTreeSet<VariableId> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<Formula> = assertions.to_vec();
    while let Some(formula) = waiting.pop() {
        if !seen.insert(formula.node()) {
            continue;
        }
        match formulas.node(formula) {
            FormulaNode::True => {}
            FormulaNode::Atom(atom) => _ = found.insert(atom.variable),
            FormulaNode::And(parts) => waiting.extend_from_slice(parts),
        }
    }
    found
}
