//! The rule test runner: it evaluates every case of every test, and compares the results with the expectations. Statements
//! to prove are decided beside them.
//!
//! [`run`] is pure except for the files that tests name, which it reads through [`TestFiles`]. A failed case reports every
//! expectation that failed, with its place, the expected and the actual value in one notation, and the parts of the
//! evaluation that decided. The modules of [`report`] render the result as text, JSON, `JUnit` or TAP.
//!
//! The defaults of a test are fixed: the time of evaluation is [`DEFAULT_TIME`]; an event of a routing or channel test is
//! Warning and Firing, its title [`DEFAULT_TITLE`], its key [`DEFAULT_KEY`], its source [`DEFAULT_SOURCE`].

mod case_run;
mod cases;
mod compare;
mod complete_check;
mod coverage;
mod expectation;
mod failure;
mod failure_trace;
mod fields;
#[cfg(not(target_family = "wasm"))]
pub mod files;
mod held;
mod known_event;
mod location;
pub mod mutation;
mod observed_outcome;
mod payload_sample;
mod plan;
pub mod report;
mod sample_path;
mod sequence;
mod snapshot;
mod snapshot_line;
mod statement;
pub mod suggestion;
mod test_event;
mod test_files;
mod test_value;
pub mod timeline;

pub use complete_check::complete_check;
pub use coverage::{Coverage, CoverageShare, UncoveredItem};
pub use failure::{TestFailure, TestNote};
pub use known_event::known_events;
pub use location::RuleLocation;
pub use test_event::{DEFAULT_KEY, DEFAULT_SOURCE, DEFAULT_TIME, DEFAULT_TITLE};
pub use test_files::TestFiles;

use crate::diagnostic::visible_text;
use crate::model::{Statement, Test};
use crate::prove::{StatementId, StatementProver};
use crate::ruleset::RuleSet;
use crate::source::Span;
use crate::syntax::tree::{ExpectationKind, Identifier, SentMode};
use case_run::{CaseRun, CaseRunner};
use cases::ExpandedCase;
use coverage::CoverageHits;
use expectation::{ExpectationChecker, ExpectationResult};
use plan::{Spanned, TestPlan};
use snapshot::SnapshotComparison;
use test_value::TestValue;
use timeline::TimelineBudget;

/// The tests to run, and how.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// Run only the cases whose name contains this text.
    pub filter: Option<String>,
    /// What to do with snapshots that differ.
    pub snapshots: SnapshotMode,
    /// What to run.
    pub selection: TestSelection,
}

/// What to run of a rule set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TestSelection {
    /// Tests, and statements to prove.
    #[default]
    All,
    /// Tests: no proofs are run.
    Tests,
    /// Statements to prove.
    Statements,
    /// One statement.
    Statement(StatementId),
}

/// What to do with snapshots that differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SnapshotMode {
    /// Fail.
    #[default]
    Compare,
    /// Write them.
    Write,
}

/// The results of all cases.
#[derive(Debug, Clone)]
pub struct TestReport {
    /// The cases in the order of files and places.
    pub results: Vec<TestResult>,
    /// The arms and routes that they hit.
    pub coverage: Coverage,
    /// The snapshots that were written.
    pub written: Vec<String>,
}

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The test's name.
    pub test: String,
    /// Whether it is a statement to prove, and not a test.
    pub is_statement: bool,
    /// The text of the row, where the test has cases.
    pub case: Option<String>,
    /// The place of the test or the row.
    pub location: RuleLocation,
    /// The expectations that failed; empty if the case passed.
    pub failures: Vec<TestFailure>,
    /// What is worth knowing about expectations that hold.
    pub notes: Vec<TestNote>,
}

/// What a case came to.
#[derive(Debug, Default)]
struct CaseFindings {
    failures: Vec<TestFailure>,
    notes: Vec<TestNote>,
}

impl From<Vec<TestFailure>> for CaseFindings {
    fn from(failures: Vec<TestFailure>) -> Self {
        Self { failures, notes: Vec::new() }
    }
}

impl TestResult {
    /// The test's name, and the row's text after a colon.
    #[must_use]
    pub fn name(&self) -> String {
        full_name(&self.test, self.case.as_deref())
    }

    /// Whether every expectation holds.
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

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.results.len() - self.passed()
    }
}

/// Runs the tests of a rule set.
pub fn run(rules: &RuleSet, options: &TestOptions, files: &mut dyn TestFiles) -> TestReport {
    run_with_hits(rules, options, files).0
}

/// How many cases of the tests hit each line of the routings; lines that none hits are left out.
pub fn route_hits(rules: &RuleSet, files: &mut dyn TestFiles) -> std::collections::BTreeMap<Box<str>, usize> {
    let options = TestOptions { selection: TestSelection::Tests, ..TestOptions::default() };
    run_with_hits(rules, &options, files).1.into_lines()
}

