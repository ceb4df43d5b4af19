//! The metrics, in the text format that Prometheus reads. The values of labels are bounded: integrations, channels and
//! route paths of rule sets, and words of this program. No label holds text of a sender.
//!
//! The page `grammar/metrics.md` is generated from what is registered here; a test compares.

use crate::reload::{LoadStage, ReloadReport, WatchMode};
use crate::time::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// The integration and the answer of a push.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PushLabels {
    /// The integration; empty where none was found.
    pub integration: String,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// Why a sender was turned away.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RejectionLabels {
    /// The integration that it named; empty where the rules have none of that name.
    pub integration: String,
    /// `unknown_key`, `bad_signature`.
    pub reason: String,
}

/// The integration and the outcome of an element.
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

/// The channel and the result of an attempt.
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

/// Which heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HeartbeatLabels {
    /// The heartbeat.
    pub heartbeat: String,
}

/// Messages of a channel, and why they were made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct MessageLabels {
    /// The channel.
    pub channel: String,
    /// `new`, `worse`, `better`, `resolved`, `repeat`, `unmuted`, `storm`.
    pub reason: String,
}

/// What operators dropped of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DropLabels {
    /// The channel.
    pub channel: String,
    /// `Critical`, `Warning`, `Info`.
    pub severity: String,
}

/// What holds alerts in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HoldLabels {
    /// The channel.
    pub channel: String,
    /// The mute; empty for silences.
    pub mute: String,
}

/// Where a load failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StageLabels {
    /// `read`, `check`, `channels`, `tests`.
    pub stage: String,
}

impl StageLabels {
    /// The labels of a stage.
    #[must_use]
    pub fn of(stage: LoadStage) -> Self {
        Self { stage: stage_name(stage).to_owned() }
    }
}

/// A stage as metrics, logs and the status call it.
#[must_use]
pub fn stage_name(stage: LoadStage) -> &'static str {
    match stage {
        LoadStage::Read => "read",
        LoadStage::Check => "check",
        LoadStage::Channels => "channels",
        LoadStage::Tests => "tests",
    }
}

/// Which rule set is in force.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HashLabels {
    /// SHA-256 of its files.
    pub sha256: String,
}

/// How changes of files are noticed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ModeLabels {
    /// `inotify` or `poll`.
    pub mode: String,
}

/// Which program this is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BuildLabels {
    /// Its version.
    pub version: String,
}

/// The statuses of answers to senders that may push to an integration.
const PUSH_STATUSES: [u16; 12] = [200, 201, 202, 204, 400, 401, 404, 408, 413, 415, 422, 503];
/// The outcomes of elements.
const OUTCOMES: [&str; 5] = ["sent", "dropped", "empty", "unaccepted", "invalid"];
/// The results of attempts.
const ATTEMPT_RESULTS: [&str; 3] = ["delivered", "retry", "dead"];
/// Why senders are turned away.
const REJECTION_REASONS: [&str; 2] = ["unknown_key", "bad_signature"];
/// Why senders to an integration that the rules no longer have are turned away; counted without its name.
pub const REMOVED_INTEGRATION: &str = "removed_integration";

