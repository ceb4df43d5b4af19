//! The rule test runner: every case of every test, held against what the one evaluator says.
//!
//! [`run`] is pure but for the files that tests name, which it asks of [`Files`]. A case that fails reports every
//! expectation that did not come true, each with its place, expected and actual in one notation, and the parts of the
//! condition that decided. The reports in [`report`] turn what came of it into text, JSON, `JUnit` or TAP.
//!
//! What a test leaves out is fixed: the time of evaluation is [`AT`]; an event of a routing or channel test is Warning
//! and Firing, its title [`TITLE`], its key [`KEY`], its source [`SOURCE`].

mod attempt;
mod cases;
mod compare;
mod coverage;
mod failure;
mod fields;
mod files;
mod judge;
mod place;
mod plan;
pub mod report;
mod seen;
mod shown;
mod snapshot;
mod stand_in;
mod walk;
mod watch;

pub use coverage::{Coverage, Missed, Share};
pub use failure::Failure;
pub use files::{Disk, Files};
pub use place::Place;
pub use stand_in::{AT, KEY, SOURCE, TITLE};

use crate::ruleset::RuleSet;
use crate::source::Span;
use crate::syntax::tree::{ExpectationKind, Name, SentMode};
use attempt::{Attempt, Bench};
use cases::Row;
use coverage::Hits;
use judge::{Judge, Verdict};
use plan::Plan;
use shown::Shown;
use snapshot::Kept;

/// What to run, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only the cases whose name holds this.
    pub filter: Option<String>,
    /// Write snapshots that differ instead of failing.
    pub update: bool,
}

/// What came of all cases.
#[derive(Debug, Clone)]
pub struct Report {
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
    pub place: Place,
    /// Every expectation that did not come true; none: it passed.
    pub failures: Vec<Failure>,
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

impl Report {
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
pub fn run(rules: &RuleSet, options: &Options, files: &mut dyn Files) -> Report {
    let mut runner =
        Runner { rules, options, files, hits: Hits::default(), results: Vec::new(), written: Vec::new() };
    for test in &rules.model.tests {
        runner.test(&Plan::new(test));
    }
    Report { coverage: runner.hits.of(rules), results: runner.results, written: runner.written }
}

fn full_name(test: &str, case: Option<&str>) -> String {
    case.map_or_else(|| test.to_owned(), |case| format!("{test}: {case}"))
}

struct Runner<'r> {
    rules: &'r RuleSet,
    options: &'r Options,
    files: &'r mut dyn Files,
    hits: Hits,
    results: Vec<TestResult>,
    written: Vec<String>,
}

impl Runner<'_> {
    fn test(&mut self, plan: &Plan) {
        let Some(cases) = plan.cases else {
            if self.wanted(plan, None) {
                let failures = self.case(plan, None);
                self.report(plan, None, plan.test.tree.name.span, failures);
            }
            return;
        };
        for row in cases::rows(plan, cases, &self.rules.sources, self.files) {
            match row {
                Ok(row) if self.wanted(plan, Some(&row.text)) => {
                    let failures = self.case(plan, Some((&row, &cases.subject)));
                    self.report(plan, Some(&row.text), row.span, failures);
                }
                Err(broken) if self.wanted(plan, Some(&broken.text)) => {
                    self.report(plan, Some(&broken.text), cases.subject.span, vec![*broken.failure]);
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn wanted(&self, plan: &Plan, case: Option<&str>) -> bool {
        let filter = self.options.filter.as_deref();
        filter.is_none_or(|filter| full_name(plan.name(), case).contains(filter))
    }

    fn report(&mut self, plan: &Plan, case: Option<&str>, span: Span, failures: Vec<Failure>) {
        let place = Place::of(&self.rules.sources, span);
        self.results.push(TestResult {
            test: failure::shown(plan.name()),
            case: case.map(failure::shown),
            place,
            failures,
        });
    }

    fn case(&mut self, plan: &Plan, row: Option<(&Row, &Name)>) -> Vec<Failure> {
        let none = Vec::new();
        let bindings = row.map_or(&none, |(row, _)| &row.bindings);
        let bench = Bench { rules: self.rules, plan, bindings };
        let attempt = match bench.attempt(self.files) {
            Ok(attempt) => attempt,
            Err(failure) => return vec![*failure],
        };
        self.hits.add(&attempt.watch);
        let by_row = row.map(|(row, subject)| {
            let judge = Judge { bench: &bench, attempt: &attempt, span: row.expected.1, outcome: None };
            judge_row(&judge, row, subject)
        });
        let mut verdicts: Vec<Verdict> = by_row.into_iter().collect();
        verdicts.extend(self.expectations(&bench, &attempt));
        verdicts.into_iter().filter_map(Result::err).map(|failure| *failure).collect()
    }

    fn expectations(&mut self, bench: &Bench, attempt: &Attempt) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for (expectation, span) in &bench.plan.expectations {
            let outcome = expectation.outcome.map(|(number, _)| number);
            let judge = Judge { bench, attempt, span: *span, outcome };
            verdicts.push(match &expectation.kind {
                ExpectationKind::Snapshot(file) => {
                    let kept = snapshot::compare(&judge, file, self.options.update, self.files);
                    if kept == Ok(Kept::Written) {
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
                | ExpectationKind::Body(_) => judge.expectation(expectation, self.files),
            });
        }
        verdicts
    }
}

/// What a row expects: `sent` a list of channels, `dropped` a reason or *missing*, `body` a subset, or a field's value.
fn judge_row(judge: &Judge, row: &Row, subject: &Name) -> Verdict {
    let expected = &row.expected.0;
    match &*subject.text {
        "sent" => judge.sent(SentMode::Exactly, &words(expected)),
        "dropped" => match expected {
            Shown::Text(reason) => judge.dropped(Some(reason)),
            Shown::Missing | Shown::Null => judge.not_dropped(),
            Shown::Boolean(_) | Shown::Number(_) | Shown::Name(_) | Shown::List(_) | Shown::Object(_) => {
                let help = "write a reason, as in `=> \"heartbeat\"`, or `missing` where nothing is dropped";
                Err(Box::new(judge.failure(format!("{expected} is no reason")).help(help)))
            }
        },
        "body" => judge.body(expected),
        field => judge.field(field, expected),
    }
}

/// The channels of a row; the rows of a file write them as strings.
fn words(expected: &Shown) -> Vec<&str> {
    match expected {
        Shown::List(items) => items.iter().flat_map(words).collect(),
        Shown::Name(word) | Shown::Text(word) => vec![word],
        Shown::Missing | Shown::Null | Shown::Boolean(_) | Shown::Number(_) | Shown::Object(_) => Vec::new(),
    }
}
