//! Who reads the input: what the arguments name, or what alone can be meant.

use super::exit::Exit;
use super::terminal::Terminal;
use super::{clock, input, load};
use crate::diagnostic::nearest;
use crate::model::Model;
use crate::ruleset::{EntryPoint, RuleSet};
use crate::text::backticked;
use crate::time::Timestamp;
use clap::Args;
use std::path::PathBuf;

/// Which rules read which input, and when: the arguments that `run` and `explain` share.
#[derive(Debug, Args)]
pub(super) struct EvaluationArguments {
    /// Rule files and folders, together one rule set; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(super) rules: Vec<PathBuf>,
    /// Read as this integration does; need not be named where the rule set has one
    #[arg(long, value_name = "NAME", conflicts_with = "mapping")]
    integration: Option<String>,
    /// Read with this mapping alone
    #[arg(long, value_name = "NAME")]
    mapping: Option<String>,
    /// Route what the mapping gives; with `--events`, need not be named where the rule set has one
    #[arg(long, value_name = "NAME", conflicts_with = "integration")]
    routing: Option<String>,
    /// The input holds events in the form in which `run` writes them, for a routing alone
    #[arg(long, conflicts_with_all = ["integration", "mapping"])]
    events: bool,
    /// The time of evaluation; now by default
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    at: Option<Timestamp>,
}

/// Loads the rules, and settles the time of evaluation. Inputs that mean rules count as such.
pub(super) fn prepare(
    selection: &EvaluationArguments,
    inputs: &[PathBuf],
    terminal: &mut Terminal,
) -> Result<(RuleSet, Timestamp), Exit> {
    let now = clock::at(selection.at);
    let more = inputs.iter().filter(|path| input::is_rules(path)).cloned();
    let paths: Vec<PathBuf> = selection.rules.iter().cloned().chain(more).collect();
    if paths.is_empty() {
        terminal.error("no rules are named");
        terminal.help("say which rule files or folders: `--rules PATH`");
        return Err(Exit::Usage);
    }
    Ok((load::usable(&paths, Some(now), terminal)?, now))
}

/// What the documents of the input are, and who reads them.
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

/// Why there is no reader.
pub(super) enum ReaderChoiceError<'s> {
    /// The rule set holds nothing of that name.
    Unknown { kind: &'static str, name: &'s str, names: Vec<&'s str> },
    /// Nothing was named, and not exactly one can be meant.
    Unnamed { kind: &'static str, names: Vec<&'s str> },
    /// A routing was named, but nothing that gives it events.
    RoutingAlone,
}

impl ReaderChoiceError<'_> {
    /// Says what is wrong with the command line.
    pub(super) fn report(&self, terminal: &mut Terminal) -> Exit {
        match self {
            Self::Unknown { kind, name, names } => {
                terminal.error(&format!("no {kind} is called `{name}`"));
                match nearest(name, names.iter().copied()) {
                    Some(near) => terminal.help(&format!("did you mean `{near}`?")),
                    None => list(kind, names, terminal),
                }
            }
            Self::Unnamed { kind, names } if names.is_empty() => {
                terminal.error(&format!("the rule set has no {kind}"));
                if *kind == "integration" {
                    terminal.help("read with one mapping alone: `--mapping NAME`");
                }
            }
            Self::Unnamed { kind, names } => {
                terminal.error(&format!(
                    "the rule set has {} {kind}s, so say which one: `--{kind} NAME`",
                    names.len()
                ));
                list(kind, names, terminal);
                if *kind == "integration" {
                    terminal.help("or read with one mapping alone: `--mapping NAME`");
                }
            }
            Self::RoutingAlone => {
                terminal.error("`--routing` needs to know what gives it events");
                terminal.help("add `--mapping NAME` for payloads, or `--events` for events");
            }
        }
        Exit::Usage
    }
}

/// Names that can be chosen from, as far as a person reads them.
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
        let routing =
            arguments.routing.as_deref().map(|name| known("routing", name, routings)).transpose()?;
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

fn known<'s>(
    kind: &'static str,
    name: &'s str,
    names: Vec<&'s str>,
) -> Result<&'s str, ReaderChoiceError<'s>> {
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
