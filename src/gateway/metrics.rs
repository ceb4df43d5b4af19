//! What is counted, in the text format that Prometheus reads. Labels are bounded: integrations, channels and route paths
//! of rule sets, and words of this program. No label holds anything that a sender wrote.
//!
//! The page `grammar/metrics.md` is made from what is registered here, and a test compares.

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
    /// From the files as read to a rule set that could be served, or to its refusal, in seconds.
    pub reload_seconds: Histogram,
    /// The rule set in force.
    pub reload_hash: Family<HashLabels, Gauge>,
    /// Versions that something still uses besides the one in force.
    pub reload_alive: Gauge,
    /// For how many seconds the oldest version that something still uses has not been in force any more.
    pub reload_oldest: Gauge,
    /// How changes are noticed.
    pub watcher_mode: Family<ModeLabels, Gauge>,
    /// Errors of the watcher.
    pub watcher_errors: Counter,
    /// How often the watcher lost events.
    pub watcher_rescans: Counter,
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
            reload_seconds: seconds(),
            reload_hash: Family::default(),
            reload_alive: Gauge::default(),
            reload_oldest: Gauge::default(),
            watcher_mode: Family::default(),
            watcher_errors: Counter::default(),
            watcher_rescans: Counter::default(),
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
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        self.register_pushes(&mut registry);
        self.register_deliveries(&mut registry);
        self.register_rules(&mut registry);
        let build: Family<BuildLabels, Gauge> = Family::default();
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION").to_owned() }).set(1);
        registry.register("build_info", "1; the version is the label", build);
    }

    fn register_pushes(&self, to: &mut Registry) {
        to.register("pushes", "Pushes answered, by integration and HTTP status", self.pushes.clone());
        to.register("outcomes", "Elements of payloads, by what became of them", self.outcomes.clone());
        to.register("routes", "Events, by the path of each route that decided", self.routes.clone());
        let help = "From the last byte of a push to its answer, in seconds";
        to.register("push_seconds", help, self.push_seconds.clone());
        let help = "Mapping and routing of one push, in seconds";
        to.register("evaluate_seconds", help, self.evaluate_seconds.clone());
        to.register("connections", "Connections of senders that are open", self.connections.clone());
        let help = "Connections of senders that were refused, over a limit";
        to.register("connections_refused", help, self.connections_refused.clone());
    }

    fn register_deliveries(&self, to: &mut Registry) {
        let help = "Attempts to deliver, by channel and by what came of them: delivered, retry, dead";
        to.register("attempts", help, self.attempts.clone());
        let help = "From the receipt of a push to its delivery, in seconds";
        to.register("delivery_seconds", help, self.delivery_seconds.clone());
        to.register("deliveries_pending", "Deliveries that wait, retries included", self.pending.clone());
        to.register("breaker_open", "1 while a channel's breaker is open", self.breaker_open.clone());
        let help = "Pushes and settlements in one commit of the journal";
        to.register("journal_commit_size", help, self.commit_size.clone());
        let help = "One commit of the journal with its fsync, in seconds";
        to.register("journal_commit_seconds", help, self.commit_seconds.clone());
        let help = "Records of the journal that could not be read and were set aside";
        to.register("journal_damaged", help, self.damaged.clone());
        let help = "Pushes that the journal did not take, and failures of its disk";
        to.register("journal_faults", help, self.journal_faults.clone());
        to.register("journal_bytes", "Bytes of the journal's files", self.journal_bytes.clone());
    }

    fn register_rules(&self, to: &mut Registry) {
        let help = "1 where the last load of the rules succeeded; 0 from a failure until a load succeeds";
        to.register("config_last_reload_successful", help, self.reload_successful.clone());
        let help = "When files were last read for a load, in seconds since 1970";
        to.register("config_last_reload_attempt_timestamp", help, self.reload_attempt.clone());
        let help = "When a load last succeeded, whether it changed anything or not, in seconds since 1970; 0 for never";
        to.register("config_last_success_timestamp", help, self.reload_success.clone());
        let help = "When the rules in force came into force, in seconds since 1970";
        to.register("config_last_change_timestamp", help, self.reload_change.clone());
        let help = "The generation in force, from 1 at every start";
        to.register("config_generation", help, self.reload_generation.clone());
        let help = "1; the hash of the rules in force is the label";
        to.register("config_info", help, self.reload_hash.clone());
        let help = "Loads that failed, by stage: read, check, channels, tests";
        to.register("reload_failures", help, self.reload_failures.clone());
        let help = "Checking, compiling and resolving the rules once they are read, in seconds";
        to.register("reload_duration_seconds", help, self.reload_seconds.clone());
        let help = "Versions of the rules that something still uses besides the one in force";
        to.register("config_old_generations_alive", help, self.reload_alive.clone());
        let help = "For how long the oldest of those has not been in force any more, in seconds; 0 where there is none";
        to.register("config_oldest_generation_seconds", help, self.reload_oldest.clone());
        to.register(
            "watcher_mode",
            "1 for how changes are noticed: inotify or poll",
            self.watcher_mode.clone(),
        );
        to.register("watcher_errors", "Errors of the file watcher", self.watcher_errors.clone());
        let help = "How often the file watcher lost events and everything was read again";
        to.register("watcher_rescans", help, self.watcher_rescans.clone());
    }

    /// Takes over what is known of the loads so far.
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

    /// Everything, in the text format of `OpenMetrics` 1.0.
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
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' '))
        {
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
    drop(metrics.outcomes.get_or_create(&OutcomeLabels { integration: any(), outcome: any() }));
    drop(metrics.routes.get_or_create(&RouteLabels { route: any() }));
    drop(metrics.attempts.get_or_create(&AttemptLabels { channel: any(), result: any() }));
    drop(metrics.delivery_seconds.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.pending.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.breaker_open.get_or_create(&ChannelLabels { channel: any() }));
    drop(metrics.reload_failures.get_or_create(&StageLabels { stage: any() }));
    drop(metrics.reload_hash.get_or_create(&HashLabels { sha256: any() }));
    drop(metrics.watcher_mode.get_or_create(&ModeLabels { mode: any() }));
    metrics
}

