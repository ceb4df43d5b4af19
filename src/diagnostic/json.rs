//! Diagnostics as JSON, one object per line. Lines and columns count from 1, columns in characters; ends are exclusive.

use super::locate::Locator;
use super::visible::visible_json;
use super::{Diagnostic, Suggestion};
use crate::source::{Sources, Span};
use serde::Serialize;

/// All findings.
pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut reader = FindingConverter { sources, locator: Locator::new(sources) };
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
    location: FileLocation<'d>,
    label: &'d str,
    related: Vec<RelatedLocation<'d>>,
    notes: &'d [String],
    help: Vec<FindingHelp<'d>>,
}

#[derive(Serialize)]
struct FileLocation<'d> {
    file: &'d str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct RelatedLocation<'d> {
    message: &'d str,
    #[serde(flatten)]
    location: FileLocation<'d>,
}

#[derive(Serialize)]
struct FindingHelp<'d> {
    message: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit: Option<SuggestedEdit<'d>>,
}

#[derive(Serialize)]
struct SuggestedEdit<'d> {
    #[serde(flatten)]
    location: FileLocation<'d>,
    replacement: &'d str,
}

struct FindingConverter<'d> {
    sources: &'d Sources,
    locator: Locator<'d>,
}

impl<'d> FindingConverter<'d> {
    fn finding(&mut self, diagnostic: &'d Diagnostic) -> Finding<'d> {
        let location = self.location(diagnostic.span);
        let related = diagnostic.related.iter();
        Finding {
            code: diagnostic.code.id,
            level: diagnostic.level().name(),
            message: &diagnostic.message,
            location,
            label: &diagnostic.label,
            related: related
                .map(|(span, message)| RelatedLocation { message, location: self.location(*span) })
                .collect(),
            notes: &diagnostic.notes,
            help: diagnostic.help.iter().map(|help| self.help(help)).collect(),
        }
    }

    fn help(&mut self, help: &'d Suggestion) -> FindingHelp<'d> {
        let edit = help.edit.as_ref();
        let edit = edit.map(|(span, replacement)| SuggestedEdit { location: self.location(*span), replacement });
        FindingHelp { message: &help.text, edit }
    }

    fn location(&mut self, span: Span) -> FileLocation<'d> {
        let region = self.locator.region(span);
        FileLocation {
            file: self.sources.name(span),
            line: region.start.line,
            column: region.start.column,
            end_line: region.end.line,
            end_column: region.end.column,
        }
    }
}
