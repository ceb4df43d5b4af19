//! `pointsman routes`: the routings as trees, with the tests and proofs of each line.

mod graph;
mod text;

use super::exit::Exit;
use super::rule_paths::RulePathArguments;
use super::terminal::Terminal;
use super::{clock, load, prove};
use crate::evaluate::EvaluationContext;
use crate::json;
use crate::model::LineKind;
use crate::prove::Reachability;
use crate::ruleset::{EvaluationTrace, RouteTreeLine, RoutingTree, RuleSet};
use crate::suite::files::DiskFiles;
use crate::suite::route_hits;
use crate::time::Timestamp;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Show the routings as trees: conditions, channels, where `decline` leads, tests and proofs of each line
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulePathArguments,
    /// Only this routing
    #[arg(long, value_name = "NAME")]
    routing: Option<String>,
    /// Only lines that events which meet this condition can reach
    #[arg(long = "where", value_name = "CONDITION")]
    condition: Option<String>,
    /// Mark the way of this event: a file of JSON, as `run` writes events
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// The time at which the event is routed; now by default
    #[arg(long, value_name = "TIME", requires = "event", value_parser = clock::parse)]
    at: Option<Timestamp>,
    /// How many levels of lines are shown; all by default
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// The format
    #[arg(long, value_enum, default_value_t = RoutesFormat::Text)]
    format: RoutesFormat,
}

const EXAMPLES: &str = "\
Examples:
  pointsman routes rules                             every routing
  pointsman routes rules --where 'labels.team == \"data\" and severity == Critical'
  pointsman routes rules --event event.json          the way of one event
  pointsman routes rules --format mermaid > routes.mmd

Behind each line stands how many tests hit it, and whether proofs found that no event can.

Exit codes:
  0  success
  1  the rules are wrong
  2  the command line is wrong, or names something that the rules do not have
  3  a file could not be read";

/// The formats of trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoutesFormat {
    /// Indented lines, as wide as the terminal
    Text,
    /// One JSON document
    Json,
    /// Graphviz
    Dot,
    /// Mermaid, for Markdown
    Mermaid,
}

/// What is known of the lines, by their paths.
#[derive(Debug, Default)]
struct LineFacts {
    tests: BTreeMap<Box<str>, usize>,
    proofs: BTreeMap<Box<str>, LineProof>,
    /// The lines that the event hit, if one is asked for.
    way: Option<BTreeSet<String>>,
}

/// What proofs say of a line.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
enum LineProof {
    /// An event that reaches it.
    Event(String),
    /// None does.
    Unreachable,
    /// It is not known: why.
    Undecided(String),
}

/// Prints the trees.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let roots = arguments.rules.roots();
    let rules = load::usable(&roots, None, terminal)?;
    let mut trees = rules.route_trees();
    if let Some(name) = &arguments.routing {
        trees.retain(|tree| *tree.routing == **name);
        if trees.is_empty() {
            terminal.error(&format!("the rules have no routing `{name}`"));
            return Err(Exit::Usage);
        }
    }
    if let Some(condition) = &arguments.condition {
        keep_reached(&mut trees, &roots, condition, terminal)?;
    }
    let mut facts = facts(&rules);
    if let Some(file) = &arguments.event {
        facts.way = Some(way(&rules, &trees, file, clock::at(arguments.at), terminal)?);
    }
    let depth = arguments.depth.unwrap_or(usize::MAX);
    for tree in &mut trees {
        cut(&mut tree.lines, depth);
    }
    let printed = match arguments.format {
        RoutesFormat::Text => text::render(&trees, &facts, text::TreeStyle::of(&terminal.out)),
        RoutesFormat::Json => json(&trees, &facts),
        RoutesFormat::Dot => graph::dot(&trees),
        RoutesFormat::Mermaid => graph::mermaid(&trees),
    };
    terminal.out.print(&printed);
    Ok(Exit::Success)
}

fn facts(rules: &RuleSet) -> LineFacts {
    let proofs = rules.prove_lines();
    // A block needs an `else` whether anything is left for it or not, and one that declines is where events go on.
    let elses = rules.model.routing_lines().filter(|line| line.kind == LineKind::Else);
    let elses: BTreeSet<&str> = elses.map(|line| &*line.path).collect();
    let proof = |verdict: &Reachability| match verdict {
        Reachability::Reachable(event) => LineProof::Event(event.to_string()),
        Reachability::Unreachable(_) | Reachability::WithinUnreachable => LineProof::Unreachable,
        Reachability::Undecided(reason) => LineProof::Undecided(reason.to_string()),
    };
    LineFacts {
        tests: route_hits(rules, &mut DiskFiles),
        proofs: proofs
            .lines()
            .filter(|(path, _)| !elses.contains(path))
            .map(|(path, verdict)| (path.into(), proof(verdict)))
            .collect(),
        way: None,
    }
}

/// Leaves the lines that events of a condition can reach, and those around them.
fn keep_reached(
    trees: &mut Vec<RoutingTree>,
    roots: &[PathBuf],
    condition: &str,
    terminal: &mut Terminal,
) -> Result<(), Exit> {
    let mut reached = BTreeSet::new();
    for tree in &*trees {
        reached.extend(prove::reached_lines(roots, &tree.routing, condition, terminal)?);
    }
    for tree in trees.iter_mut() {
        retain(&mut tree.lines, &reached);
    }
    trees.retain(|tree| !tree.lines.is_empty());
    Ok(())
}

fn retain(lines: &mut Vec<RouteTreeLine>, reached: &BTreeSet<String>) {
    lines.retain_mut(|line| {
        retain(&mut line.lines, reached);
        !line.lines.is_empty() || reached.contains(&*line.path)
    });
}

/// The lines that an event hits which enters the routings.
fn way(
    rules: &RuleSet,
    trees: &[RoutingTree],
    file: &Path,
    at: Timestamp,
    terminal: &mut Terminal,
) -> Result<BTreeSet<String>, Exit> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|error| terminal.fail(&format!("cannot read `{name}`: {error}")))?;
    let arena = json::Arena::new();
    let mut refused = |message: String| {
        terminal.error(&format!("`{name}` holds no event: {message}"));
        terminal.help("an event is written as `run` writes it: {\"severity\": \"Critical\", \"title\": \"disk full\", \"key\": \"disk\"}");
        Exit::Findings
    };
    let document = json::parse(&bytes, &arena).map_err(|error| refused(error.message))?;
    let mut way = BTreeSet::new();
    // Routings that others call are entered through them.
    let entered = trees.iter().filter(|tree| !tree.entered_from.is_empty() || trees.len() == 1);
    for tree in entered {
        let event = super::event::read(&document).map_err(&mut refused)?;
        let mut trace = EvaluationTrace::default();
        let context = EvaluationContext::at(at);
        if rules.route(&tree.routing, event, &context, document.arena, &mut trace).is_ok() {
            way.extend(trace.lines.iter().map(ToString::to_string));
        }
    }
    Ok(way)
}

fn cut(lines: &mut [RouteTreeLine], depth: usize) {
    for line in lines {
        if depth <= 1 {
            line.lines.clear();
            line.arms.clear();
        }
        cut(&mut line.lines, depth.saturating_sub(1));
    }
}

/// The trees, and what is known of their lines by path.
fn json(trees: &[RoutingTree], facts: &LineFacts) -> String {
    let document = serde_json::json!({
        "routings": trees,
        "tests": facts.tests,
        "proofs": facts.proofs,
        "way": facts.way,
    });
    format!("{document:#}\n")
}
