//! The facade: it turns rule files into an immutable rule set, which commands, tests and the gateway evaluate.
//!
//! [`files`] alone touches files; everything else here, and everything below, is pure.

mod alert_facts;
mod difference;
pub mod editor;
#[cfg(not(target_family = "wasm"))]
pub mod files;
mod joined_findings;
mod own_event;
mod payload_facts;
mod proofs;
mod resolve;
mod route_tree;
mod samples;
mod silence;
pub mod source_text;
mod statements;
mod trace;
mod variant;
mod why_not;

pub use difference::{
    ChannelChangeEntry, DeclarationEdit, DeliveryChange, EventChange, LineEdit, PartEdit, PayloadChange,
    RoutingVerdict, RuleSetDifference, SeveritySummary, WrittenText,
};
#[cfg(not(target_family = "wasm"))]
pub use files::SystemClock;
pub use proofs::{ProofSummary, Proofs};
pub use resolve::{ReadSecret, ResolvedSettings, UnreadableSecret};
pub use route_tree::{RouteArm, RouteTarget, RouteTreeLine, RoutingTree};
pub use samples::{SampleFile, SampleReport};
pub use silence::{MAX_CONDITION_BYTES, RefusedCondition, SilenceCondition, SilenceSet};
pub use trace::{
    ArmTrace, AssignedValue, ComparisonTrace, ElementTrace, EvaluationTrace, MissingMember, RouteTrace, TraceStep,
    visible_excerpt,
};
pub use variant::{TextEdit, VariantBuilder};
pub use why_not::{is_route, line_at, why_not};

use crate::channel::NotificationPolicy;
use crate::check::{self, CheckEnvironment};
use crate::diagnostic::{self, Diagnostic, DiagnosticCode, DiagnosticLevel, FindingCounts, Findings};
use crate::evaluate::{self, EvaluationContext, EvaluationPlan, HoldBudget, HoldFacts, Observer, PushAnswer};
use crate::event::{Event, MessageGroup, Outcome, OutcomeKind};
use crate::json::{self, Arena, Projection, ToJson};
use crate::model::Model;
use crate::program::{Destination, PositionsByName, Program, RequestReads};
use crate::prove::ProofEffort;
use crate::source::{FileId, Sources, Span};
use crate::time::Timestamp;
use crate::{compile, syntax};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

/// Reads the text of a file that a rule names; the error is the reason, in words.
pub type ReadTable<'r> = dyn Fn(&Path) -> Result<String, String> + 'r;

/// The result of loading rule files.
#[derive(Debug)]
pub struct LoadedRules {
    /// The files, for rendering diagnostics.
    pub sources: Sources,
    /// The findings, in the order of files and places; no more than [`MAX_FINDINGS`](diagnostic::MAX_FINDINGS).
    pub diagnostics: Vec<Diagnostic>,
    /// How many more there are.
    pub left_out: FindingCounts,
    /// The rule set, unless it contains an error; with [`TestErrors::SetAside`], an error outside of its tests.
    pub rules: Option<RuleSet>,
}

/// How errors in tests count. Only those that `check` finds in a test that parses are errors in tests: after one that
/// does not, other declarations may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestErrors {
    /// As all others: a set with one is not built.
    Refuse,
    /// The set is built without the tests that hold them.
    SetAside,
}

/// A rule set without errors.
#[derive(Debug)]
pub struct RuleSet {
    /// Its files.
    pub sources: Sources,
    /// The checked rules: tests, channels, places.
    pub model: Model,
    /// The compiled rules.
    pub program: Program,
    /// How many steps its proofs may take.
    pub effort: ProofEffort,
}

/// What reads a payload, and where its events go.
#[derive(Debug, Clone, Copy)]
pub enum EntryPoint<'s> {
    /// An integration, with its mappings and its destination.
    Integration(&'s str),
    /// A mapping, and optionally a routing.
    Mapping(&'s str, Option<&'s str>),
}

