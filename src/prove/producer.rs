//! Conditions of routings that ask for something which nothing that leads there produces: a severity, a status, a source or
//! a label that no mapping of its integrations gives.
//!
//! Only a routing into which events come through integrations and heartbeats alone is looked at. A field whose value is not
//! known may be anything.

use super::formula::{Constraint, Formula, FormulaBuilder, Term, Variable, VariableId, literal_text, variables};
use super::reachability::{LineProver, Reachability};
use super::routing::LineId;
use super::solver::SolveResult;
use crate::channel::integration::LONGEST_RESOLVE_TIMEOUT;
use crate::check::proof_code;
use crate::diagnostic::Diagnostic;
use crate::event::{AlertStatus, Severity};
use crate::model::{
    Destination, EventField, Expression, Heartbeat, Integration, LabelEntry, Literal, Mapping, MappingId, Pattern,
    RoutingId, RoutingLineBody, Target, heartbeat_source,
};
use crate::pattern::Case;
use crate::pattern::language::StringSet;
use crate::source::Span;
use crate::text::{backticked, enumeration};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How many producers a finding names.
const MAX_NAMED: usize = 4;

/// How many texts of a label or a source are followed.
const MAX_TEXTS: usize = 1_000;

/// What the events of a mapping, or of a heartbeat, may be.
#[derive(Debug, Clone)]
struct Producer {
    /// As a message names it.
    name: String,
    severities: BTreeSet<Severity>,
    resolves: bool,
    fires: bool,
    source: Texts,
    integration: Box<str>,
    /// The labels that are set and may be known; others are missing, unless data decides.
    labels: BTreeMap<Box<str>, Texts>,
    /// Whether data decides about other labels.
    is_open: bool,
}

/// The texts that something may be.
#[derive(Debug, Clone)]
enum Texts {
    Any,
    Known { texts: BTreeSet<String>, may_be_missing: bool },
}

impl Texts {
    fn one(text: String) -> Self {
        Self::Known { texts: BTreeSet::from([text]), may_be_missing: false }
    }
}

/// The producers of each routing. None where events may come in other ways.
type Producers = Vec<Option<Rc<Vec<Producer>>>>;