/// Declares the metrics of a gateway: field, type, first value, name, meaning.
macro_rules! metrics {
    ($($field:ident: $type:ty = $value:expr, $name:literal, $meaning:literal;)*) => {
        /// All metrics of a gateway.
        pub struct Metrics {
            registry: Mutex<Registry>,
            $(#[doc = $meaning] pub $field: $type,)*
        }

        impl Default for Metrics {
            fn default() -> Self {
                let mut registry = Registry::with_prefix("pointsman");
                $(
                    let $field: $type = $value;
                    registry.register($name, $meaning, $field.clone());
                )*
                let build: Family<BuildLabels, Gauge> = Family::default();
                build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION").to_owned() }).set(1);
                registry.register("build_info", "1; the version is the label", build);
                Self { registry: Mutex::new(registry), $($field),* }
            }
        }
    };
}

metrics! {
    pushes: Family<PushLabels, Counter> = Family::default(), "pushes",
        "Pushes answered, by integration and HTTP status";
    rejections: Family<RejectionLabels, Counter> = Family::default(), "pushes_rejected",
        "Pushes of senders that showed no right key or signature, by the integration that they named and the reason";
    outcomes: Family<OutcomeLabels, Counter> = Family::default(), "outcomes",
        "Elements of payloads, by outcome";
    routes: Family<RouteLabels, Counter> = Family::default(), "routes",
        "Events, by the path of each route that decided";
    push_seconds: Histogram = seconds(), "push_seconds",
        "From the last byte of a push to its answer, in seconds";
    evaluate_seconds: Histogram = seconds(), "evaluate_seconds",
        "Mapping and routing of one push, in seconds";
    signatures: Counter = Counter::default(), "signatures_verified",
        "Signatures of pushes that were computed, right and wrong ones";
    connections: Gauge = Gauge::default(), "connections",
        "Connections of senders that are open";
    connections_refused: Counter = Counter::default(), "connections_refused",
        "Connections of senders that were refused because a limit was reached";
    attempts: Family<AttemptLabels, Counter> = Family::default(), "attempts",
        "Attempts to deliver, by channel and result: delivered, retry, dead";
    messages: Family<MessageLabels, Counter> = Family::default(), "messages",
        "Messages of channels that gather them, by channel and reason: new, worse, better, resolved, repeat, unmuted, storm";
    delivery_seconds: Family<ChannelLabels, Histogram> = Family::new_with_constructor(seconds), "delivery_seconds",
        "From the receipt of a push to its delivery, in seconds";
    pending: Family<ChannelLabels, Gauge> = Family::default(), "deliveries_pending",
        "Pending deliveries, retries included";
    waiting: Family<ChannelLabels, Gauge> = Family::default(), "news_waiting",
        "Alerts whose news waits to be told, in channels that gather messages";
    dropped: Family<DropLabels, Counter> = Family::default(), "dropped",
        "Alerts and events that operators dropped before they were delivered, by channel and severity";
    alerts_held: Family<HoldLabels, Gauge> = Family::default(), "alerts_held",
        "Alerts that fire and that a mute or silence holds, by channel and mute; the mute is empty for silences";
    silences: Gauge = Gauge::default(), "silences",
        "Silences that are active";
    heartbeats_missing: Family<HeartbeatLabels, Gauge> = Family::default(), "heartbeats_missing",
        "Senders of which nothing was heard for the timeout of their heartbeat";
    heartbeat_senders: Family<HeartbeatLabels, Gauge> = Family::default(), "heartbeat_senders",
        "Senders of a heartbeat that are known, at most 10,000";
    breaker_open: Family<ChannelLabels, Gauge> = Family::default(), "breaker_open",
        "1 while a channel's breaker is open";
    held: Family<ChannelLabels, Gauge> = Family::default(), "channel_held",
        "1 while nothing is sent to a channel because its receiver asked to wait";
    paused: Family<ChannelLabels, Gauge> = Family::default(), "channel_paused",
        "1 while an operator pauses a channel";
    blocked: Family<ChannelLabels, Gauge> = Family::default(), "channel_blocked",
        "1 while the address policy refuses a channel's receiver";
    commit_size: Histogram = Histogram::new(COMMIT_SIZES), "journal_commit_size",
        "Pushes and settlements in one commit of the journal";
    commit_seconds: Histogram = seconds(), "journal_commit_seconds",
        "One commit of the journal with its fsync, in seconds";
    damaged: Counter = Counter::default(), "journal_damaged",
        "Records of the journal that could not be read and were set aside";
    journal_faults: Counter = Counter::default(), "journal_faults",
        "Pushes that the journal did not accept, and failures of its disk";
    journal_bytes: Gauge = Gauge::default(), "journal_bytes",
        "Bytes of the journal's files";
    reload_successful: Gauge = Gauge::default(), "config_last_reload_successful",
        "1 if the last load of the rules succeeded; 0 from a failure until a load succeeds";
    reload_attempt: Gauge = Gauge::default(), "config_last_reload_attempt_timestamp",
        "When files were last read for a load, in seconds since 1970";
    reload_success: Gauge = Gauge::default(), "config_last_success_timestamp",
        "When a load last succeeded, with or without changes, in seconds since 1970; 0 for never";
    reload_change: Gauge = Gauge::default(), "config_last_change_timestamp",
        "When the rules in force were loaded, in seconds since 1970";
    reload_generation: Gauge = Gauge::default(), "config_generation",
        "The generation in force; it counts on over restarts";
    reload_hash: Family<HashLabels, Gauge> = Family::default(), "config_info",
        "1; the hash of the rules in force is the label";
    reload_failures: Family<StageLabels, Counter> = Family::default(), "reload_failures",
        "Loads that failed, by stage: read, check, channels, tests";
    reload_seconds: Histogram = seconds(), "reload_duration_seconds",
        "Checking, compiling and resolving the rules once they are read, in seconds";
    reload_alive: Gauge = Gauge::default(), "config_old_generations_alive",
        "Replaced versions of the rules that are still in use";
    reload_oldest: Gauge = Gauge::default(), "config_oldest_generation_seconds",
        "How long ago the oldest of those was replaced, in seconds; 0 if there is none";
    watcher_mode: Family<ModeLabels, Gauge> = Family::default(), "watcher_mode",
        "1 for the way in which changes are noticed: inotify or poll";
    watcher_errors: Counter = Counter::default(), "watcher_errors",
        "Errors of the file watcher";
    watcher_rescans: Counter = Counter::default(), "watcher_rescans",
        "How often the file watcher lost events and everything was read again";
}

/// Bounds of the histograms of times, in seconds.
const SECONDS: [f64; 14] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Bounds of the histogram of commits, in pushes and settlements.
const COMMIT_SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    /// Sets the metrics of reloads from a report.
    pub fn observe(&self, report: &ReloadReport) {
        let seconds = |instant: Timestamp| instant.epoch_milliseconds() / 1000;
        self.reload_successful.set(i64::from(report.failure.is_none()));
        self.reload_generation.set(i64::try_from(report.generation).unwrap_or(i64::MAX));
        self.reload_attempt.set(seconds(report.attempted));
        self.reload_success.set(report.succeeded.map_or(0, seconds));
        self.reload_change.set(seconds(report.loaded));
        self.reload_alive.set(i64::try_from(report.versions_in_use.saturating_sub(1)).unwrap_or(i64::MAX));
        let oldest = report.oldest_in_use.map_or(0, |oldest| oldest.as_secs());
        self.reload_oldest.set(i64::try_from(oldest).unwrap_or(i64::MAX));
        let hash = HashLabels { sha256: report.hash.to_string() };
        if self.reload_hash.get(&hash).is_none() {
            self.reload_hash.clear();
            self.reload_hash.get_or_create(&hash).set(1);
        }
        let events = report.watching == WatchMode::Events;
        for (mode, is_on) in [("inotify", events), ("poll", !events)] {
            self.watcher_mode.get_or_create(&ModeLabels { mode: mode.to_owned() }).set(i64::from(is_on));
        }
        self.watcher_errors.inner().store(report.watcher_errors, Ordering::Relaxed);
        self.watcher_rescans.inner().store(report.rescans, Ordering::Relaxed);
    }

    /// Begins the counters of an integration at 0. Prometheus sees no increase in a counter that begins at 1, so the
    /// first push with a wrong key would raise no alert.
    pub fn begin_integration(&self, name: &str) {
        for status in PUSH_STATUSES {
            drop(self.pushes.get_or_create(&PushLabels { integration: name.to_owned(), status }));
        }
        for reason in REJECTION_REASONS {
            let labels = RejectionLabels { integration: name.to_owned(), reason: reason.to_owned() };
            drop(self.rejections.get_or_create(&labels));
        }
    }

    /// Begins the counter of pushes to integrations that were removed at 0, for the same reason.
    pub fn begin_removed_integrations(&self) {
        let labels = RejectionLabels { integration: String::new(), reason: REMOVED_INTEGRATION.to_owned() };
        drop(self.rejections.get_or_create(&labels));
    }

    /// Begins the counters of a channel at 0, for the same reason: the first dead letter must raise an alert.
    pub fn begin_channel(&self, name: &str) {
        for result in ATTEMPT_RESULTS {
            let labels = AttemptLabels { channel: name.to_owned(), result: result.to_owned() };
            drop(self.attempts.get_or_create(&labels));
        }
    }

    /// Removes an integration that the rules no longer have.
    pub fn remove_integration(&self, name: &str) {
        for status in PUSH_STATUSES {
            self.pushes.remove(&PushLabels { integration: name.to_owned(), status });
        }
        for outcome in OUTCOMES {
            self.outcomes.remove(&OutcomeLabels { integration: name.to_owned(), outcome: outcome.to_owned() });
        }
        for reason in REJECTION_REASONS {
            self.rejections.remove(&RejectionLabels { integration: name.to_owned(), reason: reason.to_owned() });
        }
    }

    /// All metrics in the text format of `OpenMetrics` 1.0.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }
}

