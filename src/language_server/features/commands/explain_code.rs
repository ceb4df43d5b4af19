//! `pointsman.explain`: the page of a code, as `pointsman explain` prints it.

use super::{AnswerContext, RequestError, show, text};
use crate::ruleset;
use serde_json::{Value, json};

/// The name of the command.
pub(in super::super) const NAME: &str = "pointsman.explain";

/// Returns the page. A client that cannot show it as a text gets it as a message.
pub(super) fn run(context: &AnswerContext, argument: &Value) -> Result<Value, RequestError> {
    let code = text(argument, "code")?;
    let known = ruleset::codes().into_iter().find(|known| known.id.eq_ignore_ascii_case(code));
    let known = known.ok_or_else(|| RequestError::invalid(format!("there is no code `{code}`")))?;
    show(context, known.page);
    Ok(json!({"code": known.id, "title": known.title, "markdown": known.page}))
}