/// The names of a metric's labels, read off its first sample.
fn labels(text: &str, name: &str) -> String {
    let sample = text.lines().find(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| ["{", "_total{", "_sum{"].iter().any(|head| rest.starts_with(head)))
    });
    let inside =
        sample.and_then(|line| line.split_once('{')?.1.split_once('}')).map_or("", |(inside, _)| inside);
    let names: Vec<String> =
        inside.split(',').filter_map(|pair| Some(format!("`{}`", pair.split_once('=')?.0))).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Metrics, PushLabels, reference};
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
            failure: None,
            watching: WatchMode::Poll("it was asked for".to_owned()),
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
    fn labels_are_escaped_and_the_text_ends_as_the_format_wants() {
        let metrics = Metrics::default();
        metrics.pushes.get_or_create(&PushLabels { integration: "a\"\n}".to_owned(), status: 202 }).inc();
        let text = metrics.render();
        assert!(
            text.contains("pointsman_pushes_total{integration=\"a\\\"\\n}\",status=\"202\"} 1"),
            "{text}"
        );
        assert!(text.ends_with("# EOF\n"));
    }

    /// A metric that is counted and not registered would be seen by nobody.
    #[test]
    fn every_metric_is_registered() {
        let own = include_str!("metrics.rs");
        let (_, fields) = own.split_once("pub struct Metrics {").expect("the struct");
        let (fields, _) = fields.split_once("\n}").expect("its end");
        let count = fields.matches("    pub ").count();
        assert_eq!(reference().lines().count() - 2, count + 1, "{}", reference());
    }
}