/// A name that the rule set does not contain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} `{name}`{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownName {
    /// `integration`, `mapping`, `routing` or `channel`.
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// The nearest name that exists.
    pub nearest: Option<String>,
}

impl RuleSet {
    /// Checks and compiles texts that are already read; `read` reads the files that they name.
    #[must_use]
    pub fn from_sources(sources: Sources, read: &ReadTable<'_>, at: Option<Timestamp>) -> LoadedRules {
        Self::build(sources, read, at, Findings::default(), TestErrors::Refuse)
    }

    /// As [`RuleSet::from_sources`], for use in production: a set is built although its tests hold errors.
    #[must_use]
    pub fn from_served_sources(sources: Sources, read: &ReadTable<'_>, at: Option<Timestamp>) -> LoadedRules {
        Self::build(sources, read, at, Findings::default(), TestErrors::SetAside)
    }

    fn build(
        sources: Sources,
        read: &ReadTable<'_>,
        at: Option<Timestamp>,
        mut findings: Findings,
        test_errors: TestErrors,
    ) -> LoadedRules {
        let unread: BTreeSet<FileId> = findings.kept().iter().map(|each| each.span.file).collect();
        let texts = sources.iter().map(|(id, _)| id).filter(|id| !unread.contains(id));
        let parse = |id| findings.add_with(|diagnostics| syntax::parse(&sources, id, diagnostics));
        let files: Vec<_> = texts.map(parse).collect();
        let environment = CheckEnvironment { sources: &sources, read, at };
        // The names in a file that was not read are unknown, so names cannot be checked.
        let (model, findings) = if unread.is_empty() {
            let (model, findings) = check::check(&files, &environment, findings);
            (Some(model), findings)
        } else {
            (None, findings)
        };
        // The trees take more memory than everything that is kept.
        drop(files);
        let has_errors = findings.has_errors();
        let (mut diagnostics, left_out) = findings.finish();
        let model = match (model, test_errors) {
            (Some(model), TestErrors::SetAside) if has_errors && left_out.errors == 0 => {
                without_broken_tests(model, &diagnostics)
            }
            (model, TestErrors::Refuse | TestErrors::SetAside) => model.filter(|_| !has_errors),
        };
        for each in &mut diagnostics {
            each.align(&sources);
        }
        diagnostics.sort_by_key(|each| (each.span.file, each.span.start, each.span.end, each.code.id));
        let Some(model) = model else {
            return LoadedRules { sources, diagnostics, left_out, rules: None };
        };
        let program = compile::compile(&model, sources.clone());
        let rules = Self { sources: sources.clone(), model, program, effort: ProofEffort::default() };
        LoadedRules { sources, diagnostics, left_out, rules: Some(rules) }
    }

