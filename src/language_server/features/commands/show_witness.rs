//! `pointsman.showWitness`: an event that reaches a line of a routing, or why there is none.

use super::{AnswerContext, RequestError, rules, show, text};
use crate::prove::Reachability;
use serde_json::{Value, json};

/// The name of the command.
pub(in super::super) const NAME: &str = "pointsman.showWitness";

/// Returns the event.
pub(super) fn run(context: &AnswerContext, argument: &Value) -> Result<Value, RequestError> {
    let (_, rules) = rules(context)?;
    let route = text(argument, "route")?;
    let proofs = rules.prove_lines();
    let verdict = proofs.lines().find(|(path, _)| *path == route).map(|(_, verdict)| verdict);
    let verdict = verdict.ok_or_else(|| RequestError::refused(format!("there is no line `{route}`")))?;
    let (event, words) = match verdict {
        Reachability::Reachable(event) => (Some(event.to_string()), format!("this event reaches `{route}`: {event}")),
        Reachability::Unreachable(_) | Reachability::WithinUnreachable => (None, format!("no event reaches `{route}`")),
        Reachability::Undecided(reason) => {
            (None, format!("it is not known whether an event reaches `{route}`: {reason}"))
        }
    };
    show(context, &*words);
    Ok(json!({"route": route, "event": event, "text": words}))
}
