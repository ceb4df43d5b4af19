//! `pointsman prove`: decides statements about all events of a routing.

use super::effort::EffortArguments;
use super::exit::Exit;
use super::load;
use super::rule_paths::RulePathArguments;
use super::terminal::Terminal;
use super::test::{TestFormat, print_report};
use crate::diagnostic::{self, DiagnosticLevel, FindingCounts};
use crate::prove::ReachedDestination;
use crate::ruleset::{LoadedRules, RuleSet};
use crate::source::Sources;
use crate::suite::files::DiskFiles;
use crate::suite::{self, TestOptions, TestSelection};
use crate::syntax;
use crate::syntax::tree::{Declaration, DocumentedDeclaration};
use crate::text::plural;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Prove the statements in the rule files for all events, or show where events can go
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulePathArguments,
    /// Decide only the statements whose name contains this text
    #[arg(long, value_name = "TEXT", conflicts_with = "routing")]
    filter: Option<String>,
    /// Ask about the events of this routing, instead of deciding the statements in the files
    #[arg(long, value_name = "NAME")]
    routing: Option<String>,
    /// The events that are asked about, as a condition of the rules; all by default
    #[arg(long, value_name = "CONDITION", requires = "routing", value_parser = NonEmptyStringValueParser::new())]
    when: Option<String>,
    /// The time of evaluation; any time by default
    #[arg(long, value_name = "TIME", requires = "routing")]
    at: Option<String>,
    /// What is to hold for each of them, as behind `expect` in the rules. Without it, this lists where they can go
    #[arg(long, value_name = "EXPECTATION", requires = "routing", value_parser = NonEmptyStringValueParser::new())]
    expect: Option<String>,
    #[command(flatten)]
    effort: EffortArguments,
    /// The format of the report; a list of where events can go is text or JSON
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    format: TestFormat,
}

const EXAMPLES: &str = "\
Examples:
  pointsman prove                                   the statements below this folder
  pointsman prove rules --filter lab                statements with lab in the name
  pointsman prove --routing main --when 'labels.team == \"data\"'
  pointsman prove --routing main --when 'severity == Critical' \\
      --expect 'sent includes any [pay_page, sre_page]'

A statement is proven for every event and every time, or refuted by an event. What is undecided counts as failed. \
No firing is open, and evaluation budgets are not exceeded.

Exit codes:
  0  every statement is proven, or the list is complete
  1  a statement is refuted or undecided, there is none, or the rules are wrong
  2  the command line is wrong
  3  a file could not be read";

/// The name of the text of a question, for messages.
const QUESTION: &str = "question";

/// Decides, and prints the report.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    match &arguments.routing {
        Some(routing) => ask(routing, arguments, terminal),
        None => declared(arguments, terminal),
    }
}

fn declared(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let mut rules = load::usable(&arguments.rules.roots(), None, terminal)?;
    rules.effort = arguments.effort.effort();
    refuse_empty(&rules, terminal)?;
    Ok(report(&rules, arguments, TestSelection::Statements, terminal))
}

/// Decides the statements whose names contain the filter.
fn report(rules: &RuleSet, arguments: &Arguments, selection: TestSelection, terminal: &mut Terminal) -> Exit {
    let options = TestOptions { filter: arguments.filter.clone(), selection, ..TestOptions::default() };
    let report = suite::run(rules, &options, &mut DiskFiles);
    print_report(arguments.format, &report, None, terminal);
    match &options.filter {
        _ if !report.results.is_empty() => {
            return if report.failed() == 0 { Exit::Success } else { Exit::Findings };
        }
        Some(filter) if !rules.model.statements.is_empty() => {
            terminal.error(&format!("no name of a statement contains `{filter}`"));
            terminal.help("`--filter` takes a part of the name, in the same letter case");
        }
        Some(_) | None => {
            terminal.error("the rules contain no statement to prove");
            terminal.help("write one: prove \"nothing is lost\" { routing NAME  expect not dropped }");
            terminal.help("or ask without one: `pointsman prove --routing NAME --when 'severity == Critical'`");
        }
    }
    Exit::Findings
}

