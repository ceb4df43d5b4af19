//! Why alerts went where they went.

use super::Arguments;
use super::explanation_writer::ExplanationWriter;
use crate::cli::event;
use crate::cli::exit::Exit;
use crate::cli::input::{self, CommandInput, LineColumnCursor};
use crate::cli::input_reader::{self, InputReader};
use crate::cli::terminal::Terminal;
use crate::evaluate::EvaluationContext;
use crate::event::{Outcome, OutcomeKind as Came};
use crate::json;
use crate::ruleset::{EvaluationTrace, RuleSet, UnknownName, is_route, one_line, why_not};

/// Explains every document of every input.
pub(super) fn explain(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    let (rules, now) = match input_reader::prepare(&arguments.selection, &arguments.subjects, terminal) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let reader = match input_reader::choose(&arguments.selection, &rules.model) {
        Ok(reader) => reader,
        Err(refusal) => return refusal.report(terminal),
    };
    if let Err(unknown) = arguments.why_not.iter().try_for_each(|path| is_route(&rules, path)) {
        terminal.error(&unknown.to_string());
        return Exit::Usage;
    }
    let color = terminal.out.color();
    let context = EvaluationContext::at(now);
    let explainer = Explainer { rules: &rules, reader, context, why_not: &arguments.why_not, color };
    let mut exit = Exit::Success;
    for path in input::paths(&arguments.subjects) {
        match CommandInput::read(&path, terminal) {
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
    pub(super) reader: InputReader<'r>,
    pub(super) context: EvaluationContext<'r>,
    pub(super) why_not: &'r [String],
    pub(super) color: bool,
}

/// What an explanation says.
pub(super) struct Explanation {
    /// The story of each outcome.
    pub(super) texts: Vec<String>,
    /// The outcomes in their JSON.
    #[cfg(feature = "gateway")]
    pub(super) outcomes: Vec<String>,
    /// Whether a mapping accepted the document.
    pub(super) accepted: bool,
}

impl Explainer<'_> {
    fn input(&self, input: &CommandInput, terminal: &mut Terminal) -> Exit {
        let mut exit = Exit::Success;
        let mut cursor = LineColumnCursor::new();
        let arena = json::Arena::new();
        for json::LocatedDocument { offset, document } in json::documents(&input.bytes, &arena) {
            let read = document.and_then(|document| {
                let (line, column) = cursor.position(&input.bytes, offset);
                let explained = self.document(&document, &input.name);
                explained.map_err(|message| json::JsonError { line, column, message })
            });
            match read {
                Ok(explained) => {
                    explained.print(terminal);
                    exit = exit.max(if explained.accepted { Exit::Success } else { Exit::Findings });
                }
                Err(json::JsonError { line, column, message }) => {
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
    pub(super) fn document(&self, document: &json::Document<'_>, name: &str) -> Result<Explanation, String> {
        let mut trace = EvaluationTrace::default();
        let outcomes = match self.reader {
            InputReader::Payloads(subject) => {
                self.rules.evaluate(subject, document, &self.context, &mut trace)
            }
            InputReader::Events(routing) => {
                let event = event::read(document)?;
                let routed = self.rules.route(routing, event, &self.context, document.arena, &mut trace);
                routed.map(|outcome| vec![outcome])
            }
        };
        let outcomes = outcomes.map_err(|unknown: UnknownName| unknown.to_string())?;
        Ok(Explanation {
            texts: outcomes.iter().map(|outcome| self.outcome(name, outcome, &trace)).collect(),
            #[cfg(feature = "gateway")]
            outcomes: outcomes.iter().map(json::ToJson::to_json).collect(),
            accepted: !outcomes.iter().any(|outcome| matches!(outcome.kind, Came::Unaccepted(_))),
        })
    }

    fn outcome(&self, name: &str, outcome: &Outcome<'_>, trace: &EvaluationTrace) -> String {
        let mut story = ExplanationWriter::new(self.rules, self.color);
        story.outcome(name, outcome);
        let Some(element) = trace.elements.get(outcome.index.unwrap_or(0)) else { return story.finish() };
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

impl Explanation {
    fn print(&self, terminal: &mut Terminal) {
        for story in &self.texts {
            terminal.out.print(&format!("{story}\n"));
        }
    }
}
