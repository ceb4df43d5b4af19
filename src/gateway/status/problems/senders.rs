//! Problems of senders: wrong keys and signatures, and payloads that no mapping accepts.

use super::StatusProblemLevel::{Failing, Warning};
use super::{StatusProblem, age, counted, is_newer};
use crate::diagnostic::nearest;
use crate::gateway::status::{IntegrationSummary, RejectedSender};
use crate::time::Timestamp;

/// Refused pushes are a problem for this long.
const REFUSAL_SECONDS: i64 = 24 * 3_600;
/// For this long they mean that a sender fails now.
const RECENT_SECONDS: i64 = 3_600;

/// Pushes with a key or a signature that is wrong.
pub(super) fn wrong_key(
    sender: &RejectedSender,
    known: &[IntegrationSummary],
    now: Timestamp,
) -> Option<StatusProblem> {
    let age = age(Some(&sender.latest), now).unwrap_or(0);
    if age >= REFUSAL_SECONDS {
        return None;
    }
    let RejectedSender { integration: name, unknown_keys, bad_signatures, latest, peer } = sender;
    let counts = [(unknown_keys, "a wrong or missing key"), (bad_signatures, "a wrong or missing signature")];
    let counts = counts.iter().filter(|(count, _)| **count > 0);
    let counts: Vec<String> =
        counts.map(|(count, with)| format!("{} with {with}", counted(**count, "push", "pushes"))).collect();
    let were = if unknown_keys + bad_signatures == 1 { "was" } else { "were" };
    let is_known = known.iter().any(|integration| integration.name == *name);
    let (subject, fix) = match name.as_str() {
        "" => (
            "unknown integrations".to_owned(),
            format!(
                "if the sender at {peer} is yours, compare its push URL and key with the integrations of `pointsman status`; \
                 else block its address. The name that it gave is not shown, as it may hold a key"
            ),
        ),
        name if is_known => (
            format!("integration {name}"),
            format!(
                "compare the key or secret of the sender at {peer} with those that the rules name for `{name}`; \
                 if it is not yours, block its address"
            ),
        ),
        name => {
            let near = nearest(name, known.iter().map(|integration| integration.name.as_str()));
            let near = near.map(|near| format!(" (did it mean `{near}`?)")).unwrap_or_default();
            (
                format!("integration {name}"),
                format!(
                    "the rules have no such integration: correct the push URL of the sender at {peer}{near}; \
                     if it is not yours, block its address"
                ),
            )
        }
    };
    let level = if is_known && age < RECENT_SECONDS { Failing } else { Warning };
    Some(
        StatusProblem::new(level, "keys", subject)
            .latest(Some(latest))
            .says(format!("{} {were} refused, the last from {peer}", counts.join(" and ")), fix),
    )
}

/// Payloads that no mapping accepted.
pub(super) fn refusals(integration: &IntegrationSummary, now: Timestamp) -> Option<StatusProblem> {
    let refused = integration.quarantine.as_ref()?;
    if age(Some(&refused.latest), now).is_none_or(|age| age >= REFUSAL_SECONDS) {
        return None;
    }
    let name = &integration.name;
    // No push came since, so the last one was not understood.
    let is_last = integration.latest.as_ref().is_none_or(|latest| !is_newer(latest, Some(&refused.latest)));
    let level = if is_last { Failing } else { Warning };
    let last = if refused.count == 1 { ":" } else { "; the last:" };
    Some(StatusProblem::new(level, "refused", format!("integration {name}")).latest(Some(&refused.latest)).says(
        format!("{} refused and kept{last} {}", counted(refused.count, "payload was", "payloads were"), refused.reason),
        format!(
            "`pointsman quarantine list --integration {name}` shows them; fix the rules and run \
             `pointsman quarantine replay --integration {name}`, or fix the sender"
        ),
    ))
}
