//! Diagnostics as JSON, one object a line, for programs. Columns count characters from 1; ends are exclusive.

use super::locate::Locator;
use super::visible::visible_json;
use super::{Diagnostic, Help};
use crate::source::{Sources, Span};
use serde::Serialize;

/// All findings.
pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut reader = Reader { sources, locator: Locator::new(sources) };
    let lines = diagnostics.iter().map(|diagnostic| {
        // Strings and numbers always serialize.
        let json = serde_json::to_string(&reader.finding(diagnostic)).unwrap_or_default();
        visible_json(&json).into_owned() + "\n"
    });
    lines.collect()
}

#[derive(Serialize)]
struct Finding<'d> {
    code: &'d str,
    level: &'d str,
    message: &'d str,
    #[serde(flatten)]
    place: Place<'d>,
    label: &'d str,
    related: Vec<Related<'d>>,
    notes: &'d [String],
    help: Vec<Advice<'d>>,
}

#[derive(Serialize)]
struct Place<'d> {
    file: &'d str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Related<'d> {
    message: &'d str,
    #[serde(flatten)]
    place: Place<'d>,
}

#[derive(Serialize)]
struct Advice<'d> {
    message: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit: Option<Edit<'d>>,
}

#[derive(Serialize)]
struct Edit<'d> {
    #[serde(flatten)]
    place: Place<'d>,
    replacement: &'d str,
}

struct Reader<'d> {
    sources: &'d Sources,
    locator: Locator<'d>,
}

impl<'d> Reader<'d> {
    fn finding(&mut self, diagnostic: &'d Diagnostic) -> Finding<'d> {
        let place = self.place(diagnostic.span);
        let related = diagnostic.related.iter();
        Finding {
            code: diagnostic.code.id,
            level: diagnostic.level().name(),
            message: &diagnostic.message,
            place,
            label: &diagnostic.label,
            related: related.map(|(span, message)| Related { message, place: self.place(*span) }).collect(),
            notes: &diagnostic.notes,
            help: diagnostic.help.iter().map(|help| self.advice(help)).collect(),
        }
    }

    fn advice(&mut self, help: &'d Help) -> Advice<'d> {
        let edit = help.edit.as_ref();
        let edit = edit.map(|(span, replacement)| Edit { place: self.place(*span), replacement });
        Advice { message: &help.text, edit }
    }

    fn place(&mut self, span: Span) -> Place<'d> {
        let region = self.locator.region(span);
        Place {
            file: self.sources.name(span),
            line: region.start.line,
            column: region.start.column,
            end_line: region.end.line,
            end_column: region.end.column,
        }
    }
}