    /// Maps a payload, and routes its events if the entry point has a destination.
    ///
    /// # Errors
    /// If the rule set does not contain a name of the entry point.
    pub fn evaluate<'a, O: Observer>(
        &'a self,
        entry: EntryPoint<'_>,
        document: &json::Document<'a>,
        context: &EvaluationContext<'_>,
        observer: &mut O,
    ) -> Result<Vec<Outcome<'a>>, UnknownName> {
        let pipeline = self.pipeline(entry)?;
        Ok(evaluate::evaluate(&self.program, pipeline, document, context, observer))
    }

    /// What the sender of a payload gets from an integration once the payload is accepted, if that is not the receipt.
    pub fn answer<'a, O: Observer>(
        &'a self,
        integration: &str,
        document: &json::Document<'a>,
        context: &EvaluationContext<'_>,
        observer: &mut O,
    ) -> Option<PushAnswer> {
        let position = *self.program.names.integrations.get(integration)?;
        evaluate::answer(&self.program, position, document, context, observer)
    }

    /// Reads the part of a payload that the entry point uses. [`RuleSet::evaluate`] returns the same for it as for the whole
    /// payload.
    ///
    /// # Errors
    /// If the bytes are not one JSON document: the place and the reason.
    pub fn read<'a>(
        &self,
        entry: EntryPoint<'_>,
        bytes: &'a [u8],
        arena: &'a Arena,
    ) -> Result<json::Document<'a>, json::JsonError> {
        json::parse_projected(bytes, &self.reach(entry), arena)
    }

    /// The part of a payload that an entry point uses; nothing if the rule set does not contain it.
    #[must_use]
    pub fn reach(&self, entry: EntryPoint<'_>) -> Cow<'_, Projection> {
        let names = &self.program.names;
        let reach = match entry {
            EntryPoint::Integration(name) => {
                let integration = names.integrations.get(name);
                let integration = integration.and_then(|place| self.program.integrations.get(*place));
                integration.map(|integration| &integration.reach)
            }
            EntryPoint::Mapping(name, _) => {
                let mapping = names.mappings.get(name);
                mapping.and_then(|place| self.program.mappings.get(*place)).map(|mapping| &mapping.reach)
            }
        };
        reach.map_or_else(|| Cow::Owned(Projection::default()), Cow::Borrowed)
    }

    /// What an entry point reads of a request besides the payload; nothing if the rule set does not contain it.
    #[must_use]
    pub fn request_reads(&self, entry: EntryPoint<'_>) -> RequestReads {
        let names = &self.program.names;
        let reads = match entry {
            EntryPoint::Integration(name) => {
                let position = names.integrations.get(name);
                position.and_then(|position| self.program.integrations.get(*position)).map(|found| &found.reads)
            }
            EntryPoint::Mapping(name, _) => {
                let position = names.mappings.get(name);
                position.and_then(|position| self.program.mappings.get(*position)).map(|found| &found.reads)
            }
        };
        reads.cloned().unwrap_or_default()
    }

    /// Routes an event.
    ///
    /// # Errors
    /// If there is no such routing.
    pub fn route<'a, O: Observer>(
        &'a self,
        routing: &str,
        event: &'a Event<'a>,
        context: &EvaluationContext<'_>,
        arena: &'a Arena,
        observer: &mut O,
    ) -> Result<Outcome<'a>, UnknownName> {
        let routing = *find("routing", &self.program.names.routings, routing)?.1;
        observer.element(0);
        observer.routed(0);
        let destination = Destination::Routing(routing);
        let decision = evaluate::route(&self.program, destination, event, context, arena, observer);
        let result = OutcomeKind::Routed(event, decision);
        Ok(Outcome { integration: None, mapping: None, index: None, kind: result })
    }

    /// The body that a channel would send for an event; the event itself if the channel sends nothing.
    ///
    /// # Errors
    /// If there is no such channel.
    pub fn body<O: Observer>(
        &self,
        channel: &str,
        event: &Event<'_>,
        group: MessageGroup<'_>,
        context: &EvaluationContext<'_>,
        observer: &mut O,
    ) -> Result<serde_json::Value, UnknownName> {
        let channel = *find("channel", &self.program.names.channels, channel)?.1;
        let rendered = self.render_observed(channel, event, group, context, observer).map(|rendered| rendered.body);
        Ok(rendered.unwrap_or_else(|| event.to_value()))
    }

    /// When and how often a channel tells people about alerts.
    ///
    /// # Errors
    /// If there is no such channel.
    pub fn policy(&self, channel: &str) -> Result<NotificationPolicy, UnknownName> {
        let (name, _) = find("channel", &self.program.names.channels, channel)?;
        Ok(self.program.policy(name).unwrap_or(NotificationPolicy::EVERY_EVENT))
    }

    /// The channel that is told instead of a channel, if it has one.
    ///
    /// # Errors
    /// If there is no such channel.
    pub fn fallback(&self, channel: &str) -> Result<Option<&str>, UnknownName> {
        let (name, _) = find("channel", &self.program.names.channels, channel)?;
        Ok(self.program.fallback(name))
    }

    /// The values by which a channel groups an event, as [`evaluate::group_values`] gives them.
    ///
    /// # Errors
    /// If there is no such channel.
    pub fn group_values<O: Observer>(
        &self,
        channel: &str,
        event: &Event<'_>,
        context: &EvaluationContext<'_>,
        observer: &mut O,
    ) -> Result<Vec<(&str, Option<String>)>, UnknownName> {
        let channel = *find("channel", &self.program.names.channels, channel)?.1;
        Ok(evaluate::group_values(&self.program, channel, event, context, observer))
    }

    /// Which mutes an event meets, and of which it is a source, as [`evaluate::hold_facts`] gives them.
    pub fn hold_facts<O: Observer>(
        &self,
        event: &Event<'_>,
        context: &EvaluationContext<'_>,
        observer: &mut O,
    ) -> HoldFacts<'_> {
        evaluate::hold_facts(&self.program, event, context, &mut HoldBudget::default(), observer)
    }

    /// The mappings and the destination of an entry point.
    ///
    /// # Errors
    /// If the rule set does not contain one of its names.
    pub fn pipeline(&self, entry: EntryPoint<'_>) -> Result<EvaluationPlan<'_>, UnknownName> {
        let names = &self.program.names;
        match entry {
            EntryPoint::Integration(name) => {
                let (name, position) = find("integration", &names.integrations, name)?;
                let integration = self.program.integrations.get(*position);
                Ok(EvaluationPlan {
                    integration: Some(name),
                    mappings: integration.map_or(&[], |integration| &integration.mappings),
                    destination: integration.map(|integration| integration.destination),
                })
            }
            EntryPoint::Mapping(mapping, routing) => {
                let (_, mapping) = find("mapping", &names.mappings, mapping)?;
                let routing = routing.map(|name| find("routing", &names.routings, name)).transpose()?;
                Ok(EvaluationPlan {
                    integration: None,
                    mappings: std::slice::from_ref(mapping),
                    destination: routing.map(|(_, position)| Destination::Routing(*position)),
                })
            }
        }
    }
}

