//! What the client says of its texts, folders and settings.

use super::settings::EditorSettings;
use super::state::SessionState;
use super::uri;
use lsp_types::{
    DidChangeTextDocumentParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
};
use serde_json::Value;
use std::time::Instant;

/// A text was opened.
pub(super) fn open(state: &mut SessionState, parameters: DidOpenTextDocumentParams, now: Instant) {
    let document = state.documents_mut().open(parameters.text_document);
    state.changed(&document, now);
}

/// A text was changed. Changes of a text that is not open are passed over.
pub(super) fn change(state: &mut SessionState, parameters: DidChangeTextDocumentParams, now: Instant) {
    let unit = state.client.unit;
    let DidChangeTextDocumentParams { text_document, content_changes } = parameters;
    let changed = state.documents_mut().change(&text_document.uri, text_document.version, content_changes, unit);
    if let Some(document) = changed {
        state.changed(&document, now);
    }
}

/// A text was closed: what the disk holds counts again.
pub(super) fn close(state: &mut SessionState, parameters: &DidCloseTextDocumentParams) {
    state.documents_mut().close(&parameters.text_document.uri);
}

/// Folders were added to the workspace, or removed from it.
pub(super) fn folders(state: &mut SessionState, parameters: DidChangeWorkspaceFoldersParams) {
    let event = parameters.event;
    let removed: Vec<_> = event.removed.iter().filter_map(|folder| uri::to_path(&folder.uri)).collect();
    let folders = &mut state.workspace.folders;
    folders.retain(|folder| !removed.contains(folder));
    folders.extend(event.added.iter().filter_map(|folder| uri::to_path(&folder.uri)));
}

/// The settings were changed.
pub(super) fn configuration(state: &mut SessionState, settings: &Value) {
    if let Some(settings) = EditorSettings::read(settings) {
        state.workspace.settings = settings;
    }
}
