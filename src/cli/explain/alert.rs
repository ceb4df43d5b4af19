//! Why alerts went where they went.

use super::Arguments;
use crate::cli::event;
use crate::cli::exit::Exit;
use crate::cli::input::{self, Cursor, Input};
use crate::cli::subject::{self, Reader};
use crate::cli::terminal::Terminal;
use crate::diagnostic::push_visible;
use crate::evaluate::Context;
use crate::event::{Event, Outcome, Result as Came};
use crate::json;
use crate::ruleset::{ElementTrace, RuleSet, Trace, Unknown, is_route, why_not};
use crate::time::Instant;
use std::fmt::Write;

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
    let explainer = Explainer { rules: &rules, reader, now, why_not: &arguments.why_not };
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
                    terminal.out.print(&safe(&text));
                    exit = exit.max(if fine { Exit::Fine } else { Exit::Findings });
                }
                Err(json::Invalid { line, column, message }) => {
                    let name = &input.name;
                    let text = format!("{name}: invalid\n  line {line}, column {column}: {message}\n\n");
                    terminal.out.print(&safe(&text));
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
            self.outcome(&mut text, name, outcome, &trace);
        }
        let fine = !outcomes.iter().any(|outcome| matches!(outcome.result, Came::Unaccepted(_)));
        Ok((text, fine))
    }

    fn outcome(&self, out: &mut String, name: &str, outcome: &Outcome<'_>, trace: &Trace) {
        let index = outcome.index.map(|index| format!(", alert {index}")).unwrap_or_default();
        let _ = writeln!(out, "{name}{index}: {}", outcome.name());
        if let Came::Unaccepted(refusals) = &outcome.result {
            for refusal in refusals {
                let _ = writeln!(
                    out,
                    "  `{}` does not accept it: {} ({})",
                    refusal.mapping, refusal.reason, refusal.at
                );
            }
        }
        if let Some(event) = outcome.event() {
            header(out, event);
        }
        if let Some(element) = trace.element_at(outcome.index.unwrap_or(0)) {
            self.element(out, outcome, element);
        }
        if let Came::Dropped(reason) = &outcome.result {
            let _ = writeln!(out, "  dropped: {} ({})", reason.reason, reason.at);
        }
        decided(out, outcome);
        out.push('\n');
    }

    fn element(&self, out: &mut String, outcome: &Outcome<'_>, element: &ElementTrace) {
        if let Some(mapping) = outcome.mapping {
            let _ = writeln!(out, "mapping `{mapping}`");
            out.push_str(&element.render_mapping(&self.rules.sources));
        }
        if outcome.decision().is_some() {
            if !element.lines.is_empty() {
                out.push_str("routing\n");
            }
            out.push_str(&element.render_routing(&self.rules.sources));
            for path in self.why_not {
                let _ = writeln!(out, "why not `{path}`?");
                for line in why_not(self.rules, element, path, self.now).unwrap_or_default().lines() {
                    let _ = writeln!(out, "  {line}");
                }
            }
        }
    }
}

/// The text without what would steer a terminal: titles, notes and reasons hold whatever the payload does.
fn safe(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|character| push_visible(&mut shown, character));
    shown
}

fn header(out: &mut String, event: &Event<'_>) {
    let title = serde_json::Value::from(&*event.title);
    let key = serde_json::Value::from(&*event.key);
    let _ = writeln!(out, "  {} {} {title}, key {key}", event.severity, event.status);
    for note in &event.notes {
        let _ = writeln!(out, "  note: {note}");
    }
}

fn decided(out: &mut String, outcome: &Outcome<'_>) {
    let Some(decision) = outcome.decision() else { return };
    let _ = match decision.channels.as_slice() {
        [] => writeln!(out, "sent nowhere"),
        channels => writeln!(out, "sent to {}", channels.join(", ")),
    };
    for reason in &decision.reasons {
        let _ = writeln!(out, "  because: {} ({})", reason.reason, reason.at);
    }
}
