//! The transport of a channel: its kind and settings with its connections, file or stream. It makes one attempt, from the
//! stored body to a verdict. No text of it holds a secret.

use super::address_policy::AddressAccess;
use super::backoff;
use super::body_room::{BodyPermit, BodyRoom};
use super::circuit_breaker::HealthSignal;
use super::client::{ChannelClient, ClientFactory, RequestFailure, TruncatedResponse};
use super::line_sink::{LineSink, MAX_LINES};
use super::rate_limiter::limits;
use super::receiver::receiver;
use super::{DeliveryLog, OutboundConfig};
use crate::channel::{
    DeliverySettings, DeliveryVerdict, FileSettings, HttpChannel, HttpRequest, HttpResponse, NotificationPolicy,
    RepeatPolicy, RequestBuildError, RequestContext, Transport,
};
use crate::gateway::journal::ReceiverDigest;
use crate::gateway::served_rules::ServedChannel;
use crate::mask::SecretMask;
use crate::time::Clock;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The most characters of the reason of an outcome.
const LONGEST_REASON: usize = 1_000;

/// What all transports share.
pub(super) struct TransportResources {
    options: OutboundConfig,
    clock: Arc<dyn Clock>,
    clients: Result<ClientFactory, String>,
    /// The room of bodies that are sent over HTTP.
    room: BodyRoom,
    stdout: OnceLock<Result<LineSink, String>>,
}

impl TransportResources {
    /// Reads the files that the options name.
    pub(super) fn new(options: OutboundConfig, clock: Arc<dyn Clock>) -> Self {
        let clients = ClientFactory::new(&options);
        Self { options, clock, clients, room: BodyRoom::http(), stdout: OnceLock::new() }
    }

    /// Which deliveries are logged.
    pub(super) fn log(&self) -> DeliveryLog {
        self.options.log
    }

    /// What is wrong with the options.
    pub(super) fn config_error(&self) -> Option<&str> {
        self.clients.as_ref().err().map(String::as_str)
    }
}

/// What carries a delivery.
enum OpenTransport {
    Http(Box<dyn HttpChannel>, ChannelClient),
    Lines(LineSink),
    Discard,
    /// It cannot be opened, for this reason.
    Unavailable(String),
    /// Its settings cannot work, which no retry changes.
    Misconfigured(RequestBuildError),
}

/// A channel that is ready to deliver.
pub(super) struct ChannelTransport {
    pub(super) channel: ServedChannel,
    /// Who gets the deliveries, where a channel has an address or a key.
    pub(super) receiver: Option<ReceiverDigest>,
    /// The secrets of the channel.
    pub(super) mask: SecretMask,
    clock: Arc<dyn Clock>,
    settings: DeliverySettings,
    policy: NotificationPolicy,
    /// The room of its bodies.
    room: BodyRoom,
    transport: OpenTransport,
}

/// The result of an attempt.
#[derive(Debug)]
pub(super) struct AttemptReport {
    pub(super) verdict: DeliveryVerdict,
    /// What it says about the destination.
    pub(super) health: HealthSignal,
    /// The HTTP status, where there was an answer.
    pub(super) status: Option<u16>,
    pub(super) request: Option<HttpRequest>,
    pub(super) response: Option<TruncatedResponse>,
    /// What it shows about the receiver's address.
    pub(super) access: AddressAccess,
}

impl AttemptReport {
    fn without_answer(verdict: DeliveryVerdict, health: HealthSignal, request: Option<HttpRequest>) -> Self {
        Self { verdict, health, status: None, request, response: None, access: AddressAccess::Unknown }
    }

    /// How long the whole channel has to wait, as the destination asks for fewer requests.
    pub(super) fn throttled(&self) -> Option<Duration> {
        match (&self.verdict, self.status) {
            (DeliveryVerdict::Retry { after: Some(after), .. }, Some(..500)) => {
                Some((*after).min(backoff::LONGEST_ASKED))
            }
            (DeliveryVerdict::Retry { .. } | DeliveryVerdict::Delivered | DeliveryVerdict::Refused { .. }, _) => None,
        }
    }
}

