//! Messages as their channels send them: a message is an event, and every kind of channel renders it as one.

use crate::evaluate::EvaluationContext;
use crate::event::MessageGroup;
use crate::gateway::journal::{MessageContent, RenderedMessage};
use crate::gateway::served_rules::ServedRules;
use crate::gateway::stored_event::read_event;
use crate::json::Arena;
use crate::notification::{AlertInMessage, GroupId, MessageBuilder, MessageRecord, group_key};
use crate::text::shorten;

/// How many characters of a title lists show.
const MAX_TITLE: usize = 200;

/// Renders a message for its channel. For a channel that the rules no longer have, the body is empty: its delivery becomes a
/// dead letter.
pub(super) fn render_message(
    served: &ServedRules,
    channel: &str,
    message: &MessageRecord,
    content: &MessageContent,
) -> Option<RenderedMessage> {
    let mut builder = MessageBuilder::default();
    let group = message.groups.first().copied()?;
    let is_storm = message.groups.len() > 1;
    let mut key = if is_storm { format!("storm:{}", message.id.0) } else { group_key(group) };
    for alert in &content.alerts {
        let arena = Arena::new();
        let Some(event) = read_event(&alert.outcome, &alert.integration, &arena) else { continue };
        if !is_storm && group == GroupId::of_alert(alert.alert) {
            event.key.clone_into(&mut key);
        }
        builder.add(&AlertInMessage { event, news: alert.news, severity: alert.severity, at: alert.at });
    }
    let Some(position) = served.rules.program.names.channels.get(channel).copied() else {
        return Some(RenderedMessage {
            kind: "",
            key,
            title: String::new(),
            body: Some(b"{}".to_vec()),
            notes: Vec::new(),
        });
    };
    let kind = served.channels.get(position)?.kind.name;
    let arena = Arena::new();
    let rest = format!("pointsman messages {}", content.id);
    let told = builder.finish(message, key.clone(), &content.values, Some(&rest));
    let (event, group) = (told.event.event(&arena), MessageGroup::Message(&told.group));
    let (body, notes) = served.render_body(position, &event, group, &EvaluationContext::at(message.at));
    let title = shorten(event.title, MAX_TITLE);
    Some(RenderedMessage { kind, key, title, body, notes })
}
