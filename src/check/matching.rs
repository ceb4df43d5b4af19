//! `match`: subjects, arms, patterns. Tables and the `match` of a route share it.

use crate::check::comparison::{LeftOperand, compares_text};
use crate::check::cover::{ArmKind, ArmPatterns};
use crate::check::scope::{ExpressionLowering, broken, is_known, make};
use crate::check::{code, cover};
use crate::diagnostic::Diagnostic;
use crate::model::{self, Expression, ExpressionKind};
use crate::source::Span;
use crate::syntax::tree::{self, ArmHead, PatternKind};
use crate::value::ValueType;

/// What is matched, whatever its arms result in.
pub(super) struct MatchSubjects {
    /// The columns.
    pub(super) columns: Vec<Expression>,
    /// `ignore case`
    pub(super) ignore_case: Option<Span>,
    /// From `match` to the closing brace.
    pub(super) span: Span,
}

impl ExpressionLowering<'_, '_> {
    /// `match … { … }` as a value.
    pub(super) fn match_value(&mut self, it: &tree::Match<tree::Expression>) -> Expression {
        let before = self.cx.finding_count();
        let subjects = self.subjects(it);
        let lowered = self.arms(subjects, &it.arms, |this, result| Some(this.value(result)));
        let types = union(&lowered.arms);
        // What the arms that did not parse would give is not known.
        let is_incomplete = self.cx.is_reported(it.span);
        if is_incomplete || self.cx.finding_count() > before && lowered.arms.len() < it.arms.len() {
            return broken(it.span);
        }
        make(ExpressionKind::Match(Box::new(lowered)), types, it.span)
    }

    /// The subjects of a match.
    pub(super) fn subjects<R>(&mut self, it: &tree::Match<R>) -> MatchSubjects {
        let columns = it.subjects.iter().map(|subject| self.value(subject)).collect();
        MatchSubjects { columns, ignore_case: it.ignore_case, span: it.span }
    }

    /// The arms of a match; those that are broken are left out. If all are valid, they must cover every value.
    pub(super) fn arms<R, M>(
        &mut self,
        subjects: MatchSubjects,
        arms: &[tree::MatchArm<R>],
        mut result: impl FnMut(&mut Self, &R) -> Option<M>,
    ) -> model::Match<M> {
        let before = self.cx.finding_count();
        let mut lowered = Vec::with_capacity(arms.len());
        let mut heads = Vec::with_capacity(arms.len());
        for arm in arms {
            let head = self.head(&subjects, &arm.head, arm.span);
            let note = arm.note.as_ref().map(|note| self.template(note));
            let result = result(self, &arm.result);
            if let (Some(columns), Some(result)) = (head, result) {
                let kind = match arm.head {
                    ArmHead::Columns(_) => ArmKind::Patterns,
                    ArmHead::Else(_) => ArmKind::Else,
                };
                heads.push(ArmPatterns { columns: columns.clone(), kind, span: arm.span });
                lowered.push(model::MatchArm { columns, result, note, span: arm.span });
            }
        }
        self.require_text(&subjects, &lowered);
        let types: Vec<ValueType> = subjects.columns.iter().map(|column| column.types).collect();
        let case = subjects.ignore_case.into();
        if self.cx.finding_count() == before
            && !self.cx.is_reported(subjects.span)
            && types.iter().copied().all(is_known)
        {
            cover::check_arms(&types, case, &heads, subjects.span, &mut self.cx.diagnostics);
        }
        model::Match { subjects: subjects.columns, case, arms: lowered, span: subjects.span }
    }

    fn head(&mut self, subjects: &MatchSubjects, head: &ArmHead, arm: Span) -> Option<Vec<Vec<model::Pattern>>> {
        let columns = match head {
            ArmHead::Else(_) => return Some(Vec::new()),
            ArmHead::Columns(columns) => columns,
        };
        if columns.len() != subjects.columns.len() {
            let wanted = match subjects.columns.len() {
                1 => "1 pattern".to_owned(),
                count => format!("{count} patterns"),
            };
            let message =
                format!("this arm needs {wanted}, one for each value that is matched, found {}", columns.len());
            let place = first_place(columns, arm);
            let diagnostic = Diagnostic::new(&code::COLUMN_COUNT, place, message);
            self.cx.report(if subjects.columns.len() == 1 {
                let patterns: Vec<&str> = columns.iter().flatten().map(|pattern| self.cx.text(pattern.span)).collect();
                diagnostic.suggest("alternatives of one value stand between `|`", place, patterns.join(" | "))
            } else {
                diagnostic.help("alternatives of one value stand between `|`; `_` stands for any value")
            });
            return None;
        }
        let mut lowered = Vec::with_capacity(columns.len());
        let mut is_valid = true;
        for (alternatives, column) in columns.iter().zip(&subjects.columns) {
            let patterns: Vec<Option<model::Pattern>> =
                alternatives.iter().map(|pattern| self.pattern(pattern, column, subjects.ignore_case)).collect();
            let patterns: Option<Vec<model::Pattern>> = patterns.into_iter().collect();
            is_valid &= patterns.is_some();
            lowered.push(patterns.unwrap_or_default());
        }
        is_valid.then_some(lowered)
    }

    fn pattern(
        &mut self,
        pattern: &tree::Pattern,
        column: &Expression,
        ignore_case: Option<Span>,
    ) -> Option<model::Pattern> {
        let test = match &pattern.kind {
            PatternKind::Any => return Some(model::Pattern::Any),
            PatternKind::Test(test) => test,
        };
        let left = LeftOperand {
            types: column.types,
            span: column.span,
            in_arm: true,
            operator: pattern.span,
            negated: false,
            ignore_case,
        };
        self.comparator(test, &left).map(|test| model::Pattern::Test(test, pattern.span))
    }

    /// `ignore case` needs a string among what is matched.
    fn require_text<M>(&mut self, subjects: &MatchSubjects, arms: &[model::MatchArm<M>]) {
        let Some(place) = subjects.ignore_case else { return };
        let patterns = arms.iter().flat_map(|arm| arm.columns.iter().flatten());
        let has_text = patterns.filter_map(model::Pattern::test).any(|(test, _)| compares_text(test));
        if !has_text && !arms.is_empty() {
            self.no_case(place);
        }
    }
}

/// What any of the arms may result in.
pub(super) fn union(arms: &[model::MatchArm<Expression>]) -> ValueType {
    arms.iter().fold(ValueType::NEVER, |types, arm| types | arm.result.types)
}

fn first_place(columns: &[Vec<tree::Pattern>], arm: Span) -> Span {
    let mut places = columns.iter().flatten().map(|pattern| pattern.span);
    let first = places.next();
    match (first, places.next_back()) {
        (Some(first), Some(last)) => first.to(last),
        (Some(first), None) => first,
        (None, _) => arm,
    }
}
