//! One attempt outside of any queue, for `pointsman send`.

use super::clock;
use super::secret_masker::SecretMasker;
use super::transport::{ChannelTransport, TransportResources};
use super::{Exchange, OutboundConfig};
use crate::channel::{DeliveryVerdict, RequestContext, Transport};
use crate::gateway::served_rules::ServedChannel;

/// Sends a body to a channel, once.
pub async fn send_once(channel: &ServedChannel, body: &[u8], options: &OutboundConfig) -> Exchange {
    let transport = ChannelTransport::new(channel.clone(), &TransportResources::new(options.clone()));
    let Some(at) = clock::timestamp(clock::wall_clock()) else {
        let reason = "the clock shows no time that can be used".to_owned();
        return Exchange {
            request: String::new(),
            answer: reason.clone(),
            verdict: DeliveryVerdict::Refused { reason },
        };
    };
    let idempotency_key = format!("test-{}-{}", at.epoch_milliseconds(), channel.name);
    let attempt = RequestContext { body, idempotency_key: &idempotency_key, at, replay: false };
    let report = transport.attempt(attempt, || clock::timestamp(clock::wall_clock())).await;
    let masker = SecretMasker::of(&channel.settings);
    let request = match (&report.request, channel.kind.transport) {
        (Some(request), _) => masker.request(request),
        (None, Transport::Http(_)) => "no request could be made".to_owned(),
        (None, Transport::File) => {
            format!("a line for `{}`", channel.settings.text("path").unwrap_or_default())
        }
        (None, Transport::Stdout) => "a line for the standard output".to_owned(),
        (None, Transport::Discard) => "nothing: the channel forgets what it gets".to_owned(),
    };
    let answer = match (&report.response, &report.verdict) {
        (Some(response), _) => masker.response(response),
        (None, DeliveryVerdict::Delivered) => match channel.kind.transport {
            Transport::Discard => "forgotten".to_owned(),
            Transport::Http(_) | Transport::File | Transport::Stdout => "written".to_owned(),
        },
        (None, DeliveryVerdict::Retry { reason, .. } | DeliveryVerdict::Refused { reason }) => reason.clone(),
    };
    Exchange { request, answer, verdict: report.verdict }
}
