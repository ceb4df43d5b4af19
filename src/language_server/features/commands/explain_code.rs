//! `pointsman.explain`: the page of a code, as `pointsman explain` prints it.

use super::{RequestContext, RequestError, text};
use crate::language_server::features::ClientEffect;
use crate::ruleset;
use lsp_types::MessageType;
use serde_json::{Value, json};

/// The name of the command.
pub(super) const NAME: &str = "pointsman.explain";

/// Returns the page. A client that cannot show it as a text gets it as a message.
pub(super) fn run(context: &RequestContext, argument: &Value) -> Result<Value, RequestError> {
    let code = text(argument, "code")?;
    let known = ruleset::codes().into_iter().find(|known| known.id.eq_ignore_ascii_case(code));
    let known = known.ok_or_else(|| RequestError::invalid(format!("there is no code `{code}`")))?;
    if !context.client.shows_pages {
        context.effects.borrow_mut().push(ClientEffect::Show { kind: MessageType::INFO, text: known.page.to_owned() });
    }
    Ok(json!({"code": known.id, "title": known.title, "markdown": known.page}))
}
