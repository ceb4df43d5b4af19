//! What the listener looks up for each push, prepared once for each version of the rules: keys, signatures, limits, and the
//! counters of integrations and routes.

use super::body::MAX_KEYLESS_BODY;
use super::integration_keys::{IntegrationKeys, KeyPepper};
use super::signature::SignatureVerifier;
use super::token_bucket::TokenBucket;
use crate::channel::integration;
use crate::diagnostic::nearest;
use crate::gateway::hold_asker::asked_rules;
use crate::gateway::journal::{AskedRules, ChannelPolicies};
use crate::gateway::metrics::{Metrics, OutcomeLabels, PushLabels, RouteLabels};
use crate::gateway::served_rules::{ServedIntegration, ServedRules};
use crate::program::{Integration, RequestReads, RoutingBlock, RoutingLineBody};
use crate::reload::RuleSetVersion;
use prometheus_client::metrics::counter::Counter;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// How many names of earlier rules are kept.
const MAX_FORMER_NAMES: usize = 1_000;
/// The longest text that is compared with names.
const MAX_NAME: usize = 64;

/// A version of the rules, with what each push needs of it.
pub(super) struct PreparedVersion {
    /// The version.
    pub(super) version: Arc<RuleSetVersion<ServedRules>>,
    /// Whether the journal has archived its files.
    pub(super) is_archived: AtomicBool,
    /// How its channels gather messages.
    pub(super) policies: Arc<ChannelPolicies>,
    /// The version, as events say by which they were asked.
    pub(super) asked: AskedRules,
    keys: Option<IntegrationKeys>,
    integrations: Vec<Arc<PreparedIntegration>>,
    by_name: HashMap<Box<str>, usize>,
    routes: HashMap<Arc<str>, OnceLock<Counter>>,
    /// Names of integrations that earlier rules had, some of them.
    former_names: BTreeSet<Box<str>>,
    /// Its keys are random.
    name_hasher: RandomState,
}

/// One integration.
pub(super) struct PreparedIntegration {
    /// Its name.
    pub(super) name: Box<str>,
    /// The verifier of its signatures, if the rules ask for them.
    pub(super) verifier: Option<SignatureVerifier>,
    /// What its mappings read of a request besides the body.
    pub(super) reads: RequestReads,
    /// The largest body, unpacked, in bytes.
    pub(super) max_body: usize,
    /// For how many milliseconds a body is deduplicated; none: never.
    pub(super) deduplicate_for: Option<i64>,
    /// Its rate, if the rules limit it.
    pub(super) bucket: Option<Arc<TokenBucket>>,
    /// Accepted pushes.
    pub(super) accepted: Counter,
    /// Elements that were sent.
    pub(super) sent: Counter,
    /// Elements that were dropped.
    pub(super) dropped: Counter,
    /// Payloads without elements.
    pub(super) empty: Counter,
    /// Payloads that are not JSON.
    pub(super) invalid: Counter,
    /// Payloads that no mapping accepts.
    pub(super) unaccepted: Counter,
}

impl PreparedVersion {
    /// Prepares a version. An integration whose rate did not change keeps its bucket. `past` are names that the journal has,
    /// for the first version.
    #[must_use]
    pub(super) fn new(
        version: Arc<RuleSetVersion<ServedRules>>,
        pepper: Option<KeyPepper>,
        metrics: &Metrics,
        before: Option<&Self>,
        past: &BTreeSet<Box<str>>,
    ) -> Self {
        let integrations = &version.value.integrations;
        let program = &version.value.rules.program;
        let compiled = |name: &str| program.integrations.get(*program.names.integrations.get(name)?);
        let prepare = |one: &ServedIntegration| PreparedIntegration::new(one, compiled(&one.name), metrics, before);
        let integrations: Vec<_> = integrations.iter().map(|one| Arc::new(prepare(one))).collect();
        let by_name = integrations
            .iter()
            .enumerate()
            .map(|(position, integration)| (integration.name.clone(), position))
            .collect();
        let keys = pepper.map(|pepper| IntegrationKeys::new(&version.value, pepper));
        let mut routes = HashMap::new();
        for routing in &version.value.rules.program.routings {
            collect_route_paths(&routing.block, &mut routes);
        }
        if let Some(before) = before {
            before.remove_old_metrics(&by_name, &routes, metrics);
        }
        let mut former_names = before.map_or(past, |before| &before.former_names).clone();
        former_names.extend(before.into_iter().flat_map(|before| before.by_name.keys().cloned()));
        while former_names.len() > MAX_FORMER_NAMES {
            former_names.pop_last();
        }
        let name_hasher = before.map_or_else(RandomState::new, |before| before.name_hasher.clone());
        Self {
            is_archived: AtomicBool::new(false),
            policies: Arc::new(version.value.policies()),
            asked: asked_rules(&version),
            keys,
            integrations,
            by_name,
            routes,
            former_names,
            name_hasher,
            version,
        }
    }

