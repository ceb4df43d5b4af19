//! How many recorded events or payloads change.

use crate::cli::exit::Exit;
use crate::cli::input::{CommandInput, InputPosition, PositionCursor};
use crate::cli::terminal::Terminal;
use crate::cli::{clock, event};
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::{Event, Outcome, OutcomeKind};
use crate::json::{Arena, Document, DocumentChunk, LocatedDocument, Projection, Remaining};
use crate::model::Destination;
use crate::ruleset::{EntryPoint, RuleSet};
use crate::time::Timestamp;
use clap::Args;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is recorded, and how it is read.
#[derive(Debug, Args)]
pub(super) struct RecordedArguments {
    /// Also count how many of these events or payloads change: JSON documents or NDJSON; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Read payloads as this integration; optional if the rule set has only one
    #[arg(long, value_name = "NAME", requires = "events")]
    integration: Option<String>,
    /// The routing of events without an integration; optional if the rule set has only one
    #[arg(long, value_name = "NAME", requires = "events")]
    routing: Option<String>,
    /// The time of evaluation; now by default
    #[arg(long, value_name = "TIME", value_parser = clock::parse, requires = "events")]
    at: Option<Timestamp>,
}

/// How many recorded documents change.
#[derive(Debug, Default, Serialize)]
pub(super) struct RecordedDifference {
    /// The documents that were read.
    pub(super) documents: usize,
    /// The documents that change.
    pub(super) changed: usize,
    /// What changes, the most frequent first.
    pub(super) kinds: Vec<RecordedChange>,
}

/// Events with the same change.
#[derive(Debug, Serialize)]
pub(super) struct RecordedChange {
    /// The severity by the old rules; nothing where they give no event.
    pub(super) old_severity: Option<&'static str>,
    /// The severity by the new rules.
    pub(super) new_severity: Option<&'static str>,
    /// The channels that they no longer get to.
    pub(super) lost: Vec<String>,
    /// The channels that they get to now.
    pub(super) gained: Vec<String>,
    /// How many events.
    pub(super) count: usize,
    /// The first: its place and its title.
    pub(super) first: String,
}

impl RecordedChange {
    /// Whether such events are Critical by one of the rule sets.
    pub(super) fn was_critical(&self) -> bool {
        [self.old_severity, self.new_severity].contains(&Some("Critical"))
    }
}

/// What is known of an event once it is routed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct RecordedRouting {
    severity: Option<&'static str>,
    channels: BTreeSet<String>,
    title: String,
}

type ChangeKey = (Option<&'static str>, Option<&'static str>, Vec<String>, Vec<String>);

impl RecordedArguments {
    /// Compares what both rule sets make of the recorded documents.
    ///
    /// # Errors
    /// If they cannot be read, or an entry is not there.
    pub(super) fn compare(
        &self,
        old: &RuleSet,
        new: &RuleSet,
        terminal: &mut Terminal,
    ) -> Result<Option<RecordedDifference>, Exit> {
        let Some(path) = &self.events else { return Ok(None) };
        let input = CommandInput::read(path, terminal)
            .map_err(|error| terminal.fail(&format!("cannot read `{}`: {error}", path.display())))?;
        let now = clock::at(self.at);
        let whole = Projection::whole();
        let mut documents = DocumentChunk::first(&input.bytes, Remaining::Last, &whole);
        let mut cursor = PositionCursor::new(0, InputPosition { line: 1, column: 1 });
        let mut difference = RecordedDifference::default();
        let mut kinds: BTreeMap<ChangeKey, (usize, String)> = BTreeMap::new();
        let mut arena = Arena::new();
        loop {
            arena.clear();
            let Some(LocatedDocument { offset, document }) = documents.next(&arena) else { break };
            let line = cursor.position(&input.bytes, offset).line;
            let place = format!("{}:{line}", input.name);
            let document = document.map_err(|error| terminal.fail(&format!("{place}: {}", error.message)))?;
            difference.documents += 1;
            let mut route = |rules: &RuleSet| {
                self.route(rules, &document, now).map_err(|reason| {
                    terminal.error(&format!("{place}: {reason}"));
                    Exit::Usage
                })
            };
            let (old, new) = (route(old)?, route(new)?);
            difference.changed += usize::from(old != new);
            count(&old, &new, &place, &mut kinds);
        }
        difference.kinds =
            kinds.into_iter().map(|(key, (count, first))| RecordedChange::new(key, count, first)).collect();
        difference.kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        Ok(Some(difference))
    }

