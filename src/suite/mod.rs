//! The rule test runner: every case of every test, held against what the one evaluator says.
//!
//! [`run`] is pure but for the files that tests name, which it asks of [`TestFiles`]. A case that fails reports every
//! expectation that did not come true, each with its place, expected and actual in one notation, and the parts of the
//! condition that decided. The reports in [`report`] turn what came of it into text, JSON, `JUnit` or TAP.
//!
//! What a test leaves out is fixed: the time of evaluation is [`DEFAULT_TIME`]; an event of a routing or channel test is Warning
//! and Firing, its title [`DEFAULT_TITLE`], its key [`DEFAULT_KEY`], its source [`DEFAULT_SOURCE`].

mod case_run;
mod cases;
mod compare;
mod coverage;
mod expectation;
mod failure;
mod failure_trace;
mod fields;
#[cfg(not(target_family = "wasm"))]
pub mod files;
mod location;
mod observed_outcome;
mod plan;
pub mod report;
mod snapshot;
mod snapshot_line;
mod test_event;
mod test_files;
mod test_value;
mod text;

pub use coverage::{Coverage, CoverageShare, UncoveredItem};
pub use failure::TestFailure;
pub use location::RuleLocation;
pub use test_event::{DEFAULT_KEY, DEFAULT_SOURCE, DEFAULT_TIME, DEFAULT_TITLE};
pub use test_files::TestFiles;

use crate::ruleset::RuleSet;
use crate::source::Span;
use crate::syntax::tree::{ExpectationKind, Identifier, SentMode};
use case_run::{CaseRun, CaseRunner};
use cases::ExpandedCase;
use coverage::CoverageHits;
use expectation::{ExpectationChecker, ExpectationResult};
use plan::TestPlan;
use snapshot::SnapshotComparison;
use test_value::TestValue;

/// What to run, and how.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// Only the cases whose name holds this.
    pub filter: Option<String>,
    /// Write snapshots that differ instead of failing.
    pub update: bool,
}

/// What came of all cases.
#[derive(Debug, Clone)]
pub struct TestReport {
    /// The cases in the order of files and places.
    pub results: Vec<TestResult>,
    /// What they hit.
    pub coverage: Coverage,
    /// The snapshots that were written.
    pub written: Vec<String>,
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The test's name.
    pub test: String,
    /// The text of the row, where the test has cases.
    pub case: Option<String>,
    /// Where the test or the row is written.
    pub location: RuleLocation,
    /// Every expectation that did not come true; none: it passed.
    pub failures: Vec<TestFailure>,
}

impl TestResult {
    /// The test's name, and the row's text after a colon.
    #[must_use]
    pub fn name(&self) -> String {
        full_name(&self.test, self.case.as_deref())
    }

    /// Whether every expectation came true.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl TestReport {
    /// How many cases passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.results.iter().filter(|result| result.passed()).count()
    }

    /// How many did not.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.results.len() - self.passed()
    }
}

/// Runs the tests of a rule set.
pub fn run(rules: &RuleSet, options: &TestOptions, files: &mut dyn TestFiles) -> TestReport {
    let mut runner = SuiteRunner {
        rules,
        options,
        files,
        hits: CoverageHits::default(),
        results: Vec::new(),
        written: Vec::new(),
    };
    for test in &rules.model.tests {
        runner.test(&TestPlan::new(test));
    }
    TestReport { coverage: runner.hits.coverage(rules), results: runner.results, written: runner.written }
}

fn full_name(test: &str, case: Option<&str>) -> String {
    case.map_or_else(|| test.to_owned(), |case| format!("{test}: {case}"))
}

struct SuiteRunner<'r> {
    rules: &'r RuleSet,
    options: &'r TestOptions,
    files: &'r mut dyn TestFiles,
    hits: CoverageHits,
    results: Vec<TestResult>,
    written: Vec<String>,
}

