//! Payloads for arms of mappings and tables: those of the tests, with one value changed.

use super::MissedParts;
use super::candidate;
use super::position::Position;
use crate::evaluate::EvaluationContext;
use crate::event::{Event, Outcome, OutcomeKind};
use crate::json::{self, Arena};
use crate::model::mention::{ExpressionOwner, ModelMentions};
use crate::model::{EventField, LabelEntry, Mapping};
use crate::path::SingularStep;
use crate::prove::default_time;
use crate::ruleset::{EntryPoint, EvaluationTrace, RuleSet};
use crate::source::Span;
use crate::suite::case_payloads;
use crate::suite::plan::TestPlan;
use crate::suite::test_files::TestFiles;
use crate::suite::test_value::TestValue;
use crate::syntax::tree::TestSubject;
use crate::text::{one_line, quoted, shorten};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many payloads are evaluated for one mapping.
const MAX_EVALUATIONS: usize = 50_000;

/// How many characters of an arm a name has, and how many columns a line.
const MAX_NAME: usize = 60;
const MAX_COLUMNS: usize = 100;

/// How many outcomes of a payload a test expects.
const MAX_OUTCOMES: usize = 5;

/// A test for each payload that reaches an arm which nothing reached.
pub(super) fn tests(rules: &RuleSet, missed: &mut MissedParts, files: &dyn TestFiles) -> Vec<String> {
    let mentions = ModelMentions::of(&rules.model);
    let mut tests = Vec::new();
    for (id, mapping) in rules.model.mappings.iter().enumerate() {
        let names = member_names(&mentions, id);
        let mut search = PayloadSearch { rules, mapping, names, left: MAX_EVALUATIONS };
        // A payload that reached something may reach more with another change.
        let mut payloads = payloads(rules, id, files);
        while !payloads.is_empty() && search.left > 0 {
            let values = candidate::candidates(&mentions, &missed.arms);
            let found: Vec<FoundPayload> =
                payloads.iter().flat_map(|payload| search.changes(payload, &values, missed)).collect();
            payloads = found.iter().map(|found| found.payload.clone()).collect();
            tests.extend(found.into_iter().map(|found| found.test));
        }
    }
    tests
}

/// A payload that reaches what nothing reached, and a test of it.
struct FoundPayload {
    payload: Value,
    test: String,
}

/// The payloads of the tests of a mapping, and of integrations that have it.
fn payloads(rules: &RuleSet, mapping: usize, files: &dyn TestFiles) -> Vec<Value> {
    let model = &rules.model;
    let Some(name) = model.mappings.get(mapping).map(|mapping| &*mapping.name) else { return Vec::new() };
    let is_read = |(kind, subject): (TestSubject, &str)| match kind {
        TestSubject::Mapping => subject == name,
        TestSubject::Integration => {
            let integration = model.integrations.iter().find(|integration| *integration.name == *subject);
            integration.is_some_and(|integration| integration.mappings.contains(&mapping))
        }
        TestSubject::Routing | TestSubject::Channel => false,
    };
    let mut payloads: Vec<Value> = Vec::new();
    for test in &model.tests {
        let plan = TestPlan::new(test);
        if plan.subject.is_none_or(|(kind, subject)| !is_read((kind, &subject.text))) {
            continue;
        }
        for bytes in case_payloads(rules, &plan, files) {
            let Ok(payload) = serde_json::from_slice(&bytes) else { continue };
            if !payloads.contains(&payload) {
                payloads.push(payload);
            }
        }
    }
    payloads
}

/// The last members of the paths that a mapping reads.
fn member_names<'m>(mentions: &ModelMentions<'m>, mapping: usize) -> BTreeSet<&'m str> {
    let own = mentions.paths.iter().filter(|(owner, _)| *owner == ExpressionOwner::Mapping(mapping));
    let last = own.filter_map(|(_, read)| match read.path.steps().last()? {
        SingularStep::Name(name) => Some(name.name().text()),
        SingularStep::Index(_) => None,
    });
    last.collect()
}

struct PayloadSearch<'r> {
    rules: &'r RuleSet,
    mapping: &'r Mapping,
    names: BTreeSet<&'r str>,
    /// How many payloads may still be evaluated.
    left: usize,
}

