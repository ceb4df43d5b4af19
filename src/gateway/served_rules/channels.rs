//! The channels and integrations of served rules by name; what channels send, and when.

use super::{ServedChannel, ServedIntegration, ServedRules};
use crate::channel::Transport;
use crate::evaluate::EvaluationContext;
use crate::event::{Event, MessageGroup};
use crate::gateway::journal::ChannelPolicies;
use crate::json::ToJson as _;

impl ServedRules {
    /// How the channels gather messages.
    #[must_use]
    pub fn policies(&self) -> ChannelPolicies {
        self.channels.iter().map(|channel| (channel.name.clone(), channel.policy)).collect()
    }

    /// The body that a channel, by its position, gets for an event, and notes of the rendering; no body where nothing is sent.
    /// `group` is what its parameters read of the message.
    #[must_use]
    pub fn render_body(
        &self,
        position: usize,
        event: &Event<'_>,
        group: MessageGroup<'_>,
        context: &EvaluationContext<'_>,
    ) -> (Option<Vec<u8>>, Vec<String>) {
        match self.channels.get(position).map(|channel| channel.kind.transport) {
            None | Some(Transport::Discard) => (None, Vec::new()),
            Some(Transport::Http(_) | Transport::File | Transport::Stdout) => {
                match self.rules.render(position, event, group, context) {
                    Some(rendered) => (serde_json::to_vec(&rendered.body).ok(), rendered.notes),
                    // A kind without a form of its own sends the event itself.
                    None => (Some(event.to_json().into_bytes()), Vec::new()),
                }
            }
        }
    }

    /// The channel of that name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ServedChannel> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    /// The integration of that name.
    #[must_use]
    pub fn integration(&self, name: &str) -> Option<&ServedIntegration> {
        self.integrations.iter().find(|integration| integration.name == name)
    }
}
