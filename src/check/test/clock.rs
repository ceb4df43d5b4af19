//! Whether what a test is about can ask for the time: a walk over everything that its subject reaches.

use crate::check::model::{
    Argument, Block, Comparator, Destination, Expression, ExpressionKind, LabelEntry, LineBody, Match, Model,
    Part, Pattern, Rows, ScheduleId, Subject, Target,
};
use crate::source::Span;
use crate::syntax::tree::TestSubject;
use std::collections::BTreeSet;

/// A `during` that was reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct During {
    pub(super) schedule: ScheduleId,
    pub(super) place: Span,
}

/// How far into its subject a test looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Whether the payload is accepted.
    Accept,
    /// What the mapping makes of it.
    Mapping,
    /// Where it goes.
    Routing,
}

/// The first `during` that the subject can reach.
pub(super) fn reached(model: &Model, kind: TestSubject, name: &str, reach: Reach) -> Option<During> {
    let mut walk = Walk {
        model,
        found: None,
        defines: BTreeSet::new(),
        tables: BTreeSet::new(),
        routings: BTreeSet::new(),
    };
    match kind {
        TestSubject::Mapping => {
            let at = model.mappings.iter().position(|mapping| *mapping.name == *name)?;
            walk.mapping(at, reach);
        }
        TestSubject::Routing => {
            walk.routing(model.routings.iter().position(|routing| *routing.name == *name)?);
        }
        TestSubject::Integration => {
            let integration = model.integrations.iter().find(|each| *each.name == *name)?;
            integration.mappings.iter().for_each(|mapping| walk.mapping(*mapping, reach));
            if reach == Reach::Routing {
                walk.destination(integration.destination);
            }
        }
        TestSubject::Channel => {
            let channel = model.channels.iter().find(|channel| *channel.name == *name)?;
            channel.parameters.iter().for_each(|(_, argument)| walk.argument(argument));
        }
    }
    walk.found
}

struct Walk<'m> {
    model: &'m Model,
    found: Option<During>,
    defines: BTreeSet<usize>,
    tables: BTreeSet<usize>,
    routings: BTreeSet<usize>,
}

impl Walk<'_> {
    fn mapping(&mut self, at: usize, reach: Reach) {
        let Some(mapping) = self.model.mappings.get(at) else { return };
        let accepts = mapping.accept.iter().flat_map(|accept| [Some(&accept.when), accept.because.as_ref()]);
        accepts.flatten().for_each(|each| self.expression(each));
        if reach == Reach::Accept {
            return;
        }
        let values =
            mapping.lets.iter().map(|own| &own.value).chain(mapping.fields.iter().map(|(_, value)| value));
        let drops = mapping.drops.iter().flat_map(|drop| [&drop.when, &drop.because]);
        let labels = mapping.labels.iter().map(|entry| match entry {
            LabelEntry::Spread(value, _) | LabelEntry::Set(_, value) => value,
        });
        values.chain(drops).chain(labels).for_each(|each| self.expression(each));
    }

    fn destination(&mut self, destination: Destination) {
        match destination {
            Destination::Routing(routing) => self.routing(routing),
            Destination::Channel(_) => {}
        }
    }

    fn routing(&mut self, at: usize) {
        if self.routings.insert(at)
            && let Some(routing) = self.model.routings.get(at)
        {
            self.block(&routing.block);
        }
    }

    fn block(&mut self, block: &Block) {
        for line in &block.lines {
            line.when.iter().for_each(|when| self.expression(when));
            match &line.body {
                LineBody::Block(inner) => self.block(inner),
                LineBody::Match(choice) => {
                    self.choice(choice);
                    choice.arms.iter().for_each(|arm| self.target(&arm.result));
                }
                LineBody::Target(target) => self.target(target),
            }
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Destinations(all) => all.iter().for_each(|destination| self.destination(*destination)),
            Target::Nothing(because, _) => self.expression(because),
            Target::Decline => {}
        }
    }

    fn argument(&mut self, argument: &Argument) {
        match argument {
            Argument::Expression(expression) => self.expression(expression),
            Argument::List(items) => items.iter().for_each(|item| self.argument(item)),
            Argument::Object(members) => members.iter().for_each(|(_, member)| self.argument(member)),
            Argument::Literal(_) | Argument::Secret(_) => {}
        }
    }

    fn choice<R>(&mut self, choice: &Match<R>) {
        choice.subjects.iter().for_each(|subject| self.expression(subject));
        for arm in &choice.arms {
            arm.note.iter().for_each(|note| self.expression(note));
            for pattern in arm.columns.iter().flatten() {
                match pattern {
                    Pattern::Test(test, place) => self.comparator(test, *place),
                    Pattern::Any => {}
                }
            }
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Match(choice) => {
                self.choice(choice);
                choice.arms.iter().for_each(|arm| self.expression(&arm.result));
            }
            ExpressionKind::Template(parts) => parts.iter().for_each(|part| match part {
                Part::Value(value) => self.expression(value),
                Part::Text(_) => {}
            }),
            ExpressionKind::Navigate(inner, _) | ExpressionKind::Not(inner) => self.expression(inner),
            ExpressionKind::Lookup(table, arguments) => {
                self.table(*table);
                for argument in arguments {
                    self.expression(argument);
                }
            }
            ExpressionKind::Call(_, all)
            | ExpressionKind::Coalesce(all)
            | ExpressionKind::Or(all)
            | ExpressionKind::And(all)
            | ExpressionKind::List(all) => all.iter().for_each(|inner| self.expression(inner)),
            ExpressionKind::Object(members) => members.iter().for_each(|(_, member)| self.expression(member)),
            ExpressionKind::Define(define) => self.define(*define),
            ExpressionKind::Compare(comparison) => {
                match &comparison.subject {
                    Subject::Value(value) => self.expression(value),
                    Subject::Nodes(..) | Subject::Now => {}
                }
                self.comparator(&comparison.test, expression.span);
            }
            ExpressionKind::Literal(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_) => {}
        }
    }

    fn define(&mut self, at: usize) {
        if self.defines.insert(at)
            && let Some(define) = self.model.defines.get(at)
        {
            self.expression(&define.value);
        }
    }

    fn table(&mut self, at: usize) {
        if !self.tables.insert(at) {
            return;
        }
        match self.model.tables.get(at).map(|table| &table.rows) {
            Some(Rows::Arms(choice)) => {
                self.choice(choice);
                choice.arms.iter().for_each(|arm| self.expression(&arm.result));
            }
            Some(Rows::Csv(_)) | None => {}
        }
    }

    fn comparator(&mut self, test: &Comparator, place: Span) {
        match test {
            Comparator::During(schedule) => {
                self.found.get_or_insert(During { schedule: *schedule, place });
            }
            Comparator::Equal(value)
            | Comparator::Less(value)
            | Comparator::LessOrEqual(value)
            | Comparator::Greater(value)
            | Comparator::GreaterOrEqual(value)
            | Comparator::Contains(value)
            | Comparator::StartsWith(value)
            | Comparator::EndsWith(value) => self.expression(value),
            Comparator::In(values) => values.iter().for_each(|value| self.expression(value)),
            Comparator::Cidr(_)
            | Comparator::Like(_)
            | Comparator::Matches(_)
            | Comparator::Finds(_)
            | Comparator::Is(_) => {}
        }
    }
}
