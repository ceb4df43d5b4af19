//! The arms and routes of the rules that the tests hit.
//!
//! Counted are the arms of every `match` in mappings, defines, channels and routes, the arms of tables written in the
//! rules (the rows of a CSV file are not), and every line of a routing. A line is hit where it hit or declined.

use super::location::{RuleLocation, source_excerpt};
use crate::diagnostic::visible_text;
use crate::model::{Expression, ExpressionKind, Model, RoutingLineBody, TableRows};
use crate::ruleset::{EvaluationTrace, RuleSet};
use crate::source::Span;
use std::collections::BTreeSet;

/// How much of the rules the tests hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Arms of mappings, tables, defines and channels.
    pub arms: CoverageShare,
    /// Lines of routings, and the arms of those that `match`.
    pub routes: CoverageShare,
}

/// How many items were hit, and which were not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoverageShare {
    /// How many were hit.
    pub hit: usize,
    /// How many there are.
    pub all: usize,
    /// The items that no test hit, by place.
    pub missed: Vec<UncoveredItem>,
}

/// An arm or a line that no test hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncoveredItem {
    /// Where it is.
    pub location: RuleLocation,
    /// Its text; for a line, its path and head.
    pub text: String,
}

impl CoverageShare {
    /// The percentage that was hit; 100 if there is nothing to hit.
    #[must_use]
    pub fn percent(&self) -> f64 {
        percent(self.hit, self.all)
    }
}

impl Coverage {
    /// The percentage of arms and routes together.
    #[must_use]
    pub fn percent(&self) -> f64 {
        percent(self.arms.hit + self.routes.hit, self.arms.all + self.routes.all)
    }
}

fn percent(hit: usize, all: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if all == 0 { 100.0 } else { number(hit) * 100.0 / number(all) }
}

/// The arms and lines that were hit so far.
#[derive(Debug, Default)]
pub(super) struct CoverageHits {
    arms: BTreeSet<Span>,
    lines: BTreeSet<Box<str>>,
}

impl CoverageHits {
    /// Adds the hits of one case.
    pub(super) fn add(&mut self, trace: &EvaluationTrace) {
        self.arms.extend(&trace.arms);
        self.lines.extend(trace.lines.iter().cloned());
    }

    /// The coverage of the rules.
    pub(super) fn coverage(&self, rules: &RuleSet) -> Coverage {
        let sources = &rules.sources;
        let arm = |span: Span| {
            let missed = || UncoveredItem {
                location: RuleLocation::of(sources, span),
                text: visible_text(&source_excerpt(sources, span)),
            };
            (span, self.arms.contains(&span), missed())
        };
        let line = |line: &crate::model::RoutingLine| {
            let text = format!("{}: {}", line.path, source_excerpt(sources, line.head));
            (
                line.span,
                self.lines.contains(&*line.path),
                UncoveredItem { location: RuleLocation::of(sources, line.span), text },
            )
        };
        let lines = rules.model.routing_lines();
        let chosen = DeclaredArms::routes(&rules.model);
        Coverage {
            arms: share(DeclaredArms::arms(&rules.model).into_iter().map(arm).collect()),
            routes: share(lines.map(line).chain(chosen.into_iter().map(arm)).collect()),
        }
    }
}

fn share(mut all: Vec<(Span, bool, UncoveredItem)>) -> CoverageShare {
    all.sort_by_key(|(span, ..)| *span);
    let hit = all.iter().filter(|(_, hit, _)| *hit).count();
    let count = all.len();
    let missed = all.into_iter().filter(|(_, hit, _)| !hit).map(|(.., missed)| missed).collect();
    CoverageShare { hit, all: count, missed }
}

/// The places of the arms that the rules declare.
#[derive(Default)]
struct DeclaredArms(Vec<Span>);

impl DeclaredArms {
    fn arms(model: &Model) -> Vec<Span> {
        let mut found = Self::default();
        for mapping in &model.mappings {
            mapping.each_accept(&mut |part| found.expression(part));
            mapping.each_value(&mut |value| found.expression(value));
        }
        model.defines.iter().for_each(|define| found.expression(&define.value));
        for table in &model.tables {
            match &table.rows {
                TableRows::Arms(choice) => {
                    found.0.extend(choice.arms.iter().map(|arm| arm.span));
                    choice.each_expression(&mut |part| found.expression(part));
                }
                TableRows::Csv(_) => {}
            }
        }
        let arguments = model.channels.iter().flat_map(|channel| &channel.parameters);
        arguments.for_each(|(_, argument)| argument.each_expression(&mut |part| found.expression(part)));
        found.0
    }

    fn routes(model: &Model) -> Vec<Span> {
        let mut found = Self::default();
        for line in model.routing_lines() {
            line.when.iter().for_each(|when| found.expression(when));
            match &line.body {
                RoutingLineBody::Match(choice) => {
                    choice.each_condition(&mut |part| found.expression(part));
                    found.0.extend(choice.arms.iter().map(|arm| arm.span));
                }
                RoutingLineBody::Block(_) | RoutingLineBody::Target(_) => {}
            }
        }
        found.0
    }

    /// Adds the arms of every `match` in an expression.
    fn expression(&mut self, expression: &Expression) {
        if let ExpressionKind::Match(choice) = &expression.kind {
            self.0.extend(choice.arms.iter().map(|arm| arm.span));
        }
        expression.each_part(&mut |part| self.expression(part));
    }
}