impl<'m> LineProver<'m, '_> {
    /// A finding for each condition and arm that some event meets, and none that is produced here.
    pub(super) fn not_produced(&mut self, verdicts: &[(LineId, Reachability)]) -> Vec<Diagnostic> {
        let producers = self.producers();
        let mut found = Vec::new();
        for (id, verdict) in verdicts {
            if !matches!(verdict, Reachability::Reachable(_)) {
                continue;
            }
            let Some(producers) = self.map.routing(*id).and_then(|routing| producers.get(routing)?.clone()) else {
                continue;
            };
            let Some(line) = self.map.line(*id).map(|entry| entry.line) else { continue };
            for part in line.when.iter().flat_map(Expression::conjuncts) {
                let formula = self.builder.condition(part);
                found.extend(self.judge(formula, part.span, &producers));
            }
            if let RoutingLineBody::Match(choice) = &line.body {
                let is_else = |columns: &[Vec<Pattern>]| columns.iter().flatten().all(|it| matches!(it, Pattern::Any));
                let chosen = self.map.chosen_arms(*id, choice, &mut self.builder);
                let last = choice.arms.iter().rposition(|arm| is_else(&arm.columns)).unwrap_or(0);
                for (arm, formula) in choice.arms.iter().zip(&chosen.arms).take(last) {
                    found.extend(self.judge(*formula, arm.span, &producers));
                }
            }
        }
        found
    }

    fn judge(&mut self, formula: Formula, span: Span, producers: &[Producer]) -> Option<Diagnostic> {
        let asked: Vec<VariableId> = variables(&self.builder.formulas, &[formula]).into_iter().collect();
        let possible = self.possible(&asked, producers);
        if possible == Formula::TRUE
            || !matches!(self.solve(&[formula, possible]), SolveResult::None)
            || !matches!(self.solve(&[formula]), SolveResult::Solution(_))
        {
            return None;
        }
        let asked: Vec<Variable> =
            asked.into_iter().filter_map(|variable| self.builder.formulas.variable(variable).cloned()).collect();
        // A label that nothing sets is reported as such.
        let is_never_set =
            |name: &str| producers.iter().all(|producer| !producer.is_open && !producer.labels.contains_key(name));
        if asked.iter().any(|variable| matches!(variable, Variable::Label(name) if is_never_set(name))) {
            return None;
        }
        Some(self.finding(formula, span, &asked, producers))
    }

    fn finding(&mut self, formula: Formula, span: Span, asked: &[Variable], producers: &[Producer]) -> Diagnostic {
        let what = match asked {
            [Variable::Field(EventField::Severity)] => {
                let asks = |severity: &Severity| {
                    let is_it = self.builder.severities(|one| one == *severity);
                    matches!(self.solve(&[formula, is_it]), SolveResult::Solution(_))
                };
                let names: Vec<Severity> = Severity::ALL.into_iter().filter(asks).collect();
                enumeration(&backticked(names), "or")
            }
            [Variable::Field(EventField::Status)] => {
                let resolves = producers.iter().any(|producer| producer.resolves);
                if resolves { "`Firing`".to_owned() } else { "`Resolved`".to_owned() }
            }
            [Variable::Field(field)] => format!("this `{}`", field.name()),
            [Variable::Label(name)] => format!("this value of the label `{name}`"),
            _ => "such an event".to_owned(),
        };
        let found =
            Diagnostic::new(&proof_code::NOT_PRODUCED, span, format!("nothing that leads here produces {what}"))
                .label("no event of the integrations meets this");
        let mut seen = BTreeSet::new();
        let notes = producers
            .iter()
            .filter(|producer| seen.insert(producer.name.clone()))
            .map(|producer| format!("{} produces {}", producer.name, produces(producer, asked)));
        notes.take(MAX_NAMED).fold(found, Diagnostic::note).help("fix the condition, or let a mapping produce it")
    }

    /// What holds of the variables for every event of some producers.
    fn possible(&mut self, asked: &[VariableId], producers: &[Producer]) -> Formula {
        let mut parts = Vec::new();
        for producer in producers {
            let mut all = Vec::new();
            for variable in asked {
                all.push(self.possible_value(*variable, producer));
            }
            let all = self.builder.formulas.and(all);
            if all == Formula::TRUE {
                return all;
            }
            parts.push(all);
        }
        self.builder.formulas.or(parts)
    }

    fn possible_value(&mut self, variable: VariableId, producer: &Producer) -> Formula {
        let texts = match self.builder.formulas.variable(variable) {
            Some(Variable::Field(EventField::Severity)) => {
                return self.builder.severities(|severity| producer.severities.contains(&severity));
            }
            Some(Variable::Field(EventField::Status)) => {
                return self.builder.statuses(|status| match status {
                    AlertStatus::Firing => producer.fires,
                    AlertStatus::Resolved => producer.resolves,
                });
            }
            Some(Variable::Field(EventField::Source)) => producer.source.clone(),
            Some(Variable::Field(EventField::Integration)) => Texts::one(producer.integration.to_string()),
            Some(Variable::Label(name)) => match producer.labels.get(name) {
                Some(texts) => texts.clone(),
                None if producer.is_open => Texts::Any,
                None => Texts::Known { texts: BTreeSet::new(), may_be_missing: true },
            },
            _ => Texts::Any,
        };
        let Texts::Known { texts, may_be_missing } = texts else { return Formula::TRUE };
        let mut parts = Vec::new();
        if may_be_missing {
            parts.push(self.builder.is_absent(variable));
        }
        if !texts.is_empty() {
            let set = StringSet::literals(texts.iter().map(String::as_str), Case::Sensitive);
            parts.push(self.builder.formulas.atom(variable, Constraint::InSet(set)));
        }
        self.builder.formulas.or(parts)
    }

    fn producers(&mut self) -> Producers {
        let model = self.model;
        let mut by_mapping: BTreeMap<MappingId, Producer> = BTreeMap::new();
        let mut all: Vec<Vec<Producer>> = vec![Vec::new(); model.routings.len()];
        let mut has_integration = vec![false; model.routings.len()];
        for integration in &model.integrations {
            let Destination::Routing(routing) = integration.destination else { continue };
            for id in &integration.mappings {
                let Some(mapping) = model.mappings.get(*id) else { continue };
                let producer = match by_mapping.get(id) {
                    Some(known) => known.clone(),
                    None => {
                        let producer = self.of_mapping(*id, mapping);
                        by_mapping.insert(*id, producer.clone());
                        producer
                    }
                };
                let producer = producer.through(integration);
                for reached in self.behind(routing) {
                    all.get_mut(reached).into_iter().for_each(|known| known.push(producer.clone()));
                    has_integration.get_mut(reached).into_iter().for_each(|known| *known = true);
                }
            }
        }
        for heartbeat in &model.heartbeats {
            for reached in self.behind(heartbeat.routing) {
                all.get_mut(reached).into_iter().for_each(|known| known.push(Producer::of_absence(heartbeat)));
            }
        }
        let open = self.entered_otherwise();
        let known = all.into_iter().zip(has_integration).enumerate();
        known.map(|(id, (known, has))| (has && !open.contains(&id)).then(|| Rc::new(known))).collect()
    }

    /// A routing, and all that it calls.
    fn behind(&self, routing: RoutingId) -> BTreeSet<RoutingId> {
        let mut reached = BTreeSet::from([routing]);
        let mut waiting = vec![routing];
        while let Some(routing) = waiting.pop() {
            let Some(declared) = self.model.routings.get(routing) else { continue };
            let targets = declared.block.all_lines().flat_map(|line| line.body.own_targets());
            for destination in targets.flat_map(Target::destinations) {
                if let Destination::Routing(called) = destination
                    && reached.insert(*called)
                {
                    waiting.push(*called);
                }
            }
        }
        reached
    }

    /// The routings into which events come that nothing here is known to produce: those that no integration names and no
    /// routing calls, and what they call.
    fn entered_otherwise(&self) -> BTreeSet<RoutingId> {
        let mut entered: BTreeSet<RoutingId> = BTreeSet::new();
        for integration in &self.model.integrations {
            if let Destination::Routing(routing) = integration.destination {
                entered.extend(self.behind(routing));
            }
        }
        let others = (0..self.model.routings.len()).filter(|routing| !entered.contains(routing));
        others.flat_map(|routing| self.behind(routing)).collect()
    }

    fn of_mapping(&mut self, id: MappingId, mapping: &'m Mapping) -> Producer {
        self.builder.enter(id, mapping);
        let field =
            |wanted: EventField| mapping.fields.iter().find(|(field, _)| *field == wanted).map(|(_, value)| value);
        let severities = field(EventField::Severity).and_then(|value| severities(&mut self.builder, value));
        let statuses = field(EventField::Status).and_then(|value| statuses(&mut self.builder, value));
        let source = match field(EventField::Source) {
            None => Texts::one(mapping.name.to_string()),
            Some(value) => match texts(&mut self.builder, value) {
                // A missing source is the name of the mapping.
                Some((mut texts, may_be_missing)) => {
                    if may_be_missing {
                        texts.insert(mapping.name.to_string());
                    }
                    Texts::Known { texts, may_be_missing: false }
                }
                None => Texts::Any,
            },
        };
        let is_open = mapping.labels.iter().any(|entry| matches!(entry, LabelEntry::Spread(..)));
        let names: BTreeSet<&Box<str>> = mapping
            .labels
            .iter()
            .filter_map(|entry| if let LabelEntry::Set(name, _) = entry { Some(name) } else { None })
            .collect();
        let labels = names.into_iter().map(|name| (name.clone(), label(&mut self.builder, mapping, name))).collect();
        self.builder.leave();
        let statuses = statuses.unwrap_or_else(|| AlertStatus::ALL.to_vec());
        Producer {
            name: format!("the mapping `{}`", mapping.name),
            severities: severities.unwrap_or_else(|| Severity::ALL.into_iter().collect()),
            fires: statuses.contains(&AlertStatus::Firing),
            resolves: statuses.contains(&AlertStatus::Resolved),
            source,
            integration: Box::default(),
            labels,
            is_open,
        }
    }
}

