//! Payloads for arms of mappings and tables: those of the tests, with one value changed.

use super::MissedParts;
use super::candidate;
use crate::model::mention::ModelMentions;
use crate::model::{EventField, LabelEntry, Mapping};
use crate::ruleset::{EvaluationTrace, RuleSet};
use crate::source::Span;
use crate::suite::payload_sample::{MappedOutcome, PayloadSample, samples};
use crate::suite::sample_path::{ReadPlaces, SamplePath, paths, replace};
use crate::suite::test_files::TestFiles;
use crate::suite::test_value::TestValue;
use crate::text::{one_line, quoted, shorten};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many payloads are evaluated for one mapping.
const MAX_EVALUATIONS: usize = 50_000;

/// How many characters of an arm a name has, and how many columns a line.
const MAX_NAME: usize = 60;
/// How many outcomes of a payload a test expects.
const MAX_OUTCOMES: usize = 5;

/// A test for each payload that reaches an arm which nothing reached.
pub(super) fn tests(rules: &RuleSet, missed: &mut MissedParts, files: &dyn TestFiles) -> Vec<String> {
    let mentions = ModelMentions::of(&rules.model);
    let samples = samples(rules, files);
    let mut tests = Vec::new();
    for mapping in &rules.model.mappings {
        let places = ReadPlaces::of(&rules.model, mapping);
        let mut search = ArmSearch { rules, mapping, places, left: MAX_EVALUATIONS };
        // A payload that reached something may reach more with another change.
        let mut bases: Vec<PayloadSample> =
            samples.iter().filter(|sample| sample.mapping == mapping.name).cloned().collect();
        while !bases.is_empty() && search.left > 0 {
            let values = candidate::candidates(&mentions, &missed.arms);
            let found: Vec<FoundPayload> =
                bases.iter().flat_map(|base| search.changes(base, &values, missed)).collect();
            bases = found.iter().map(|found| found.sample.clone()).collect();
            tests.extend(found.into_iter().map(|found| found.test));
        }
    }
    tests
}

/// The mappings with one of these arms that no test has a payload of.
pub(super) fn mappings_without(rules: &RuleSet, arms: &BTreeSet<Span>, files: &dyn TestFiles) -> Vec<Box<str>> {
    let samples = samples(rules, files);
    let without = rules.model.mappings.iter().filter(|mapping| {
        let mut has_arm = false;
        mapping.each_value(&mut |value| has_arm |= arms.iter().any(|arm| value.span.covers(*arm)));
        has_arm && samples.iter().all(|sample| sample.mapping != mapping.name)
    });
    without.map(|mapping| mapping.name.clone()).collect()
}

/// A payload that reaches what nothing reached, and a test of it.
struct FoundPayload {
    sample: PayloadSample,
    test: String,
}

struct ArmSearch<'r> {
    rules: &'r RuleSet,
    mapping: &'r Mapping,
    places: ReadPlaces,
    /// How many payloads may still be evaluated.
    left: usize,
}

impl ArmSearch<'_> {
    /// What one change of a payload reaches.
    fn changes(
        &mut self,
        base: &PayloadSample,
        values: &[Option<Value>],
        missed: &mut MissedParts,
    ) -> Vec<FoundPayload> {
        let places = self.places(&base.payload);
        let mut found = Vec::new();
        for value in values {
            for place in &places {
                if missed.arms.is_empty() || self.left == 0 {
                    return found;
                }
                self.left -= 1;
                let mut sample = base.clone();
                replace(&mut sample.payload, place, value.clone());
                let test = self.test(&sample, missed);
                found.extend(test.map(|test| FoundPayload { sample, test }));
            }
        }
        found
    }

    /// The places at which a value is changed: those that the mapping reads, then all others, the innermost first.
    fn places(&self, payload: &Value) -> Vec<SamplePath> {
        let mut read = self.places.in_payload(payload);
        read.sort_by_key(|place| Reverse(place.len()));
        let mut others: Vec<SamplePath> = paths(payload).into_iter().filter(|place| !read.contains(place)).collect();
        others.sort_by_key(|place| Reverse(place.len()));
        read.into_iter().chain(others).collect()
    }

    /// A test, if the payload reaches an arm that nothing reached.
    fn test(&self, sample: &PayloadSample, missed: &mut MissedParts) -> Option<String> {
        let mut trace = EvaluationTrace::with_limit(0);
        let outcomes = sample.observed_outcomes(self.rules, &mut trace);
        let reached: Vec<Span> = trace.arms.intersection(&missed.arms).copied().collect();
        let first = *reached.first()?;
        missed.reach(&trace);
        let mut text = format!("test {} {{\n  mapping {}\n", self.name(first), self.mapping.name);
        for statement in &sample.statements {
            let _ = writeln!(text, "  {statement}");
        }
        let _ = writeln!(text, "  input {}", TestValue::from(&sample.payload));
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

    fn expected(&self, outcome: &MappedOutcome, arms: &[Span]) -> Option<String> {
        Some(match outcome {
            MappedOutcome::Event(event) => self.fields(event, arms).to_string(),
            MappedOutcome::Dropped(reason) => format!("dropped {}", quoted(reason)),
            MappedOutcome::Empty => "empty".to_owned(),
            MappedOutcome::Unaccepted => "unaccepted".to_owned(),
            MappedOutcome::Invalid => return None,
        })
    }

    /// The severity, the status and the title, and what the arms are within.
    fn fields(&self, event: &TestValue, arms: &[Span]) -> TestValue {
        let holds_arm = |place: Span| arms.iter().any(|arm| place.covers(*arm));
        let own = self.mapping.fields.iter().filter(|(_, value)| holds_arm(value.span)).map(|(field, _)| *field);
        let fields: BTreeSet<EventField> =
            own.chain([EventField::Severity, EventField::Status, EventField::Title]).collect();
        let member = |name: &str| (Box::from(name), event.member(name).clone());
        let mut members: Vec<(Box<str>, TestValue)> = fields.iter().map(|field| member(field.name())).collect();
        let labels = self.mapping.labels.iter().filter_map(|entry| match entry {
            LabelEntry::Set(name, value) if holds_arm(value.span) => {
                Some((name.clone(), event.member("labels").member(name).clone()))
            }
            LabelEntry::Set(..) | LabelEntry::Spread(..) => None,
        });
        let labels: Vec<(Box<str>, TestValue)> = labels.collect();
        if !labels.is_empty() {
            members.push(("labels".into(), TestValue::Object(labels)));
        }
        TestValue::Object(members)
    }
}