impl PayloadSearch<'_> {
    /// What one change of a payload reaches.
    fn changes(&mut self, payload: &Value, values: &[Option<Value>], missed: &mut MissedParts) -> Vec<FoundPayload> {
        let positions = Position::all(payload, &self.names);
        let mut found = Vec::new();
        for value in values {
            for position in &positions {
                if missed.arms.is_empty() || self.left == 0 {
                    return found;
                }
                self.left -= 1;
                let payload = position.with(payload, value.as_ref());
                let test = self.test(&payload, missed);
                found.extend(test.map(|test| FoundPayload { payload, test }));
            }
        }
        found
    }

    /// A test, if the payload reaches an arm that nothing reached.
    fn test(&self, payload: &Value, missed: &mut MissedParts) -> Option<String> {
        let bytes = payload.to_string();
        let arena = Arena::new();
        let document = json::parse(bytes.as_bytes(), &arena).ok()?;
        let mut trace = EvaluationTrace::with_limit(0);
        let entry = EntryPoint::Mapping(&self.mapping.name, None);
        let context = EvaluationContext::at(default_time());
        let outcomes = self.rules.evaluate(entry, &document, &context, &mut trace).ok()?;
        let reached: Vec<Span> = trace.arms.intersection(&missed.arms).copied().collect();
        let first = *reached.first()?;
        missed.reach(&trace);
        let mut text = format!("test {} {{\n  mapping {}\n", self.name(first), self.mapping.name);
        let _ = writeln!(text, "  input {}", written(payload, "  ", "input ".len()));
        for (index, outcome) in outcomes.iter().take(MAX_OUTCOMES).enumerate() {
            let number = if outcomes.len() > 1 { format!("outcome {index} ") } else { String::new() };
            let _ = writeln!(text, "  expect {number}{}", self.expected(outcome, &reached)?);
        }
        Some(text + "}\n")
    }

    /// `"suggested for arms: 'P5' => Info"`
    fn name(&self, arm: Span) -> String {
        let arm = one_line(self.rules.sources.text(arm)).replace('"', "'").replace('`', "");
        quoted(&format!("suggested for {}: {}", self.mapping.name, shorten(&arm, MAX_NAME)))
    }

    fn expected(&self, outcome: &Outcome<'_>, arms: &[Span]) -> Option<String> {
        Some(match &outcome.kind {
            OutcomeKind::Event(event) | OutcomeKind::Routed(event, _) => self.fields(event, arms).to_string(),
            OutcomeKind::Dropped(reason) => format!("dropped {}", quoted(reason.reason)),
            OutcomeKind::Empty => "empty".to_owned(),
            OutcomeKind::Unaccepted(_) => "unaccepted".to_owned(),
            OutcomeKind::Invalid { .. } => return None,
        })
    }

    /// The severity, the status and the title, and what the arms are within.
    fn fields(&self, event: &Event<'_>, arms: &[Span]) -> TestValue {
        let whole = TestValue::from(event);
        let holds_arm = |place: Span| arms.iter().any(|arm| place.covers(*arm));
        let own = self.mapping.fields.iter().filter(|(_, value)| holds_arm(value.span)).map(|(field, _)| *field);
        let mut fields: BTreeSet<EventField> =
            own.chain([EventField::Severity, EventField::Status, EventField::Title]).collect();
        fields.remove(&EventField::Labels);
        let member = |name: &str| (Box::from(name), whole.member(name).clone());
        let mut members: Vec<(Box<str>, TestValue)> = fields.iter().map(|field| member(field.name())).collect();
        let labels: Vec<(Box<str>, TestValue)> = (self.mapping.labels.iter())
            .filter_map(|entry| match entry {
                LabelEntry::Set(name, value) if holds_arm(value.span) => Some(name.clone()),
                LabelEntry::Set(..) | LabelEntry::Spread(..) => None,
            })
            .map(|name| (name.clone(), whole.member("labels").member(&name).clone()))
            .collect();
        if !labels.is_empty() {
            members.push(("labels".into(), TestValue::Object(labels)));
        }
        TestValue::Object(members)
    }
}

/// JSON as tests write it, on one line where it is short.
fn written(value: &Value, indent: &str, used: usize) -> String {
    let whole = TestValue::from(value).to_string();
    let inner = format!("{indent}  ");
    let parts: Vec<String> = match value {
        _ if indent.len() + used + whole.len() <= MAX_COLUMNS => return whole,
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let name = TestValue::Object(vec![(name.as_str().into(), TestValue::Null)]).to_string();
                let name = name.trim_start_matches("{ ").trim_end_matches("null }").to_owned();
                let value = written(value, &inner, name.len() + 1);
                format!("{inner}{name}{value}")
            };
            members.iter().map(member).collect()
        }
        Value::Array(elements) => {
            elements.iter().map(|element| format!("{inner}{}", written(element, &inner, 1))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return whole,
    };
    let [open, close] = if value.is_object() { ["{", "}"] } else { ["[", "]"] };
    format!("{open}\n{}\n{indent}{close}", parts.join(",\n"))
}
