//! Edits of rule files as edits of the workspace.

use super::features::AnswerContext;
use super::snapshot::RuleSetSnapshot;
use crate::source::{FileId, Span};
use lsp_types::{
    DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};
use std::collections::BTreeMap;

/// Replacements of spans in files of a snapshot, as an edit of the protocol.
pub(super) fn workspace_edit(
    context: &AnswerContext,
    snapshot: &RuleSetSnapshot,
    edits: impl IntoIterator<Item = (Span, String)>,
) -> WorkspaceEdit {
    let mut files: BTreeMap<FileId, Vec<(Span, String)>> = BTreeMap::new();
    for (span, text) in edits {
        files.entry(span.file).or_default().push((span, text));
    }
    let file_edits = |(file, edits): (FileId, Vec<(Span, String)>)| {
        let uri = context.documents.uri(&snapshot.path(file)?)?;
        let unit = context.client.unit;
        let edit = |(span, new_text): (Span, String)| TextEdit { range: snapshot.range(span, unit), new_text };
        Some((uri, edits.into_iter().map(edit).collect()))
    };
    of_files(context, files.into_iter().filter_map(file_edits).collect())
}

/// Edits by file, in the form that the client understands.
pub(super) fn of_files(context: &AnswerContext, files: Vec<(Uri, Vec<TextEdit>)>) -> WorkspaceEdit {
    if !context.client.versioned_edits {
        return WorkspaceEdit { changes: Some(files.into_iter().collect()), ..WorkspaceEdit::default() };
    }
    let edit = |(uri, edits): (Uri, Vec<TextEdit>)| TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier {
            version: context.documents.get(&uri).map(|document| document.version),
            uri,
        },
        edits: edits.into_iter().map(OneOf::Left).collect(),
    };
    let edits = files.into_iter().map(edit).collect();
    WorkspaceEdit { document_changes: Some(DocumentChanges::Edits(edits)), ..WorkspaceEdit::default() }
}
