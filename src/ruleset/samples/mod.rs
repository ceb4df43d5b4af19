//! What samples of payloads say about rules: paths, values and labels that they never have, and values that fall to `else`.
//!
//! Checks know what rules say, and samples know what senders say. A finding here compares the two, so it is no better than the
//! samples: what they do not show may still come. Mappings read the samples that they accept; one without `accept` reads those
//! that no other mapping accepts.

mod followed_path;
mod label;
mod level;
mod path;
mod seen;
mod value;

use super::{LoadedRules, RuleSet};
use crate::check;
use crate::diagnostic::{Diagnostic, MAX_FINDINGS};
use crate::evaluate::{self, EvaluationContext, EvaluationPlan, SilentObserver};
use crate::event::OutcomeKind;
use crate::json::{self, Arena, Document, JsonError};
use crate::model::mention::ModelMentions;
use crate::source::Span;
use crate::text::plural;
use crate::time::Timestamp;
use seen::Seen;

/// A file of payloads: one JSON document, or several one after the other.
#[derive(Debug, Clone)]
pub struct SampleFile {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// What was read, besides the findings.
#[derive(Debug, Default)]
pub struct SampleReport {
    /// The documents that a mapping accepts.
    pub accepted: usize,
    /// The alerts in them.
    pub elements: usize,
    /// Files with text that is not JSON: the name, and where and why.
    pub unread: Vec<(String, JsonError)>,
    /// The files with a document that no mapping accepts, each once, with the reason of the last mapping.
    pub unaccepted: Vec<(String, String)>,
    /// The mappings that accept none of them.
    pub unsampled: Vec<Box<str>>,
}

impl LoadedRules {
    /// Adds what samples say about a set. A set with errors is not compared.
    pub fn check_samples(&mut self, files: &[SampleFile], now: Timestamp) -> Option<SampleReport> {
        let rules = self.rules.as_ref()?;
        let (mut found, report) = rules.check_samples(files, now);
        found.retain(|finding| !self.diagnostics.iter().any(|other| other.span == finding.span));
        for finding in &mut found {
            finding.align(&self.sources);
        }
        self.left_out.warnings += found.len().saturating_sub(MAX_FINDINGS);
        self.diagnostics.extend(found.into_iter().take(MAX_FINDINGS));
        self.diagnostics.sort_by_key(|each| (each.span.file, each.span.start, each.span.end, each.code.id));
        Some(report)
    }
}

impl RuleSet {
    /// What samples say about the rules, as far as no `allow` silences it.
    #[must_use]
    pub fn check_samples(&self, files: &[SampleFile], now: Timestamp) -> (Vec<Diagnostic>, SampleReport) {
        let mentions = self.mentions_beyond_accept();
        let mut seen = Seen::new(self, &mentions);
        let mut report = SampleReport::default();
        for file in files {
            self.read_samples(file, now, &mut seen, &mut report);
        }
        let unsampled = self.model.mappings.iter().zip(&seen.mappings).filter(|(_, samples)| samples.payloads == 0);
        report.unsampled = unsampled.map(|(mapping, _)| mapping.name.clone()).collect();
        report.elements = seen.mappings.iter().map(|samples| samples.elements).sum();
        let mut found = path::findings(&self.model.mappings, &seen);
        found.extend(value::findings(&mentions, &seen));
        found.extend(level::findings(&seen));
        found.extend(label::findings(self, &mentions, &seen));
        check::silence_samples(&self.model.later_allows, &mut found);
        (found, report)
    }

    /// What rules mention, but for the conditions of `accept`: these hold for all samples that a mapping reads.
    fn mentions_beyond_accept(&self) -> ModelMentions<'_> {
        let conditions = self.model.mappings.iter().flat_map(|mapping| &mapping.accept);
        let conditions: Vec<Span> = conditions.map(|accept| accept.when.span).collect();
        let is_beyond = |place: Span| !conditions.iter().any(|condition| condition.covers(place));
        let mut mentions = ModelMentions::of(&self.model);
        mentions.tests.retain(|(_, test)| is_beyond(test.span));
        mentions.paths.retain(|(_, read)| is_beyond(read.span));
        mentions
    }

    fn read_samples(&self, file: &SampleFile, now: Timestamp, seen: &mut Seen<'_>, report: &mut SampleReport) {
        let arena = Arena::new();
        for located in json::documents(&file.bytes, &arena) {
            let document = match located.document {
                Ok(document) => document,
                Err(error) => {
                    report.unread.push((file.name.clone(), error));
                    continue;
                }
            };
            let readers = self.readers(&document, now);
            report.accepted += usize::from(!readers.is_empty());
            if readers.is_empty() && report.unaccepted.last().is_none_or(|(name, _)| *name != file.name) {
                report.unaccepted.push((file.name.clone(), self.refusal(&document, now)));
            }
            for mapping in readers {
                seen.read(self, mapping, &document, (&file.name, now));
            }
        }
    }

    /// The mappings that read a document.
    fn readers(&self, document: &Document<'_>, now: Timestamp) -> Vec<usize> {
        let context = EvaluationContext::at(now);
        let accepts = |id: &usize| evaluate::element_values(&self.program, *id, &[], document, &context).is_some();
        let (with, without): (Vec<usize>, Vec<usize>) = (0..self.model.mappings.len())
            .partition(|id| self.model.mappings.get(*id).is_some_and(|mapping| !mapping.accept.is_empty()));
        let accepting: Vec<usize> = with.into_iter().filter(accepts).collect();
        if accepting.is_empty() { without } else { accepting }
    }

    /// Why no mapping accepts a document.
    fn refusal(&self, document: &Document<'_>, now: Timestamp) -> String {
        let mappings: Vec<usize> = (0..self.model.mappings.len()).collect();
        let plan = EvaluationPlan { integration: None, mappings: &mappings, destination: None };
        let context = EvaluationContext::at(now);
        let outcomes = evaluate::evaluate(&self.program, plan, document, &context, &mut SilentObserver);
        match outcomes.first().map(|outcome| &outcome.kind) {
            Some(OutcomeKind::Unaccepted(refusals)) if refusals.len() == 1 => {
                refusals.iter().map(|refusal| refusal.reason.to_owned()).collect()
            }
            _ if mappings.is_empty() => "the rules have no mapping".to_owned(),
            _ => format!("none of {} accepts it", plural(mappings.len(), "mapping")),
        }
    }
}