impl Producer {
    /// The same behind an integration, which ends alerts of which nothing more is heard.
    fn through(mut self, integration: &Integration) -> Self {
        self.integration = integration.name.clone();
        self.resolves |= integration.resolve_timeout < LONGEST_RESOLVE_TIMEOUT;
        self
    }

    fn of_absence(heartbeat: &Heartbeat) -> Self {
        let source = heartbeat_source(&heartbeat.name);
        let by = heartbeat.by.iter().map(|value| &value.name);
        let names = by.chain(heartbeat.labels.iter().map(|(name, _)| name));
        Self {
            name: format!("the heartbeat `{}`", heartbeat.name),
            severities: BTreeSet::from([heartbeat.severity]),
            fires: true,
            resolves: true,
            source: Texts::one(source.clone()),
            integration: source.into(),
            labels: names.map(|name| (name.clone(), Texts::Any)).collect(),
            is_open: false,
        }
    }
}

/// What a producer gives of what is asked for, in words.
fn produces(producer: &Producer, asked: &[Variable]) -> String {
    let mut words = Vec::new();
    for variable in asked {
        let texts = match variable {
            Variable::Field(EventField::Severity) => {
                words.push(enumeration(&backticked(&producer.severities), "or"));
                continue;
            }
            Variable::Field(EventField::Status) => {
                words.push(match (producer.fires, producer.resolves) {
                    (true, true) => "`Firing` or `Resolved`".to_owned(),
                    (true, false) => "`Firing` alone".to_owned(),
                    (false, _) => "`Resolved` alone".to_owned(),
                });
                continue;
            }
            Variable::Field(EventField::Source) => ("the source".to_owned(), Some(producer.source.clone())),
            Variable::Field(EventField::Integration) => {
                ("the integration".to_owned(), Some(Texts::one(producer.integration.to_string())))
            }
            Variable::Label(name) => (format!("the label `{name}`"), producer.labels.get(name).cloned()),
            _ => continue,
        };
        words.push(match texts {
            (name, Some(Texts::Known { texts, .. })) if texts.len() <= MAX_NAMED && !texts.is_empty() => {
                format!("{name} with {}", enumeration(&backticked(&texts), "or"))
            }
            (name, Some(Texts::Known { texts, .. })) if !texts.is_empty() => {
                format!("{name} with one of {} texts", texts.len())
            }
            (name, Some(Texts::Known { .. })) => format!("{name} never"),
            (name, None) if !producer.is_open => format!("{name} never"),
            (name, _) => format!("{name} with any text"),
        });
    }
    words.join(", ")
}

