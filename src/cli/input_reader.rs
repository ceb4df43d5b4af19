//! The mapping, integration or routing that reads the input: the one that the arguments name, or the only one.

use super::exit::Exit;
use super::request::RequestArguments;
use super::terminal::Terminal;
use super::{clock, input, load};
use crate::diagnostic::nearest;
use crate::model::Model;
use crate::program::RequestReads;
use crate::ruleset::{EntryPoint, RuleSet};
use crate::text::backticked;
use crate::time::Timestamp;
use clap::Args;
use std::path::PathBuf;

/// The arguments that `run` and `explain` share.
#[derive(Debug, Args)]
pub(super) struct EvaluationArguments {
    /// Rule files and folders; together they are one rule set; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(super) rules: Vec<PathBuf>,
    /// Read payloads as this integration; optional if the rule set has only one
    #[arg(long, value_name = "NAME", conflicts_with = "mapping")]
    integration: Option<String>,
    /// Read payloads with this mapping only
    #[arg(long, value_name = "NAME")]
    mapping: Option<String>,
    /// Route the events of the mapping; with `--events`, optional if the rule set has only one routing
    #[arg(long, value_name = "NAME", conflicts_with = "integration")]
    routing: Option<String>,
    /// Read events, as `run` writes them, and only route them
    #[arg(long, conflicts_with_all = ["integration", "mapping"])]
    events: bool,
    /// The time of evaluation; now by default
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    at: Option<Timestamp>,
    #[command(flatten)]
    pub(super) request: RequestArguments,
}

/// Loads the rules, and chooses the time of evaluation. Inputs that are rule files or folders with rules are added to the
/// rules.
pub(super) fn prepare(
    selection: &EvaluationArguments,
    inputs: &[PathBuf],
    terminal: &mut Terminal,
) -> Result<PreparedEvaluation, Exit> {
    let now = clock::at(selection.at);
    let more = inputs.iter().filter(|path| input::is_rules(path)).cloned();
    let paths: Vec<PathBuf> = selection.rules.iter().cloned().chain(more).collect();
    if paths.is_empty() {
        terminal.error("no rules are named");
        terminal.help("name rule files or folders, as arguments or as `--rules PATH`");
        return Err(Exit::Usage);
    }
    Ok(PreparedEvaluation { rules: load::usable(&paths, Some(now), terminal)?, now })
}

/// Rules, and the time at which they evaluate.
pub(super) struct PreparedEvaluation {
    pub(super) rules: RuleSet,
    pub(super) now: Timestamp,
}

/// The kind of the input documents, and what reads them.
#[derive(Debug, Clone, Copy)]
pub(super) enum InputReader<'s> {
    /// Payloads.
    Payloads(EntryPoint<'s>),
    /// Events, for the routing of this name.
    Events(&'s str),
}

impl<'s> InputReader<'s> {
    /// The integration and the mapping that an outcome names.
    pub(super) fn names(self) -> (Option<&'s str>, Option<&'s str>) {
        match self {
            Self::Payloads(EntryPoint::Integration(name)) => (Some(name), None),
            Self::Payloads(EntryPoint::Mapping(name, _)) => (None, Some(name)),
            Self::Events(_) => (None, None),
        }
    }
}

impl InputReader<'_> {
    /// What the mappings read of a request besides the payload.
    pub(super) fn request_reads(self, rules: &RuleSet) -> RequestReads {
        match self {
            Self::Payloads(entry) => rules.request_reads(entry),
            Self::Events(_) => RequestReads::default(),
        }
    }
}

/// Why no reader can be chosen.
pub(super) enum ReaderChoiceError<'s> {
    /// The rule set has no item of that name.
    Unknown { kind: &'static str, name: &'s str, names: Vec<&'s str> },
    /// No name was given, and the rule set has not exactly one.
    Unnamed { kind: &'static str, names: Vec<&'s str> },
    /// A routing was named without a source of events.
    RoutingAlone,
}

impl ReaderChoiceError<'_> {
    /// Prints what is wrong with the command line.
    pub(super) fn report(&self, terminal: &mut Terminal) -> Exit {
        match self {
            Self::Unknown { kind, name, names } => {
                terminal.error(&format!("there is no {kind} named `{name}`"));
                match nearest(name, names.iter().copied()) {
                    Some(near) => terminal.help(&format!("did you mean `{near}`?")),
                    None => list(kind, names, terminal),
                }
            }
            Self::Unnamed { kind, names } if names.is_empty() => {
                terminal.error(&format!("the rule set has no {kind}"));
                if *kind == "integration" {
                    terminal.help("read with one mapping only: `--mapping NAME`");
                }
            }
            Self::Unnamed { kind, names } => {
                terminal.error(&format!("the rule set has {} {kind}s: choose one with `--{kind} NAME`", names.len()));
                list(kind, names, terminal);
                if *kind == "integration" {
                    terminal.help("or read with one mapping only: `--mapping NAME`");
                }
            }
            Self::RoutingAlone => {
                terminal.error("`--routing` needs a source of events");
                terminal.help("add `--mapping NAME` for payloads, or `--events` for events");
            }
        }
        Exit::Usage
    }
}

/// Lists the first names that can be chosen.
fn list(kind: &str, names: &[&str], terminal: &mut Terminal) {
    let shown = backticked(names.iter().take(20));
    let more = if names.len() > shown.len() { ", …" } else { "" };
    if shown.is_empty() {
        terminal.help(&format!("the rule set has no {kind}"));
    } else {
        terminal.help(&format!("there are: {}{more}", shown.join(", ")));
    }
}

/// Finds the reader.
pub(super) fn choose<'s>(
    arguments: &'s EvaluationArguments,
    model: &'s Model,
) -> Result<InputReader<'s>, ReaderChoiceError<'s>> {
    let routings: Vec<&str> = model.routings.iter().map(|routing| &*routing.name).collect();
    let integrations: Vec<&str> = model.integrations.iter().map(|integration| &*integration.name).collect();
    let mappings: Vec<&str> = model.mappings.iter().map(|mapping| &*mapping.name).collect();
    if arguments.events {
        return named_or_only("routing", arguments.routing.as_deref(), routings).map(InputReader::Events);
    }
    if let Some(mapping) = &arguments.mapping {
        let mapping = known("mapping", mapping, mappings)?;
        let routing = arguments.routing.as_deref().map(|name| known("routing", name, routings)).transpose()?;
        return Ok(InputReader::Payloads(EntryPoint::Mapping(mapping, routing)));
    }
    if arguments.routing.is_some() {
        return Err(ReaderChoiceError::RoutingAlone);
    }
    if let (None, [], [mapping]) = (&arguments.integration, &*integrations, &*mappings) {
        return Ok(InputReader::Payloads(EntryPoint::Mapping(mapping, None)));
    }
    let integration = named_or_only("integration", arguments.integration.as_deref(), integrations)?;
    Ok(InputReader::Payloads(EntryPoint::Integration(integration)))
}

fn known<'s>(kind: &'static str, name: &'s str, names: Vec<&'s str>) -> Result<&'s str, ReaderChoiceError<'s>> {
    if names.contains(&name) { Ok(name) } else { Err(ReaderChoiceError::Unknown { kind, name, names }) }
}

fn named_or_only<'s>(
    kind: &'static str,
    name: Option<&'s str>,
    names: Vec<&'s str>,
) -> Result<&'s str, ReaderChoiceError<'s>> {
    match (name, &*names) {
        (Some(name), _) => known(kind, name, names),
        (None, [only]) => Ok(only),
        (None, _) => Err(ReaderChoiceError::Unnamed { kind, names }),
    }
}