/// Every metric with its type, labels and meaning: the table of `grammar/metrics.md`.
#[must_use]
pub fn reference() -> String {
    let text = one_of_each().render();
    let mut table = "| metric | type | labels | meaning |\n|---|---|---|---|\n".to_owned();
    let mut help = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map_or("", |(_, help)| help.trim_end_matches('.'));
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' ')) {
            let suffix = if kind == "counter" { "_total" } else { "" };
            let labels = labels(&text, name);
            // Writing to a string does not fail.
            let _ = writeln!(table, "| `{name}{suffix}` | {kind} | {labels} | {help} |");
        }
    }
    table
}

/// Metrics in which every family has a member, as empty ones are not rendered.
fn one_of_each() -> Metrics {
    let metrics = Metrics::default();
    let any = String::new;
    drop(metrics.pushes.get_or_create(&PushLabels { integration: any(), status: 202 }));
    drop(metrics.rejections.get_or_create(&RejectionLabels { integration: any(), reason: any() }));
    drop(metrics.outcomes.get_or_create(&OutcomeLabels { integration: any(), outcome: any() }));
    drop(metrics.routes.get_or_create(&RouteLabels { route: any() }));
    drop(metrics.attempts.get_or_create(&AttemptLabels { channel: any(), result: any() }));
    drop(metrics.messages.get_or_create(&MessageLabels { channel: any(), reason: any() }));
    drop(metrics.delivery_seconds.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.pending.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.waiting.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.dropped.get_or_create(&DropLabels { channel: any(), severity: any() }));
    drop(metrics.alerts_held.get_or_create(&HoldLabels { channel: any(), mute: any() }));
    drop(metrics.heartbeat_senders.get_or_create(&HeartbeatLabels { heartbeat: any() }));
    drop(metrics.heartbeats_missing.get_or_create(&HeartbeatLabels { heartbeat: any() }));
    drop(metrics.breaker_open.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.held.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.paused.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.blocked.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.reload_failures.get_or_create(&StageLabels { stage: any() }));
    drop(metrics.reload_hash.get_or_create(&HashLabels { sha256: any() }));
    drop(metrics.watcher_mode.get_or_create(&ModeLabels { mode: any() }));
    metrics
}

