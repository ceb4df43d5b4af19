//! What a line requires, part by part.

use super::analysis_budget::{AnalysisBudget, MAX_DEPTH};
use super::combinations::combinations;
use super::text_keys::{TextKey, TextKeyId, TextKeys, TextLookup};
use crate::model::Literal;
use crate::pattern::{Case, MatchScope, PiecePosition, RegexPattern, RequiredPosition, RequiredText};
use crate::program::{
    ComparisonSubject, Match, Node, NodeId, NumberBound, Predicate, Program, RoutingBlock, RoutingLine,
    RoutingLineBody, SeverityStatusSet, Target, TextPredicate, TextSource,
};
use crate::syntax::tree::{LineKind, OrderRelation};
use crate::value::ValueType;
use smallvec::{SmallVec, smallvec};
use std::borrow::Cow;
use std::sync::Arc;

/// A list of more texts than this is not indexed.
const MAX_TEXTS: usize = 64;
/// How many bytes of a prefix or a substring are looked for. A long run of one letter contains all shorter runs, and
/// the automaton keeps a list of them at each letter.
const LONGEST_PIECE: usize = 64;

/// What a line requires.
pub(super) struct LineRequirements<'p> {
    /// What must all hold.
    pub(super) conjuncts: Vec<Conjunct<'p>>,
    /// The combinations of severity and status for which it may hit.
    pub(super) combinations: SeverityStatusSet,
}

/// A part of a conjunction that looks at more than severity and status.
pub(super) struct Conjunct<'p> {
    /// The condition; `None` for what the body of a line requires.
    pub(super) condition: Option<NodeId>,
    /// Its source text, which shows whether other lines share it.
    pub(super) source_text: &'p str,
    pub(super) requirement: LineRequirement<'p>,
}

