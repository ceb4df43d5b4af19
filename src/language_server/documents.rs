//! The texts that are open in the editor.

use super::positions::PositionMap;
use super::uri;
use crate::ruleset::files::edited::EditedTexts;
use crate::source::{ColumnUnit, EditorLines};
use lsp_types::{TextDocumentContentChangeEvent, TextDocumentItem, Uri};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open text.
#[derive(Debug, Clone)]
pub(super) struct OpenDocument {
    /// As the client wrote it.
    pub(super) uri: Uri,
    /// None for a text that is not a file of this machine.
    pub(super) path: Option<PathBuf>,
    /// The name of its language, as the client says.
    pub(super) language: String,
    /// The client's number of the text. It is only handed back.
    pub(super) version: i32,
    /// How often any text changed until this one was made, so that two states of a text are told apart.
    pub(super) revision: u64,
    /// The text.
    pub(super) text: Arc<str>,
    lines: EditorLines,
}

impl OpenDocument {
    fn new(item: TextDocumentItem, revision: u64) -> Self {
        Self {
            path: uri::to_path(&item.uri),
            uri: item.uri,
            language: item.language_id,
            version: item.version,
            revision,
            lines: EditorLines::new(&item.text),
            text: item.text.into(),
        }
    }

    /// Positions in the text.
    pub(super) fn positions(&self, unit: ColumnUnit) -> PositionMap<'_> {
        PositionMap { text: &self.text, lines: &self.lines, unit }
    }

    /// The text after changes, in their order. A change without a range is the whole text.
    fn change(&mut self, changes: Vec<TextDocumentContentChangeEvent>, unit: ColumnUnit) {
        for change in changes {
            let text: Arc<str> = match change.range {
                None => change.text.into(),
                Some(range) => {
                    let bytes = self.positions(unit).bytes(range);
                    let mut text = self.text.to_string();
                    text.replace_range(bytes, &change.text);
                    text.into()
                }
            };
            self.lines = EditorLines::new(&text);
            self.text = text;
        }
    }
}

/// All open texts.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenDocuments {
    /// By their URIs; those of files in one spelling.
    documents: BTreeMap<String, Arc<OpenDocument>>,
    revision: u64,
}

impl OpenDocuments {
    /// Opens a text, or replaces the one with its URI.
    pub(super) fn open(&mut self, item: TextDocumentItem) -> Arc<OpenDocument> {
        self.revision += 1;
        let document = Arc::new(OpenDocument::new(item, self.revision));
        self.documents.insert(key(&document.uri), Arc::clone(&document));
        document
    }

    /// Changes a text. None if it is not open.
    pub(super) fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        unit: ColumnUnit,
    ) -> Option<Arc<OpenDocument>> {
        let document = self.documents.get_mut(&key(uri))?;
        self.revision += 1;
        let own = Arc::make_mut(document);
        own.change(changes, unit);
        own.version = version;
        own.revision = self.revision;
        Some(Arc::clone(document))
    }

    /// Closes a text.
    pub(super) fn close(&mut self, uri: &Uri) -> Option<Arc<OpenDocument>> {
        self.documents.remove(&key(uri))
    }

    /// The open text of a URI.
    pub(super) fn get(&self, uri: &Uri) -> Option<&Arc<OpenDocument>> {
        self.documents.get(&key(uri))
    }

    /// The open text of a path.
    pub(super) fn at(&self, path: &Path) -> Option<&Arc<OpenDocument>> {
        self.documents.get(uri::from_path(path)?.as_str())
    }

    /// The URI of a path: that of the client if it is open.
    pub(super) fn uri(&self, path: &Path) -> Option<Uri> {
        self.at(path).map(|document| document.uri.clone()).or_else(|| uri::from_path(path))
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<OpenDocument>> {
        self.documents.values()
    }

    /// The texts of files.
    pub(super) fn texts(&self) -> EditedTexts {
        let text = |document: &Arc<OpenDocument>| Some((document.path.clone()?, Arc::clone(&document.text)));
        self.iter().filter_map(text).collect()
    }
}

fn key(uri: &Uri) -> String {
    let of_file = uri::to_path(uri).and_then(|path| uri::from_path(&path));
    of_file.unwrap_or_else(|| uri.clone()).as_str().to_owned()
}
