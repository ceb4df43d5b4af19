//! Tests for what no test reaches: a table of cases for each routing, and a payload for each arm of a mapping.
//!
//! Events come from the proofs. Payloads are those of the tests, with one value changed until the arm is chosen. What a suggested
//! test expects is what the rules give today, so a person has to say whether that is right. Every suggestion was evaluated, and
//! reaches what it is for.

mod candidate;
mod payload;
mod routing;

use super::coverage::{CoverageHits, UncoveredItem};
use super::location::{RuleLocation, source_excerpt};
use super::mutation::MutationReport;
use super::{TestFiles, TestOptions, TestSelection, run_with_hits};
use crate::diagnostic::visible_text;
use crate::format::formatted;
use crate::ruleset::{EvaluationTrace, RuleSet};
use crate::source::Span;
use std::collections::BTreeSet;

/// The line above suggested tests.
const HEAD: &str = "\
# Suggested by `pointsman test --suggest`. The results are those of today: keep a test once you know that its result is right.
";

/// Tests that reach what no test reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestSuggestions {
    /// The tests, to be put into a rule file; empty where there are none.
    pub text: String,
    /// How many lines and arms they reach.
    pub reached: usize,
    /// The lines and arms that no test was found for.
    pub left: Vec<UncoveredItem>,
    /// The mappings with such arms, and without a test whose payload could be changed.
    pub without_payload: Vec<Box<str>>,
}

impl TestSuggestions {
    /// Adds the tests that notice changes which no test noticed, each once; says how many these are.
    pub fn add_survivors(&mut self, report: &MutationReport) -> usize {
        let body = |test: &str| test.split_once('\n').map(|(_, body)| body.to_owned());
        let mut known = BTreeSet::new();
        let tests = report.survivors.iter().filter_map(|survivor| survivor.test.as_deref());
        let tests: Vec<&str> = tests.filter(|test| known.insert(body(test))).collect();
        if self.text.is_empty() && !tests.is_empty() {
            HEAD.clone_into(&mut self.text);
        }
        for test in &tests {
            self.text.push('\n');
            self.text.push_str(test);
        }
        tests.len()
    }
}

/// Suggests tests for the arms and routes that the tests of a rule set do not hit.
pub fn suggest(rules: &RuleSet, files: &mut dyn TestFiles) -> TestSuggestions {
    let options = TestOptions { selection: TestSelection::Tests, ..TestOptions::default() };
    let (_, hits) = run_with_hits(rules, &options, files);
    let mut missed = MissedParts::of(rules, &hits);
    let before = missed.count();
    let mut tests = payload::tests(rules, &mut missed, files);
    tests.extend(routing::tables(rules, &mut missed));
    let text = if tests.is_empty() { String::new() } else { formatted(format!("{HEAD}\n{}", tests.join("\n"))) };
    let without_payload = payload::mappings_without(rules, &missed.arms, files);
    TestSuggestions { text, reached: before - missed.count(), left: missed.items(rules), without_payload }
}

/// A test for a line of a routing, whatever tests it has; none where no event is known that reaches the line.
#[must_use]
pub fn suggest_for_line(rules: &RuleSet, path: &str) -> Option<String> {
    let mut missed = MissedParts { arms: BTreeSet::new(), lines: BTreeSet::from([path.into()]) };
    let tables = routing::tables(rules, &mut missed);
    (!tables.is_empty()).then(|| formatted(format!("{HEAD}\n{}", tables.join("\n"))))
}

/// What no test reached yet.
struct MissedParts {
    /// The arms of mappings, tables and routings.
    arms: BTreeSet<Span>,
    /// The paths of lines.
    lines: BTreeSet<Box<str>>,
}

impl MissedParts {
    fn of(rules: &RuleSet, hits: &CoverageHits) -> Self {
        let (arms, lines) = hits.missed(&rules.model);
        Self { arms, lines }
    }

    /// Takes out what an evaluation reached; says whether there was anything.
    fn reach(&mut self, trace: &EvaluationTrace) -> bool {
        let before = self.count();
        self.arms.retain(|arm| !trace.arms.contains(arm));
        self.lines.retain(|line| !trace.lines.contains(line));
        self.count() < before
    }

    /// What is left, by place.
    fn items(&self, rules: &RuleSet) -> Vec<UncoveredItem> {
        let lines = rules.model.routing_lines().filter(|line| self.lines.contains(&*line.path)).map(|line| line.head);
        let mut places: Vec<Span> = self.arms.iter().copied().chain(lines).collect();
        places.sort_unstable();
        let sources = &rules.sources;
        let item = |place| UncoveredItem {
            location: RuleLocation::of(sources, place),
            text: visible_text(&source_excerpt(sources, place)),
        };
        places.into_iter().map(item).collect()
    }

    fn count(&self) -> usize {
        self.arms.len() + self.lines.len()
    }
}
