//! Diagnostics as one SARIF 2.1.0 document. Code scanning on GitHub shows the rules' help, the regions and the related
//! locations. Editors with a SARIF viewer also show the fixes.

use super::locate::Locator;
use super::visible::visible_json;
use super::{Diagnostic, DiagnosticCode, Suggestion};
use crate::source::{Sources, Span};
use serde_json::{Value, json};
use std::fmt::Write;

/// All findings.
pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let codes = codes(diagnostics);
    let mut writer = SarifWriter { sources, locator: Locator::new(sources) };
    let results: Vec<Value> = diagnostics.iter().map(|diagnostic| writer.result(diagnostic, &codes)).collect();
    let driver = json!({
        "name": "pointsman",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>(),
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    });
    visible_json(&format!("{document:#}\n")).into_owned()
}

/// The codes of the findings, sorted and without repetitions.
fn codes(diagnostics: &[Diagnostic]) -> Vec<&'static DiagnosticCode> {
    let mut codes: Vec<&'static DiagnosticCode> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable_by_key(|code| code.id);
    codes.dedup_by_key(|code| code.id);
    codes
}

fn rule(code: &DiagnosticCode) -> Value {
    json!({
        "id": code.id,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": explanation(code).unwrap_or(code.title) },
        "help": { "text": code.page, "markdown": code.page },
        "defaultConfiguration": { "level": code.level().name() },
        "properties": { "tags": ["rules"] },
    })
}

/// The first paragraph below the heading of a code's page.
fn explanation(code: &DiagnosticCode) -> Option<&'static str> {
    let paragraphs = code.page.split("\n\n").map(str::trim);
    paragraphs.into_iter().find(|text| !text.is_empty() && !text.starts_with(['#', '`']))
}

struct SarifWriter<'s> {
    sources: &'s Sources,
    locator: Locator<'s>,
}

impl SarifWriter<'_> {
    fn result(&mut self, diagnostic: &Diagnostic, codes: &[&DiagnosticCode]) -> Value {
        let mut result = json!({
            "ruleId": diagnostic.code.id,
            "ruleIndex": codes.partition_point(|code| code.id < diagnostic.code.id),
            "level": diagnostic.level().name(),
            "message": { "text": message(diagnostic) },
            "locations": [{ "physicalLocation": self.location(diagnostic.span) }],
        });
        let related = diagnostic.related.iter().zip(1..).map(|((span, words), id): (_, u32)| {
            json!({ "id": id, "message": { "text": words }, "physicalLocation": self.location(*span) })
        });
        let related: Vec<Value> = related.collect();
        let fixes: Vec<Value> = diagnostic.help.iter().filter_map(|help| self.fix(help)).collect();
        if let Some(members) = result.as_object_mut() {
            // Some readers refuse empty lists, although the standard allows them.
            members.extend((!related.is_empty()).then(|| ("relatedLocations".to_owned(), related.into())));
            members.extend((!fixes.is_empty()).then(|| ("fixes".to_owned(), fixes.into())));
        }
        result
    }

    fn location(&mut self, span: Span) -> Value {
        json!({ "artifactLocation": { "uri": uri(self.sources.name(span)) }, "region": self.region(span) })
    }

    fn region(&mut self, span: Span) -> Value {
        let region = self.locator.region(span);
        json!({
            "startLine": region.start.line,
            "startColumn": region.start.column,
            "endLine": region.end.line,
            "endColumn": region.end.column,
        })
    }

    fn fix(&mut self, help: &Suggestion) -> Option<Value> {
        let (span, replacement) = help.edit.as_ref()?;
        let change = json!({ "deletedRegion": self.region(*span), "insertedContent": { "text": replacement } });
        let file = json!({ "uri": uri(self.sources.name(*span)) });
        Some(json!({
            "description": { "text": help.text },
            "artifactChanges": [{ "artifactLocation": file, "replacements": [change] }],
        }))
    }
}

/// Message, label, reasons and advice, because viewers show only this text beside the line.
fn message(diagnostic: &Diagnostic) -> String {
    let label = (!diagnostic.label.is_empty()).then(|| diagnostic.label.clone());
    let notes = diagnostic.notes.iter().map(|note| format!("note: {note}"));
    let help = diagnostic.help.iter().map(|help| format!("help: {}", help.text));
    let lines = std::iter::once(diagnostic.message.clone()).chain(label).chain(notes).chain(help);
    lines.collect::<Vec<_>>().join("\n")
}

/// The file's name as a URI reference. A relative name stays relative, so that it is found in a repository.
fn uri(name: &str) -> String {
    let name = name.replace('\\', "/");
    let path = name.strip_prefix("./").unwrap_or(&name);
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}
