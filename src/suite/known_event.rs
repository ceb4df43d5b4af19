//! The events of the tests of a rule set: proofs try them before they search for others.

use super::case_run::CaseRunner;
use super::payload_sample::each_case;
use super::plan::{CaseInput, Spanned};
use super::test_event;
use super::test_files::TestFiles;
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::OutcomeKind;
use crate::json;
use crate::model::Destination;
use crate::prove::{KnownEvent, Witness};
use crate::ruleset::{EntryPoint, RuleSet};
use crate::syntax::tree::TestSubject;

/// The most events of all tests.
const MAX_EVENTS: usize = 10_000;

/// The events that tests route, and those that integrations make of their payloads. Sequences are left out.
#[must_use]
pub fn known_events(rules: &RuleSet, files: &dyn TestFiles) -> Vec<KnownEvent> {
    let mut found = Vec::new();
    each_case(rules, files, &mut |runner| {
        if found.len() < MAX_EVENTS {
            found.extend(of_case(runner, files).unwrap_or_default());
        }
    });
    found
}

/// None for cases without an event that can be read.
fn of_case(runner: &CaseRunner<'_>, files: &dyn TestFiles) -> Option<Vec<KnownEvent>> {
    let (subject, name) = runner.plan.subject?;
    match subject {
        TestSubject::Routing => routed(runner, &name.text).map(|event| vec![event]),
        TestSubject::Integration => pushed(runner, &name.text, files),
        TestSubject::Mapping | TestSubject::Channel => None,
    }
}

fn routed(runner: &CaseRunner<'_>, routing: &str) -> Option<KnownEvent> {
    let Some(Spanned { value: CaseInput::Event(json), .. }) = runner.plan.input else { return None };
    let arena = json::Arena::new();
    let event = test_event::event(&runner.fill(json).ok()?, &arena).ok()?;
    Some(KnownEvent { routing: routing.into(), event: Witness::of(event, runner.now().ok()?) })
}

fn pushed(runner: &CaseRunner<'_>, integration: &str, files: &dyn TestFiles) -> Option<Vec<KnownEvent>> {
    let model = &runner.rules.model;
    let declared = model.integrations.iter().find(|declared| *declared.name == *integration)?;
    let Destination::Routing(routing) = declared.destination else { return None };
    let routing = &model.routings.get(routing)?.name;
    let (bytes, now, request) = (runner.payload(files)?, runner.now().ok()?, runner.request().ok()?);
    let arena = json::Arena::new();
    let document = json::parse(&bytes, &arena).ok()?;
    let context = EvaluationContext { now, open: &|_| Vec::new(), request: &request };
    let entry = EntryPoint::Integration(integration);
    let outcomes = runner.rules.evaluate(entry, &document, &context, &mut SilentObserver).ok()?;
    let known = outcomes.iter().filter_map(|outcome| match &outcome.kind {
        OutcomeKind::Routed(event, _) => Some(KnownEvent { routing: routing.clone(), event: Witness::of(event, now) }),
        OutcomeKind::Event(_)
        | OutcomeKind::Dropped(_)
        | OutcomeKind::Empty
        | OutcomeKind::Unaccepted(_)
        | OutcomeKind::Invalid { .. } => None,
    });
    Some(known.collect())
}
