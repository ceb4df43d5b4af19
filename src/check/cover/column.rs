//! A column cut into atoms: sets of values that every pattern of the column treats alike.

use super::string_test::{StringTest, StringTests};
use crate::event::{AlertStatus, Severity};
use crate::json::Number;
use crate::model::{Comparator, Expression, Literal, Pattern, TextTest};
use crate::pattern::{Case, Glob};
use crate::time::Timestamp;
use crate::value::ValueType;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Neighbouring atoms: from the first to before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AtomRange {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl AtomRange {
    fn one(atom: u32) -> Self {
        Self { start: atom, end: atom + 1 }
    }
}

/// Atoms as ascending, disjoint ranges.
pub(super) type AtomSet = Vec<AtomRange>;

/// Values that differ by kind or name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FixedValue {
    /// A severity.
    Severity(Severity),
    /// A status.
    Status(AlertStatus),
    /// `true`, `false`
    Boolean(bool),
    /// *missing*
    Missing,
    /// `null`
    Null,
    /// A kind whose values patterns do not distinguish, in words.
    Kind(&'static str),
}

/// What an atom stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Atom<'c> {
    /// A value that differs by kind or name.
    Fixed(FixedValue),
    /// A number, or the numbers between two.
    Number(LineAtom<Number>),
    /// A time, or the times between two.
    Time(LineAtom<Timestamp>),
    /// A string that an arm names.
    Text(&'c str),
    /// Strings that an opaque test fits and no arm names.
    Tested,
    /// Every other string; whether the column names any.
    Rest(bool),
}

/// An atom of an ordered kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum LineAtom<T> {
    /// A value that an arm names.
    Point(T),
    /// The values between two points; before the first point and after the last there is no bound.
    Gap { after: Option<T>, before: Option<T> },
}

/// The atoms of one column: fixed ones first, then numbers, times, and strings.
#[derive(Debug)]
pub(super) struct PatternColumn {
    case: Case,
    fixed: Vec<FixedValue>,
    numbers: Vec<Number>,
    has_numbers: bool,
    times: Vec<Timestamp>,
    has_times: bool,
    texts: Vec<String>,
    text_index: HashMap<String, u32>,
    tests: StringTests,
    has_texts: bool,
}

