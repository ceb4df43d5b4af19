//! Why alerts went where they went.

use super::Arguments;
use super::story::Story;
use crate::cli::event;
use crate::cli::exit::Exit;
use crate::cli::input::{self, Cursor, Input};
use crate::cli::subject::{self, Reader};
use crate::cli::terminal::Terminal;
use crate::evaluate::Context;
use crate::event::{Outcome, Result as Came};
use crate::json;
use crate::ruleset::{RuleSet, Trace, Unknown, is_route, one_line, why_not};
use crate::time::Instant;

/// Explains every document of every input.
pub(super) fn explain(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    let (rules, now) = match subject::prepare(&arguments.selection, &arguments.subjects, terminal) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let reader = match subject::choose(&arguments.selection, &rules.model) {
        Ok(reader) => reader,
        Err(refusal) => return refusal.tell(terminal),
    };
    if let Err(unknown) = arguments.why_not.iter().try_for_each(|path| is_route(&rules, path)) {
        terminal.error(&unknown.to_string());
        return Exit::Usage;
    }
    let color = terminal.out.color();
    let explainer = Explainer { rules: &rules, reader, now, why_not: &arguments.why_not, color };
    let mut exit = Exit::Fine;
    for path in input::paths(&arguments.subjects) {
        match Input::read(&path, terminal) {
            Ok(input) => exit = exit.max(explainer.input(&input, terminal)),
            Err(error) => {
                terminal.error(&format!("`{}` could not be read: {error}", path.display()));
                exit = Exit::Failed;
            }
        }
    }
    exit
}

/// What stays the same for all inputs.
struct Explainer<'r> {
    rules: &'r RuleSet,
    reader: Reader<'r>,
    now: Instant,
    why_not: &'r [String],
    color: bool,
}

impl Explainer<'_> {
    fn input(&self, input: &Input, terminal: &mut Terminal) -> Exit {
        let mut exit = Exit::Fine;
        let mut cursor = Cursor::new();
        for (offset, document) in json::documents(&input.bytes) {
            let read = document.and_then(|document| {
                let (line, column) = cursor.position(&input.bytes, offset);
                let explained = self.document(&document, &input.name);
                explained.map_err(|message| json::Invalid { line, column, message })
            });
            match read {
                Ok((text, fine)) => {
                    terminal.out.print(&text);
                    exit = exit.max(if fine { Exit::Fine } else { Exit::Findings });
                }
                Err(json::Invalid { line, column, message }) => {
                    let name = one_line(&input.name);
                    let text = format!("{name}: invalid\n  line {line}, column {column}: {message}\n\n");
                    terminal.out.print(&text);
                    exit = exit.max(Exit::Findings);
                }
            }
        }
        exit
    }

    /// The explanation of a document, and whether a mapping accepted it.
    fn document(&self, document: &json::Document<'_>, name: &str) -> Result<(String, bool), String> {
        let context = Context::at(self.now);
        let mut trace = Trace::default();
        let outcomes = match self.reader {
            Reader::Payloads(subject) => self.rules.evaluate(subject, document, &context, &mut trace),
            Reader::Events(routing) => {
                let event = event::read(&document.root)?;
                self.rules.route(routing, event, &context, &mut trace).map(|outcome| vec![outcome])
            }
        };
        let outcomes = outcomes.map_err(|unknown: Unknown| unknown.to_string())?;
        let mut text = String::new();
        for outcome in &outcomes {
            text.push_str(&self.outcome(name, outcome, &trace));
            text.push('\n');
        }
        let fine = !outcomes.iter().any(|outcome| matches!(outcome.result, Came::Unaccepted(_)));
        Ok((text, fine))
    }

    fn outcome(&self, name: &str, outcome: &Outcome<'_>, trace: &Trace) -> String {
        let mut story = Story::new(self.rules, self.color);
        story.outcome(name, outcome);
        let Some(element) = trace.element_at(outcome.index.unwrap_or(0)) else { return story.finish() };
        if let Some(mapping) = outcome.mapping {
            story.mapping(mapping, element);
        }
        if outcome.decision().is_some() {
            story.routing(element);
            for path in self.why_not {
                story.why_not(path, &why_not(self.rules, element, path, self.now).unwrap_or_default());
            }
        }
        story.finish()
    }
}
