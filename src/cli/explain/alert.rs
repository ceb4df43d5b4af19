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
    let context = Context::at(now);
    let explainer = Explainer { rules: &rules, reader, context, why_not: &arguments.why_not, color };
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
pub(super) struct Explainer<'r> {
    pub(super) rules: &'r RuleSet,
    pub(super) reader: Reader<'r>,
    pub(super) context: Context<'r>,
    pub(super) why_not: &'r [String],
    pub(super) color: bool,
}

/// What an explanation says.
pub(super) struct Explained {
    /// The story of each outcome.
    pub(super) stories: Vec<String>,
    /// The outcomes in their JSON.
    pub(super) outcomes: Vec<String>,
    /// Whether a mapping accepted the document.
    pub(super) accepted: bool,
}

impl Explainer<'_> {
    fn input(&self, input: &Input, terminal: &mut Terminal) -> Exit {
        let mut exit = Exit::Fine;
        let mut cursor = Cursor::new();
        let arena = json::Arena::new();
        for (offset, document) in json::documents(&input.bytes, &arena) {
            let read = document.and_then(|document| {
                let (line, column) = cursor.position(&input.bytes, offset);
                let explained = self.document(&document, &input.name);
                explained.map_err(|message| json::Invalid { line, column, message })
            });
            match read {
                Ok(explained) => {
                    explained.print(terminal);
                    exit = exit.max(if explained.accepted { Exit::Fine } else { Exit::Findings });
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

    /// The explanation of a document.
    ///
    /// # Errors
    /// Where the document is no event though events are read, or the reader is not in the rules.
    pub(super) fn document(&self, document: &json::Document<'_>, name: &str) -> Result<Explained, String> {
        let mut trace = Trace::default();
        let outcomes = match self.reader {
            Reader::Payloads(subject) => self.rules.evaluate(subject, document, &self.context, &mut trace),
            Reader::Events(routing) => {
                let event = event::read(document)?;
                let routed = self.rules.route(routing, event, &self.context, document.arena, &mut trace);
                routed.map(|outcome| vec![outcome])
            }
        };
        let outcomes = outcomes.map_err(|unknown: Unknown| unknown.to_string())?;
        Ok(Explained {
            stories: outcomes.iter().map(|outcome| self.outcome(name, outcome, &trace)).collect(),
            outcomes: outcomes.iter().map(json::Json::to_json).collect(),
            accepted: !outcomes.iter().any(|outcome| matches!(outcome.result, Came::Unaccepted(_))),
        })
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
                story
                    .why_not(path, &why_not(self.rules, element, path, self.context.now).unwrap_or_default());
            }
        }
        story.finish()
    }
}

impl Explained {
    fn print(&self, terminal: &mut Terminal) {
        for story in &self.stories {
            terminal.out.print(&format!("{story}\n"));
        }
    }
}