/// Refuses statements that are about no event.
fn refuse_empty(rules: &RuleSet, terminal: &mut Terminal) -> Result<(), Exit> {
    let found = rules.statement_findings();
    if found.is_empty() {
        return Ok(());
    }
    terminal.err.print(&diagnostic::render(terminal.err.human_format(), &found, &rules.sources));
    terminal.error(&format!("the statements cannot be proved: {}", FindingCounts::of(&found)));
    Err(Exit::Findings)
}

/// The paths of the lines, in whatever routing, that send events of a condition somewhere or nowhere. A condition that is
/// wrong is wrong on the command line.
pub(super) fn reached_lines(
    paths: &[PathBuf],
    routing: &str,
    condition: &str,
    terminal: &mut Terminal,
) -> Result<BTreeSet<String>, Exit> {
    let question = StatementQuestion { routing, when: Some(condition), at: None, expect: "not dropped" };
    let (rules, id) = question.ask(paths, terminal)?;
    Ok(rules.statement_prover().destinations(id).into_iter().map(|each| each.path.to_string()).collect())
}

/// What the command line asks of a routing.
struct StatementQuestion<'q> {
    routing: &'q str,
    when: Option<&'q str>,
    at: Option<&'q str>,
    expect: &'q str,
}

impl StatementQuestion<'_> {
    /// The lines of the `prove` that asks it.
    fn lines(&self) -> Vec<String> {
        let line = |word: &'static str| move |text: &str| format!("{word} {text}");
        let optional = [self.when.map(line("when")), self.at.map(line("at"))].into_iter().flatten();
        [line("routing")(self.routing)].into_iter().chain(optional).chain([line("expect")(self.expect)]).collect()
    }

    /// The rules with the question, and its position.
    fn ask(&self, paths: &[PathBuf], terminal: &mut Terminal) -> Result<(RuleSet, usize), Exit> {
        if let Some(when) = self.when {
            refuse_broken_condition(when, terminal)?;
        }
        let lines = self.lines();
        let text = format!("edition 1\n\nprove \"the question\" {{\n  {}\n}}\n", lines.join("\n  "));
        if statements(&text).is_some_and(|statements| statements != [lines.len()]) {
            terminal.error("an option says more than one thing");
            terminal.help("`--routing` takes a name, `--when` a condition, `--at` a time, `--expect` one expectation");
            return Err(Exit::Usage);
        }
        let rules = usable(paths, &text, terminal)?;
        // The statements of the files are not asked.
        let mut statements = rules.model.statements.iter();
        let Some(id) = statements.position(|statement| rules.sources.name(statement.span) == QUESTION) else {
            terminal.error("the question is not one statement");
            return Err(Exit::Usage);
        };
        refuse_empty_question(&rules, id, terminal)?;
        Ok((rules, id))
    }
}

/// How many lines each `prove` of a text has; 0 for other declarations. None where the text does not parse.
fn statements(text: &str) -> Option<Vec<usize>> {
    let mut sources = Sources::default();
    let file = sources.add(QUESTION, text);
    let mut found = Vec::new();
    let parsed = syntax::parse(&sources, file, &mut found);
    let count = |declared: &DocumentedDeclaration| {
        if let Declaration::Prove(prove) = &declared.kind { prove.statements.len() } else { 0 }
    };
    found.is_empty().then(|| parsed.items.iter().map(count).collect())
}

/// Reads the condition alone, so that a mistake in it is shown there and nowhere else.
fn refuse_broken_condition(condition: &str, terminal: &mut Terminal) -> Result<(), Exit> {
    let mut sources = Sources::default();
    let file = sources.add("--when", condition);
    let mut found = Vec::new();
    syntax::parse_condition(&sources, file, &mut found);
    if found.is_empty() {
        return Ok(());
    }
    terminal.err.print(&diagnostic::render(terminal.err.human_format(), &found, &sources));
    Err(Exit::Usage)
}

/// Answers a question that no file asks.
fn ask(routing: &str, arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    // A list needs no expectation, and a `prove` has one.
    let question = StatementQuestion {
        routing,
        when: arguments.when.as_deref(),
        at: arguments.at.as_deref(),
        expect: arguments.expect.as_deref().unwrap_or("not dropped"),
    };
    let (mut rules, id) = question.ask(&arguments.rules.roots(), terminal)?;
    rules.effort = arguments.effort.effort();
    if arguments.expect.is_none() {
        return list(&rules, id, arguments, terminal);
    }
    Ok(report(&rules, arguments, TestSelection::Statement(id), terminal))
}

