//! What is known of labels: who sets and reads them, and which values they have.

use super::name::{NameId, NameKind, WordMeaning};
use super::view::EditorView;
use crate::evaluate::{self, EvaluationContext};
use crate::event::OutcomeKind;
use crate::json::{self, Arena};
use crate::model::mention::ModelMentions;
use crate::model::{Comparator, Expression, ExpressionKind, Literal};
use crate::ruleset::{EntryPoint, RuleSet, SampleFile};
use crate::source::Span;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many values of one label are kept.
const MAX_VALUES: usize = 200;

impl EditorView<'_> {
    /// The labels with the number of places that set or read them, the most used first.
    #[must_use]
    pub fn labels(&self) -> Vec<(&str, NameId, usize)> {
        let labels = self.names.of_kind(NameKind::Label);
        let count = |id| self.names.uses_of(WordMeaning::Declared(id)).count();
        let mut counted: Vec<(&str, NameId, usize)> =
            labels.map(|(id, label)| (&*label.name, id, count(id))).filter(|(name, _, _)| !name.is_empty()).collect();
        counted.sort_by(|one, two| two.2.cmp(&one.2).then(one.0.cmp(two.0)));
        counted
    }

    /// The values of a label that rules, tests and samples show, each with how often rules and tests show it; the most
    /// frequent first.
    #[must_use]
    pub fn label_values(&self, label: &str) -> Vec<(String, usize)> {
        let mut values: BTreeMap<String, usize> = BTreeMap::new();
        if let Some(rules) = self.sound {
            for value in tested_values(rules, label) {
                *values.entry(value).or_default() += 1;
            }
        }
        for value in self.given_values(label) {
            *values.entry(value).or_default() += 1;
        }
        for value in self.samples.get(label).into_iter().flatten() {
            values.entry(value.to_string()).or_default();
        }
        let mut values: Vec<(String, usize)> = values.into_iter().collect();
        values.sort_by(|one, two| two.1.cmp(&one.1).then(one.0.cmp(&two.0)));
        values
    }

    /// The values that events of tests give a label.
    fn given_values(&self, label: &str) -> Vec<String> {
        let Some((id, _)) = self.names.of_kind(NameKind::Label).find(|(_, each)| *each.name == *label) else {
            return Vec::new();
        };
        let value = |place: Span| {
            let text = self.text(place.file);
            let rest = text.get(place.range().end..)?.trim_start_matches('"').trim_start().strip_prefix(':')?;
            let value = rest.trim_start().strip_prefix('"')?;
            value.get(..value.find('"')?).map(str::to_owned)
        };
        self.names.uses_of(WordMeaning::Declared(id)).filter_map(|each| value(each.span)).collect()
    }
}

/// The texts that rules compare a label with.
fn tested_values(rules: &RuleSet, label: &str) -> Vec<String> {
    let mentions = ModelMentions::of(&rules.model);
    let tests = mentions.tests.iter().map(|(_, test)| test);
    let of_label = tests.filter(|test| is_label(test.subject, label));
    of_label.flat_map(|test| texts(test.test)).collect()
}

fn is_label(subject: &Expression, label: &str) -> bool {
    matches!(&subject.kind, ExpressionKind::Label(name) if **name == *label)
}

fn texts(test: &Comparator) -> Vec<String> {
    let plain = |value: &Expression| {
        if let Some(Literal::Text(text)) = value.literal() { Some(text.to_string()) } else { None }
    };
    if let Comparator::Equal(value) = test {
        plain(value).into_iter().collect()
    } else if let Comparator::In(values) = test {
        values.iter().filter_map(plain).collect()
    } else {
        Vec::new()
    }
}

impl RuleSet {
    /// The values of labels in the events that mappings make of samples.
    #[must_use]
    pub fn sample_labels(&self, files: &[SampleFile], now: Timestamp) -> BTreeMap<Box<str>, BTreeSet<Box<str>>> {
        let mut found: BTreeMap<Box<str>, BTreeSet<Box<str>>> = BTreeMap::new();
        let context = EvaluationContext::at(now);
        for file in files {
            let arena = Arena::new();
            for document in json::documents(&file.bytes, &arena).filter_map(|located| located.document.ok()) {
                for mapping in &self.model.mappings {
                    let Ok(plan) = self.pipeline(EntryPoint::Mapping(&mapping.name, None)) else { continue };
                    let observer = &mut evaluate::SilentObserver;
                    for outcome in evaluate::evaluate(&self.program, plan, &document, &context, observer) {
                        let OutcomeKind::Event(event) = &outcome.kind else { continue };
                        for (name, value) in event.labels.iter() {
                            let values = found.entry(name.into()).or_default();
                            if values.len() < MAX_VALUES {
                                values.insert(value.into());
                            }
                        }
                    }
                }
            }
        }
        found
    }
}
