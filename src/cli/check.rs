//! `pointsman check`: all problems of a rule set, in one pass.

use super::effort::EffortArguments;
use super::exit::Exit;
use super::rule_paths::RulePathArguments;
use super::terminal::Terminal;
use super::{clock, load, sample_files};
use crate::diagnostic::{self, DiagnosticFormat, DiagnosticLevel, FindingCounts, FindingLimit};
use crate::model::Model;
use crate::prove::UndecidedReason;
#[cfg(feature = "gateway")]
use crate::reload;
use crate::ruleset::{LoadedRules, ProofSummary, Proofs};
use crate::source::Span;
use crate::suite;
use crate::suite::files::DiskFiles;
use crate::text::{excerpt, plural};
use crate::time::Timestamp;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Check a rule set: report every problem in every file, and how to fix it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulePathArguments,
    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,
    /// Show all findings; by default the first 1,000 are shown, and the rest is counted
    #[arg(long)]
    all: bool,
    /// Also list the routes of which it is not decided whether an event can reach them, each with the reason
    #[arg(long)]
    undecided: bool,
    #[command(flatten)]
    effort: EffortArguments,
    /// Compare the rules with payloads: files of JSON or NDJSON, or folders of them. Reports paths, values and labels that no
    /// sample has, and levels that only `else` names
    #[arg(long, value_name = "PATH", num_args = 1..)]
    samples: Vec<PathBuf>,
    /// The date for warnings about windows that have passed; today by default
    #[arg(long, value_name = "DATE", value_parser = clock::parse)]
    at: Option<Timestamp>,
    /// The format of the findings
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    format: CheckFormat,
}

const EXAMPLES: &str = "\
Examples:
  pointsman check                               the rules below this folder
  pointsman check rules/arms rules/team.rules   several paths, one rule set
  pointsman check --all --format short          every finding, one line each
  pointsman check rules --samples samples       what payloads of senders never have
  pointsman check --deny-warnings --format sarif > pointsman.sarif
  pointsman explain E0031                       what a code means, with examples

Exit codes:
  0  no error (with --deny-warnings: no warning either)
  1  errors, or denied warnings
  2  the command line is wrong
  3  a file could not be read";

/// The formats of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// Source lines with carets, reasons and help
    Human,
    /// One line each: `file:line:column: error[E0031]: message; help: …`
    Short,
    /// One JSON object per line
    Json,
    /// A SARIF 2.1.0 document for code scanning
    Sarif,
}

/// How many characters of an undecided part are shown.
const MAX_WORDS: usize = 80;

/// Checks, and prints the findings.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let limit = if arguments.all { FindingLimit::All } else { FindingLimit::First };
    let mut loaded = load::read_with(&arguments.rules.roots(), Some(clock::at(arguments.at)), limit, terminal)?;
    if let Some(rules) = &mut loaded.rules {
        rules.effort = arguments.effort.effort();
    }
    let proofs = suite::complete_check(&mut loaded, &mut Proofs::default(), &DiskFiles);
    let compared = match &*arguments.samples {
        [] => String::new(),
        paths => sample_files::compare(paths, &mut loaded, clock::at(arguments.at), terminal)?,
    };
    let format = match arguments.format {
        CheckFormat::Human => terminal.out.human_format(),
        CheckFormat::Short => DiagnosticFormat::Short,
        CheckFormat::Json => DiagnosticFormat::Json,
        CheckFormat::Sarif => DiagnosticFormat::Sarif,
    };
    print(format, &loaded, terminal);
    if arguments.format == CheckFormat::Human {
        terminal.out.print(&summary(&loaded, proofs.as_ref()));
        terminal.out.print(&compared);
    }
    if let Some(proofs) = proofs.as_ref().filter(|_| arguments.undecided) {
        terminal.out.print(&undecided(proofs, &loaded));
    }
    if loaded.left_out.total() > 0 {
        terminal.help(&format!("not shown: {} more; `--all` shows them", loaded.left_out));
    }
    let mismatch = manifest_mismatch(arguments, &loaded);
    if let Some(reason) = &mismatch {
        terminal.warning(&format!("a gateway does not load these rules: {reason}"));
        terminal.help("write the manifest again, as in `sha256sum *.rules > MANIFEST.sha256`");
    }
    let denied = |level| level == DiagnosticLevel::Error || arguments.deny_warnings;
    let found = loaded.diagnostics.iter().any(|diagnostic| denied(diagnostic.level()))
        || (mismatch.is_some() && arguments.deny_warnings);
    Ok(if found { Exit::Findings } else { Exit::Success })
}

