//! Findings as diagnostics of the protocol, and which of them the client has.

use super::client::ClientSupport;
use super::documents::OpenDocuments;
use super::rule_sets::SetRoots;
use super::snapshot::RuleSetSnapshot;
use crate::check;
use crate::diagnostic::{Diagnostic, DiagnosticLevel};
use lsp_types::{
    CodeDescription, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString,
    PublishDiagnosticsParams, Uri,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

/// The source that diagnostics name.
pub(super) const SOURCE: &str = "pointsman";

/// The URI of the page of a code, for clients that show such pages.
pub(super) fn page_uri(code: &str) -> Option<Uri> {
    Uri::from_str(&format!("pointsman:/codes/{code}.md")).ok()
}

/// Writes findings as diagnostics.
pub(super) struct DiagnosticWriter<'s> {
    pub(super) snapshot: &'s RuleSetSnapshot,
    pub(super) documents: &'s OpenDocuments,
    pub(super) client: ClientSupport,
    /// Whether the folders of the files decided which of them form the rule set.
    pub(super) is_found_set: bool,
}

impl DiagnosticWriter<'_> {
    /// A finding as a diagnostic.
    pub(super) fn write(&self, finding: &Diagnostic) -> lsp_types::Diagnostic {
        let description = page_uri(finding.code.id).filter(|_| self.client.code_description && self.client.shows_pages);
        let is_unnecessary = self.client.diagnostic_tags && check::marks_unneeded(finding.code);
        lsp_types::Diagnostic {
            range: self.snapshot.range(finding.span, self.client.unit),
            severity: Some(match finding.level() {
                DiagnosticLevel::Error => DiagnosticSeverity::ERROR,
                DiagnosticLevel::Warning => DiagnosticSeverity::WARNING,
            }),
            code: Some(NumberOrString::String(finding.code.id.to_owned())),
            code_description: description.map(|href| CodeDescription { href }),
            source: Some(SOURCE.to_owned()),
            message: self.message(finding),
            related_information: self.client.related_information.then(|| self.related(finding)),
            tags: is_unnecessary.then(|| vec![DiagnosticTag::UNNECESSARY]),
            data: None,
        }
    }

    /// What is wrong, why, and how to fix it. Other places are named where the client does not show them.
    fn message(&self, finding: &Diagnostic) -> String {
        let mut message = finding.message.clone();
        let mut line = |text: String| {
            message.push('\n');
            message.push_str(&text);
        };
        if !finding.label.is_empty() {
            line(finding.label.clone());
        }
        if !self.client.related_information {
            let sources = self.snapshot.sources();
            for (span, text) in &finding.related {
                line(format!("{}: {text}", sources.file_and_line(*span)));
            }
        }
        for note in &finding.notes {
            line(format!("note: {note}"));
        }
        for help in &finding.help {
            line(format!("help: {}", help.text));
        }
        if self.is_found_set
            && check::is_unknown_name(finding.code)
            && finding.help.iter().all(|help| help.edit.is_none())
        {
            let root = self.snapshot.roots.paths().first().map(|root| root.display().to_string()).unwrap_or_default();
            line(format!("help: is the rule set larger than `{root}`? The setting `pointsman.sets` names its paths"));
        }
        message
    }

    fn related(&self, finding: &Diagnostic) -> Vec<DiagnosticRelatedInformation> {
        let related = finding.related.iter().filter_map(|(span, text)| {
            let uri = self.documents.uri(&self.snapshot.path(span.file)?)?;
            let location = Location { uri, range: self.snapshot.range(*span, self.client.unit) };
            Some(DiagnosticRelatedInformation { location, message: text.clone() })
        });
        related.collect()
    }

    /// The diagnostics of each file of the set; files without any are among them.
    fn by_path(&self) -> BTreeMap<PathBuf, Vec<lsp_types::Diagnostic>> {
        let files = self.snapshot.sources().iter().filter_map(|(id, _)| self.snapshot.path(id));
        let mut files: BTreeMap<_, Vec<_>> = files.map(|path| (path, Vec::new())).collect();
        for finding in self.snapshot.diagnostics() {
            let path = self.snapshot.path(finding.span.file);
            if let Some(file) = path.and_then(|path| files.get_mut(&path)) {
                file.push(self.write(finding));
            }
        }
        files
    }
}

/// The diagnostics that the client has: by file, and by the rule set that reports them. A file may be in several sets.
#[derive(Debug, Default)]
pub(super) struct PublishedDiagnostics {
    files: BTreeMap<PathBuf, BTreeMap<SetRoots, Vec<lsp_types::Diagnostic>>>,
}

impl PublishedDiagnostics {
    /// What to send after a check: the diagnostics of all open files of the set, and of others where they changed.
    pub(super) fn update(&mut self, writer: &DiagnosticWriter<'_>) -> Vec<PublishDiagnosticsParams> {
        let roots = &writer.snapshot.roots;
        let mut found = writer.by_path();
        let reported = self.files.iter().filter(|(_, sets)| sets.contains_key(roots)).map(|(path, _)| path.clone());
        for path in reported.collect::<Vec<_>>() {
            found.entry(path).or_default();
        }
        let mut sent = Vec::new();
        for (path, diagnostics) in found {
            let sets = self.files.entry(path.clone()).or_default();
            let before = if diagnostics.is_empty() {
                sets.remove(roots)
            } else {
                sets.insert(roots.clone(), diagnostics.clone())
            };
            let is_open = writer.documents.at(&path).is_some();
            if is_open || before.unwrap_or_default() != diagnostics {
                sent.extend(merged(&path, sets, writer.documents));
            }
            if sets.is_empty() {
                self.files.remove(&path);
            }
        }
        sent
    }

    /// What to send after a set is no longer open: its diagnostics are removed.
    pub(super) fn forget(&mut self, roots: &SetRoots, documents: &OpenDocuments) -> Vec<PublishDiagnosticsParams> {
        let mut sent = Vec::new();
        for (path, sets) in &mut self.files {
            if sets.remove(roots).is_some() {
                sent.extend(merged(path, sets, documents));
            }
        }
        self.files.retain(|_, sets| !sets.is_empty());
        sent
    }
}

/// The diagnostics of a file from all sets, each once.
fn merged(
    path: &Path,
    sets: &BTreeMap<SetRoots, Vec<lsp_types::Diagnostic>>,
    documents: &OpenDocuments,
) -> Option<PublishDiagnosticsParams> {
    let mut diagnostics: Vec<lsp_types::Diagnostic> = Vec::new();
    for diagnostic in sets.values().flatten() {
        if sets.len() == 1 || !diagnostics.contains(diagnostic) {
            diagnostics.push(diagnostic.clone());
        }
    }
    let version = documents.at(path).map(|document| document.version);
    Some(PublishDiagnosticsParams { uri: documents.uri(path)?, diagnostics, version })
}
