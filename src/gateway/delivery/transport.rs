//! The transport of a channel: its kind and settings with its connections, file or stream. It makes one attempt, from the
//! stored body to a verdict. No text of it holds a secret.

use super::OutboundConfig;
use super::backoff;
use super::circuit_breaker::HealthSignal;
use super::client::{ChannelClient, ClientFactory, RequestFailure, TruncatedResponse};
use super::line_sink::LineSink;
use super::secret_masker::SecretMasker;
use crate::channel::{DeliveryVerdict, HttpAdapter, HttpRequest, HttpResponse, RequestContext, Transport};
use crate::gateway::served_rules::ServedChannel;
use crate::time::Timestamp;
use std::sync::OnceLock;
use std::time::Duration;

/// How long an attempt may take, where the rules do not say.
const TIMEOUT: Duration = Duration::from_secs(10);
/// MiB at which a file is renamed, where the rules do not say.
const ROTATE_AT: u64 = 1_024;

/// What all transports share.
pub(super) struct TransportResources {
    options: OutboundConfig,
    clients: Result<ClientFactory, String>,
    stdout: OnceLock<Result<LineSink, String>>,
}

impl TransportResources {
    /// Reads the files that the options name.
    pub(super) fn new(options: OutboundConfig) -> Self {
        let clients = ClientFactory::new(&options);
        Self { options, clients, stdout: OnceLock::new() }
    }

    /// What is wrong with the options.
    pub(super) fn config_error(&self) -> Option<&str> {
        self.clients.as_ref().err().map(String::as_str)
    }
}

/// What carries a delivery.
enum OpenTransport {
    Http(&'static HttpAdapter, ChannelClient),
    Lines(LineSink),
    Discard,
    /// It cannot be opened, for this reason.
    Unavailable(String),
}

/// A channel that is ready to deliver.
pub(super) struct ChannelTransport {
    pub(super) channel: ServedChannel,
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
}

impl AttemptReport {
    fn without_answer(verdict: DeliveryVerdict, health: HealthSignal, request: Option<HttpRequest>) -> Self {
        Self { verdict, health, status: None, request, response: None }
    }

    /// How long the whole channel has to wait, as the destination asks for fewer requests.
    pub(super) fn throttled(&self) -> Option<Duration> {
        match (&self.verdict, self.status) {
            (DeliveryVerdict::Retry { after: Some(after), .. }, Some(..500)) => {
                Some((*after).min(backoff::LONGEST_ASKED))
            }
            (
                DeliveryVerdict::Retry { .. } | DeliveryVerdict::Delivered | DeliveryVerdict::Refused { .. },
                _,
            ) => None,
        }
    }
}

impl ChannelTransport {
    /// Opens a channel; sends nothing.
    pub(super) fn new(channel: ServedChannel, resources: &TransportResources) -> Self {
        let ready = match channel.kind.transport {
            Transport::Http(http) => resources
                .clients
                .as_ref()
                .map_err(Clone::clone)
                .and_then(ClientFactory::client)
                .map(|client| OpenTransport::Http(http, client)),
            Transport::File => {
                let path = channel.settings.text("path").unwrap_or_default().to_owned();
                let rotate_at = channel.settings.number("rotate_at").unwrap_or(ROTATE_AT) << 20;
                LineSink::file(resources.options.directory.clone(), path, rotate_at).map(OpenTransport::Lines)
            }
            Transport::Stdout => {
                resources.stdout.get_or_init(LineSink::stdout).clone().map(OpenTransport::Lines)
            }
            Transport::Discard => Ok(OpenTransport::Discard),
        };
        let transport = ready.unwrap_or_else(OpenTransport::Unavailable);
        Self { channel, transport }
    }

    /// How many attempts may be under way at once.
    pub(super) fn concurrency(&self) -> usize {
        // Lines that wait together share a sync.
        let default = match self.transport {
            OpenTransport::Lines(_) => 256,
            OpenTransport::Http(..) | OpenTransport::Discard | OpenTransport::Unavailable(_) => 8,
        };
        let asked = self.channel.settings.number("concurrency").and_then(|asked| usize::try_from(asked).ok());
        asked.unwrap_or(default).max(1)
    }

    /// How long after its receipt a delivery is tried.
    pub(super) fn retry_for(&self) -> Duration {
        self.channel.settings.duration("retry_for").unwrap_or(backoff::RETRY_FOR)
    }

    /// How long an attempt may take.
    pub(super) fn timeout(&self) -> Duration {
        self.channel.settings.duration("timeout").filter(|timeout| !timeout.is_zero()).unwrap_or(TIMEOUT)
    }

    /// Tries once to deliver a body.
    pub(super) async fn attempt(
        &self,
        attempt: RequestContext<'_>,
        now: impl Fn() -> Option<Timestamp>,
    ) -> AttemptReport {
        let mut report = self.send(attempt, now).await;
        if let DeliveryVerdict::Retry { reason, .. } | DeliveryVerdict::Refused { reason } =
            &mut report.verdict
        {
            *reason = SecretMasker::of(&self.channel.settings).reason(reason);
        }
        report
    }

    async fn send(&self, attempt: RequestContext<'_>, now: impl Fn() -> Option<Timestamp>) -> AttemptReport {
        match &self.transport {
            OpenTransport::Http(http, client) => self.send_http(http, client, attempt, now).await,
            OpenTransport::Lines(sink) => match sink.write(attempt.body.to_vec()).await {
                Ok(()) => {
                    AttemptReport::without_answer(DeliveryVerdict::Delivered, HealthSignal::Healthy, None)
                }
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
        }
    }

    async fn send_http(
        &self,
        http: &HttpAdapter,
        client: &ChannelClient,
        attempt: RequestContext<'_>,
        now: impl Fn() -> Option<Timestamp>,
    ) -> AttemptReport {
        let settings = &self.channel.settings;
        let request = match (http.request)(settings, &attempt) {
            Ok(request) => request,
            Err(unsendable) => {
                let verdict = DeliveryVerdict::Refused { reason: unsendable.to_string() };
                return AttemptReport::without_answer(verdict, HealthSignal::Unknown, None);
            }
        };
        let response = match client.send(&request, self.timeout()).await {
            Ok(response) => response,
            Err(RequestFailure::Transient(reason)) => {
                let verdict = DeliveryVerdict::Retry { reason, after: None };
                return AttemptReport::without_answer(verdict, HealthSignal::Failing, Some(request));
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
        let at = now().unwrap_or(attempt.at);
        let answer = HttpResponse { status: response.status, header: &header, body: &response.body, at };
        let verdict = refuse_redirect((http.judge)(settings, &answer), response.status);
        let status = Some(response.status);
        let health = health_signal(&verdict, response.status);
        AttemptReport { verdict, health, status, request: Some(request), response: Some(response) }
    }
}

/// A redirect is a failure for every kind, unless the rules call its status a success.
fn refuse_redirect(verdict: DeliveryVerdict, status: u16) -> DeliveryVerdict {
    match verdict {
        DeliveryVerdict::Retry { .. } | DeliveryVerdict::Refused { .. } if (300..400).contains(&status) => {
            DeliveryVerdict::Refused {
                reason: format!(
                    "it answered with a redirect (status {status}), which is never followed; name the final address"
                ),
            }
        }
        DeliveryVerdict::Delivered | DeliveryVerdict::Retry { .. } | DeliveryVerdict::Refused { .. } => {
            verdict
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