/// Refuses a question about no event.
fn refuse_empty_question(rules: &RuleSet, id: usize, terminal: &mut Terminal) -> Result<(), Exit> {
    let item = rules.model.statements.get(id).map(|statement| statement.item);
    let mut found = rules.statement_findings();
    found.retain(|finding| item.is_some_and(|item| item.covers(finding.span)));
    if found.is_empty() {
        return Ok(());
    }
    terminal.err.print(&diagnostic::render(terminal.err.human_format(), &found, &rules.sources));
    Err(Exit::Findings)
}

/// The rules with the question. What is wrong with the question alone is wrong on the command line.
fn usable(paths: &[PathBuf], text: &str, terminal: &mut Terminal) -> Result<RuleSet, Exit> {
    let loaded = load::read_beside(paths, (QUESTION, text), terminal)?;
    let LoadedRules { sources, mut diagnostics, rules, .. } = loaded;
    rules.ok_or_else(|| {
        diagnostics.retain(|finding| finding.level() == DiagnosticLevel::Error);
        terminal.err.print(&diagnostic::render(terminal.err.human_format(), &diagnostics, &sources));
        if diagnostics.iter().all(|finding| sources.name(finding.span) == QUESTION) {
            return Exit::Usage;
        }
        terminal.error(&format!("the rules cannot be used: {}", FindingCounts::of(&diagnostics)));
        Exit::Findings
    })
}

/// Lists where the events of the question can go.
fn list(rules: &RuleSet, id: usize, arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let found = rules.statement_prover().destinations(id);
    let undecided = found.iter().filter(|each| each.event.is_err()).count();
    match arguments.format {
        TestFormat::Text => terminal.out.print(&listed(rules, &found, undecided)),
        TestFormat::Json => terminal.out.print(&format!("{:#}\n", as_json(rules, &found))),
        TestFormat::Junit | TestFormat::Tap => {
            terminal.error("a list of where events can go is `text` or `json`");
            return Err(Exit::Usage);
        }
    }
    Ok(if undecided == 0 { Exit::Success } else { Exit::Findings })
}

/// The name of the channel of a destination.
fn channel<'r>(rules: &'r RuleSet, found: &ReachedDestination) -> Option<&'r str> {
    found.channel.and_then(|channel| rules.model.channels.get(channel)).map(|channel| &*channel.name)
}

/// One line for each line and channel, with an event; then how many.
fn listed(rules: &RuleSet, found: &[ReachedDestination], undecided: usize) -> String {
    let place = |each: &ReachedDestination| {
        let channel = channel(rules, each).unwrap_or("nothing");
        format!("{} => {channel}", each.path)
    };
    let width = found.iter().map(|each| place(each).chars().count()).max().unwrap_or_default();
    let line = |each: &ReachedDestination| {
        let event = match &each.event {
            Ok(event) => {
                let at = event.at.map_or_else(String::new, |at| format!(" at {at}"));
                format!("{event}{at}")
            }
            Err(reason) => format!("undecided: {reason}"),
        };
        format!("{:width$}  {event}\n", place(each))
    };
    let lines: String = found.iter().map(line).collect();
    let undecided = if undecided == 0 { String::new() } else { format!(", {undecided} undecided") };
    format!("{lines}\n{}{undecided}\n", plural(found.len(), "destination"))
}

/// One object for each line and channel.
fn as_json(rules: &RuleSet, found: &[ReachedDestination]) -> Value {
    let each = |each: &ReachedDestination| {
        let mut object = json!({
            "route": each.path,
            "at": rules.sources.file_and_line(each.span),
            "channel": channel(rules, each),
        });
        if let Value::Object(members) = &mut object {
            match &each.event {
                Ok(event) => {
                    members.insert("event".to_owned(), event.to_string().into());
                    members.extend(event.at.map(|at| ("time".to_owned(), at.to_string().into())));
                }
                Err(reason) => _ = members.insert("undecided".to_owned(), reason.to_string().into()),
            }
        }
        object
    };
    found.iter().map(each).collect()
}
