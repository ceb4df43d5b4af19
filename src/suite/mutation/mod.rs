//! How much of the rules their tests hold: each rule is changed a little, and a test should notice.
//!
//! A change is one edit of the syntax tree, such as an author could make by mistake. It is written into the text,
//! checked
//! and compiled; what `check` refuses is not counted, as nobody could use such rules. Only the tests that reach the
//! changed
//! part are run again. Rules that pass them are compared with the original ones: if they are the same for every event
//! and
//! payload, no test could tell, and the change is not counted either. For the others, a test is written that tells.
//!
//! Rules that proofs refuse, because a line of them is unreachable, count as refused if no test fails.

mod change;
mod changes;
mod comparison;
mod expression_changes;
mod kept_files;
mod layout;
mod payload_search;
mod reach;
mod simplify;
mod suggestion;

pub use change::{ChangeKind, ChangeText};

use super::location::RuleLocation;
use super::plan::TestPlan;
use super::test_files::TestFiles;
use super::{NextCase, SuiteRunner, TestOptions, TestReport};
use crate::diagnostic::DiagnosticLevel;
use crate::ruleset::{RuleSet, TextEdit, VariantBuilder};
use crate::source::Sources;
use crate::suite::payload_sample;
use crate::text::shorten;
use change::RuleChange;
use comparison::{OriginalRules, SurvivorComparison};
use kept_files::KeptFiles;
use reach::{CaseNumber, CaseReach, ChangeUsers};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::Path;

/// How many changes are tried, unless more are asked for.
pub const DEFAULT_LIMIT: usize = 5_000;

/// How much of a text stands in the name of a test.
const MAX_NAMED_TEXT: usize = 60;

/// Which changes are tried.
#[derive(Debug, Clone)]
pub struct MutationOptions {
    /// Only the tests whose name contains this text, and the changes that they reach.
    pub filter: Option<String>,
    /// At most so many changes.
    pub limit: usize,
}

/// What became of the changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MutationReport {
    /// The changes that no test noticed, by place.
    pub survivors: Vec<SurvivingChange>,
    /// The changes that change nothing, by place.
    pub equivalent: Vec<ReportedChange>,
    /// How many changes a test noticed.
    pub killed: usize,
    /// How many changes `check` refuses.
    pub rejected: usize,
    /// How many were not tried, because of the limit.
    pub left_out: usize,
}

/// A change, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedChange {
    /// Where it is.
    pub location: RuleLocation,
    /// The declaration or line that it is in.
    pub owner: String,
    /// What it does.
    pub kind: ChangeKind,
    /// What it does, in words.
    pub text: ChangeText,
    /// What it replaces in the text of the rules.
    pub edits: Vec<TextEdit>,
}

/// A change that no test noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurvivingChange {
    /// The change.
    pub change: ReportedChange,
    /// How many cases reach it.
    pub cases: usize,
    /// A test that notices it, with today's result as its expectation.
    pub test: Option<String>,
    /// Why there is none.
    pub reason: Option<String>,
}

impl MutationReport {
    /// How many changes count.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.killed + self.survivors.len()
    }

    /// The percentage of the changes that tests noticed; 100 if there are none.
    #[must_use]
    pub fn score(&self) -> f64 {
        super::coverage::percent(self.killed, self.counted())
    }
}

/// Lists the changes of a rule set by place, without trying them: also those that `check` refuses.
#[must_use]
pub fn list_changes(rules: &RuleSet) -> Vec<ReportedChange> {
    let builder = VariantBuilder::new(rules, &|_| Err("no table is read".to_owned()));
    let all = changes::changes(builder.files(), &rules.sources);
    all.iter().map(|change| reported(change, &rules.sources)).collect()
}

