//! The arms and routes of the rules that the tests hit.
//!
//! Counted are the arms of every `match` in mappings, defines, channels, answers and routes, the arms of tables written in the
//! rules (the rows of a CSV file are not), and every line of a routing. A line is hit where it hit or declined.

use super::location::{RuleLocation, source_excerpt};
use crate::diagnostic::visible_text;
use crate::model::{
    Destination, Expression, ExpressionKind, Heartbeat, Model, Mute, RoutingLine, RoutingLineBody, TableRows, Target,
};
use crate::ruleset::{EvaluationTrace, RuleSet};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// How much of the rules the tests hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Arms of mappings, tables, defines and channels.
    pub arms: CoverageShare,
    /// Lines of routings, and the arms of those that `match`.
    pub routes: CoverageShare,
    /// Mutes; one is hit where it held an alert.
    pub mutes: CoverageShare,
    /// Heartbeats, which are hit once a sender was absent.
    pub heartbeats: CoverageShare,
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
    /// The percentage of arms, routes, mutes and heartbeats together.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let shares = [&self.arms, &self.routes, &self.mutes, &self.heartbeats];
        percent(shares.map(|share| share.hit).iter().sum(), shares.map(|share| share.all).iter().sum())
    }
}

pub(super) fn percent(hit: usize, all: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if all == 0 { 100.0 } else { number(hit) * 100.0 / number(all) }
}

/// The arms and lines that were hit so far.
#[derive(Debug, Default)]
pub(super) struct CoverageHits {
    arms: BTreeSet<Span>,
    /// The lines, each with the number of cases that hit it.
    lines: BTreeMap<Box<str>, usize>,
    /// The lines that were tried, and the mappings that were asked.
    pub(super) tried: BTreeSet<Box<str>>,
    pub(super) mappings: BTreeSet<Box<str>>,
    mutes: BTreeSet<Box<str>>,
    /// The heartbeats that were absent.
    heartbeats: BTreeSet<String>,
}

impl CoverageHits {
    /// Adds the hits of one case.
    pub(super) fn add(&mut self, trace: &EvaluationTrace) {
        self.arms.extend(&trace.arms);
        for line in &trace.lines {
            *self.lines.entry(line.clone()).or_default() += 1;
        }
        self.tried.extend(trace.tried.iter().cloned());
        self.mappings.extend(trace.mappings.iter().cloned());
    }

    /// Adds the hits of other cases.
    pub(super) fn add_all(&mut self, other: Self) {
        let Self { arms, lines, tried, mappings, mutes, heartbeats } = other;
        self.arms.extend(arms);
        for (line, cases) in lines {
            *self.lines.entry(line).or_default() += cases;
        }
        self.tried.extend(tried);
        self.mappings.extend(mappings);
        self.mutes.extend(mutes);
        self.heartbeats.extend(heartbeats);
    }

    /// How many cases hit each line that any hit.
    pub(super) fn into_lines(self) -> BTreeMap<Box<str>, usize> {
        self.lines
    }

    /// Adds mutes that held an alert.
    pub(super) fn add_mutes<'m>(&mut self, mutes: impl Iterator<Item = &'m str>) {
        self.mutes.extend(mutes.map(Box::from));
    }

    /// Adds a heartbeat that was absent.
    pub(super) fn add_absence(&mut self, heartbeat: Option<&str>) {
        self.heartbeats.extend(heartbeat.map(str::to_owned));
    }

    /// The arms and the paths of lines that were not hit.
    pub(super) fn missed(&self, model: &Model) -> (BTreeSet<Span>, BTreeSet<Box<str>>) {
        let arms = declared_arms(model).into_iter().chain(routing_arms(model));
        let lines = model.routing_lines().map(|line| &*line.path);
        (
            arms.filter(|arm| !self.arms.contains(arm)).collect(),
            lines.filter(|line| !self.lines.contains_key(*line)).map(Box::from).collect(),
        )
    }

    /// The coverage of the rules.
    pub(super) fn coverage(&self, rules: &RuleSet) -> Coverage {
        let sources = &rules.sources;
        let item = |span, text| UncoveredItem { location: RuleLocation::of(sources, span), text };
        let arm = |span: Span| {
            let text = visible_text(&source_excerpt(sources, span));
            (span, self.arms.contains(&span), item(span, text))
        };
        let line = |line: &RoutingLine| {
            let text = format!("{}: {}", line.path, source_excerpt(sources, line.head));
            (line.span, self.lines.contains_key(&*line.path), item(line.span, text))
        };
        let mute =
            |mute: &Mute| (mute.span, self.mutes.contains(&mute.name), item(mute.span, format!("mute {}", mute.name)));
        let lines = rules.model.routing_lines();
        let chosen = routing_arms(&rules.model);
        let heartbeat = |heartbeat: &Heartbeat| {
            let text = format!("heartbeat {}", heartbeat.name);
            (heartbeat.span, self.heartbeats.contains(&*heartbeat.name), item(heartbeat.span, text))
        };
        Coverage {
            heartbeats: share(rules.model.heartbeats.iter().map(heartbeat).collect()),
            arms: share(declared_arms(&rules.model).into_iter().map(arm).collect()),
            mutes: share(rules.model.mutes.iter().map(mute).collect()),
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

/// The arms of mappings, defines, tables and channels.
fn declared_arms(model: &Model) -> Vec<Span> {
    let mut arms = Vec::new();
    for table in &model.tables {
        if let TableRows::Arms(choice) = &table.rows {
            arms.extend(choice.arms.iter().map(|arm| arm.span));
            choice.each_expression(&mut |part| add_arms(part, &mut arms));
        }
    }
    let mut add = |expression: &Expression| add_arms(expression, &mut arms);
    for mapping in &model.mappings {
        mapping.each_accept(&mut add);
        mapping.each_value(&mut add);
    }
    model.defines.iter().for_each(|define| add(&define.value));
    let arguments = model.channels.iter().flat_map(|channel| &channel.parameters);
    let arguments = arguments.chain(model.integrations.iter().flat_map(|integration| &integration.parameters));
    arguments.for_each(|(_, argument)| argument.each_expression(&mut add));
    // The members of a family share its parameters.
    arms.sort_unstable();
    arms.dedup();
    arms
}

/// The arms in routings.
fn routing_arms(model: &Model) -> Vec<Span> {
    let mut arms = Vec::new();
    for line in model.routing_lines() {
        line.when.iter().for_each(|when| add_arms(when, &mut arms));
        if let RoutingLineBody::Match(choice) = &line.body {
            choice.each_condition(&mut |part| add_arms(part, &mut arms));
            arms.extend(choice.arms.iter().map(|arm| arm.span));
        }
        let choices =
            line.body.own_targets().into_iter().flat_map(Target::destinations).filter_map(Destination::choice);
        choices.for_each(|choice| add_arms(&choice.value, &mut arms));
    }
    arms
}

/// Adds the arms of every `match` in an expression.
fn add_arms(expression: &Expression, arms: &mut Vec<Span>) {
    if let ExpressionKind::Match(choice) = &expression.kind {
        arms.extend(choice.arms.iter().map(|arm| arm.span));
    }
    expression.each_part(&mut |part| add_arms(part, arms));
}