impl ChannelTransport {
    /// Whether the channel gathers messages. Then one of them is under way at a time.
    pub(super) fn gathers(&self) -> bool {
        self.policy.repeat != RepeatPolicy::EveryEvent
    }

    /// Whether the requests of a minute are limited, as chat robots do.
    pub(super) fn has_slow_rate(&self) -> bool {
        limits(self.channel.kind, &self.channel.settings).per_minute.is_some()
    }

    /// Opens a channel; sends nothing.
    pub(super) fn new(channel: ServedChannel, resources: &TransportResources) -> Self {
        let ready = match channel.kind.transport {
            Transport::Http(http) => {
                let client = resources.clients.as_ref().map_err(Clone::clone).and_then(ClientFactory::client);
                client.map(|client| match (http.open)(&channel.settings) {
                    Ok(http) => OpenTransport::Http(http, client),
                    Err(error) => OpenTransport::Misconfigured(error),
                })
            }
            Transport::File => {
                let FileSettings { path, rotate_at } = FileSettings::read(&channel.settings);
                let (directory, clock) = (resources.options.directory.clone(), Arc::clone(&resources.clock));
                LineSink::file(directory, path, rotate_at, clock).map(OpenTransport::Lines)
            }
            Transport::Stdout => resources.stdout.get_or_init(LineSink::stdout).clone().map(OpenTransport::Lines),
            Transport::Discard => Ok(OpenTransport::Discard),
        };
        let transport = ready.unwrap_or_else(OpenTransport::Unavailable);
        let room = match &transport {
            OpenTransport::Lines(sink) => sink.room().clone(),
            OpenTransport::Http(..)
            | OpenTransport::Discard
            | OpenTransport::Unavailable(_)
            | OpenTransport::Misconfigured(_) => resources.room.share(),
        };
        let settings = DeliverySettings::read(&channel.settings);
        let (mask, receiver) =
            (channel.settings.mask(), receiver(channel.kind, &channel.settings, &resources.options.receiver_key));
        let policy = channel.policy;
        Self { mask, receiver, clock: Arc::clone(&resources.clock), channel, settings, policy, room, transport }
    }

    /// Room for a body under way, as soon as there is some.
    pub(super) async fn take_room(&self, bytes: usize) -> BodyPermit {
        self.room.take(bytes).await
    }

    /// How many attempts may be under way at once.
    pub(super) fn concurrency(&self) -> usize {
        match self.transport {
            _ if self.gathers() => 1,
            OpenTransport::Lines(_) => MAX_LINES,
            OpenTransport::Http(..)
            | OpenTransport::Discard
            | OpenTransport::Unavailable(_)
            | OpenTransport::Misconfigured(_) => self.settings.concurrency,
        }
    }