/// Tries the changes of a rule set whose tests pass. `progress` hears how many of how many were tried.
///
/// # Errors
/// The report of the tests, if one of them fails or there are none.
pub fn mutate(
    rules: &RuleSet,
    options: &MutationOptions,
    files: &dyn TestFiles,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<MutationReport, Box<TestReport>> {
    let test_options = TestOptions { filter: options.filter.clone(), ..TestOptions::default() };
    let files = KeptFiles::new(files);
    let reach = reach_of_passing_tests(rules, &test_options, &files)?;
    let read = |path: &Path| {
        let bytes = files.read(path)?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    };
    let builder = VariantBuilder::new(rules, &read);
    let mut all = changes::changes(builder.files(), &rules.sources);
    let mut report = MutationReport { left_out: all.len().saturating_sub(options.limit), ..MutationReport::default() };
    all.truncate(options.limit);
    let trial = ChangeTrial { rules, builder, reach, options: &test_options, files: &files, original: OnceCell::new() };
    for (done, change) in all.iter().enumerate() {
        progress(done, all.len());
        trial.run(change, &mut report);
    }
    progress(all.len(), all.len());
    Ok(report)
}

fn reach_of_passing_tests(
    rules: &RuleSet,
    options: &TestOptions,
    files: &KeptFiles<'_>,
) -> Result<CaseReach, Box<TestReport>> {
    let mut reach = CaseReach::default();
    let mut files = files.clone();
    let mut runner = SuiteRunner::new(rules, options, &mut files);
    for (test, number) in rules.model.tests.iter().zip(0..) {
        let plan = TestPlan::new(test);
        runner.test(&plan, &mut |_, _| NextCase::Run, &mut |row, hits| reach.add((number, row), &plan, hits));
    }
    for (id, statement) in rules.model.statements.iter().enumerate() {
        runner.statement(id, statement);
    }
    let (report, _) = runner.into_report();
    if report.results.is_empty() || report.failed() > 0 { Err(Box::new(report)) } else { Ok(reach) }
}

/// What became of a change.
enum ChangeFate {
    /// No selected test reaches it.
    NotAsked,
    Rejected,
    Killed,
    Equivalent,
    Survived(Box<SurvivingChange>),
}

struct ChangeTrial<'t> {
    rules: &'t RuleSet,
    builder: VariantBuilder<'t>,
    reach: CaseReach,
    options: &'t TestOptions,
    files: &'t KeptFiles<'t>,
    original: OnceCell<OriginalRules<'t>>,
}

impl<'t> ChangeTrial<'t> {
    fn run(&self, change: &RuleChange, report: &mut MutationReport) {
        match self.fate(change) {
            ChangeFate::NotAsked => {}
            ChangeFate::Rejected => report.rejected += 1,
            ChangeFate::Killed => report.killed += 1,
            ChangeFate::Equivalent => report.equivalent.push(reported(change, &self.rules.sources)),
            ChangeFate::Survived(survivor) => report.survivors.push(*survivor),
        }
    }

    fn fate(&self, change: &RuleChange) -> ChangeFate {
        let users = ChangeUsers::of(&self.rules.model, &change.owner);
        let cases = self.reach.of(&users);
        if !self.is_asked(&users) {
            return ChangeFate::NotAsked;
        }
        let Ok(mut changed) = self.builder.build(&change.edits) else { return ChangeFate::Rejected };
        // Tests are shown in the text that they are written in.
        changed.sources = self.rules.sources.clone();
        if self.is_noticed(&changed, &cases) || users.may_change_routings() && self.is_refuted(&changed) {
            return ChangeFate::Killed;
        }
        let change = reported(change, &self.rules.sources);
        let is_refused = changed.prove().0.iter().any(|finding| finding.level() == DiagnosticLevel::Error);
        let original = self.original.get_or_init(|| self.original());
        let (test, reason) = match comparison::compare(original, &mut changed, &users, &test_name(&change)) {
            SurvivorComparison::Equivalent => return ChangeFate::Equivalent,
            SurvivorComparison::Different(test) => (Some(test), None),
            SurvivorComparison::Unknown(reason) => (None, Some(reason)),
        };
        if is_refused {
            return ChangeFate::Rejected;
        }
        ChangeFate::Survived(Box::new(SurvivingChange { change, cases: cases.len(), test, reason }))
    }