/// The severities that a value may have. None if it is not known.
fn severities<'m>(builder: &mut FormulaBuilder<'m>, value: &'m Expression) -> Option<BTreeSet<Severity>> {
    let mut all = BTreeSet::new();
    for case in builder.value(value) {
        match case.term {
            Term::Constant(Literal::Severity(severity)) => _ = all.insert(severity),
            // What is no severity becomes a Warning.
            Term::Constant(_) => _ = all.insert(Severity::Warning),
            _ => return None,
        }
    }
    Some(all)
}

fn statuses<'m>(builder: &mut FormulaBuilder<'m>, value: &'m Expression) -> Option<Vec<AlertStatus>> {
    let mut all = Vec::new();
    for case in builder.value(value) {
        match case.term {
            Term::Constant(Literal::Status(status)) => all.push(status),
            Term::Constant(_) => all.push(AlertStatus::Firing),
            _ => return None,
        }
    }
    Some(all)
}

/// The texts that a value may have, and whether it may be missing. None if that is not known.
fn texts<'m>(builder: &mut FormulaBuilder<'m>, value: &'m Expression) -> Option<(BTreeSet<String>, bool)> {
    let (mut all, mut may_be_missing) = (BTreeSet::new(), false);
    for case in builder.value(value) {
        let Term::Constant(literal) = &case.term else { return None };
        match literal_text(literal) {
            Some(text) => _ = all.insert(text),
            None => may_be_missing = true,
        }
    }
    (all.len() <= MAX_TEXTS).then_some((all, may_be_missing))
}

/// The texts of a label: those of the last entry that sets it, and where that is missing, those of the entries before.
fn label<'m>(builder: &mut FormulaBuilder<'m>, mapping: &'m Mapping, name: &str) -> Texts {
    let mut all = BTreeSet::new();
    for entry in mapping.labels.iter().rev() {
        match entry {
            LabelEntry::Set(set, value) if **set == *name => {
                let Some((texts, may_be_missing)) = texts(builder, value) else { return Texts::Any };
                all.extend(texts);
                if !may_be_missing {
                    return Texts::Known { texts: all, may_be_missing: false };
                }
            }
            LabelEntry::Spread(_, except) if !except.iter().any(|glob| glob.fits(name)) => return Texts::Any,
            LabelEntry::Set(..) | LabelEntry::Spread(..) => {}
        }
    }
    Texts::Known { texts: all, may_be_missing: true }
}