impl PatternColumn {
    /// Cuts the values of `types` by all patterns of the column.
    pub(super) fn new<'p>(types: ValueType, case: Case, cells: impl Iterator<Item = &'p Vec<Pattern>>) -> Self {
        let mut column = Self {
            case,
            fixed: fixed(types),
            numbers: Vec::new(),
            has_numbers: types.overlaps(ValueType::NUMBER),
            times: Vec::new(),
            has_times: types.overlaps(ValueType::TIME),
            texts: Vec::new(),
            text_index: HashMap::new(),
            tests: StringTests::default(),
            has_texts: types.overlaps(ValueType::TEXT),
        };
        cells.flatten().filter_map(Pattern::test).for_each(|(test, _)| column.add_test(test));
        column.numbers.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
        column.numbers.dedup_by(|a, b| a == b);
        column.times.sort_unstable();
        column.times.dedup();
        column.tests.compute_containments(&column.texts);
        column
    }

    fn add_test(&mut self, test: &Comparator) {
        match test {
            Comparator::Equal(value) | Comparator::Order(_, value) => self.add_value(value),
            Comparator::In(values) => values.iter().for_each(|value| self.add_value(value)),
            Comparator::Text(test) => {
                for glob in globs(test).iter().filter(|glob| !glob.text().contains(['*', '?'])) {
                    self.add_text(glob.text());
                }
                if let Some(opaque) = StringTest::new(test, self.case) {
                    self.tests.add(opaque);
                }
            }
            Comparator::Is(_) | Comparator::During(_) => {}
        }
    }

    fn add_value(&mut self, value: &Expression) {
        match value.literal() {
            Some(Literal::Number(number)) => self.numbers.push(*number),
            Some(Literal::Time(time)) => self.times.push(*time),
            Some(Literal::Text(text)) => self.add_text(text),
            Some(
                Literal::Missing | Literal::Null | Literal::Boolean(_) | Literal::Severity(_) | Literal::Status(_),
            )
            | None => {}
        }
    }

    fn add_text(&mut self, text: &str) {
        let text = self.case.fold(text).into_owned();
        let next = index(self.texts.len());
        if !self.text_index.contains_key(&text) {
            self.text_index.insert(text.clone(), next);
            self.texts.push(text);
        }
    }

    fn number_start(&self) -> u32 {
        index(self.fixed.len())
    }

    fn time_start(&self) -> u32 {
        self.number_start() + atoms_of_line(self.numbers.len(), self.has_numbers)
    }

    fn text_start(&self) -> u32 {
        self.time_start() + atoms_of_line(self.times.len(), self.has_times)
    }

    fn test_start(&self) -> u32 {
        self.text_start() + if self.has_texts { index(self.texts.len()) } else { 0 }
    }

    /// How many atoms there are.
    pub(super) fn len(&self) -> u32 {
        if self.has_texts { self.test_start() + index(self.tests.len()) + 1 } else { self.text_start() }
    }

    /// Every atom.
    pub(super) fn all(&self) -> AtomSet {
        vec![AtomRange { start: 0, end: self.len() }]
    }

    /// The atoms that a pattern certainly accepts; for a test on strings, its own atom and those that it is known to
    /// contain.
    pub(super) fn set(&self, pattern: &Pattern) -> AtomSet {
        match pattern {
            Pattern::Any => self.all(),
            Pattern::Test(test, _) => union(self.test(test)),
        }
    }

    fn test(&self, test: &Comparator) -> AtomSet {
        match test {
            Comparator::Equal(value) => self.equal(value),
            Comparator::Order(order, value) => self.ordered(value, |ordering| order.holds(ordering)),
            Comparator::In(values) => values.iter().flat_map(|value| self.equal(value)).collect(),
            Comparator::Text(test) => self.string_test(test),
            Comparator::Is(_) | Comparator::During(_) => AtomSet::new(),
        }
    }

    fn equal(&self, value: &Expression) -> AtomSet {
        let fixed = |wanted: &[FixedValue]| self.fixed_atoms(|fixed| wanted.contains(fixed));
        match value.literal() {
            Some(Literal::Missing) => fixed(&[FixedValue::Missing, FixedValue::Null]),
            Some(Literal::Null) => fixed(&[FixedValue::Null]),
            Some(Literal::Boolean(boolean)) => fixed(&[FixedValue::Boolean(*boolean)]),
            Some(Literal::Severity(severity)) => fixed(&[FixedValue::Severity(*severity)]),
            Some(Literal::Status(status)) => fixed(&[FixedValue::Status(*status)]),
            Some(Literal::Number(_) | Literal::Time(_)) => self.ordered(value, |order| order == Ordering::Equal),
            Some(Literal::Text(text)) => self.text(text),
            None => AtomSet::new(),
        }
    }

    fn text(&self, text: &str) -> AtomSet {
        let at = self.text_index.get(&*self.case.fold(text)).filter(|_| self.has_texts);
        at.map(|at| AtomRange::one(self.text_start() + at)).into_iter().collect()
    }

    /// The atoms of the fixed values that are wanted.
    fn fixed_atoms(&self, is_wanted: impl Fn(&FixedValue) -> bool) -> AtomSet {
        let places = self.fixed.iter().zip(0..).filter(|(fixed, _)| is_wanted(fixed));
        places.map(|(_, at)| AtomRange::one(at)).collect()
    }

    fn ordered(&self, value: &Expression, holds: impl Fn(Ordering) -> bool) -> AtomSet {
        let literal = value.literal();
        if let Some(Literal::Number(number)) = literal
            && self.has_numbers
        {
            let at = self.numbers.partition_point(|point| point < number);
            side(self.number_start(), at, self.numbers.len(), holds)
        } else if let Some(Literal::Time(time)) = literal
            && self.has_times
        {
            let at = self.times.partition_point(|point| point < time);
            side(self.time_start(), at, self.times.len(), holds)
        } else if let Some(Literal::Severity(severity)) = literal {
            self.fixed_atoms(|fixed| matches!(fixed, FixedValue::Severity(other) if holds(other.cmp(severity))))
        } else {
            AtomSet::new()
        }
    }

    fn string_test(&self, test: &TextTest) -> AtomSet {
        let plain: AtomSet = globs(test).iter().flat_map(|glob| self.text(glob.text())).collect();
        let Some(opaque) = StringTest::new(test, self.case).filter(|_| self.has_texts) else {
            return plain;
        };
        if opaque.is_total() {
            return vec![AtomRange { start: self.text_start(), end: self.len() }];
        }
        let Some(held) = self.tests.containment(&opaque) else { return plain };
        let texts = held.texts.iter().map(|at| self.text_start() + at);
        let narrower = held.tests.iter().map(|at| self.test_start() + at);
        plain.into_iter().chain(texts.chain(narrower).map(AtomRange::one)).collect()
    }

    /// What an atom stands for; past the last, all other strings.
    pub(super) fn atom(&self, at: u32) -> Atom<'_> {
        if let Some(fixed) = self.fixed.get(at as usize) {
            return Atom::Fixed(*fixed);
        }
        if at < self.time_start() {
            return Atom::Number(on_line(&self.numbers, at - self.number_start()));
        }
        if at < self.text_start() {
            return Atom::Time(on_line(&self.times, at - self.time_start()));
        }
        match self.texts.get((at - self.text_start()) as usize) {
            Some(text) => Atom::Text(text),
            None if at + 1 < self.len() => Atom::Tested,
            None => Atom::Rest(!self.texts.is_empty() || self.tests.len() > 0),
        }
    }

    /// At most `most` atoms that are not in `named` (ascending), the most helpful ones first. Strings that another arm
    /// names are left out if the atom of all other strings is free.
    pub(super) fn unnamed(&self, named: &[u32], most: usize) -> Vec<u32> {
        let last = self.len().checked_sub(1).filter(|_| self.has_texts);
        let others = 0..if self.has_texts { self.text_start() } else { self.len() };
        let free = |at: &u32| named.binary_search(at).is_err();
        let rest = last.filter(free);
        let texts = (self.text_start()..self.len()).filter(|_| rest.is_none()).filter(free);
        rest.into_iter().chain(others.filter(free)).chain(texts).take(most).collect()
    }
}