/// What a condition requires, if it can be looked up.
pub(super) enum LineRequirement<'p> {
    /// One of some texts has to be there. Each item is such a requirement by itself.
    Texts(SmallVec<[TextAlternatives; 2]>),
    /// A number has to lie above or below a bound.
    Number { subject: NodeId, source_text: &'p str, bound: RequiredBound },
    /// A regex has to fit that requires no text.
    Regex { source: TextSource, regex: &'p Arc<RegexPattern>, scope: MatchScope },
    /// Nothing that can be looked up.
    Other,
}

/// On which side of a bound a number has to lie.
#[derive(Debug, Clone, Copy)]
pub(super) enum RequiredBound {
    /// At or above it.
    Least(NumberBound),
    /// At or below it.
    Most(NumberBound),
}

/// One of these texts has to be there.
#[derive(Clone)]
pub(super) struct TextAlternatives {
    pub(super) keys: SmallVec<[TextKeyId; 4]>,
    /// Whether nothing else is required if one of them is there.
    pub(super) is_all: bool,
}

impl TextAlternatives {
    /// Each text once: a line that is indexed twice under one would be tried twice.
    fn new(mut keys: SmallVec<[TextKeyId; 4]>, is_all: bool) -> Self {
        keys.sort_unstable();
        keys.dedup();
        Self { keys, is_all }
    }
}

impl<'p> LineRequirements<'p> {
    pub(super) fn of(program: &'p Program, line: &'p RoutingLine, keys: &mut TextKeys<'p>) -> Self {
        let mut reader = ConditionReader { program, keys, budget: AnalysisBudget::default() };
        let mut requirements = Self::read(&mut reader, line.when);
        if let Some(texts) = reader.of_body(&line.body, MAX_DEPTH) {
            let requirement = LineRequirement::Texts(smallvec![texts]);
            requirements.conjuncts.push(Conjunct { condition: None, source_text: "", requirement });
        }
        requirements
    }

    /// What a condition that stands alone requires.
    pub(super) fn of_condition(program: &'p Program, condition: NodeId, keys: &mut TextKeys<'p>) -> Self {
        let mut reader = ConditionReader { program, keys, budget: AnalysisBudget::default() };
        Self::read(&mut reader, Some(condition))
    }

    fn read(reader: &mut ConditionReader<'p, '_>, when: Option<NodeId>) -> Self {
        let program = reader.program;
        let conditions = when.map_or_else(SmallVec::new, |when| reader.conjuncts(when, MAX_DEPTH));
        let mut conjuncts = Vec::with_capacity(conditions.len());
        let mut combinations = SeverityStatusSet::ALL;
        for condition in conditions {
            if let Some(of_condition) = self::combinations(program, condition, MAX_DEPTH, &mut reader.budget) {
                combinations = combinations.and(of_condition);
                continue;
            }
            let requirement = reader.requirement(condition);
            let source_text = program.source_text(condition);
            conjuncts.push(Conjunct { condition: Some(condition), source_text, requirement });
        }
        Self { conjuncts, combinations }
    }
}

/// Reads conditions, and numbers the texts that they require.
struct ConditionReader<'p, 'k> {
    program: &'p Program,
    keys: &'k mut TextKeys<'p>,
    budget: AnalysisBudget,
}

impl<'p> ConditionReader<'p, '_> {
    /// The conditions that must all hold for this one to hold.
    fn conjuncts(&mut self, condition: NodeId, depth: usize) -> SmallVec<[NodeId; 4]> {
        let mut parts = SmallVec::new();
        self.add_conjuncts(condition, depth, &mut parts);
        parts
    }

    fn add_conjuncts(&mut self, condition: NodeId, depth: usize, parts: &mut SmallVec<[NodeId; 4]>) {
        let program = self.program;
        let node = program.node(condition);
        if depth == 0 || self.budget.spend().is_none() {
            parts.push(condition);
        } else if let Node::And(conjuncts) = node {
            conjuncts.iter().for_each(|part| self.add_conjuncts(*part, depth - 1, parts));
        } else if let Node::Define(position) = node
            && let Some(value) = program.defines.get(*position)
            && matches!(program.node(*value), Node::And(_))
        {
            self.add_conjuncts(*value, depth - 1, parts);
        } else {
            parts.push(condition);
        }
    }

    fn requirement(&mut self, condition: NodeId) -> LineRequirement<'p> {
        let options = self.texts(condition, MAX_DEPTH);
        if !options.is_empty() {
            return LineRequirement::Texts(options);
        }
        let Node::Compare(comparison) = self.program.node(condition) else { return LineRequirement::Other };
        let ComparisonSubject::Value(subject) = comparison.subject else { return LineRequirement::Other };
        if comparison.negated {
            return LineRequirement::Other;
        }
        if let Some(bound) = self.bound(&comparison.test) {
            return LineRequirement::Number { subject, source_text: self.program.source_text(subject), bound };
        }
        let Some(source) = source(self.program.node(subject)) else { return LineRequirement::Other };
        if let Predicate::Text(TextPredicate::Regex(scope, regex)) = &comparison.test {
            return LineRequirement::Regex { source, regex, scope: *scope };
        }
        LineRequirement::Other
    }

    /// The bound that a test sets to a number.
    fn bound(&self, test: &Predicate) -> Option<RequiredBound> {
        let Predicate::Order(order, operand) = test else { return None };
        let Node::Literal(Literal::Number(number)) = self.program.node(*operand) else { return None };
        let bound = |is_strict| NumberBound { number: *number, is_strict };
        Some(match order {
            OrderRelation::Less => RequiredBound::Most(bound(true)),
            OrderRelation::LessOrEqual => RequiredBound::Most(bound(false)),
            OrderRelation::Greater => RequiredBound::Least(bound(true)),
            OrderRelation::GreaterOrEqual => RequiredBound::Least(bound(false)),
        })
    }

    /// Texts of which one must be there for the condition to hold; several such requirements if there are several.
    fn texts(&mut self, condition: NodeId, depth: usize) -> SmallVec<[TextAlternatives; 2]> {
        let Some(depth) = depth.checked_sub(1) else { return SmallVec::new() };
        if self.budget.spend().is_none() {
            return SmallVec::new();
        }
        if let Node::Define(position) = self.program.node(condition) {
            let value = self.program.defines.get(*position);
            return value.map_or_else(SmallVec::new, |value| self.texts(*value, depth));
        }
        if let Node::Or(branches) = self.program.node(condition) {
            let mut branches = branches.iter().map(|branch| self.of_branch(*branch, depth));
            return union(&mut branches).into_iter().collect();
        }
        let Node::Compare(comparison) = self.program.node(condition) else { return SmallVec::new() };
        let ComparisonSubject::Value(subject) = comparison.subject else { return SmallVec::new() };
        if comparison.negated {
            return SmallVec::new();
        }
        let Some(source) = source(self.program.node(subject)) else { return SmallVec::new() };
        self.of_test(source, &comparison.test, comparison.case)
    }

    /// A branch of an `or` may itself be a conjunction: it is represented by its first part that requires a text.
    fn of_branch(&mut self, branch: NodeId, depth: usize) -> Option<TextAlternatives> {
        let parts = self.conjuncts(branch, depth);
        let is_one = parts.len() == 1;
        let texts = parts.into_iter().find_map(|part| self.texts(part, depth).into_iter().next())?;
        Some(TextAlternatives { is_all: texts.is_all && is_one, ..texts })
    }

    /// What a test requires of a text.
    fn of_test(&mut self, source: TextSource, test: &'p Predicate, case: Case) -> SmallVec<[TextAlternatives; 2]> {
        let Predicate::Text(test) = test else { return SmallVec::new() };
        let place = |how| TextLookup { how, source, case };
        // A regex has its own flag for letter case, which its texts respect already.
        let exactly = |how| TextLookup { how, source, case: Case::Sensitive };
        match test {
            TextPredicate::Equal(whole) => smallvec![self.one_of([&**whole], place(RequiredPosition::Whole))],
            TextPredicate::OneOf(texts) if texts.len() <= MAX_TEXTS => {
                smallvec![self.one_of(texts.iter().map(|text| &**text), place(RequiredPosition::Whole))]
            }
            TextPredicate::Regex(scope, regex) => self.options(regex.required(*scope), exactly),
            TextPredicate::Like(globs) => match &**globs {
                [glob] => self.options(glob.required(), place),
                globs => {
                    let mut each = globs.iter().map(|glob| self.options(glob.required(), place).into_iter().next());
                    union(&mut each).into_iter().collect()
                }
            },
            TextPredicate::Piece(PiecePosition::Anywhere | PiecePosition::End, node) => {
                self.literal(*node, place(RequiredPosition::Substring))
            }
            TextPredicate::Piece(PiecePosition::Start, node) => self.literal(*node, place(RequiredPosition::Prefix)),
            TextPredicate::OneOf(_) | TextPredicate::Cidr(_) => SmallVec::new(),
        }
    }

    fn key(&mut self, place: TextLookup, text: Cow<'p, str>) -> TextKeyId {
        let end =
            if place.how == RequiredPosition::Whole { text.len() } else { text.floor_char_boundary(LONGEST_PIECE) };
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
            Cow::Owned(mut text) => {
                text.truncate(end);
                Cow::Owned(text)
            }
        };
        self.keys.intern(TextKey { lookup: place, text })
    }

    fn one_of(&mut self, texts: impl IntoIterator<Item = &'p str>, place: TextLookup) -> TextAlternatives {
        let keys = texts.into_iter().map(|text| self.key(place, Cow::Borrowed(text)));
        TextAlternatives::new(keys.collect(), true)
    }

    fn options(
        &mut self,
        required: Vec<RequiredText>,
        place: impl Fn(RequiredPosition) -> TextLookup,
    ) -> SmallVec<[TextAlternatives; 2]> {
        let option = |RequiredText { position: how, texts }| {
            let place = place(how);
            let keys = texts.into_iter().map(|text| self.key(place, Cow::Owned(text)));
            TextAlternatives::new(keys.collect(), how == RequiredPosition::Whole)
        };
        required.into_iter().map(option).collect()
    }

    fn literal(&mut self, node: NodeId, place: TextLookup) -> SmallVec<[TextAlternatives; 2]> {
        let Node::Literal(Literal::Text(text)) = self.program.node(node) else { return SmallVec::new() };
        if text.is_empty() {
            return SmallVec::new();
        }
        smallvec![TextAlternatives { is_all: false, ..self.one_of([&**text], place) }]
    }

    /// The texts that a body requires: it declines everything else.
    fn of_body(&mut self, body: &'p RoutingLineBody, depth: usize) -> Option<TextAlternatives> {
        let depth = depth.checked_sub(1)?;
        match body {
            RoutingLineBody::Target(_) => None,
            RoutingLineBody::Match(choice, targets) => {
                let Node::Choose(arms) = self.program.node(*choice) else { return None };
                self.of_arms(arms, targets)
            }
            RoutingLineBody::Block(block) => self.of_block(block, depth),
        }
    }

    fn of_arms(&mut self, arms: &'p Match<usize>, targets: &'p [Target]) -> Option<TextAlternatives> {
        let [subject] = &*arms.subjects else { return None };
        let source = source(self.program.node(*subject))?;
        let hits = |arm: &&crate::program::MatchArm<usize>| !matches!(targets.get(arm.result), Some(Target::Decline));
        let mut each = arms.arms.iter().filter(hits).flat_map(|arm| match &*arm.columns {
            [column] => column.iter().map(Some).collect(),
            // `else` takes everything that is left.
            _ => vec![None],
        });
        let mut each = each.by_ref().map(|test| self.of_test(source, test?, arms.case).into_iter().next());
        union(&mut each).map(|texts| TextAlternatives { is_all: false, ..texts })
    }

    fn of_block(&mut self, block: &'p RoutingBlock, depth: usize) -> Option<TextAlternatives> {
        let declines = |line: &RoutingLine| matches!(line.body, RoutingLineBody::Target(Target::Decline));
        let hits = block.lines.iter().filter(|line| line.kind != LineKind::Always && !declines(line));
        let mut each = hits.map(|line| match line.when {
            Some(when) => self.of_branch(when, depth),
            None => self.of_body(&line.body, depth),
        });
        union(&mut each).map(|texts| TextAlternatives { is_all: false, ..texts })
    }
}

/// The texts of any of several conditions; `None` if one of them requires no text.
fn union(each: &mut dyn Iterator<Item = Option<TextAlternatives>>) -> Option<TextAlternatives> {
    let (mut keys, mut is_all) = (SmallVec::new(), true);
    for texts in each {
        let texts = texts?;
        is_all &= texts.is_all;
        keys.extend(texts.keys);
        if keys.len() > MAX_TEXTS {
            return None;
        }
    }
    (!keys.is_empty()).then(|| TextAlternatives::new(keys, is_all))
}

fn source(node: &Node) -> Option<TextSource> {
    if let Node::Label(id) = node {
        return Some(TextSource::Label(*id));
    }
    let Node::Field(field) = node else { return None };
    field.value_type().overlaps(ValueType::TEXT).then_some(TextSource::Field(*field))
}