    /// Removes the metrics of what a newer version no longer has. A push that this version still decides may count once more.
    fn remove_old_metrics(
        &self,
        integrations: &HashMap<Box<str>, usize>,
        routes: &HashMap<Arc<str>, OnceLock<Counter>>,
        metrics: &Metrics,
    ) {
        for route in self.routes.keys().filter(|route| !routes.contains_key(*route)) {
            metrics.routes.remove(&RouteLabels { route: route.to_string() });
        }
        for gone in self.integrations.iter().filter(|integration| !integrations.contains_key(&integration.name)) {
            metrics.remove_integration(&gone.name);
        }
    }

    /// The integration of that name.
    #[must_use]
    pub(super) fn integration_by_name(&self, name: &str) -> Option<&Arc<PreparedIntegration>> {
        self.integrations.get(*self.by_name.get(name)?)
    }

    /// The integration that a key opens.
    #[must_use]
    pub(super) fn integration_by_key(&self, key: &[u8]) -> Option<&Arc<PreparedIntegration>> {
        self.integrations.get(self.keys.as_ref()?.find(key)?)
    }

    /// Whether earlier rules had an integration of that name.
    #[must_use]
    pub(super) fn is_former_name(&self, written: &str) -> bool {
        self.former_names.contains(written)
    }

    /// Whether the rules have or had an integration of that name, or have one whose name is nearly the same.
    #[must_use]
    pub(super) fn is_like_a_name(&self, written: &str) -> bool {
        let short = written.get(..MAX_NAME.min(written.len())).unwrap_or_default();
        let near = nearest(short, self.integrations.iter().map(|integration| &*integration.name));
        (near.is_some() && written.len() <= MAX_NAME)
            || self.is_former_name(written)
            || self.by_name.contains_key(written)
    }

    /// The largest body that is read of a sender without a key, whatever integration it names; none where no integration
    /// takes a signature in the place of a key.
    #[must_use]
    pub(super) fn max_keyless_body(&self) -> Option<usize> {
        self.signed().map(|integration| integration.max_body).max().map(|largest| largest.min(MAX_KEYLESS_BODY))
    }

    /// A verifier for a name without one: that of another integration, always the same one. So the work on a push tells
    /// nobody which names exist.
    #[must_use]
    pub(super) fn decoy_verifier(&self, name: &str) -> Option<&SignatureVerifier> {
        let index = self.name_hasher.hash_one(name) % u64::try_from(self.signed().count().max(1)).unwrap_or(1);
        self.signed().nth(usize::try_from(index).unwrap_or(0))?.verifier.as_ref()
    }

    /// The integrations that take a signature.
    fn signed(&self) -> impl Iterator<Item = &Arc<PreparedIntegration>> {
        self.integrations.iter().filter(|integration| integration.verifier.is_some())
    }

    /// Counts the events that a route decided.
    pub(super) fn count_route(&self, path: &str, count: u64, metrics: &Metrics) {
        if let Some(counter) = self.routes.get(path) {
            let create = || metrics.routes.get_or_create_owned(&RouteLabels { route: path.to_owned() });
            counter.get_or_init(create).inc_by(count);
        }
    }
}

impl PreparedIntegration {
    fn new(
        integration: &ServedIntegration,
        compiled: Option<&Integration>,
        metrics: &Metrics,
        before: Option<&PreparedVersion>,
    ) -> Self {
        let settings = &integration.settings;
        let max_body = usize::try_from(integration::MAX_BODY.read(settings)).unwrap_or(usize::MAX >> 10) << 10;
        let deduplicate_for = integration::DEDUPLICATE_FOR.read(settings);
        let outcome = |outcome: &str| {
            let integration = integration.name.clone();
            metrics.outcomes.get_or_create_owned(&OutcomeLabels { integration, outcome: outcome.to_owned() })
        };
        let answer = compiled.and_then(|compiled| compiled.answer.as_ref());
        let status = answer.map_or(202, |answer| answer.status);
        let accepted = PushLabels { integration: integration.name.clone(), status };
        Self {
            name: integration.name.as_str().into(),
            verifier: SignatureVerifier::new(settings),
            reads: compiled.map(|compiled| compiled.reads.clone()).unwrap_or_default(),
            max_body,
            deduplicate_for: i64::try_from(deduplicate_for.as_millis()).ok().filter(|window| *window > 0),
            bucket: integration::RATE.read(settings).map(|rate| bucket(&integration.name, rate, before)),
            accepted: metrics.pushes.get_or_create_owned(&accepted),
            sent: outcome("sent"),
            dropped: outcome("dropped"),
            empty: outcome("empty"),
            invalid: outcome("invalid"),
            unaccepted: outcome("unaccepted"),
        }
    }
}

fn bucket(name: &str, rate: u64, before: Option<&PreparedVersion>) -> Arc<TokenBucket> {
    let same = before.and_then(|before| before.integration_by_name(name)?.bucket.clone());
    same.filter(|bucket| bucket.per_minute() == rate).unwrap_or_else(|| Arc::new(TokenBucket::new(rate)))
}

fn collect_route_paths(block: &RoutingBlock, found: &mut HashMap<Arc<str>, OnceLock<Counter>>) {
    for line in &block.lines {
        found.entry(line.path.clone()).or_default();
        match &line.body {
            RoutingLineBody::Block(block) => collect_route_paths(block, found),
            RoutingLineBody::Match(..) | RoutingLineBody::Target(_) => {}
        }
    }
}