fn fixed(types: ValueType) -> Vec<FixedValue> {
    let severities = Severity::ALL.map(|severity| (ValueType::SEVERITY, FixedValue::Severity(severity)));
    let statuses = AlertStatus::ALL.map(|status| (ValueType::STATUS, FixedValue::Status(status)));
    let others = [
        (ValueType::MISSING, FixedValue::Missing),
        (ValueType::NULL, FixedValue::Null),
        (ValueType::BOOLEAN, FixedValue::Boolean(true)),
        (ValueType::BOOLEAN, FixedValue::Boolean(false)),
        (ValueType::ARRAY, FixedValue::Kind("any array")),
        (ValueType::OBJECT, FixedValue::Kind("any object")),
        (ValueType::LABELS, FixedValue::Kind("any labels")),
    ];
    let all = severities.into_iter().chain(statuses).chain(others);
    all.filter(|(kind, _)| types.overlaps(*kind)).map(|(_, fixed)| fixed).collect()
}

/// The globs of a test, if it is `like`.
fn globs(test: &TextTest) -> &[Glob] {
    match test {
        TextTest::Like(globs) => globs,
        TextTest::Cidr(_) | TextTest::Regex(..) | TextTest::Piece(..) => &[],
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX / 8)
}

/// Points and the gaps around them: gap, point, gap, …, point, gap.
fn atoms_of_line(points: usize, present: bool) -> u32 {
    if present { index(points) * 2 + 1 } else { 0 }
}

/// The atoms of a line on the wanted sides of its point number `at`.
fn side(start: u32, at: usize, points: usize, holds: impl Fn(Ordering) -> bool) -> AtomSet {
    let point = start + index(at) * 2 + 1;
    let end = start + atoms_of_line(points, true);
    let sides = [
        (Ordering::Less, AtomRange { start, end: point }),
        (Ordering::Equal, AtomRange::one(point)),
        (Ordering::Greater, AtomRange { start: point + 1, end }),
    ];
    sides.into_iter().filter(|(order, _)| holds(*order)).map(|(_, range)| range).collect()
}

fn on_line<T: Copy>(points: &[T], at: u32) -> LineAtom<T> {
    let half = (at / 2) as usize;
    let next = points.get(half).copied();
    match next {
        Some(point) if at % 2 == 1 => LineAtom::Point(point),
        Some(_) | None => {
            let after = half.checked_sub(1).and_then(|before| points.get(before)).copied();
            LineAtom::Gap { after, before: next }
        }
    }
}

fn union(mut set: AtomSet) -> AtomSet {
    set.sort_unstable();
    let mut merged = AtomSet::with_capacity(set.len());
    for range in set {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            Some(_) | None => merged.push(range),
        }
    }
    merged
}

/// Whether every atom of `inner` is in `outer`.
pub(super) fn holds(outer: &AtomSet, inner: &AtomSet) -> bool {
    inner.iter().all(|inner| {
        let at = outer.partition_point(|outer| outer.end <= inner.start);
        outer.get(at).is_some_and(|outer| outer.start <= inner.start && inner.end <= outer.end)
    })
}

/// Whether an atom is in the set.
pub(super) fn has(set: &AtomSet, atom: u32) -> bool {
    holds(set, &vec![AtomRange::one(atom)])
}
