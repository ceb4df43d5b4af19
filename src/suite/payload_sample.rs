//! The payloads of the tests of a rule set, by the mapping that reads them.

use crate::evaluate::{EvaluationContext, Observer, RequestMetadata, SilentObserver};
use crate::event::{Outcome, OutcomeKind};
use crate::json;
use crate::prove::PayloadWitness;
use crate::ruleset::{EntryPoint, RuleSet};
use crate::suite::case_run::CaseRunner;
use crate::suite::cases;
use crate::suite::plan::TestPlan;
use crate::suite::test_files::TestFiles;
use crate::suite::test_value::{HoleBindings, TestValue};
use crate::syntax::tree::TestSubject;
use crate::time::Timestamp;
use serde_json::Value;

/// The most payloads of one mapping.
const MAX_SAMPLES: usize = 400;

/// A payload, and what the request said besides.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PayloadSample {
    pub(super) mapping: Box<str>,
    pub(super) payload: Value,
    pub(super) now: Timestamp,
    pub(super) request: RequestMetadata,
    /// The statements of a test that say the same about the request and the time.
    pub(super) statements: Vec<String>,
}

/// What a mapping makes of a payload, as far as tests can expect it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MappedOutcome {
    Event(TestValue),
    Dropped(String),
    Empty,
    Unaccepted,
    Invalid,
}

impl PayloadSample {
    /// A payload that a proof found.
    pub(super) fn of_witness(mapping: &str, witness: &PayloadWitness) -> Self {
        let mut request = RequestMetadata::default();
        let mut statements = Vec::new();
        let text = |text: &str| TestValue::Text(text.into());
        for (name, value) in &witness.headers {
            request.set_header(name, value.clone());
            statements.push(format!("header {}: {}", text(name), text(value)));
        }
        if let Some(suffix) = &witness.path_suffix {
            request.set_path_suffix(suffix.clone());
            statements.push(format!("path_suffix {}", text(suffix)));
        }
        statements.extend(witness.at.map(|at| format!("at {at}")));
        let (payload, now) = (witness.payload.clone(), witness.time());
        Self { mapping: mapping.into(), payload, now, request, statements }
    }

    /// What the mapping makes of it.
    pub(super) fn outcomes(&self, rules: &RuleSet) -> Vec<MappedOutcome> {
        self.observed_outcomes(rules, &mut SilentObserver)
    }

    /// The same, watched.
    pub(super) fn observed_outcomes<O: Observer>(&self, rules: &RuleSet, observer: &mut O) -> Vec<MappedOutcome> {
        let bytes = self.payload.to_string();
        let arena = json::Arena::new();
        let Ok(document) = json::parse(bytes.as_bytes(), &arena) else { return vec![MappedOutcome::Invalid] };
        let context = EvaluationContext { now: self.now, open: &|_| Vec::new(), request: &self.request };
        let entry = EntryPoint::Mapping(&self.mapping, None);
        let outcomes = rules.evaluate(entry, &document, &context, observer).unwrap_or_default();
        outcomes.iter().map(mapped).collect()
    }
}

fn mapped(outcome: &Outcome<'_>) -> MappedOutcome {
    match &outcome.kind {
        OutcomeKind::Event(event) | OutcomeKind::Routed(event, _) => {
            MappedOutcome::Event(in_order(TestValue::from(*event)))
        }
        OutcomeKind::Dropped(reason) => MappedOutcome::Dropped(reason.reason.to_owned()),
        OutcomeKind::Empty => MappedOutcome::Empty,
        OutcomeKind::Unaccepted(_) => MappedOutcome::Unaccepted,
        OutcomeKind::Invalid { .. } => MappedOutcome::Invalid,
    }
}

/// The event with its labels by name: their order says nothing.
fn in_order(mut event: TestValue) -> TestValue {
    if let TestValue::Object(members) = &mut event {
        let labels = members.iter_mut().filter(|(name, _)| &**name == "labels");
        labels.for_each(|(_, labels)| {
            if let TestValue::Object(labels) = labels {
                labels.sort_by(|one, two| one.0.cmp(&two.0));
            }
        });
    }
    event
}

/// The payloads of all tests, each once for a mapping.
pub(super) fn samples(rules: &RuleSet, files: &dyn TestFiles) -> Vec<PayloadSample> {
    let mut found: Vec<PayloadSample> = Vec::new();
    each_case(rules, files, &mut |runner| {
        for sample in of_case(runner, files) {
            let is_full = found.iter().filter(|known| known.mapping == sample.mapping).count() >= MAX_SAMPLES;
            if !is_full && !found.contains(&sample) {
                found.push(sample);
            }
        }
    });
    found
}

/// Visits every case of every test that is no sequence.
pub(super) fn each_case(rules: &RuleSet, files: &dyn TestFiles, visit: &mut dyn FnMut(&CaseRunner<'_>)) {
    let none = HoleBindings::new();
    for test in &rules.model.tests {
        let plan = TestPlan::new(test);
        if plan.is_sequence() {
            continue;
        }
        let rows = plan.cases.map(|table| cases::expand(&plan, table, &rules.sources, files)).unwrap_or_default();
        let rows: Vec<HoleBindings> = rows.into_iter().filter_map(Result::ok).map(|row| row.bindings).collect();
        let bindings = if plan.cases.is_some() { &*rows } else { std::slice::from_ref(&none) };
        for bindings in bindings {
            visit(&CaseRunner { rules, plan: &plan, bindings });
        }
    }
}

fn of_case(runner: &CaseRunner<'_>, files: &dyn TestFiles) -> Vec<PayloadSample> {
    let read = || {
        let bytes = runner.payload(files)?;
        Some((serde_json::from_slice::<Value>(&bytes).ok()?, runner.now().ok()?, runner.request().ok()?))
    };
    let Some((payload, now, request)) = read() else { return Vec::new() };
    let statements = statements(runner, now);
    let sample = |mapping: &str| PayloadSample {
        mapping: mapping.into(),
        payload: payload.clone(),
        now,
        request: request.clone(),
        statements: statements.clone(),
    };
    let model = &runner.rules.model;
    match runner.plan.subject {
        Some((TestSubject::Mapping, name)) => vec![sample(&name.text)],
        Some((TestSubject::Integration, name)) => {
            let integration = model.integrations.iter().find(|integration| integration.name == name.text);
            let mappings = integration.into_iter().flat_map(|integration| &integration.mappings);
            mappings.filter_map(|mapping| model.mappings.get(*mapping)).map(|mapping| sample(&mapping.name)).collect()
        }
        Some((TestSubject::Routing | TestSubject::Channel, _)) | None => Vec::new(),
    }
}

fn statements(runner: &CaseRunner<'_>, now: Timestamp) -> Vec<String> {
    let header = |(name, value): &(String, &crate::syntax::tree::TestJson)| {
        Some(format!("header {}: {}", TestValue::Text(name.as_str().into()), runner.fill(value).ok()?))
    };
    let headers = runner.plan.headers.iter().filter_map(header);
    let suffix = runner.plan.path_suffix.and_then(|suffix| runner.fill(suffix).ok());
    let suffix = suffix.map(|suffix| format!("path_suffix {suffix}"));
    let at = runner.plan.at.map(|_| format!("at {now}"));
    headers.chain(suffix).chain(at).collect()
}