/// The model without the tests that hold errors; nothing if some error is elsewhere.
fn without_broken_tests(mut model: Model, diagnostics: &[Diagnostic]) -> Option<Model> {
    let mut broken: BTreeSet<Span> = BTreeSet::new();
    let statements = model.statement_places.iter().copied();
    let tests: BTreeSet<Span> = model.tests.iter().map(|test| test.span).chain(statements).collect();
    for error in diagnostics.iter().filter(|each| each.level() == DiagnosticLevel::Error) {
        // Declarations do not overlap, so the last that begins before the error is the only one that may hold it.
        let before = Span { end: u32::MAX, ..error.span };
        let test = tests.range(..=before).next_back().filter(|test| test.covers(error.span))?;
        broken.insert(*test);
    }
    model.tests.retain(|test| !broken.contains(&test.span));
    model.statements.retain(|statement| !broken.contains(&statement.item));
    Some(model)
}

/// Every code of every stage, in the order of their names.
#[must_use]
pub fn codes() -> Vec<&'static DiagnosticCode> {
    let mut codes = check::codes();
    codes.extend(syntax::codes().iter().chain(source_text::CODES).chain(resolve::CODES).copied());
    codes.sort_by_key(|code| code.id);
    codes
}

fn find<'r>(kind: &'static str, names: &'r PositionsByName, name: &str) -> Result<(&'r str, &'r usize), UnknownName> {
    names.get_key_value(name).map(|(name, position)| (&**name, position)).ok_or_else(|| {
        let mut known: Vec<&str> = names.keys().map(|name| &**name).collect();
        known.sort_unstable();
        let nearest = diagnostic::nearest(name, known).map(str::to_owned);
        UnknownName { kind, name: name.to_owned(), nearest }
    })
}
