//! Whether the subject of a test can depend on the time: a walk over everything that the subject uses.

use crate::model::{
    Comparator, Destination, Expression, ExpressionKind, Match, Model, RoutingLineBody, ScheduleId, TableRows, Target,
};
use crate::source::Span;
use crate::syntax::tree::TestSubject;
use std::collections::BTreeSet;

/// A `during` that was reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScheduleUse<'m> {
    pub(super) schedule: ScheduleId,
    pub(super) place: Span,
    /// The mute that asks; nothing where the subject does.
    pub(super) mute: Option<&'m str>,
}

/// How much of its subject a test evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EvaluationStage {
    /// Whether the payload is accepted.
    Accept,
    /// What the mapping makes of it.
    Mapping,
    /// Where it goes.
    Routing,
    /// What holds it there.
    Holds,
}

/// The first `during` that the subject can reach, or a mute, where what holds an event is expected.
pub(super) fn first_schedule_use<'m>(
    model: &'m Model,
    kind: TestSubject,
    name: &str,
    reach: EvaluationStage,
) -> Option<ScheduleUse<'m>> {
    let mut walk = ScheduleSearch {
        model,
        found: None,
        mute: None,
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
            if reach >= EvaluationStage::Routing {
                walk.destination(&integration.destination);
            }
        }
        TestSubject::Channel => {
            let channel = model.channels.iter().find(|channel| *channel.name == *name)?;
            for (_, argument) in &channel.parameters {
                argument.each_expression(&mut |part| walk.expression(part));
            }
        }
    }
    if reach == EvaluationStage::Holds {
        for mute in &model.mutes {
            walk.mute = Some(&mute.name);
            walk.expression(&mute.when);
        }
    }
    walk.found
}

struct ScheduleSearch<'m> {
    model: &'m Model,
    found: Option<ScheduleUse<'m>>,
    /// The mute under search.
    mute: Option<&'m str>,
    defines: BTreeSet<usize>,
    tables: BTreeSet<usize>,
    routings: BTreeSet<usize>,
}

impl ScheduleSearch<'_> {
    fn mapping(&mut self, at: usize, reach: EvaluationStage) {
        let Some(mapping) = self.model.mappings.get(at) else { return };
        mapping.each_accept(&mut |part| self.expression(part));
        if reach != EvaluationStage::Accept {
            mapping.each_value(&mut |value| self.expression(value));
        }
    }

    fn destination(&mut self, destination: &Destination) {
        match destination {
            Destination::Channel(_) => {}
            Destination::Routing(routing) => self.routing(*routing),
            Destination::Member(choice) => self.expression(&choice.value),
        }
    }

    fn routing(&mut self, at: usize) {
        let Some(routing) = self.model.routings.get(at).filter(|_| self.routings.insert(at)) else { return };
        for line in routing.block.all_lines() {
            line.when.iter().for_each(|when| self.expression(when));
            if let RoutingLineBody::Match(choice) = &line.body {
                self.choice(choice);
            }
            line.body.own_targets().into_iter().for_each(|target| self.target(target));
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Destinations(all) => all.iter().for_each(|destination| self.destination(destination)),
            Target::Nothing(because, _) => self.expression(because),
            Target::Decline => {}
        }
    }

    fn choice<R>(&mut self, choice: &Match<R>) {
        choice.tests().for_each(|(test, place)| self.comparator(test, place));
        choice.each_condition(&mut |part| self.expression(part));
    }

    fn expression(&mut self, expression: &Expression) {
        if let ExpressionKind::Match(choice) = &expression.kind {
            choice.tests().for_each(|(test, place)| self.comparator(test, place));
        } else if let ExpressionKind::Compare(comparison) = &expression.kind {
            self.comparator(&comparison.test, expression.span);
        } else if let ExpressionKind::Lookup(table, _) = &expression.kind {
            self.table(*table);
        } else if let ExpressionKind::Define(define) = &expression.kind {
            self.define(*define);
        }
        expression.each_part(&mut |part| self.expression(part));
    }

    fn define(&mut self, at: usize) {
        if self.defines.insert(at)
            && let Some(define) = self.model.defines.get(at)
        {
            self.expression(&define.value);
        }
    }

    fn table(&mut self, at: usize) {
        if self.tables.insert(at)
            && let Some(TableRows::Arms(choice)) = self.model.tables.get(at).map(|table| &table.rows)
        {
            self.choice(choice);
            choice.arms.iter().for_each(|arm| self.expression(&arm.result));
        }
    }

    fn comparator(&mut self, test: &Comparator, place: Span) {
        if let Comparator::During(schedule) = test {
            self.found.get_or_insert(ScheduleUse { schedule: *schedule, place, mute: self.mute });
        }
    }
}
