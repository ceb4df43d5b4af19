//! How a channel's deliveries get there: its kind and settings with the connections, the file or the stream behind them.
//! One attempt, from the stored body to a verdict. What it says holds no secret.

use super::Options;
use super::backoff;
use super::breaker::Sign;
use super::client::{Clients, Failure, Response, Sender};
use super::masked::Masked;
use super::writer::Writer;
use crate::channel::{Answer, Attempt, Http, Request, Transport, Verdict};
use crate::gateway::served::Channel;
use crate::time::Instant;
use std::sync::OnceLock;
use std::time::Duration;

/// How long an attempt may take, where the rules do not say.
const TIMEOUT: Duration = Duration::from_secs(10);
/// MiB at which a file is renamed, where the rules do not say.
const ROTATE_AT: u64 = 1_024;

/// What all ways share.
pub(super) struct Ground {
    options: Options,
    clients: Result<Clients, String>,
    stdout: OnceLock<Result<Writer, String>>,
}

impl Ground {
    /// Reads what the options name.
    pub(super) fn new(options: Options) -> Self {
        let clients = Clients::new(&options);
        Self { options, clients, stdout: OnceLock::new() }
    }

    /// What is wrong with the options.
    pub(super) fn fault(&self) -> Option<&str> {
        self.clients.as_ref().err().map(String::as_str)
    }
}

/// What carries a delivery.
enum Means {
    Http(&'static Http, Sender),
    Lines(Writer),
    Nothing,
    /// It cannot be made ready now; in words.
    Unready(String),
}

/// A channel that is ready to deliver.
pub(super) struct Way {
    pub(super) channel: Channel,
    means: Means,
}

/// What an attempt came to.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) verdict: Verdict,
    /// What it says of the destination.
    pub(super) sign: Sign,
    /// The HTTP status, where there was an answer.
    pub(super) status: Option<u16>,
    pub(super) request: Option<Request>,
    pub(super) response: Option<Response>,
}

impl Came {
    fn without_answer(verdict: Verdict, sign: Sign, request: Option<Request>) -> Self {
        Self { verdict, sign, status: None, request, response: None }
    }

    /// How long the whole channel has to wait, as the destination asks for fewer requests.
    pub(super) fn throttled(&self) -> Option<Duration> {
        match (&self.verdict, self.status) {
            (Verdict::Retry { after: Some(after), .. }, Some(..500)) => {
                Some((*after).min(backoff::LONGEST_ASKED))
            }
            (Verdict::Retry { .. } | Verdict::Delivered | Verdict::Refused { .. }, _) => None,
        }
    }
}

impl Way {
    /// Makes a channel ready; sends nothing.
    pub(super) fn new(channel: Channel, ground: &Ground) -> Self {
        let ready = match channel.kind.transport {
            Transport::Http(http) => ground
                .clients
                .as_ref()
                .map_err(Clone::clone)
                .and_then(Clients::client)
                .map(|sender| Means::Http(http, sender)),
            Transport::File => {
                let path = channel.settings.text("path").unwrap_or_default().to_owned();
                let rotate_at = channel.settings.number("rotate_at").unwrap_or(ROTATE_AT) << 20;
                Writer::file(ground.options.directory.clone(), path, rotate_at).map(Means::Lines)
            }
            Transport::Stdout => ground.stdout.get_or_init(Writer::stdout).clone().map(Means::Lines),
            Transport::Discard => Ok(Means::Nothing),
        };
        let means = ready.unwrap_or_else(Means::Unready);
        Self { channel, means }
    }

    /// How many attempts may be under way at once.
    pub(super) fn concurrency(&self) -> usize {
        // Lines that wait together share a sync.
        let default = match self.means {
            Means::Lines(_) => 256,
            Means::Http(..) | Means::Nothing | Means::Unready(_) => 8,
        };
        let asked = self.channel.settings.number("concurrency").and_then(|asked| usize::try_from(asked).ok());
        asked.unwrap_or(default).max(1)
    }