impl SuiteRunner<'_> {
    fn test(&mut self, plan: &TestPlan) {
        let Some(cases) = plan.cases else {
            if self.is_selected(plan, None) {
                let failures = self.case(plan, None);
                self.report(plan, None, plan.test.tree.name.span, failures);
            }
            return;
        };
        for row in cases::expand(plan, cases, &self.rules.sources, self.files) {
            match row {
                Ok(row) if self.is_selected(plan, Some(&row.text)) => {
                    let failures = self.case(plan, Some((&row, &cases.subject)));
                    self.report(plan, Some(&row.text), row.span, failures);
                }
                Err(broken) if self.is_selected(plan, Some(&broken.text)) => {
                    self.report(plan, Some(&broken.text), cases.subject.span, vec![*broken.failure]);
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn is_selected(&self, plan: &TestPlan, case: Option<&str>) -> bool {
        let filter = self.options.filter.as_deref();
        filter.is_none_or(|filter| full_name(plan.name(), case).contains(filter))
    }

    fn report(&mut self, plan: &TestPlan, case: Option<&str>, span: Span, failures: Vec<TestFailure>) {
        let place = RuleLocation::of(&self.rules.sources, span);
        self.results.push(TestResult {
            test: text::visible_text(plan.name()),
            case: case.map(text::visible_text),
            location: place,
            failures,
        });
    }

    fn case(&mut self, plan: &TestPlan, row: Option<(&ExpandedCase, &Identifier)>) -> Vec<TestFailure> {
        let none = Vec::new();
        let bindings = row.map_or(&none, |(row, _)| &row.bindings);
        let bench = CaseRunner { rules: self.rules, plan, bindings };
        let attempt = match bench.run(self.files) {
            Ok(attempt) => attempt,
            Err(failure) => return vec![*failure],
        };
        self.hits.add(&attempt.trace);
        let by_row = row.map(|(row, subject)| {
            let judge = ExpectationChecker {
                case_runner: &bench,
                run: &attempt,
                span: row.expected.1,
                outcome: None,
            };
            check_row(&judge, row, subject)
        });
        let mut verdicts: Vec<ExpectationResult> = by_row.into_iter().collect();
        verdicts.extend(self.expectations(&bench, &attempt));
        verdicts.into_iter().filter_map(Result::err).map(|failure| *failure).collect()
    }

    fn expectations(&mut self, bench: &CaseRunner, attempt: &CaseRun) -> Vec<ExpectationResult> {
        let mut verdicts = Vec::new();
        for (expectation, span) in &bench.plan.expectations {
            let outcome = expectation.outcome.map(|(number, _)| number);
            let judge = ExpectationChecker { case_runner: bench, run: attempt, span: *span, outcome };
            verdicts.push(match &expectation.kind {
                ExpectationKind::Snapshot(file) => {
                    let kept = snapshot::compare(&judge, file, self.options.update, self.files);
                    if kept == Ok(SnapshotComparison::Written) {
                        self.written.push(bench.plan.test.folder.join(&*file.value).display().to_string());
                    }
                    kept.map(|_| ())
                }
                ExpectationKind::Count { .. }
                | ExpectationKind::Subset(_)
                | ExpectationKind::Exactly(_)
                | ExpectationKind::Dropped(_)
                | ExpectationKind::Empty
                | ExpectationKind::Unaccepted
                | ExpectationKind::Invalid
                | ExpectationKind::Sent(..)
                | ExpectationKind::Via(_)
                | ExpectationKind::Nothing(_)
                | ExpectationKind::Note(_)
                | ExpectationKind::SameKeyAs(_)
                | ExpectationKind::Body(_) => judge.check(expectation, self.files),
            });
        }
        verdicts
    }
}

/// What a row expects: `sent` a list of channels, `dropped` a reason or *missing*, `body` a subset, or a field's value.
fn check_row(judge: &ExpectationChecker, row: &ExpandedCase, subject: &Identifier) -> ExpectationResult {
    let expected = &row.expected.0;
    match &*subject.text {
        "sent" => judge.sent(SentMode::Exactly, &channel_names(expected)),
        "dropped" => match expected {
            TestValue::Text(reason) => judge.dropped(Some(reason)),
            TestValue::Missing | TestValue::Null => judge.not_dropped(),
            TestValue::Boolean(_)
            | TestValue::Number(_)
            | TestValue::Name(_)
            | TestValue::List(_)
            | TestValue::Object(_) => {
                let help = "write a reason, as in `=> \"heartbeat\"`, or `missing` where nothing is dropped";
                Err(Box::new(judge.failure(format!("{expected} is no reason")).help(help)))
            }
        },
        "body" => judge.body(expected),
        field => judge.field(field, expected),
    }
}

/// The channels of a row; the rows of a file write them as strings.
fn channel_names(expected: &TestValue) -> Vec<&str> {
    match expected {
        TestValue::List(items) => items.iter().flat_map(channel_names).collect(),
        TestValue::Name(word) | TestValue::Text(word) => vec![word],
        TestValue::Missing
        | TestValue::Null
        | TestValue::Boolean(_)
        | TestValue::Number(_)
        | TestValue::Object(_) => Vec::new(),
    }
}
