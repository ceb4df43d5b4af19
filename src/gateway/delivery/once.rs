//! One delivery outside of any queue: `pointsman send`.

use super::clock;
use super::secret_masker::SecretMasker;
use super::transport::{ChannelTransport, TransportResources};
use super::{Exchange, OutboundConfig};
use crate::channel::{DeliveryVerdict, RequestContext, Transport};
use crate::gateway::served_rules::ServedChannel;

/// Sends a body to a channel once, for real.
pub async fn send_once(channel: &ServedChannel, body: &[u8], options: &OutboundConfig) -> Exchange {
    let way = ChannelTransport::new(channel.clone(), &TransportResources::new(options.clone()));
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
    let came = way.attempt(attempt, || clock::timestamp(clock::wall_clock())).await;
    let masked = SecretMasker::of(&channel.settings);
    let request = match (&came.request, channel.kind.transport) {
        (Some(request), _) => masked.request(request),
        (None, Transport::Http(_)) => "no request could be made".to_owned(),
        (None, Transport::File) => {
            format!("a line for `{}`", channel.settings.text("path").unwrap_or_default())
        }
        (None, Transport::Stdout) => "a line for the standard output".to_owned(),
        (None, Transport::Discard) => "nothing: the channel forgets what it gets".to_owned(),
    };
    let answer = match (&came.response, &came.verdict) {
        (Some(response), _) => masked.response(response),
        (None, DeliveryVerdict::Delivered) => match channel.kind.transport {
            Transport::Discard => "forgotten".to_owned(),
            Transport::Http(_) | Transport::File | Transport::Stdout => "written".to_owned(),
        },
        (None, DeliveryVerdict::Retry { reason, .. } | DeliveryVerdict::Refused { reason }) => reason.clone(),
    };
    Exchange { request, answer, verdict: came.verdict }
}
