//! One delivery under way: fetch its body, try once, decide what follows, and note it durably before anybody else may
//! touch its key.

use super::Pace;
use super::backoff::Failed;
use super::breaker::Sign;
use super::clock::{self, milliseconds};
use super::ledger::Ledger;
use super::queue::{End, Head};
use super::way::{Came, Way};
use crate::channel::{Attempt, Verdict};
use crate::gateway::journal::{EventId, Fault, Settled, Settlement};
use crate::gateway::metrics::{AttemptLabels, ChannelLabels, Metrics};
use std::sync::Arc;
use std::time::Duration;

/// The longest pause between two tries to note something.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a worker remembers of a delivery besides its place.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    pub(super) event: EventId,
    /// The channel's kind when it was rendered.
    pub(super) kind: String,
    /// Attempts so far.
    pub(super) attempts: u32,
    pub(super) replay: bool,
    /// Whether it waits because the destination asked for it.
    pub(super) asked: bool,
}

/// What a job came to.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) key: String,
    pub(super) end: End<Rest>,
    pub(super) sign: Sign,
    pub(super) probe: bool,
    /// How long the whole channel has to wait.
    pub(super) throttled: Option<Duration>,
    /// Why an attempt failed.
    pub(super) reason: Option<String>,
}

/// What is to be done with a delivery.
pub(super) enum Task {
    /// Tried.
    Try(Arc<Way>),
    /// Given up, for this reason.
    Bury(String),
}

/// A delivery under way.
pub(super) struct Job<L> {
    pub(super) ledger: L,
    pub(super) metrics: Arc<Metrics>,
    pub(super) pace: Pace,
    pub(super) clock: clock::Clock,
    pub(super) channel: String,
    pub(super) head: Head<Rest>,
    pub(super) task: Task,
    pub(super) probe: bool,
}

impl<L: Ledger> Job<L> {
    /// Does it.
    pub(super) async fn run(self) -> Over {
        match &self.task {
            Task::Bury(reason) => {
                let result = Settled::Dead { reason: reason.clone() };
                self.note(result, None, 0, None).await
            }
            Task::Try(way) if way.channel.kind.name != self.head.rest.kind => {
                let (was, is) = (&self.head.rest.kind, way.channel.kind.name);
                let reason = format!("its kind changed from `{was}` to `{is}`");
                self.note(Settled::Dead { reason }, None, 0, None).await
            }
            Task::Try(way) => self.attempt(way).await,
        }
    }

    async fn attempt(&self, way: &Way) -> Over {
        let (ledger, id) = (self.ledger.clone(), self.head.id);
        let body = match tokio::task::spawn_blocking(move || ledger.body(id)).await {
            Ok(Ok(Some(body))) => body,
            Ok(Ok(None)) => {
                let reason = "its stored body is gone or damaged".to_owned();
                return self.note(Settled::Dead { reason }, None, 0, None).await;
            }
            Ok(Err(_)) | Err(_) => return self.later(),
        };
        let Some(at) = clock::time(clock::wall()) else { return self.later() };
        let idempotency_key = format!("{}-{}", self.head.rest.event, self.channel);
        let attempt =
            Attempt { body: &body, idempotency_key: &idempotency_key, at, replay: self.head.rest.replay };
        let begun = self.clock.now();
        let came = way.attempt(attempt, || clock::time(clock::wall())).await;
        let took = u32::try_from(self.clock.now().saturating_sub(begun)).unwrap_or(u32::MAX);
        let (result, due) = self.follows(&came, way.retry_for());
        self.note(result, due, took, Some(came)).await
    }

    /// What follows a verdict, and after which pause.
    fn follows(&self, came: &Came, retry_for: Duration) -> (Settled, Option<Duration>) {
        match &came.verdict {
            Verdict::Delivered => (Settled::Delivered, None),
            Verdict::Refused { reason } => (Settled::Dead { reason: reason.clone() }, None),
            Verdict::Retry { reason, after } => {
                let now = clock::wall();
                let attempts = self.head.rest.attempts.saturating_add(1);
                let age = self.clock.age(self.head.since);
                let failed = Failed { attempts, age, asked: *after, chance: clock::chance() };
                match self.pace.backoff.next(failed, retry_for) {
                    Some(pause) => {
                        let due = now.saturating_add_unsigned(milliseconds(pause));
                        (Settled::Retry { due, reason: reason.clone() }, Some(pause))
                    }
                    None => (Settled::Dead { reason: gave_up(retry_for, reason) }, None),
                }
            }
        }
    }

