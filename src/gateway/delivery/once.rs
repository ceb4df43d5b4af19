//! One delivery outside of any queue: `pointsman send`.

use super::clock;
use super::masked::Masked;
use super::way::{Ground, Way};
use super::{Exchange, Options};
use crate::channel::{Attempt, Transport, Verdict};
use crate::gateway::served::Channel;

/// Sends a body to a channel once, for real.
pub async fn send_once(channel: &Channel, body: &[u8], options: &Options) -> Exchange {
    let way = Way::new(channel.clone(), &Ground::new(options.clone()));
    let Some(at) = clock::time(clock::wall()) else {
        let reason = "the clock shows no time that can be used".to_owned();
        return Exchange {
            request: String::new(),
            answer: reason.clone(),
            verdict: Verdict::Refused { reason },
        };
    };
    let idempotency_key = format!("test-{}-{}", at.epoch_milliseconds(), channel.name);
    let attempt = Attempt { body, idempotency_key: &idempotency_key, at, replay: false };
    let came = way.attempt(attempt, || clock::time(clock::wall())).await;
    let masked = Masked::of(&channel.settings);
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
        (None, Verdict::Delivered) => match channel.kind.transport {
            Transport::Discard => "forgotten".to_owned(),
            Transport::Http(_) | Transport::File | Transport::Stdout => "written".to_owned(),
        },
        (None, Verdict::Retry { reason, .. } | Verdict::Refused { reason }) => reason.clone(),
    };
    Exchange { request, answer, verdict: came.verdict }
}