    /// What a rule set makes of a document.
    fn route(&self, rules: &RuleSet, document: &Document<'_>, now: Timestamp) -> Result<Vec<RecordedRouting>, String> {
        let context = EvaluationContext::at(now);
        if self.integration.is_none()
            && let Ok(event) = event::read(document)
        {
            let routing = self.routing_of(rules, event)?;
            let outcome = rules.route(routing, event, &context, document.arena, &mut SilentObserver);
            return Ok(vec![RecordedRouting::of(&outcome.map_err(|unknown| unknown.to_string())?)]);
        }
        let integration = match &self.integration {
            Some(name) => name,
            None => only(rules.model.integrations.iter().map(|integration| &*integration.name))
                .ok_or("this is not an event, and the rules have not one integration: name it with `--integration`")?,
        };
        let entry = EntryPoint::Integration(integration);
        let outcomes = rules.evaluate(entry, document, &context, &mut SilentObserver);
        Ok(outcomes.map_err(|unknown| unknown.to_string())?.iter().map(RecordedRouting::of).collect())
    }

    /// The routing that an event enters: the one that is named, that of its integration, or the only one.
    fn routing_of<'r>(&'r self, rules: &'r RuleSet, event: &Event<'_>) -> Result<&'r str, String> {
        if let Some(name) = &self.routing {
            return Ok(name);
        }
        let integration = rules.model.integrations.iter().find(|each| Some(&*each.name) == event.integration);
        let of_integration = integration.and_then(|integration| match integration.destination {
            Destination::Routing(routing) => rules.model.routings.get(routing),
            Destination::Channel(_) | Destination::Member(_) => None,
        });
        let named = of_integration.map(|routing| &*routing.name);
        named
            .or_else(|| only(rules.model.routings.iter().map(|routing| &*routing.name)))
            .ok_or_else(|| "the rules have not one routing: name it with `--routing`".to_owned())
    }
}

impl RecordedRouting {
    fn of(outcome: &Outcome<'_>) -> Self {
        match &outcome.kind {
            OutcomeKind::Routed(event, decision) => Self {
                severity: Some(event.severity.name()),
                channels: decision.channels.iter().map(|channel| (*channel).to_owned()).collect(),
                title: event.title.to_owned(),
            },
            OutcomeKind::Event(event) => {
                Self { severity: Some(event.severity.name()), channels: BTreeSet::new(), title: event.title.to_owned() }
            }
            OutcomeKind::Dropped(_) | OutcomeKind::Empty | OutcomeKind::Unaccepted(_) | OutcomeKind::Invalid { .. } => {
                Self::default()
            }
        }
    }
}

impl RecordedChange {
    fn new(key: ChangeKey, count: usize, first: String) -> Self {
        let (old_severity, new_severity, lost, gained) = key;
        Self { old_severity, new_severity, lost, gained, count, first }
    }
}

/// Counts the events of a document that change. Those of the two rule sets are paired in their order.
fn count(
    old: &[RecordedRouting],
    new: &[RecordedRouting],
    place: &str,
    kinds: &mut BTreeMap<ChangeKey, (usize, String)>,
) {
    let nothing = RecordedRouting::default();
    for at in 0..old.len().max(new.len()) {
        let (old, new) = (old.get(at).unwrap_or(&nothing), new.get(at).unwrap_or(&nothing));
        let lost: Vec<String> = old.channels.difference(&new.channels).cloned().collect();
        let gained: Vec<String> = new.channels.difference(&old.channels).cloned().collect();
        if lost.is_empty() && gained.is_empty() && old.severity == new.severity {
            continue;
        }
        let title = if new.title.is_empty() { &old.title } else { &new.title };
        let first = || (0, format!("{place}: {title}"));
        kinds.entry((old.severity, new.severity, lost, gained)).or_insert_with(first).0 += 1;
    }
}

fn only<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names.next().filter(|_| names.next().is_none())
}
