//! Explains the alerts of payloads.

use super::Arguments;
use super::explanation_writer::ExplanationWriter;
use crate::cli::event;
use crate::cli::exit::Exit;
use crate::cli::input::{self, CommandInput, InputPosition, PositionCursor};
use crate::cli::input_reader::{self, InputReader, PreparedEvaluation};
use crate::cli::terminal::Terminal;
use crate::diagnostic::Styling;
use crate::evaluate::{EvaluationContext, SilentObserver};
use crate::event::{Outcome, OutcomeKind};
use crate::json;
use crate::ruleset::{
    ElementTrace, EntryPoint, EvaluationTrace, RuleSet, UnknownName, is_route, visible_excerpt, why_not,
};

/// Explains every document of every input.
pub(super) fn explain(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let prepared = input_reader::prepare(&arguments.selection, &arguments.subjects, terminal)?;
    let PreparedEvaluation { rules, now } = &prepared;
    let reader = input_reader::choose(&arguments.selection, &rules.model);
    let reader = reader.map_err(|refusal| refusal.report(terminal))?;
    check_routes(rules, &arguments.why_not, terminal)?;
    let request = arguments.selection.request.request(&reader.request_reads(rules), terminal)?;
    let context = EvaluationContext { request: &request, ..EvaluationContext::at(*now) };
    let styling = terminal.out.color();
    let explainer = Explainer { rules, reader, context, why_not: &arguments.why_not, styling };
    let mut exit = Exit::Success;
    for path in input::paths(&arguments.subjects) {
        match CommandInput::read(&path, terminal) {
            Ok(input) => exit = exit.max(explainer.input(&input, terminal)),
            Err(error) => exit = terminal.fail(&format!("cannot read `{}`: {error}", path.display())),
        }
    }
    Ok(exit)
}

/// Checks that the routes of `--why-not` exist.
pub(super) fn check_routes(rules: &RuleSet, paths: &[String], terminal: &mut Terminal) -> Result<(), Exit> {
    paths.iter().try_for_each(|path| is_route(rules, path)).map_err(|unknown| {
        terminal.error(&unknown.to_string());
        Exit::Usage
    })
}

/// Explains the documents of all inputs.
pub(super) struct Explainer<'r> {
    pub(super) rules: &'r RuleSet,
    pub(super) reader: InputReader<'r>,
    pub(super) context: EvaluationContext<'r>,
    pub(super) why_not: &'r [String],
    pub(super) styling: Styling,
}

/// The explanation of a document.
pub(super) struct Explanation {
    /// The explanation of each outcome.
    pub(super) texts: Vec<String>,
    /// The outcomes as JSON.
    #[cfg(feature = "gateway")]
    pub(super) outcomes: Vec<String>,
    /// Whether a mapping accepted the document.
    pub(super) accepted: bool,
}

impl Explainer<'_> {
    fn input(&self, input: &CommandInput, terminal: &mut Terminal) -> Exit {
        let mut exit = Exit::Success;
        let mut cursor = PositionCursor::new(0, InputPosition { line: 1, column: 1 });
        let arena = json::Arena::new();
        for json::LocatedDocument { offset, document } in json::documents(&input.bytes, &arena) {
            let read = document.and_then(|document| {
                let InputPosition { line, column } = cursor.position(&input.bytes, offset);
                let explained = self.document(&document, &input.name);
                explained.map_err(|message| json::JsonError { line, column, message })
            });
            match read {
                Ok(explained) => {
                    explained.print(terminal);
                    exit = exit.max(if explained.accepted { Exit::Success } else { Exit::Findings });
                }
                Err(json::JsonError { line, column, message }) => {
                    let name = visible_excerpt(&input.name);
                    let text = format!("{name}: invalid\n  line {line}, column {column}: {message}\n\n");
                    terminal.out.print(&text);
                    exit = exit.max(Exit::Findings);
                }
            }
        }
        exit
    }

    /// Explains a document.
    ///
    /// # Errors
    /// If the reader expects an event and the document is not one, or the rules do not contain the reader.
    pub(super) fn document(&self, document: &json::Document<'_>, name: &str) -> Result<Explanation, String> {
        let mut trace = EvaluationTrace::default();
        let outcomes = match self.reader {
            InputReader::Payloads(subject) => self.rules.evaluate(subject, document, &self.context, &mut trace),
            InputReader::Events(routing) => {
                let event = event::read(document)?;
                let routed = self.rules.route(routing, event, &self.context, document.arena, &mut trace);
                routed.map(|outcome| vec![outcome])
            }
        };
        let outcomes = outcomes.map_err(|unknown: UnknownName| unknown.to_string())?;
        let accepted = !outcomes.iter().any(|outcome| matches!(outcome.kind, OutcomeKind::Unaccepted(_)));
        let mut texts: Vec<String> = outcomes.iter().map(|outcome| self.outcome(name, outcome, &trace)).collect();
        if accepted
            && let InputReader::Payloads(EntryPoint::Integration(integration)) = self.reader
            && let Some(answer) = self.rules.answer(integration, document, &self.context, &mut SilentObserver)
            && let Some(last) = texts.last_mut()
        {
            let mut writer = ExplanationWriter::new(self.rules, self.styling);
            writer.answer(&answer);
            last.push_str(&writer.finish());
        }
        Ok(Explanation {
            texts,
            #[cfg(feature = "gateway")]
            outcomes: outcomes.iter().map(json::ToJson::to_json).collect(),
            accepted,
        })
    }

    fn outcome(&self, name: &str, outcome: &Outcome<'_>, trace: &EvaluationTrace) -> String {
        let mut writer = ExplanationWriter::new(self.rules, self.styling);
        writer.outcome(name, outcome);
        let none = ElementTrace::default();
        let element = trace.elements.get(outcome.index.unwrap_or(0)).unwrap_or(&none);
        if let Some(mapping) = outcome.mapping {
            writer.mapping(mapping, &trace.lets, element);
        }
        if outcome.decision().is_some() {
            writer.routing(element);
            for path in self.why_not {
                writer.why_not(path, &why_not(self.rules, element, path, self.context.now).unwrap_or_default());
            }
        }
        writer.finish()
    }
}

impl Explanation {
    fn print(&self, terminal: &mut Terminal) {
        for text in &self.texts {
            terminal.out.print(&format!("{text}\n"));
        }
    }
}
