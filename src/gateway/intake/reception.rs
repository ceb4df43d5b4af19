//! What the listener looks up for each push, made ready once for each version of the rules: keys, signatures, limits, and
//! the counters of integrations and routes.

use super::keys::{Keys, Pepper};
use super::rate::Bucket;
use super::signature::Verifier;
use crate::gateway::metrics::{Metrics, OutcomeLabels, PushLabels, RouteLabels};
use crate::gateway::served::{Integration, Served};
use crate::program::{Block, LineBody};
use crate::reload::Version;
use prometheus_client::metrics::counter::Counter;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// The largest body where the rules do not say: 1 MiB.
pub(super) const MAX_BODY: usize = 1 << 20;

/// A version of the rules, with what pushes ask of it.
pub(super) struct Reception {
    /// The version.
    pub(super) version: Arc<Version<Served>>,
    /// Whether the journal keeps its files already.
    pub(super) kept: AtomicBool,
    keys: Option<Keys>,
    desks: Vec<Arc<Desk>>,
    by_name: HashMap<Box<str>, usize>,
    routes: HashMap<Arc<str>, OnceLock<Counter>>,
}

/// What is kept of one integration.
pub(super) struct Desk {
    /// Its name.
    pub(super) name: Box<str>,
    /// What verifies its signatures.
    pub(super) verifier: Option<Verifier>,
    /// The largest body, unpacked, in bytes.
    pub(super) max_body: usize,
    /// For how many milliseconds a repeated body is a repetition; none: never.
    pub(super) deduplicate_for: Option<i64>,
    /// Its rate, where the rules limit it.
    pub(super) bucket: Option<Arc<Bucket>>,
    /// Pushes that were accepted, by the usual status.
    pub(super) accepted: Counter,
    /// Elements that were sent.
    pub(super) sent: Counter,
    /// Elements that were dropped.
    pub(super) dropped: Counter,
    /// Payloads without elements.
    pub(super) empty: Counter,
    /// Payloads that are no JSON.
    pub(super) invalid: Counter,
    /// Payloads that no mapping accepts.
    pub(super) unaccepted: Counter,
}

impl Reception {
    /// Makes a version ready. The buckets of integrations whose rate did not change go on as they are.
    #[must_use]
    pub(super) fn new(
        version: Arc<Version<Served>>,
        pepper: Option<Pepper>,
        metrics: &Metrics,
        before: Option<&Self>,
    ) -> Self {
        let integrations = &version.value.integrations;
        let desks: Vec<_> =
            integrations.iter().map(|one| Arc::new(Desk::new(one, metrics, before))).collect();
        let by_name = desks.iter().enumerate().map(|(at, desk)| (desk.name.clone(), at)).collect();
        let keys = pepper.map(|pepper| Keys::new(&version.value, pepper));
        let mut routes = HashMap::new();
        for routing in &version.value.rules.program.routings {
            paths(&routing.block, &mut routes);
        }
        Self { kept: AtomicBool::new(false), keys, desks, by_name, routes, version }
    }

    /// The integration of that name.
    #[must_use]
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Desk>> {
        self.desks.get(*self.by_name.get(name)?)
    }

    /// The integration that a key opens.
    #[must_use]
    pub(super) fn opened_by(&self, key: &[u8]) -> Option<&Arc<Desk>> {
        self.desks.get(self.keys.as_ref()?.find(key)?)
    }

    /// Counts a route that decided so often.
    pub(super) fn count_route(&self, path: &str, count: u64, metrics: &Metrics) {
        if let Some(cell) = self.routes.get(path) {
            let make = || metrics.routes.get_or_create_owned(&RouteLabels { route: path.to_owned() });
            cell.get_or_init(make).inc_by(count);
        }
    }
}

impl Desk {
    fn new(integration: &Integration, metrics: &Metrics, before: Option<&Reception>) -> Self {
        let settings = &integration.settings;
        let max_body = settings.number("max_body").and_then(|kib| usize::try_from(kib).ok());
        let deduplicate_for = settings.duration("deduplicate_for").filter(|window| !window.is_zero());
        let outcome = |outcome: &str| {
            let integration = integration.name.clone();
            metrics.outcomes.get_or_create_owned(&OutcomeLabels { integration, outcome: outcome.to_owned() })
        };
        let accepted = PushLabels { integration: integration.name.clone(), status: 202 };
        Self {
            name: integration.name.as_str().into(),
            verifier: Verifier::new(settings),
            max_body: max_body.map_or(MAX_BODY, |kib| kib << 10),
            deduplicate_for: deduplicate_for.and_then(|window| i64::try_from(window.as_millis()).ok()),
            bucket: settings.number("rate").map(|rate| bucket(&integration.name, rate, before)),
            accepted: metrics.pushes.get_or_create_owned(&accepted),
            sent: outcome("sent"),
            dropped: outcome("dropped"),
            empty: outcome("empty"),
            invalid: outcome("invalid"),
            unaccepted: outcome("unaccepted"),
        }
    }
}

fn bucket(name: &str, rate: u64, before: Option<&Reception>) -> Arc<Bucket> {
    let same = before.and_then(|before| before.named(name)?.bucket.clone());
    same.filter(|bucket| bucket.per_minute() == rate).unwrap_or_else(|| Arc::new(Bucket::new(rate)))
}

fn paths(block: &Block, found: &mut HashMap<Arc<str>, OnceLock<Counter>>) {
    for line in &block.lines {
        found.entry(line.path.clone()).or_default();
        match &line.body {
            LineBody::Block(block) => paths(block, found),
            LineBody::Match(..) | LineBody::Target(_) => {}
        }
    }
}