    /// How long after its receipt a delivery is tried.
    pub(super) fn retry_for(&self) -> Duration {
        self.channel.settings.duration("retry_for").unwrap_or(backoff::RETRY_FOR)
    }

    /// Tries once to deliver a body.
    pub(super) async fn attempt(&self, attempt: Attempt<'_>, now: impl Fn() -> Option<Instant>) -> Came {
        let mut came = self.carry(attempt, now).await;
        if let Verdict::Retry { reason, .. } | Verdict::Refused { reason } = &mut came.verdict {
            *reason = Masked::of(&self.channel.settings).reason(reason);
        }
        came
    }

    async fn carry(&self, attempt: Attempt<'_>, now: impl Fn() -> Option<Instant>) -> Came {
        match &self.means {
            Means::Http(http, sender) => self.ask(http, sender, attempt, now).await,
            Means::Lines(writer) => match writer.write(attempt.body.to_vec()).await {
                Ok(()) => Came::without_answer(Verdict::Delivered, Sign::Alive, None),
                Err(reason) => {
                    Came::without_answer(Verdict::Retry { reason, after: None }, Sign::Failing, None)
                }
            },
            Means::Nothing => Came::without_answer(Verdict::Delivered, Sign::Alive, None),
            Means::Unready(reason) => {
                let verdict = Verdict::Retry { reason: reason.clone(), after: None };
                Came::without_answer(verdict, Sign::Failing, None)
            }
        }
    }

    async fn ask(
        &self,
        http: &Http,
        sender: &Sender,
        attempt: Attempt<'_>,
        now: impl Fn() -> Option<Instant>,
    ) -> Came {
        let settings = &self.channel.settings;
        let request = match (http.request)(settings, &attempt) {
            Ok(request) => request,
            Err(unsendable) => {
                let verdict = Verdict::Refused { reason: unsendable.to_string() };
                return Came::without_answer(verdict, Sign::None, None);
            }
        };
        let timeout = settings.duration("timeout").filter(|timeout| !timeout.is_zero()).unwrap_or(TIMEOUT);
        let response = match sender.send(&request, timeout).await {
            Ok(response) => response,
            Err(Failure::Passing(reason)) => {
                let verdict = Verdict::Retry { reason, after: None };
                return Came::without_answer(verdict, Sign::Failing, Some(request));
            }
            Err(Failure::Lasting(reason)) => {
                return Came::without_answer(Verdict::Refused { reason }, Sign::None, Some(request));
            }
        };
        let header = |name: &str| {
            let value = response.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let at = now().unwrap_or(attempt.at);
        let answer = Answer { status: response.status, header: &header, body: &response.body, at };
        let verdict = without_redirect((http.judge)(settings, &answer), response.status);
        let status = Some(response.status);
        let sign = sign(&verdict, response.status);
        Came { verdict, sign, status, request: Some(request), response: Some(response) }
    }
}

/// A redirect is a failure whatever the kind thinks of it, unless the rules call that status a success.
fn without_redirect(verdict: Verdict, status: u16) -> Verdict {
    match verdict {
        Verdict::Retry { .. } | Verdict::Refused { .. } if (300..400).contains(&status) => Verdict::Refused {
            reason: format!(
                "it answered with a redirect (status {status}), which is never followed; name the final address"
            ),
        },
        Verdict::Delivered | Verdict::Retry { .. } | Verdict::Refused { .. } => verdict,
    }
}

fn sign(verdict: &Verdict, status: u16) -> Sign {
    match verdict {
        Verdict::Delivered | Verdict::Refused { .. } => Sign::Alive,
        // It lives, but wants fewer requests: that is no failure, and no sign that all is well.
        Verdict::Retry { .. } if status == 429 => Sign::None,
        Verdict::Retry { after: Some(_), .. } if status < 500 => Sign::None,
        Verdict::Retry { .. } => Sign::Failing,
    }
}