/// The names of a metric's labels, as its first sample shows them.
fn labels(text: &str, name: &str) -> String {
    let sample = text.lines().find(|line| {
        line.strip_prefix(name).is_some_and(|rest| ["{", "_total{", "_sum{"].iter().any(|head| rest.starts_with(head)))
    });
    let inside = sample.and_then(|line| line.split_once('{')?.1.split_once('}')).map_or("", |(inside, _)| inside);
    let names: Vec<String> =
        inside.split(',').filter_map(|pair| Some(format!("`{}`", pair.split_once('=')?.0))).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Metrics, PushLabels};
    use crate::reload::{ReloadReport, RuleSetHash, WatchMode};
    use crate::time::Timestamp;

    fn report(generation: u64, hash: u8) -> ReloadReport {
        let at = |text| Timestamp::read(text).expect("a time");
        ReloadReport {
            generation,
            hash: RuleSetHash([hash; 32]),
            loaded: at("2026-03-07T02:00:00Z"),
            attempted: at("2026-03-07T02:00:10Z"),
            succeeded: None,
            duration: std::time::Duration::ZERO,
            last_good_error: None,
            failing_since: None,
            failure: None,
            watching: WatchMode::Poll("it was requested".to_owned()),
            watcher_errors: 3,
            rescans: 1,
            versions_in_use: 2,
            oldest_in_use: Some(std::time::Duration::from_secs(61)),
        }
    }

    #[test]
    fn a_report_replaces_the_one_before() {
        let metrics = Metrics::default();
        metrics.observe(&report(1, 0xaa));
        metrics.observe(&report(2, 0xbb));
        let text = metrics.render();
        for line in [
            "pointsman_config_last_reload_successful 1",
            "pointsman_config_generation 2",
            "pointsman_config_last_reload_attempt_timestamp 1772848810",
            "pointsman_config_last_success_timestamp 0",
            "pointsman_config_old_generations_alive 1",
            "pointsman_config_oldest_generation_seconds 61",
            "pointsman_watcher_errors_total 3",
            "pointsman_watcher_mode{mode=\"poll\"} 1",
            "pointsman_watcher_mode{mode=\"inotify\"} 0",
        ] {
            assert!(text.lines().any(|each| each == line), "{line} is missing in\n{text}");
        }
        assert!(text.contains(&"bb".repeat(32)) && !text.contains(&"aa".repeat(32)), "{text}");
    }

    #[test]
    fn labels_are_escaped_and_the_text_ends_as_the_format_asks() {
        let metrics = Metrics::default();
        metrics.pushes.get_or_create(&PushLabels { integration: "a\"\n}".to_owned(), status: 202 }).inc();
        let text = metrics.render();
        assert!(text.contains("pointsman_pushes_total{integration=\"a\\\"\\n}\",status=\"202\"} 1"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