    /// Whether what it delivers may come back through a push URL.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.transport, OpenTransport::Http(..))
    }

    /// How long after its receipt a delivery is tried.
    pub(super) fn retry_for(&self) -> Duration {
        self.settings.retry_for
    }

    /// How long an attempt may take.
    pub(super) fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// Why the receiver's address may not be reached, as far as that is known now; with the option that allows it.
    pub(super) async fn blocked_reason(&self) -> Option<String> {
        let OpenTransport::Http(http, client) = &self.transport else { return None };
        // The address is that of every request. The bodies of kinds that complete theirs are objects or lists.
        let at = self.clock.now();
        let request = |body| http.request(&RequestContext { body, idempotency_key: "", at, replay: false, hops: 1 });
        let request = request(b"{}").or_else(|_| request(b"[]")).ok()?;
        let blocked = client.check_address(&request).await.err()?;
        Some(self.mask.line(&blocked.to_string(), LONGEST_REASON))
    }

    /// Tries once to deliver a body.
    pub(super) async fn attempt(&self, attempt: RequestContext<'_>) -> AttemptReport {
        let mut report = self.send(attempt).await;
        if let DeliveryVerdict::Retry { reason, .. } | DeliveryVerdict::Refused { reason } = &mut report.verdict {
            *reason = self.mask.line(reason, LONGEST_REASON);
        }
        report
    }

    async fn send(&self, attempt: RequestContext<'_>) -> AttemptReport {
        match &self.transport {
            OpenTransport::Http(http, client) => self.send_http(http.as_ref(), client, attempt).await,
            OpenTransport::Lines(sink) => match sink.write(attempt.body.to_vec()).await {
                Ok(()) => AttemptReport::without_answer(DeliveryVerdict::Delivered, HealthSignal::Healthy, None),
                Err(reason) => AttemptReport::without_answer(
                    DeliveryVerdict::Retry { reason, after: None },
                    HealthSignal::Failing,
                    None,
                ),
            },
            OpenTransport::Discard => {
                AttemptReport::without_answer(DeliveryVerdict::Delivered, HealthSignal::Healthy, None)
            }
            OpenTransport::Unavailable(reason) => {
                let verdict = DeliveryVerdict::Retry { reason: reason.clone(), after: None };
                AttemptReport::without_answer(verdict, HealthSignal::Failing, None)
            }
            OpenTransport::Misconfigured(error) => {
                let verdict = DeliveryVerdict::Refused { reason: error.to_string() };
                AttemptReport::without_answer(verdict, HealthSignal::Unknown, None)
            }
        }
    }

    async fn send_http(
        &self,
        http: &dyn HttpChannel,
        client: &ChannelClient,
        attempt: RequestContext<'_>,
    ) -> AttemptReport {
        let request = match http.request(&attempt) {
            Ok(request) => request,
            Err(unsendable) => {
                let verdict = DeliveryVerdict::Refused { reason: unsendable.to_string() };
                return AttemptReport::without_answer(verdict, HealthSignal::Unknown, None);
            }
        };
        let response = match client.send(&request, self.settings.timeout).await {
            Ok(response) => response,
            Err(RequestFailure::Transient(reason)) => {
                let verdict = DeliveryVerdict::Retry { reason, after: None };
                return AttemptReport::without_answer(verdict, HealthSignal::Failing, Some(request));
            }
            // Another address, or a start with another option, may let it through. It says nothing about the receiver.
            Err(RequestFailure::Blocked(reason)) => {
                let verdict = DeliveryVerdict::Retry { reason, after: None };
                let report = AttemptReport::without_answer(verdict, HealthSignal::Unknown, Some(request));
                return AttemptReport { access: AddressAccess::Blocked, ..report };
            }
            Err(RequestFailure::Permanent(reason)) => {
                return AttemptReport::without_answer(
                    DeliveryVerdict::Refused { reason },
                    HealthSignal::Unknown,
                    Some(request),
                );
            }
        };
        let header = |name: &str| {
            let value = response.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let (status, body, at) = (response.status, &response.body, self.clock.now());
        let answer = HttpResponse { status, header: &header, body, at };
        let verdict = http.verdict(&answer);
        let health = health_signal(&verdict, status);
        let access = AddressAccess::Allowed;
        AttemptReport {
            verdict,
            health,
            status: Some(status),
            request: Some(request),
            response: Some(response),
            access,
        }
    }
}

fn health_signal(verdict: &DeliveryVerdict, status: u16) -> HealthSignal {
    match verdict {
        DeliveryVerdict::Delivered | DeliveryVerdict::Refused { .. } => HealthSignal::Healthy,
        // It answers, but wants fewer requests. That is not a failure, and does not show that all is well.
        DeliveryVerdict::Retry { .. } if status == 429 => HealthSignal::Unknown,
        DeliveryVerdict::Retry { after: Some(_), .. } if status < 500 => HealthSignal::Unknown,
        DeliveryVerdict::Retry { .. } => HealthSignal::Failing,
    }
}