    /// Notes a result, however often it takes: until then nothing of the key moves.
    async fn note(&self, result: Settled, pause: Option<Duration>, took: u32, came: Option<Came>) -> Over {
        let status = came.as_ref().and_then(|came| came.status);
        let at = clock::wall();
        let settlement = Settlement { delivery: self.head.id, at, took, status, result: result.clone() };
        let mut wait = self.pace.backoff.base.min(LONGEST_PAUSE);
        while let Err(fault) = self.ledger.settle(settlement.clone()).await {
            if fault == Fault::Closed {
                // The process is about to end; the delivery is still pending, and comes again after the next start.
                return self.later();
            }
            tracing::warn!(channel = self.channel, %fault, "a delivery could not be settled; it is tried again");
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_PAUSE);
        }
        self.count(&result, at);
        if let Settled::Dead { reason } = &result {
            tracing::warn!(channel = self.channel, event = %self.head.rest.event, reason, "a delivery was given up");
        }
        let reason = came.as_ref().and_then(|came| match &came.verdict {
            Verdict::Delivered => None,
            Verdict::Retry { reason, .. } | Verdict::Refused { reason } => Some(reason.clone()),
        });
        let asked = matches!(&came, Some(Came { verdict: Verdict::Retry { after: Some(_), .. }, .. }));
        let end = pause.map_or(End::Settled, |pause| {
            let mut head = self.head.clone();
            head.due = self.clock.now().saturating_add(milliseconds(pause));
            head.rest.attempts = head.rest.attempts.saturating_add(1);
            head.rest.asked = asked;
            End::Again(head)
        });
        Over {
            key: self.head.key.clone(),
            end,
            sign: came.as_ref().map_or(Sign::None, |came| came.sign),
            probe: self.probe,
            throttled: came.as_ref().and_then(Came::throttled),
            reason,
        }
    }

    fn count(&self, result: &Settled, at: i64) {
        let word = match result {
            Settled::Delivered => "delivered",
            Settled::Retry { .. } => "retry",
            Settled::Dead { .. } => "dead",
        };
        let channel = || self.channel.clone();
        self.metrics
            .attempts
            .get_or_create(&AttemptLabels { channel: channel(), result: word.to_owned() })
            .inc();
        if *result == Settled::Delivered {
            let took = u64::try_from(at.saturating_sub(self.head.since)).unwrap_or_default();
            let seconds = Duration::from_millis(took).as_secs_f64();
            self.metrics
                .delivery_seconds
                .get_or_create(&ChannelLabels { channel: channel() })
                .observe(seconds);
        }
    }

    /// Nothing was tried or nothing could be noted: the same again in a while.
    fn later(&self) -> Over {
        put_off(&self.head, self.probe, self.clock.now())
    }
}

/// The end of a job that never came to one.
pub(super) fn put_off(head: &Head<Rest>, probe: bool, now: u64) -> Over {
    let mut head = head.clone();
    head.due = now.saturating_add(1_000);
    let key = head.key.clone();
    Over { key, end: End::Again(head), sign: Sign::None, probe, throttled: None, reason: None }
}

/// The reason of a dead letter whose time is over.
pub(super) fn gave_up(retry_for: Duration, last: &str) -> String {
    let seconds = retry_for.as_secs();
    let time = match (seconds % 3_600, seconds % 60) {
        _ if seconds == 0 => return format!("gave up after a single attempt: {last}"),
        (0, _) => format!("{}h", seconds / 3_600),
        (_, 0) => format!("{}m", seconds / 60),
        (_, _) => format!("{seconds}s"),
    };
    format!("gave up after {time}: {last}")
}
