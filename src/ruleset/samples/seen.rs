//! What samples hold, as far as rules ask for it.

use super::followed_path::FollowedPath;
use crate::evaluate::{self, EvaluationContext, Observer};
use crate::event::Outcome;
use crate::json::Document;
use crate::model::mention::{ExpressionOwner, ModelMentions};
use crate::model::{Expression, ExpressionKind, Literal, Match, TableRows};
use crate::program::NodeId;
use crate::ruleset::{EntryPoint, RuleSet};
use crate::source::Span;
use crate::time::Timestamp;
use crate::value::{RuntimeValue, ValueType};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many different values of one expression or label are kept. Beyond that nothing is said about values.
const MAX_VALUES: usize = 10_000;

/// Different texts, up to a limit.
#[derive(Debug, Default)]
pub(super) struct SeenTexts(BTreeSet<Box<str>>);

impl SeenTexts {
    fn add(&mut self, text: &str) {
        if self.0.len() <= MAX_VALUES && !self.0.contains(text) {
            self.0.insert(text.into());
        }
    }

    /// The texts; none where there were too many to say which are absent.
    pub(super) fn all(&self) -> Option<impl Iterator<Item = &str>> {
        (1..=MAX_VALUES).contains(&self.0.len()).then(|| self.0.iter().map(|text| &**text))
    }
}

/// What an `else` decided about.
#[derive(Debug, Default)]
pub(super) struct ElseSamples {
    /// The name of the severity or status that it always gives.
    gives: Option<&'static str>,
    /// How often each value came, and the first file in which it did.
    pub(super) values: BTreeMap<String, (usize, Box<str>)>,
}

impl ElseSamples {
    /// Whether a value is the word for what the `else` gives, as `"firing"` is for `else => Firing`.
    fn is_own_name(&self, value: &RuntimeValue<'_>) -> bool {
        value.as_text().is_some_and(|text| self.gives.is_some_and(|name| name.eq_ignore_ascii_case(text.trim())))
    }
}

/// The samples of one mapping.
#[derive(Debug, Default)]
pub(super) struct MappingSamples {
    /// The documents that it read.
    pub(super) payloads: usize,
    /// The elements in them.
    pub(super) elements: usize,
}

/// What all samples hold.
pub(super) struct Seen<'m> {
    /// For each mapping, in the order of the text.
    pub(super) mappings: Vec<MappingSamples>,
    /// For each path of the mentions.
    pub(super) paths: Vec<FollowedPath<'m>>,
    /// For each test of the mentions whose subject is a value of a mapping.
    pub(super) subjects: HashMap<Span, SeenTexts>,
    /// For each parameter of a table, by the positions of both.
    pub(super) arguments: HashMap<(usize, usize), SeenTexts>,
    /// For each `else` of a severity or status, by its place.
    pub(super) levels: BTreeMap<Span, ElseSamples>,
    /// The values of each label of the events.
    pub(super) labels: BTreeMap<Box<str>, SeenTexts>,
    /// For each mapping: the expressions whose values are asked for, by their places.
    asked: Vec<Vec<(Span, NodeId)>>,
    /// The table of each of its arms.
    table_arms: HashMap<Span, usize>,
}

impl<'m> Seen<'m> {
    pub(super) fn new(rules: &'m RuleSet, mentions: &ModelMentions<'m>) -> Self {
        let model = &rules.model;
        let mut table_arms = HashMap::new();
        let mut levels = BTreeMap::new();
        for (id, table) in model.tables.iter().enumerate() {
            if let TableRows::Arms(rows) = &table.rows {
                table_arms.extend(rows.arms.iter().map(|arm| (arm.span, id)));
                levels.extend(level_else(rows));
            }
        }
        for (owner, choice) in &mentions.choices {
            if matches!(owner, ExpressionOwner::Mapping(_)) {
                levels.extend(level_else(choice));
            }
        }
        Self {
            mappings: model.mappings.iter().map(|_| MappingSamples::default()).collect(),
            paths: mentions.paths.iter().map(|(owner, read)| FollowedPath::new(*owner, *read)).collect(),
            subjects: HashMap::new(),
            arguments: HashMap::new(),
            levels,
            labels: BTreeMap::new(),
            asked: asked(rules, mentions),
            table_arms,
        }
    }

