//! Rename: the edits of all files, or the reason why a name cannot be changed to another.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::rule_view::location;
use crate::language_server::snapshot::RuleSetSnapshot;
use crate::language_server::workspace_edit::of_files;
use crate::ruleset::editor::{NameChange, RenameEdit, renamable_at};
use lsp_types::request::{PrepareRenameRequest, Rename};
use lsp_types::{
    OneOf, PrepareRenameResponse, RenameOptions, RenameParams, ServerCapabilities, TextDocumentPositionParams,
    TextEdit, Uri, WorkDoneProgressOptions, WorkspaceEdit,
};
use std::path::Path;

/// `textDocument/prepareRename`
pub(super) struct PrepareRename;

impl Answer for PrepareRename {
    type Request = PrepareRenameRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(_: &mut ServerCapabilities, _client: &ClientSupport) {}

    fn answer(
        context: &AnswerContext,
        parameters: TextDocumentPositionParams,
    ) -> Result<Option<PrepareRenameResponse>, RequestError> {
        let offset = context.positions()?.offset(parameters.position);
        let Some((snapshot, file)) = context.checked() else { return Ok(None) };
        let (span, _) =
            renamable_at(snapshot.names(), file, offset).map_err(|reason| RequestError::refused(reason.to_string()))?;
        Ok(Some(PrepareRenameResponse::Range(snapshot.range(span, context.client.unit))))
    }
}

/// `textDocument/rename`
pub(super) struct RenameName;

impl Answer for RenameName {
    type Request = Rename;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, client: &ClientSupport) {
        let options = RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        };
        capabilities.rename_provider =
            Some(if client.prepares_rename { OneOf::Right(options) } else { OneOf::Left(true) });
    }

    fn answer(context: &AnswerContext, parameters: RenameParams) -> Result<Option<WorkspaceEdit>, RequestError> {
        let offset = context.positions()?.offset(parameters.text_document_position.position);
        let Some((snapshot, file)) = context.checked() else { return Ok(None) };
        let read = |path: &Path| snapshot.table(path);
        let change = NameChange { sources: snapshot.sources(), names: snapshot.names(), read: &read };
        let edits = change
            .edits(file, offset, &parameters.new_name)
            .map_err(|reason| RequestError::refused(reason.to_string()))?;
        Ok(Some(workspace_edit(context, snapshot, edits)))
    }
}

fn workspace_edit(context: &AnswerContext, snapshot: &RuleSetSnapshot, edits: Vec<RenameEdit>) -> WorkspaceEdit {
    let mut files: Vec<(Uri, Vec<TextEdit>)> = Vec::new();
    for RenameEdit { place, text: new_text } in edits {
        if let Some(location) = location(context, snapshot, &place) {
            let edit = TextEdit { range: location.range, new_text };
            match files.iter_mut().find(|(uri, _)| *uri == location.uri) {
                Some((_, edits)) => edits.push(edit),
                None => files.push((location.uri, vec![edit])),
            }
        }
    }
    of_files(context, files)
}