    /// With a filter, only what its tests reach is tried: sequences by what they evaluate, and statements every routing.
    fn is_asked(&self, users: &ChangeUsers) -> bool {
        let Some(filter) = &self.options.filter else { return true };
        let has_statement = || self.rules.model.statements.iter().any(|each| each.name.contains(filter.as_str()));
        self.reach.is_known(users) || users.may_change_routings() && has_statement()
    }

    fn original(&self) -> OriginalRules<'t> {
        let mut simplified = self.builder.model();
        simplify::simplify(&mut simplified);
        OriginalRules { rules: self.rules, simplified, samples: payload_sample::samples(self.rules, self.files) }
    }

    /// Whether one of the cases fails with changed rules.
    fn is_noticed(&self, changed: &RuleSet, cases: &BTreeSet<CaseNumber>) -> bool {
        let mut files = self.files.clone();
        let mut runner = SuiteRunner::new(changed, self.options, &mut files);
        let tests: BTreeSet<usize> = cases.iter().map(|(test, _)| *test).collect();
        for number in tests {
            let Some(test) = self.rules.model.tests.get(number) else { continue };
            let mut next = |runner: &SuiteRunner<'_>, row: usize| match runner.results.last() {
                Some(result) if !result.passed() => NextCase::Stop,
                _ if cases.contains(&(number, row)) => NextCase::Run,
                _ => NextCase::Skip,
            };
            runner.test(&TestPlan::new(test), &mut next, &mut |_, _| {});
            if runner.results.last().is_some_and(|result| !result.passed()) {
                return true;
            }
        }
        false
    }

    /// Whether changed rules refute one of their statements.
    fn is_refuted(&self, changed: &RuleSet) -> bool {
        let mut files = self.files.clone();
        let mut runner = SuiteRunner::new(changed, self.options, &mut files);
        changed.model.statements.iter().enumerate().any(|(id, statement)| {
            runner.statement(id, statement);
            runner.results.last().is_some_and(|result| !result.passed())
        })
    }
}

fn reported(change: &RuleChange, sources: &Sources) -> ReportedChange {
    ReportedChange {
        location: RuleLocation::of(sources, change.place),
        owner: change.owner.name().to_owned(),
        kind: change.kind,
        text: ChangeText::of(change, sources),
        edits: change.edits.clone(),
    }
}

/// The name of a test that notices a change.
fn test_name(change: &ReportedChange) -> String {
    let owner = &change.owner;
    match &change.text {
        ChangeText::Becomes { old, new } if old.len() + new.len() <= 2 * MAX_NAMED_TEXT => {
            format!("{owner}: {old}, not {new}")
        }
        ChangeText::Becomes { old, new } => {
            let old_words: Vec<&str> = old.split(' ').collect();
            let new_words: Vec<&str> = new.split(' ').collect();
            let before = old_words.iter().zip(&new_words).take_while(|(one, two)| one == two).count();
            let most = old_words.len().min(new_words.len()) - before;
            let pairs = old_words.iter().rev().zip(new_words.iter().rev());
            let behind = pairs.take(most).take_while(|(one, two)| one == two).count();
            let middle = |words: &[&str]| {
                let words = words.get(before..words.len() - behind).unwrap_or_default();
                shorten(&words.join(" "), MAX_NAMED_TEXT)
            };
            let [old, new] = [middle(&old_words), middle(&new_words)];
            if new.is_empty() { format!("{owner}: {old}") } else { format!("{owner}: {old}, not {new}") }
        }
        ChangeText::Removed { old } => format!("{owner}: {}", shorten(old, MAX_NAMED_TEXT)),
        ChangeText::Swapped { first, second } => {
            format!("{owner}: {} before {}", shorten(first, MAX_NAMED_TEXT), shorten(second, MAX_NAMED_TEXT))
        }
    }
}
