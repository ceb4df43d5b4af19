//! `pointsman.applyEdit`: the edit of a code action, for clients that know only commands.

use super::{AnswerContext, RequestError, text};
use crate::language_server::features::ClientEffect;
use lsp_types::WorkspaceEdit;
use serde_json::Value;

/// The name of the command.
pub(in super::super) const NAME: &str = "pointsman.applyEdit";

/// Asks the client to apply the edit, if it can, and returns the edit.
pub(super) fn run(context: &AnswerContext, argument: &Value) -> Result<Value, RequestError> {
    let edit = argument.get("edit").cloned().unwrap_or_default();
    let read: WorkspaceEdit =
        serde_json::from_value(edit.clone()).map_err(|error| RequestError::invalid(error.to_string()))?;
    if context.client.applies_edits {
        let label = text(argument, "label").unwrap_or(NAME).to_owned();
        context.effects.borrow_mut().push(ClientEffect::Apply { label, edit: read });
    }
    Ok(edit)
}
