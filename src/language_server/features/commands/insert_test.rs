//! `pointsman.insertTest`: a test for a line of a routing, at the end of the document.

use super::{AnswerContext, RequestError, rules, text};
use crate::language_server::features::ClientEffect;
use crate::language_server::workspace_edit::of_files;
use crate::suite::suggestion;
use lsp_types::{Range, TextEdit};
use serde_json::Value;

/// The name of the command.
pub(in super::super) const NAME: &str = "pointsman.insertTest";

/// Asks the client to apply the edit, if it can, and returns the edit.
pub(super) fn run(context: &AnswerContext, argument: &Value) -> Result<Value, RequestError> {
    let (_, rules) = rules(context)?;
    let route = text(argument, "route")?;
    let test = suggestion::suggest_for_line(rules, route)
        .ok_or_else(|| RequestError::refused(format!("no event is known that reaches `{route}`")))?;
    let positions = context.positions()?;
    let before = if positions.text.ends_with('\n') { "\n" } else { "\n\n" };
    let end = positions.whole().end;
    let insertion = TextEdit { range: Range { start: end, end }, new_text: format!("{before}{test}") };
    let edit = of_files(context, vec![(context.document()?.uri.clone(), vec![insertion])]);
    let value = serde_json::to_value(&edit).map_err(|_| RequestError::panicked())?;
    if context.client.applies_edits {
        context.effects.borrow_mut().push(ClientEffect::Apply { label: format!("insert a test of {route}"), edit });
    }
    Ok(value)
}
