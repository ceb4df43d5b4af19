//! The lines of routings that use a declaration, also through defines and tables.

use super::line_meaning::channel_name;
use crate::model::{
    Comparator, Destination, Expression, ExpressionKind, Match, Model, RoutingLine, RoutingLineBody, TableRows, Target,
};
use std::collections::BTreeSet;

/// A declaration that lines use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum UsedDeclaration {
    Channel(Box<str>),
    Family(usize),
    Schedule(usize),
    Table(usize),
    Define(usize),
}

/// What a line uses.
pub(super) fn uses_of_line(model: &Model, line: &RoutingLine) -> BTreeSet<UsedDeclaration> {
    let mut uses = UseSearch { model, found: BTreeSet::new() };
    line.when.iter().for_each(|when| uses.expression(when));
    if let RoutingLineBody::Match(choice) = &line.body {
        uses.patterns(choice);
        choice.each_condition(&mut |part| uses.expression(part));
    }
    for target in line.body.own_targets() {
        target.each_expression(&mut |part| uses.expression(part));
        uses.target(target);
    }
    uses.found
}

struct UseSearch<'m> {
    model: &'m Model,
    found: BTreeSet<UsedDeclaration>,
}

impl UseSearch<'_> {
    fn target(&mut self, target: &Target) {
        for destination in target.destinations() {
            match destination {
                Destination::Channel(channel) => {
                    self.found.insert(UsedDeclaration::Channel(channel_name(self.model, *channel).into()));
                }
                Destination::Member(choice) => _ = self.found.insert(UsedDeclaration::Family(choice.family)),
                Destination::Routing(_) => {}
            }
        }
    }

    fn expression(&mut self, expression: &Expression) {
        let model = self.model;
        match &expression.kind {
            ExpressionKind::Define(id) if self.found.insert(UsedDeclaration::Define(*id)) => {
                model.defines.get(*id).iter().for_each(|define| self.expression(&define.value));
            }
            ExpressionKind::Lookup(id, _) if self.found.insert(UsedDeclaration::Table(*id)) => {
                if let Some(TableRows::Arms(rows)) = model.tables.get(*id).map(|table| &table.rows) {
                    self.patterns(rows);
                    rows.each_expression(&mut |part| self.expression(part));
                }
            }
            ExpressionKind::Match(choice) => self.patterns(choice),
            ExpressionKind::Compare(comparison) => self.test(&comparison.test),
            ExpressionKind::Define(_)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => {}
        }
        expression.each_part(&mut |part| self.expression(part));
    }

    fn patterns<R>(&mut self, choice: &Match<R>) {
        choice.tests().for_each(|(test, _)| self.test(test));
    }

    fn test(&mut self, test: &Comparator) {
        if let Comparator::During(schedule) = test {
            self.found.insert(UsedDeclaration::Schedule(*schedule));
        }
    }
}
