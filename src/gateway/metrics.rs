//! What is counted, in the text format that Prometheus reads. Labels are bounded: integrations, channels and route paths
//! of rule sets, and words of this program.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Mutex;

/// Which integration, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PushLabels {
    /// The integration; empty where none was found.
    pub integration: String,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// Which integration, and what became of an element.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabels {
    /// The integration.
    pub integration: String,
    /// `sent`, `dropped`, `empty`, `unaccepted`, `invalid`.
    pub outcome: String,
}

/// Which route decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabels {
    /// Its path, `main.payments.page`.
    pub route: String,
}

/// Which channel, and what came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AttemptLabels {
    /// The channel.
    pub channel: String,
    /// `delivered`, `retry`, `dead`.
    pub result: String,
}

/// Which channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ChannelLabels {
    /// The channel.
    pub channel: String,
}

/// Where a load failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StageLabels {
    /// `read`, `check`, `channels`, `tests`.
    pub stage: String,
}

/// All metrics of a gateway.
pub struct Metrics {
    registry: Mutex<Registry>,
    /// Pushes answered.
    pub pushes: Family<PushLabels, Counter>,
    /// Elements of payloads, by what became of them.
    pub outcomes: Family<OutcomeLabels, Counter>,
    /// Events, by the routes that decided.
    pub routes: Family<RouteLabels, Counter>,
    /// From the last byte of a push to its answer, in seconds.
    pub push_seconds: Histogram,
    /// Evaluation alone, in seconds.
    pub evaluate_seconds: Histogram,
    /// Pushes in one commit.
    pub commit_size: Histogram,
    /// One commit with its fsync, in seconds.
    pub commit_seconds: Histogram,
    /// Attempts to deliver.
    pub attempts: Family<AttemptLabels, Counter>,
    /// From the receipt of a push to its delivery, in seconds.
    pub delivery_seconds: Family<ChannelLabels, Histogram>,
    /// Deliveries that wait.
    pub pending: Family<ChannelLabels, Gauge>,
    /// 1 while a channel's breaker is open.
    pub breaker_open: Family<ChannelLabels, Gauge>,
    /// Connections there are.
    pub connections: Gauge,
    /// Connections that were refused, over a limit.
    pub connections_refused: Counter,
    /// Whether the last load succeeded.
    pub reload_successful: Gauge,
    /// The generation in force.
    pub reload_generation: Gauge,
    /// When files were last read for a load, in seconds since 1970.
    pub reload_attempt: Gauge,
    /// When a load last succeeded.
    pub reload_success: Gauge,
    /// When the rules last changed.
    pub reload_change: Gauge,
    /// Loads that failed.
    pub reload_failures: Family<StageLabels, Counter>,
    /// Versions that something still uses.
    pub reload_alive: Gauge,
    /// Errors of the watcher.
    pub watcher_errors: Gauge,
    /// How often the watcher lost events.
    pub watcher_rescans: Gauge,
    /// Records of the journal that could not be read and were set aside.
    pub damaged: Counter,
    /// Faults of the journal.
    pub journal_faults: Counter,
    /// Bytes of the journal's files.
    pub journal_bytes: Gauge,
}

/// Bounds of the histograms of times, in seconds.
const SECONDS: [f64; 14] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("pointsman")),
            pushes: Family::default(),
            outcomes: Family::default(),
            routes: Family::default(),
            push_seconds: seconds(),
            evaluate_seconds: seconds(),
            commit_size: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0]),
            commit_seconds: seconds(),
            attempts: Family::default(),
            delivery_seconds: Family::new_with_constructor(seconds),
            pending: Family::default(),
            breaker_open: Family::default(),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            reload_successful: Gauge::default(),
            reload_generation: Gauge::default(),
            reload_attempt: Gauge::default(),
            reload_success: Gauge::default(),
            reload_change: Gauge::default(),
            reload_failures: Family::default(),
            reload_alive: Gauge::default(),
            watcher_errors: Gauge::default(),
            watcher_rescans: Gauge::default(),
            damaged: Counter::default(),
            journal_faults: Counter::default(),
            journal_bytes: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&self) {
        drop(self.registry.lock());
    }
}