/// Prints the findings; those for people in parts, so that all of them are shown and none has to wait for the last.
fn print(format: DiagnosticFormat, loaded: &LoadedRules, terminal: &mut Terminal) {
    let all = &loaded.diagnostics;
    let size = match format {
        DiagnosticFormat::Human | DiagnosticFormat::HumanInColor => diagnostic::MAX_SHOWN,
        DiagnosticFormat::Short | DiagnosticFormat::Json => diagnostic::MAX_FINDINGS,
        DiagnosticFormat::Sarif => usize::MAX,
    };
    if all.is_empty() {
        terminal.out.print(&diagnostic::render(format, all, &loaded.sources));
    }
    for part in all.chunks(size) {
        terminal.out.print(&diagnostic::render(format, part, &loaded.sources));
    }
}

/// Why a gateway does not load rules that it finds with these paths.
#[cfg(feature = "gateway")]
fn manifest_mismatch(arguments: &Arguments, loaded: &LoadedRules) -> Option<String> {
    loaded.rules.as_ref().and_then(|rules| reload::manifest_mismatch(&arguments.rules.roots(), &rules.sources))
}

/// Only a gateway reads manifests.
#[cfg(not(feature = "gateway"))]
fn manifest_mismatch(_: &Arguments, _: &LoadedRules) -> Option<String> {
    None
}

/// `checked 3 files: 4 mappings, 12 routes, 9 tests, no problems, 12 routes reachable`
pub(super) fn summary(loaded: &LoadedRules, proofs: Option<&ProofSummary>) -> String {
    let files = plural(loaded.sources.iter().count(), "file");
    let problems = FindingCounts::of(&loaded.diagnostics).plus(loaded.left_out);
    let contents = loaded.rules.as_ref().map_or_else(String::new, |rules| contents(&rules.model));
    let proved = proofs.map_or_else(String::new, proved);
    format!("checked {files}: {contents}{problems}{proved}\n")
}

/// ``, 12 routes reachable, nothing left for 1 `else`, 1 undecided``; nothing where there are no routes, and all is decided.
fn proved(proofs: &ProofSummary) -> String {
    let counts = [proofs.reachable, proofs.needless_elses, proofs.undecided.len()];
    let reachable = if counts.iter().all(|count| *count == 0) {
        String::new()
    } else {
        format!(", {} reachable", plural(proofs.reachable, "route"))
    };
    let elses = match proofs.needless_elses {
        0 => String::new(),
        needless => format!(", nothing left for {needless} `else`"),
    };
    let undecided = match proofs.undecided.len() + proofs.undecided_parts.len() {
        0 => String::new(),
        undecided => format!(", {undecided} undecided"),
    };
    reachable + &elses + &undecided
}

/// A line for each route of which it is not known whether an event can reach it, and for each part of a mapping.
fn undecided(proofs: &ProofSummary, loaded: &LoadedRules) -> String {
    let line = |span: Span, part: &str, reason: &UndecidedReason| {
        let place = loaded.sources.position(span);
        format!("{}:{}: undecided: `{part}`: {reason}\n", loaded.sources.name(span), place.line)
    };
    let routes = proofs.undecided.iter().map(|each| line(each.span, &each.path, &each.reason));
    let parts = proofs
        .undecided_parts
        .iter()
        .map(|(span, reason)| line(*span, &excerpt(loaded.sources.text(*span), MAX_WORDS), reason));
    routes.chain(parts).collect()
}

fn contents(model: &Model) -> String {
    let routes = model.routing_lines().count();
    let counts = [(model.mappings.len(), "mapping"), (routes, "route"), (model.tests.len(), "test")];
    let statements = Some((model.statements.len(), "statement")).filter(|(count, _)| *count > 0);
    counts.into_iter().chain(statements).map(|(count, noun)| plural(count, noun) + ", ").collect()
}