/// Runs the tests, and says what they hit.
fn run_with_hits(rules: &RuleSet, options: &TestOptions, files: &mut dyn TestFiles) -> (TestReport, CoverageHits) {
    let mut runner = SuiteRunner::new(rules, options, files);
    for run in in_text_order(rules, options) {
        match run {
            RunnableDeclaration::Test(test) => {
                runner.test(&TestPlan::new(test), &mut |_, _| NextCase::Run, &mut |_, _| {});
            }
            RunnableDeclaration::Statement(id, statement) => runner.statement(id, statement),
        }
    }
    runner.into_report()
}

/// What is run.
enum RunnableDeclaration<'r> {
    Test(&'r Test),
    Statement(StatementId, &'r Statement),
}

/// The tests and statements of a rule set, in the order of files and places.
fn in_text_order<'r>(rules: &'r RuleSet, options: &TestOptions) -> Vec<RunnableDeclaration<'r>> {
    let selection = options.selection;
    let tests = rules.model.tests.iter().filter(|_| matches!(selection, TestSelection::All | TestSelection::Tests));
    let tests = tests.map(|test| (test.span, RunnableDeclaration::Test(test)));
    let is_meant = |id: StatementId| match selection {
        TestSelection::All | TestSelection::Statements => true,
        TestSelection::Tests => false,
        TestSelection::Statement(only) => id == only,
    };
    let statements = rules.model.statements.iter().enumerate().filter(|(id, _)| is_meant(*id));
    let statements = statements.map(|(id, each)| (each.item, RunnableDeclaration::Statement(id, each)));
    let mut all: Vec<(Span, RunnableDeclaration<'_>)> = tests.chain(statements).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, run)| run).collect()
}

fn full_name(test: &str, case: Option<&str>) -> String {
    case.map_or_else(|| test.to_owned(), |case| format!("{test}: {case}"))
}

struct SuiteRunner<'r> {
    rules: &'r RuleSet,
    /// Decides statements, once there is one to decide.
    prover: Option<StatementProver<'r>>,
    options: &'r TestOptions,
    files: &'r mut dyn TestFiles,
    hits: CoverageHits,
    /// What the sequences of one test may use.
    budget: TimelineBudget,
    results: Vec<TestResult>,
    written: Vec<String>,
}

/// Whether a case of a test is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextCase {
    Run,
    Skip,
    /// Neither it nor those after it.
    Stop,
}

impl<'r> SuiteRunner<'r> {
    fn new(rules: &'r RuleSet, options: &'r TestOptions, files: &'r mut dyn TestFiles) -> Self {
        Self {
            rules,
            prover: None,
            options,
            files,
            hits: CoverageHits::default(),
            budget: TimelineBudget::default(),
            results: Vec::new(),
            written: Vec::new(),
        }
    }

    /// What came of the tests, and what they hit.
    fn into_report(self) -> (TestReport, CoverageHits) {
        let coverage = self.hits.coverage(self.rules);
        (TestReport { coverage, results: self.results, written: self.written }, self.hits)
    }

