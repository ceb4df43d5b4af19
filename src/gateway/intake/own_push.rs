//! Pushes that the gateway makes itself, through the door `clock`: senders that are absent or heard again, and alerts of which
//! nothing more is heard.

use super::accept::{PushDecision, Receipt};
use super::backend::IntakeBackend;
use super::decide::IncomingPush;
use super::refusal::Refusal;
use crate::gateway::journal::{ChangedSender, OwnPush, PushOrigin};
use crate::model::heartbeat_source;
use crate::notification::SenderChange;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Evaluates what the clock found by the rules in force, and makes it durable, unless it is no longer so.
///
/// # Errors
/// Where it cannot be made durable now.
pub async fn accept_own<H: IntakeBackend>(backend: &Arc<H>, mut own: OwnPush) -> Result<Receipt, Refusal> {
    loop {
        let prepared = backend.intake().prepared_version(&**backend);
        let integration = match &own {
            OwnPush::Senders(heartbeat, _) => heartbeat_source(heartbeat),
            OwnPush::Alerts(integration, _) => integration.clone(),
        };
        let incoming = backend.intake().incoming(&integration, PushOrigin::Clock, payload(&own));
        let incoming = IncomingPush { own: Some(Arc::new(own.clone())), ..incoming };
        let decision = PushDecision::begin(backend, prepared).await?;
        let (evaluated, slot) = decision.decide(incoming.payload.len(), move |evaluate| evaluate(incoming)).await?;
        if evaluated.is_too_large() && own.len() > 1 {
            own.truncate(own.len() / 2);
            continue;
        }
        return decision.conclude((evaluated, slot), 0).await;
    }
}

/// What the push was made of, for those who look at it.
fn payload(own: &OwnPush) -> Vec<u8> {
    let document = match own {
        OwnPush::Senders(heartbeat, senders) => {
            let change = |ChangedSender { pending, .. }: &ChangedSender| {
                let values = pending.sender.values.iter();
                let values: Map<String, Value> =
                    values.map(|value| (value.name.clone(), Value::from(value.value.as_str()))).collect();
                let change = match pending.change {
                    SenderChange::Absent => "absent",
                    SenderChange::Returned => "returned",
                    SenderChange::Left => "left",
                };
                json!({ "change": change, "by": values })
            };
            json!({ "heartbeat": heartbeat, "senders": senders.iter().map(change).collect::<Vec<_>>() })
        }
        OwnPush::Alerts(integration, alerts) => json!({ "resolve_timeout": integration, "alerts": alerts.len() }),
    };
    document.to_string().into_bytes()
}
