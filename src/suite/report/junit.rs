//! `JUnit` XML, for build servers: one suite for each file, one case for each case.

use super::{plain, text};
use crate::suite::{TestFailure, TestReport, TestResult};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

/// The document, without times, because none are measured.
#[must_use]
pub fn render(report: &TestReport) -> String {
    let mut document = quick_junit::Report::new("pointsman");
    for (file, results) in text::by_file(&report.results) {
        let mut suite = TestSuite::new(file);
        suite.add_test_cases(results.into_iter().map(case));
        document.add_test_suite(suite);
    }
    let written = document.to_string().unwrap_or_default();
    format!("{}\n", written.trim_end())
}

fn case(result: &TestResult) -> TestCase {
    let mut case = TestCase::new(result.name(), status(&result.failures));
    case.set_classname(result.location.file.as_str());
    case.extra.insert("file".into(), result.location.file.as_str().into());
    case.extra.insert("line".into(), result.location.line.to_string().into());
    case
}

fn status(failures: &[TestFailure]) -> TestCaseStatus {
    let Some(first) = failures.first() else { return TestCaseStatus::success() };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let parts = failures.iter().map(|failure| format!("{}: {}", failure.location.short(), plain(failure)));
    status.set_type("expectation");
    status.set_message(first.message.as_str());
    status.set_description(parts.collect::<Vec<_>>().join("\n\n"));
    status
}
