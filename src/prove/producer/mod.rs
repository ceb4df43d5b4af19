//! Conditions of routings that ask for something which nothing that leads there produces: a severity, a status, a source or
//! a label that no mapping of its integrations gives.
//!
//! Only a routing into which events come through integrations and heartbeats alone is looked at. A field whose value is not
//! known may be anything.

mod entered;
mod event;

use super::formula::{Constraint, Formula, Variable, VariableId, variables};
use super::reachability::{LineProver, Reachability};
use super::routing::LineId;
use super::solver::SolveResult;
use crate::check::proof_code;
use crate::diagnostic::Diagnostic;
use crate::event::{AlertStatus, Severity};
use crate::model::{EventField, Expression, Pattern, RoutingLineBody};
use crate::pattern::Case;
use crate::pattern::language::StringSet;
use crate::source::Span;
use crate::text::{backticked, enumeration};
use event::{Producer, Texts};
use std::collections::BTreeSet;

/// How many producers a finding names.
const MAX_NAMED: usize = 4;

impl LineProver<'_, '_> {
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
            Variable::Field(EventField::Source) => ("source".to_owned(), Some(producer.source.clone())),
            Variable::Field(EventField::Integration) => {
                ("integration".to_owned(), Some(Texts::one(producer.integration.to_string())))
            }
            Variable::Label(name) => (format!("label `{name}`"), producer.labels.get(name).cloned()),
            Variable::Field(_)
            | Variable::Now
            | Variable::OpaqueText(_)
            | Variable::Statement(_)
            | Variable::Node(_)
            | Variable::Written(..)
            | Variable::Header(_)
            | Variable::PathSuffix => continue,
        };
        words.push(match texts {
            (name, Some(Texts::Known { texts, .. })) if texts.len() <= MAX_NAMED && !texts.is_empty() => {
                let with = if matches!(variable, Variable::Label(_)) { " with" } else { "" };
                format!("the {name}{with} {}", enumeration(&backticked(&texts), "or"))
            }
            (name, Some(Texts::Known { texts, .. })) if !texts.is_empty() => {
                format!("the {name} with one of {} texts", texts.len())
            }
            (name, Some(Texts::Known { .. })) => format!("no {name}"),
            (name, None) if !producer.is_open => format!("no {name}"),
            (name, _) => format!("the {name} with any text"),
        });
    }
    words.join(", ")
}