    /// Runs the cases of a test that the filter selects. `next` says which of all its cases, by their numbers, and `seen`
    /// hears what each hit.
    fn test(
        &mut self,
        plan: &TestPlan,
        next: &mut dyn FnMut(&Self, usize) -> NextCase,
        seen: &mut dyn FnMut(usize, &CoverageHits),
    ) {
        self.budget = TimelineBudget::default();
        let Some(cases) = plan.cases else {
            if self.is_selected(plan, None) && next(self, 0) == NextCase::Run {
                let found = self.case(plan, None, &mut |hits| seen(0, hits));
                self.report(plan, None, plan.test.tree.name.span, found);
            }
            return;
        };
        for (number, row) in cases::expand(plan, cases, &self.rules.sources, self.files).into_iter().enumerate() {
            match next(self, number) {
                NextCase::Run => {}
                NextCase::Skip => continue,
                NextCase::Stop => return,
            }
            match row {
                Ok(row) if self.is_selected(plan, Some(&row.text)) => {
                    let found = self.case(plan, Some((&row, &cases.subject)), &mut |hits| seen(number, hits));
                    self.report(plan, Some(&row.text), row.span, found);
                }
                Err(invalid) if self.is_selected(plan, Some(&invalid.text)) => {
                    self.report(plan, Some(&invalid.text), cases.subject.span, vec![*invalid.failure].into());
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn statement(&mut self, id: StatementId, statement: &Statement) {
        if !self.is_named(&statement.name, None) {
            return;
        }
        let rules = self.rules;
        let prover = self.prover.get_or_insert_with(|| rules.statement_prover());
        let found = statement::run(rules, prover, id);
        self.results.push(TestResult {
            test: visible_text(&statement.name),
            is_statement: true,
            case: None,
            location: RuleLocation::of(&rules.sources, statement.span),
            failures: found.failures,
            notes: found.notes,
        });
    }

    fn is_selected(&self, plan: &TestPlan, case: Option<&str>) -> bool {
        self.is_named(plan.name(), case)
    }

    fn is_named(&self, name: &str, case: Option<&str>) -> bool {
        let filter = self.options.filter.as_deref();
        filter.is_none_or(|filter| full_name(name, case).contains(filter))
    }

    fn report(&mut self, plan: &TestPlan, case: Option<&str>, span: Span, found: CaseFindings) {
        let place = RuleLocation::of(&self.rules.sources, span);
        self.results.push(TestResult {
            test: visible_text(plan.name()),
            is_statement: false,
            case: case.map(visible_text),
            location: place,
            failures: found.failures,
            notes: found.notes,
        });
    }

    fn case(
        &mut self,
        plan: &TestPlan,
        row: Option<(&ExpandedCase, &Identifier)>,
        seen: &mut dyn FnMut(&CoverageHits),
    ) -> CaseFindings {
        let before = std::mem::take(&mut self.hits);
        let found = self.run_case(plan, row);
        seen(&self.hits);
        self.hits.add_all(before);
        found
    }

    fn run_case(&mut self, plan: &TestPlan, row: Option<(&ExpandedCase, &Identifier)>) -> CaseFindings {
        let none = Vec::new();
        let bindings = row.map_or(&none, |(row, _)| &row.bindings);
        let runner = CaseRunner { rules: self.rules, plan, bindings };
        if plan.is_sequence() {
            return sequence::run(&runner, row, self.files, &mut self.budget, &mut self.hits).into();
        }
        let run = match runner.run(self.files) {
            Ok(run) => run,
            Err(failure) => return vec![*failure].into(),
        };
        self.hits.add(&run.trace);
        self.hits.add_mutes(run.mutes.iter().map(String::as_str));
        let row_result = row.map(|(row, subject)| {
            let checker =
                ExpectationChecker { case_runner: &runner, run: &run, span: row.expected.span, outcome: None };
            check_row(&checker, row, subject)
        });
        let mut results: Vec<ExpectationResult> = row_result.into_iter().collect();
        let (own, notes) = self.expectations(&runner, &run);
        results.extend(own);
        let failures = results.into_iter().filter_map(Result::err).map(|failure| *failure).collect();
        CaseFindings { failures, notes }
    }

    fn expectations(&mut self, runner: &CaseRunner, run: &CaseRun) -> (Vec<ExpectationResult>, Vec<TestNote>) {
        let (mut results, mut notes) = (Vec::new(), Vec::new());
        for Spanned { value: expectation, span } in &runner.plan.expectations {
            let outcome = expectation.outcome.map(|(number, _)| number);
            let checker = ExpectationChecker { case_runner: runner, run, span: *span, outcome };
            let result = if let ExpectationKind::Snapshot(file) = &expectation.kind {
                let compared = snapshot::compare(&checker, file, self.options.snapshots, self.files);
                if compared == Ok(SnapshotComparison::Written) {
                    self.written.push(runner.plan.test.folder.join(&*file.value).display().to_string());
                }
                compared.map(|_| ())
            } else {
                checker.check(expectation, self.files)
            };
            if result.is_ok() {
                notes.extend(checker.passing_note(expectation));
            }
            results.push(result);
        }
        (results, notes)
    }
}

/// Checks the expectation of a row: `sent` expects a list of channels, `dropped` a reason or *missing*, `body` a subset, and
/// a field its value.
fn check_row(checker: &ExpectationChecker, row: &ExpandedCase, subject: &Identifier) -> ExpectationResult {
    let expected = &row.expected.value;
    match &*subject.text {
        "sent" => checker.sent(SentMode::Exactly, &channel_names(expected)),
        "dropped" => match expected {
            TestValue::Text(reason) => checker.dropped(Some(reason)),
            TestValue::Missing | TestValue::Null => checker.not_dropped(),
            TestValue::Boolean(_)
            | TestValue::Number(_)
            | TestValue::Name(_)
            | TestValue::List(_)
            | TestValue::Object(_) => {
                let help = "write a reason, as in `=> \"heartbeat\"`, or `missing` if nothing is dropped";
                Err(Box::new(checker.failure(format!("{expected} is not a reason")).help(help)))
            }
        },
        "body" => checker.body(expected),
        field => checker.field(field, expected),
    }
}

/// The channels of a row; the rows of a file write them as strings.
fn channel_names(expected: &TestValue) -> Vec<&str> {
    match expected {
        TestValue::List(items) => items.iter().flat_map(channel_names).collect(),
        TestValue::Name(word) | TestValue::Text(word) => vec![word],
        TestValue::Missing | TestValue::Null | TestValue::Boolean(_) | TestValue::Number(_) | TestValue::Object(_) => {
            Vec::new()
        }
    }
}
