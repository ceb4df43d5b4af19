//! Edits of rule files as edits of the workspace.

use super::features::AnswerContext;
use super::snapshot::RuleSetSnapshot;
use crate::source::Span;
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
    let mut files: BTreeMap<Uri, Vec<TextEdit>> = BTreeMap::new();
    for (span, new_text) in edits {
        if let Some(location) = context.location(snapshot, span) {
            files.entry(location.uri).or_default().push(TextEdit { range: location.range, new_text });
        }
    }
    of_files(context, files)
}

/// Edits by file, in the form that the client understands.
pub(super) fn of_files(context: &AnswerContext, files: BTreeMap<Uri, Vec<TextEdit>>) -> WorkspaceEdit {
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
