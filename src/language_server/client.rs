//! What a client can do. What it does not say, it cannot.

use crate::source::ColumnUnit;
use serde_json::Value;

/// The capabilities of a client that change what the server sends.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the protocol")]
pub(super) struct ClientSupport {
    /// How it counts columns.
    pub(super) unit: ColumnUnit,
    /// Diagnostics may name other places.
    pub(super) related_information: bool,
    /// Diagnostics may be marked as unnecessary.
    pub(super) diagnostic_tags: bool,
    /// Diagnostics may link to a description of their code.
    pub(super) code_description: bool,
    /// It reports changes of files that the server asks for.
    pub(super) watches_files: bool,
    /// It can be asked for settings.
    pub(super) configuration: bool,
    /// Symbols may be nested.
    pub(super) nested_symbols: bool,
    /// Code actions may be objects and not only commands.
    pub(super) code_action_literals: bool,
    /// It applies edits that the server sends.
    pub(super) applies_edits: bool,
    /// Edits may name the version of a document.
    pub(super) versioned_edits: bool,
    /// Texts may be Markdown.
    pub(super) markdown: bool,
    /// Completions may be snippets.
    pub(super) snippets: bool,
    /// It asks whether a name can be changed before it asks for the new one.
    pub(super) prepares_rename: bool,
    /// It has the commands that show texts: the VS Code extension says so in its options.
    pub(super) shows_pages: bool,
}

impl ClientSupport {
    /// Reads the parameters of `initialize`.
    pub(super) fn read(parameters: &Value) -> Self {
        let value = |path: &str| parameters.pointer(&format!("/capabilities{path}"));
        let flag = |path: &str| value(path).and_then(Value::as_bool).unwrap_or(false);
        let has = |path: &str, word: &str| {
            let words = value(path).and_then(Value::as_array);
            words.is_some_and(|words| words.iter().any(|each| each.as_str() == Some(word)))
        };
        let unit = if has("/general/positionEncodings", "utf-8") { ColumnUnit::Utf8 } else { ColumnUnit::Utf16 };
        let diagnostics = "/textDocument/publishDiagnostics";
        Self {
            unit,
            related_information: flag(&format!("{diagnostics}/relatedInformation")),
            diagnostic_tags: value(&format!("{diagnostics}/tagSupport")).is_some_and(|tags| !tags.is_null()),
            code_description: flag(&format!("{diagnostics}/codeDescriptionSupport")),
            watches_files: flag("/workspace/didChangeWatchedFiles/dynamicRegistration"),
            configuration: flag("/workspace/configuration"),
            nested_symbols: flag("/textDocument/documentSymbol/hierarchicalDocumentSymbolSupport"),
            code_action_literals: value("/textDocument/codeAction/codeActionLiteralSupport")
                .is_some_and(Value::is_object),
            applies_edits: flag("/workspace/applyEdit"),
            versioned_edits: flag("/workspace/workspaceEdit/documentChanges"),
            markdown: has("/textDocument/hover/contentFormat", "markdown"),
            snippets: flag("/textDocument/completion/completionItem/snippetSupport"),
            prepares_rename: flag("/textDocument/rename/prepareSupport"),
            shows_pages: parameters
                .pointer("/initializationOptions/showsPages")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        }
    }
}
