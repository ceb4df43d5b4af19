//! `pointsman run`: payloads in, one outcome a line out.

mod tally;

use super::event;
use super::exit::Exit;
use super::input::{self, Cursor, Input, Progress};
use super::subject::{self, Reader, Selection};
use super::terminal::Terminal;
use crate::diagnostic::visible_json;
use crate::evaluate::{Context, Silent};
use crate::event::Outcome;
use crate::json;
use crate::ruleset::RuleSet;
use crate::time::Instant;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::PathBuf;
use tally::Tally;

/// Maps and routes payloads: JSON documents or NDJSON in, one outcome a line out
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// How to write outcomes
    #[arg(long, value_enum, default_value_t = Style::Ndjson)]
    format: Style,
    /// Payloads; `-` is the standard input. Folders and `*.rules` files here count as rules
    #[arg(value_name = "FILE", default_value = "-")]
    inputs: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman run --rules rules --integration arms_prod samples/*.json
  pointsman run --rules rules --mapping arms --at 2026-03-07T02:00:00+08:00 alert.json
  kubectl logs gateway | pointsman run --rules rules --format pretty -
  pointsman run --rules rules --mapping arms *.json > events.json
  pointsman run --rules rules --events --routing main events.json

An outcome is `sent`, `event` (no routing was asked for), `dropped`, `empty`, `unaccepted` or
`invalid`: what is no JSON, with its line and column, and the rest goes on.

Exit codes:
  0  fine
  1  the rules hold an error, or a payload was unaccepted or invalid
  2  the command line is wrong, or names what the rule set does not hold
  3  a file could not be read or written";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    /// One JSON object a line
    Ndjson,
    /// JSON over many lines
    Pretty,
}

/// Reads every input, and ends as its worst part did.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    match subject::prepare(&arguments.selection, &arguments.inputs, terminal) {
        Ok((rules, now)) => evaluate(arguments, &rules, now, terminal),
        Err(exit) => exit,
    }
}

fn evaluate(arguments: &Arguments, rules: &RuleSet, now: Instant, terminal: &mut Terminal) -> Exit {
    let reader = match subject::choose(&arguments.selection, &rules.model) {
        Ok(reader) => reader,
        Err(refusal) => return refusal.tell(terminal),
    };
    let mut run = Run { rules, reader, now, style: arguments.format, tally: Tally::default() };
    let inputs = input::paths(&arguments.inputs);
    let progress = Progress::new(&inputs, terminal);
    let mut exit = Exit::Fine;
    for path in &inputs {
        match Input::read(path, terminal) {
            Ok(input) => run.input(&input, &progress, terminal),
            Err(error) => {
                terminal.error(&format!("`{}` could not be read: {error}", path.display()));
                exit = Exit::Failed;
            }
        }
        if terminal.out.is_closed() {
            break;
        }
    }
    progress.finish();
    terminal.err.print(&run.tally.to_string());
    if run.tally.is_fine() { exit } else { exit.max(Exit::Findings) }
}

/// What stays the same for all inputs, and what was counted.
struct Run<'r> {
    rules: &'r RuleSet,
    reader: Reader<'r>,
    now: Instant,
    style: Style,
    tally: Tally,
}

impl Run<'_> {
    fn input(&mut self, input: &Input, progress: &Progress, terminal: &mut Terminal) {
        let (mut last, mut cursor) = (0, Cursor::new());
        for (offset, document) in json::documents(&input.bytes) {
            progress.advance(offset - last);
            last = offset;
            self.tally.payload();
            match document {
                Ok(document) => {
                    if let Err(message) = self.document(&document, terminal) {
                        let (line, column) = cursor.position(&input.bytes, offset);
                        self.invalid(json::Invalid { line, column, message }, input, terminal);
                    }
                }
                Err(invalid) => self.invalid(invalid, input, terminal),
            }
            if terminal.out.is_closed() {
                return;
            }
        }
        progress.advance(input.bytes.len() - last);
    }

    /// Writes the outcomes of a document; the error says why it is no event.
    fn document(&mut self, document: &json::Document<'_>, terminal: &mut Terminal) -> Result<(), String> {
        let context = Context::at(self.now);
        let result = match self.reader {
            Reader::Payloads(subject) => self.rules.evaluate(subject, document, &context, &mut Silent),
            Reader::Events(routing) => {
                let event = event::read(&document.root)?;
                self.rules.route(routing, event, &context, &mut Silent).map(|outcome| vec![outcome])
            }
        };
        match result {
            Ok(outcomes) => outcomes.iter().for_each(|outcome| self.write(outcome, terminal)),
            Err(unknown) => terminal.error(&format!("no {} is called `{}`", unknown.kind, unknown.name)),
        }
        Ok(())
    }

    /// An outcome says where in its input it went wrong; which input that was stands on the standard error.
    fn invalid(&mut self, invalid: json::Invalid, input: &Input, terminal: &mut Terminal) {
        let json::Invalid { line, column, message } = invalid;
        terminal.error(&format!("{}:{line}:{column}: {message}", input.name));
        let (integration, mapping) = self.reader.names();
        let result = crate::event::Result::Invalid { line, column, message };
        self.write(&Outcome { integration, mapping, index: None, result }, terminal);
    }

    fn write(&mut self, outcome: &Outcome<'_>, terminal: &mut Terminal) {
        self.tally.outcome(outcome);
        let json = match self.style {
            Style::Ndjson => serde_json::to_string(outcome),
            Style::Pretty => serde_json::to_string_pretty(outcome),
        };
        // An outcome always serializes, and the stream remembers its error.
        let json = json.unwrap_or_default();
        let json = if json.is_ascii() { json } else { visible_json(&json) };
        let _ = terminal.out.write_all(json.as_bytes());
        let _ = terminal.out.write_all(b"\n");
    }
}