    /// Adds what a document holds that a mapping accepts.
    pub(super) fn read(
        &mut self,
        rules: &RuleSet,
        mapping: usize,
        document: &Document<'_>,
        (file, now): (&str, Timestamp),
    ) {
        let context = EvaluationContext::at(now);
        let asked = self.asked.get(mapping).cloned().unwrap_or_default();
        let nodes: Vec<NodeId> = asked.iter().map(|(_, node)| *node).collect();
        let elements = evaluate::element_values(&rules.program, mapping, &nodes, document, &context);
        let elements = elements.unwrap_or_default();
        if let Some(samples) = self.mappings.get_mut(mapping) {
            samples.payloads += 1;
            samples.elements += elements.len();
        }
        for element in &elements {
            let values: BTreeMap<Span, RuntimeValue<'_>> =
                asked.iter().map(|(place, _)| *place).zip(element.values.iter().copied()).collect();
            for (place, value) in &values {
                if let Some(text) = value.as_text() {
                    self.subjects.entry(*place).or_default().add(text);
                }
            }
            for path in &mut self.paths {
                if path.mapping == Some(mapping) {
                    path.read(document.root, element.element, &values);
                }
            }
        }
        self.read_events(rules, mapping, document, file, &context);
    }

    /// Adds the labels of the events, and which arms were chosen for them.
    fn read_events(
        &mut self,
        rules: &RuleSet,
        mapping: usize,
        document: &Document<'_>,
        file: &str,
        context: &EvaluationContext<'_>,
    ) {
        let Some(name) = rules.model.mappings.get(mapping).map(|mapping| &*mapping.name) else { return };
        let mut arms = ArmObserver { seen: self, file };
        let Ok(outcomes) = rules.evaluate(EntryPoint::Mapping(name, None), document, context, &mut arms) else {
            return;
        };
        for (label, value) in outcomes.iter().filter_map(Outcome::event).flat_map(|it| it.labels.iter()) {
            match self.labels.get_mut(label) {
                Some(texts) => texts.add(value),
                None => self.labels.entry(label.into()).or_default().add(value),
            }
        }
    }
}

/// Records which arms are chosen, and for what.
struct ArmObserver<'s, 'm> {
    seen: &'s mut Seen<'m>,
    file: &'s str,
}

impl Observer for ArmObserver<'_, '_> {
    const LISTENS: bool = true;

    fn arm(&mut self, arm: Span, subjects: &[RuntimeValue<'_>]) {
        if let Some(table) = self.seen.table_arms.get(&arm) {
            for (parameter, text) in subjects.iter().enumerate().filter_map(|(at, value)| Some((at, value.as_text()?)))
            {
                self.seen.arguments.entry((*table, parameter)).or_default().add(text);
            }
        }
        if let Some(samples) = self.seen.levels.get_mut(&arm)
            && subjects.iter().any(|value| is_word_of_sender(value) && !samples.is_own_name(value))
        {
            let values: Vec<String> = subjects.iter().map(evaluate::written).collect();
            let first = || (0, self.file.into());
            samples.values.entry(values.join(", ")).or_insert_with(first).0 += 1;
        }
    }
}

/// Whether a value is a word of the sender: not a severity that rules found before, and not nothing.
fn is_word_of_sender(value: &RuntimeValue<'_>) -> bool {
    matches!(value, RuntimeValue::Text(_) | RuntimeValue::Number(_) | RuntimeValue::Boolean(_)) && !value.is_empty()
}

/// The `else` of a choice of severities or statuses that gives one.
fn level_else(choice: &Match<Expression>) -> impl Iterator<Item = (Span, ElseSamples)> {
    let is_level = |types: ValueType| types.overlaps(ValueType::SEVERITY | ValueType::STATUS);
    let levels = choice.arms.iter().filter(move |arm| arm.columns.is_empty() && is_level(arm.result.types));
    levels.map(|arm| {
        let gives = match arm.result.literal() {
            Some(Literal::Severity(severity)) => Some(severity.name()),
            Some(Literal::Status(status)) => Some(status.name()),
            _ => None,
        };
        (arm.span, ElseSamples { gives, values: BTreeMap::new() })
    })
}

/// For each mapping, the expressions whose values are asked for: the subjects of its tests, and what its paths start from.
fn asked(rules: &RuleSet, mentions: &ModelMentions<'_>) -> Vec<Vec<(Span, NodeId)>> {
    // Of nodes at one place, the last is the whole expression.
    let nodes: HashMap<Span, NodeId> = (0..).map(NodeId).zip(&rules.program.places).map(|(id, at)| (*at, id)).collect();
    let mut places: Vec<BTreeSet<Span>> = vec![BTreeSet::new(); rules.model.mappings.len()];
    let subjects = mentions.tests.iter().map(|(owner, test)| (owner, test.subject));
    let starts = mentions.paths.iter().filter_map(|(owner, read)| Some((owner, read.start?)));
    for (owner, expression) in subjects.chain(starts) {
        if let ExpressionOwner::Mapping(id) = owner
            && !matches!(expression.kind, ExpressionKind::Literal(_))
            && let Some(places) = places.get_mut(*id)
        {
            places.insert(expression.span);
        }
    }
    let with_node = |place: Span| Some((place, *nodes.get(&place)?));
    places.into_iter().map(|places| places.into_iter().filter_map(with_node).collect()).collect()
}
